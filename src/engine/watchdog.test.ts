import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunCounters } from '../bridge/run-counters.ts';
import { Watchdog } from './watchdog.ts';

function setUp() {
  const warnings: string[] = [];
  const counters = RunCounters.create(0, 2);
  const watchdog = new Watchdog((message) => warnings.push(message));
  return { warnings, counters, check: (nowMs: number) => watchdog.check(counters, [0, 1], nowMs) };
}

test('a VU that runs on and on is reported once', () => {
  const { warnings, counters, check } = setUp();
  counters.enter(1, 7);
  for (const nowMs of [0, 1000, 2000, 3000, 4000]) check(nowMs);
  assert.deepEqual(warnings, [
    'VU 7 has run script code for 3 s without a pause; the other VUs of its thread wait for it',
  ]);
});

test('a VU that is found busy each time, but in another task, is not', () => {
  const { warnings, counters, check } = setUp();
  for (let nowMs = 0; nowMs < 10_000; nowMs += 1000) {
    counters.enter(0, 7);
    check(nowMs);
    counters.leave(0);
  }
  assert.deepEqual(warnings, []);
});
