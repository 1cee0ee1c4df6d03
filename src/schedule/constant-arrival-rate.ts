/** constant-arrival-rate: an iteration every so many nanoseconds, however long iterations take. */
import { formatDuration, toNanoseconds } from '../base/duration.ts';
import type { ConstantArrivalRateConfig } from '../options/scenario.ts';
import { planArrivals, startArrivals } from './arrival-pacer.ts';
import type { ScenarioPort } from './ports.ts';
import type { ScenarioRun } from './scenario-run.ts';
import { numberAt, type Share, shareByVus } from './segment.ts';
import type { Step } from './steps.ts';
import { hardMsOf, windowOf } from './window.ts';

/**
 * The offsets in ms at which iterations of our share are due: number k at k · period, the period in
 * whole nanoseconds. The one at the very end of the duration is left out (in k6 it is a race).
 */
export function* constantDues(config: ConstantArrivalRateConfig, share: Share): Generator<number> {
  const iterations = shareByVus(config.maxVUs, share);
  if (iterations === undefined) return;
  const periodNs = Math.max(1, Math.floor(toNanoseconds(config.timeUnitMs) / config.rate));
  const endNs = toNanoseconds(config.durationMs);
  for (let n = 0; ; n++) {
    const dueNs = numberAt(n, iterations) * periodNs;
    if (dueNs >= endNs) return;
    yield dueNs / 1e6;
  }
}

export function planConstantArrivalRate(
  config: ConstantArrivalRateConfig,
  share: Share,
): readonly Step[] {
  return planArrivals(config, share, hardMsOf(config));
}

/** @param part how much of the test this instance is, 0…1. */
export function describeConstantArrivalRate(
  config: ConstantArrivalRateConfig,
  part: number,
): string {
  const perSecond = (config.rate * part * 1000) / config.timeUnitMs;
  return `${perSecond.toFixed(2)} iterations/s for ${formatDuration(config.durationMs)}`;
}

export function startConstantArrivalRate(
  config: ConstantArrivalRateConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  return startArrivals(config, share, port, windowOf(config, startMs), constantDues(config, share));
}
