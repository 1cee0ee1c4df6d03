import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../websocket/api.ts';
import { Inflow } from './inflow.ts';

function connection(): { readonly calls: string[]; readonly connection: Connection } {
  const calls: string[] = [];
  const fake = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  return { calls, connection: fake as unknown as Connection }; // all that is used of it
}

const MIB = 1024 * 1024;

test('a flood is held back at 16 MiB and goes on at 8', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  for (let i = 0; i < 20; i += 1) inflow.added(MIB, socket);
  assert.deepEqual(calls, ['pause']);
  for (let i = 0; i < 11; i += 1) inflow.taken(MIB, socket);
  assert.deepEqual(calls, ['pause']);
  for (let i = 0; i < 9; i += 1) inflow.taken(MIB, socket);
  assert.deepEqual(calls, ['pause', 'resume']);
});

test('many small messages count too', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  for (let i = 0; i < 100_000; i += 1) inflow.added(1, socket);
  assert.deepEqual(calls, ['pause']);
});

test('a script that has paused is not resumed by an empty queue, nor a full one by the script', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  inflow.added(17 * MIB, socket);
  inflow.pause(socket);
  inflow.taken(17 * MIB, socket);
  assert.deepEqual(calls, ['pause', 'pause']);
  inflow.added(17 * MIB, socket);
  inflow.resume(socket);
  assert.equal(calls.at(-1), 'pause');
  inflow.taken(17 * MIB, socket);
  assert.equal(calls.at(-1), 'resume');
});
