/** `run()` as programs use it: what it gives, and what it leaves alone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import { GharialError } from '../base/errors.ts';
import type { LogRecord } from '../output/log-format.ts';
import type { Output, SampleBatch } from '../output/output.ts';
import { type InlineScript, type Run, type RunSettings, run } from './run.ts';
import type { Snapshot } from './run-state.ts';

/** Adds 1 to 100 to a trend, half of them in another room. */
const ROOMS = {
  source: `
    import { check } from 'k6';
    import { Trend } from 'k6/metrics';
    const rtt = new Trend('rtt', true);
    export const options = { iterations: 100, thresholds: { rtt: ['p(95)<90', 'max<1000'] } };
    export default function () {
      const value = __ITER + 1;
      rtt.add(value, { room: value > 50 ? 'b' : 'a' });
      check(value, { 'is small': (number) => number < 100 });
    }`,
};

/** Goes on until it is stopped. */
const ENDLESS = {
  source: `
    import { sleep } from 'k6';
    export const options = { vus: 1, duration: '1h' };
    export default function () { sleep(0.01); }`,
};

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-library-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('gives numbers, percentiles by tag, checks and thresholds', async () => {
  const result = await run(ROOMS);
  assert.equal(result.passed, false);
  assert.equal(result.exitCode, 99);
  assert.equal(result.error?.code, 'THRESHOLDS_CROSSED');
  assert.equal(result.iterationsCompleted, 100);
  assert.equal(result.metrics.iterations.count, 100);
  const { rtt } = result.metrics;
  assert.ok(rtt?.type === 'trend');
  assert.deepEqual([rtt.samples, rtt.min, rtt.med, rtt.max], [100, 1, 50.5, 100]);
  assert.equal(rtt.percentile(25), 25.75);
  const other = result.metric('rtt', { room: 'b', scenario: 'default' });
  assert.ok(other.type === 'trend');
  assert.deepEqual([other.samples, other.min, other.p95], [50, 51, 97.55]);
  assert.deepEqual(result.checks, [{ group: '', name: 'is small', passes: 99, fails: 1 }]);
  assert.equal(result.metrics.checks.rate, 0.99);
  assert.deepEqual(
    result.thresholds.map(({ threshold, passed, value }) => [threshold, passed, value]),
    [
      ['p(95)<90', false, 95.05],
      ['max<1000', true, 100],
    ],
  );
  assert.match(result.summaryText(), /✗ 'p\(95\)<90' p\(95\)=95\.05ms/);
});

test('is no number where nothing was measured', async () => {
  const { metrics } = await run(ROOMS);
  assert.equal(metrics.ws_connecting.samples, 0);
  assert.equal(metrics.ws_connecting.p95, Number.NaN);
  assert.equal(metrics.ws_connecting.percentile(50), Number.NaN);
  assert.equal(metrics.http_req_failed.rate, Number.NaN);
  assert.equal(metrics.ws_msgs_sent.count, 0);
  assert.equal(metrics['nothing_like_it'], undefined);
  assert.throws(() => metrics.ws_connecting.percentile(101), RangeError);
});

test('refuses a metric that the run does not have', async () => {
  const result = await run(ROOMS, { options: { iterations: 1 } });
  assert.throws(() => result.metric('rt'), {
    code: 'METRIC_UNKNOWN',
    message: /"rt"; it has .*rtt/,
  });
});

test('is plain data as JSON', async () => {
  const result = await run(ROOMS, { options: { iterations: 2 } });
  const json = JSON.parse(JSON.stringify(result));
  assert.equal(json.metrics.rtt.p95, 1.95);
  assert.equal(json.passed, true);
  assert.equal(json.options.scenarios.default.iterations, 2);
  assert.deepEqual(json.losses, []);
});

test('measures a WebSocket server', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP
  const source = `
    import { WebSocket } from 'k6/websockets';
    export default function () {
      const socket = new WebSocket(__ENV.URL);
      socket.onopen = () => socket.send('hello');
      socket.onmessage = () => socket.close();
    }`;
  const env = { URL: `ws://127.0.0.1:${port}` };
  const result = await run({ source }, { options: { vus: 3, iterations: 9 }, env });
  server.close();
  assert.ok(result.passed, result.error?.message);
  assert.equal(result.metrics.ws_msgs_received.count, 9);
  assert.equal(result.metric('ws_connecting', { url: env.URL }).samples, 9);
  assert.ok(result.metrics.ws_connecting.p95 > 0);
});

test('gives snapshots while it runs, and a last one of the end', async () => {
  const test = run(ENDLESS, { options: { vus: 2, duration: '2s' } });
  const seen: Snapshot[] = [];
  for await (const snapshot of test) seen.push(snapshot);
  const result = await test;
  const first = seen.find(({ stage }) => stage === 'running');
  const last = seen.at(-1);
  assert.ok(seen.length >= 2);
  assert.equal(first?.vusActive, 2);
  assert.equal(first?.scenarios[0]?.name, 'default');
  assert.ok((first?.metrics.iterations.count ?? 0) < result.metrics.iterations.count);
  assert.equal(last?.metrics.iterations.count, result.metrics.iterations.count);
});

test('is not held up by slow iteration, which gets the latest state', async () => {
  const test = run(ENDLESS, { options: { vus: 1, duration: '3s' } });
  const counts: number[] = [];
  for await (const snapshot of test) {
    counts.push(snapshot.metrics.iterations.count);
    await test; // longer than any tick
  }
  assert.equal(counts.length, 2);
  assert.equal(counts[1], (await test).metrics.iterations.count);
});

test('goes on when a loop over it is left, and ends by stop()', async () => {
  const test = run(ENDLESS);
  let atBreak = 0;
  for await (const { elapsedMs, iterationsCompleted } of test) {
    atBreak = elapsedMs;
    if (iterationsCompleted > 0) break;
  }
  let atSecond = 0;
  for await (const { elapsedMs, iterationsCompleted } of test) {
    atSecond = elapsedMs;
    assert.ok(iterationsCompleted > 0);
    break;
  }
  assert.ok(atSecond >= atBreak);
  const result = await test.stop();
  assert.equal(result, await test.stop());
  assert.equal(result.error?.code, 'RUN_STOPPED');
  assert.equal(result.exitCode, 105);
  assert.equal(result.passed, false);
  assert.ok(result.iterationsCompleted > 0);
});

test('stops by an AbortSignal, whose reason is the cause, and lets teardown run', async () => {
  const controller = new AbortController();
  const logged: string[] = [];
  const source = `${ENDLESS.source}
    export function teardown() { console.log('cleaned up'); }`;
  const test = run({ source }, { signal: controller.signal, log: (r) => logged.push(r.message) });
  const reason = new Error('enough');
  for await (const { iterationsCompleted } of test) {
    if (iterationsCompleted > 0) controller.abort(reason);
  }
  const { error } = await test;
  assert.equal(error?.code, 'RUN_STOPPED');
  assert.equal(error?.cause, reason);
  assert.deepEqual(logged, ['cleaned up']);
});

test('several runs at once and one after the other do not know of each other', async () => {
  const counted = async (iterations: number) =>
    (await run(ROOMS, { options: { iterations } })).metrics.iterations.count;
  assert.deepEqual(await Promise.all([counted(3), counted(5)]), [3, 5]);
  assert.equal(await counted(2), 2);
});

test('rejects with the error of the command line if there is nothing to run', async () => {
  const faults: [string | InlineScript, RunSettings, string, number][] = [
    ['no/such/script.js', {}, 'SCRIPT_NOT_FOUND', 255],
    [{ source: 'export default function ( {' }, {}, 'SCRIPT_SYNTAX', 107],
    [{ source: 'throw new Error("no");' }, {}, 'SCRIPT_EXCEPTION', 107],
    [{ source: 'export const a = 1;' }, {}, 'SCRIPT_EXPORTS', 255],
    [ROOMS, { options: { vus: -1 } }, 'OPTION_INVALID', 104],
    [ROOMS, { options: { thresholds: { rtt: ['p(95)'] } } }, 'THRESHOLD_INVALID', 104],
    [ROOMS, { workers: -1 }, 'OPTION_INVALID', 104],
    [ROOMS, { outputs: ['nope'] }, 'OUTPUT_UNKNOWN', 255],
    [ROOMS, { signal: AbortSignal.abort() }, 'RUN_STOPPED', 105],
  ];
  for (const [script, settings, code, exitCode] of faults) {
    await assert.rejects(Promise.resolve(run(script, settings)), (error: unknown) => {
      assert.ok(error instanceof GharialError, String(error));
      assert.deepEqual([error.code, error.exitCode], [code, exitCode], error.message);
      return true;
    });
  }
});

test('refuses what it does not know, as types do', async () => {
  const unknown = { options: { vuss: 1 } } as RunSettings; // on purpose
  await assert.rejects(Promise.resolve(run(ROOMS, unknown)), {
    code: 'OPTION_INVALID',
    message: 'options of run(): unknown option "vuss"',
  });
  const misplaced = { vus: 1 } as RunSettings; // on purpose
  await assert.rejects(Promise.resolve(run(ROOMS, misplaced)), {
    code: 'RUN_SETTING_UNKNOWN',
    message: /got the setting "vus"/,
  });
});

test('rejects with what it got if the script is none', async () => {
  for (const [script, got] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, 'object'],
  ] as const) {
    // As a program without types may call it.
    const running = run(script as unknown as string);
    await assert.rejects(Promise.resolve(running), {
      code: 'RUN_SCRIPT_INVALID',
      message: `run(): got ${got} as script; expected a path, a URL or { source, filename }`,
    });
  }
});

test('an iteration over a run that fails throws what the run rejects with', async () => {
  const iterate = async (test: Run): Promise<void> => {
    for await (const _ of test) assert.fail('a snapshot of nothing');
  };
  await assert.rejects(iterate(run('no/such/script.js')), { code: 'SCRIPT_NOT_FOUND' });
});

test('an exception of setup() is the error of the result', async () => {
  const source = `
    export function setup() { throw new Error('no data'); }
    export default function () {}`;
  const result = await run({ source });
  assert.equal(result.exitCode, 107);
  assert.match(result.error?.message ?? '', /no data/);
  assert.equal(result.iterationsCompleted, 0);
});

test('hands the console and its own log to the logger, without the secrets that were read', async () => {
  const records: LogRecord[] = [];
  const source = `
    import secrets from 'k6/secrets';
    console.log('init');
    export default async function () {
      console.warn(await secrets.get('key'), __ENV.PLACE);
      throw new Error('bad day');
    }`;
  const settings: RunSettings = {
    secrets: { key: 'hunter2' },
    env: { PLACE: 'here', NOTHING: undefined },
    workers: 1,
    log: (record) => records.push(record),
  };
  await run({ source }, settings);
  const console = records.filter(({ fields }) => fields['source'] === 'console');
  assert.deepEqual(
    console.slice(-2).map(({ level, message }) => [level, message]),
    [
      ['info', 'init'],
      ['warning', '***SECRET_REDACTED*** here'],
    ],
  );
  assert.ok(records.some(({ message }) => /bad day/.test(message)));
  assert.ok(records.every(({ level }) => level !== 'debug'));
  await run({ source }, { ...settings, verbose: true });
  assert.ok(records.some(({ level }) => level === 'debug'));
});

test('takes a path, a URL, and TypeScript in memory with imports beside it', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'script.ts');
  const source = `
    import { count } from './count.ts';
    export const options: { iterations: number } = { iterations: count };
    export default function (): void {}`;
  writeFileSync(path, source);
  writeFileSync(join(folder, 'count.ts'), 'export const count: number = 4;');
  for (const [script, settings] of [
    [path, {}],
    ['script.ts', { cwd: folder }],
    [pathToFileURL(path), {}],
    [{ source, filename: 'memory.ts' }, { cwd: folder }],
  ] as const) {
    assert.equal((await run(script, settings)).iterationsCompleted, 4);
  }
});

test('gives what handleSummary and setup return, and writes nothing', async (t) => {
  const cwd = temporaryFolder(t);
  const source = `
    export function setup() { return { user: 'kim' }; }
    export default function (data) { if (data.user !== 'kim') throw new Error(data.user); }
    export function handleSummary(data) {
      return { 'out.txt': String(data.metrics.iterations.values.count), stdout: 'hello' };
    }`;
  const result = await run({ source }, { cwd });
  assert.deepEqual(result.summaryFiles, { 'out.txt': '1', stdout: 'hello' });
  assert.deepEqual(result.setupData, { user: 'kim' });
  assert.equal(existsSync(join(cwd, 'out.txt')), false);
});

test('feeds outputs that are objects, beside those that have a name', async (t) => {
  const path = join(temporaryFolder(t), 'all.json');
  const values: number[] = [];
  const counting: Output = {
    description: 'counting',
    needs: 'samples',
    start() {},
    onSamples(batch: SampleBatch) {
      batch.series.forEach(({ metric }, index) => {
        if (metric.name === 'rtt') values.push(batch.values[index] ?? 0);
      });
    },
    stop() {},
  };
  const result = await run(ROOMS, { outputs: [counting, `json=${path}`] });
  assert.equal(
    values.toSorted((a, b) => a - b).join(),
    Array.from({ length: 100 }, (_, i) => i + 1).join(),
  );
  assert.deepEqual(result.losses, []);
  assert.ok(existsSync(path));
});

test('is not ended by an output that throws, and tells what it lost', async () => {
  const messages: string[] = [];
  const broken: Output = {
    description: 'broken',
    needs: 'samples',
    start() {},
    onSamples() {
      throw new Error('full');
    },
    stop() {},
  };
  const log = ({ message }: LogRecord): void => void messages.push(message);
  const result = await run(ROOMS, { options: { iterations: 10 }, outputs: [broken, 'json'], log });
  assert.equal(result.iterationsCompleted, 10);
  // Outputs that have a name are started first.
  const [second, first] = result.losses;
  assert.deepEqual([first?.output, first?.reason], ['broken', 'full']);
  assert.ok((first?.samplesLost ?? 0) >= 20);
  assert.match(second?.reason ?? '', /run\(\) prints nothing unless it is given a stdout/);
  assert.ok(messages.includes('the broken output stopped: full'));
  const faulty: RunSettings['outputs'] = [{ ...broken, description: '', stop: undefined } as never]; // on purpose
  await assert.rejects(Promise.resolve(run(ROOMS, { outputs: faulty })), { code: 'OUTPUT_FAILED' });
});

test('prints nothing, listens to no signal, and leaves nothing that keeps the process', async () => {
  const url = new URL('../index.js', import.meta.url).href;
  const program = `
    import { run } from ${JSON.stringify(url)};
    const source = 'console.log(1); export default function () { console.error(2); }';
    const before = process.eventNames().length;
    const test = run({ source }, { options: { iterations: 3 } });
    let names = 0;
    for await (const _ of test) names = Math.max(names, process.eventNames().length);
    await test;
    if (names > before || process.eventNames().length > before) throw new Error('it listens');
    process.on('exit', (code) => process.stdout.write('exit ' + code));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    printed.stdout += text;
  });
  child.stderr.on('data', (text) => {
    printed.stderr += text;
  });
  await once(child, 'close');
  assert.deepEqual(printed, { stdout: 'exit 0', stderr: '' });
});
