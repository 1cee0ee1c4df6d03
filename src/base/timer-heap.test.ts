import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nowMs } from './clock.ts';
import { TimerHeap } from './timer-heap.ts';

function fired(set: (heap: TimerHeap, note: (name: string) => () => void) => void, count: number) {
  return new Promise<string[]>((resolve) => {
    const names: string[] = [];
    set(new TimerHeap(), (name) => () => {
      names.push(name);
      if (names.length === count) resolve(names);
    });
  });
}

test('timers fire by due time, and in the order they were set when due together', async () => {
  const names = await fired((heap, note) => {
    const now = nowMs();
    heap.set(now + 12, note('late'));
    heap.set(now + 4, note('first'));
    heap.set(now + 4, note('second'));
    heap.set(Number.NEGATIVE_INFINITY, note('before all'));
    heap.set(now - 5, note('overdue'));
  }, 5);
  assert.deepEqual(names, ['before all', 'overdue', 'first', 'second', 'late']);
});

test('a timer never fires before it is due', async () => {
  const dueMs = nowMs() + 3.7;
  await fired((heap, note) => {
    heap.set(dueMs, () => {
      assert.ok(nowMs() >= dueMs);
      note('due')();
    });
  }, 1);
});

test('a cancelled timer stays silent, and cancelling twice is harmless', async () => {
  const names = await fired((heap, note) => {
    const never = heap.set(nowMs() + 1, note('never'));
    never.cancel();
    never.cancel();
    heap.set(nowMs() + 5, note('kept'));
  }, 1);
  assert.deepEqual(names, ['kept']);
});

test('a timer set by a callback and already due fires after those that were due with it', async () => {
  const names = await fired((heap, note) => {
    const now = nowMs();
    heap.set(now, () => {
      note('one')();
      heap.set(now, note('nested'));
    });
    heap.set(now, note('two'));
  }, 3);
  assert.deepEqual(names, ['one', 'two', 'nested']);
});

test('thousands of timers, most of them cancelled, leave the rest in order', async () => {
  const total = 5000;
  const names = await fired((heap, note) => {
    const now = nowMs();
    for (let i = 0; i < total; i += 1) {
      const timer = heap.set(now + ((i * 7919) % 50) / 10, note(String((i * 7919) % 50)));
      if (i % 10 !== 0) timer.cancel();
    }
  }, total / 10);
  const due = names.map(Number);
  assert.deepEqual(
    due,
    [...due].sort((a, b) => a - b),
  );
});

test('a timer cancelled by a callback does not keep the process waiting', async () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await fired((heap, note) => {
    const far = heap.set(nowMs() + 60_000, note('far'));
    heap.set(nowMs() + 1, () => {
      far.cancel();
      note('near')();
    });
  }, 1);
  const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  assert.equal(after, before);
});
