/** Rules of k6 that only a whole run shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGharial } from './testing/run-gharial.ts';

test('the iteration that aborts the test is in the metrics, those it cuts off are not', async () => {
  const outcome = await runGharial({
    script: `
      import { sleep } from 'k6';
      import exec from 'k6/execution';
      export const options = { vus: 3, duration: '20s' };
      export default function () {
        if (__VU === 1) { sleep(0.05); exec.test.abort(); }
        sleep(10);
      }`,
  });
  assert.equal(outcome.exitCode, 108);
  assert.equal(outcome.summary?.metrics['iterations']?.['count'], 1);
});

test('a handleSummary that is no function is an error, and the usual summary takes its place', async () => {
  const outcome = await runGharial({
    script: `
      export const handleSummary = { stdout: 'mine' };
      export default function () {}`,
  });
  assert.equal(outcome.exitCode, 0);
  assert.match(
    outcome.stderr,
    /level=error .* error="exported 'handleSummary' must be a function"/,
  );
  assert.match(outcome.stdout, /iterations\.+: 1/);
});

test('a threshold on what samples carry as metadata is warned about', async () => {
  const outcome = await runGharial({
    script: `
      export const options = { thresholds: { 'iterations{vu:1}': ['count==0'] } };
      export default function () {}`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.match(outcome.stderr, /level=warning msg="The threshold on iterations\{vu:1\} matches no/);
});

test('abortOnFail heeds how a threshold stands after two seconds, not before', async () => {
  const outcome = await runGharial({
    script: `
      import { sleep } from 'k6';
      export const options = {
        vus: 1, duration: '20s', thresholds: { iterations: [{ threshold: 'count<1', abortOnFail: true }] },
      };
      if (__VU === 0) console.log(Date.now());
      export default function () { sleep(0.05); }
      export function teardown() { console.log(Date.now()); }`,
  });
  assert.equal(outcome.exitCode, 99, outcome.stderr);
  const times = outcome.console.map(Number);
  assert.ok(Math.max(...times) - Math.min(...times) >= 1990, times.join());
});

test('with the feature freeze-env, scripts cannot write to __ENV', async () => {
  const script = `
    __ENV.MARK = 'init';
    export default function () { console.log(__ENV.GIVEN); }`;
  const args = ['-e', 'GIVEN=yes'];
  const loose = await runGharial({ script, args });
  assert.deepEqual([loose.exitCode, loose.console], [0, ['yes']]);
  const frozen = await runGharial({ script, args: [...args, '--features', 'freeze-env'] });
  assert.equal(frozen.exitCode, 107);
  assert.match(frozen.stderr, /TypeError: Cannot assign to read only property 'MARK' of __ENV/);
});

test("a script's metric with the name of one that k6 has not is the script's alone", async () => {
  const outcome = await runGharial({
    script: `
      import ws from 'k6/ws';
      import { Counter, Trend, Rate } from 'k6/metrics';
      const mine = {
        ws_sockets_open: new Counter('ws_sockets_open'),
        ws_sockets_closed: new Trend('ws_sockets_closed', true),
        ws_tcp_connecting: new Rate('ws_tcp_connecting'),
      };
      export const options = { vus: 2, iterations: 2, thresholds: { ws_sockets_open: ['count==2'] } };
      export default function () {
        Object.values(mine).forEach((metric) => metric.add(1));
        ws.connect('ws://127.0.0.1:9/', () => {});
      }`,
    args: ['--workers', '2'],
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  const { ws_sockets_open, ws_sockets_closed, ws_tcp_connecting } = outcome.summary?.metrics ?? {};
  assert.equal(ws_sockets_open?.['count'], 2);
  assert.equal(ws_sockets_closed?.['avg'], 1);
  assert.equal(ws_tcp_connecting?.['passes'], 2);
  assert.match(outcome.stdout, /ws_sockets_closed\.+: avg=1ms/);
  const warnings = outcome.stderr.match(/declares a metric 'ws_\w+': what gharial measures/g);
  assert.equal(warnings?.length, 3, outcome.stderr);
});

test('a handleSummary that returns something falsy leaves the usual summary as it is', async () => {
  const outcome = await runGharial({
    script: `
      export function handleSummary() { return ''; }
      export default function () {}`,
  });
  assert.equal(outcome.exitCode, 0);
  assert.match(outcome.stdout, /iterations\.+: 1/);
  assert.doesNotMatch(outcome.stderr, /level=error/);
});

test('an export of the summary that cannot be written is an error, and the exit code stays', async () => {
  const outcome = await runGharial({
    script: 'export default function () {}',
    args: ['--summary-export', '/no/such/folder/s.json'],
  });
  assert.equal(outcome.exitCode, 0);
  assert.match(
    outcome.stderr,
    /level=error .*could not open '\/no\/such\/folder\/s\.json': open .*: no such file or directory/,
  );
});

test('an unknown feature flag is logged as an error, and the run goes on', async () => {
  const outcome = await runGharial({
    script: 'export default function () {}',
    args: ['--features', 'nope'],
  });
  assert.equal(outcome.exitCode, 0);
  assert.match(
    outcome.stderr,
    /level=error msg="Unknown feature flag" error="\\"nope\\" has no effect/,
  );
});

test('handleSummary has the key setup_data without a setup too', async () => {
  const handleSummary = `
    export function handleSummary(data) {
      return { stdout: JSON.stringify(['setup_data' in data, typeof data.setup_data]) };
    }
    export default function () {}`;
  const without = await runGharial({ script: handleSummary });
  assert.equal(without.stdout, '[true,"undefined"]');
  const setup = 'export function setup() { return 1; }';
  const withSetup = await runGharial({ script: `${setup}${handleSummary}` });
  assert.equal(withSetup.stdout, '[true,"number"]');
});

test('iterations count from 0, in setup and teardown as well', async () => {
  const outcome = await runGharial({
    script: `
      import { vu } from 'k6/execution';
      export const options = { iterations: 2 };
      const log = (phase) => console.log(phase, vu.iterationInInstance, vu.iterationInScenario);
      export function setup() { log('setup'); }
      export default function () { log('default'); }
      export function teardown() { log('teardown'); }`,
  });
  assert.deepEqual(outcome.console, ['setup 0 0', 'default 0 0', 'default 1 1', 'teardown 0 0']);
});

test('a file that cannot be opened is the same error in every VU', async () => {
  const outcome = await runGharial({
    script: `
      import { open } from 'k6/experimental/fs';
      export const options = { vus: 2, iterations: 2 };
      for (const path of ['no.txt', '.', 5]) {
        try { await open(path); } catch (error) { console.log(__VU, error.name, error.message); }
      }
      export default function () {}`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  const seenBy = (vu: number): string[] =>
    outcome.console.filter((line) => line.startsWith(`${vu} `)).map((line) => line.slice(2));
  assert.deepEqual(seenBy(0).slice(0, 3), [
    'NotFoundError no such file or directory "no.txt"',
    'InvalidResourceError cannot open ".": opening a directory is not supported',
    'NotFoundError no such file or directory "5"',
  ]);
  assert.deepEqual(seenBy(1), seenBy(0).slice(0, 3));
  assert.deepEqual(seenBy(2), seenBy(1));
});
