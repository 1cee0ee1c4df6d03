import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bucketOf, bucketValue } from './bucket.ts';
import { Sketch } from './sketch.ts';

const RELATIVE_ERROR = 0.005;
/** Below this, doubles are subnormal and count as zero. */
const NORMAL_MIN = 2.2250738585072014e-308;

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const latency = fc.double({ min: 0, max: 60_000, noNaN: true });
const values = fc.array(fc.oneof(finite, latency, fc.constantFrom(0, -0, 1, -1, 1e300)), {
  minLength: 1,
  maxLength: 300,
});

function exactPercentile(sorted: readonly number[], percent: number): number {
  const position = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? 0;
  const high = sorted[Math.ceil(position)] ?? 0;
  return low + (high - low) * (position - Math.floor(position));
}

function sketchOf(list: readonly number[], exactMax: number): Sketch {
  const sketch = new Sketch({ exactMax });
  for (const value of list) sketch.add(value);
  return sketch;
}

const PERCENTS = [0, 1, 25, 50, 90, 95, 99, 99.9, 100];

describe('bucket grid', () => {
  it('has a middle within the promised error of every value in the bucket', () => {
    fc.assert(
      fc.property(finite, (value) => {
        const middle = bucketValue(bucketOf(value));
        const bound = Math.max(Math.abs(value) * RELATIVE_ERROR, NORMAL_MIN);
        assert.ok(Math.abs(middle - value) <= bound, `${value} became ${middle}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('has keys in the order of values', () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        if (a <= b) assert.ok(bucketOf(a) <= bucketOf(b));
      }),
    );
  });

  it('keeps infinities apart from every finite value', () => {
    const infinity = bucketOf(Number.POSITIVE_INFINITY);
    assert.equal(bucketValue(infinity), Number.POSITIVE_INFINITY);
    assert.ok(bucketOf(Number.MAX_VALUE) < infinity);
    assert.equal(bucketValue(-infinity), Number.NEGATIVE_INFINITY);
  });
});

describe('Sketch', () => {
  it('shows each of its values once, exact or by the middle of its bucket', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1000), (list, exactMax) => {
        const shown: number[] = [];
        sketchOf(list, exactMax).forEachValue((value, count) => {
          for (let time = 0; time < count; time++) shown.push(value);
        });
        const expected =
          exactMax === 0 ? list.map((value) => bucketValue(bucketOf(value))) : list.map(Number);
        const ordered = (numbers: number[]) => numbers.map((n) => n + 0).sort((a, b) => a - b);
        assert.deepEqual(ordered(shown), ordered(expected));
      }),
    );
  });

  it("answers with k6's interpolation, exactly, while it is small", () => {
    fc.assert(
      fc.property(values, fc.constantFrom(...PERCENTS), (list, percent) => {
        fc.pre(list.every((value) => Math.abs(value) < 1e150));
        const sketch = sketchOf(list, 1000);
        const sorted = list.toSorted((a, b) => a - b);
        assert.equal(sketch.isExact, true);
        assert.equal(sketch.percentile(percent) + 0, exactPercentile(sorted, percent) + 0);
      }),
    );
  });

  it("gives k6's own numbers for its captured samples", () => {
    const sketch = sketchOf([0.3254, 1.021694], 8192);
    assert.equal(sketch.percentile(90), 0.9520646000000001);
    assert.equal(sketch.percentile(95), 0.9868793);
    assert.equal(sketch.percentile(50), 0.6735470000000001);
  });

  it('stays within its error past the exact values, for any finite values', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(...PERCENTS), (list, percent) => {
        // Interpolation between the largest doubles of both signs overflows in the exact answer too.
        fc.pre(list.every((value) => Math.abs(value) < 1e300));
        const sketch = sketchOf(list, 0);
        const sorted = list.toSorted((a, b) => a - b);
        const position = (percent / 100) * (list.length - 1);
        const near = [Math.floor(position), Math.ceil(position)].map((i) => sorted[i] ?? 0);
        // Between values of opposite signs the error is relative to the larger of them.
        const scale = Math.max(...near.map(Math.abs));
        const error = Math.abs(sketch.percentile(percent) - exactPercentile(sorted, percent));
        assert.ok(error <= scale * RELATIVE_ERROR + NORMAL_MIN, `error ${error} at ${scale}`);
        assert.equal(sketch.isExact, false);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps count, min, max and sum exact in both forms', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 10, 1000), (list, exactMax) => {
        const sketch = sketchOf(list, exactMax);
        assert.equal(sketch.count, list.length);
        assert.equal(
          sketch.sum,
          list.reduce((sum, value) => sum + value, 0),
        );
        assert.equal(sketch.min + 0, Math.min(...list) + 0);
        assert.equal(sketch.max + 0, Math.max(...list) + 0);
        assert.equal(sketch.percentile(0) + 0, sketch.min + 0);
        assert.equal(sketch.percentile(100) + 0, sketch.max + 0);
      }),
    );
  });

  it('gives the same percentiles however its parts were merged', () => {
    const parts = fc.array(fc.array(latency, { maxLength: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(parts, fc.constantFrom(0, 20, 1000), fc.nat(), (lists, exactMax, seed) => {
        const limit = { exactMax };
        const whole = sketchOf(lists.flat(), exactMax);
        const shuffled = lists.toSorted(
          (a, b) => ((a.length * 7 + seed) % 5) - ((b.length * 7 + seed) % 5),
        );
        const chain = new Sketch(limit);
        for (const list of shuffled) chain.merge(sketchOf(list, exactMax));
        const left = sketchOf(lists.slice(0, 3).flat(), exactMax);
        left.merge(sketchOf(lists.slice(3).flat(), exactMax));
        for (const merged of [chain, left]) {
          assert.equal(merged.count, whole.count);
          assert.equal(merged.isExact, whole.isExact);
          for (const p of PERCENTS) assert.equal(merged.percentile(p), whole.percentile(p));
        }
      }),
    );
  });

  it('doubles when merged with itself', () => {
    for (const exactMax of [0, 3, 100]) {
      const sketch = sketchOf([1, 2, 3], exactMax);
      sketch.merge(sketch);
      assert.equal(sketch.count, 6);
      assert.equal(sketch.sum, 12);
      assert.ok(Math.abs(sketch.percentile(50) - 2) <= 2 * RELATIVE_ERROR);
    }
  });

  it('answers 0 when empty, as k6 does, and the value when there is one', () => {
    const empty = new Sketch();
    assert.deepEqual([empty.avg, empty.min, empty.max, empty.percentile(95)], [0, 0, 0, 0]);
    const one = sketchOf([-7], 0);
    assert.deepEqual([one.avg, one.min, one.max, one.percentile(95)], [-7, -7, -7, -7]);
  });

  it('takes infinities', () => {
    for (const exactMax of [0, 100]) {
      const infinity = Number.POSITIVE_INFINITY;
      const sketch = sketchOf([1, 2, infinity, infinity], exactMax);
      assert.equal(sketch.max, infinity);
      assert.equal(sketch.percentile(100), infinity);
      assert.equal(sketch.percentile(90), infinity);
      assert.equal(sketch.percentile(0), 1);
    }
  });

  it('becomes bucketed exactly when the limit is passed', () => {
    const sketch = sketchOf([1, 2, 3], 3);
    assert.equal(sketch.isExact, true);
    sketch.add(4);
    assert.equal(sketch.isExact, false);
    assert.equal(sketch.count, 4);
  });

  it('is as new when it is cleared, exact or bucketed', () => {
    for (const limit of [100, 2]) {
      const sketch = sketchOf([5, 1, 9], limit);
      sketch.clear();
      assert.deepEqual([sketch.count, sketch.min, sketch.max, sketch.percentile(95)], [0, 0, 0, 0]);
      sketch.add(4);
      assert.equal(sketch.isExact, true);
      assert.deepEqual([sketch.count, sketch.sum, sketch.percentile(50)], [1, 4, 4]);
    }
  });
});
