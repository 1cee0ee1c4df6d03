import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_WAITS, RunCounters } from './run-counters.ts';

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
    socketsOpen: 0,
  });
});

test('iteration numbers are handed out once each, per scenario', () => {
  const counters = RunCounters.create(2, 1);
  assert.deepEqual(
    [0, 0, 1, 0].map((scenario) => counters.nextIteration(scenario)),
    [0, 1, 0, 2],
  );
});

test('shared iterations are claimed until none is left, and the rest can be taken at once', () => {
  const counters = RunCounters.create(1, 1);
  counters.setSharedIterations(0, 2);
  assert.deepEqual(
    [1, 2, 3].map(() => counters.claimShared(0)),
    [true, true, false],
  );
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

test('scenario progress is kept per worker and read for all workers with a part in it', () => {
  const counters = RunCounters.create(2, 3);
  const other = RunCounters.attach(counters.buffer, 2);
  const progress = {
    phase: 'waiting',
    isAborted: false,
    runningVus: 1,
    heldVus: 2,
    heldVusMax: 5,
    completeIterations: 3,
    interruptedIterations: 4,
    elapsedMs: -1500,
  } as const;
  const later = { ...progress, phase: 'stopping', isAborted: true, elapsedMs: 9000 } as const;
  assert.deepEqual(counters.progressOf(1), []);
  other.reportProgress(0, 1, progress);
  other.reportProgress(2, 1, later);
  other.enter(1, 9);
  assert.deepEqual(counters.progressOf(1), [progress, later]);
  assert.deepEqual(counters.progressOf(0), []);
  assert.equal(counters.busy(0), undefined);
  assert.equal(counters.busy(1)?.vuId, 9);
  counters.endProgress(2);
  assert.deepEqual(counters.progressOf(1)[1], {
    ...later,
    phase: 'done',
    runningVus: 0,
    heldVus: 0,
  });
  assert.deepEqual(counters.progressOf(0), []);
});

test('open sockets are counted over all threads', () => {
  const counters = RunCounters.create(1, 2);
  const other = RunCounters.attach(counters.buffer, 1);
  counters.addOpenSockets(1);
  other.addOpenSockets(1);
  other.addOpenSockets(1);
  counters.addOpenSockets(-1);
  assert.equal(counters.instance.socketsOpen, 2);
});

test('what VUs wait for is added up over the workers, and gone with a worker', () => {
  const counters = RunCounters.create(1, 3);
  const waits = { ...NO_WAITS, vus: 1, sockets: 2, intervals: 1 };
  counters.reportWaits(0, waits);
  RunCounters.attach(counters.buffer, 1).reportWaits(2, { ...NO_WAITS, vus: 3, sleeps: 3 });
  assert.deepEqual(counters.waits, { ...waits, vus: 4, sleeps: 3 });
  counters.endProgress(2);
  assert.deepEqual(counters.waits, waits);
  assert.equal(counters.busy(0), undefined);
  assert.deepEqual(counters.progressOf(0), []);
});
