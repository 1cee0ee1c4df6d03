/**
 * `Math` of a VU whose script uses `randomSeed`: everything is inherited, `random` comes from a
 * generator of the VU's own once it has been seeded.
 */
import { createPrng, type Prng } from '../base/prng.ts';
import type { RandomSource } from '../k6/core.ts';

/** Gives the global object a Math of its own at the first seeding; until then it is the language's. */
export function seedableMath(globalObject: object): RandomSource {
  let generator: Prng | undefined;
  let isInstalled = false;
  const install = (): void => {
    isInstalled = true;
    const own: object = Object.create(Math);
    Object.defineProperty(own, 'random', {
      value: (): number => generator?.next() ?? Math.random(),
      writable: true,
      configurable: true,
    });
    Object.defineProperty(globalObject, 'Math', { value: own, writable: true, configurable: true });
  };
  return {
    install,
    seed: (seed) => {
      if (!isInstalled) install();
      generator = createPrng(seed);
    },
    unseed: () => {
      generator = undefined;
    },
  };
}
