/**
 * `AbortController` and `AbortSignal` of one VU. Not Node's: an exception of a listener belongs to the
 * script, and a timeout fires in the VU's own event loop.
 */
import { nowMs } from '../base/clock.ts';
import { createEvent, deliver, EventTarget, handlerOf, setHandler } from './events.ts';
import type { IterationResource, TimerHandle, VuHost } from './host.ts';

/** Scripts cannot have it: signals are made by controllers and static methods. */
const NATIVE: unique symbol = Symbol('native');

let setAborted: (signal: AbortSignal, reason: unknown) => boolean;
let followersOf: (signal: AbortSignal) => Set<AbortSignal>;

class AbortSignal extends EventTarget {
  #isAborted = false;
  #reason: unknown;
  readonly #followers = new Set<AbortSignal>();

  static {
    setAborted = (signal, reason) => {
      if (signal.#isAborted) return false;
      signal.#isAborted = true;
      signal.#reason = reason ?? new DOMException('This operation was aborted', 'AbortError');
      return true;
    };
    followersOf = (signal) => signal.#followers;
  }

  constructor(key?: unknown) {
    super();
    if (key !== NATIVE) throw new TypeError('Illegal constructor');
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  get onabort(): unknown {
    return handlerOf(this, 'abort');
  }

  set onabort(handler: unknown) {
    setHandler(this, 'abort', typeof handler === 'function' ? handler : null);
  }

  override get [Symbol.toStringTag](): string {
    return 'AbortSignal';
  }

  /** A signal that is aborted already. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(NATIVE);
    setAborted(signal, reason);
    return signal;
  }

  /** A signal that is aborted with the first of others. */
  static any(signals: Iterable<unknown>): AbortSignal {
    const signal = new AbortSignal(NATIVE);
    const sources = [...signals];
    for (const source of sources) {
      if (!(source instanceof AbortSignal)) throw new TypeError('AbortSignal.any() takes signals');
    }
    for (const source of sources as AbortSignal[]) {
      if (source.aborted) {
        setAborted(signal, source.reason);
        return signal;
      }
    }
    for (const source of sources as AbortSignal[]) followersOf(source).add(signal);
    return signal;
  }
}

/** Aborts a signal and those that follow it, then calls the listeners; their exceptions pass through. */
function abort(signal: AbortSignal, reason: unknown): void {
  for (const aborted of abortAll(signal, reason)) {
    aborted.dispatchEvent(createEvent('abort', aborted, nowMs()));
  }
}

function abortAll(signal: AbortSignal, reason: unknown): AbortSignal[] {
  if (!setAborted(signal, reason)) return [];
  const followers = [...followersOf(signal)];
  followersOf(signal).clear();
  return [signal, ...followers.flatMap((follower) => abortAll(follower, signal.reason))];
}

class AbortController {
  readonly #signal = new AbortSignal(NATIVE);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason?: unknown): void {
    abort(this.#signal, reason);
  }

  get [Symbol.toStringTag](): string {
    return 'AbortController';
  }
}

/** The timer of a timeout signal. It holds no iteration, and ends with it. */
class SignalTimer implements IterationResource {
  readonly kind = 'timeout';
  readonly #timer: TimerHandle;

  constructor(host: VuHost, delayMs: number, signal: AbortSignal) {
    host.addResource(this);
    this.#timer = host.setTimer(delayMs, () => {
      host.removeResource(this);
      host.loop.post(function* () {
        const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
        for (const aborted of abortAll(signal, reason)) {
          const listeners = deliver(aborted, createEvent('abort', aborted, nowMs()), host);
          if (listeners !== undefined) yield* listeners;
        }
      });
    });
  }

  drop(): void {
    this.#timer.cancel();
  }

  windDown(): void {
    this.#timer.cancel();
  }
}

export interface AbortClasses {
  readonly AbortController: unknown;
  readonly AbortSignal: unknown;
}

/** The two globals of one VU. */
export function createAbortClasses(host: VuHost): AbortClasses {
  const timeout = (delayMs?: unknown): AbortSignal => {
    const delay = Number(delayMs);
    if (!(delay >= 0 && Number.isFinite(delay))) {
      throw new RangeError('AbortSignal.timeout() takes a number of milliseconds');
    }
    const signal = new AbortSignal(NATIVE);
    new SignalTimer(host, delay, signal);
    return signal;
  };
  return { AbortController, AbortSignal: withStatic(AbortSignal, { timeout }) };
}

/**
 * The class with further static members for one VU: `instanceof` and construction are those of the class
 * itself, which all VUs share.
 */
function withStatic(base: object, statics: Readonly<Record<string, unknown>>): unknown {
  return new Proxy(base, {
    get: (target, key) =>
      typeof key === 'string' && Object.hasOwn(statics, key)
        ? statics[key]
        : Reflect.get(target, key),
  });
}
