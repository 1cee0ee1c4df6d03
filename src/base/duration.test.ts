import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration, parseExtendedDuration } from './duration.ts';

test('parses Go durations to milliseconds', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['5.s', 5000],
    ['-1m', -60_000],
    ['+2ms', 2],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1500ns', 0.0015],
    ['1.5ns', 0.000001],
    ['2h45m30.5s', 9_930_500],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('refuses what Go refuses, in its words', () => {
  const cases: [string, string][] = [
    ['5', 'time: missing unit in duration "5"'],
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['abc', 'time: invalid duration "abc"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    ['3m5', 'time: missing unit in duration "3m5"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseDuration(text), { message, code: 'DURATION_INVALID' });
  }
});

test('the extended grammar takes numbers as milliseconds and days', () => {
  assert.equal(parseExtendedDuration(1000), 1000);
  assert.equal(parseExtendedDuration('1000'), 1000);
  assert.equal(parseExtendedDuration('1.5'), 1.5);
  assert.equal(parseExtendedDuration(0.0000019), 0.000001);
  assert.equal(parseExtendedDuration('1d'), 86_400_000);
  assert.equal(parseExtendedDuration('1d2h'), 93_600_000);
  assert.equal(parseExtendedDuration('-1d2h'), -93_600_000);
  assert.equal(parseExtendedDuration('30s'), 30_000);
  for (const bad of ['1d-2h', '1.5d', 'd', 'abc', '']) {
    assert.throws(() => parseExtendedDuration(bad), { code: 'DURATION_INVALID' }, bad);
  }
  assert.throws(() => parseExtendedDuration(Number.NaN));
});

test('formats as Go does', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [10_000, '10s'],
    [90_000, '1m30s'],
    [600_000, '10m0s'],
    [3_600_000, '1h0m0s'],
    [36_000, '36s'],
    [500, '500ms'],
    [1.5, '1.5ms'],
    [0.0015, '1.5µs'],
    [0.000001, '1ns'],
    [1001, '1.001s'],
    [-90_000, '-1m30s'],
    [93_600_000, '26h0m0s'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('parsing what was formatted gives the same nanoseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }), (ns) => {
      assert.equal(Math.round(parseDuration(formatDuration(ns / 1e6)) * 1e6), ns);
    }),
  );
});
