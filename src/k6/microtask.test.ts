import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Coroutine } from '../suspend/op.ts';
import { hostFunction } from '../suspend/runtime.ts';
import { createQueueMicrotask } from './microtask.ts';
import { FakeHost } from './testing/fake-host.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('runs in order with promise reactions, and holds the iteration until then', async () => {
  const host = new FakeHost();
  const queueMicrotask = createQueueMicrotask(host);
  const log: string[] = [];
  queueMicrotask(() => log.push('first'));
  void Promise.resolve().then(() => log.push('reaction'));
  queueMicrotask(() => log.push('second'));
  assert.equal(host.holdCount, 2);
  assert.deepEqual(log, []);
  await turn();
  assert.deepEqual(log, ['first', 'reaction', 'second']);
  assert.equal(host.holdCount, 0);
  assert.equal(host.resources.size, 0);
});

test('an exception fails the iteration, and nothing else', async () => {
  const host = new FakeHost();
  const queueMicrotask = createQueueMicrotask(host);
  const error = new Error('mine');
  queueMicrotask(() => {
    throw error;
  });
  await turn();
  assert.deepEqual(host.errors, [error]);
  assert.equal(host.holdCount, 0);
});

test('waits while the VU is blocked', async () => {
  const host = new FakeHost();
  let isBlocked = true;
  const deferred: (() => unknown)[] = [];
  Object.defineProperty(host, 'isBlocked', { get: () => isBlocked });
  host.defer = (job?: () => unknown) => {
    if (job !== undefined) deferred.push(job);
  };
  let hasRun = false;
  createQueueMicrotask(host)(() => {
    hasRun = true;
  });
  await turn();
  assert.equal(hasRun, false);
  assert.equal(host.holdCount, 1);
  isBlocked = false;
  for (const job of deferred) job();
  assert.equal(hasRun, true);
});

test('a callback that may suspend is driven as a job of its own', async () => {
  const host = new FakeHost();
  const spawned: Coroutine[] = [];
  host.spawn = (coroutine?: Coroutine) => {
    if (coroutine !== undefined) spawned.push(coroutine);
  };
  let hasRun = false;
  const callback = hostFunction(host, 'callback', 0, function* () {
    yield* [];
    hasRun = true;
  });
  createQueueMicrotask(host)(callback);
  await turn();
  assert.equal(spawned.length, 1);
  assert.equal(hasRun, false);
  spawned[0]?.next();
  assert.equal(hasRun, true);
});

test('does not run once its iteration was interrupted', async () => {
  const host = new FakeHost();
  let hasRun = false;
  createQueueMicrotask(host)(() => {
    hasRun = true;
  });
  host.interrupt();
  await turn();
  assert.equal(hasRun, false);
  assert.equal(host.holdCount, 0);
});

test('takes functions only', () => {
  const queueMicrotask = createQueueMicrotask(new FakeHost());
  for (const bad of [undefined, null, 'x', {}]) assert.throws(() => queueMicrotask(bad), TypeError);
});
