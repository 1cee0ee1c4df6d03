import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunCounters } from './run-counters.ts';

test('another thread sees the same counters', () => {
  const counters = RunCounters.create(2, 3);
  const other = RunCounters.attach(counters.buffer, 2);
  counters.addActiveVus(3);
  other.addActiveVus(-1);
  other.countIteration('complete');
  counters.countIteration('interrupted');
  assert.deepEqual(counters.instance, {
    vusActive: 2,
    vusInitialized: 0,
    iterationsCompleted: 1,
    iterationsInterrupted: 1,
  });
});

test('iteration numbers are handed out once each, per scenario', () => {
  const counters = RunCounters.create(2, 1);
  assert.deepEqual([0, 0, 1, 0].map((scenario) => counters.nextIteration(scenario)), [0, 1, 0, 2]);
  assert.equal(counters.startedIterations(0), 3);
});

test('shared iterations are claimed until none is left, and the rest can be taken at once', () => {
  const counters = RunCounters.create(1, 1);
  counters.setSharedIterations(0, 2);
  assert.deepEqual([1, 2, 3].map(() => counters.claimShared(0)), [true, true, false]);
  assert.equal(counters.sharedLeft(0), 0);
  counters.setSharedIterations(0, 5);
  counters.claimShared(0);
  assert.equal(counters.takeSharedLeft(0), 4);
  assert.equal(counters.claimShared(0), false);
});

test('the watchdog sees which VU uses a thread, and that a new entry is not the old one', () => {
  const counters = RunCounters.create(1, 2);
  assert.equal(counters.busy(1), undefined);
  counters.enter(1, 0);
  const before = counters.busy(1);
  counters.leave(1);
  assert.equal(counters.busy(1), undefined);
  counters.enter(1, 0);
  const after = counters.busy(1);
  assert.equal(after?.vuId, 0);
  assert.notEqual(after?.entry, before?.entry);
});
