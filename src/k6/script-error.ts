/**
 * Errors that built-in modules throw into scripts, in the shape k6 scripts know.
 *
 * `instanceof Error`, `name` "GoError", the bare text as message, and an own enumerable `value` with
 * an `error()` method that returns the text (spec: runtime behaviour, "GoError").
 */
export class NativeError extends Error {
  override readonly name = 'GoError';
  readonly value: { error(): string };

  constructor(message: string) {
    super(message);
    Object.defineProperty(this, 'name', { value: 'GoError', enumerable: false });
    this.value = { error: () => message };
  }
}
