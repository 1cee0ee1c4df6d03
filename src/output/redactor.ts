/** Hides secrets in what is about to be printed or handed to the caller. */
import { GharialError } from '../base/errors.ts';

const REPLACEMENT = '***SECRET_REDACTED***';

export class Redactor {
  /** Longest first, so that a secret inside another one leaves nothing of the longer one. */
  #secrets: readonly string[] = [];

  /** From now on this value is not to be seen. An empty one hides nothing. */
  hide(secret: string): void {
    if (secret === '' || this.#secrets.includes(secret)) return;
    this.#secrets = [...this.#secrets, secret].sort((a, b) => b.length - a.length);
  }

  readonly redact = (text: string): string => {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, REPLACEMENT);
    return clean;
  };

  /** The same entry without secrets in its message and the values of its fields. */
  cleanEntry<T extends LogText>(entry: T): T {
    if (this.#secrets.length === 0) return entry;
    const fields = Object.entries(entry.fields).map(([name, value]) => [name, this.redact(value)]);
    return { ...entry, message: this.redact(entry.message), fields: Object.fromEntries(fields) };
  }

  /** The same error without secrets in message and hint; without its cause, if that has any. */
  cleanError(error: GharialError): GharialError {
    const { code, message, exitCode, hint, cause } = error;
    const clean = this.redact(message);
    const cleanHint = hint === undefined ? undefined : this.redact(hint);
    const isCauseClean = !this.#isIn(cause, new Set());
    if (clean === message && cleanHint === hint && isCauseClean) return error;
    return new GharialError(code, clean, {
      exitCode,
      ...(cleanHint === undefined ? {} : { hint: cleanHint }),
      ...(isCauseClean ? { cause } : {}),
    });
  }

  /** Whether a secret is in a text, or in a property of an object, of its properties, and so on. */
  #isIn(value: unknown, seen: Set<object>): boolean {
    if (typeof value === 'string') return this.redact(value) !== value;
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    // Getters of unknown objects are not called.
    const parts: unknown[] = Object.values(Object.getOwnPropertyDescriptors(value)).map(
      (property) => property.value,
    );
    if (value instanceof Error) parts.push(value.message, value.stack);
    return parts.some((part) => this.#isIn(part, seen));
  }
}

interface LogText {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}
