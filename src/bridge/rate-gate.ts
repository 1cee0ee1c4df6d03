/**
 * The `rps` option: at most so many requests per second over all threads of the run, as a token bucket
 * of one token. The threads share the time of the last slot given away.
 */
const MICROSECONDS_PER_MS = 1000;
const MICROSECONDS_PER_SECOND = 1e6;

export class RateGate {
  readonly buffer: SharedArrayBuffer;
  readonly #lastSlotUs: BigInt64Array;
  readonly #intervalUs: bigint;

  private constructor(buffer: SharedArrayBuffer, ratePerSecond: number) {
    this.buffer = buffer;
    this.#lastSlotUs = new BigInt64Array(buffer);
    this.#intervalUs = BigInt(Math.round(MICROSECONDS_PER_SECOND / ratePerSecond));
  }

  /** @param ratePerSecond more than 0. */
  static create(ratePerSecond: number): RateGate {
    return new RateGate(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT), ratePerSecond);
  }

  /** The same gate in another thread. */
  static attach(buffer: SharedArrayBuffer, ratePerSecond: number): RateGate {
    return new RateGate(buffer, ratePerSecond);
  }

  /** Takes the next free slot and gives its time, `timeMs` (epoch) or later. Never waits. */
  reserve(timeMs: number): number {
    const nowUs = BigInt(Math.round(timeMs * MICROSECONDS_PER_MS));
    for (;;) {
      const last = Atomics.load(this.#lastSlotUs, 0);
      const next = last + this.#intervalUs;
      const slot = next > nowUs ? next : nowUs;
      if (Atomics.compareExchange(this.#lastSlotUs, 0, last, slot) === last) {
        return Number(slot) / MICROSECONDS_PER_MS;
      }
    }
  }
}
