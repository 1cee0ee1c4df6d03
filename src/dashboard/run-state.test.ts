import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestWorker } from '../metrics/testing/recording.ts';
import { type Progress, readRunState } from './run-state.ts';

const PROGRESS: Progress = {
  stage: 'running',
  isPaused: false,
  elapsedMs: 1000,
  durationMsMax: 2000,
  scenarios: [],
  outcome: undefined,
};

test('closes are those that were measured; there are none to tell of if the script took the name', () => {
  const worker = new TestWorker();
  const closesNow = () => readRunState(worker.aggregate, undefined, [], PROGRESS).closes;
  assert.deepEqual(closesNow(), []);
  const tags = { code: '1011', cause: 'peer-close', reason: 'overloaded' };
  worker.add('ws_sockets_closed', 1, tags);
  worker.flush();
  assert.deepEqual(closesNow(), [{ ...tags, isError: true, count: 1 }]);
  const other = new TestWorker();
  other.aggregate.registry.declare('ws_sockets_closed', 'counter');
  assert.equal(readRunState(other.aggregate, undefined, [], PROGRESS).closes, undefined);
});
