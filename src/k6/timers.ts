/**
 * setTimeout, setInterval and their clear functions: globals of every VU, and `k6/timers`,
 * `k6/experimental/timers`.
 *
 * k6's rules: fractional ms without clamping, negative = 0, delays that are no number fire before
 * everything else, an interval is re-armed when its callback has finished, and a pending timer keeps
 * the iteration going.
 */
import type { Coroutine } from '../suspend/op.ts';
import { callUser, twinOf } from '../suspend/runtime.ts';
import type { IterationResource, ResourceKind, ScriptModule, TimerHandle, VuHost } from './host.ts';
import { NativeError } from './script-error.ts';

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** k6 counts in nanoseconds of a 64-bit integer; what does not fit overflows and is due at once. */
const DELAY_MS_MAX = 2 ** 63 / 1e6;

export interface TimerFunctions {
  setTimeout(callback: unknown, delay?: unknown, ...args: unknown[]): number;
  clearTimeout(id?: unknown): void;
  setInterval(callback: unknown, delay?: unknown, ...args: unknown[]): number;
  clearInterval(id?: unknown): void;
}

/** A delay as scripts give it, in ms; -Infinity = before all others. */
function delayMsOf(delay: unknown): number {
  if (delay === undefined || delay === null) return 0;
  const delayMs = Number(delay);
  if (Number.isNaN(delayMs) || Math.abs(delayMs) >= DELAY_MS_MAX) return Number.NEGATIVE_INFINITY;
  return Math.max(delayMs, 0);
}

function callbackOf(name: string, callback: unknown): Callback {
  if (typeof callback === 'function') return callback as Callback; // border to script values
  if (callback === undefined || callback === null) {
    throw new NativeError(`${name}'s callback isn't a callable function`);
  }
  throw new TypeError(
    `could not convert function call parameter 0: could not convert ${String(callback)} to sobek.Callable`,
  );
}

class ScriptTimer implements IterationResource {
  readonly id: number;
  readonly #name: string;
  readonly #owner: VuTimers;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];
  /** undefined = fires once. */
  readonly #repeatMs: number | undefined;
  #handle: TimerHandle | undefined;
  #isActive = true;

  constructor(
    owner: VuTimers,
    id: number,
    name: string,
    callback: Callback,
    args: readonly unknown[],
    delayMs: number,
    isRepeating: boolean,
  ) {
    this.id = id;
    this.#name = name;
    this.#owner = owner;
    this.#callback = callback;
    this.#args = args;
    this.#repeatMs = isRepeating ? Math.max(delayMs, 0) : undefined;
    this.#arm(delayMs);
  }

  get kind(): ResourceKind {
    return this.#repeatMs === undefined ? 'timeout' : 'interval';
  }

  #arm(delayMs: number): void {
    this.#handle = this.#owner.host.setTimer(delayMs, () => {
      this.#owner.host.loop.post(() => this.#run());
    });
  }

  #run(): Coroutine | undefined {
    if (!this.#isActive) return undefined;
    const { globalObject } = this.#owner;
    if (this.#repeatMs === undefined) {
      this.cancel();
      const twin = twinOf(this.#callback);
      if (twin !== undefined) return twin.apply(globalObject, [...this.#args]);
      this.#callback.apply(globalObject, [...this.#args]);
      return undefined;
    }
    if (twinOf(this.#callback) !== undefined) return this.#repeat(this.#repeatMs);
    this.#callback.apply(globalObject, [...this.#args]);
    if (this.#isActive) this.#arm(this.#repeatMs);
    return undefined;
  }

  *#repeat(repeatMs: number): Coroutine<void> {
    yield* callUser(this.#callback, this.#owner.globalObject, [...this.#args]);
    if (this.#isActive) this.#arm(repeatMs);
  }

  cancel(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#handle?.cancel();
    this.#owner.forget(this);
  }

  drop(): void {
    this.#stop();
  }

  windDown(): void {
    this.#stop();
  }

  #stop(): void {
    if (!this.#isActive) return;
    this.#owner.host.log(
      'warning',
      `${this.#name} ${this.id} was stopped because the VU iteration was interrupted`,
    );
    this.cancel();
  }
}

class VuTimers {
  readonly host: VuHost;
  readonly globalObject: unknown;
  readonly #active = new Map<number, ScriptTimer>();
  #lastId = 0;

  constructor(host: VuHost, globalObject: unknown) {
    this.host = host;
    this.globalObject = globalObject;
  }

  start(
    name: string,
    callback: unknown,
    delay: unknown,
    args: readonly unknown[],
    isRepeating: boolean,
  ): number {
    const fn = callbackOf(name, callback);
    const delayMs = delayMsOf(delay);
    this.#lastId += 1;
    const timer = new ScriptTimer(this, this.#lastId, name, fn, args, delayMs, isRepeating);
    this.#active.set(timer.id, timer);
    this.host.hold();
    this.host.addResource(timer);
    return timer.id;
  }

  clear(id: unknown): void {
    this.#active.get(Number(id))?.cancel();
  }

  forget(timer: ScriptTimer): void {
    this.#active.delete(timer.id);
    this.host.removeResource(timer);
    this.host.release();
  }
}

/** The timer functions of one VU. `globalObject` is `this` in callbacks. */
export function createTimerFunctions(host: VuHost, globalObject: unknown): TimerFunctions {
  const timers = new VuTimers(host, globalObject);
  return {
    setTimeout: (callback, delay, ...args) =>
      timers.start('setTimeout', callback, delay, args, false),
    clearTimeout: (id) => timers.clear(id),
    setInterval: (callback, delay, ...args) =>
      timers.start('setInterval', callback, delay, args, true),
    clearInterval: (id) => timers.clear(id),
  };
}

/** `k6/timers` and `k6/experimental/timers`: the same function objects as the globals. */
export function createTimersModule(functions: TimerFunctions): ScriptModule {
  const named = { ...functions };
  return { named, default: named };
}
