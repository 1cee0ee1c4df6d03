import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateGate } from './rate-gate.ts';

test('slots are one interval apart, whichever thread asks', () => {
  const here = RateGate.create(100);
  const there = RateGate.attach(here.buffer, 100);
  assert.deepEqual(
    [here.reserve(1000), there.reserve(1000), here.reserve(1001), there.reserve(1025)],
    [1000, 1010, 1020, 1030],
  );
});

test('unused time is not saved up: after a pause one request goes at once', () => {
  const gate = RateGate.create(10);
  gate.reserve(0);
  assert.deepEqual([gate.reserve(5000), gate.reserve(5000)], [5000, 5100]);
});
