/** A run steered from outside: `--paused`, the REST API, and what the progress shows of it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { GharialProcess } from './testing/spawn-gharial.ts';

const LISTENS = /the REST API listens on (127\.0\.0\.1:\d+)/;

interface Attributes {
  readonly status?: number;
  readonly paused?: boolean;
  readonly stopped?: boolean;
  readonly vus?: number;
  readonly data?: unknown;
}

/** The parts of the API's answers that tests look at. */
interface Answer {
  readonly data: { readonly attributes: Attributes };
  readonly errors: readonly { readonly title: string; readonly detail: string }[];
}

async function readAnswer(response: Response): Promise<Answer> {
  return (await response.json()) as Answer; // border: what the API says, checked by the test
}

async function start(script: string, ...args: string[]) {
  const gharial = new GharialProcess({
    args: ['run', '-v', '--address', '127.0.0.1:0', ...args, 'script.js'],
    files: { 'script.js': script },
  });
  const [, address = ''] = await gharial.printed(LISTENS);
  const url = `http://${address}/v1`;
  const status = async () => (await readAnswer(await fetch(`${url}/status`))).data.attributes;
  const patch = async (attributes: object) => {
    const body = JSON.stringify({ data: { type: 'status', id: 'default', attributes } });
    const response = await fetch(`${url}/status`, { method: 'PATCH', body });
    return { status: response.status, json: await readAnswer(response) };
  };
  /** Asks until it is so: the state of the test, not of a clock, decides. */
  const becomes = async (isWanted: (attributes: Attributes) => boolean) => {
    for (;;) {
      const attributes = await status();
      if (isWanted(attributes)) return attributes;
    }
  };
  return { gharial, url, status, patch, becomes };
}

test('a paused test is ready and waits; setup data given meanwhile and a resume take effect', async () => {
  const { gharial, url, status, patch, becomes } = await start(
    `
    export const options = { vus: 2, iterations: 2, noSetup: true };
    export default function (data) { console.log('data ' + JSON.stringify(data)); }`,
    '--paused',
  );
  const waiting = await becomes(({ status }) => status === 4);
  assert.deepEqual(waiting, {
    status: 4,
    paused: true,
    vus: 0,
    'vus-max': 2,
    stopped: false,
    running: false,
    tainted: false,
  });
  await gharial.printed(/^Init {6}\[ 100% \] paused\ndefault {3}\[ {3}0% \]$/m);
  await fetch(`${url}/setup`, { method: 'PUT', body: '{"from":"outside"}' });
  const again = await patch({ paused: true });
  assert.equal(again.status, 500);
  assert.equal(again.json.errors[0]?.detail, 'execution is already paused');
  assert.equal((await status()).status, 4);
  assert.equal((await patch({ paused: false })).json.data.attributes.paused, false);
  assert.equal(await gharial.ended(), 0, gharial.stderr);
  assert.equal(gharial.stderr.match(/data \{\\"from\\":\\"outside\\"\}/g)?.length, 2);
});

test('a paused test that is never resumed is ended by a signal', async () => {
  const { gharial, becomes } = await start(
    `export default function () { console.log('must not run'); }`,
    '--paused',
  );
  await becomes(({ status }) => status === 4);
  gharial.signal('SIGINT');
  assert.equal(await gharial.ended(), 105, gharial.stderr);
  assert.doesNotMatch(gharial.stderr, /must not run/);
});

test('VUs of externally-controlled come, go and pause as the API says; a stop is exit code 103', async () => {
  const { gharial, patch, becomes, url } = await start(
    `
    import { sleep } from 'k6';
    export const options = { scenarios: {
      ctl: { executor: 'externally-controlled', vus: 1, maxVUs: 6, duration: '0' } } };
    export function setup() { return { x: 1 }; }
    export default function () { sleep(0.05); }
    export function teardown(data) { console.log('teardown ' + JSON.stringify(data)); }`,
    '--workers',
    '2',
  );
  await becomes(({ status, vus }) => status === 7 && vus === 1);
  assert.equal((await patch({ vus: 5 })).status, 200);
  await becomes(({ vus }) => vus === 5);
  const tooMany = await patch({ vus: 7 });
  assert.equal(tooMany.json.errors[0]?.title, 'Execution config error');
  await patch({ paused: true });
  await becomes(({ vus, paused }) => vus === 0 && paused === true);
  await gharial.printed(/^paused \(\d+\.\ds\), 0\/6 VUs/m);
  await patch({ paused: false, vus: 2 });
  await becomes(({ vus }) => vus === 2);
  await gharial.printed(/^ctl {3,}\[ .* \] 2\/6 VUs {2}\d+\.\ds\/infinite$/m);
  assert.equal((await fetch(`${url}/teardown`, { method: 'POST' })).status, 200);
  assert.equal((await patch({ stopped: true })).json.data.attributes.stopped, true);
  assert.equal(await gharial.ended(), 103, gharial.stderr);
  assert.match(gharial.stderr, /level=error msg="test run stopped from REST API"/);
  assert.equal(gharial.stderr.match(/teardown \{\\"x\\":1\}/g)?.length, 2);
});

test('a setup that is asked for during the run and takes too long leaves the scenarios alone', async () => {
  const { gharial, url, becomes } = await start(`
    import { sleep } from 'k6';
    import exec from 'k6/execution';
    export const options = { vus: 1, duration: '3s', setupTimeout: '300ms' };
    export function setup() {
      if (exec.instance.iterationsCompleted > 0) sleep(60);
      return { first: true };
    }
    export default function () { sleep(0.1); }`);
  await becomes(({ status }) => status === 7);
  await gharial.printed(/ [1-9]\d* complete and/);
  const answers = await Promise.all(
    [1, 2].map(async () => readAnswer(await fetch(`${url}/setup`, { method: 'POST' }))),
  );
  for (const { errors } of answers) {
    assert.deepEqual(
      errors.map(({ title }) => title),
      ['Error executing setup'],
    );
    assert.match(errors[0]?.detail ?? '', /^setup\(\) execution timed out after 0 seconds$/);
  }
  const kept = await readAnswer(await fetch(`${url}/setup`));
  assert.deepEqual(kept.data.attributes, { data: { first: true } });
  assert.equal(await gharial.ended(), 0, gharial.stderr);
  assert.match(gharial.stdout, / \d\d complete and 0 interrupted iterations/);
});

test('a taken address ends the run with 106 if it was a flag, and is a warning if not', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const taken = server.address();
  assert.ok(typeof taken === 'object' && taken !== null);
  const address = `127.0.0.1:${taken.port}`;
  const files = { 'script.js': 'export default function () {}' };
  const byFlag = new GharialProcess({ args: ['run', '-a', address, 'script.js'], files });
  const byEnv = new GharialProcess({
    args: ['run', 'script.js'],
    files,
    env: { K6_ADDRESS: address },
  });
  assert.equal(await byFlag.ended(), 106, byFlag.stderr);
  assert.match(byFlag.stderr, /level=error msg="Error from API server: .*EADDRINUSE/);
  assert.equal(await byEnv.ended(), 0, byEnv.stderr);
  assert.match(byEnv.stderr, /level=warning msg="Error from API server: /);
  server.close();
});

test('the progress has a line for each scenario, whatever its executor', async () => {
  // Holds setup() until the progress has shown it.
  let release = (): void => {};
  const isShown = new Promise<void>((resolve) => {
    release = resolve;
  });
  const gate = createServer(async (_request, response) => {
    await isShown;
    response.end();
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  const address = gate.address();
  assert.ok(typeof address === 'object' && address !== null);
  const gharial = new GharialProcess({
    args: ['run', '--workers', '2', '-e', `GATE=http://127.0.0.1:${address.port}`, 'script.js'],
    files: {
      'script.js': `
    import { sleep } from 'k6';
    import http from 'k6/http';
    const common = { gracefulStop: '5s' };
    export const options = { scenarios: {
      constant: { executor: 'constant-vus', vus: 3, duration: '2s', ...common },
      ramping: { executor: 'ramping-vus', startVUs: 2, stages: [{ duration: '2s', target: 2 }], ...common },
      shared: { executor: 'shared-iterations', vus: 2, iterations: 8, ...common },
      each: { executor: 'per-vu-iterations', vus: 2, iterations: 3, ...common },
      arrivals: { executor: 'constant-arrival-rate', rate: 10, duration: '2s', preAllocatedVUs: 4, ...common },
      later: { executor: 'constant-vus', vus: 1, duration: '1s', startTime: '2s', ...common },
    } };
    export function setup() { http.get(__ENV.GATE); }
    export default function () { sleep(0.1); }`,
    },
  });
  await gharial.printed(/^Run {8}\[ 100% \] setup\(\)\n/m);
  release();
  assert.equal(await gharial.ended(), 0, gharial.stderr);
  gate.close();
  const [first = '', ...blocks] = gharial.stdout.split(/\n\n(?=Run |running )/).slice(1);
  assert.match(first, /^Run {8}\[ 100% \] setup\(\)\n/);
  assert.match(first, /^constant {3}\[ {3}0% \]$/m);
  assert.ok(blocks.length >= 2);
  assert.match(gharial.stdout, /^later {4}• \[ {3}0% \] waiting {2}\d\.\ds$/m);
  const last = blocks.at(-1) ?? '';
  const lines = [
    /^constant ✓ \[ 100% \] 3 VUs {4}2s$/m,
    /^ramping {2}✓ \[ 100% \] 2\/2 VUs {2}2s$/m,
    /^shared {3}✓ \[ 100% \] 2 VUs {4}00m00\.\ds\/10m0s {2}8\/8 shared iters$/m,
    /^each {5}✓ \[ 100% \] 2 VUs {4}00m00\.\ds\/10m0s {2}6\/6 iters, 3 per VU$/m,
    /^arrivals ✓ \[ 100% \] 0\/4 VUs {2}2s {14}10\.00 iters\/s$/m,
    /^later {4}✓ \[ 100% \] 1 VUs {4}1s$/m,
  ];
  for (const line of lines) assert.match(last, line);
});

test('execution segments: ids and iteration numbers are those of the whole test', async () => {
  const script = `
    import exec from 'k6/execution';
    export const options = { scenarios: { a: { executor: 'shared-iterations', vus: 4, iterations: 12 } } };
    export default function () {
      console.log('vu ' + exec.vu.idInTest + ' of ' + exec.vu.idInInstance + ' iteration ' + exec.scenario.iterationInTest);
    }`;
  const halves = ['0:1/2', '1/2:1'].map(
    (segment) =>
      new GharialProcess({
        args: [
          'run',
          '-q',
          '--execution-segment',
          segment,
          '--execution-segment-sequence',
          '0,1/2,1',
          'script.js',
        ],
        files: { 'script.js': script },
      }),
  );
  for (const half of halves) assert.equal(await half.ended(), 0, half.stderr);
  const found = halves.map(({ stderr }) =>
    [...stderr.matchAll(/vu (\d+) of (\d+) iteration (\d+)/g)].map((match) =>
      match.slice(1).map(Number),
    ),
  );
  const all = found.flat();
  const iterations = all.map(([, , iteration = -1]) => iteration).sort((a, b) => a - b);
  assert.deepEqual(iterations, [...Array(12).keys()]);
  const ids = found.map((lines) => new Set(lines.map(([id]) => id)));
  assert.ok([...(ids[0] ?? [])].every((id) => ids[1]?.has(id) === false));
});

test('what the API asked for does not hold up the end of the run', async () => {
  const { gharial, url, becomes } = await start(`
    import { sleep } from 'k6';
    import exec from 'k6/execution';
    export const options = { vus: 1, duration: '2s' };
    export function setup() {
      if (exec.instance.iterationsCompleted > 0) { console.log('asked'); sleep(60); }
    }
    export default function () { sleep(0.1); }`);
  await becomes(({ status }) => status === 7);
  await gharial.printed(/ [1-9]\d* complete and/);
  const refused = [1, 2].map(() =>
    fetch(`${url}/setup`, { method: 'POST' }).catch(() => undefined),
  );
  await gharial.printed(/asked/);
  assert.equal(await gharial.ended(), 0, gharial.stderr);
  await Promise.all(refused);
});
