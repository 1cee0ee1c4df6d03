import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { compileProgram } from '../suspend/runtime.ts';
import { installStackMapping, userFrames } from '../suspend/stack.ts';
import { createImportMeta } from './import-meta.ts';
import { loadScript } from './load.ts';
import type { ScriptBundle } from './script-bundle.ts';
import { tempProject } from './testing/temp-project.ts';

test('a script is named relative to the working directory, absolutely or by file URL', async (t) => {
  const project = tempProject(t, { 'sub/script.js': 'export default function () {}' });
  for (const entry of [
    'sub/script.js',
    project.path('sub/script.js'),
    project.url('sub/script.js'),
  ]) {
    const bundle = await loadScript({ entry, cwd: project.dir });
    assert.equal(bundle.entryUrl, project.url('sub/script.js'));
    assert.equal(bundle.entryDir, project.path('sub'));
  }
});

test('standard input is named - in the working directory', async (t) => {
  const project = tempProject(t, {});
  const source = 'export default function (): void {}';
  const bundle = await loadScript({ entry: '-', source, cwd: project.dir });
  assert.equal(bundle.entryUrl, project.url('-'));
  assert.equal(bundle.entryDir, project.dir);
  assert.equal(bundle.sources[project.url('-')], source);
});

test('a missing entry script is one line that names the file, exit code 255', async (t) => {
  const project = tempProject(t, {});
  await assert.rejects(loadScript({ entry: 'not-here.js', cwd: project.dir }), {
    code: 'SCRIPT_NOT_FOUND',
    exitCode: 255,
    message: /^The moduleSpecifier "not-here\.js" couldn't be found on local disk\.[^\n]*$/,
  });
});

test('a directory is no script', async (t) => {
  const project = tempProject(t, { 'dir/script.js': '' });
  await assert.rejects(loadScript({ entry: 'dir', cwd: project.dir }), {
    code: 'SCRIPT_NOT_FOUND',
    message: /is a directory/,
  });
});

test('an entry script of another scheme is refused with a way out, a remote one needs a source', async (t) => {
  const project = tempProject(t, {});
  await assert.rejects(loadScript({ entry: 'http://x/script.js', cwd: project.dir }), {
    code: 'SCRIPT_NOT_FOUND',
    message: /only supported schemes are file and https/,
    hint: /download it/,
  });
  await assert.rejects(loadScript({ entry: 'https://x/script.js', cwd: project.dir }), {
    code: 'SCRIPT_MODULE_REMOTE',
    exitCode: 255,
  });
  await assert.rejects(loadScript({ entry: 'file://elsewhere/script.js', cwd: project.dir }), {
    code: 'SCRIPT_NOT_FOUND',
    message: /no file URL of this machine/,
  });
});

test('a bundle can be cloned to a thread', async (t) => {
  const project = tempProject(t, { 'script.js': `import 'k6'; export default function () {}` });
  const bundle = await loadScript({ entry: 'script.js', cwd: project.dir });
  assert.deepEqual(structuredClone(bundle), bundle);
});

/** Runs the program of a bundle as a VU would, as far as that needs no VU. */
function instantiate(bundle: ScriptBundle): Record<string, unknown> {
  const global: Record<string, unknown> = { __VU: 7, __ENV: {}, console };
  global['globalThis'] = global;
  global['require'] = (specifier: string) => ({ required: specifier });
  const importModule = (specifier: string) => ({
    named: { sleep: () => specifier, connect: () => specifier },
    default: { specifier },
    sleep: () => specifier,
    connect: () => specifier,
  });
  installStackMapping(bundle);
  const callerUrl = (): string => userFrames(new Error())[0]?.file ?? bundle.entryUrl;
  const importer = Object.assign(importModule, { meta: createImportMeta(callerUrl) });
  const host = {
    isBlocked: false,
    defer: () => assert.fail('nothing is deferred'),
    spawn: () => assert.fail('nothing is spawned'),
    reportBlocking: (error: Error) => assert.fail(error),
  };
  const program = compileProgram(bundle.code, bundle.fileName);
  const globals = bundle.globalNames.map((name) => global[name]);
  const instance: unknown = program.instantiate(host, importer, ...globals);
  if (program.kind === 'plain') return instance as Record<string, unknown>; // the namespace
  const coroutine = instance as Iterator<unknown, Record<string, unknown>>;
  const end = coroutine.next();
  assert.ok(end.done, 'the init code blocked');
  return end.value;
}

async function exportsOf(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const project = tempProject(t, files);
  return instantiate(await loadScript({ entry: 'script.js', cwd: project.dir }));
}

test('a bundle runs: exports, per-VU globals, k6 modules by import and require', async (t) => {
  const { found } = await exportsOf(t, {
    'script.js': `#!/usr/bin/env k6
      import { sleep, noSuchName } from 'k6';
      const ws = require('k6/ws');
      export const found = [sleep(), noSuchName, ws.required, __VU, typeof open];
      export default function () {}`,
  });
  assert.deepEqual(found, ['k6', null, 'k6/ws', 7, 'undefined']);
});

test('what blocks is found out, also behind require and in CommonJS', async (t) => {
  const project = tempProject(t, {
    'esm.js': `import { sleep } from 'k6'; export default function () { sleep(1); }`,
    'cjs.js': `const { sleep } = require('k6'); exports.default = function () { sleep(1); };`,
    'none.js': `import { check } from 'k6'; export default function () { check(1, {}); }`,
    'async.js': `export default async function () { await 1; }`,
    'top.js': `export const one = await 1; export default function () {}`,
  });
  const facts = async (entry: string) => {
    const bundle = await loadScript({ entry, cwd: project.dir });
    return [bundle.suspends, bundle.usesPromises, bundle.hasTopLevelAwait];
  };
  assert.deepEqual(await facts('esm.js'), [true, false, false]);
  assert.deepEqual(await facts('cjs.js'), [true, false, false]);
  assert.deepEqual(await facts('none.js'), [false, false, false]);
  assert.deepEqual(await facts('async.js'), [false, true, false]);
  assert.deepEqual(await facts('top.js'), [false, true, true]);
});

test('a script looks at prototypes if its own text says so, not for the helpers of the bundler', async (t) => {
  const project = tempProject(t, {
    'lib.js': `module.exports = { a: 1 };`,
    'plain.js': `import lib from './lib.js'; export * as all from './plain.js';
      export class A { static x = 1; #y = 2; } export default function () { lib.a; }`,
    'prototype.js': `export default function () { WebSocket.prototype.send = 1; }`,
    'own.js': `export default function () { WebSocket.hasOwnProperty('OPEN'); }`,
    'names.js': `export default function () { Object.getOwnPropertyNames(WebSocket); }`,
    'lib-does.js': `module.exports = (o) => Object.getPrototypeOf(o);`,
    'by-lib.js': `import look from './lib-does.js'; export default function () { look({}); }`,
  });
  const looks = async (entry: string) =>
    (await loadScript({ entry, cwd: project.dir })).looksAtPrototypes;
  assert.equal(await looks('plain.js'), false);
  assert.equal(await looks('prototype.js'), true);
  assert.equal(await looks('own.js'), true);
  assert.equal(await looks('names.js'), true);
  assert.equal(await looks('by-lib.js'), true);
});

test('import.meta speaks of the file it stands in', async (t) => {
  const project = tempProject(t, {
    'lib/a.js': `export const there = import.meta.resolve('./data.csv');`,
    'script.js': `
      import { there } from './lib/a.js';
      export const found = [there, import.meta.resolve('./data.csv')];`,
  });
  const { found } = instantiate(await loadScript({ entry: 'script.js', cwd: project.dir }));
  assert.deepEqual(found, [project.url('lib/data.csv'), project.url('data.csv')]);
});

test('positions in the program lead back to the source, in plain and in suspendable code', async (t) => {
  const project = tempProject(t, {
    'script.ts': [
      `import { sleep } from 'k6';`,
      `interface Thing { name: string }`,
      `export function fail(thing: Thing): never {`,
      `  throw new Error(thing.name);`,
      `}`,
      `export function failLate(thing: Thing): void {`,
      `  if (thing.name === '') sleep(1);`,
      `  fail(thing);`,
      `}`,
    ].join('\n'),
  });
  const bundle = await loadScript({ entry: 'script.ts', cwd: project.dir });
  const { fail, failLate } = instantiate(bundle);
  for (const action of [fail, failLate]) {
    assert.ok(typeof action === 'function');
    let frame: unknown;
    try {
      action({ name: 'x' });
    } catch (error) {
      assert.ok(error instanceof Error);
      frame = userFrames(error)[0];
    }
    assert.deepEqual(frame, { file: project.url('script.ts'), line: 4, column: 9, name: 'fail' });
  }
});

test('Math is a variable of the program only if the script seeds it', async (t) => {
  const project = tempProject(t, {
    'seeded.js': `import { randomSeed } from 'k6'; randomSeed(1); export default () => Math.random();`,
    'plain.js': `export default () => Math.random();`,
  });
  const namesOf = async (entry: string) =>
    (await loadScript({ entry, cwd: project.dir })).globalNames;
  assert.ok((await namesOf('seeded.js')).includes('Math'));
  assert.ok(!(await namesOf('plain.js')).includes('Math'));
});
