/**
 * Generators of the script whose bodies may suspend. Their bodies yield two kinds of things: operations
 * for the VU's driver, and marked values for the one who iterates.
 */
import { BlockingError, withoutSuspension } from './blocking-error.ts';
import type { Coroutine, Op } from './op.ts';
import { getTwin, getWrapper, putTwin } from './stamp.ts';

/** What a lowered `yield` of the script yields. */
export class Yielded {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** What a lowered `yield*` yields: the inner iterator's result as it is. */
class Passed extends Yielded {
  readonly result: Result;

  constructor(result: Result) {
    super(undefined);
    this.result = result;
  }
}

type Body = Generator<Op | Yielded, unknown, unknown>;
type Mode = 'next' | 'throw' | 'return';
type Result = IteratorResult<unknown, unknown>;

class Overridden {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the private names go on the target
    return target;
  }
}

/** The state behind a generator object of the script. */
class GeneratorState extends Overridden {
  #body: Body;
  #isRunning = false;

  constructor(target: object, body: Body) {
    super(target);
    this.#body = body;
  }

  static of(target: unknown): GeneratorState | undefined {
    return typeof target === 'object' && target !== null && #body in target ? target : undefined;
  }

  static runSync(state: GeneratorState, mode: Mode, value: unknown): Result {
    state.#enter();
    try {
      return withoutSuspension(() => {
        const step = state.#body[mode](value);
        if (step.done !== true && !(step.value instanceof Yielded)) {
          throw new BlockingError('a blocking call');
        }
        return unmarked(step);
      });
    } finally {
      state.#isRunning = false;
    }
  }

  static *run(state: GeneratorState, mode: Mode, value: unknown): Coroutine<Result> {
    state.#enter();
    try {
      let step = state.#body[mode](value);
      while (step.done !== true && !(step.value instanceof Yielded)) {
        let sent: unknown;
        try {
          sent = yield step.value;
        } catch (error) {
          step = state.#body.throw(error);
          continue;
        }
        step = state.#body.next(sent);
      }
      return unmarked(step);
    } finally {
      state.#isRunning = false;
    }
  }

  #enter(): void {
    if (this.#isRunning) throw new TypeError('Generator is already running');
    this.#isRunning = true;
  }
}

function unmarked(step: IteratorResult<unknown, unknown>): Result {
  if (step.done === true) return { value: step.value, done: true };
  if (step.value instanceof Passed) return step.value.result;
  return { value: step.value instanceof Yielded ? step.value.value : undefined, done: false };
}

/** Generator objects of one realm. */
export class GeneratorObjects {
  readonly #functionPrototype: object;
  /** Between the prototypes of lowered generator functions and the realm's %GeneratorPrototype%. */
  readonly #base: object;
  readonly prototype: object;

  constructor(functionPrototype: object, prototype: object) {
    this.#functionPrototype = functionPrototype;
    this.prototype = prototype;
    this.#base = Object.create(prototype) as object;
    for (const mode of ['next', 'return', 'throw'] as const) {
      Object.defineProperty(this.#base, mode, {
        value: resumeMethod(mode, prototype),
        writable: true,
        configurable: true,
      });
    }
  }

  /** Makes `wrapper` a generator function as the script sees it. */
  adopt(wrapper: object): void {
    Object.setPrototypeOf(wrapper, this.#functionPrototype);
    Object.defineProperty(wrapper, 'prototype', {
      value: Object.create(this.#base),
      writable: true,
    });
  }

  /** The generator object for a body that was just made. */
  create(twin: object, body: Body): object {
    const wrapper = getWrapper(twin);
    const wanted: unknown = wrapper === undefined ? undefined : Reflect.get(wrapper, 'prototype');
    const prototype = typeof wanted === 'object' && wanted !== null ? wanted : this.#base;
    const object = Object.create(prototype) as object;
    new GeneratorState(object, body);
    return object;
  }
}

function resumeMethod(mode: Mode, native: object): (value?: unknown) => unknown {
  const fallback = Reflect.get(native, mode) as (value?: unknown) => unknown; // a native method
  const method = {
    [mode](this: unknown, value?: unknown): unknown {
      const state = GeneratorState.of(this);
      if (state === undefined) return fallback.call(this, value);
      return GeneratorState.runSync(state, mode, value);
    },
  }[mode] as (value?: unknown) => unknown;
  putTwin(method, function* (this: unknown, value?: unknown): Coroutine {
    const state = GeneratorState.of(this);
    if (state === undefined) return fallback.call(this, value);
    return yield* GeneratorState.run(state, mode, value);
  });
  return method;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The iterator behind a lowered `yield* iterable` of the script: forwards `next`, `throw` and `return`
 * to the inner iterator (whose methods may suspend) and marks what it yields.
 */
export class Delegate implements Iterator<Op | Yielded, unknown, unknown> {
  readonly #inner: object;
  readonly #next: unknown;
  #pending: Coroutine<Result> | undefined;

  constructor(iterable: unknown) {
    const method = (iterable as Iterable<unknown>)[Symbol.iterator] as unknown;
    if (typeof method !== 'function') throw new TypeError(`${describe(iterable)} is not iterable`);
    const inner: unknown = (method as Method).call(iterable);
    if (typeof inner !== 'object' || inner === null) {
      throw new TypeError('Result of the Symbol.iterator method is not an object');
    }
    this.#inner = inner;
    this.#next = Reflect.get(inner, 'next');
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(value?: unknown): IteratorResult<Op | Yielded, unknown> {
    if (this.#pending !== undefined) return this.#advance(this.#pending.next(value));
    return this.#begin('next', value);
  }

  throw(error: unknown): IteratorResult<Op | Yielded, unknown> {
    if (this.#pending !== undefined) {
      return this.#advance(this.#pending.throw?.(error) ?? { done: true, value: DONE });
    }
    return this.#begin('throw', error);
  }

  return(value: unknown): IteratorResult<Op | Yielded, unknown> {
    if (this.#pending !== undefined) {
      // Dropped in the middle of a blocking call: nobody waits for the inner iterator any more.
      this.#pending.return?.(DONE);
      return { done: true, value };
    }
    return this.#begin('return', value);
  }

  #begin(mode: Mode, value: unknown): IteratorResult<Op | Yielded, unknown> {
    this.#pending = resumeInner(this.#inner, this.#next, mode, value);
    return this.#advance(this.#pending.next());
  }

  #advance(step: IteratorResult<Op, Result>): IteratorResult<Op | Yielded, unknown> {
    if (step.done !== true) return { done: false, value: step.value };
    this.#pending = undefined;
    const { value: result } = step;
    // Any truthy `done`, read once; `value` only of the last result.
    if (result.done) return { done: true, value: result.value };
    return { done: false, value: new Passed(result) };
  }
}

const DONE: Result = { done: true, value: undefined };

function describe(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? 'object' : String(value);
}

function* resumeInner(inner: object, next: unknown, mode: Mode, value: unknown): Coroutine<Result> {
  const method: unknown = mode === 'next' ? next : Reflect.get(inner, mode);
  if (method === undefined || method === null) {
    if (mode === 'return') return { done: true, value };
    if (mode === 'throw') {
      const close: unknown = Reflect.get(inner, 'return');
      if (close !== undefined && close !== null) yield* callMethod(close, inner, []);
      throw new TypeError("The iterator does not provide a 'throw' method");
    }
  }
  const result = yield* callMethod(method, inner, [value]);
  if (typeof result !== 'object' || result === null) {
    throw new TypeError(`Iterator result ${String(result)} is not an object`);
  }
  return result as Result;
}

/** Calls a value as a method, through its twin if it has one. */
export function* callMethod(method: unknown, self: unknown, args: unknown[]): Coroutine {
  if (typeof method !== 'function') throw new TypeError(`${describe(method)} is not a function`);
  const twin = getTwin(method);
  if (twin !== undefined) return yield* twin.apply(self, args);
  return Reflect.apply(method, self, args);
}
