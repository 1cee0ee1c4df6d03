/**
 * What JavaScript's own functions do with function values: call them at once, call them later, keep
 * them in a collection, or hand them back. Only what moves values or calls them is listed.
 */

export interface NativeMethod {
  /** Calls its function arguments before it returns, so it may suspend with them. */
  readonly callsBack?: boolean;
  /** Calls its function arguments as a later job. */
  readonly defers?: boolean;
  /** Keeps its arguments as elements of the receiver. */
  readonly stores?: boolean;
  /** The result is, or contains, elements of the receiver. */
  readonly givesElements?: boolean;
  /** The result is, or contains what is in, the receiver. */
  readonly givesReceiver?: boolean;
  /** The result is, or contains, an argument. */
  readonly givesArguments?: boolean;
  /** The result is, or contains, what the callback returned. */
  readonly givesReturned?: boolean;
  /** Resumes a generator. */
  readonly resumes?: boolean;
}

const VISIT: NativeMethod = { callsBack: true };
const FIND: NativeMethod = { callsBack: true, givesElements: true };
const SIFT: NativeMethod = { callsBack: true, givesElements: true, givesReceiver: true };
const MAP: NativeMethod = { callsBack: true, givesReturned: true };
const FOLD: NativeMethod = {
  callsBack: true,
  givesElements: true,
  givesReturned: true,
  givesArguments: true,
};
const STORE: NativeMethod = { stores: true };
const STORE_CHAIN: NativeMethod = { stores: true, givesReceiver: true, givesElements: true };
const TAKE: NativeMethod = { givesElements: true };
const COPY: NativeMethod = { givesElements: true, givesReceiver: true };
const LATER: NativeMethod = { defers: true };
const THEN: NativeMethod = { defers: true, givesReceiver: true, givesReturned: true };
const RESUME: NativeMethod = { givesElements: true, stores: true, resumes: true };
const INERT: NativeMethod = {};

const METHODS: ReadonlyMap<string, NativeMethod> = byName([
  [VISIT, 'forEach some every findIndex findLastIndex replace replaceAll'],
  [FIND, 'find findLast'],
  [SIFT, 'filter sort toSorted groupBy'],
  [MAP, 'map flatMap'],
  [FOLD, 'reduce reduceRight'],
  [STORE, 'push unshift'],
  [STORE_CHAIN, 'set add splice toSpliced fill concat with'],
  [TAKE, 'pop shift at get'],
  [COPY, 'values entries slice flat reverse toReversed copyWithin take drop toArray'],
  [THEN, 'then catch finally'],
  [RESUME, 'next return throw'],
  [
    LATER,
    'on once off addListener addEventListener removeListener removeEventListener setTimeout setInterval',
  ],
  [INERT, 'keys has delete includes indexOf lastIndexOf'],
]);

/** Methods of strings, arrays, numbers and buffers that no script defines under a computed name. */
const PRIMITIVE_METHODS: ReadonlySet<string> = new Set(
  (
    'push pop shift unshift slice splice join split trim trimStart trimEnd charAt charCodeAt codePointAt ' +
    'indexOf lastIndexOf includes substring substr toUpperCase toLowerCase toFixed toPrecision toString ' +
    'toLocaleString padStart padEnd startsWith endsWith localeCompare ' +
    'concat length prototype constructor name message stack hasOwnProperty isPrototypeOf getTime ' +
    'toISOString byteLength byteOffset subarray getUint8 setUint8 lastIndex'
  ).split(' '),
);

/** Global functions that call a function argument as a later job. */
const DEFERRING_GLOBALS: ReadonlySet<string> = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
]);

/** Global objects whose members are never functions of the script. */
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(
  (
    'Object Array Math JSON Number String Boolean Symbol Reflect Promise Date RegExp Map Set WeakMap ' +
    'WeakSet WeakRef BigInt Intl Atomics Proxy Function Error TypeError RangeError SyntaxError ' +
    'ReferenceError EvalError URIError AggregateError ArrayBuffer SharedArrayBuffer DataView Int8Array ' +
    'Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array ' +
    'Float64Array BigInt64Array BigUint64Array console performance crypto Buffer process URL ' +
    'URLSearchParams TextEncoder TextDecoder'
  ).split(' '),
);

/** Names by which a script reaches the global object itself. */
const GLOBAL_THIS: ReadonlySet<string> = new Set(['globalThis', 'global', 'self', 'window']);

/** Constructors of native collections: `new Map(x)` is, for the analysis, `x`. */
const COLLECTIONS: ReadonlySet<string> = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array']);

export function nativeMethod(name: string): NativeMethod | undefined {
  return METHODS.get(name);
}

export function isPrimitiveMethod(name: string): boolean {
  return PRIMITIVE_METHODS.has(name);
}

export function isDeferringGlobal(name: string): boolean {
  return DEFERRING_GLOBALS.has(name);
}

export function isGlobalObject(name: string): boolean {
  return GLOBAL_OBJECTS.has(name);
}

export function isGlobalThis(name: string): boolean {
  return GLOBAL_THIS.has(name);
}

export function isCollection(name: string): boolean {
  return COLLECTIONS.has(name);
}

function byName(
  groups: readonly (readonly [NativeMethod, string])[],
): ReadonlyMap<string, NativeMethod> {
  const methods = new Map<string, NativeMethod>();
  for (const [method, names] of groups) {
    for (const name of names.split(' ')) methods.set(name, method);
  }
  return methods;
}
