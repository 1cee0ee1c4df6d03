/**
 * The global object of a virtual user.
 *
 * Every VU has its own, so that `globalThis.x = 1` in one VU is invisible to the others; the
 * language's built-ins are inherited from one shared object per worker. Node's globals are not there:
 * a script sees what k6 gives it.
 */
import { webcrypto } from 'node:crypto';
import { TextDecoder, TextEncoder } from 'node:util';

/** Names of the language itself, as far as the engine knows them. */
const LANGUAGE_GLOBALS = [
  'AggregateError', 'Array', 'ArrayBuffer', 'Atomics', 'BigInt', 'BigInt64Array', 'BigUint64Array',
  'Boolean', 'DataView', 'Date', 'Error', 'EvalError', 'FinalizationRegistry', 'Float32Array',
  'Float64Array', 'Function', 'Infinity', 'Int16Array', 'Int32Array', 'Int8Array', 'Intl',
  'Iterator', 'JSON', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Promise', 'Proxy', 'RangeError',
  'ReferenceError', 'Reflect', 'RegExp', 'Set', 'SharedArrayBuffer', 'String', 'Symbol',
  'SyntaxError', 'TypeError', 'URIError', 'Uint16Array', 'Uint32Array', 'Uint8Array',
  'Uint8ClampedArray', 'WeakMap', 'WeakRef', 'WeakSet', 'decodeURI', 'decodeURIComponent',
  'encodeURI', 'encodeURIComponent', 'escape', 'eval', 'isFinite', 'isNaN', 'parseFloat',
  'parseInt', 'undefined', 'unescape',
] as const;

function createSharedPrototype(): object {
  const shared: Record<string, unknown> = {};
  for (const name of LANGUAGE_GLOBALS) {
    const value: unknown = Reflect.get(globalThis, name);
    if (value === undefined && name !== 'undefined') continue;
    Object.defineProperty(shared, name, { value, writable: true, configurable: true });
  }
  const web = { crypto: webcrypto, TextDecoder, TextEncoder };
  for (const [name, value] of Object.entries(web)) {
    Object.defineProperty(shared, name, { value, writable: true, configurable: true });
  }
  return shared;
}

const SHARED_PROTOTYPE = createSharedPrototype();

/** A fresh global object with the VU's own values as writable, non-enumerable properties. */
export function createGlobalObject(own: Readonly<Record<string, unknown>>): object {
  const globalObject: object = Object.create(SHARED_PROTOTYPE);
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(globalObject, name, { value, writable: true, configurable: true });
  };
  define('globalThis', globalObject);
  define('global', globalObject);
  for (const [name, value] of Object.entries(own)) define(name, value);
  return globalObject;
}
