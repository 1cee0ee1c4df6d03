/**
 * Pseudo-random numbers from a seed: small, fast, equal on every machine. Not for secrets.
 */

export interface Prng {
  /** Uniform in [0, 1), 32 random bits. */
  next(): number;
  /** Uniform integer in [0, bound). */
  nextInt(bound: number): number;
}

/**
 * Generator sfc32 (C. Doty-Humphrey, PractRand), its state filled from `seed` by splitmix32.
 * Cost: about ten integer operations per number, no allocation.
 */
export function createPrng(seed: number): Prng {
  let state = seed | 0;
  const mix = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next();
  return { next, nextInt: (bound) => Math.floor(next() * bound) };
}

/** A seed that differs from run to run. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 4_294_967_296);
}
