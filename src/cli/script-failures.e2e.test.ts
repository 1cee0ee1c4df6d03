/** What the log says about a script that fails, and arguments that must not bring a run down. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { runGharial } from './testing/run-gharial.ts';

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

/** The texts of the error lines without their stack frames, in order. */
function errorTexts(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.includes('level=error') && !line.includes('source=console'))
    .map((line) => /msg="(.*?)(?:\\n)*(?:\\n\\tat .*)?"/.exec(line)?.[1] ?? line);
}

test('an uncaught exception is logged with the frames of the script, indented as in k6', async () => {
  const { stderr, exitCode } = await runGharial({
    script: `
function fails() { throw new Error('boom'); }
export const options = { iterations: 2 };
export default async function () {
  if (__ITER === 0) await null;
  fails();
}`,
  });
  assert.equal(exitCode, 0);
  const frames = String.raw`\\n\\tat fails \(file:///.*/script\.js:2:26\)`;
  assert.match(
    stderr,
    new RegExp(String.raw`msg="Uncaught \(in promise\) Error: boom${frames}.*\\n"`),
  );
  assert.equal(stderr.match(new RegExp(frames, 'g'))?.length, 2);
});

test('whatever is thrown is logged as the text it has', async () => {
  const { stderr } = await runGharial({
    script: `
const thrown = ['text', { a: 1 }, null, [1, 2], { toString: () => 'own text' }, Object.create(null),
  { toString() { throw new Error('evil'); } }];
export const options = { iterations: 7 };
export default function () { throw thrown[__ITER]; }`,
  });
  const object = '[object Object]';
  assert.deepEqual(errorTexts(stderr), ['text', object, 'null', '1,2', 'own text', object, object]);
});

test('module and exports in an ES module are explained', async () => {
  const { stderr, exitCode } = await runGharial({
    script: 'export default function () {}\nmodule.exports.x = 1;',
  });
  assert.equal(exitCode, 107);
  assert.match(
    stderr,
    /you are trying to access identifier \\"module\\", this likely is due to mixing/,
  );
});

test('an exception in a listener gives the error event the position in the script', async () => {
  const { console } = await runGharial({
    script: `
import { WebSocket } from 'k6/websockets';
export default function () {
  const socket = new WebSocket(__ENV.WS_URL + '/echo');
  socket.onerror = (event) => console.log(event.error);
  socket.onopen = () => {
    throw new Error('boom');
  };
}`,
    args: ['-e', `WS_URL=${server.wsUrl}`],
  });
  assert.equal(console.length, 1);
  assert.match(console[0] ?? '', /^Error: boom at file:\/\/\/.*script\.js:7:11$/);
});

test('a response body in the place of tags is refused, a lone surrogate in a URL is not fatal', async () => {
  const { console, exitCode } = await runGharial({
    script: `
import { check } from 'k6';
import ws from 'k6/ws';
import { WebSocket } from 'k6/websockets';
const attempt = (call) => { try { return call(); } catch (error) { return error.message; } };
export default function () {
  console.log(attempt(() => check(1, { ok: true }, 'x'.repeat(100000))));
  console.log(attempt(() => ws.connect('\\ud800', () => {}).error));
  console.log(attempt(() => new WebSocket('\\ud800')));
}`,
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(console, [
    'got 100000 metric tags, at most 256 are accepted',
    'malformed ws or wss URL',
    'WebSocket requires url with scheme ws or wss, but got ""',
  ]);
});

test('the tags of a VU are an ordinary object to a script', async () => {
  const { console } = await runGharial({
    script: `
import exec from 'k6/execution';
export default function () {
  const { tags } = exec.vu;
  tags.mine = 5;
  console.log(tags.hasOwnProperty('mine'), tags.hasOwnProperty('yours'), 'mine' in tags, String(tags));
  try { for (let n = 0; n < 1000; n++) tags['t' + n] = n; } catch (error) { console.log(String(error)); }
  exec.vu.metrics.metadata.trace = 'id';
  console.log(JSON.stringify(exec.vu.metrics.metadata), exec.vu.metrics.metadata.hasOwnProperty('trace'));
}`,
  });
  assert.deepEqual(console, [
    'true false true [object Object]',
    'TypeError: got 257 metric tags, at most 256 are accepted',
    '{"trace":"id"} true',
  ]);
});

test('a script that ends its thread ends the run, and what was measured is in the results', async () => {
  const { console, exitCode, stderr } = await runGharial({
    script: `
export const options = { iterations: 20 };
export default function () {
  if (__ITER === 10) new Function('process.exit(5)')();
}
export function teardown() { console.log('teardown'); }
export function handleSummary(data) {
  console.log(data.metrics.iterations.values.count);
  return {};
}`,
  });
  assert.equal(exitCode, 255);
  assert.deepEqual(console, ['teardown', '10']);
  assert.match(stderr, /a worker thread died: it left with exit code 5/);
});

test('setup data may be nested deeply', async () => {
  const { console } = await runGharial({
    script: `
export function setup() {
  let data = 'core';
  for (let depth = 0; depth < 5000; depth++) data = { data };
  return data;
}
export default function (data) {
  let depth = 0;
  while (data !== 'core') { data = data.data; depth++; }
  console.log(depth);
}`,
  });
  assert.deepEqual(console, ['5000']);
});

/** Iterations that fail with an open socket, whose close handler begins something anew. */
const afterFailure = (onClose: string): string => `
import { sleep } from 'k6';
import http from 'k6/http';
import ws from 'k6/ws';
import { WebSocket } from 'k6/websockets';
export const options = { scenarios: {
  a: { executor: 'per-vu-iterations', iterations: 2, maxDuration: '60s', gracefulStop: '0s' },
} };
const url = __ENV.ECHO;
const connect = () => {
  const socket = new WebSocket(url);
  socket.onopen = () => setTimeout(() => { throw new Error('boom'); }, 1);
  socket.onerror = (event) => console.log(event.error.replace(/^dial tcp [^ ]+/, 'dial'));
  socket.onclose = () => { ${onClose} };
};
export default function () {
  console.log('iteration');
  connect();
}`;

for (const [name, onClose, printed] of [
  ['a socket', 'if (!globalThis.again) { globalThis.again = true; connect(); }', undefined],
  ['a timer', `setTimeout(() => console.log('late'), 100);`, []],
  ['an interval', `setInterval(() => console.log('late'), 100);`, []],
  ['a sleep', `sleep(50); console.log('awake');`, ['awake']],
  [
    'a request',
    `try { http.get(url.replace('ws', 'http')); } catch (e) { console.log(e.message); }`,
    ['operation was canceled'],
  ],
  [
    'a blocking connection',
    'try { ws.connect(url, () => {}); } catch (e) { console.log(e.message); }',
    ['operation was canceled'],
  ],
  ['a loop that never gives up', 'for (;;) { try { ws.connect(url, () => {}); } catch {} }', []],
] as const) {
  test(`an iteration that failed ends, though a close handler begins ${name}`, async () => {
    const outcome = await runGharial({
      script: afterFailure(onClose),
      args: ['-e', `ECHO=${server.wsUrl}/echo`],
    });
    assert.equal(outcome.exitCode, 0);
    const each = printed ?? ['dial operation was canceled'];
    const second = printed ?? [];
    assert.deepEqual(outcome.console, ['iteration', ...each, 'iteration', ...second]);
    assert.deepEqual(errorTexts(outcome.stderr), ['Error: boom', 'Error: boom']);
    assert.match(outcome.stdout, /iterations\.*: 2 /);
  });
}

test('an iteration that failed and dials again for ever is ended, its error told', async () => {
  const outcome = await runGharial({
    script: afterFailure('connect();'),
    args: ['-e', `ECHO=${server.wsUrl}/echo`],
  });
  assert.deepEqual(errorTexts(outcome.stderr), ['Error: boom', 'Error: boom']);
  assert.ok(outcome.console.length < 300, `${outcome.console.length} lines`);
});

test('a rejection that came during a blocking call may be handled after it', async () => {
  const outcome = await runGharial({
    script: `
import { sleep } from 'k6';
export const options = { iterations: 2 };
export default async function () {
  if (__ITER === 1) { Promise.reject(new Error('unheard')); sleep(0.01); console.log('on'); return; }
  const logins = ['a', 'b'].map(async (n) => { if (n === 'b') throw new Error('no'); });
  sleep(0.01);
  console.log((await Promise.allSettled(logins)).map(({ status }) => status).join());
  const late = Promise.reject(1);
  sleep(0.01);
  late.catch((reason) => console.log('caught ' + reason));
  setTimeout(() => console.log('timer'), 1);
}`,
  });
  assert.deepEqual(outcome.console, ['fulfilled,rejected', 'caught 1', 'timer', 'on']);
  assert.deepEqual(errorTexts(outcome.stderr), ['Uncaught (in promise) Error: unheard']);
});

test('an error whose class blocks in its constructor says where it was made', async () => {
  const outcome = await runGharial({
    script: `
import { sleep } from 'k6';
class ApiError extends Error { constructor(m) { super(m); sleep(0.001); } }
class Deep extends ApiError { constructor(m) { super(m + '!'); } }
function login(Kind) { throw new Kind('no'); }
export const options = { iterations: 2 };
export default function () { login([ApiError, Deep][__ITER]); }`,
  });
  const place = String.raw`\\n\\tat login \(file:///.*/script\.js:5:30\)\\n\\tat default \(file:`;
  assert.match(outcome.stderr, new RegExp(`msg="Error: no${place}`));
  assert.match(outcome.stderr, new RegExp(`msg="Error: no!${place}`));
});
