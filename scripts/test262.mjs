// Runs test262 through the suspension transform and compares with the same tests merely wrapped as
// programs, so that only what the rewriting breaks counts.
//
//   node scripts/test262.mjs --root <test262 of mozjs sources> [--mode all|force] [--probes]
//     [--runner ../shared/test262/run.mjs] [--build dist] [--sample 0.1] [--filter RE] [--jobs 2] [--update]
//
// Fails on any test that is not listed in test/test262-expected-failures.json; --update rewrites the list.
//
// As a transform module of the runner this same file exports `default`, `setup` and `run`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const SELF = fileURLToPath(import.meta.url);
const REPO = dirname(dirname(SELF));
const EXPECTED = join(REPO, 'test/test262-expected-failures.json');
const MODE = process.env.GHARIAL_262_MODE ?? 'all';
const PROBES = process.env.GHARIAL_262_PROBES === '1';
const BUILD = resolve(process.env.GHARIAL_262_BUILD ?? join(REPO, 'dist'));

// ---- transform module --------------------------------------------------------------------------

const { transformProgram } =
  process.argv[1] === SELF
    ? {}
    : await import(pathToFileURL(join(BUILD, 'suspend/transform.js')).href);

// Strict mode scripts only: the product transforms ES modules.
export default function transform(source, { harness }) {
  if (harness) return source;
  const names = new Set(source.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu) ?? []);
  // Names in escapes and strings are harmless; what counts is that harness names resolve natively.
  return transformProgram({
    // The name of a blocking module anywhere makes the transform do its work.
    code: MODE === 'plain' ? source : `${source}\n//"test262"`,
    fileName: 'test.js',
    blocking: { modules: MODE === 'plain' ? {} : { test262: { named: {} } }, types: {} },
    mode: MODE === 'plain' ? 'auto' : MODE,
    instanceGlobals: [],
    hostNames: [...names],
    probes: PROBES,
  }).code;
}

let runtimeScript;

/** The runtime as a script, so that each realm has its own with its own intrinsics. */
function runtimeIn(context, vm) {
  if (runtimeScript === undefined) {
    const built = buildSync({
      entryPoints: [join(BUILD, 'suspend/realm.js')],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'runtime',
      platform: 'neutral',
      target: 'es2023',
      define: { 'import.meta.url': '"file:///runtime/realm.js"' },
      logLevel: 'error',
    });
    const { text } = built.outputFiles[0];
    runtimeScript = new vm.Script(`(()=>{${text};return runtime.createRealm(globalThis)})()`, {
      filename: 'file:///runtime/realm.js',
    });
  }
  return runtimeScript.runInContext(context);
}

export function run(code, context, vm, { filename, timeout }) {
  // Harness code must see unstamped natives no less than the test does: marks are invisible.
  const realm = runtimeIn(context, vm);
  const factory = new vm.Script(code, { filename }).runInContext(context, { timeout });
  const host = {
    isBlocked: false,
    defer: (job) => {
      const coroutine = job();
      if (coroutine !== undefined) drive(coroutine);
    },
    spawn: (coroutine, resumer) => drive(coroutine, resumer),
    reportBlocking() {},
  };
  const program = factory(realm);
  const made = program.instantiate(host, () => ({ named: {}, default: undefined }));
  if (program.kind === 'coroutine') return drive(made);
  return made;
}

/** Runs a coroutine whose operations all end at once (the probes). */
function drive(coroutine, resumer) {
  try {
    let step = coroutine.next();
    while (!step.done) {
      step.value.start({ ok() {}, fail() {} });
      step = coroutine.next(undefined);
    }
    resumer?.ok(step.value);
    return step.value;
  } catch (error) {
    if (resumer === undefined) throw error;
    resumer.fail(error);
  }
}

// ---- command -----------------------------------------------------------------------------------

if (process.argv[1] === SELF) main();

function main() {
  const args = readArguments(process.argv.slice(2));
  if (args.root === undefined)
    fail('--root <dir> is needed: the js/src/tests/test262 folder of mozjs');
  const runner = resolve(
    args.runner ?? process.env.GHARIAL_262_RUNNER ?? join(REPO, '../shared/test262/run.mjs'),
  );
  if (!existsSync(runner)) fail(`no runner at ${runner}; name it with --runner`);
  const work = mkdtempSync(join(tmpdir(), 'test262-'));
  const common = [
    ...['--root', resolve(args.root), '--layout', 'mozjs', '--preset', args.preset ?? 'language'],
    ...['--jobs', args.jobs ?? '2'],
    ...(args.filter === undefined ? [] : ['--filter', args.filter]),
    ...(args.sample === undefined ? [] : ['--sample', args.sample]),
    ...['--transform', SELF],
  ];
  const base = join(work, 'base.json');
  execute(runner, [...common, '--out', base], { GHARIAL_262_MODE: 'plain' }, args);
  const modes = args.mode === undefined ? ['all', 'force'] : [args.mode];
  const expected = existsSync(EXPECTED) ? JSON.parse(readFileSync(EXPECTED, 'utf8')) : {};
  let unexpected = 0;
  for (const mode of modes) {
    const out = join(work, `${mode}.json`);
    const env = { GHARIAL_262_MODE: mode, GHARIAL_262_PROBES: args.probes ? '1' : '0' };
    execute(runner, [...common, '--baseline', base, '--out', out, '--show', '0'], env, args);
    const label = args.probes ? `${mode}+probes` : mode;
    const results = Object.entries(JSON.parse(readFileSync(out, 'utf8')).results);
    const failures = results.filter(([, result]) => result !== null);
    const known = new Map(Object.entries(expected[label] ?? {}));
    const fresh = failures.filter(([name]) => !known.has(name));
    const share = ((100 * (results.length - failures.length)) / results.length).toFixed(2);
    console.log(`${label}: ${results.length - failures.length}/${results.length} (${share} %)`);
    for (const [name, result] of fresh) console.log(`  unexpected: ${name} :: ${result}`);
    const seen = new Map(results);
    for (const name of known.keys()) {
      if (seen.get(name) === null) console.log(`  passes now, take it off the list: ${name}`);
    }
    unexpected += fresh.length;
    if (args.update) {
      for (const [name, result] of fresh) known.set(name, String(result).slice(0, 160));
      for (const [name, result] of seen) if (result === null) known.delete(name);
      expected[label] = Object.fromEntries([...known].sort());
    }
  }
  if (args.update) writeFileSync(EXPECTED, `${JSON.stringify(expected, null, 2)}\n`);
  process.exit(unexpected > 0 && !args.update ? 1 : 0);
}

function execute(runner, args, env, { build }) {
  const run = spawnSync(process.execPath, [runner, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      ...env,
      ...(build === undefined ? {} : { GHARIAL_262_BUILD: resolve(build) }),
    },
  });
  if (run.error || run.status === null) fail(`${runner}: ${run.error ?? run.signal}`);
  const [summary] = run.stdout.split('\n').filter((line) => line.startsWith('files '));
  console.log(`${env.GHARIAL_262_MODE}: ${summary ?? `${run.status} ${run.stdout}`}`);
}

function readArguments(list) {
  const args = {};
  for (let i = 0; i < list.length; i++) {
    const name = list[i].replace(/^--/, '');
    const value = list[i + 1];
    if (value === undefined || value.startsWith('--')) args[name] = true;
    else {
      args[name] = value;
      i++;
    }
  }
  return args;
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
