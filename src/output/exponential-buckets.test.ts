import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Sketch } from '../metrics/sketch.ts';
import { toExponentialBuckets } from './exponential-buckets.ts';

describe('toExponentialBuckets', () => {
  it('counts a power of two in the bucket that ends with it', () => {
    const sketch = new Sketch();
    for (const value of [0, 1, 2, 2.01, -8, 1024]) sketch.add(value);
    const { count, zeroCount, positive, negative } = toExponentialBuckets(sketch);
    assert.deepEqual([count, zeroCount], [6, 1]);
    assert.deepEqual(negative, { offset: 23, counts: [1] });
    assert.equal(positive.offset, -1);
    assert.deepEqual(
      [...positive.counts.entries()].filter(([, times]) => times > 0),
      [
        [0, 1],
        [8, 1],
        [9, 1],
        [80, 1],
      ],
    );
  });

  it('loses no value and puts each within its borders, exact or bucketed', () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 8192), (all, exactMax) => {
        const sketch = new Sketch({ exactMax });
        for (const value of all) sketch.add(value);
        const { count, positive } = toExponentialBuckets(sketch);
        assert.equal(count, all.length);
        assert.equal(
          positive.counts.reduce((sum, times) => sum + times, 0),
          all.length,
        );
        // The number of values up to each border is right, if values near to it do not matter.
        let upTo = 0;
        for (const [index, times] of positive.counts.entries()) {
          upTo += times;
          const border = 2 ** ((positive.offset + index + 1) / 8);
          const sure = all.filter((value) => value < border * 0.996).length;
          const possible = all.filter((value) => value < border * 1.004).length;
          assert.ok(upTo >= sure && upTo <= possible, `${upTo} up to ${border}`);
        }
      }),
      { numRuns: 200 },
    );
  });
});
