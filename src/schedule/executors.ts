/** The table of executors: for each its plan, its description, and how it is started. */
import { formatDuration } from '../base/duration.ts';
import type { ScenarioConfig } from '../options/scenario.ts';
import { factsOfArrivals } from './arrival-pacer.ts';
import {
  describeConstantArrivalRate,
  planConstantArrivalRate,
  startConstantArrivalRate,
} from './constant-arrival-rate.ts';
import { describeConstantVus, planConstantVus, startConstantVus } from './constant-vus.ts';
import {
  describeExternallyControlled,
  planExternallyControlled,
  type Steering,
  startExternallyControlled,
} from './externally-controlled.ts';
import {
  describePerVuIterations,
  planPerVuIterations,
  startPerVuIterations,
} from './per-vu-iterations.ts';
import type { ScenarioPort } from './ports.ts';
import {
  describeRampingArrivalRate,
  planRampingArrivalRate,
  startRampingArrivalRate,
} from './ramping-arrival-rate.ts';
import { describeRampingVus, planRampingVus, startRampingVus } from './ramping-vus.ts';
import type { ScenarioRun } from './scenario-run.ts';
import type { Share } from './segment.ts';
import {
  describeSharedIterations,
  factsOfIterations,
  planSharedIterations,
  startSharedIterations,
} from './shared-iterations.ts';
import { peakPossibleVus, type Step } from './steps.ts';

/** VUs a scenario needs over time, from its own start; worst case, gracefulStop included. */
export function planScenario(config: ScenarioConfig, share: Share): readonly Step[] {
  switch (config.executor) {
    case 'shared-iterations':
      return planSharedIterations(config, share);
    case 'per-vu-iterations':
      return planPerVuIterations(config, share);
    case 'constant-vus':
      return planConstantVus(config, share);
    case 'ramping-vus':
      return planRampingVus(config, share);
    case 'constant-arrival-rate':
      return planConstantArrivalRate(config, share);
    case 'ramping-arrival-rate':
      return planRampingArrivalRate(config, share);
    case 'externally-controlled':
      return planExternallyControlled(config, share);
  }
}

/** True if the scenario gives our share anything to do. */
export function hasWork(config: ScenarioConfig, share: Share): boolean {
  return peakPossibleVus(planScenario(config, share)) > 0;
}

/**
 * One line on what the scenario does, as k6 words it.
 * @param part how much of the test this instance is, 0…1.
 */
export function describeScenario(config: ScenarioConfig, share: Share, part: number): string {
  const facts = [
    ...ownFacts(config, share),
    ...(config.given.exec === undefined ? [] : [`exec: ${config.exec}`]),
    ...(config.startTimeMs > 0 ? [`startTime: ${formatDuration(config.startTimeMs)}`] : []),
    ...(config.gracefulStopMs > 0
      ? [`gracefulStop: ${formatDuration(config.gracefulStopMs)}`]
      : []),
  ];
  const text = describeWork(config, share, part);
  return facts.length === 0 ? text : `${text} (${facts.join(', ')})`;
}

/** A scenario that runs on this thread. */
export interface RunningScenario {
  readonly run: ScenarioRun;
  /** Changes the number of VUs; only externally-controlled has it. */
  readonly steer?: (steering: Steering) => void;
}

/** @param startMs epoch ms of the scenario's own start. */
export function startExecutor(
  config: ScenarioConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): RunningScenario {
  switch (config.executor) {
    case 'shared-iterations':
      return { run: startSharedIterations(config, share, port, startMs) };
    case 'per-vu-iterations':
      return { run: startPerVuIterations(config, share, port, startMs) };
    case 'constant-vus':
      return { run: startConstantVus(config, share, port, startMs) };
    case 'ramping-vus':
      return { run: startRampingVus(config, share, port, startMs) };
    case 'constant-arrival-rate':
      return { run: startConstantArrivalRate(config, share, port, startMs) };
    case 'ramping-arrival-rate':
      return { run: startRampingArrivalRate(config, share, port, startMs) };
    case 'externally-controlled':
      return startExternallyControlled(config, share, port, startMs);
  }
}

function describeWork(config: ScenarioConfig, share: Share, part: number): string {
  switch (config.executor) {
    case 'shared-iterations':
      return describeSharedIterations(config, share);
    case 'per-vu-iterations':
      return describePerVuIterations(config, share);
    case 'constant-vus':
      return describeConstantVus(config, share);
    case 'ramping-vus':
      return describeRampingVus(config, share);
    case 'constant-arrival-rate':
      return describeConstantArrivalRate(config, part);
    case 'ramping-arrival-rate':
      return describeRampingArrivalRate(config, part);
    case 'externally-controlled':
      return describeExternallyControlled(config, share);
  }
}

function ownFacts(config: ScenarioConfig, share: Share): readonly string[] {
  switch (config.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      return factsOfIterations(config);
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate':
      return factsOfArrivals(config, share);
    case 'ramping-vus':
      return config.gracefulRampDownMs > 0
        ? [`gracefulRampDown: ${formatDuration(config.gracefulRampDownMs)}`]
        : [];
    default:
      return [];
  }
}
