/**
 * Twins of native functions that call back: what `array.forEach(fn)` does when `fn` may suspend.
 *
 * Each twin first asks whether a callback has a twin at all; if not, the native function runs, so that
 * nothing differs. The algorithms are those of ECMAScript; only a comparator is called in another order
 * (merge sort). The marks are invisible to scripts.
 */
import { construct } from './construct.ts';
import { callMethod } from './generator-object.ts';
import { isPlainArray, iterate, spread } from './iteration.ts';
import { jsonTwins } from './natives-json.ts';
import type { Coroutine } from './op.ts';
import { getTwin, putConstruction, putTwin } from './stamp.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Body = (this: unknown, ...args: never[]) => Coroutine<unknown>;
type Indexed = Record<number, unknown> & { length: number };
type Constructor = new (...args: unknown[]) => object;

/** Puts twins on the natives of a realm; harmless when done twice. */
export function stampNatives(realm: typeof globalThis): void {
  stampArrays(realm);
  stampTypedArrays(realm);
  stampCollections(realm);
  stampFunctions(realm);
  stampStrings(realm);
  stampPromise(realm);
  const { parse, stringify } = jsonTwins(realm);
  putTwin(realm.JSON.parse, parse);
  putTwin(realm.JSON.stringify, stringify);
}

/** A twin that is only taken if the argument at `index` may suspend. */
function stamp(target: object, key: PropertyKey, index: number, body: Body): void {
  const native: unknown = Reflect.get(target, key);
  if (typeof native !== 'function') return;
  putTwin(native, function* (this: unknown, ...args: unknown[]): Coroutine {
    const callback = args[index];
    if (typeof callback !== 'function' || getTwin(callback) === undefined) {
      return Reflect.apply(native, this, args);
    }
    return yield* Reflect.apply(body as AnyFunction, this, args) as Coroutine;
  });
}

function* call(fn: AnyFunction, self: unknown, ...args: unknown[]): Coroutine {
  const twin = getTwin(fn);
  if (twin !== undefined) return yield* twin.apply(self, args);
  return Reflect.apply(fn, self, args);
}

function lengthOf(object: object): number {
  const length = Math.trunc(Number(Reflect.get(object, 'length')));
  return length > 0 ? Math.min(length, Number.MAX_SAFE_INTEGER) : 0;
}

function toObject(value: unknown, method: string): object {
  if (value === undefined || value === null) {
    throw new TypeError(`${method} called on null or undefined`);
  }
  return Object(value) as object;
}

/** One element visit after another; `visit` returning true ends the loop. */
type Visit = (value: unknown, index: number, result: unknown) => boolean;

/** The loop that forEach, some, find … share; holes are skipped where the language does. */
function* visitEach(
  object: object,
  length: number,
  skipsHoles: boolean,
  fromEnd: boolean,
  callback: AnyFunction,
  self: unknown,
  visit: Visit,
): Coroutine<void> {
  for (let n = 0; n < length; n++) {
    const index = fromEnd ? length - 1 - n : n;
    if (skipsHoles && !(index in object)) continue;
    const value = (object as Indexed)[index];
    const result = yield* call(callback, self, value, index, object);
    if (visit(value, index, result)) return;
  }
}

/** Callback methods that arrays and typed arrays have in common, by how they loop. */
function stampLoops(prototype: object, skipsHoles: boolean): void {
  const loop = (
    key: string,
    fromEnd: boolean,
    skips: boolean,
    otherwise: unknown,
    decide: (
      value: unknown,
      index: number,
      result: unknown,
    ) => { readonly value: unknown } | undefined,
  ): void => {
    stamp(prototype, key, 0, function* (callback: AnyFunction, self: unknown): Coroutine {
      const object = toObject(this, key);
      let answer: unknown = otherwise;
      yield* visitEach(
        object,
        lengthOf(object),
        skips,
        fromEnd,
        callback,
        self,
        (value, index, result) => {
          const decided = decide(value, index, result);
          if (decided === undefined) return false;
          answer = decided.value;
          return true;
        },
      );
      return answer;
    });
  };
  loop('forEach', false, skipsHoles, undefined, () => undefined);
  loop('some', false, skipsHoles, false, (_v, _i, result) =>
    result ? { value: true } : undefined,
  );
  loop('every', false, skipsHoles, true, (_v, _i, result) =>
    result ? undefined : { value: false },
  );
  const found = (value: unknown, _i: number, result: unknown): { value: unknown } | undefined =>
    result ? { value } : undefined;
  const foundAt = (_v: unknown, index: number, result: unknown): { value: unknown } | undefined =>
    result ? { value: index } : undefined;
  loop('find', false, false, undefined, found);
  loop('findLast', true, false, undefined, found);
  loop('findIndex', false, false, -1, foundAt);
  loop('findLastIndex', true, false, -1, foundAt);
  stampReduce(prototype, 'reduce', false, skipsHoles);
  stampReduce(prototype, 'reduceRight', true, skipsHoles);
}

function stampReduce(prototype: object, key: string, fromEnd: boolean, skipsHoles: boolean): void {
  stamp(prototype, key, 0, function* (callback: AnyFunction, ...initial: unknown[]): Coroutine {
    const object = toObject(this, key);
    const length = lengthOf(object);
    let hasValue = initial.length > 0;
    let value = initial[0];
    for (let n = 0; n < length; n++) {
      const index = fromEnd ? length - 1 - n : n;
      if (skipsHoles && !(index in object)) continue;
      const item = (object as Indexed)[index];
      if (hasValue) value = yield* call(callback, undefined, value, item, index, object);
      else {
        value = item;
        hasValue = true;
      }
    }
    if (!hasValue) throw new TypeError('Reduce of empty array with no initial value');
    return value;
  });
}

/** The array that map, filter and flatMap fill: of the subclass, if there is one. */
function speciesArray(realm: typeof globalThis, original: object, length: number): object {
  if (!Array.isArray(original)) return new realm.Array(length);
  let maker: unknown = Reflect.get(original, 'constructor');
  if (isObject(maker)) maker = Reflect.get(maker, Symbol.species) ?? undefined;
  if (maker === undefined || maker === realm.Array) return new realm.Array(length);
  return new (maker as Constructor)(length);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function put(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function stampArrays(realm: typeof globalThis): void {
  const { prototype } = realm.Array;
  stampLoops(prototype, true);
  stamp(prototype, 'map', 0, function* (callback: AnyFunction, self: unknown): Coroutine {
    const object = toObject(this, 'map');
    const length = lengthOf(object);
    const made = speciesArray(realm, object, length);
    yield* visitEach(object, length, true, false, callback, self, (_value, index, result) => {
      put(made, index, result);
      return false;
    });
    return made;
  });
  stamp(prototype, 'filter', 0, function* (callback: AnyFunction, self: unknown): Coroutine {
    const object = toObject(this, 'filter');
    const made = speciesArray(realm, object, 0);
    let count = 0;
    yield* visitEach(object, lengthOf(object), true, false, callback, self, (value, _i, result) => {
      if (result) put(made, count++, value);
      return false;
    });
    return made;
  });
  stamp(prototype, 'flatMap', 0, function* (callback: AnyFunction, self: unknown): Coroutine {
    const object = toObject(this, 'flatMap');
    const made = speciesArray(realm, object, 0);
    let count = 0;
    yield* visitEach(
      object,
      lengthOf(object),
      true,
      false,
      callback,
      self,
      (_value, _i, result) => {
        if (!Array.isArray(result)) put(made, count++, result);
        else
          for (const index of result.keys()) if (index in result) put(made, count++, result[index]);
        return false;
      },
    );
    return made;
  });
  stamp(prototype, 'sort', 0, function* (compare: AnyFunction): Coroutine {
    const object = toObject(this, 'sort') as Indexed;
    const length = lengthOf(object);
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) if (i in object) items.push(object[i]);
    const sorted = yield* sortItems(items, compare);
    sorted.forEach((item, i) => {
      Reflect.set(object, i, item);
    });
    for (let i = sorted.length; i < length; i++) Reflect.deleteProperty(object, i);
    return object;
  });
  stamp(prototype, 'toSorted', 0, function* (compare: AnyFunction): Coroutine {
    const object = toObject(this, 'toSorted') as Indexed;
    const items = Array.from({ length: lengthOf(object) }, (_, i) => object[i]);
    return realm.Array.from(yield* sortItems(items, compare));
  });
  const { from } = realm.Array;
  putTwin(
    from,
    function* (this: unknown, items: unknown, callback: unknown, self: unknown): Coroutine {
      if (isPlainArray(items) ? !mayWait(callback) : !isMapper(callback)) {
        return Reflect.apply(from, this, [items, callback, self]);
      }
      return yield* arrayFrom(realm, this, items, callback as AnyFunction | undefined, self);
    },
  );
}

function mayWait(callback: unknown): boolean {
  return typeof callback === 'function' && getTwin(callback) !== undefined;
}

function isMapper(callback: unknown): boolean {
  return callback === undefined || typeof callback === 'function';
}

/** `Array.from` over an iterator or with a callback that may suspend. */
function* arrayFrom(
  realm: typeof globalThis,
  maker: unknown,
  items: unknown,
  callback: AnyFunction | undefined,
  self: unknown,
): Coroutine {
  const made = typeof maker === 'function' ? (maker as Constructor) : realm.Array;
  const object = toObject(items, 'Array.from') as Indexed;
  const method: unknown = Reflect.get(object, Symbol.iterator);
  if (method === undefined || method === null) {
    const length = lengthOf(object);
    const target = new made(length);
    for (let i = 0; i < length; i++) {
      const item = object[i];
      put(target, i, callback === undefined ? item : yield* call(callback, self, item, i));
    }
    Reflect.set(target, 'length', length);
    return target;
  }
  const target = new made();
  let index = 0;
  const iteration = yield* iterate(items);
  try {
    while (yield* iteration.stepTwin()) {
      const { value } = iteration;
      put(
        target,
        index,
        callback === undefined ? value : yield* call(callback, self, value, index),
      );
      index++;
    }
  } catch (error) {
    iteration.threw = true;
    throw error;
  } finally {
    if (iteration.mustClose) yield* iteration.close();
  }
  Reflect.set(target, 'length', index);
  return target;
}

/** Stable merge sort; undefined goes to the end without being compared. */
function* sortItems(items: unknown[], compare: AnyFunction): Coroutine<unknown[]> {
  const defined = items.filter((item) => item !== undefined);
  const rest = items.length - defined.length;
  const sorted = yield* mergeSort(defined, compare);
  return [...sorted, ...new Array<undefined>(rest).fill(undefined)];
}

function* mergeSort(items: unknown[], compare: AnyFunction): Coroutine<unknown[]> {
  if (items.length < 2) return items;
  const middle = items.length >> 1;
  const left = yield* mergeSort(items.slice(0, middle), compare);
  const right = yield* mergeSort(items.slice(middle), compare);
  const merged: unknown[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const order = Number(yield* call(compare, undefined, left[l], right[r]));
    merged.push(order > 0 ? right[r++] : left[l++]);
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}

function stampTypedArrays(realm: typeof globalThis): void {
  const base = Object.getPrototypeOf(realm.Uint8Array) as Constructor;
  const prototype = base.prototype as object;
  stampLoops(prototype, false);
  const native = (key: string): AnyFunction => Reflect.get(prototype, key) as AnyFunction; // natives
  const map = native('map');
  const filter = native('filter');
  const sort = native('sort');
  stamp(prototype, 'map', 0, function* (callback: AnyFunction, self: unknown): Coroutine {
    const object = this as Indexed;
    // The native method makes the result, of the right kind and length; the values come after.
    const made = Reflect.apply(map, object, [(value: unknown) => value]) as Indexed;
    const { length } = object;
    for (let i = 0; i < length; i++) made[i] = yield* call(callback, self, object[i], i, object);
    return made;
  });
  stamp(prototype, 'filter', 0, function* (callback: AnyFunction, self: unknown): Coroutine {
    const object = this as Indexed;
    const isKept: boolean[] = [];
    const { length } = object;
    for (let i = 0; i < length; i++) {
      isKept.push(Boolean(yield* call(callback, self, object[i], i, object)));
    }
    return Reflect.apply(filter, object, [(_value: unknown, index: number) => isKept[index]]);
  });
  stamp(prototype, 'sort', 0, function* (compare: AnyFunction): Coroutine {
    const object = this as Indexed;
    Reflect.apply(sort, object, [() => 0]);
    const items = yield* mergeSort(Array.from(object), compare);
    items.forEach((item, i) => {
      object[i] = item;
    });
    return object;
  });
}

function stampCollections(realm: typeof globalThis): void {
  const each = (prototype: object, entries: AnyFunction): void => {
    stamp(
      prototype,
      'forEach',
      0,
      function* (callback: AnyFunction, self: unknown): Coroutine<void> {
        // The iterator sees entries that are added meanwhile, as forEach does.
        for (const [key, value] of Reflect.apply(entries, this, []) as Iterable<unknown[]>) {
          yield* call(callback, self, value, key, this);
        }
      },
    );
  };
  for (const Collection of [realm.Map, realm.Set, realm.WeakMap, realm.WeakSet]) {
    putConstruction(Collection, (newTarget, [items]) => {
      if (items === undefined || items === null || isPlainArray(items)) return undefined;
      return newCollection(Collection as unknown as Constructor, items, newTarget);
    });
  }
  each(realm.Map.prototype, realm.Map.prototype.entries as AnyFunction);
  each(realm.Set.prototype, realm.Set.prototype.entries as AnyFunction);
  const groups = function* (
    items: unknown,
    callback: AnyFunction,
  ): Coroutine<Map<unknown, unknown[]>> {
    const found = new realm.Map<unknown, unknown[]>();
    let index = 0;
    for (const item of items as Iterable<unknown>) {
      const key = yield* call(callback, undefined, item, index++);
      const group = found.get(key);
      if (group === undefined) found.set(key, [item]);
      else group.push(item);
    }
    return found;
  };
  stamp(realm.Map, 'groupBy', 1, groups);
  stamp(realm.Object, 'groupBy', 1, function* (items: unknown, callback: AnyFunction): Coroutine {
    const made = Object.create(null) as Record<PropertyKey, unknown[]>;
    const keyed = function* (this: unknown, ...args: unknown[]): Coroutine {
      const key = yield* call(callback, this, ...args);
      return typeof key === 'symbol' ? key : String(key);
    };
    const wrapper: AnyFunction = () => undefined;
    putTwin(wrapper, keyed);
    const found = yield* groups(items, wrapper);
    for (const [key, group] of found) made[key as PropertyKey] = group;
    return made;
  });
}

/** `new Map(items)` of an iterator that may suspend. */
function* newCollection(
  Collection: Constructor,
  items: unknown,
  newTarget: unknown,
): Coroutine<object> {
  return Reflect.construct(Collection, [yield* spread(items)], newTarget as Constructor);
}

function stampFunctions(realm: typeof globalThis): void {
  const { prototype } = realm.Function;
  putTwin(prototype.call, function* (this: unknown, self: unknown, ...args: unknown[]): Coroutine {
    return yield* callMethod(this, self, args);
  });
  const listOf = (args: unknown): unknown[] => {
    if (args === undefined || args === null) return [];
    if (!isObject(args)) throw new TypeError('CreateListFromArrayLike called on non-object');
    return Array.from({ length: lengthOf(args) }, (_, i) => (args as Indexed)[i]);
  };
  putTwin(prototype.apply, function* (this: unknown, self: unknown, args: unknown): Coroutine {
    return yield* callMethod(this, self, listOf(args));
  });
  putTwin(realm.Reflect.apply, function* (fn: unknown, self: unknown, args: unknown): Coroutine {
    if (!isObject(args)) throw new TypeError('CreateListFromArrayLike called on non-object');
    return yield* callMethod(fn, self, listOf(args));
  });
  putTwin(
    realm.Reflect.construct,
    function* (target: unknown, args: unknown, ...rest: unknown[]): Coroutine {
      const newTarget = rest.length > 0 ? rest[0] : target;
      if (typeof target !== 'function' || typeof newTarget !== 'function' || !isObject(args)) {
        return Reflect.construct(
          target as Constructor,
          args as unknown[],
          newTarget as Constructor,
        );
      }
      return yield* construct(target as Constructor, listOf(args), newTarget);
    },
  );
}

function stampStrings(realm: typeof globalThis): void {
  const { prototype } = realm.String;
  for (const key of ['replace', 'replaceAll'] as const) {
    const native = prototype[key] as unknown as AnyFunction;
    stamp(prototype, key, 1, function* (pattern: unknown, replacer: AnyFunction): Coroutine {
      const matches: unknown[][] = [];
      const collect = (...match: unknown[]): string => {
        matches.push(match);
        return '';
      };
      // All matches are found before the first replacement is asked for, as natively.
      Reflect.apply(native, this, [pattern, collect]);
      const text = String(this);
      let made = '';
      let at = 0;
      for (const match of matches) {
        const position = match.findLast((part) => typeof part === 'number') as number;
        const replacement = String(yield* call(replacer, undefined, ...match));
        if (position < at) continue;
        made += text.slice(at, position) + replacement;
        at = position + String(match[0]).length;
      }
      return made + text.slice(at);
    });
  }
}

function stampPromise(realm: typeof globalThis): void {
  const NativePromise = realm.Promise;
  putConstruction(NativePromise, (newTarget, args) => {
    const [executor] = args;
    if (typeof executor !== 'function' || getTwin(executor) === undefined) return undefined;
    return newPromise(NativePromise, executor as AnyFunction, newTarget);
  });
}

function* newPromise(
  NativePromise: PromiseConstructor,
  executor: AnyFunction,
  newTarget: unknown,
): Coroutine {
  let settle: [AnyFunction, AnyFunction] | undefined;
  const take = (resolve: AnyFunction, reject: AnyFunction): void => {
    settle = [resolve, reject];
  };
  const made: unknown = Reflect.construct(NativePromise, [take], newTarget as Constructor);
  if (settle === undefined) return made;
  const [resolve, reject] = settle;
  try {
    yield* call(executor, undefined, resolve, reject);
  } catch (error) {
    Reflect.apply(reject, undefined, [error]);
  }
  return made;
}
