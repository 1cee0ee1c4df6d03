import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGoRandom, stepSeed } from './go-random.ts';
import { GO_RANDOM_STATE } from './go-random-state.ts';

const LENGTH = 607;
const TAP = 273;

test('a seed gives the numbers that k6 gives', () => {
  // Seen in k6 2.2.
  assert.equal(createGoRandom(12345)(), 0.8487305991992138);
  const next = createGoRandom(123);
  assert.deepEqual([next(), next()], [0.5813171323049762, 0.026224297271376255]);
});

test('a seed is a whole number modulo 2^31 - 1, and 0 stands for one of its own', () => {
  const first = (seed: number): number => createGoRandom(seed)();
  assert.equal(first(7.9), first(7));
  assert.equal(first(7 + (2 ** 31 - 1)), first(7));
  assert.equal(first(-1), first(2 ** 31 - 2));
  assert.equal(first(Number.NaN), first(0));
  assert.equal(first(0), first(89_482_311));
});

test('numbers spread evenly over [0, 1), also after the state has been gone through', () => {
  const next = createGoRandom(1);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const bucket = Math.floor(next() * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500, String(buckets));
});

const at = (numbers: ArrayLike<bigint>, index: number): bigint => numbers[index] ?? 0n;

/** Product of two polynomials modulo x^607 = x^334 + 1, coefficients modulo 2^64. */
function multiply(a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  const product = new BigUint64Array(2 * LENGTH - 1);
  for (let i = 0; i < LENGTH; i++) {
    if (a[i] === 0n) continue;
    for (let j = 0; j < LENGTH; j++) product[i + j] = at(product, i + j) + at(a, i) * at(b, j);
  }
  for (let degree = 2 * LENGTH - 2; degree >= LENGTH; degree--) {
    product[degree - LENGTH] = at(product, degree - LENGTH) + at(product, degree);
    product[degree - TAP] = at(product, degree - TAP) + at(product, degree);
  }
  return product.slice(0, LENGTH);
}

test('the state that is mixed in is the one 7.8e12 steps from seed 1', () => {
  const steps = 7_800_000_000_000n;
  let x = 1;
  for (let i = 0; i < 20; i++) x = stepSeed(x);
  const filled = Array.from({ length: LENGTH }, () => {
    const a = stepSeed(x);
    const b = stepSeed(a);
    x = stepSeed(b);
    return (BigInt(a) << 20n) ^ (BigInt(b) << 10n) ^ BigInt(x);
  });
  const placeOf = (n: bigint): number => Number((((333n - n) % 607n) + 607n) % 607n);
  // The sequence from its 607 first members on, and x^steps, which says how a later member follows from them.
  const sequence = new BigUint64Array(2 * LENGTH);
  for (let i = 0; i < LENGTH; i++) sequence[i] = at(filled, placeOf(BigInt(i - LENGTH)));
  for (let i = LENGTH; i < 2 * LENGTH; i++) {
    sequence[i] = at(sequence, i - LENGTH) + at(sequence, i - TAP);
  }
  const root = new BigUint64Array(LENGTH);
  root[1] = 1n;
  let power = new BigUint64Array(LENGTH);
  power[0] = 1n;
  for (const bit of steps.toString(2)) {
    power = multiply(power, power) as typeof power;
    if (bit === '1') power = multiply(root, power) as typeof power;
  }
  const state = new BigUint64Array(LENGTH);
  for (let k = 0; k < LENGTH; k++) {
    let sum = 0n;
    for (let i = 0; i < LENGTH; i++)
      sum = BigInt.asUintN(64, sum + at(power, i) * at(sequence, i + k));
    state[placeOf(steps - 607n + BigInt(k))] = sum;
  }
  assert.equal(Buffer.from(state.buffer).toString('base64'), GO_RANDOM_STATE);
});
