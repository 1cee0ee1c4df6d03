/**
 * Our stand-in for `https://jslib.k6.io/k6-testing/<version>/index.js`: `expect` with the matchers for
 * plain values. A failed assertion aborts the test, a soft one marks it as failed; neither is a metric.
 * Matchers for browser elements are missing, since there is no browser here.
 *
 * It becomes part of the bundle of the script that imports the URL: script code, self-contained.
 */
import exec from 'k6/execution';

interface Settings {
  readonly isSoft: boolean;
  /** What a failed soft assertion does: mark the test as failed, or end the iteration. */
  readonly softMode: 'fail' | 'throw';
}

/** Options that only retrying assertions and their colours use are accepted and have no effect. */
interface ConfigureOptions {
  readonly softMode?: string;
  readonly timeout?: number;
  readonly interval?: number;
  readonly colorize?: boolean;
  readonly display?: string;
}

interface Expect {
  (actual: unknown, message?: string): Expectation;
  /** Like `expect`, but the test goes on after a failure. */
  soft(actual: unknown, message?: string): Expectation;
  /** An `expect` with these settings; this one keeps its own. */
  configure(options: ConfigureOptions): Expect;
}

export class AssertionFailedError extends Error {
  override readonly name = 'AssertionFailedError';
}

const BROWSER_MATCHERS = [
  'toBeChecked',
  'toBeDisabled',
  'toBeEditable',
  'toBeEnabled',
  'toBeHidden',
  'toBeVisible',
  'toContainText',
  'toHaveAttribute',
  'toHaveText',
  'toHaveTitle',
  'toHaveValue',
] as const;

export class Expectation {
  readonly #actual: unknown;
  readonly #message: string | undefined;
  readonly #settings: Settings;
  readonly #isNegated: boolean;

  constructor(actual: unknown, message: string | undefined, settings: Settings, isNegated = false) {
    this.#actual = actual;
    this.#message = message;
    this.#settings = settings;
    this.#isNegated = isNegated;
  }

  get not(): Expectation {
    return new Expectation(this.#actual, this.#message, this.#settings, !this.#isNegated);
  }

  toBe(expected: unknown): void {
    this.#assert(Object.is(this.#actual, expected), 'toBe', show(expected));
  }

  /** `precision` counts decimal digits. */
  toBeCloseTo(expected: number, precision = 2): void {
    const actual = this.#actual;
    const isClose =
      actual === expected ||
      (typeof actual === 'number' && Math.abs(actual - expected) < 10 ** -precision / 2);
    this.#assert(isClose, 'toBeCloseTo', `${expected}, ${precision} digits`);
  }

  toBeDefined(): void {
    this.#assert(this.#actual !== undefined, 'toBeDefined');
  }

  toBeFalsy(): void {
    this.#assert(!this.#actual, 'toBeFalsy');
  }

  toBeGreaterThan(expected: number | bigint): void {
    this.#assert(this.#number('toBeGreaterThan') > expected, 'toBeGreaterThan', show(expected));
  }

  toBeGreaterThanOrEqual(expected: number | bigint): void {
    const name = 'toBeGreaterThanOrEqual';
    this.#assert(this.#number(name) >= expected, name, show(expected));
  }

  toBeInstanceOf(expected: new (...args: never[]) => unknown): void {
    this.#assert(this.#actual instanceof expected, 'toBeInstanceOf', expected.name);
  }

  toBeLessThan(expected: number | bigint): void {
    this.#assert(this.#number('toBeLessThan') < expected, 'toBeLessThan', show(expected));
  }

  toBeLessThanOrEqual(expected: number | bigint): void {
    const name = 'toBeLessThanOrEqual';
    this.#assert(this.#number(name) <= expected, name, show(expected));
  }

  toBeNaN(): void {
    this.#assert(Number.isNaN(this.#actual), 'toBeNaN');
  }

  toBeNull(): void {
    this.#assert(this.#actual === null, 'toBeNull');
  }

  toBeTruthy(): void {
    this.#assert(Boolean(this.#actual), 'toBeTruthy');
  }

  toBeUndefined(): void {
    this.#assert(this.#actual === undefined, 'toBeUndefined');
  }

  /** A part of a string, an item of an array or a Set. */
  toContain(expected: unknown): void {
    const actual = this.#actual;
    const has =
      typeof actual === 'string'
        ? actual.includes(String(expected))
        : this.#items('toContain').some((item) => sameItem(item, expected));
    this.#assert(has, 'toContain', show(expected));
  }

  toContainEqual(expected: unknown): void {
    const has = this.#items('toContainEqual').some((item) => isEqual(item, expected));
    this.#assert(has, 'toContainEqual', show(expected));
  }

  toEqual(expected: unknown): void {
    this.#assert(isEqual(this.#actual, expected), 'toEqual', show(expected));
  }

  toHaveLength(expected: number): void {
    const length = property(this.#actual, 'length');
    this.#assert(length === expected, 'toHaveLength', show(expected));
  }

  /** `path` is `a.b[0]` or a list of keys; with a second argument the property has to equal it. */
  toHaveProperty(path: string | readonly unknown[], ...expected: [value?: unknown]): void {
    const keys =
      typeof path === 'string' ? path.split(/[.[\]]+/).filter((part) => part !== '') : path;
    let value: unknown = this.#actual;
    let hasAll = true;
    for (const key of keys.map(String)) {
      hasAll &&= value !== null && value !== undefined && key in Object(value);
      value = hasAll ? property(value, key) : undefined;
    }
    const isMet = hasAll && (expected.length === 0 || isEqual(value, expected[0]));
    this.#assert(isMet, 'toHaveProperty', [path, ...expected].map(show).join(', '));
  }

  #number(matcher: string): number | bigint {
    const actual = this.#actual;
    if (typeof actual === 'number' || typeof actual === 'bigint') return actual;
    throw new TypeError(`${matcher}: ${show(actual)} is not a number`);
  }

  #items(matcher: string): readonly unknown[] {
    const actual = this.#actual;
    if (Array.isArray(actual)) return actual;
    if (actual instanceof Set) return [...actual];
    throw new TypeError(`${matcher}: ${show(actual)} has no items`);
  }

  #assert(isMet: boolean, matcher: string, expected = ''): void {
    if (isMet !== this.#isNegated) return;
    const call = `expect(received).${this.#isNegated ? 'not.' : ''}${matcher}(${expected})`;
    const title = this.#message === undefined ? call : `${this.#message}: ${call}`;
    const message = `${title}, received ${show(this.#actual)}`;
    if (!this.#settings.isSoft) {
      exec.test.abort(message);
    } else if (this.#settings.softMode === 'fail') {
      exec.test.fail(message);
    } else {
      throw new AssertionFailedError(message);
    }
  }
}

for (const name of BROWSER_MATCHERS) {
  Object.defineProperty(Expectation.prototype, name, {
    value: () => {
      throw new Error(`${name}() is for elements of a browser page, and there is no browser here`);
    },
  });
}

function createExpect(softMode: Settings['softMode']): Expect {
  const make = (isSoft: boolean) => (actual: unknown, message?: string) =>
    new Expectation(actual, message, { isSoft, softMode });
  return Object.assign(make(false), {
    soft: make(true),
    configure: (options: ConfigureOptions) =>
      createExpect(
        options.softMode === undefined ? softMode : options.softMode === 'throw' ? 'throw' : 'fail',
      ),
  });
}

export const expect: Expect = createExpect('fail');

function property(value: unknown, key: string): unknown {
  return value === null || value === undefined ? undefined : Object(value)[key];
}

/** As Array.prototype.includes compares. */
function sameItem(one: unknown, other: unknown): boolean {
  return one === other || Object.is(one, other);
}

/** Deep equality; properties that are undefined count as missing. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Date) return one.getTime() === (other as Date).getTime();
  if (one instanceof RegExp) return String(one) === String(other);
  if (one instanceof ArrayBuffer) {
    return isEqual([...new Uint8Array(one)], [...new Uint8Array(other as ArrayBuffer)]);
  }
  if (one instanceof Map || one instanceof Set) {
    return isEqual([...one], [...(other as Iterable<unknown>)]);
  }
  if (Array.isArray(one) && one.length !== (other as unknown[]).length) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isEqual(property(one, key), property(other, key)));
}

const SHOWN_MAX = 300;

function show(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? json(value) : plain(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function json(value: object): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // a cycle, or a BigInt
  }
}
