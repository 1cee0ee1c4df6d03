/**
 * Async functions and promise callbacks under the gate: while the VU is blocked, no reaction runs.
 *
 * A lowered async function is a generator whose `await`s are yielded marks. Its first part runs in the
 * caller's coroutine (and may block the caller, as in k6); each continuation is a promise reaction,
 * deferred by the host while the VU is blocked. One tick per `await`, as natively.
 */
import { BlockingError, withoutSuspension } from './blocking-error.ts';
import type { Coroutine, CoroutineHost, Op, Resumer } from './op.ts';
import { getTwin } from './stamp.ts';

/** What a lowered `await` yields. */
export class Awaited {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** The realm's own promise machinery, taken before any script can change it. */
export interface PromiseIntrinsics {
  readonly Promise: PromiseConstructor;
  readonly then: typeof Promise.prototype.then;
  readonly catch: typeof Promise.prototype.catch;
  readonly finally: typeof Promise.prototype.finally;
}

export function promiseIntrinsics(realm: typeof globalThis): PromiseIntrinsics {
  const { prototype } = realm.Promise;
  return {
    Promise: realm.Promise,
    // biome-ignore lint/suspicious/noThenProperty: the intrinsic itself
    then: prototype.then,
    catch: prototype.catch,
    finally: prototype.finally,
  };
}

type Mode = 'next' | 'throw';
type Body = Iterator<Op | Awaited, unknown, unknown>;
type Callback = (value: unknown) => unknown;

const UNOBSERVED: Resumer = { ok() {}, fail() {} };

/** Promises of one VU. */
export class PromiseGate {
  readonly #host: CoroutineHost;
  readonly #intrinsics: PromiseIntrinsics;
  readonly #then: (this: Promise<unknown>, ...args: unknown[]) => unknown;
  readonly #catch: (this: Promise<unknown>, ...args: unknown[]) => unknown;
  readonly #finally: (this: Promise<unknown>, ...args: unknown[]) => unknown;

  constructor(host: CoroutineHost, intrinsics: PromiseIntrinsics) {
    this.#host = host;
    this.#intrinsics = intrinsics;
    const gate = this;
    this.#then = function (onFulfilled, onRejected) {
      return gate.#react(this, onFulfilled, onRejected);
    };
    this.#catch = function (onRejected) {
      return gate.#react(this, undefined, onRejected);
    };
    this.#finally = function (onFinally) {
      return gate.#reactFinally(this, onFinally);
    };
  }

  /** Runs a promise reaction: now, or when the VU is free. */
  run(job: () => Coroutine | undefined): void {
    if (this.#host.isBlocked) {
      this.#host.defer(job);
      return;
    }
    const coroutine = job();
    if (coroutine !== undefined) this.#host.spawn(coroutine, UNOBSERVED);
  }

  /** A native caller's call of a lowered async function. */
  startSync(body: Body): Promise<unknown> {
    const run = new AsyncRun(this, this.#intrinsics, body);
    withoutSuspension(() => {
      const op = run.resume('next', undefined);
      if (op !== undefined) run.resume('throw', new BlockingError('a blocking call'));
    });
    return run.promise;
  }

  /** A coroutine's call of it: the part up to the first `await` may suspend the caller. */
  start(body: Body): Coroutine {
    return new AsyncPart(new AsyncRun(this, this.#intrinsics, body), undefined);
  }

  /** Runs a program with top-level await: as a job of its own, which may suspend. */
  startTopLevel(body: Body): Promise<unknown> {
    const run = new AsyncRun(this, this.#intrinsics, body);
    this.#host.spawn(new AsyncPart(run, undefined), UNOBSERVED);
    return run.promise;
  }

  /** `object[key]` for `then`, `catch` and `finally`: the gated one for ordinary native promises. */
  method(object: unknown, key: 'then' | 'catch' | 'finally'): unknown {
    const { Promise: NativePromise, then, catch: catches, finally: finals } = this.#intrinsics;
    // The access itself throws for null and undefined, in the language's words.
    const found: unknown = (object as Record<string, unknown>)[key];
    if (!(object instanceof NativePromise) || object.then !== then) return found;
    if (found === then) return this.#then;
    if (found === catches) return this.#catch;
    if (found === finals) return this.#finally;
    return found;
  }

  #react(promise: Promise<unknown>, onFulfilled: unknown, onRejected: unknown): Promise<unknown> {
    const { then } = this.#intrinsics;
    const Derived = this.#derived(promise);
    return new Derived((resolve, reject) => {
      then.call(
        promise,
        (value) => this.run(() => reaction(onFulfilled, value, resolve, reject, resolve)),
        (reason) => this.run(() => reaction(onRejected, reason, resolve, reject, reject)),
      );
    });
  }

  /** The class of the derived promise: that of the promise itself, or its species. */
  #derived(promise: Promise<unknown>): PromiseConstructor {
    const { Promise: NativePromise } = this.#intrinsics;
    const own: unknown = promise.constructor;
    if (own === NativePromise || own === undefined) return NativePromise;
    const species = Reflect.get(own as object, Symbol.species) as
      | PromiseConstructor
      | null
      | undefined;
    return species ?? NativePromise;
  }

  #reactFinally(promise: Promise<unknown>, onFinally: unknown): Promise<unknown> {
    if (typeof onFinally !== 'function') return this.#react(promise, onFinally, onFinally);
    const { Promise: NativePromise, then } = this.#intrinsics;
    const call = onFinally as () => unknown; // border to script values
    const after = (settle: () => unknown): Callback => {
      const thunk = (result: unknown): unknown => then.call(NativePromise.resolve(result), settle);
      return withTwin(call, thunk);
    };
    const Derived = this.#derived(promise);
    return new Derived((resolve, reject) => {
      then.call(
        promise,
        (value) =>
          this.run(() =>
            reaction(
              after(() => value),
              undefined,
              resolve,
              reject,
              resolve,
            ),
          ),
        (reason) => {
          const rethrow = (): never => {
            throw reason;
          };
          this.run(() => reaction(after(rethrow), undefined, resolve, reject, reject));
        },
      );
    });
  }
}

/** A `finally` callback followed by `thunk`, as a coroutine if the callback is one. */
function withTwin(call: () => unknown, thunk: Callback): Callback {
  const twin = getTwin(call);
  const callback: Callback = () => thunk(call());
  if (twin !== undefined) {
    finallyTwins.set(callback, function* (): Coroutine {
      return thunk(yield* twin());
    });
  }
  return callback;
}

const finallyTwins = new WeakMap<Callback, () => Coroutine>();

/** One reaction: calls back and settles the derived promise; a coroutine if the callback may suspend. */
function reaction(
  callback: unknown,
  value: unknown,
  resolve: (value: unknown) => void,
  reject: (reason: unknown) => void,
  pass: (value: unknown) => void,
): Coroutine | undefined {
  if (typeof callback !== 'function') {
    pass(value);
    return undefined;
  }
  const call = callback as Callback; // border to script values
  const twin = getTwin(call) ?? finallyTwins.get(call);
  if (twin !== undefined) return settleWith(twin(value), resolve, reject);
  try {
    resolve(call(value));
  } catch (error) {
    reject(error);
  }
  return undefined;
}

function* settleWith(
  coroutine: Coroutine,
  resolve: (value: unknown) => void,
  reject: (reason: unknown) => void,
): Coroutine<void> {
  try {
    resolve(yield* coroutine);
  } catch (error) {
    reject(error);
  }
}

/** One call of a lowered async function. */
class AsyncRun {
  readonly promise: Promise<unknown>;
  readonly #gate: PromiseGate;
  readonly #body: Body;
  #resolve: (value: unknown) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  constructor(gate: PromiseGate, intrinsics: PromiseIntrinsics, body: Body) {
    this.#gate = gate;
    this.#body = body;
    this.promise = new intrinsics.Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Runs the body up to its next blocking call (returned), `await` or end (undefined). */
  resume(mode: Mode, value: unknown): Op | undefined {
    let step: IteratorResult<Op | Awaited, unknown>;
    try {
      step = mode === 'next' ? this.#body.next(value) : (this.#body.throw?.(value) ?? never());
    } catch (error) {
      this.#reject(error);
      return undefined;
    }
    if (step.done === true) {
      this.#resolve(step.value);
      return undefined;
    }
    if (!(step.value instanceof Awaited)) return step.value;
    void this.#await(step.value.value);
    return undefined;
  }

  /** The caller was dropped in the middle of the first part. */
  drop(value: unknown): void {
    this.#body.return?.(value);
  }

  /** The native `await` takes exactly the ticks, and does exactly the look-ups, that are due. */
  async #await(value: unknown): Promise<void> {
    let mode: Mode = 'next';
    let settled: unknown;
    try {
      settled = await value;
    } catch (error) {
      mode = 'throw';
      settled = error;
    }
    this.#continue(mode, settled);
  }

  #continue(mode: Mode, value: unknown): void {
    this.#gate.run(() => {
      const op = this.resume(mode, value);
      return op === undefined ? undefined : new AsyncPart(this, op);
    });
  }
}

function never(): never {
  throw new TypeError('the body of an async function is a generator');
}

/** A stretch of an async function between two awaits, as a coroutine; its value is the promise. */
class AsyncPart implements Coroutine {
  readonly #run: AsyncRun;
  #pending: Op | undefined;

  constructor(run: AsyncRun, pending: Op | undefined) {
    this.#run = run;
    this.#pending = pending;
  }

  next(value?: unknown): IteratorResult<Op, unknown> {
    const op = this.#pending ?? this.#run.resume('next', value);
    this.#pending = undefined;
    return this.#result(op);
  }

  throw(error: unknown): IteratorResult<Op, unknown> {
    return this.#result(this.#run.resume('throw', error));
  }

  return(value: unknown): IteratorResult<Op, unknown> {
    this.#run.drop(value);
    return { done: true, value };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #result(op: Op | undefined): IteratorResult<Op, unknown> {
    if (op === undefined) return { done: true, value: this.#run.promise };
    return { done: false, value: op };
  }
}
