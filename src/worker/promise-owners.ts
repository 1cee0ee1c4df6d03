/**
 * Which virtual user a promise belongs to, so that an unhandled rejection ends the right iteration.
 *
 * All VUs of a worker share the language's Promise; V8's promise hooks tell when one is made and when
 * its reactions run. Only switched on for scripts that use promises at all.
 */

import process from 'node:process';
import { promiseHooks } from 'node:v8';
import type { ScriptRunner } from '../vu/environment.ts';

export class PromiseOwners {
  readonly #owners = new WeakMap<Promise<unknown>, ScriptRunner>();
  /** The VU whose script code runs now. */
  current: ScriptRunner | undefined;

  /**
   * @param isTracking false if the script makes no promises: the hooks cost each promise some 100 ns.
   * @param onStray gets rejections that belong to no known VU.
   */
  start(isTracking: boolean, onStray: (reason: unknown) => void): void {
    if (isTracking) this.#track();
    process.on('unhandledRejection', (reason, promise) => {
      const owner = this.#owners.get(promise);
      if (owner === undefined) onStray(reason);
      else owner.noteRejection(promise, reason);
    });
    process.on('rejectionHandled', (promise) => {
      this.#owners.get(promise)?.noteHandled(promise);
    });
  }

  #track(): void {
    promiseHooks.createHook({
      init: (promise, parent) => {
        const owner = this.current ?? this.#owners.get(parent);
        if (owner !== undefined) this.#owners.set(promise, owner);
      },
      before: (promise) => {
        this.current = this.#owners.get(promise);
      },
      after: () => {
        this.current = undefined;
      },
    });
  }
}
