/** Exceptions of the web's classes that k6 scripts can read too. */

/**
 * A DOMException (of the script's global class: `name`, `code`, instanceof) whose message contains the
 * words k6 uses, with k6's `value.error()`. k6 puts the name into the message, so `String(error)` does
 * not repeat it.
 */
export function domException(name: string, message: string): DOMException {
  const text = message.startsWith(name) ? message : `${name}: ${message}`;
  return Object.defineProperties(new DOMException(message, name), {
    value: { value: { error: () => message }, enumerable: true },
    toString: { value: () => text, writable: true, configurable: true },
  });
}

/** The state of a socket does not allow the call; k6's message is the bare name. */
export function invalidStateError(): DOMException {
  return domException('InvalidStateError', 'InvalidStateError');
}
