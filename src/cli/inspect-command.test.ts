import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function inspect(script: string, args: readonly string[] = [], env = {}) {
  writeFileSync(join(folder, 'script.js'), script);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, 'inspect', ...args, 'script.js'],
    { encoding: 'utf8', cwd: folder, env: { HOME: folder, ...env } },
  );
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
}

test('the options of the script are printed as they are, unset ones as null', () => {
  const { status, stdout, stderr, json } = inspect(
    `
    export const options = { vus: 3, duration: 90000, thresholds: { checks: ['rate>0.5'] } };
    export default function () { throw new Error('must not run'); }`,
    [],
    { K6_VUS: '7', K6_ITERATIONS: '9' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  assert.deepEqual(Object.keys(json()).slice(0, 6), [
    'paused',
    'vus',
    'duration',
    'iterations',
    'stages',
    'scenarios',
  ]);
  assert.equal(json().vus, 3);
  assert.equal(json().duration, '1m30s');
  assert.equal(json().iterations, null);
  assert.equal(json().totalDuration, undefined);
  assert.match(stdout, /"rate\\u003e0\.5"/);
});

test('the requirements are those of a run: defaults, config file and environment count', () => {
  writeFileSync(join(folder, 'config.json'), '{"noSetup":true}');
  const { status, stderr, json } = inspect(
    `export const options = { duration: '10s' }; export default function () {}`,
    ['--execution-requirements', '--config', 'config.json'],
    { K6_VUS: '7' },
  );
  assert.equal(status, 0, stderr);
  const options = json();
  assert.equal(options.totalDuration, '40s');
  assert.equal(options.maxVUs, 7);
  assert.equal(options.vus, 7);
  assert.equal(options.noSetup, true);
  assert.equal(options.setupTimeout, '1m0s');
  assert.equal(options.scenarios.default.executor, 'constant-vus');
  assert.equal(options.scenarios.default.vus, 7);
});

test('-e reaches the init code, the environment of the process only if asked for', () => {
  const script = `
    export const options = { tags: { e: String(__ENV.MINE), system: String(__ENV.THEIRS) } };
    export default function () {}`;
  const env = { THEIRS: 'x' };
  assert.deepEqual(inspect(script, ['-e', 'MINE=1'], env).json().tags, {
    e: '1',
    system: 'undefined',
  });
  assert.equal(inspect(script, ['--include-system-env-vars'], env).json().tags.system, 'x');
});

test('a script that fails, aborts or exports nothing ends with the exit codes of a run', () => {
  const cases = [
    [`throw new Error('broken');`, 107, /broken/],
    [`import exec from 'k6/execution'; exec.test.abort('enough');`, 108, /test aborted: enough/],
    ['const nothing = 1;', 255, /no exported functions in script/],
    [`export const options = { vus: 'x' }; export default () => {};`, 104, /invalid syntax/],
    ['export default function () {', 107, /script\.js/],
  ] as const;
  for (const [script, exitCode, message] of cases) {
    const { status, stdout, stderr } = inspect(script);
    assert.equal(status, exitCode, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('flags that a script cannot be inspected with are unknown', () => {
  const { status, stderr } = inspect('export default function () {}', ['--vus', '2']);
  assert.equal(status, 255);
  assert.match(stderr, /unknown flag: --vus/);
});
