import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveScenario, type ScenarioConfig, type ScenarioFields } from '../options/scenario.ts';
import { parseSegment, type Segment } from '../options/segment.ts';
import { mergeProgress, viewScenario } from './progress.ts';
import {
  describePlan,
  divideAmongWorkers,
  type InstancePlan,
  idInTest,
  instanceDivision,
  iterationInTest,
  iterationShare,
  planInstance,
} from './requirements.ts';
import type { ScenarioProgress } from './scenario-run.ts';

type Given = readonly [name: string, executor: string, fields: ScenarioFields];

function planOf(given: readonly Given[], executionSegment?: Segment): InstancePlan {
  const scenarios = given.map(([name, executor, fields]): ScenarioConfig => {
    const { config, faults } = resolveScenario(name, { executor, fields });
    assert.deepEqual(faults, []);
    assert.ok(config !== undefined);
    return config;
  });
  return planInstance({ scenarios, executionSegment, executionSegmentSequence: undefined });
}

test('scenarios that cannot overlap use the same VUs, those that may do not', () => {
  const pair = (gracefulStopMs: number): InstancePlan =>
    planOf([
      ['a', 'constant-vus', { vus: 2, durationMs: 1000, gracefulStopMs }],
      ['b', 'constant-vus', { vus: 2, durationMs: 1000, startTimeMs: 1000, gracefulStopMs }],
    ]);
  assert.equal(pair(0).plannedVus, 2);
  assert.equal(pair(0).totalDurationMs, 2000);
  assert.equal(pair(5000).plannedVus, 4);
  assert.equal(pair(5000).totalDurationMs, 7000);
});

test('VUs made on the way count to the maximum only', () => {
  const plan = planOf([
    ['a', 'constant-vus', { vus: 2, durationMs: 1000 }],
    ['b', 'constant-arrival-rate', { rate: 1, durationMs: 1000, preAllocatedVUs: 1, maxVUs: 9 }],
  ]);
  assert.equal(plan.plannedVus, 3);
  assert.equal(plan.maxVus, 11);
});

test('scenarios without work in the segment are left out', () => {
  const given: Given[] = [
    ['a', 'constant-vus', { vus: 1, durationMs: 1000 }],
    ['b', 'constant-vus', { vus: 8, durationMs: 1000 }],
  ];
  const plan = planOf(given, parseSegment('3/4:1'));
  assert.deepEqual(
    plan.scenarios.map(({ config }) => config.name),
    ['b'],
  );
  assert.equal(plan.plannedVus, 2);
  assert.match(describePlan(plan).headline, /^\(25\.00%\) 1 scenario, 2 max VUs, /);
});

test('the description is in the words of k6', () => {
  const lineOf = (executor: string, fields: ScenarioFields): string =>
    describePlan(planOf([['s', executor, fields]])).lines[0] ?? '';
  assert.equal(
    lineOf('constant-vus', { vus: 2, durationMs: 3000, exec: 'chat', gracefulStopMs: 2000 }),
    's: 2 looping VUs for 3s (exec: chat, gracefulStop: 2s)',
  );
  assert.equal(
    lineOf('per-vu-iterations', { iterations: 3, maxDurationMs: 5000, startTimeMs: 1000 }),
    's: 3 iterations for each of 1 VUs (maxDuration: 5s, startTime: 1s, gracefulStop: 30s)',
  );
  assert.equal(
    lineOf('shared-iterations', { vus: 2, iterations: 20, gracefulStopMs: 0 }),
    's: 20 iterations shared among 2 VUs (maxDuration: 10m0s)',
  );
  assert.equal(
    lineOf('ramping-vus', { stages: [{ durationMs: 1000, target: 2 }], gracefulStopMs: 1000 }),
    's: Up to 2 looping VUs for 1s over 1 stages (gracefulRampDown: 30s, gracefulStop: 1s)',
  );
  assert.equal(
    lineOf('constant-arrival-rate', { rate: 5, durationMs: 2000, preAllocatedVUs: 2, maxVUs: 3 }),
    's: 5.00 iterations/s for 2s (maxVUs: 2-3, gracefulStop: 30s)',
  );
  assert.equal(
    lineOf('ramping-arrival-rate', {
      timeUnitMs: 60_000,
      preAllocatedVUs: 4,
      stages: [{ durationMs: 90_000, target: 90 }],
    }),
    's: Up to 1.50 iterations/s for 1m30s over 1 stages (maxVUs: 4, gracefulStop: 30s)',
  );
  assert.equal(
    lineOf('constant-vus', { durationMs: 1000, gracefulStopMs: 0 }),
    's: 1 looping VUs for 1s',
  );
});

test('the headline counts scenarios, VUs and the longest time', () => {
  const plan = planOf([
    ['chat', 'constant-vus', { vus: 2, durationMs: 3000, gracefulStopMs: 2000 }],
    ['feed', 'per-vu-iterations', { iterations: 3, maxDurationMs: 5000, startTimeMs: 1000 }],
  ]);
  assert.equal(
    describePlan(plan).headline,
    '(100.00%) 2 scenarios, 3 max VUs, 36s max duration (incl. graceful stop):',
  );
});

test('an endless scenario has no longest time', () => {
  const plan = planOf([['a', 'externally-controlled', { vus: 1, maxVUs: 2 }]]);
  assert.equal(plan.totalDurationMs, Number.POSITIVE_INFINITY);
  assert.match(describePlan(plan).headline, /infinite max duration/);
});

test('threads get every VU once, small scenarios spread, and ids count through', () => {
  const many = planOf(
    ['a', 'b', 'c', 'd'].map((name): Given => [name, 'constant-vus', { durationMs: 1000 }]),
  );
  assert.deepEqual(
    divideAmongWorkers(many, 4).map(({ scenarios }) => scenarios.length),
    [1, 1, 1, 1],
  );
  const one = divideAmongWorkers(planOf([['a', 'constant-vus', { vus: 5, durationMs: 1000 }]]), 2);
  assert.deepEqual(
    one.map(({ vuIds }) => vuIds),
    [
      [1, 3, 5],
      [2, 4],
    ],
  );
});

test('scenarios one after the other find the same VUs on each thread', () => {
  const plan = planOf([
    ['a', 'constant-vus', { vus: 3, durationMs: 1000, gracefulStopMs: 0 }],
    ['b', 'constant-vus', { vus: 3, durationMs: 1000, startTimeMs: 1000 }],
  ]);
  const workers = divideAmongWorkers(plan, 2);
  assert.deepEqual(
    workers.map(({ plannedVus }) => plannedVus),
    [2, 1],
  );
});

test('whatever the number of threads, VUs and scenarios add up', () => {
  const scenario = fc.record({
    vus: fc.integer({ min: 1, max: 9 }),
    startTimeMs: fc.nat(3000),
    durationMs: fc.integer({ min: 1000, max: 3000 }),
  });
  fc.assert(
    fc.property(
      fc.array(scenario, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (fields, count) => {
        const plan = planOf(
          fields.map(
            (field, i): Given => [`s${i}`, 'constant-vus', { ...field, gracefulStopMs: 0 }],
          ),
        );
        const workers = divideAmongWorkers(plan, count);
        const planned = workers.reduce((sum, { plannedVus }) => sum + plannedVus, 0);
        // Each thread must be able to serve its own peak, so together they have no fewer.
        assert.ok(planned >= plan.plannedVus);
        const ids = workers.flatMap(({ vuIds }) => vuIds).sort((a, b) => a - b);
        assert.deepEqual(
          ids,
          ids.map((_, i) => i + 1),
        );
        for (const { config } of plan.scenarios) {
          const parts = workers.flatMap(({ scenarios }) =>
            scenarios.filter((part) => part.config.name === config.name),
          );
          assert.ok(parts.length >= 1);
        }
      },
    ),
  );
});

test('the id of a VU in the test counts those of other instances too', () => {
  const options = {
    executionSegment: parseSegment('1/3:2/3'),
    executionSegmentSequence: undefined,
  };
  assert.deepEqual(
    [1, 2, 3].map((id) => idInTest(id, instanceDivision(options))),
    [2, 5, 8],
  );
});

test('the iterations of all instances are numbered without gaps and without doubles', () => {
  const sequence = ['0:1/4', '1/4:1/2', '1/2:1'].map(parseSegment);
  const scenarios = [
    ['shared-iterations', { vus: 5, iterations: 20 }],
    ['constant-arrival-rate', { rate: 1, durationMs: 20_000, preAllocatedVUs: 5 }],
    ['constant-vus', { vus: 4, durationMs: 1000 }],
  ] as const;
  for (const [executor, fields] of scenarios) {
    const numbers = sequence.flatMap((executionSegment) => {
      const options = { executionSegment, executionSegmentSequence: sequence };
      const instance = instanceDivision(options);
      const [scenario] = planOf([['a', executor, fields]]).scenarios;
      assert.ok(scenario !== undefined);
      const iterations = iterationShare(scenario.config, instance);
      return Array.from({ length: 20 }, (_, n) => iterationInTest(n, iterations));
    });
    const first = numbers.filter((number) => number < 20).sort((a, b) => a - b);
    assert.deepEqual(first, [...Array(20).keys()], executor);
  }
});

test('the view of a scenario adds up its threads', () => {
  const plan = planOf([['a', 'per-vu-iterations', { vus: 2, iterations: 5 }]]);
  const part: ScenarioProgress = {
    phase: 'running',
    isAborted: false,
    runningVus: 1,
    heldVus: 1,
    heldVusMax: 1,
    completeIterations: 3,
    interruptedIterations: 0,
    elapsedMs: 1500,
    fraction: 0.6,
  };
  const merged = mergeProgress([part, { ...part, phase: 'done', completeIterations: 5 }]);
  const [scenario] = plan.scenarios;
  assert.ok(merged !== undefined && scenario !== undefined);
  const view = viewScenario(scenario, merged);
  assert.equal(view.state, 'running');
  assert.equal(view.fraction, 0.8);
  assert.equal(view.durationText, '10m0s');
  assert.deepEqual(view.counts, {
    executor: 'per-vu-iterations',
    vus: 2,
    iterationsDone: 8,
    iterations: 10,
    iterationsPerVu: 5,
  });
  assert.equal(mergeProgress([]), undefined);
});
