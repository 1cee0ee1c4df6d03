/** The example of a load test in node:test runs as its first line says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { startDemoServer } from '../demo/server.ts';

test('a program tests the demo server with run() in node:test', async () => {
  const server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
  try {
    // As a test of its own, not as a part of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      ['--test', '--test-reporter=tap', 'examples/library/chat.test.mjs'],
      { env: { ...env, WS_URL: server.wsUrl }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let tap = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      tap += text;
    });
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 0, tap);
    assert.match(tap, /ok 1 - the chat serves 20 users/);
    assert.match(tap, /# \d+ s: \d+ VUs, \d+ messages/);
    assert.match(tap, /# 99 % of the sessions took less than [1-9]\d* ms/);
  } finally {
    await server.stop();
  }
});
