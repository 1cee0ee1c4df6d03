import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToWorker } from '../bridge/messages.ts';
import { resolveScenario, type ScenarioConfig, type ScenarioFields } from '../options/scenario.ts';
import { Helm } from './helm.ts';

function scenario(name: string, executor: string, fields: ScenarioFields): ScenarioConfig {
  const { config, faults } = resolveScenario(name, { executor, fields });
  assert.deepEqual(faults, []);
  assert.ok(config !== undefined);
  return config;
}

const LOOPING = scenario('rigid', 'constant-vus', { vus: 1, durationMs: 1000 });
const CONTROLLED = scenario('ctl', 'externally-controlled', { vus: 1, maxVUs: 4, durationMs: 0 });

function setUp() {
  const sent: ToWorker[] = [];
  const helm = new Helm((message) => sent.push(message));
  return { sent, helm };
}

test('the number of VUs goes to the controlled scenario, within its limits', () => {
  const { sent, helm } = setUp();
  helm.setVus(4, 4, [LOOPING, CONTROLLED]);
  helm.setVus(undefined, 4, [LOOPING, CONTROLLED]);
  assert.deepEqual(sent, [{ kind: 'steer', scenario: 1, steering: { vus: 4 } }]);
  assert.throws(() => helm.setVus(5, undefined, [CONTROLLED]), /got 5; expected 0 to 4/);
  assert.throws(() => helm.setVus(-1, undefined, [CONTROLLED]), /got -1/);
  assert.throws(() => helm.setVus(1, 9, [CONTROLLED]), /vus-max: got 9/);
  assert.throws(
    () => helm.setVus(1, undefined, [LOOPING]),
    /^GharialError: live VU configuration updates are not supported$/,
  );
  assert.equal(sent.length, 1);
});

test('a test is paused as a whole or not at all', () => {
  const { sent, helm } = setUp();
  assert.throws(
    () => helm.setPaused(true, [CONTROLLED, LOOPING]),
    /constant-vus executor 'rigid' doesn't support pause and resume operations after its start/,
  );
  assert.equal(helm.isPaused, false);
  helm.setPaused(true, [CONTROLLED]);
  assert.throws(() => helm.setPaused(true, [CONTROLLED]), /already paused/);
  helm.setPaused(false, [CONTROLLED]);
  assert.throws(() => helm.setPaused(false, [CONTROLLED]), /not paused/);
  assert.deepEqual(sent, [
    { kind: 'steer', scenario: 0, steering: { isPaused: true } },
    { kind: 'steer', scenario: 0, steering: { isPaused: false } },
  ]);
});

test('scenarios that start later are told what was asked before', () => {
  const { sent, helm } = setUp();
  helm.setVus(2, undefined, [CONTROLLED]);
  helm.setPaused(true, [CONTROLLED]);
  helm.setVus(3, undefined, [CONTROLLED]);
  sent.length = 0;
  helm.begin();
  assert.deepEqual(sent, [{ kind: 'steer', scenario: 0, steering: { vus: 3, isPaused: true } }]);
});
