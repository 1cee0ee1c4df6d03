/** Ctrl-C at every stage of a run: the right exit code, what has to run still runs, nothing is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GharialProcess } from './testing/spawn-gharial.ts';

const SUMMARY = /TOTAL RESULTS/;
const INTERRUPTED = /msg="test run was aborted because gharial received a 'interrupt' signal"/;

function run(script: string, ...args: string[]): GharialProcess {
  return new GharialProcess({
    args: ['run', ...args, 'script.js'],
    files: { 'script.js': script },
  });
}

test('in init code that never ends: at once, without summary', async () => {
  const gharial = run(`
    console.log('init code');
    for (;;);
    export default function () {}`);
  await gharial.printed(/init code/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, INTERRUPTED);
  assert.doesNotMatch(gharial.stdout, SUMMARY);
});

test('while VUs are made: no iteration, no setup, no teardown, but a summary', async () => {
  const gharial = run(`
    if (__VU > 0) { console.log('making VU'); for (;;); }
    export function setup() { console.log('must not run'); }
    export default function () { console.log('must not run'); }
    export function teardown() { console.log('must not run'); }`);
  await gharial.printed(/making VU/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stdout, SUMMARY);
  assert.doesNotMatch(gharial.stderr, /must not run/);
});

test('in setup: it is interrupted, there is no iteration and no teardown, but a summary', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    export function setup() { console.log('setup begins'); sleep(60); console.log('must not run'); }
    export default function () { console.log('must not run'); }
    export function teardown() { console.log('must not run'); }`);
  await gharial.printed(/setup begins/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, INTERRUPTED);
  assert.match(gharial.stdout, SUMMARY);
  assert.doesNotMatch(gharial.stderr, /must not run/);
});

test('in the iterations: teardown and handleSummary run, and it outranks crossed thresholds', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    export const options = { vus: 2, duration: '60s', thresholds: { iterations: ['count>1000'] } };
    export default function () { console.log('iterating'); sleep(60); console.log('must not run'); }
    export function teardown() { console.log('torn down'); }
    export function handleSummary() { return { stdout: 'own summary' }; }`);
  await gharial.printed(/iterating/);
  gharial.signal('SIGTERM');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, /received a 'terminated' signal/);
  assert.match(gharial.stderr, /torn down/);
  assert.match(gharial.stdout, /own summary/);
  assert.match(gharial.stdout, /default ✗/);
  assert.doesNotMatch(gharial.stderr, /must not run/);
});

test('in an iteration that never gives up the thread: the thread is ended', async () => {
  const gharial = run(`
    export const options = { vus: 1, duration: '60s' };
    export default function () { console.log('iterating'); for (;;); }
    export function teardown() { console.log('torn down'); }`);
  await gharial.printed(/iterating/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, /torn down/);
  assert.match(gharial.stdout, SUMMARY);
});

test('in teardown: it may clean up to its end', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    export default function () {}
    export function teardown() { console.log('teardown begins'); sleep(1); console.log('cleaned up'); }`);
  await gharial.printed(/teardown begins/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, /cleaned up/);
  assert.match(gharial.stderr, INTERRUPTED);
  assert.match(gharial.stdout, SUMMARY);
});

test('in handleSummary: it is interrupted and the usual summary takes its place', async () => {
  const gharial = run(`
    export default function () {}
    export function handleSummary() { console.log('summing up'); for (;;); }`);
  await gharial.printed(/summing up/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(gharial.stderr, INTERRUPTED);
  assert.match(gharial.stdout, SUMMARY);
});

test('a second signal ends everything on the spot', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    export const options = { duration: '60s' };
    export default function () { console.log('iterating'); sleep(60); }
    export function teardown() { console.log('teardown begins'); sleep(60); }`);
  await gharial.printed(/iterating/);
  gharial.signal('SIGINT');
  await gharial.printed(/teardown begins/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.match(
    gharial.stderr,
    /level=error msg="Aborting gharial in response to signal" sig=interrupt/,
  );
  assert.doesNotMatch(gharial.stdout, SUMMARY);
});

test('--linger waits for a signal, which is no failure', async () => {
  const gharial = run(
    `
    export const options = { thresholds: { iterations: ['count>5'] } };
    export default function () {}
    export function teardown() { console.log('torn down'); }`,
    '--linger',
  );
  await gharial.printed(
    /The test is done, but --linger was enabled, so gharial is waiting for Ctrl\+C/,
  );
  assert.match(gharial.stderr, /torn down/);
  assert.doesNotMatch(gharial.stdout, SUMMARY);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 99, gharial.stderr);
  assert.match(gharial.stdout, SUMMARY);
  assert.doesNotMatch(gharial.stderr, /signal/);
});

test('--linger does not wait again after a signal has ended the test', async () => {
  const gharial = run(
    `
    import { sleep } from 'k6';
    export const options = { duration: '60s' };
    export default function () { console.log('iterating'); sleep(60); }`,
    '--linger',
  );
  await gharial.printed(/iterating/);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.doesNotMatch(gharial.stdout, /--linger was enabled/);
});
