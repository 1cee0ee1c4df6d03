/**
 * Checks of what must hold whatever the user does. A failure is a fault of gharial itself, so the
 * message asks for a report; user errors are `GharialError`s and never come here.
 */

/** A broken invariant: a programmer error, never the user's. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Ends the run with `message` if `condition` does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) {
    throw new AssertionFailure(`${message} (a fault in gharial: please report it)`);
  }
}

/** For the branch that types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionFailure(
    `unexpected value ${JSON.stringify(value)} (a fault in gharial: please report it)`,
  );
}
