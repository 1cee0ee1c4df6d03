/** How far scenarios are: the states of several threads as one, and what a view shows of it. */
import { formatDuration } from '../base/duration.ts';
import { rateAt } from './ramping-arrival-rate.ts';
import { rampPeak } from './ramping-vus.ts';
import type { PlannedScenario } from './requirements.ts';
import type { ScenarioPhase, ScenarioProgress } from './scenario-run.ts';
import { scale } from './segment.ts';
import { regularMsOf } from './window.ts';

export type ScenarioState = 'running' | 'waiting' | 'stopping' | 'interrupted' | 'done';

/** What executors count, for the columns of a progress line. */
export type ExecutorCounts =
  | { readonly executor: 'constant-vus'; readonly vus: number }
  | { readonly executor: 'ramping-vus'; readonly vusActive: number; readonly vusMax: number }
  | {
      readonly executor: 'constant-arrival-rate' | 'ramping-arrival-rate';
      readonly vusRunning: number;
      readonly vusActivated: number;
      readonly vusMax: number;
      readonly iterationsPerSecond: number;
      readonly iterationsPerSecondMax: number;
    }
  | {
      readonly executor: 'shared-iterations';
      readonly vus: number;
      readonly iterationsDone: number;
      readonly iterations: number;
    }
  | {
      readonly executor: 'per-vu-iterations';
      readonly vus: number;
      readonly iterationsDone: number;
      /** All VUs together. */
      readonly iterations: number;
      readonly iterationsPerVu: number;
    };

export interface ScenarioView {
  readonly name: string;
  readonly state: ScenarioState;
  /** 0…1. */
  readonly fraction: number;
  /** Time until the start; 0 once it has come. */
  readonly waitMs: number;
  readonly startTimeMs: number;
  /** Since the start of the scenario; stands still when it is done. */
  readonly elapsedMs: number;
  /** The regular duration; Infinity for an endless scenario. */
  readonly durationMs: number;
  /** The same as the user reads it: `10m0s`. */
  readonly durationText: string;
  /** The regular time is over. */
  readonly isOver: boolean;
  readonly counts: ExecutorCounts;
}

const PHASE_ORDER: readonly ScenarioPhase[] = ['running', 'stopping', 'waiting', 'done'];

/** The progress of one scenario on all threads of the instance. */
export function mergeProgress(parts: readonly ScenarioProgress[]): ScenarioProgress | undefined {
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  return others.reduce(
    (sum, part) => ({
      phase: PHASE_ORDER.find((phase) => phase === sum.phase || phase === part.phase) ?? sum.phase,
      isAborted: sum.isAborted || part.isAborted,
      runningVus: sum.runningVus + part.runningVus,
      heldVus: sum.heldVus + part.heldVus,
      heldVusMax: sum.heldVusMax + part.heldVusMax,
      completeIterations: sum.completeIterations + part.completeIterations,
      interruptedIterations: sum.interruptedIterations + part.interruptedIterations,
      elapsedMs: Math.max(sum.elapsedMs, part.elapsedMs),
      fraction: Math.max(sum.fraction, part.fraction),
    }),
    first,
  );
}

/**
 * What to show of a scenario.
 * @param scenario of the instance's plan, not a worker's.
 * @param progress of all threads together.
 */
export function viewScenario(scenario: PlannedScenario, progress: ScenarioProgress): ScenarioView {
  const { config } = scenario;
  const regularMs = regularMsOf(config);
  const isEndless = !Number.isFinite(regularMs);
  const counts = countsOf(scenario, progress);
  return {
    name: config.name,
    state: stateOf(progress),
    fraction: fractionOf(counts, progress),
    waitMs: Math.max(0, -progress.elapsedMs),
    startTimeMs: config.startTimeMs,
    elapsedMs: Math.max(0, progress.elapsedMs),
    durationMs: regularMs,
    durationText: isEndless ? 'infinite' : formatDuration(regularMs),
    isOver: progress.elapsedMs >= regularMs,
    counts,
  };
}

function stateOf({ phase, isAborted }: ScenarioProgress): ScenarioState {
  return phase === 'done' && isAborted ? 'interrupted' : phase;
}

function fractionOf(counts: ExecutorCounts, progress: ScenarioProgress): number {
  if ('iterations' in counts && counts.iterations > 0 && progress.phase !== 'stopping') {
    return Math.min(1, counts.iterationsDone / counts.iterations);
  }
  return progress.fraction;
}

function countsOf(scenario: PlannedScenario, progress: ScenarioProgress): ExecutorCounts {
  const { config, share } = scenario;
  const iterationsDone = progress.completeIterations + progress.interruptedIterations;
  switch (config.executor) {
    case 'constant-vus':
      return { executor: config.executor, vus: scale(config.vus, share) };
    case 'ramping-vus': {
      const vusMax = rampPeak(config, share);
      const target = config.stages.at(-1)?.target ?? config.startVUs;
      // At the end what the stages ended with is shown, not the VUs that are being given back.
      const hasEnded = progress.phase === 'stopping' || progress.phase === 'done';
      const vusActive = hasEnded && !progress.isAborted ? scale(target, share) : progress.heldVus;
      return { executor: config.executor, vusActive, vusMax };
    }
    case 'externally-controlled': {
      const vusMax = scale(config.maxVUs, share);
      return { executor: 'ramping-vus', vusActive: progress.heldVus, vusMax };
    }
    case 'shared-iterations': {
      const vus = scale(config.vus, share);
      return {
        executor: config.executor,
        vus,
        iterationsDone,
        iterations: scenario.sharedIterations,
      };
    }
    case 'per-vu-iterations': {
      const vus = scale(config.vus, share);
      const iterations = vus * config.iterations;
      const iterationsPerVu = config.iterations;
      return { executor: config.executor, vus, iterationsDone, iterations, iterationsPerVu };
    }
    default: {
      const perUnit = 1000 / config.timeUnitMs;
      const isRamping = config.executor === 'ramping-arrival-rate';
      const most = isRamping
        ? config.stages.reduce((peak, { target }) => Math.max(peak, target), config.startRate)
        : config.rate;
      return {
        executor: config.executor,
        vusRunning: progress.runningVus,
        vusActivated: progress.heldVusMax,
        vusMax: scale(config.maxVUs, share),
        iterationsPerSecond: isRamping ? rateAt(config, progress.elapsedMs) : most * perUnit,
        iterationsPerSecondMax: most * perUnit,
      };
    }
  }
}
