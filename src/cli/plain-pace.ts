/** When a run tells of its progress where lines stay: soon at first, then ever more seldom, and when something changes. */
import type { RunStatus } from '../engine/run-contract.ts';

/** From a time of the run on, one frame per period. */
const PERIODS: readonly (readonly [fromMs: number, periodMs: number])[] = [
  [0, 1000],
  [5000, 5000],
  [30_000, 10_000],
  [300_000, 30_000],
];

export class PlainPace {
  #startMs: number | undefined;
  #lastMs = 0;
  #news = '';

  /**
   * Whether it is time for a frame; if so, the next ones are counted from it.
   * @param crossed how many thresholds are crossed now.
   */
  isDue(timeMs: number, status: RunStatus, crossed: number): boolean {
    const { stage, isPaused, waits, scenarios = [] } = status;
    this.#startMs ??= timeMs;
    if (this.#lastMs === 0) this.#lastMs = timeMs;
    // A file need not grow while nothing happens any more.
    if (stage === 'lingering' || stage === 'done') return false;
    const sinceStartMs = timeMs - this.#startMs;
    const periodMs = PERIODS.findLast(([fromMs]) => sinceStartMs >= fromMs)?.[1] ?? 0;
    const states = scenarios.map(({ state }) => state);
    const news = JSON.stringify([stage, isPaused, waits.vus > 0, states, crossed]);
    const isNew = news !== this.#news && timeMs - this.#lastMs >= 1000;
    if (!isNew && timeMs - this.#lastMs < periodMs) return false;
    this.#news = news;
    this.#lastMs = timeMs;
    return true;
  }
}
