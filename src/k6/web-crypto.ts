/**
 * `crypto` of one VU: Node's WebCrypto, whose operations hold the iteration while they run in another
 * thread.
 */
import { webcrypto } from 'node:crypto';
import { settleInLoop } from './hold.ts';
import type { ScriptModule, VuHost } from './host.ts';

type Method = (...args: unknown[]) => unknown;

/** Wraps a method that gives a promise. */
function holding(host: VuHost, method: Method): Method {
  return (...args) => {
    const result = Reflect.apply(method, webcrypto.subtle, args) as Promise<unknown>; // all of them do
    return settleInLoop(host, result);
  };
}

/** A `SubtleCrypto` of the VU. */
function createSubtle(host: VuHost): object {
  const prototype: object = Object.getPrototypeOf(webcrypto.subtle);
  const subtle: object = Object.create(prototype);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method: unknown = Reflect.get(webcrypto.subtle, name);
    if (name === 'constructor' || typeof method !== 'function') continue;
    const value = Object.defineProperty(holding(host, method as Method), 'name', { value: name });
    Object.defineProperty(subtle, name, { value, writable: true, configurable: true });
  }
  return subtle;
}

/** `crypto`: subtle, getRandomValues, randomUUID. */
export function createWebCrypto(host: VuHost): object {
  let subtle: object | undefined;
  const own: object = Object.create(Object.getPrototypeOf(webcrypto) as object);
  const getRandomValues = (array: unknown): unknown =>
    webcrypto.getRandomValues(array as Uint8Array); // Node checks it
  const randomUUID = (): string => webcrypto.randomUUID();
  Object.defineProperties(own, {
    subtle: { get: () => (subtle ??= createSubtle(host)), configurable: true },
    getRandomValues: { value: getRandomValues, writable: true, configurable: true },
    randomUUID: { value: randomUUID, writable: true, configurable: true },
  });
  return own;
}

/** `k6/experimental/webcrypto`, which k6 removed when `crypto` became a global. */
export function createWebCryptoModule(host: VuHost, crypto: unknown): ScriptModule {
  host.logOnce(
    'k6/experimental/webcrypto',
    'warning',
    'k6/experimental/webcrypto is deprecated: crypto is a global object. Remove the import.',
  );
  const named = { crypto };
  return { named, default: named };
}
