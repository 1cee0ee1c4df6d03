/** The time windows of a scenario: how long iterations may start, and until when they may run. */
import type { ScenarioConfig } from '../options/scenario.ts';

export interface Window {
  /** Epoch ms of the start. */
  readonly startMs: number;
  /** How long iterations may start; Infinity = until stopped. */
  readonly regularMs: number;
  /** How long running iterations may go on after that. */
  readonly gracefulStopMs: number;
}

/** Regular duration: what the executor's own options say. Infinity if it has no end. */
export function regularMsOf(config: ScenarioConfig): number {
  switch (config.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      return config.maxDurationMs;
    case 'ramping-vus':
    case 'ramping-arrival-rate':
      return config.stages.reduce((sumMs, { durationMs }) => sumMs + durationMs, 0);
    case 'externally-controlled':
      return config.durationMs === 0 ? Number.POSITIVE_INFINITY : config.durationMs;
    default:
      return config.durationMs;
  }
}

/** Regular duration and gracefulStop. */
export function hardMsOf(config: ScenarioConfig): number {
  return regularMsOf(config) + config.gracefulStopMs;
}

/** The windows of a scenario whose own start (startTime included) is at `startMs`. */
export function windowOf(config: ScenarioConfig, startMs: number): Window {
  return { startMs, regularMs: regularMsOf(config), gracefulStopMs: config.gracefulStopMs };
}
