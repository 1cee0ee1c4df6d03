/**
 * `JSON.parse` and `JSON.stringify` with callbacks that may suspend: revivers, replacers, `toJSON`.
 *
 * Stringifying runs all callbacks first, in the language's order, and builds a copy of what they gave;
 * the native function then writes the copy.
 */
import type { Coroutine } from './op.ts';
import { getTwin, type Twin } from './stamp.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Fields = Record<string, unknown>;

function* call(fn: AnyFunction, self: unknown, ...args: unknown[]): Coroutine {
  const twin = getTwin(fn);
  if (twin !== undefined) return yield* twin.apply(self, args);
  return Reflect.apply(fn, self, args);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

export function jsonTwins(realm: typeof globalThis): { parse: Twin; stringify: Twin } {
  const { parse: nativeParse, stringify: nativeStringify } = realm.JSON;

  function* parse(text: unknown, reviver: unknown): Coroutine {
    if (typeof reviver !== 'function' || getTwin(reviver) === undefined) {
      return nativeParse(text as string, reviver as undefined);
    }
    const root = { '': nativeParse(text as string) as unknown };
    return yield* revive(root, '', reviver as AnyFunction);
  }

  function* stringify(value: unknown, replacer: unknown, space: unknown): Coroutine {
    const copier = new Copier(realm, replacer);
    const copy = yield* copier.copy({ '': value }, '');
    return nativeStringify(copy, undefined, space as string | undefined);
  }
  return { parse, stringify };
}

function* revive(holder: object, key: string, reviver: AnyFunction): Coroutine {
  const value: unknown = Reflect.get(holder, key);
  if (isObject(value)) {
    const keys = Array.isArray(value)
      ? Array.from({ length: value.length }, (_, i) => String(i))
      : Object.keys(value);
    for (const name of keys) {
      const revived = yield* revive(value, name, reviver);
      if (revived === undefined) Reflect.deleteProperty(value, name);
      else {
        Reflect.defineProperty(value, name, {
          value: revived,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    }
  }
  return yield* call(reviver, holder, key, value);
}

/** Runs the callbacks of one JSON.stringify and copies what it would write. */
class Copier {
  readonly #realm: typeof globalThis;
  readonly #replacer: AnyFunction | undefined;
  readonly #names: readonly string[] | undefined;
  readonly #open: object[] = [];

  constructor(realm: typeof globalThis, replacer: unknown) {
    this.#realm = realm;
    this.#replacer = typeof replacer === 'function' ? (replacer as AnyFunction) : undefined;
    this.#names = Array.isArray(replacer) ? namesIn(replacer) : undefined;
  }

  /** What would be written for `holder[key]`; undefined and functions mean: nothing. */
  *copy(holder: object, key: string): Coroutine {
    let value: unknown = Reflect.get(holder, key);
    if (isObject(value) || typeof value === 'bigint') {
      const toJson: unknown = (value as Fields)['toJSON'];
      if (typeof toJson === 'function') value = yield* call(toJson as AnyFunction, value, key);
    }
    if (this.#replacer !== undefined) value = yield* call(this.#replacer, holder, key, value);
    if (value instanceof this.#realm.Number) return Number(value);
    if (value instanceof this.#realm.String) return String(value);
    if (value instanceof this.#realm.Boolean || isBigIntObject(value)) {
      return (value as { valueOf(): unknown }).valueOf();
    }
    if (typeof value !== 'object' || value === null) return value;
    if (this.#open.includes(value)) {
      throw new this.#realm.TypeError('Converting circular structure to JSON');
    }
    this.#open.push(value);
    const copy = Array.isArray(value) ? yield* this.#array(value) : yield* this.#object(value);
    this.#open.pop();
    return copy;
  }

  *#array(value: readonly unknown[]): Coroutine {
    const copy: unknown[] = [];
    const { length } = value;
    for (let i = 0; i < length; i++) {
      const item = yield* this.copy(value, String(i));
      copy.push(typeof item === 'function' || typeof item === 'symbol' ? undefined : item);
    }
    return copy;
  }

  *#object(value: object): Coroutine {
    const copy = Object.create(null) as Fields;
    for (const name of this.#names ?? Object.keys(value)) {
      const item = yield* this.copy(value, name);
      if (item !== undefined && typeof item !== 'function') copy[name] = item;
    }
    return copy;
  }
}

function isBigIntObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object BigInt]' && typeof value === 'object';
}

function namesIn(list: readonly unknown[]): string[] {
  const names = new Set<string>();
  for (const item of list) {
    const isName =
      typeof item === 'string' ||
      typeof item === 'number' ||
      item instanceof String ||
      item instanceof Number;
    if (isName) names.add(String(item));
  }
  return [...names];
}
