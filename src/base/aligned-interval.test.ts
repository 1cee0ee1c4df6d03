import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAlignedInterval } from './aligned-interval.ts';
import { nowMs } from './clock.ts';

test('two timers of one period and offset tick at the same moments of the clock', async () => {
  const periodMs = 40;
  const offsetMs = 15;
  const slots: number[][] = [[], []];
  await new Promise<void>((resolve) => {
    const stops = slots.map((own) =>
      startAlignedInterval(periodMs, offsetMs, () => {
        own.push(Math.round((nowMs() - offsetMs) / periodMs));
        if (slots.every(({ length }) => length >= 3)) {
          for (const stop of stops) stop();
          resolve();
        }
      }),
    );
  });
  for (const own of slots) {
    // A busy machine may leave a moment out, but never counts one twice.
    assert.equal(new Set(own).size, own.length);
    assert.deepEqual(
      [...own].sort((a, b) => a - b),
      own,
    );
  }
});

test('it is over when it is stopped', async () => {
  let ticks = 0;
  const stop = startAlignedInterval(5, 0, () => {
    ticks++;
    stop();
  });
  await new Promise<void>((resolve) => {
    let seen = 0;
    const watch = startAlignedInterval(5, 2, () => {
      seen++;
      if (seen < 6) return;
      watch();
      resolve();
    });
  });
  assert.equal(ticks, 1);
});
