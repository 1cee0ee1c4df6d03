import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGharial } from './testing/run-gharial.ts';

const DEAD = `
  import { check } from 'k6';
  import { WebSocket } from 'k6/websockets';
  export default function () {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    socket.onopen = () => check(socket, { open: () => true });
  }`;

test('thresholds that hold since no connection was opened are warned about', async () => {
  const options = "export const options = { iterations: 3, thresholds: { checks: ['rate>0.9'] } };";
  const { exitCode, stderr } = await runGharial({ script: options + DEAD });
  assert.equal(exitCode, 0, stderr);
  assert.match(
    stderr,
    /level=warning msg="no connection was opened, 3 failed \(connection refused: 3\): thresholds without samples/,
  );
});

test('without thresholds a connection that nobody listens to fails in silence, as in k6', async () => {
  const { exitCode, stderr } = await runGharial({ script: DEAD });
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
});
