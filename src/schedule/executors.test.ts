import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveScenario, type ScenarioConfig, type ScenarioFields } from '../options/scenario.ts';
import { FakeWorld } from '../testing/scenario-fake.ts';
import { startExecutor } from './executors.ts';
import type { ScenarioRun } from './scenario-run.ts';
import { divideEvenly, type Share, WHOLE_SHARE } from './segment.ts';

function configOf(executor: string, fields: ScenarioFields): ScenarioConfig {
  const { config, faults } = resolveScenario('main', { executor, fields });
  assert.deepEqual(faults, []);
  assert.ok(config !== undefined);
  return config;
}

interface Played {
  readonly run: ScenarioRun;
  readonly endMs: number | undefined;
  readonly error: Error | undefined;
}

/** Plays a scenario to its end on virtual time. */
function play(
  world: FakeWorld,
  executor: string,
  fields: ScenarioFields,
  share: Share = WHOLE_SHARE,
): Played {
  const { run } = startExecutor(configOf(executor, fields), share, world.port, 0);
  let endMs: number | undefined;
  let error: Error | undefined;
  run.whenDone((failure) => {
    assert.equal(endMs, undefined, 'done once');
    endMs = world.nowMs;
    error = failure;
  });
  world.run();
  assert.equal(world.pendingTimers, 0);
  assert.equal(world.countOf('acquire'), world.countOf('release'));
  return { run, endMs, error };
}

test('constant-vus: VUs loop until the duration is over, then may finish', () => {
  const world = new FakeWorld({ vus: 3, iterationMs: 300 });
  const { endMs, run } = play(world, 'constant-vus', { vus: 2, durationMs: 1000 });
  assert.equal(endMs, 1200);
  assert.equal(world.countOf('start'), 8);
  assert.equal(world.countOf('complete'), 8);
  assert.equal(run.progress().phase, 'done');
  assert.equal(run.progress().fraction, 1);
});

test('constant-vus: what runs longer than gracefulStop is interrupted', () => {
  const world = new FakeWorld({ vus: 1, iterationMs: 900 });
  const { endMs } = play(world, 'constant-vus', { durationMs: 1000, gracefulStopMs: 500 });
  assert.equal(endMs, 1500);
  assert.deepEqual(world.timesOf('interrupted'), [1500]);
  assert.equal(world.countOf('complete'), 1);
});

test('gracefulStop 0 interrupts at the end of the duration', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: Number.POSITIVE_INFINITY });
  const { endMs } = play(world, 'constant-vus', { vus: 2, durationMs: 1000, gracefulStopMs: 0 });
  assert.equal(endMs, 1000);
  assert.equal(world.countOf('interrupted'), 2);
});

test('a scenario waits for its startTime', () => {
  const world = new FakeWorld({ vus: 1, iterationMs: 10 });
  const { run } = startExecutor(configOf('per-vu-iterations', {}), WHOLE_SHARE, world.port, 700);
  assert.equal(run.progress().phase, 'waiting');
  assert.equal(run.progress().elapsedMs, -700);
  world.run();
  assert.deepEqual(world.timesOf('start'), [700]);
});

test('shared-iterations: VUs share the iterations and the scenario ends with the last', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: 200, sharedIterations: 5 });
  const { endMs } = play(world, 'shared-iterations', { vus: 2, iterations: 5 });
  assert.equal(endMs, 600);
  assert.equal(world.countOf('complete'), 5);
  assert.equal(world.dropped, 0);
});

test('shared-iterations: maxDuration drops what has not started', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: 400, sharedIterations: 20 });
  play(world, 'shared-iterations', { vus: 2, iterations: 20, maxDurationMs: 1000 });
  assert.equal(world.countOf('complete'), 6);
  assert.equal(world.dropped, 14);
  assert.equal(world.countOf('drop'), 1);
});

test('shared-iterations: threads draw from one counter, and one of them counts the rest', () => {
  // Two runs on one fake counter stand for two threads of one instance.
  const world = new FakeWorld({ vus: 4, iterationMs: 300, sharedIterations: 50 });
  const config = configOf('shared-iterations', { vus: 4, iterations: 50, maxDurationMs: 1000 });
  for (const index of [0, 1]) {
    const share = { ...WHOLE_SHARE, worker: divideEvenly(2, index) };
    startExecutor(config, share, world.port, 0);
  }
  world.run();
  assert.equal(world.countOf('complete') + world.dropped, 50);
  assert.equal(world.countOf('drop'), 1);
});

test('per-vu-iterations: each VU runs its own number', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: (vuId) => vuId * 100 });
  const { endMs } = play(world, 'per-vu-iterations', { vus: 2, iterations: 3 });
  assert.equal(endMs, 600);
  for (const id of [1, 2]) {
    assert.equal(world.events.filter((e) => e.kind === 'complete' && e.vuId === id).length, 3);
  }
});

test('per-vu-iterations: each unfinished VU drops its own rest', () => {
  const world = new FakeWorld({ vus: 1, iterationMs: (_, n) => (n === 0 ? 800 : 5000) });
  const fields = { iterations: 10, maxDurationMs: 1000, gracefulStopMs: 500 };
  const { endMs } = play(world, 'per-vu-iterations', fields);
  assert.equal(endMs, 1500);
  assert.equal(world.countOf('complete'), 1);
  assert.equal(world.countOf('interrupted'), 1);
  const drops = world.events.filter(({ kind }) => kind === 'drop');
  assert.deepEqual(
    drops.map(({ count, vuId }) => [count, vuId]),
    [[8, 1]],
  );
});

test('an abort interrupts at once and drops nothing', () => {
  for (const executor of ['shared-iterations', 'per-vu-iterations']) {
    const world = new FakeWorld({ vus: 2, iterationMs: 300, sharedIterations: 20 });
    const config = configOf(executor, { vus: 2, iterations: 20 });
    const { run } = startExecutor(config, WHOLE_SHARE, world.port, 0);
    let isDone = false;
    run.whenDone(() => {
      isDone = true;
    });
    world.addTimer(400, () => run.abort());
    world.run(400);
    assert.ok(isDone, executor);
    assert.equal(world.countOf('interrupted'), 2);
    assert.equal(world.dropped, 0);
    assert.ok(run.progress().isAborted);
    assert.equal(world.pendingTimers, 0);
  }
});

test('an abort before the start ends the scenario without an iteration', () => {
  const world = new FakeWorld({ vus: 1 });
  const config = configOf('constant-vus', { durationMs: 1000 });
  const { run } = startExecutor(config, WHOLE_SHARE, world.port, 5000);
  let isDone = false;
  run.whenDone(() => {
    isDone = true;
  });
  run.abort();
  world.run();
  assert.ok(isDone);
  assert.equal(world.events.length, 0);
});

test('stop() lets running iterations finish within gracefulStop', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: (vuId) => (vuId === 1 ? 600 : 60_000) });
  const config = configOf('constant-vus', { vus: 2, durationMs: 600_000, gracefulStopMs: 1000 });
  const { run } = startExecutor(config, WHOLE_SHARE, world.port, 0);
  world.addTimer(500, () => run.stop());
  world.run();
  assert.deepEqual(world.timesOf('complete'), [600]);
  assert.deepEqual(world.timesOf('interrupted'), [1500]);
});

test('a VU that is late is waited for, with k6 warnings, and given up after two seconds', () => {
  const late = new FakeWorld({ vus: 0, iterationMs: 10 });
  late.addTimer(900, () => late.addVu());
  const { error } = play(late, 'per-vu-iterations', {});
  assert.equal(error, undefined);
  assert.equal(late.countOf('complete'), 1);
  assert.deepEqual(
    late.events.filter(({ kind }) => kind === 'warn').map(({ text }) => text),
    new Array(2).fill('Could not get a VU from the buffer for 400ms'),
  );
  const never = new FakeWorld({ vus: 1, iterationMs: 10 });
  const failed = play(never, 'constant-vus', { vus: 2, durationMs: 60_000 });
  assert.match(String(failed.error?.message), /could not get a VU/);
  assert.equal(failed.endMs, 2000);
});

test('iterations without any wait leave turns to the event loop', () => {
  // Each look at the clock costs 0.1 ms; a turn may start iterations for 4 ms.
  const world = new FakeWorld({ vus: 50, iterationMs: 0, tickMs: 0.1 });
  const config = configOf('constant-vus', { vus: 50, durationMs: 1000 });
  const { run } = startExecutor(config, WHOLE_SHARE, world.port, 0);
  let longestMs = 0;
  let lastMs = 0;
  const watch = (): void => {
    longestMs = Math.max(longestMs, world.nowMs - lastMs);
    lastMs = world.nowMs;
    if (run.progress().phase !== 'done') world.addTimer(world.nowMs + 1, watch);
  };
  watch();
  world.run();
  assert.ok(world.countOf('start') > 1000, `${world.countOf('start')}`);
  assert.ok(longestMs < 20, `${longestMs}`);
});

test('constant-arrival-rate: starts on time whatever iterations take', () => {
  const world = new FakeWorld({ vus: 6, iterationMs: 300 });
  const fields = { rate: 10, durationMs: 2000, preAllocatedVUs: 6 };
  const { endMs } = play(world, 'constant-arrival-rate', fields);
  assert.deepEqual(
    world.timesOf('start'),
    Array.from({ length: 20 }, (_, k) => k * 100),
  );
  assert.equal(world.dropped, 0);
  assert.equal(endMs, 2200);
});

test('constant-arrival-rate: the period is cut to whole nanoseconds', () => {
  const world = new FakeWorld({ vus: 1 });
  play(world, 'constant-arrival-rate', { rate: 3, durationMs: 1000, preAllocatedVUs: 1 });
  // The fourth, at 999.999999 ms, is due because three periods of 333333333 ns fall short of 1 s.
  assert.deepEqual(world.timesOf('start'), [0, 333.333333, 666.666666, 999.999999]);
});

test('constant-arrival-rate: no idle VU means a drop, one more VU, one warning', () => {
  // As measured with k6: 5/s for 2 s, 2 VUs and one more, iterations of 0.5 s.
  const world = new FakeWorld({ vus: 2, iterationMs: 500, initMs: 20 });
  const fields = { rate: 5, durationMs: 2000, preAllocatedVUs: 2, maxVUs: 3 };
  play(world, 'constant-arrival-rate', fields);
  assert.deepEqual(world.timesOf('start'), [0, 200, 600, 800, 1000, 1200, 1400, 1600, 1800]);
  assert.equal(world.dropped, 1);
  assert.equal(world.countOf('warn'), 0);

  const poor = new FakeWorld({ vus: 1, iterationMs: 450 });
  play(poor, 'constant-arrival-rate', { rate: 10, durationMs: 1000, preAllocatedVUs: 1 });
  assert.equal(poor.countOf('start') + poor.dropped, 10);
  assert.deepEqual(
    poor.events.filter(({ kind }) => kind === 'warn').map(({ text }) => text),
    ['Insufficient VUs, reached 1 active VUs and cannot initialize more'],
  );
});

test('constant-arrival-rate: a coarse timer does not make drops where VUs get idle in time', () => {
  const world = new FakeWorld({ vus: 2, iterationMs: 0 });
  // The thread wakes up once a millisecond only; ten iterations are due by then.
  const port = { ...world.port };
  port.at = (dueMs, onDue) => world.port.at(Math.ceil(dueMs), onDue);
  const fields = { rate: 10_000, durationMs: 1000, preAllocatedVUs: 2 };
  startExecutor(configOf('constant-arrival-rate', fields), WHOLE_SHARE, port, 0);
  world.run();
  // Only at the very end there is no time left for more than one iteration per VU.
  assert.equal(world.countOf('start') + world.dropped, 10_000);
  assert.equal(world.dropped, 7);
});

test('constant-arrival-rate: VUs take turns', () => {
  const world = new FakeWorld({ vus: 3, iterationMs: 10 });
  play(world, 'constant-arrival-rate', { rate: 5, durationMs: 1000, preAllocatedVUs: 3 });
  const ids = world.events.filter(({ kind }) => kind === 'start').map(({ vuId }) => vuId);
  assert.deepEqual(ids, [1, 2, 3, 1, 2]);
});

test('constant-arrival-rate: iterations held up by a busy thread start late, at once', () => {
  const world = new FakeWorld({ vus: 9, iterationMs: 1 });
  world.addTimer(150, () => {
    world.nowMs = 620;
  });
  play(world, 'constant-arrival-rate', { rate: 10, durationMs: 1000, preAllocatedVUs: 9 });
  assert.deepEqual(world.timesOf('start'), [0, 100, 620, 620, 620, 620, 620, 700, 800, 900]);
});

test('constant-arrival-rate: late iterations by the thousand all start or are dropped', () => {
  const world = new FakeWorld({ vus: 0, tickMs: 0.001 });
  world.addTimer(1, () => {
    world.nowMs = 900;
  });
  const fields = { rate: 10_000, durationMs: 1000, preAllocatedVUs: 0, maxVUs: 1 };
  const { run } = startExecutor(
    configOf('constant-arrival-rate', fields),
    WHOLE_SHARE,
    world.port,
    0,
  );
  world.run();
  assert.equal(run.progress().phase, 'done');
  assert.equal(world.countOf('start') + world.dropped, 10_000);
});

test('ramping-arrival-rate: iterations are due when the integral of the rate reaches them', () => {
  // As measured with k6: 0 → 5/s in 2 s, jump to 2/s, 1 s at 2/s.
  const world = new FakeWorld({ vus: 5, iterationMs: 500 });
  play(world, 'ramping-arrival-rate', {
    preAllocatedVUs: 5,
    stages: [
      { durationMs: 2000, target: 5 },
      { durationMs: 0, target: 2 },
      { durationMs: 1000, target: 2 },
    ],
  });
  const times = world.timesOf('start').map((ms) => Math.round(ms));
  assert.deepEqual(times, [894, 1265, 1549, 1789, 2000, 2500]);
});

test('ramping-vus: VUs start and stop at the moments k6 has', () => {
  // As measured with k6: 0 → 3 → 0, 3 s each, gracefulRampDown and gracefulStop 0.
  const world = new FakeWorld({ vus: 3, iterationMs: Number.POSITIVE_INFINITY });
  const { endMs } = play(world, 'ramping-vus', {
    startVUs: 0,
    gracefulRampDownMs: 0,
    gracefulStopMs: 0,
    stages: [
      { durationMs: 3000, target: 3 },
      { durationMs: 3000, target: 0 },
    ],
  });
  assert.deepEqual(world.timesOf('start'), [1000, 2000, 3000]);
  const stops = world.events.filter(({ kind }) => kind === 'interrupted');
  assert.deepEqual(
    stops.map(({ atMs, vuId }) => [atMs, vuId]),
    [
      [4000, 3],
      [5000, 2],
      [6000, 1],
    ],
  );
  assert.equal(endMs, 6000);
});

test('ramping-vus: a VU asked to stop may finish within gracefulRampDown', () => {
  const fields = {
    startVUs: 2,
    gracefulRampDownMs: 500,
    stages: [
      { durationMs: 0, target: 1 },
      { durationMs: 3000, target: 1 },
    ],
  };
  const quick = new FakeWorld({ vus: 2, iterationMs: (vuId) => (vuId === 2 ? 400 : 1000) });
  play(quick, 'ramping-vus', fields);
  assert.equal(quick.countOf('interrupted'), 0);
  // Here the step from 2 to 1 is at 1 s, the end of the stages.
  const slow = new FakeWorld({ vus: 2, iterationMs: (vuId) => (vuId === 2 ? 1400 : 1000) });
  play(slow, 'ramping-vus', { ...fields, stages: [{ durationMs: 1000, target: 1 }] });
  assert.equal(slow.countOf('interrupted'), 0);
  const slower = new FakeWorld({ vus: 2, iterationMs: (vuId) => (vuId === 2 ? 1600 : 1000) });
  play(slower, 'ramping-vus', { ...fields, stages: [{ durationMs: 1000, target: 1 }] });
  assert.deepEqual(slower.timesOf('interrupted'), [1500]);
});

test('ramping-vus: a VU that is wanted again while it finishes goes on', () => {
  const world = new FakeWorld({ vus: 3, iterationMs: (vuId) => (vuId === 2 ? 1000 : 100) });
  play(world, 'ramping-vus', {
    startVUs: 2,
    stages: [
      { durationMs: 300, target: 2 },
      { durationMs: 0, target: 1 },
      { durationMs: 300, target: 1 },
      { durationMs: 0, target: 2 },
      { durationMs: 1000, target: 2 },
    ],
  });
  assert.equal(world.countOf('interrupted'), 0);
  const starts = world.events.filter(({ kind, vuId }) => kind === 'start' && vuId === 2);
  assert.deepEqual(
    starts.map(({ atMs }) => atMs),
    [0, 1000],
  );
  assert.equal(world.countOf('acquire'), 2);
});

test('externally-controlled: VUs follow the steering', () => {
  const world = new FakeWorld({ vus: 3, iterationMs: 100 });
  const config = configOf('externally-controlled', { vus: 1, maxVUs: 3, durationMs: 1000 });
  const running = startExecutor(config, WHOLE_SHARE, world.port, 0);
  const at = (ms: number, act: () => void): void => {
    world.addTimer(ms, act);
  };
  at(250, () => running.steer?.({ vus: 3 }));
  at(450, () => running.steer?.({ isPaused: true }));
  at(750, () => running.steer?.({ isPaused: false }));
  at(850, () => assert.throws(() => running.steer?.({ vus: 4 }), { code: 'STEERING_INVALID' }));
  const active: number[] = [];
  for (const ms of [50, 350, 650, 900])
    at(ms, () => active.push(running.run.progress().runningVus));
  world.run();
  assert.deepEqual(active, [1, 3, 0, 3]);
  assert.equal(running.run.progress().phase, 'done');
});

test('whatever the executor: all VUs come back, nothing starts after the end, ends add up', () => {
  const fields: Readonly<Record<string, ScenarioFields>> = {
    'shared-iterations': { vus: 3, iterations: 30, maxDurationMs: 1000, gracefulStopMs: 300 },
    'per-vu-iterations': { vus: 3, iterations: 9, maxDurationMs: 1000, gracefulStopMs: 300 },
    'constant-vus': { vus: 3, durationMs: 1000, gracefulStopMs: 300 },
    'ramping-vus': {
      startVUs: 1,
      stages: [
        { durationMs: 400, target: 3 },
        { durationMs: 600, target: 0 },
      ],
      gracefulRampDownMs: 200,
      gracefulStopMs: 300,
    },
    'constant-arrival-rate': {
      rate: 20,
      durationMs: 1000,
      preAllocatedVUs: 1,
      maxVUs: 3,
      gracefulStopMs: 300,
    },
    'ramping-arrival-rate': {
      startRate: 30,
      stages: [{ durationMs: 1000, target: 5 }],
      preAllocatedVUs: 1,
      maxVUs: 3,
      gracefulStopMs: 300,
    },
    'externally-controlled': { vus: 3, durationMs: 1000 },
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(fields)),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }),
      fc.option(fc.integer({ min: 0, max: 1300 })),
      fc.boolean(),
      (executor, durations, cutMs, isAbort) => {
        const world = new FakeWorld({
          vus: executor.endsWith('rate') ? 1 : 3,
          iterationMs: (vuId, n) => durations[(vuId + n) % durations.length] ?? 1,
          sharedIterations: 30,
        });
        const config = configOf(executor, fields[executor] ?? {});
        const { run } = startExecutor(config, WHOLE_SHARE, world.port, 0);
        let ends = 0;
        run.whenDone(() => ends++);
        if (cutMs !== null) world.addTimer(cutMs, () => (isAbort ? run.abort() : run.stop()));
        world.run();
        assert.equal(ends, 1);
        assert.equal(world.countOf('acquire'), world.countOf('release'));
        assert.equal(
          world.countOf('start'),
          world.countOf('complete') + world.countOf('interrupted'),
        );
        const lastStartMs = Math.max(-1, ...world.timesOf('start'));
        assert.ok(lastStartMs < Math.min(1000, cutMs ?? 1000) || lastStartMs === cutMs);
        const hardMs = executor === 'externally-controlled' ? 1000 : 1300;
        assert.ok(world.timesOf('complete').every((ms) => ms <= hardMs));
        assert.deepEqual(
          run.progress().completeIterations + run.progress().interruptedIterations,
          world.countOf('start'),
        );
      },
    ),
    { numRuns: 300 },
  );
});
