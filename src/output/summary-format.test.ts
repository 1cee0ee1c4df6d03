import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatBytes, formatNumber, formatShare, formatTime } from './summary-format.ts';

it('shows times in the unit that suits them, cut off', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [0.0004, '400ns'],
    [0.8344279, '834.42µs'],
    [0.0035, '3.5µs'],
    [3.3, '3.3ms'],
    [(3.3 + 3.3 + 3.3) / 3, '3.29ms'],
    [109.2214233, '109.22ms'],
    [999.999, '999.99ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [59_999, '59.99s'],
    [60_000, '1m0s'],
    [61_999, '1m1s'],
    [3_721_500, '1h2m1s'],
    [-1500, '-1.5s'],
  ];
  for (const [timeMs, text] of cases) assert.equal(formatTime(timeMs, ''), text);
});

it('shows times in a fixed unit with two decimals', () => {
  assert.equal(formatTime(61_000, 's'), '61.00s');
  assert.equal(formatTime(12.3456, 'ms'), '12.35ms');
  assert.equal(formatTime(0.0004, 'us'), '0.40µs');
});

it('shows bytes by powers of 1000', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [9, '9 B'],
    [406, '406 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [3925.289, '3.9 kB'],
    [12120, '12 kB'],
    [999_400, '999 kB'],
    [1e6, '1.0 MB'],
    [5.5e9, '5.5 GB'],
    [-2000, '-2.0 kB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

it('cuts shares off and rounds plain numbers', () => {
  assert.equal(formatShare(60 / 63), '95.23%');
  assert.equal(formatShare(1), '100.00%');
  assert.equal(formatShare(0), '0.00%');
  assert.equal(formatNumber(20.403732456332808), '20.403732');
  assert.equal(formatNumber(1.9432126), '1.943213');
  assert.equal(formatNumber(13), '13');
});
