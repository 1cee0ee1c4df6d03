/** ramping-arrival-rate: iterations start at a rate that moves in a straight line within each stage. */
import { formatDuration } from '../base/duration.ts';
import type { RampingArrivalRateConfig } from '../options/scenario.ts';
import { planArrivals, startArrivals } from './arrival-pacer.ts';
import type { ScenarioPort } from './ports.ts';
import type { ScenarioRun } from './scenario-run.ts';
import { numberAt, type Share, shareByVus } from './segment.ts';
import type { Step } from './steps.ts';
import { hardMsOf, regularMsOf, windowOf } from './window.ts';

/** Iterations closer than this to the end of the test are not started: it is the end. */
const EPSILON_MS = 1e-6;
/** Relative rounding error allowed in counts of iterations. */
const EPSILON = 1e-12;

/**
 * The offsets in ms at which iterations of our share are due: iteration n (from 1) when the integral
 * of the rate reaches n. Fractions of an iteration carry over from stage to stage.
 */
export function* rampingDues(config: RampingArrivalRateConfig, share: Share): Generator<number> {
  const iterations = shareByVus(config.maxVUs, share);
  if (iterations === undefined) return;
  const endMs = regularMsOf(config);
  let rate = config.startRate / config.timeUnitMs;
  let stageStartMs = 0;
  let before = 0;
  let n = 0;
  for (const { durationMs, target } of config.stages) {
    const nextRate = target / config.timeUnitMs;
    const inStage = (durationMs * (rate + nextRate)) / 2;
    for (; ; n++) {
      const wanted = numberAt(n, iterations) + 1 - before;
      // Within rounding the iteration belongs to this stage's end rather than the next one's start.
      if (wanted > inStage + EPSILON * (before + inStage)) break;
      const offsetMs =
        stageStartMs + timeOfCount(Math.min(wanted, inStage), rate, nextRate, durationMs);
      if (offsetMs > endMs - EPSILON_MS) return;
      yield offsetMs;
    }
    before += inStage;
    stageStartMs += durationMs;
    rate = nextRate;
  }
}

/** Iterations per second at an offset from the start. */
export function rateAt(config: RampingArrivalRateConfig, offsetMs: number): number {
  let rate = config.startRate;
  let leftMs = Math.max(0, offsetMs);
  for (const { durationMs, target } of config.stages) {
    if (leftMs < durationMs) {
      rate += ((target - rate) * leftMs) / durationMs;
      break;
    }
    leftMs -= durationMs;
    rate = target;
  }
  return (rate * 1000) / config.timeUnitMs;
}

export function planRampingArrivalRate(
  config: RampingArrivalRateConfig,
  share: Share,
): readonly Step[] {
  return planArrivals(config, share, hardMsOf(config));
}

/** @param part how much of the test this instance is, 0…1. */
export function describeRampingArrivalRate(config: RampingArrivalRateConfig, part: number): string {
  const most = config.stages.reduce((peak, { target }) => Math.max(peak, target), config.startRate);
  const perSecond = (most * part * 1000) / config.timeUnitMs;
  const duration = formatDuration(regularMsOf(config));
  return `Up to ${perSecond.toFixed(2)} iterations/s for ${duration} over ${config.stages.length} stages`;
}

export function startRampingArrivalRate(
  config: RampingArrivalRateConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  return startArrivals(config, share, port, windowOf(config, startMs), rampingDues(config, share));
}

/**
 * When the integral of a rate that goes from `from` to `to` over `durationMs` reaches `count`: the
 * root of a quadratic, in the form that also holds for equal rates and loses no digits.
 */
function timeOfCount(count: number, from: number, to: number, durationMs: number): number {
  if (count <= 0) return 0;
  const root = Math.sqrt(Math.max(0, from * from + (2 * count * (to - from)) / durationMs));
  return Math.min(durationMs, (2 * count) / (from + root));
}
