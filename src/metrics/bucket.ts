/**
 * The bucket grid of trend sketches: which integer key a value falls into, and back.
 *
 * A key is the sign, the exponent and the top 7 mantissa bits of the double itself, so it costs two
 * memory accesses and no logarithm, needs no configured range, and keys are in the order of values.
 * Buckets of a power of two are 128 equal steps; the middle of one is within 1/256 (0.39 %) of every
 * value in it. Values nearer to zero than 2.3e-308 count as zero; infinities have buckets of their own.
 */

/** Buckets per power of two. */
export const BUCKETS_PER_OCTAVE = 128;

const DROPPED_BITS = 13;
const HALF_STEP = 1 << (DROPPED_BITS - 1);
/** Key of the first bucket above the subnormal numbers. */
const NORMAL_KEY_MIN = BUCKETS_PER_OCTAVE;
const INFINITY_KEY = 2047 * BUCKETS_PER_OCTAVE;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Index of the word with sign, exponent and upper mantissa. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** The key of a value (not NaN): negative for negative values, 0 for zero. Allocates nothing. */
export function bucketOf(value: number): number {
  double[0] = value;
  const high = words[HIGH] ?? 0;
  const key = (high & 0x7fffffff) >>> DROPPED_BITS;
  if (key < NORMAL_KEY_MIN) return 0;
  return high >>> 31 === 1 ? -key : key;
}

/** The middle of a bucket. */
export function bucketValue(key: number): number {
  if (key === 0) return 0;
  const size = Math.abs(key);
  if (size >= INFINITY_KEY) return key > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  words[HIGH] = (size << DROPPED_BITS) | HALF_STEP;
  words[LOW] = 0;
  const value = double[0] ?? 0;
  return key > 0 ? value : -value;
}
