/**
 * `Math` of a VU whose script uses `randomSeed`: everything is inherited, `random` comes from a
 * generator of the VU's own once it has been seeded.
 */
import { createGoRandom } from '../base/go-random.ts';
import type { RandomSource } from '../k6/core.ts';

/** Gives the global object a Math of its own at the first seeding; until then it is the language's. */
export function seedableMath(globalObject: object): RandomSource {
  let generator: (() => number) | undefined;
  let isInstalled = false;
  const install = (): void => {
    isInstalled = true;
    const own: object = Object.create(Math);
    Object.defineProperty(own, 'random', {
      value: (): number => generator?.() ?? Math.random(),
      writable: true,
      configurable: true,
    });
    Object.defineProperty(globalObject, 'Math', { value: own, writable: true, configurable: true });
  };
  return {
    install,
    seed: (seed) => {
      if (!isInstalled) install();
      generator = createGoRandom(seed);
    },
    unseed: () => {
      generator = undefined;
    },
  };
}
