/** Names of the language that programs may use without declaring them. */

/** Global names of ECMAScript; everything else that is free lives on the VU's global object. */
export const ES_GLOBALS: ReadonlySet<string> = new Set(
  (
    'undefined NaN Infinity eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent ' +
    'encodeURI encodeURIComponent escape unescape Array ArrayBuffer Atomics BigInt BigInt64Array ' +
    'BigUint64Array Boolean DataView Date Error EvalError FinalizationRegistry Float32Array ' +
    'Float64Array Function Int16Array Int32Array Int8Array Intl JSON Map Math Number Object Promise ' +
    'Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError ' +
    'TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet ' +
    'AggregateError WebAssembly Iterator Float16Array globalThis'
  ).split(' '),
);

/** Native functions and constructors that never call a function they are given. */
export const PURE_GLOBALS: ReadonlySet<string> = new Set(
  (
    'isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent ' +
    'escape unescape ArrayBuffer BigInt Boolean DataView Date Error EvalError Number Object ' +
    'RangeError ReferenceError RegExp String Symbol SyntaxError TypeError URIError WeakRef ' +
    'AggregateError Array'
  ).split(' '),
);

/** Native constructors whose subclasses construct without calling back. */
export const NATIVE_PARENTS: ReadonlySet<string> = new Set(
  (
    'Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError Array ' +
    'Map Set WeakMap WeakSet Date RegExp Object Function String Number Boolean ArrayBuffer DataView ' +
    'Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array ' +
    'Uint8ClampedArray BigInt64Array BigUint64Array'
  ).split(' '),
);

/** Objects all of whose functions are native and call nothing back. */
export const PURE_NAMESPACES: ReadonlySet<string> = new Set(
  'Math Number Date Symbol String BigInt ArrayBuffer console'.split(' '),
);
