/**
 * A trend's distribution in exponential buckets, as Prometheus (native histograms) and OpenTelemetry
 * (exponential histograms) have them: at scale s, each power of two is divided into 2^s buckets.
 *
 * A sketch gives its values within 0.39 %, so a value next to a border may be counted in the bucket beside.
 */
import type { Sketch } from '../metrics/sketch.ts';

/** Buckets grow by 2^(1/8): 9 %. The scale that k6's histograms have. */
export const SCALE = 3;
const PER_OCTAVE = 2 ** SCALE;

/** Counts of neighbouring buckets without gaps. */
export interface BucketRange {
  /** Index of the first one. Bucket i holds what is above 2^(i / 8) and not above 2^((i + 1) / 8). */
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface ExponentialBuckets {
  readonly count: number;
  readonly zeroCount: number;
  readonly positive: BucketRange;
  /** By absolute value. */
  readonly negative: BucketRange;
}

/** @param unit what values are multiplied by: 0.001 makes seconds of milliseconds. */
export function toExponentialBuckets(sketch: Sketch, unit = 1): ExponentialBuckets {
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  let count = 0;
  let zeroCount = 0;
  sketch.forEachValue((value, times) => {
    count += times;
    const size = Math.abs(value * unit);
    if (size === 0) {
      zeroCount += times;
      return;
    }
    const counts = value > 0 ? positive : negative;
    const index = exponentialIndex(size);
    counts.set(index, (counts.get(index) ?? 0) + times);
  });
  return { count, zeroCount, positive: toRange(positive), negative: toRange(negative) };
}

/** Infinity counts with the largest numbers. */
function exponentialIndex(size: number): number {
  return Math.ceil(Math.log2(Math.min(size, Number.MAX_VALUE)) * PER_OCTAVE) - 1;
}

function toRange(counts: ReadonlyMap<number, number>): BucketRange {
  if (counts.size === 0) return { offset: 0, counts: [] };
  const indexes = [...counts.keys()];
  const offset = Math.min(...indexes);
  const length = Math.max(...indexes) - offset + 1;
  return {
    offset,
    counts: Array.from({ length }, (_, index) => counts.get(offset + index) ?? 0),
  };
}
