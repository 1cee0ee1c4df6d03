/** The module `k6/data`: SharedArray. */
import { isAsyncFunction } from '../suspend/runtime.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { NativeError } from './script-error.ts';
import { buildRows } from './shared-rows.ts';

/** `k6/data` bound to one VU. */
export function createDataModule(host: VuHost): ScriptModule {
  /** `new SharedArray(name, fn)`: `fn` runs in the first init run of the process only. */
  class SharedArray {
    constructor(name?: unknown, fn?: unknown) {
      if (host.phase !== 'init') {
        throw new NativeError('new SharedArray must be called in the init context');
      }
      const label = String(name);
      if (label === '') throw new NativeError("empty name provided to SharedArray's constructor");
      if (typeof fn !== 'function') {
        throw new NativeError(
          "a function is expected as the second argument of SharedArray's constructor",
        );
      }
      if (isAsyncFunction(fn)) {
        throw new NativeError(
          'SharedArray constructor does not support async functions as second argument',
        );
      }
      // biome-ignore lint/correctness/noConstructorReturn: what `new` gives is an array, as in k6
      return host.sharedArrays.take(label, () => {
        const values: unknown = Reflect.apply(fn, undefined, []);
        if (!Array.isArray(values)) {
          throw new NativeError('only arrays can be made into SharedArray');
        }
        return buildRows(values);
      });
    }
  }
  const named = { SharedArray };
  return { named, default: named };
}
