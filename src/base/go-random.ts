/**
 * The numbers that Go's `math/rand` gives for a seed, which are those of `Math.random` in a k6 script after
 * `randomSeed`: scripts that draw their data from a seed get the same data here.
 *
 * An additive lagged Fibonacci generator (Knuth, TAOCP 2, §3.2.2): x[n] = x[n-607] + x[n-273] mod 2^64.
 */
import { GO_RANDOM_STATE } from './go-random-state.ts';

const LENGTH = 607;
const TAP = 273;

/** Schrage's form of 48271 x mod (2^31 - 1), which fills the state from a seed. */
const MODULUS = 2 ** 31 - 1;
const QUOTIENT = 44_488;
const REMAINDER = 3_399;
const MULTIPLIER = 48_271;
/** Steps that are thrown away before the state is filled. */
const WARM_UP_STEPS = 20;
/** Stands for the seed 0, from which the generator would give zeros only. */
const ZERO_SEED = 89_482_311;

const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;

let mixin: Uint32Array | undefined;

/** Pairs of low and high words. */
function mixinWords(): Uint32Array {
  if (mixin === undefined) {
    const bytes = Buffer.from(GO_RANDOM_STATE, 'base64');
    mixin = Uint32Array.from({ length: 2 * LENGTH }, (_, i) => bytes.readUInt32LE(4 * i));
  }
  return mixin;
}

/** Next value of the linear congruence; `x` in [1, 2^31 - 2]. */
export function stepSeed(x: number): number {
  const high = Math.trunc(x / QUOTIENT);
  const next = MULTIPLIER * (x % QUOTIENT) - REMAINDER * high;
  return next < 0 ? next + MODULUS : next;
}

/**
 * @param seed Fractions are cut off, NaN and infinities count as 0.
 * @returns uniform numbers in [0, 1). Cost: 5 KB of state, 2,000 steps to fill it, a few operations per number.
 */
export function createGoRandom(seed: number): () => number {
  const words = seededWords(seed);
  let tap = 0;
  let feed = LENGTH - TAP;
  return function next(): number {
    tap = tap === 0 ? LENGTH - 1 : tap - 1;
    feed = feed === 0 ? LENGTH - 1 : feed - 1;
    const low = (words[2 * feed] ?? 0) + (words[2 * tap] ?? 0);
    const carry = low >= TWO_32 ? 1 : 0;
    words[2 * feed] = low;
    words[2 * feed + 1] = (words[2 * feed + 1] ?? 0) + (words[2 * tap + 1] ?? 0) + carry;
    // 63 bits, rounded to the 53 of a double.
    const high = (words[2 * feed + 1] ?? 0) & 0x7fff_ffff;
    const value = (high * TWO_32 + (words[2 * feed] ?? 0)) / TWO_63;
    return value === 1 ? next() : value;
  };
}

function seededWords(seed: number): Uint32Array {
  let x = Number.isFinite(seed) ? Math.trunc(seed) % MODULUS : 0;
  if (x < 0) x += MODULUS;
  if (x === 0) x = ZERO_SEED;
  for (let i = 0; i < WARM_UP_STEPS; i++) x = stepSeed(x);
  const words = Uint32Array.from(mixinWords());
  for (let i = 0; i < LENGTH; i++) {
    // a << 40 ^ b << 20 ^ c in 64 bits.
    const a = stepSeed(x);
    const b = stepSeed(a);
    x = stepSeed(b);
    words[2 * i] = (words[2 * i] ?? 0) ^ (b << 20) ^ x;
    words[2 * i + 1] = (words[2 * i + 1] ?? 0) ^ (a << 8) ^ (b >>> 12);
  }
  return words;
}
