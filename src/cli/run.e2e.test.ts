import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { runGharial } from './testing/run-gharial.ts';

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

const urls = (): string[] => [
  ...['-e', `WS_URL=${server.wsUrl}`],
  ...['-e', `WSS_URL=${server.wssUrl}`],
  ...['-e', `HTTP_URL=${server.httpUrl}`],
];

/** Short enough for a test, long enough for a first iteration of each VU. */
const SHORT = ['--vus', '4', '--duration', '2s'];
const OWN_SCENARIOS = new Set(['thresholds.js', 'arrival-rate.js', 'modules.ts']);

test('the script at the top of the README runs against the demo server', async () => {
  const script = /```js\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
  const args = [...urls(), '--vus', '5', '--duration', '1s'];
  const outcome = await runGharial({ script, args });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.ok((outcome.summary?.metrics['checks']?.['passes'] ?? 0) > 5);
});

for (const name of readdirSync(resolve('examples')).filter((file) => /\.[jt]s$/.test(file))) {
  test(`examples/${name} runs against the demo server`, async () => {
    const outcome = await runGharial({
      script: { path: resolve('examples', name) },
      args: [...urls(), ...(OWN_SCENARIOS.has(name) ? [] : SHORT)],
    });
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    const odd = outcome.stderr.split('\n').filter((line) => /level=(error|warning)/.test(line));
    assert.deepEqual(
      odd.filter((line) => !line.includes('is deprecated')),
      [],
    );
    assert.ok((outcome.summary?.metrics['ws_sessions']?.['count'] ?? 0) > 0);
    assert.ok((outcome.summary?.metrics['iterations']?.['count'] ?? 0) > 0);
  });
}

test('one worker and two give the same counts', async () => {
  const script = `
    import { check, sleep } from 'k6';
    import { WebSocket } from 'k6/websockets';
    export const options = { scenarios: {
      a: { executor: 'per-vu-iterations', vus: 5, iterations: 3 },
      b: { executor: 'shared-iterations', vus: 3, iterations: 10 },
    } };
    export default function () {
      const socket = new WebSocket(__ENV.WS_URL + '/echo');
      socket.onopen = () => socket.send('x');
      socket.onmessage = (e) => { check(e.data, { same: (d) => d === 'x' }); socket.close(); };
      sleep(0.01);
    }`;
  const [one, two] = await Promise.all(
    ['1', '2'].map((workers) => runGharial({ script, args: [...urls(), '--workers', workers] })),
  );
  for (const outcome of [one, two]) {
    assert.equal(outcome?.exitCode, 0, outcome?.stderr);
    const metrics = outcome?.summary?.metrics ?? {};
    assert.equal(metrics['iterations']?.['count'], 25);
    assert.equal(metrics['ws_sessions']?.['count'], 25);
    assert.equal(metrics['ws_msgs_received']?.['count'], 25);
    assert.equal(metrics['ws_msgs_sent']?.['count'], 50);
    assert.equal(metrics['checks']?.['passes'], 25);
    assert.equal(metrics['vus_max']?.['value'] ?? 8, 8);
  }
});

test('exceptions in every handler end iterations, not the run', async () => {
  const outcome = await runGharial({
    script: `
      import { WebSocket } from 'k6/websockets';
      import ws from 'k6/ws';
      export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 2, iterations: 6 } } };
      const boom = (where) => () => { throw new Error('boom in ' + where); };
      export default function () {
        const kind = __ITER % 6;
        if (kind === 5) return ws.connect(__ENV.WS_URL + '/echo', (s) => { s.on('open', boom('ws open')); });
        if (kind === 4) return setTimeout(boom('timer'), 1);
        const socket = new WebSocket(__ENV.WS_URL + '/echo');
        socket.onopen = () => { socket.send('x'); if (kind === 0) boom('open')(); };
        socket.onmessage = () => { if (kind === 1) boom('message')(); socket.close(); };
        socket.onclose = () => { if (kind === 2) boom('close')(); };
        socket.onerror = boom('error');
        if (kind === 3) boom('default')();
      }`,
    args: urls(),
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.equal(outcome.summary?.metrics['iterations']?.['count'], 12);
  for (const where of ['open', 'message', 'close', 'default', 'timer', 'ws open']) {
    assert.match(outcome.stderr, new RegExp(`boom in ${where}`));
  }
  assert.match(outcome.stderr, /script\.js:\d+:\d+/);
});

test('a VU that loops for ever is ended with its thread, and everything measured before is reported', async () => {
  const outcome = await runGharial({
    script: `
      import { Counter } from 'k6/metrics';
      export const options = { scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '2s', gracefulStop: '0s' } } };
      const hits = new Counter('hits');
      export default function () {
        if (__VU === 1) { hits.add(7); for (;;); }
        return new Promise((resolve) => setTimeout(resolve, 50));
      }
      export function teardown() { console.log('torn down'); }`,
    args: ['--workers', '2'],
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.ok(outcome.wallMs < 10_000);
  assert.equal(outcome.summary?.metrics['hits']?.['count'], 7);
  assert.ok((outcome.summary?.metrics['iterations']?.['count'] ?? 0) >= 20);
  assert.match(outcome.stderr, /VU 1 did not give up the thread/);
  assert.deepEqual(outcome.console, ['torn down']);
});

test('promises that never settle, late sends and wrong arguments are survived', async () => {
  const outcome = await runGharial({
    script: `
      import { check, group, sleep, fail } from 'k6';
      import exec from 'k6/execution';
      import { WebSocket, Blob } from 'k6/websockets';
      import ws from 'k6/ws';
      const values = [undefined, null, 0, -1, NaN, Infinity, '', 'x', [], {}, () => {}, Symbol('s'), 10n];
      const calls = {
        check: (v) => check(v, v, v), group: (v) => group(v, v), sleep: (v) => sleep(v === 10n ? 0 : v),
        connect: (v) => ws.connect(v, v, v), socket: (v) => new WebSocket(v, v, v), blob: (v) => new Blob(v, v),
        slice: (v) => new Blob(['abc']).slice(v, v), setTimeout: (v) => clearTimeout(setTimeout(v, v)), setInterval: (v) => clearInterval(setInterval(v, v)),
        clear: (v) => clearTimeout(v), fail: (v) => fail(v), tags: (v) => { exec.vu.metrics.tags.t = v; },
      };
      export default async function () {
        let thrown = 0;
        for (const call of Object.values(calls)) for (const value of values) {
          try { call(value); } catch (e) { thrown += 1; if (!(e instanceof Error)) console.log('not an Error: ' + String(e)); }
        }
        console.log(thrown > 20 ? 'many thrown' : 'only ' + thrown);
        const closed = new WebSocket(__ENV.WS_URL + '/echo');
        closed.onopen = () => closed.close();
        closed.onclose = () => { try { closed.send('late'); } catch (e) { console.log('late: ' + e.name); } };
        await new Promise(() => {});
      }`,
    args: [...urls(), '-i', '2'],
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.equal(outcome.summary?.metrics['iterations']?.['count'], 2);
  assert.equal(outcome.console.filter((line) => line === 'many thrown').length, 2, outcome.stderr);
  assert.equal(outcome.console.filter((line) => line.startsWith('late: ')).length, 2);
});

test('setup data that is not JSON stops the run with one clear line', async () => {
  const outcome = await runGharial({
    script: `
      export function setup() { return { f: () => 1 }; }
      export default function () { console.log('must not run'); }`,
  });
  assert.equal(outcome.exitCode, 255);
  assert.match(outcome.stderr, /error marshaling setup\(\) data to JSON/);
  assert.deepEqual(outcome.console, []);
});

test('Ctrl-C interrupts at once, tears down, prints the summary and exits with 105', async () => {
  const outcome = await runGharial({
    script: `
      import ws from 'k6/ws';
      export default function () {
        console.log('started');
        ws.connect(__ENV.WS_URL + '/echo', (s) => { s.on('close', () => console.log('must not run')); });
      }
      export function teardown() { console.log('torn down'); }`,
    args: [...urls(), '--duration', '20s'],
    signal: { name: 'SIGINT', after: /started/ },
  });
  assert.equal(outcome.exitCode, 105, outcome.stderr);
  assert.ok(outcome.wallMs < 8000);
  assert.deepEqual(outcome.console, ['started', 'torn down']);
  assert.match(outcome.stdout, /TOTAL RESULTS/);
});

test('errors name the file and line of the user, in TypeScript and across modules', async () => {
  const outcome = await runGharial({
    script: { path: 'main.ts' },
    files: {
      'lib.ts':
        'interface A { b: number }\n\nexport function broken(a?: A): number {\n  return (a as A).b;\n}\n',
      'main.ts':
        "import { broken } from './lib.ts';\n\nexport default function (): void {\n  broken();\n}\n",
    },
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.match(outcome.stderr, /broken \(file:\/\/.*lib\.ts:4:\d+\)/);
  assert.match(outcome.stderr, /default \(file:\/\/.*main\.ts:4:\d+\)/);
});

test('a blocking call that cannot suspend is an error with the call, the line and the remedy', async () => {
  const outcome = await runGharial({
    script: `
      import { sleep } from 'k6';
      const pause = () => sleep(1);
      export default function () {
        const text = '' + { toString() { pause(); return 'text'; } };
        console.log('must not run ' + text);
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.match(outcome.stderr, /sleep/);
  assert.match(outcome.stderr, /script\.js:3:/);
  assert.deepEqual(outcome.console, []);
});

test('values that cannot be shown end iterations like any other exception', async () => {
  const outcome = await runGharial({
    script: `
      import { WebSocket } from 'k6/websockets';
      export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 1, iterations: 6, maxDuration: '20s' } } };
      const refuse = () => { throw new Error('no'); };
      const evil = [
        () => Object.create(null),
        () => new Proxy({}, { get: refuse, getPrototypeOf: refuse }),
        () => Object.defineProperty(new Error('x'), 'stack', { get: refuse }),
        () => Object.assign(new Error('x'), { stack: { a: 1 } }),
        () => undefined,
        () => Symbol('s'),
      ];
      export default function () {
        const socket = new WebSocket(__ENV.WS_URL + '/echo');
        socket.onopen = () => { throw evil[__ITER](); };
        socket.onclose = () => console.log('closed');
      }`,
    args: urls(),
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.equal(outcome.summary?.metrics['iterations']?.['count'], 6);
  assert.equal(outcome.console.filter((line) => line === 'closed').length, 6);
  assert.equal(outcome.stderr.split('\n').filter((line) => line.includes('level=error')).length, 6);
});

test('the options a script sees are frozen', async () => {
  const outcome = await runGharial({
    script: `
      import exec from 'k6/execution';
      export const options = { iterations: 2, tags: { a: 'b' } };
      export default function () {
        try { exec.test.options.tags.a += '!'; } catch (e) { console.log(e.name + ' ' + exec.test.options.tags.a); }
      }`,
  });
  assert.deepEqual(outcome.console, ['TypeError b', 'TypeError b']);
});

test('a name that nobody declared is told with its place, also in init code and with every suspension', async () => {
  const script = `
      import { sleep } from 'k6';
      function plain() { return 1 + missingA.x; }
      function blocking() { sleep(0.001); return missingB(1); }
      export default function () {
        for (const fn of [plain, blocking, () => { missingC = 1; }, () => new MissingD(1), () => ({ missingE })]) {
          try { fn(); } catch (e) { console.log(e.message.split(' ')[0], e.stack.match(/:\\d+:\\d+/)[0]); }
        }
        return BASE_URL + '/x';
      }`;
  for (const suspend of ['auto', 'all']) {
    const outcome = await runGharial({ script, args: ['--suspend', suspend] });
    assert.deepEqual(outcome.console, [
      'missingA :3:37',
      'missingB :4:50',
      'missingC :6:52',
      'MissingD :6:79',
      'missingE :6:101',
    ]);
    assert.match(
      outcome.stderr,
      /ReferenceError: BASE_URL is not defined\\n\\tat default \(file:.*script\.js:9:16\)/,
    );
  }
  const init = await runGharial({ script: '\nfoo.bar();\nexport default function () {}' });
  assert.equal(init.exitCode, 107);
  assert.match(init.stderr, /ReferenceError: foo is not defined\\n\\tat file:.*script\.js:2:1\\n/);
});

test('aborting the test stops this VU and the others at once, and says where', async () => {
  const outcome = await runGharial({
    script: `
      import exec from 'k6/execution';
      export const options = { vus: 2, duration: '20s' };
      export default function () {
        if (__VU === 2) return new Promise((done) => setTimeout(done, 50));
        try { exec.test.abort('enough'); } finally { console.log('must not run'); }
      }`,
  });
  assert.equal(outcome.exitCode, 108);
  assert.match(outcome.stderr, /test aborted: enough at default \(file:.*script\.js:6:\d+\)/);
  assert.deepEqual(outcome.console, []);
});
