import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ConstantArrivalRateConfig,
  type RampingArrivalRateConfig,
  type RampingVusConfig,
  resolveScenario,
  type ScenarioConfig,
  type ScenarioFields,
  type Stage,
} from '../options/scenario.ts';
import { constantDues } from './constant-arrival-rate.ts';
import { planScenario } from './executors.ts';
import { rampingDues, rateAt } from './ramping-arrival-rate.ts';
import { rampSteps } from './ramping-vus.ts';
import { divideEvenly, type Share, WHOLE_DIVISION, WHOLE_SHARE } from './segment.ts';
import type { Step } from './steps.ts';

function configOf<E extends ScenarioConfig['executor']>(
  executor: E,
  fields: ScenarioFields,
): Extract<ScenarioConfig, { executor: E }> {
  const { config, faults } = resolveScenario('main', { executor, fields });
  assert.deepEqual(faults, []);
  assert.ok(config?.executor === executor);
  return config as Extract<ScenarioConfig, { executor: E }>;
}

function workerShares(workers: number): Share[] {
  return Array.from({ length: workers }, (_, i) => ({
    instance: WHOLE_DIVISION,
    worker: divideEvenly(workers, i),
  }));
}

const stagesOf = (durationMax: number, targetMax: number): fc.Arbitrary<Stage[]> =>
  fc.array(
    fc.record({
      durationMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: durationMax })),
      target: fc.nat(targetMax),
    }),
    { minLength: 1, maxLength: 5 },
  );

/** Count of looping VUs at a moment, straight from the rule for each VU of each stage. */
function modelVus(config: RampingVusConfig, atNs: bigint): number {
  let count = config.startVUs;
  let from = config.startVUs;
  let endNs = 0n;
  for (const { durationMs, target: to } of config.stages) {
    const stageNs = BigInt(Math.round(durationMs * 1e6));
    endNs += stageNs;
    for (let n = from + 1; n <= to; n++) {
      if (endNs - (stageNs * BigInt(to - n)) / BigInt(to - from) <= atNs) count = n;
    }
    for (let n = from; n > to; n--) {
      if (endNs - (stageNs * BigInt(to - n + 1)) / BigInt(to - from) <= atNs) count = n - 1;
    }
    from = to;
  }
  return count;
}

function valueAt(steps: Iterable<{ offsetMs: number; vus: number }>, atMs: number): number {
  let value = 0;
  for (const { offsetMs, vus } of steps) if (offsetMs <= atMs) value = vus;
  return value;
}

test('ramping-vus: the steps are those of the rule, at every nanosecond', () => {
  fc.assert(
    fc.property(
      fc.nat(12),
      stagesOf(5000, 12),
      fc.array(fc.integer({ min: 0, max: 25_000_000_000 }), { minLength: 1, maxLength: 20 }),
      (startVUs, stages, momentsNs) => {
        fc.pre(startVUs > 0 || stages.some(({ target }) => target > 0));
        const config = configOf('ramping-vus', { startVUs, stages });
        const steps = [...rampSteps(config, WHOLE_SHARE)];
        for (const step of steps) momentsNs.push(Math.round(step.offsetMs * 1e6));
        for (const ns of momentsNs) {
          assert.equal(valueAt(steps, ns / 1e6), modelVus(config, BigInt(ns)), `at ${ns} ns`);
        }
      },
    ),
  );
});

test('ramping-vus: the threads add up to the whole at every step', () => {
  fc.assert(
    fc.property(
      fc.nat(9),
      stagesOf(5000, 9),
      fc.integer({ min: 1, max: 4 }),
      (startVUs, stages, workers) => {
        fc.pre(startVUs > 0 || stages.some(({ target }) => target > 0));
        const config = configOf('ramping-vus', { startVUs, stages });
        const parts = workerShares(workers).map((share) => [...rampSteps(config, share)]);
        for (const { offsetMs, vus } of rampSteps(config, WHOLE_SHARE)) {
          const sum = parts.reduce((total, steps) => total + valueAt(steps, offsetMs), 0);
          assert.equal(sum, vus);
        }
      },
    ),
  );
});

test('ramping-vus: the reservation is the highest count of the gracefulRampDown before', () => {
  fc.assert(
    fc.property(
      fc.nat(6),
      stagesOf(3000, 6),
      fc.nat(4000),
      fc.array(fc.nat(20_000), { minLength: 5, maxLength: 20 }),
      (startVUs, stages, gracefulRampDownMs, moments) => {
        fc.pre(startVUs > 0 || stages.some(({ target }) => target > 0));
        const config = configOf('ramping-vus', { startVUs, stages, gracefulRampDownMs });
        const raw = [...rampSteps(config, WHOLE_SHARE)];
        const plan = planScenario(config, WHOLE_SHARE);
        const endMs = plan.at(-1)?.offsetMs ?? 0;
        for (const atMs of moments) {
          const inWindow = raw.filter(
            ({ offsetMs }) => offsetMs <= atMs && offsetMs > atMs - gracefulRampDownMs,
          );
          const before = valueAt(raw, atMs - gracefulRampDownMs);
          const peak = Math.max(before, ...inWindow.map(({ vus }) => vus));
          assert.equal(valueAt(plan, atMs), atMs < endMs ? peak : 0, `at ${atMs}`);
        }
      },
    ),
  );
});

test('ramping-vus: a hundred thousand VUs over an hour are planned exactly and fast', () => {
  const stages = [{ durationMs: 3_600_000, target: 100_000 }];
  const config = configOf('ramping-vus', { startVUs: 0, stages });
  const steps = [...rampSteps(config, WHOLE_SHARE)];
  assert.equal(steps.length, 100_001);
  assert.deepEqual(steps[1], { offsetMs: 36, vus: 1 });
  assert.deepEqual(steps.at(-1), { offsetMs: 3_600_000, vus: 100_000 });
  assert.equal(planScenario(config, WHOLE_SHARE).length, 100_002);
});

test('arrival rates: the threads together start what the whole would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 4 }),
      stagesOf(2000, 50),
      (rate, vus, workers, stages) => {
        const constant: ConstantArrivalRateConfig = configOf('constant-arrival-rate', {
          rate,
          durationMs: 2000,
          preAllocatedVUs: vus,
        });
        const ramping: RampingArrivalRateConfig = configOf('ramping-arrival-rate', {
          startRate: rate,
          stages,
          preAllocatedVUs: vus,
        });
        const merge = (dues: (share: Share) => Iterable<number>): number[] =>
          workerShares(workers)
            .flatMap((share) => [...dues(share)])
            .sort((a, b) => a - b);
        assert.deepEqual(
          merge((share) => constantDues(constant, share)),
          [...constantDues(constant, WHOLE_SHARE)],
        );
        assert.deepEqual(
          merge((share) => rampingDues(ramping, share)),
          [...rampingDues(ramping, WHOLE_SHARE)],
        );
      },
    ),
  );
});

/** Iterations due up to a moment: the rate summed over slices too thin to matter (trapezes are exact). */
function modelIterations(config: RampingArrivalRateConfig, untilMs: number): number {
  let sum = 0;
  let rate = config.startRate;
  let startMs = 0;
  for (const { durationMs, target } of config.stages) {
    if (untilMs < startMs) break;
    const partMs = Math.min(durationMs, untilMs - startMs);
    const end = durationMs === 0 ? target : rate + ((target - rate) * partMs) / durationMs;
    sum += (partMs * (rate + end)) / 2 / config.timeUnitMs;
    startMs += durationMs;
    rate = target;
  }
  return sum;
}

test('ramping-arrival-rate: iteration n is due when the integral of the rate is n', () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      stagesOf(4000, 100),
      fc.constantFrom(1000, 60_000, 333),
      (startRate, stages, timeUnitMs) => {
        const fields = { startRate, stages, timeUnitMs, preAllocatedVUs: 1 };
        const config = configOf('ramping-arrival-rate', fields);
        const dues = [...rampingDues(config, WHOLE_SHARE)];
        for (const [i, dueMs] of dues.entries()) {
          assert.ok(dueMs >= (dues[i - 1] ?? 0), 'in order');
          const due = modelIterations(config, dueMs);
          assert.ok(Math.abs(due - (i + 1)) < 1e-6, `${i + 1}: ${due} at ${dueMs}`);
        }
        const totalMs = stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
        const total = modelIterations(config, totalMs);
        // The iteration at the very end may be missing, and rounding decides at whole numbers.
        assert.ok(dues.length <= total + 1e-6 && dues.length > total - 1 - 1e-6);
      },
    ),
  );
});

test('the rate at a moment follows the stages', () => {
  const config = configOf('ramping-arrival-rate', {
    startRate: 60,
    timeUnitMs: 60_000,
    preAllocatedVUs: 1,
    stages: [
      { durationMs: 1000, target: 180 },
      { durationMs: 0, target: 600 },
      { durationMs: 1000, target: 600 },
    ],
  });
  assert.deepEqual(
    [0, 500, 1000, 1500, 9000].map((ms) => rateAt(config, ms)),
    [1, 2, 10, 10, 10],
  );
});

test('plans of the simple executors last until the hard end', () => {
  const until = (executor: string, fields: ScenarioFields): readonly Step[] => {
    const { config } = resolveScenario('main', { executor, fields });
    assert.ok(config !== undefined);
    return planScenario(config, WHOLE_SHARE);
  };
  const flat = (vus: number, offsetMs: number, unplannedVus = 0): readonly Step[] => [
    { offsetMs: 0, vus, unplannedVus },
    { offsetMs, vus: 0, unplannedVus: 0 },
  ];
  assert.deepEqual(until('shared-iterations', { vus: 2, iterations: 9 }), flat(2, 630_000));
  assert.deepEqual(until('per-vu-iterations', { maxDurationMs: 5000 }), flat(1, 35_000));
  assert.deepEqual(
    until('constant-vus', { vus: 3, durationMs: 2000, gracefulStopMs: 0 }),
    flat(3, 2000),
  );
  const rates = { preAllocatedVUs: 2, maxVUs: 5 };
  assert.deepEqual(
    until('constant-arrival-rate', { ...rates, rate: 1, durationMs: 1000 }),
    flat(2, 31_000, 3),
  );
});
