import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSegment, parseSegmentSequence } from '../options/segment.ts';
import {
  divideBySegments,
  divideEvenly,
  numberAt,
  type Share,
  scale,
  shareByVus,
  WHOLE_DIVISION,
} from './segment.ts';

function sharesOf(sequence: string): Share[] {
  const segments = parseSegmentSequence(sequence);
  return segments.map((segment) => ({
    instance: divideBySegments(segment, segments),
    worker: undefined,
  }));
}

test('stripes are those of k6', () => {
  const cases: [string, number[][]][] = [
    ['0,1/3,2/3,1', [[0], [1], [2]]],
    ['0,1/2,3/4,1', [[0, 2], [1], [3]]],
    ['0,0.1,0.3,1', [[4], [1, 7], [0, 2, 3, 5, 6, 8, 9]]],
    ['0,0.25,1', [[1], [0, 2, 3]]],
  ];
  for (const [sequence, stripes] of cases) {
    const [share] = sharesOf(sequence);
    assert.deepEqual(
      share?.instance.stripes.map(({ offsets }) => offsets),
      stripes,
      sequence,
    );
  }
});

test('VUs are scaled as k6 does, for every count measured', () => {
  const cases: [string, number, number[]][] = [
    ['0,1/3,2/3,1', 0, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]],
    ['0,1/3,2/3,1', 1, [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]],
    ['0,1/3,2/3,1', 2, [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]],
    ['0,1/2,3/4,1', 0, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]],
    ['0,1/2,3/4,1', 2, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]],
    ['0,1/10,3/10,1', 0, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]],
    ['0,1/10,3/10,1', 1, [0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3]],
    ['0,1/10,3/10,1', 2, [1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 8]],
    ['0,0.25,1', 1, [1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9]],
  ];
  for (const [sequence, index, counts] of cases) {
    const share = sharesOf(sequence)[index];
    assert.ok(share !== undefined);
    assert.deepEqual(
      counts.map((_, i) => scale(i + 1, share)),
      counts,
      `${sequence} ${index}`,
    );
  }
});

test('without a sequence the rest of the test is before and after', () => {
  const share = {
    instance: divideBySegments(parseSegment('1/4:1/2'), undefined),
    worker: undefined,
  };
  assert.equal(share.instance.stripes.length, 3);
  assert.equal(scale(8, share), 2);
  assert.equal(
    scale(100, { instance: divideBySegments(undefined, undefined), worker: undefined }),
    100,
  );
});

test('iterations follow the VUs: a third of 10 VUs and 100 iterations is 4 VUs and 40', () => {
  const [share] = sharesOf('0,1/3,2/3,1');
  assert.ok(share !== undefined);
  assert.equal(scale(10, share), 4);
  const iterations = shareByVus(10, share);
  assert.ok(iterations !== undefined);
  assert.equal(scale(100, iterations), 40);
});

test('a part without VUs has no share in their iterations', () => {
  const share = { instance: WHOLE_DIVISION, worker: divideEvenly(3, 2) };
  assert.equal(shareByVus(2, share), undefined);
});

/** Random cuts of the whole into segments, and each again into worker threads. */
const partition = fc
  .record({
    denominator: fc.integer({ min: 1, max: 60 }),
    cuts: fc.array(fc.integer({ min: 1, max: 59 }), { maxLength: 5 }),
    workers: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ denominator, cuts, workers }) => {
    const points = [...new Set(cuts.map((cut) => cut % denominator).filter((cut) => cut > 0))];
    points.sort((a, b) => a - b);
    const text = ['0', ...points.map((point) => `${point}/${denominator}`), '1'].join(',');
    return sharesOf(text).flatMap(({ instance }) =>
      Array.from({ length: workers }, (_, i) => ({ instance, worker: divideEvenly(workers, i) })),
    );
  });

test('whatever the division, the parts add up to the whole and never shrink as it grows', () => {
  fc.assert(
    fc.property(partition, fc.nat(1000), (shares, value) => {
      const counts = shares.map((share) => scale(value, share));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        value,
      );
      for (const [i, share] of shares.entries()) {
        assert.ok(scale(value + 1, share) >= (counts[i] ?? 0));
      }
    }),
  );
});

test('each number belongs to exactly one part, which finds it by its place', () => {
  fc.assert(
    fc.property(partition, fc.integer({ min: 1, max: 300 }), (shares, value) => {
      const numbers = shares.flatMap((share) =>
        Array.from({ length: scale(value, share) }, (_, n) => numberAt(n, share)),
      );
      numbers.sort((a, b) => a - b);
      assert.deepEqual(
        numbers,
        Array.from({ length: value }, (_, i) => i),
      );
    }),
  );
});

test('shares by VUs add up to the whole too', () => {
  fc.assert(
    fc.property(partition, fc.integer({ min: 1, max: 40 }), fc.nat(500), (shares, vus, value) => {
      const total = shares
        .map((share) => shareByVus(vus, share))
        .reduce((sum, share) => sum + (share === undefined ? 0 : scale(value, share)), 0);
      assert.equal(total, value);
    }),
  );
});
