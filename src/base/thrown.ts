/**
 * Text of what a script has thrown. A script can throw anything: objects without a prototype, proxies,
 * errors whose `stack` throws. Nothing here ever throws.
 */

const UNPRINTABLE = '[object that cannot be shown]';

/** True for an error of this class; false whatever else it is, a proxy that refuses to be asked included. */
export function isThrown<E extends Error>(
  value: unknown,
  kind: abstract new (...args: never[]) => E,
): value is E {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
}

/** `Error: boom` of an error, the text of anything else: its own `toString`, or `[object Object]`. */
export function thrownText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return classText(value);
  }
}

function classText(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return UNPRINTABLE; // the documented fallback
  }
}

/** The stack of an error if it has one, else its text. */
export function thrownStack(value: unknown): string {
  try {
    const stack: unknown = value instanceof Error ? value.stack : undefined;
    return typeof stack === 'string' && stack !== '' ? stack : thrownText(value);
  } catch {
    return thrownText(value);
  }
}
