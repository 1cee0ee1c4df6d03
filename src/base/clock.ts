/**
 * The one clock of the process.
 *
 * All times in gharial are epoch milliseconds with a fraction, read from the monotonic clock, so
 * that differences never go backwards and values of several threads are comparable.
 */
import { performance } from 'node:perf_hooks';

/** When this thread's clock began: what `performance.now()` of the web counts from. */
export const ORIGIN_MS = performance.timeOrigin;

/** Now, in epoch milliseconds with a fraction (monotonic; same origin in all threads to < 1 ms). */
export function nowMs(): number {
  return ORIGIN_MS + performance.now();
}
