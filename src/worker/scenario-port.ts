/** What a scenario's executor gets from this worker: VUs of the pool, timers, counters, the recorder. */
import { nowMs } from '../base/clock.ts';
import type { TimerHeap } from '../base/timer-heap.ts';
import type { RunCounters } from '../bridge/run-counters.ts';
import type { ScenarioConfig } from '../options/scenario.ts';
import type { ScenarioPort } from '../schedule/ports.ts';
import { iterationInTest, iterationShare } from '../schedule/requirements.ts';
import type { Division } from '../schedule/segment.ts';
import type { VuEnvironment } from '../vu/environment.ts';
import type { Activation } from '../vu/virtual-user.ts';
import type { VuPool } from './vu-pool.ts';

export interface ScenarioPortOptions {
  readonly config: ScenarioConfig;
  /** Index of the scenario in the options. */
  readonly index: number;
  readonly startMs: number;
  /** Of the test among its instances. */
  readonly instance: Division;
  readonly environment: VuEnvironment;
  readonly counters: RunCounters;
  readonly pool: VuPool;
  readonly timers: TimerHeap;
  progress(): number;
  /** The id for a VU that is made while the scenario runs. */
  nextVuId(): number;
  warn(message: string): void;
  later(run: () => void): void;
}

export function createScenarioPort(options: ScenarioPortOptions): ScenarioPort {
  const { config, index, counters, pool, environment } = options;
  const iterations = iterationShare(config, options.instance);
  const activation: Activation = {
    name: config.name,
    executor: config.executor,
    startTimeMs: options.startMs,
    exec: config.exec,
    env: { ...environment.env, ...config.given.env },
    tags: config.given.tags ?? {},
    progress: options.progress,
    nextIteration: () => {
      const number = counters.nextIteration(index);
      return { inInstance: number, inTest: iterationInTest(number, iterations) };
    },
  };
  const isArrivalRate =
    config.executor === 'constant-arrival-rate' || config.executor === 'ramping-arrival-rate';
  return {
    nowMs,
    at: (dueMs, onDue) => {
      const timer = options.timers.set(dueMs, onDue);
      return () => timer.cancel();
    },
    acquire: () => pool.acquire(activation, isArrivalRate),
    initializeExtra: (onReady) => {
      pool.initialize(options.nextVuId(), (end) => onReady(end.outcome === 'complete'));
    },
    claimShared: () => counters.claimShared(index),
    sharedLeft: () => counters.sharedLeft(index),
    drop: (count, vuId) => {
      const { recorder, builtin, runTags, systemTags } = environment;
      let tags = systemTags.has('scenario') ? runTags.with('scenario', config.name) : runTags;
      if (vuId !== undefined && systemTags.has('vu')) tags = tags.with('vu', String(vuId));
      recorder.add(recorder.series(builtin.dropped_iterations, tags), count, nowMs());
    },
    takeSharedLeft: () => counters.takeSharedLeft(index),
    later: options.later,
    warn: options.warn,
  };
}
