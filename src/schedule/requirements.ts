/**
 * What a test needs as a whole: VUs to make ready before the start, VUs at most, the longest it can
 * take; its division among worker threads; its description.
 */
import { formatDuration } from '../base/duration.ts';
import type { ScenarioConfig } from '../options/scenario.ts';
import { segmentLength, WHOLE_SEGMENT } from '../options/segment.ts';
import type { Options } from '../options/values.ts';
import { describeScenario, hasWork, planScenario } from './executors.ts';
import {
  type Division,
  divideBySegments,
  divideEvenly,
  numberAt,
  type Share,
  shareByVus,
} from './segment.ts';
import { sharedIterationsOf } from './shared-iterations.ts';
import { peakPossibleVus, peakVus, sumSteps } from './steps.ts';
import { hardMsOf } from './window.ts';

/** A scenario and which part of it is meant. */
export interface PlannedScenario {
  readonly config: ScenarioConfig;
  readonly share: Share;
  /** Start value of the counter that all threads of the instance take shared iterations from. */
  readonly sharedIterations: number;
}

/** What one instance (process) runs. Plain data. */
export interface InstancePlan {
  /** Scenarios with work for this instance, by start time, then name. */
  readonly scenarios: readonly PlannedScenario[];
  /** VUs to initialise before the start. */
  readonly plannedVus: number;
  /** VUs at most. */
  readonly maxVus: number;
  /** From the start of the executors to the hard end of the last; Infinity if one has none. */
  readonly totalDurationMs: number;
  /** How much of the test this instance is, 0…1. */
  readonly part: number;
}

/** What one worker thread runs. Plain data. */
export interface WorkerPlan {
  readonly scenarios: readonly PlannedScenario[];
  readonly plannedVus: number;
  readonly maxVus: number;
  /** Ids (from 1) of the planned VUs, unique in the instance. */
  readonly vuIds: readonly number[];
}

/** Plans the part of a test that the options give this instance. */
export function planInstance(
  options: Pick<Options, 'scenarios' | 'executionSegment' | 'executionSegmentSequence'>,
): InstancePlan {
  const { executionSegment, executionSegmentSequence } = options;
  const instance = divideBySegments(executionSegment, executionSegmentSequence);
  const length = segmentLength(executionSegment ?? WHOLE_SEGMENT);
  const share: Share = { instance, worker: undefined };
  const scenarios = options.scenarios
    .filter((config) => hasWork(config, share))
    .map((config) => planOf(config, share));
  return {
    scenarios,
    ...needsOf(scenarios),
    totalDurationMs: scenarios.reduce(
      (longestMs, { config }) => Math.max(longestMs, config.startTimeMs + hardMsOf(config)),
      0,
    ),
    part: length.numerator / length.denominator,
  };
}

/**
 * Divides an instance's plan among worker threads. VUs are dealt out one by one; scenarios that run
 * at the same time continue the deal, so that many small ones do not all land on the first thread,
 * and those that do not overlap start afresh, so that they find the VUs of the earlier ones.
 */
export function divideAmongWorkers(plan: InstancePlan, workers: number): readonly WorkerPlan[] {
  const firsts = plan.scenarios.map((scenario, i) =>
    plan.scenarios
      .slice(0, i)
      .filter((earlier) => isOverlapping(earlier.config, scenario.config))
      .reduce((sum, { config, share }) => sum + peakPossibleVus(planScenario(config, share)), 0),
  );
  const parts = Array.from({ length: workers }, (_, worker) => {
    const scenarios = plan.scenarios
      .map(({ config, share }, i) => {
        const index = (((worker - (firsts[i] ?? 0)) % workers) + workers) % workers;
        return planOf(config, { ...share, worker: divideEvenly(workers, index) });
      })
      .filter(({ config, share }) => hasWork(config, share));
    return { scenarios, ...needsOf(scenarios) };
  });
  const vuIds = dealIds(parts.map(({ plannedVus }) => plannedVus));
  return parts.map((part, i) => ({ ...part, vuIds: vuIds[i] ?? [] }));
}

/** How the test's numbers belong to its instances. Built once, kept: see `idInTest`, `iterationInTest`. */
export function instanceDivision(
  options: Pick<Options, 'executionSegment' | 'executionSegmentSequence'>,
): Division {
  return divideBySegments(options.executionSegment, options.executionSegmentSequence);
}

/**
 * How the iterations of a scenario belong to the instances: where they are not bound to a VU they are
 * dealt out in proportion to the VUs that an instance has of the scenario, as k6 does.
 */
export function iterationShare(config: ScenarioConfig, instance: Division): Share {
  const whole: Share = { instance, worker: undefined };
  const vus = vusBehindIterations(config);
  return vus === undefined ? whole : (shareByVus(vus, whole) ?? whole);
}

/** `exec.vu.idInTest` of a VU: its number among all VUs of all instances. */
export function idInTest(idInInstance: number, instance: Division): number {
  return numberAt(idInInstance - 1, { instance, worker: undefined }) + 1;
}

/**
 * `exec.scenario.iterationInTest` of the instance's n-th (from 0) iteration of a scenario.
 * @param iterations of `iterationShare`. Cost: one division.
 */
export function iterationInTest(iterationInInstance: number, iterations: Share): number {
  return numberAt(iterationInInstance, iterations);
}

/** The lines k6 shows before a run: a headline and one line per scenario. */
export function describePlan(plan: InstancePlan): {
  readonly headline: string;
  readonly lines: readonly string[];
} {
  const count = plan.scenarios.length;
  const duration = Number.isFinite(plan.totalDurationMs)
    ? formatDuration(Math.round(plan.totalDurationMs / 100) * 100)
    : 'infinite';
  return {
    headline:
      `(${(plan.part * 100).toFixed(2)}%) ${count} ${count === 1 ? 'scenario' : 'scenarios'}, ` +
      `${plan.maxVus} max VUs, ${duration} max duration (incl. graceful stop):`,
    lines: plan.scenarios.map(
      ({ config, share }) => `${config.name}: ${describeScenario(config, share, plan.part)}`,
    ),
  };
}

function vusBehindIterations(config: ScenarioConfig): number | undefined {
  switch (config.executor) {
    case 'shared-iterations':
      return config.vus;
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate':
      return config.maxVUs;
    default:
      return undefined;
  }
}

function planOf(config: ScenarioConfig, share: Share): PlannedScenario {
  const isShared = config.executor === 'shared-iterations';
  return { config, share, sharedIterations: isShared ? sharedIterationsOf(config, share) : 0 };
}

function needsOf(scenarios: readonly PlannedScenario[]): { plannedVus: number; maxVus: number } {
  const steps = sumSteps(
    scenarios.map(({ config, share }) => ({
      startMs: config.startTimeMs,
      steps: planScenario(config, share),
    })),
  );
  return { plannedVus: peakVus(steps), maxVus: peakPossibleVus(steps) };
}

function isOverlapping(a: ScenarioConfig, b: ScenarioConfig): boolean {
  return a.startTimeMs < b.startTimeMs + hardMsOf(b) && b.startTimeMs < a.startTimeMs + hardMsOf(a);
}

/** Deals 1, 2, 3 … to lists of given lengths in turn. */
function dealIds(counts: readonly number[]): readonly (readonly number[])[] {
  const lists = counts.map((): number[] => []);
  const longest = Math.max(0, ...counts);
  let id = 0;
  for (let round = 0; round < longest; round++) {
    for (const [i, count] of counts.entries()) {
      if (round < count) lists[i]?.push(++id);
    }
  }
  return lists;
}
