/**
 * Exceptions of the web's classes that k6 scripts can read too.
 *
 * A real DOMException (`name`, `code`, instanceof), whose message contains the words k6 uses and which
 * has k6's `value.error()`. k6 puts the name into the message, so `String(error)` does not repeat it.
 */
export class ScriptDomException extends DOMException {
  readonly value: { error(): string };

  constructor(name: string, message: string) {
    super(message, name);
    this.value = { error: () => message };
  }

  override toString(): string {
    return this.message.startsWith(this.name) ? this.message : `${this.name}: ${this.message}`;
  }
}

/** The state of a socket does not allow the call; k6's message is the bare name. */
export function invalidStateError(): ScriptDomException {
  return new ScriptDomException('InvalidStateError', 'InvalidStateError');
}
