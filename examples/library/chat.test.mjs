// A load test among other tests: `node --test examples/library/`, with the server's address in WS_URL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from 'gharial';

const script = fileURLToPath(new URL('../chat.ts', import.meta.url));

test('the chat serves 20 users', { timeout: 60_000 }, async (t) => {
  const load = run(script, {
    options: { vus: 20, iterations: 40, thresholds: { checks: ['rate>0.99'] } },
    env: { WS_URL: process.env.WS_URL },
    log: ({ level, message }) => t.diagnostic(`${level}: ${message}`),
    signal: t.signal,
  });
  for await (const { elapsedMs, vusActive, metrics } of load) {
    const seconds = (elapsedMs / 1000).toFixed(0);
    t.diagnostic(`${seconds} s: ${vusActive} VUs, ${metrics.ws_msgs_received.count} messages`);
  }

  const result = await load;
  assert.ok(result.passed, result.error?.message);
  assert.equal(result.iterationsCompleted, 40);
  assert.ok(result.metrics.ws_connecting.p95 < 5000, `${result.metrics.ws_connecting.p95} ms`);
  const session = result.metric('ws_session_duration', { scenario: 'default' });
  t.diagnostic(`99 % of the sessions took less than ${session.percentile(99).toFixed(0)} ms`);
});
