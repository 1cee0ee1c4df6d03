/**
 * Tells at which ticks of a run an output is to push. Ticks are never punctual to the millisecond; one
 * that comes a little early counts, else an interval of one tick would become two.
 */
const EARLY_SHARE = 0.1;

export class PushInterval {
  readonly #leastMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#leastMs = intervalMs * (1 - EARLY_SHARE);
  }

  /** True, and a new interval begins, if the last one is over. The first call is always true. */
  isDue(timeMs: number): boolean {
    if (timeMs - this.#lastMs < this.#leastMs) return false;
    this.#lastMs = timeMs;
    return true;
  }
}
