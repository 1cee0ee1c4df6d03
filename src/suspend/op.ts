/**
 * What a coroutine yields to its driver, and what a driver must offer.
 *
 * A blocking call of a script (`sleep`, `ws.connect`) is an `Op`: the coroutine yields it up through
 * every frame with `yield*`, the VU's scheduler starts it and resumes the coroutine when it is done.
 */

/** How an `Op` hands its result back; exactly one of the two is called, at most once. */
export interface Resumer {
  ok(value: unknown): void;
  fail(error: unknown): void;
}

/** A coroutine: yields `Op`s, returns the function's value. Iterable, so that `yield*` takes it. */
export type Coroutine<T = unknown> = IterableIterator<Op, T, unknown>;

export type OpKind = 'socket' | 'request' | 'sleep' | 'other';

/**
 * One blocking operation. It is its own iterator, so that `yield* op` needs no generator around it:
 * the first `next()` yields the op itself, the second returns the value it was resumed with.
 */
export abstract class Op implements IterableIterator<Op, unknown, unknown> {
  #isYielded = false;

  /** What a blocked VU waits for, for those who look on. */
  get kind(): OpKind {
    return 'other';
  }

  /** Begins the operation. May call `resumer` at once or later, never twice. */
  abstract start(resumer: Resumer): void;

  /** The coroutine was dropped (interruption): free what the operation holds; do not resume. */
  abstract cancel(): void;

  next(value?: unknown): IteratorResult<Op, unknown> {
    if (this.#isYielded) return { done: true, value };
    this.#isYielded = true;
    return { done: false, value: this };
  }

  throw(error: unknown): IteratorResult<Op, unknown> {
    throw error;
  }

  return(value: unknown): IteratorResult<Op, unknown> {
    return { done: true, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * The VU's side of the coroutine runtime. The transformed program holds it lexically, so a stale
 * "current VU" cannot exist.
 */
export interface CoroutineHost {
  /** True while a coroutine of this VU is blocked: promise reactions have to wait. */
  readonly isBlocked: boolean;
  /** Queues a promise reaction until the VU is free again (FIFO). The job may return a coroutine to drive. */
  defer(job: () => Coroutine | undefined): void;
  /** Drives a coroutine as a job of its own (an async function, a `.then` callback); `resumer` gets its outcome. */
  spawn(coroutine: Coroutine, resumer: Resumer): void;
  /** A blocking call was reached through a frame that cannot be suspended; also called when the script swallows the error. */
  reportBlocking(error: Error): void;
}
