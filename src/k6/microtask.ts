/** `queueMicrotask` of one VU: like a promise reaction, it waits while the VU is blocked. */
import type { Coroutine } from '../suspend/op.ts';
import { twinOf } from '../suspend/runtime.ts';
import { Hold } from './hold.ts';
import type { VuHost } from './host.ts';

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** Calls the callback unless its iteration is over; a coroutine if it may suspend. */
function call(host: VuHost, hold: Hold, callback: Callback): Coroutine | undefined {
  if (!hold.isActive) return undefined;
  hold.release();
  const twin = twinOf(callback);
  if (twin !== undefined) return twin.call(undefined);
  try {
    callback.call(undefined);
  } catch (error) {
    host.failIteration(error);
  }
  return undefined;
}

function run(host: VuHost, hold: Hold, callback: Callback): void {
  if (host.isBlocked) {
    host.defer(() => call(host, hold, callback));
    return;
  }
  const coroutine = call(host, hold, callback);
  if (coroutine === undefined) return;
  host.spawn(coroutine, { ok: () => {}, fail: (error) => host.failIteration(error) });
}

/** The function of one VU. An exception of a callback fails the iteration. */
export function createQueueMicrotask(host: VuHost): (callback?: unknown) => void {
  const named = {
    queueMicrotask: (callback?: unknown): void => {
      if (typeof callback !== 'function') {
        throw new TypeError("queueMicrotask's callback isn't a callable function");
      }
      const hold = new Hold(host);
      // A promise, so that what the callback makes is known to be the VU's.
      void Promise.resolve().then(() => run(host, hold, callback as Callback)); // border to script values
    },
  };
  return named.queueMicrotask;
}
