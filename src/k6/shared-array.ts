/**
 * SharedArray: an immutable array over shared rows, whose elements are parsed and frozen at each access.
 *
 * One object serves all VUs of a thread: nothing in it can be changed.
 */
import { type NamedRows, RowReader, type SharedRows } from './shared-rows.ts';

const IMMUTABLE = 'SharedArray is immutable';

type Around = (build: () => SharedRows) => SharedRows;

/** The SharedArrays of one thread, by name. */
export class SharedArrayStore {
  readonly #rows: Map<string, SharedRows>;
  readonly #arrays = new Map<string, readonly unknown[]>();

  readonly #around: Around;

  /**
   * @param rows those that the first init run of the process built.
   * @param around runs the building of an array.
   */
  constructor(rows: NamedRows = new Map(), around: Around = (build) => build()) {
    this.#rows = new Map(rows);
    this.#around = around;
  }

  /** What has been built or was there from the start. */
  get rows(): NamedRows {
    return this.#rows;
  }

  /** The array of this name; `build` runs if there is none yet. */
  take(name: string, build: () => SharedRows): readonly unknown[] {
    const known = this.#arrays.get(name);
    if (known !== undefined) return known;
    let rows = this.#rows.get(name);
    if (rows === undefined) {
      rows = this.#around(build);
      this.#rows.set(name, rows);
    }
    const array = createSharedArray(rows);
    this.#arrays.set(name, array);
    return array;
  }
}

/** The index that a property key means, or -1. */
function indexOfKey(key: string | symbol): number {
  if (typeof key === 'symbol') return -1;
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) return -1;
  const index = Number(key);
  return Number.isSafeInteger(index) && String(index) === key ? index : -1;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
}

function refuseWrite(key: string | symbol): never {
  if (key === 'length' || indexOfKey(key) >= 0) throw new TypeError(IMMUTABLE);
  throw new TypeError(`Cannot set property "${String(key)}" on a dynamic array`);
}

/** An array to `Array.isArray`, JSON, spread and all reading methods. */
export function createSharedArray(rows: SharedRows): readonly unknown[] {
  const reader = new RowReader(rows);
  const { length } = reader;
  const read = (index: number): unknown => {
    const value: unknown = JSON.parse(reader.text(index));
    deepFreeze(value);
    return value;
  };
  return new Proxy<unknown[]>([], {
    get(target, key) {
      if (key === 'length') return length;
      const index = indexOfKey(key);
      if (index >= 0) return index < length ? read(index) : undefined;
      return Reflect.get(target, key);
    },
    has(target, key) {
      const index = indexOfKey(key);
      return index >= 0 ? index < length : Reflect.has(target, key);
    },
    ownKeys() {
      return [...Array.from({ length }, (_, index) => String(index)), 'length'];
    },
    getOwnPropertyDescriptor(_target, key) {
      if (key === 'length') {
        return { value: length, writable: true, enumerable: false, configurable: false };
      }
      const index = indexOfKey(key);
      if (index < 0 || index >= length) return undefined;
      return { value: read(index), writable: false, enumerable: true, configurable: true };
    },
    set(_target, key) {
      return refuseWrite(key);
    },
    defineProperty(_target, key) {
      return refuseWrite(key);
    },
    deleteProperty(_target, key) {
      const index = indexOfKey(key);
      if (key === 'length' || (index >= 0 && index < length)) throw new TypeError(IMMUTABLE);
      return true;
    },
    setPrototypeOf() {
      throw new TypeError(IMMUTABLE);
    },
    preventExtensions() {
      throw new TypeError(IMMUTABLE);
    },
  });
}
