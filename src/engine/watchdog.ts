/**
 * Notices a virtual user that keeps its thread to itself: script code that neither ends nor blocks.
 * Other VUs of that thread stand still meanwhile, which spoils what they measure, so the user is told.
 */
import type { RunCounters } from '../bridge/run-counters.ts';

interface Sighting {
  readonly vuId: number;
  readonly entry: number;
  readonly sinceMs: number;
  hasWarned: boolean;
}

/** Script code that runs longer than this without a pause is reported. */
const BUSY_MS_MAX = 3000;

export class Watchdog {
  readonly #sightings = new Map<number, Sighting>();
  readonly #warn: (message: string) => void;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Looks at these workers; call it about once a second. */
  check(counters: RunCounters, workers: readonly number[], nowMs: number): void {
    for (const worker of workers) {
      const busy = counters.busy(worker);
      const before = this.#sightings.get(worker);
      if (busy === undefined) {
        this.#sightings.delete(worker);
      } else if (before === undefined || before.entry !== busy.entry) {
        this.#sightings.set(worker, { ...busy, sinceMs: nowMs, hasWarned: false });
      } else if (!before.hasWarned && nowMs - before.sinceMs >= BUSY_MS_MAX) {
        before.hasWarned = true;
        const seconds = Math.round((nowMs - before.sinceMs) / 1000);
        this.#warn(
          `VU ${before.vuId} has run script code for ${seconds} s without a pause; the other VUs of its thread wait for it`,
        );
      }
    }
  }
}
