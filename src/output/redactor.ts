/** Hides secrets in what is about to be printed. */

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
}

interface LogText {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}
