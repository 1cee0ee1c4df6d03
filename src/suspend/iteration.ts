/** The iteration protocol, for loops that are written out, for spreads and for array patterns. */
import { callMethod } from './generator-object.ts';
import type { Coroutine } from './op.ts';
import { getTwin } from './stamp.ts';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Begins a `for..of` loop. */
export function* iterate(iterable: unknown): Coroutine<Iteration> {
  const method = (iterable as Iterable<unknown>)[Symbol.iterator] as unknown;
  if (typeof method !== 'function') throw new TypeError(`${describe(iterable)} is not iterable`);
  const iterator = yield* callMethod(method, iterable, []);
  if (!isObject(iterator)) {
    throw new TypeError('Result of the Symbol.iterator method is not an object');
  }
  return new Iteration(iterator, Reflect.get(iterator, 'next'));
}

/** What `...iterable` in an array or in arguments spreads: an array as it is, or what the iterator gave. */
export function* spread(iterable: unknown): Coroutine<Iterable<unknown>> {
  if (isPlainArray(iterable)) return iterable;
  const iteration = yield* iterate(iterable);
  const values: unknown[] = [];
  while (iteration.isPlain ? iteration.step() : yield* iteration.stepTwin()) {
    values.push(iteration.value);
  }
  return values;
}

/**
 * What an array pattern takes apart. An iterator that may suspend is asked for `count` values (Infinity for a
 * pattern with a rest) and closed before the first target is written; any other is left to the language.
 */
export function* destructure(iterable: unknown, count: number): Coroutine<Iterable<unknown>> {
  if (isPlainArray(iterable)) return iterable;
  const iteration = yield* iterate(iterable);
  if (!iteration.mayWait) return { [Symbol.iterator]: () => iteration.iterator };
  const values: unknown[] = [];
  while (values.length < count) {
    if (!(yield* iteration.stepTwin())) return values;
    values.push(iteration.value);
  }
  yield* iteration.close();
  return values;
}

/** An array that iterates as the language says. */
export function isPlainArray(value: unknown): value is unknown[] {
  return Array.isArray(value) && value[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

/** One run of a `for..of` loop. */
export class Iteration {
  value: unknown;
  /** The loop's body ended by an exception. */
  threw = false;
  /** `next` is a function without a twin. */
  readonly isPlain: boolean;
  /** `next` is a function with a twin. */
  readonly mayWait: boolean;
  readonly iterator: Iterator<unknown>;
  readonly #next: unknown;
  #isOpen = false;

  constructor(iterator: object, next: unknown) {
    this.iterator = iterator as Iterator<unknown>; // its methods are checked where they are called
    this.#next = next;
    const isFunction = typeof next === 'function';
    this.mayWait = isFunction && getTwin(next) !== undefined;
    this.isPlain = isFunction && !this.mayWait;
  }

  /** True while the loop was left without the iterator being at its end. */
  get mustClose(): boolean {
    return this.#isOpen;
  }

  step(): boolean {
    this.#isOpen = false;
    return this.#take((this.#next as Method).call(this.iterator)); // checked by isPlain
  }

  *stepTwin(): Coroutine<boolean> {
    this.#isOpen = false;
    return this.#take(yield* callMethod(this.#next, this.iterator, []));
  }

  #take(result: unknown): boolean {
    if (!hasValue(result)) return false;
    this.value = Reflect.get(result, 'value');
    this.#isOpen = true;
    return true;
  }

  *close(): Coroutine<void> {
    this.#isOpen = false;
    try {
      const method: unknown = Reflect.get(this.iterator, 'return');
      if (method === undefined || method === null) return;
      const result = yield* callMethod(method, this.iterator, []);
      if (!isObject(result) && !this.threw)
        throw new TypeError(`${String(result)} is not an object`);
    } catch (error) {
      if (!this.threw) throw error;
    }
  }
}

/** One run of a `for await` loop in a lowered async function; the loop awaits what `next` gives. */
export class AsyncIteration {
  value: unknown;
  threw = false;
  readonly #iterator: object;
  readonly #next: unknown;
  readonly #isSync: boolean;
  #isOpen = false;

  constructor(iterable: unknown) {
    const method: unknown = (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator];
    this.#isSync = method === undefined || method === null;
    const open = this.#isSync ? (iterable as Iterable<unknown>)[Symbol.iterator] : method;
    if (typeof open !== 'function') {
      throw new TypeError(`${describe(iterable)} is not async iterable`);
    }
    const iterator: unknown = Reflect.apply(open, iterable, []);
    if (!isObject(iterator)) {
      throw new TypeError('Result of the Symbol.asyncIterator method is not an object');
    }
    this.#iterator = iterator;
    this.#next = Reflect.get(iterator, 'next');
  }

  *next(): Coroutine {
    this.#isOpen = false;
    const result = yield* callMethod(this.#next, this.#iterator, []);
    return this.#isSync ? settled(result) : result;
  }

  take(result: unknown): boolean {
    if (!hasValue(result)) return false;
    this.value = Reflect.get(result, 'value');
    this.#isOpen = true;
    return true;
  }

  /** What closing has to wait for; undefined when there is nothing to close. */
  *begin(): Coroutine<{ readonly value: unknown } | undefined> {
    if (!this.#isOpen) return undefined;
    this.#isOpen = false;
    try {
      const method: unknown = Reflect.get(this.#iterator, 'return');
      if (method === undefined || method === null) return undefined;
      const result = yield* callMethod(method, this.#iterator, []);
      return { value: this.#isSync ? settled(result) : result };
    } catch (error) {
      if (!this.threw) throw error;
      return undefined;
    }
  }

  check(result: unknown): void {
    if (!isObject(result) && !this.threw) throw new TypeError(`${String(result)} is not an object`);
  }
}

/** What `next` gave is not the end. */
function hasValue(result: unknown): result is object {
  if (!isObject(result)) {
    throw new TypeError(`Iterator result ${String(result)} is not an object`);
  }
  return !Reflect.get(result, 'done');
}

/** A result of a sync iterator for `for await`: its value awaited. */
async function settled(result: unknown): Promise<unknown> {
  if (!isObject(result)) return result;
  const done = Boolean(Reflect.get(result, 'done'));
  return { value: (await Reflect.get(result, 'value')) as unknown, done };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === 'object' || typeof value === 'function' ? 'object' : String(value);
}
