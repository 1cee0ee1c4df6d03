/** The package as it would be published, used by a project of its own: types in strict mode, and a run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

// Tests run from the root of the repository.
const ROOT = resolve('.');
let project = '';

before(() => {
  project = mkdtempSync(join(tmpdir(), 'gharial-consumer-'));
  const modules = join(project, 'node_modules');
  mkdirSync(modules);
  execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], ROOT);
  const [tarball = ''] = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  execute('tar', ['-xzf', tarball], project);
  // The dependencies as npm would lay them, without a network.
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  execute('mv', [join(project, 'package'), join(modules, 'gharial')], project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
});
after(() => rmSync(project, { recursive: true, force: true }));

function execute(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

/** Errors of the compiler in a project with this file. */
function compile(name: string, source: string, options: Readonly<Record<string, unknown>>): string {
  writeFileSync(join(project, name), source);
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    ...options,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [name] }));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout;
}

const PROGRAM = `
  import { ExitCode, GharialError, type Output, type Run, type RunResult, type RunSettings, run } from 'gharial';

  const values: number[] = [];
  const output: Output = {
    description: 'mine',
    needs: 'samples',
    start({ startMs }) { values.push(startMs); },
    onSamples(batch) { batch.series.forEach(({ metric }) => values.push(metric.name.length)); },
    stop({ durationMs, error }) { values.push(durationMs, error?.message.length ?? 0); },
    losses: { batchesLost: 0, batches: 1, samplesLost: 0, reason: '' },
  };
  const settings: RunSettings = {
    options: { vus: 2, duration: '1s', thresholds: { checks: ['rate>0.9'] } },
    env: process.env,
    outputs: [output, 'json=results.json'],
    log: ({ level, message, fields, timeMs }) => void [level, message, fields['source'], timeMs],
    signal: AbortSignal.timeout(60_000),
  };
  const source = "export default function () {}";
  const load: Run = run({ source, filename: 'script.ts' }, settings);
  for await (const snapshot of load) {
    const open: number = snapshot.vusActive + snapshot.metrics.ws_connecting.p95;
    const state: string | undefined = snapshot.scenarios[0]?.state;
    values.push(open, state?.length ?? 0);
  }
  const result: RunResult = await load;
  const p95: number = result.metrics.ws_connecting.p95;
  const sent: number = result.metrics.ws_msgs_sent.count;
  const exact: number = result.metric('ws_connecting', { scenario: 'default' }).percentile(99.9);
  const own = result.metrics['own_trend'];
  if (own?.type === 'trend') values.push(own.percentile(50));
  const code: ExitCode | number = result.exitCode;
  const hint: string | undefined = result.error?.hint;
  for (const { metric, threshold, passed, value } of result.thresholds) void [metric, threshold, passed, value];
  try { await run(new URL('file:///nowhere.js')); } catch (error) {
    if (!(error instanceof GharialError) || error.code !== 'SCRIPT_NOT_FOUND') throw error;
  }
  console.log(result.passed, code === ExitCode.ok, result.metrics.iterations.count > 0, [p95, sent, exact, hint].length);
`;

test('declarations type-check for a strict project, in both kinds of module resolution', () => {
  const node = { module: 'nodenext', moduleResolution: 'nodenext' };
  assert.equal(compile('program.ts', PROGRAM, node), '');
  // @types/k6 itself does not pass with this one.
  const exact = { exactOptionalPropertyTypes: true, skipLibCheck: true };
  assert.equal(compile('program.ts', PROGRAM, { ...node, ...exact }), '');
  assert.equal(
    compile('program.ts', PROGRAM, { module: 'esnext', moduleResolution: 'bundler' }),
    '',
  );
});

test('declarations refuse what run() does not take', () => {
  const node = { module: 'nodenext', moduleResolution: 'nodenext' };
  const faulty = `
    import { run } from 'gharial';
    run('a.js', { options: { vus: '2' } });
    run('a.js', { vus: 2 });
    run(42);
    const result = await run('a.js');
    result.metrics.ws_connecting.rate;
    result.metrics.ws_msgs_sent.p95;`;
  const lines = compile('faulty.ts', faulty, node).match(/faulty\.ts\(\d+/g) ?? [];
  assert.deepEqual(
    lines.map((line) => Number(line.split('(')[1])),
    [3, 4, 5, 7, 8],
  );
});

test('the packed package runs a test', () => {
  writeFileSync(
    join(project, 'main.mjs'),
    `import { run } from 'gharial';
     const { metrics, passed } = await run({ source: 'export default function () {}' }, { options: { iterations: 3 } });
     console.log(passed, metrics.iterations.count);`,
  );
  assert.equal(execute(process.execPath, ['main.mjs'], project), 'true 3\n');
});
