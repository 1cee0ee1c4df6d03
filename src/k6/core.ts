/** The module `k6`: check, fail, group, randomSeed, sleep. */

import { nowMs } from '../base/clock.ts';
import { type Coroutine, Op, type OpKind, type Resumer } from '../suspend/op.ts';
import { callUser, hostFunction, isAsyncFunction, leaf } from '../suspend/runtime.ts';
import type { ScriptModule, TimerHandle, VuHost } from './host.ts';
import { withScriptTags } from './sample-tags.ts';
import { NativeError } from './script-error.ts';

type UserFunction = (this: unknown, ...args: unknown[]) => unknown;

const GROUP_SEPARATOR = '::';
const SEPARATOR_MESSAGE = "group and check names may not contain '::'";

/** What `randomSeed` acts on: the VU's own Math.random. */
export interface RandomSource {
  /** Replaces the VU's Math now, so that the script's own `Math` variable is the seedable one. */
  install(): void;
  seed(seed: number): void;
  /** A seed set in the init code is for the init code only. */
  unseed(): void;
}

class SleepOp extends Op {
  readonly #host: VuHost;
  readonly #delayMs: number;
  #timer: TimerHandle | undefined;

  constructor(host: VuHost, delayMs: number) {
    super();
    this.#host = host;
    this.#delayMs = delayMs;
  }

  override get kind(): OpKind {
    return 'sleep';
  }

  start(resumer: Resumer): void {
    if (this.#delayMs > 0) {
      this.#timer = this.#host.setTimer(this.#delayMs, () => resumer.ok(undefined));
    } else {
      resumer.ok(undefined);
    }
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}

/** k6's limit of a duration: 2^63 ns. */
const SLEEP_SECONDS_MAX = 2 ** 63 / 1e9;

function sleepMs(seconds: unknown): number {
  const value = Number(seconds);
  return value > 0 && value < SLEEP_SECONDS_MAX ? value * 1000 : 0;
}

function requireVuContext(host: VuHost, call: string): void {
  if (host.phase === 'init') {
    throw new NativeError(`Using ${call}() in the init context is not supported`);
  }
}

function* runGroup(host: VuHost, name: unknown, callback: unknown): Coroutine {
  requireVuContext(host, 'group');
  const label = String(name === undefined ? '' : name);
  if (label.includes(GROUP_SEPARATOR)) throw new NativeError(SEPARATOR_MESSAGE);
  if (typeof callback !== 'function') {
    throw new NativeError('group() requires a callback as a second argument');
  }
  if (isAsyncFunction(callback)) {
    throw new NativeError(
      'group() does not support async functions as arguments, please see https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info',
    );
  }
  const isTagged = host.isSystemTagEnabled('group');
  const outer = host.groupPath;
  const path = label === '' && outer === '' ? '' : `${outer}${GROUP_SEPARATOR}${label}`;
  const outerTag = host.tags.get('group');
  const enter = (): void => {
    host.groupPath = path;
    if (isTagged) host.setTags(host.tags.with('group', path));
  };
  enter();
  const startMs = nowMs();
  try {
    return yield* callUser(callback as UserFunction, undefined, []);
  } finally {
    const endMs = nowMs();
    host.record(host.series(host.builtin.group_duration, host.tags), endMs - startMs, endMs);
    host.groupPath = outer;
    if (isTagged) {
      host.setTags(
        outerTag === undefined ? host.tags.without('group') : host.tags.with('group', outerTag),
      );
    }
  }
}

function* runCheck(host: VuHost, args: readonly unknown[]): Coroutine<boolean> {
  requireVuContext(host, 'check');
  const [value, sets, tags] = args;
  if (args.length < 2) throw new NativeError('no checks provided to `check`');
  if (sets === undefined || sets === null) {
    throw new TypeError('Cannot convert undefined or null to object');
  }
  const timeMs = nowMs();
  let tagSet = host.tags;
  try {
    tagSet = withScriptTags(tagSet, tags);
  } catch (error) {
    throw new NativeError(error instanceof Error ? error.message : String(error));
  }
  const isTagged = host.isSystemTagEnabled('check');
  let hasPassed = true;
  for (const [name, condition] of Object.entries(sets)) {
    if (name.includes(GROUP_SEPARATOR)) throw new NativeError(SEPARATOR_MESSAGE);
    const checkTags = isTagged ? tagSet.with('check', name) : tagSet;
    const series = host.series(host.builtin.checks, checkTags);
    let result: unknown = condition;
    if (typeof condition === 'function') {
      if (isAsyncFunction(condition)) {
        throw new NativeError(
          'the built-in check() does not support async functions as arguments. Use the JavaScript utils library as a replacement. Refer to https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info',
        );
      }
      try {
        result = yield* callUser(condition as UserFunction, undefined, [value]);
      } catch (error) {
        host.record(series, 0, timeMs);
        throw error;
      }
    }
    const isOk = Boolean(result);
    host.record(series, isOk ? 1 : 0, timeMs);
    if (!isOk) hasPassed = false;
  }
  return hasPassed;
}

/** `k6` bound to one VU. */
export function createCoreModule(
  host: VuHost,
  owner: { readonly random: RandomSource },
): ScriptModule {
  const named = {
    check: hostFunction(host, 'check', 0, function* (...args: unknown[]): Coroutine<boolean> {
      return yield* runCheck(host, args);
    }),
    fail: (message?: unknown): never => {
      throw new NativeError(message === undefined ? '' : String(message));
    },
    group: hostFunction(host, 'group', 0, function* (name: unknown, callback: unknown): Coroutine {
      return yield* runGroup(host, name, callback);
    }),
    randomSeed: (seed: unknown): void => owner.random.seed(Number(seed)),
    sleep: leaf(host, 'sleep', (_thisArg, args) => new SleepOp(host, sleepMs(args[0]))),
  };
  return { named, default: named };
}
