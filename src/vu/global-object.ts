/**
 * The global object of a virtual user.
 *
 * Every VU has its own, so that `globalThis.x = 1` in one VU is invisible to the others; the
 * language's built-ins are inherited from one shared object per worker. Node's own globals (`process`,
 * `Buffer`) are not there: a script sees what k6 gives it, and what scripts expect of the web.
 */
import { nowMs, ORIGIN_MS } from '../base/clock.ts';
import { createAbortClasses } from '../k6/abort-signal.ts';
import { Blob } from '../k6/blob.ts';
import { CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent } from '../k6/events.ts';
import type { VuHost } from '../k6/host.ts';
import { createQueueMicrotask } from '../k6/microtask.ts';
import { createWebCrypto } from '../k6/web-crypto.ts';
import { createGlobalWebSocket } from '../k6/websockets.ts';

/** Names of the language itself, as far as the engine knows them. */
const LANGUAGE_GLOBALS = [
  'AggregateError',
  'Array',
  'ArrayBuffer',
  'Atomics',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'Boolean',
  'DataView',
  'Date',
  'Error',
  'EvalError',
  'FinalizationRegistry',
  'Float32Array',
  'Float64Array',
  'Function',
  'Infinity',
  'Int16Array',
  'Int32Array',
  'Int8Array',
  'Intl',
  'Iterator',
  'JSON',
  'Map',
  'Math',
  'NaN',
  'Number',
  'Object',
  'Promise',
  'Proxy',
  'RangeError',
  'ReferenceError',
  'Reflect',
  'RegExp',
  'Set',
  'SharedArrayBuffer',
  'String',
  'Symbol',
  'SyntaxError',
  'TypeError',
  'URIError',
  'Uint16Array',
  'Uint32Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'WeakMap',
  'WeakRef',
  'WeakSet',
  'decodeURI',
  'decodeURIComponent',
  'encodeURI',
  'encodeURIComponent',
  'escape',
  'eval',
  'isFinite',
  'isNaN',
  'parseFloat',
  'parseInt',
  'undefined',
  'unescape',
] as const;

/** Globals of the web that keep no state, or whose state is in the objects they make. */
const WEB_GLOBALS = [
  'DOMException',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'structuredClone',
] as const;

/** `performance`, as far as it has no state: no marks and no entries. */
const PERFORMANCE = Object.freeze({
  now: (): number => nowMs() - ORIGIN_MS,
  timeOrigin: ORIGIN_MS,
  toJSON: (): object => ({ timeOrigin: ORIGIN_MS }),
});

/** Globals of the web that are the same for all VUs, and ours. */
const WEB_CLASSES = {
  Blob,
  CloseEvent,
  ErrorEvent,
  Event,
  EventTarget,
  MessageEvent,
  performance: PERFORMANCE,
} as const;

type CreateGlobals = (host: VuHost, globalObject: object) => Readonly<Record<string, unknown>>;

/** Globals that every VU has its own of, made when the script first asks for them. */
const VU_GLOBALS: Readonly<Record<string, CreateGlobals>> = {
  WebSocket: (host, globalObject) => ({
    WebSocket: createGlobalWebSocket(host, () => baseUrlIn(globalObject)),
  }),
  AbortController: abortGlobals,
  AbortSignal: abortGlobals,
  crypto: (host) => ({ crypto: createWebCrypto(host) }),
  queueMicrotask: (host) => ({ queueMicrotask: createQueueMicrotask(host) }),
};

/** What a script, or a package that wants a browser, has set as `location`. */
function baseUrlIn(globalObject: object): string | undefined {
  const location: unknown = Reflect.get(globalObject, 'location');
  return location === undefined || location === null ? undefined : String(location);
}

function abortGlobals(host: VuHost): Readonly<Record<string, unknown>> {
  return { ...createAbortClasses(host) };
}

/** Globals that a VU makes itself when the script first asks for them. */
const OWN_GLOBALS = [
  'clearInterval',
  'clearTimeout',
  'console',
  'open',
  'require',
  'setInterval',
  'setTimeout',
] as const;
export type OwnGlobal = (typeof OWN_GLOBALS)[number];

/** The VU behind a global object. */
export interface GlobalsOwner extends VuHost {
  createGlobal(name: OwnGlobal): unknown;
}

const hosts = new WeakMap<object, GlobalsOwner>();

function defineHidden(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

/** Gives every global object that inherits from `shared` values of its own at the first look. */
function defineLazily(
  shared: object,
  name: string,
  create: (owner: GlobalsOwner, globalObject: object) => Readonly<Record<string, unknown>>,
): void {
  Object.defineProperty(shared, name, {
    get(this: object): unknown {
      const owner = hosts.get(this);
      if (owner === undefined) throw new TypeError('Illegal invocation');
      for (const [key, value] of Object.entries(create(owner, this)))
        defineHidden(this, key, value);
      return Reflect.get(this, name);
    },
    set(this: object, value: unknown): void {
      defineHidden(this, name, value);
    },
    configurable: true,
  });
}

function createSharedPrototype(): object {
  const shared = {};
  for (const name of [...LANGUAGE_GLOBALS, ...WEB_GLOBALS]) {
    const value: unknown = Reflect.get(globalThis, name);
    if (value === undefined && name !== 'undefined') continue;
    defineHidden(shared, name, value);
  }
  for (const [name, value] of Object.entries(WEB_CLASSES)) defineHidden(shared, name, value);
  for (const [name, create] of Object.entries(VU_GLOBALS)) defineLazily(shared, name, create);
  for (const name of OWN_GLOBALS) {
    defineLazily(shared, name, (owner) => ({ [name]: owner.createGlobal(name) }));
  }
  return shared;
}

const SHARED_PROTOTYPE = createSharedPrototype();

/** A fresh global object with the VU's own values as writable, non-enumerable properties. */
export function createGlobalObject(
  owner: GlobalsOwner,
  own: Readonly<Record<string, unknown>>,
): object {
  const globalObject: object = Object.create(SHARED_PROTOTYPE);
  hosts.set(globalObject, owner);
  defineHidden(globalObject, 'globalThis', globalObject);
  defineHidden(globalObject, 'global', globalObject);
  for (const [name, value] of Object.entries(own)) defineHidden(globalObject, name, value);
  return globalObject;
}
