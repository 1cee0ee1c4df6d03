/** Timers that keep to a grid, so that several threads tick at the same moments and never drift. */
import { nowMs } from './clock.ts';

/**
 * Calls back at the times `n · periodMs + offsetMs` of the clock, in every thread the same. A moment that
 * passes while the thread is busy is left out. Returns what stops it.
 */
export function startAlignedInterval(
  periodMs: number,
  offsetMs: number,
  onTick: () => void,
): () => void {
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    const sinceMs = nowMs() - offsetMs;
    // A timer may fire a little early: then the next moment, not the same one again.
    const next = Math.floor((sinceMs + periodMs / 10) / periodMs) + 1;
    timer = setTimeout(tick, next * periodMs - sinceMs);
  };
  const tick = (): void => {
    schedule();
    onTick();
  };
  schedule();
  return () => clearTimeout(timer);
}
