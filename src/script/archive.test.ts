import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { anonymousPath, anonymousUrl, memberName } from './archive-layout.ts';
import { openArchive } from './archive-reader.ts';
import { writeArchive } from './archive-writer.ts';
import { readProgram } from './load.ts';
import { NO_SOURCE } from './module-source.ts';
import { createFileLookup, createFileRecorder, createReadBytes } from './open-files.ts';
import { readTar, type TarEntry, writeTar } from './tar.ts';
import { tempProject } from './testing/temp-project.ts';

/** An archive as k6 makes them: sources and metadata, no program. */
function k6Archive(
  files: Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  const entries: TarEntry[] = Object.entries(files).map(([name, text]) => ({
    name,
    content: Buffer.from(text),
  }));
  const facts = {
    type: 'js',
    options: { vus: 2, duration: null },
    filename: 'file:///home/nobody/tests/script.js',
    pwd: 'file:///home/nobody/tests/',
    env: { WHO: 'k6' },
    compatibilityMode: 'extended',
    k6version: '2.2.0',
    goos: 'linux',
    ...metadata,
  };
  return writeTar([
    { name: 'metadata.json', content: Buffer.from(JSON.stringify(facts)) },
    ...entries,
    { name: 'file/home/nobody/tests/script.js', linkTo: 'data' },
  ]);
}

async function failure(loading: () => unknown): Promise<GharialError> {
  const error = await Promise.resolve()
    .then(loading)
    .then(
      () => assert.fail('it loaded'),
      (reason: unknown) => reason,
    );
  assert.ok(error instanceof GharialError, String(error));
  return error;
}

test('names of home folders are left out, other paths stay', () => {
  assert.equal(anonymousPath('/home/alice/tests/a.js'), '/home/nobody/tests/a.js');
  assert.equal(anonymousPath('/Users/alice/a.js'), '/Users/nobody/a.js');
  assert.equal(anonymousPath('C:\\Users\\alice\\a.js'), '/C/Users/nobody/a.js');
  assert.equal(
    anonymousPath('/d:/documents and settings/al/a'),
    '/d/documents and settings/nobody/a',
  );
  assert.equal(anonymousPath('\\\\server\\share\\a.js'), '/nobody/share/a.js');
  assert.equal(anonymousPath('/home/alice/./x/../a.js'), '/home/nobody/a.js');
  for (const path of ['/srv/home/alice/a.js', '/home', '/tmp/a.js']) {
    assert.equal(anonymousPath(path), path);
  }
  assert.equal(anonymousUrl('file:///home/alice/a%20b.js'), 'file:///home/nobody/a%20b.js');
  assert.equal(anonymousUrl('https://a.test/home/alice/b.js'), 'https://a.test/home/alice/b.js');
  assert.equal(memberName('file:///home/alice/a%20b.js'), 'file/home/nobody/a b.js');
  assert.equal(memberName('https://a.test/b%20c.js?d=e'), 'https/a.test/b c.js?d=e');
});

test("k6's archives run from their sources: paths, remote modules, opened files, options, env", async () => {
  const archive = openArchive(
    k6Archive({
      data: `import { a } from './lib/a.js'; import b from '/srv/b.js'; import ws from 'k6/ws';
        import { c } from 'https://cdn.test/c.js'; const d = require('../d.js');
        import { randomItem } from 'https://jslib.k6.io/k6-utils/1.1.0/index.js';
        export default () => [a, b, c, d, ws, randomItem];`,
      'file/home/nobody/tests/lib/a.js': `export { a } from './deep.ts';`,
      'file/home/nobody/tests/lib/deep.ts': `export const a: string = 'from a';`,
      'file/home/nobody/d.js': `module.exports = 'from d';`,
      'file/srv/b.js': `export default 'from b';`,
      'https/cdn.test/c.js': `export * from './parts/c.js?v=1';`,
      'https/cdn.test/parts/c.js?v=1': `export const c = 'from c';`,
      'file/home/nobody/tests/data.csv': 'x,y',
    }),
    'k6.tar',
  );
  assert.deepEqual(archive.options, { vus: 2 }, 'null is not set');
  assert.deepEqual(archive.env, { WHO: 'k6' });
  const bundle = await archive.load('auto');
  for (const name of 'abcd') assert.match(bundle.code, new RegExp(`from ${name}`));
  assert.deepEqual(bundle.modules, ['k6/ws']);
  assert.equal(bundle.entryUrl, 'file:///home/nobody/tests/script.js');
  assert.equal(bundle.entryDir, '/home/nobody/tests');
  const { open } = createFileRecorder(createReadBytes(bundle.archivedFiles, assert.fail));
  assert.equal(open('./data.csv', undefined, bundle.entryDir), 'x,y');
  assert.equal(open('/home/alice/tests/data.csv', undefined, '/'), 'x,y', 'whoever wrote it');
});

test("archives of k6 on Windows run: drives are folders, and the script's own paths find their files", async () => {
  const archive = openArchive(
    k6Archive(
      {
        data: `import { a } from './lib/a.js'; import { b } from 'file:///D:/shared/b.js';
          export default () => a + b;`,
        'file/C/Users/nobody/tests/lib/a.js': `export const a = 'from a';`,
        'file/D/shared/b.js': `export const b = 'from b';`,
        'file/C/Users/nobody/tests/data/users.csv': 'u',
        'file/D/shared/all.csv': 'all',
        'file/nobody/share/net.csv': 'net',
      },
      { filename: 'file:///C/Users/nobody/tests/script.js', goos: 'windows' },
    ),
    'windows.tar',
  );
  const bundle = await archive.load('auto');
  for (const name of 'ab') assert.match(bundle.code, new RegExp(`from ${name}`));
  const { open } = createFileRecorder(createReadBytes(bundle.archivedFiles, assert.fail));
  const texts = [
    '.\\data\\users.csv',
    'data/users.csv',
    'D:\\shared\\all.csv',
    'D:/shared/all.csv',
  ];
  assert.deepEqual(
    texts.map((name) => open(name, undefined, bundle.entryDir)),
    ['u', 'u', 'all', 'all'],
  );
});

test("k6's archive of a remote script runs, with what it imports", async () => {
  const script = `import { a } from './lib/a.js'; export default () => a;`;
  const archive = openArchive(
    k6Archive(
      {
        data: script,
        'https/cdn.test/app/script.js': script,
        'https/cdn.test/app/lib/a.js': `export const a = 'from a';`,
        'https/cdn.test/app/users.csv': 'u',
      },
      { filename: 'https://cdn.test/app/script.js', pwd: 'https://cdn.test/app/' },
    ),
    'remote.tar',
  );
  const bundle = await archive.load('auto');
  assert.match(bundle.code, /from a/);
  assert.equal(bundle.entryUrl, 'https://cdn.test/app/script.js');
  const { open } = createFileRecorder(createReadBytes(bundle.archivedFiles, assert.fail));
  assert.equal(open('users.csv', undefined, bundle.entryDir), 'u');
});

test('what is not in an archive is not there, though it may be on disk', async (t) => {
  const { path } = tempProject(t, { 'a.js': '', 'data.txt': 'on disk' });
  const missing = (specifier: string) =>
    failure(() => openArchive(k6Archive({ data: `import '${specifier}';` }), 'a.tar').load('auto'));
  const local = await missing(path('a.js'));
  assert.equal(local.code, 'SCRIPT_MODULE_NOT_FOUND');
  assert.match(
    local.message,
    /couldn't be found on local disk.* at file:\/\/\/home\/nobody\/tests\/script\.js:1:8/s,
  );
  assert.match((await missing('https://cdn.test/x.js')).message, /it is not in the archive/);
  assert.match((await missing('lodash')).message, /"lodash" couldn't be recognised/);

  const read = createReadBytes(new Map(), assert.fail);
  const name = path('data.txt');
  const files = new Map([[name, undefined]]);
  assert.throws(() => createFileRecorder(read).open(name, '', '/'), /no such file/);
  assert.throws(() => createFileLookup(files, read)(name, '', '/'), /no such file/);
});

test('our archive holds the program, its sources and what it opened, and needs nothing else', async (t) => {
  const project = tempProject(t, {
    'script.ts': `import { a } from './lib/a'; import pkg from 'pkg'; import './unused.js';
      import { r } from 'https://cdn.test/r.js'; import json from './data.json';
      import { randomItem } from 'https://jslib.k6.io/k6-utils/1.1.0/index.js';
      export default (): unknown => [a, pkg, r, json, randomItem];`,
    'lib/a.ts': `export const a: string = 'from a';`,
    'unused.js': 'export const unused = 1;',
    'data.json': '{"from":"json"}',
    'users.csv': 'u,v',
    'big.csv': 'read for a SharedArray',
    'node_modules/pkg/package.json': '{"main":"./lib.js"}',
    'node_modules/pkg/lib.js': `module.exports = 'from pkg';`,
  });
  const remote = {
    hasFiles: false,
    load: async (url: string) => ({ text: `export const r = 'from r';`, baseUrl: url }),
    loadFile: assert.fail,
  };
  const recorder = createFileRecorder();
  recorder.open('users.csv', undefined, project.dir);
  recorder.passing(() => recorder.open('big.csv', undefined, project.dir));
  const program = await readProgram(
    { entry: 'script.ts', cwd: project.dir },
    Object.assign(remote, { save: () => [] }),
  );
  const bytes = await writeArchive({
    program,
    entryText: undefined,
    remote,
    files: recorder.files,
    options: { vus: 3, tags: { a: 'b' } },
    env: { WHO: 'me' },
    compatibilityMode: 'extended',
    os: 'linux',
  });
  rmSync(project.dir, { recursive: true });

  const members = [...readTar(bytes).keys()];
  assert.deepEqual(members.slice(0, 3), [
    'metadata.json',
    'data',
    `file${project.path('script.ts')}`,
  ]);
  assert.deepEqual(
    members.slice(3).sort(),
    [
      ...[
        'big.csv',
        'data.json',
        'lib/a.ts',
        'node_modules/pkg/lib.js',
        'unused.js',
        'users.csv',
      ].map((name) => `file${project.path(name)}`),
      'https/cdn.test/r.js',
      'https/jslib.k6.io/k6-utils/1.1.0/index.js',
    ].sort(),
  );

  const archive = openArchive(bytes, 'ours.tar');
  assert.deepEqual(archive.options, { vus: 3, tags: { a: 'b' } });
  assert.deepEqual(archive.env, { WHO: 'me' });
  const bundle = await archive.load('auto');
  for (const word of ['from a', 'from pkg', 'from r', 'json'])
    assert.match(bundle.code, new RegExp(word));
  assert.equal(bundle.entryUrl, project.url('script.ts'));
  assert.match(bundle.sources[project.url('lib/a.ts')] ?? '', /a: string/);
  const { open } = createFileRecorder(createReadBytes(bundle.archivedFiles, assert.fail));
  assert.equal(open('./users.csv', undefined, bundle.entryDir), 'u,v');
  assert.equal(open('./big.csv', undefined, bundle.entryDir), 'read for a SharedArray');
});

test('the same test gives the same bytes', async (t) => {
  const project = tempProject(t, { 'script.js': 'export default () => 1;' });
  const program = await readProgram({ entry: 'script.js', cwd: project.dir }, undefined);
  const content = {
    program,
    entryText: undefined,
    remote: { ...NO_SOURCE, loadFile: assert.fail },
    files: new Map(),
    options: {},
    env: {},
    compatibilityMode: 'extended',
    os: 'linux',
  };
  assert.deepEqual(await writeArchive(content), await writeArchive(content));
});

test('an archive that cannot be run is refused, with the reason', async () => {
  const good = { data: 'export default () => 1;' };
  const cases: [Uint8Array, RegExp][] = [
    [k6Archive(good).subarray(0, 1536), /ends too soon|in the middle/],
    [writeTar([{ name: 'data', content: new Uint8Array() }]), /it has no metadata\.json/],
    [writeTar([{ name: 'metadata.json', content: Buffer.from('{') }]), /metadata\.json is no JSON/],
    [k6Archive(good, { type: 'wasm' }), /a test of type "wasm"/],
    [k6Archive(good, { filename: 'ftp://a.test/b.js' }), /its script has neither a path nor a URL/],
    [k6Archive(good, { gharial: { format: 99, version: '9.0.0' } }), /made by gharial 9\.0\.0/],
    [k6Archive(good, { gharial: { format: 1, program: { code: 5 } } }), /its program is damaged/],
  ];
  for (const [bytes, reason] of cases) {
    const error = await failure(() => openArchive(bytes, 'bad.tar').load('auto'));
    assert.equal(error.code, 'ARCHIVE_INVALID');
    assert.match(error.message, /^failed to read the archive "bad\.tar": /);
    assert.match(error.message, reason);
  }
});
