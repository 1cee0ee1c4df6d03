import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTar, writeTar } from '../script/tar.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const SCRIPT = `
  import { SharedArray } from 'k6/data';
  import { note } from './lib/note.js';
  export const options = { vus: 1, iterations: 2, tags: { from: 'script' } };
  const users = new SharedArray('users', () => open('./users.csv').trim().split(','));
  export default function () { console.log([note, users[1], __ENV.WHO, __ENV.OTHER].join(' ')); }
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-archive-'));
  mkdirSync(join(folder, 'tests', 'lib'), { recursive: true });
  write('tests/script.js', SCRIPT);
  write('tests/lib/note.js', `export const note = open('./note.txt');`);
  write('tests/lib/note.txt', 'noted');
  write('tests/users.csv', 'ann,bob');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content);
}

function gharial(args: readonly string[], input?: Uint8Array) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', SYSTEM: 'here' },
    input,
    timeout: 30_000,
  });
  const text = stderr.toString();
  return {
    status,
    stdout,
    stderr: text,
    console: [...text.matchAll(/msg="([^"]*)" source=console/g)].map(([, message]) => message),
  };
}

function metadataIn(name: string) {
  const bytes = readTar(readFileSync(join(folder, name))).get('metadata.json');
  return JSON.parse(Buffer.from(bytes ?? []).toString());
}

test('a test runs from its archive alone, with its options and environment, and flags on top', () => {
  const made = gharial(['archive', '-e', 'WHO=me', '-e', 'OTHER=x', '--vus=2', 'tests/script.js']);
  assert.deepEqual([made.status, made.stderr], [0, '']);
  const { options, env, k6version, dependencies } = metadataIn('archive.tar');
  assert.match(k6version, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(dependencies, {});
  assert.deepEqual(options.summaryTrendStats, ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']);
  assert.ok(options.systemTags.includes('url') && !options.systemTags.includes('vu'));
  assert.deepEqual([options.setupTimeout, options.dns.ttl], ['1m0s', '5m']);
  assert.equal(options.vus, 2);
  assert.equal(options.iterations, 2);
  assert.equal(options.scenarios, null, 'options as they were given, not what follows from them');
  assert.deepEqual(env, { WHO: 'me', OTHER: 'x' });
  rmSync(join(folder, 'tests'), { recursive: true });

  const run = gharial(['run', '-q', 'archive.tar']);
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(run.console, ['noted bob me x', 'noted bob me x']);
  const other = gharial(['run', '-q', '-e', 'WHO=you', '--iterations=3', 'archive.tar']);
  assert.deepEqual(other.console, Array(3).fill('noted bob you x'));
  const piped = gharial(['run', '-q', '-'], readFileSync(join(folder, 'archive.tar')));
  assert.equal(piped.console.length, 2);
  const inspected = gharial(['inspect', 'archive.tar']);
  assert.equal(JSON.parse(inspected.stdout.toString()).vus, 2);
});

test('the archive can be written elsewhere, to standard output too, and without environment', () => {
  const args = ['--exclude-env-vars', '-e', 'WHO=me', 'tests/script.js'];
  assert.equal(gharial(['archive', '-O', 'other.tar', ...args]).status, 0);
  assert.ok(!existsSync(join(folder, 'archive.tar')));
  assert.deepEqual(metadataIn('other.tar').env, {});
  const { stdout } = gharial(['archive', '--archive-out=-', ...args]);
  assert.deepEqual(new Uint8Array(stdout), new Uint8Array(readFileSync(join(folder, 'other.tar'))));
});

test('a script from standard input can be archived', () => {
  const made = gharial(
    ['archive', '-'],
    Buffer.from(`export default () => console.log('piped in');`),
  );
  assert.equal(made.status, 0, made.stderr);
  assert.deepEqual(gharial(['run', '-q', 'archive.tar']).console, ['piped in']);
});

test("an archive of k6's runs: its options stand for those of the script", () => {
  const metadata = {
    type: 'js',
    options: { iterations: 3, vus: null },
    filename: 'file:///home/nobody/script.js',
    pwd: 'file:///home/nobody/',
    env: { WHO: 'k6' },
    k6version: '1.3.0',
  };
  const file = (name: string, text: string) => ({ name, content: Buffer.from(text) });
  write(
    'k6.tar',
    writeTar([
      file('metadata.json', JSON.stringify(metadata)),
      file(
        'data',
        `import { a } from './a.js'; export const options = { vus: 9, iterations: 9 };
         export default () => console.log(a + open('./b.txt') + __ENV.WHO + ' ');`,
      ),
      { name: 'file/home/nobody/script.js', linkTo: 'data' },
      file('file/home/nobody/a.js', `export const a = 'a ';`),
      file('file/home/nobody/b.txt', 'b '),
    ]),
  );
  // open() in the default function is not allowed; k6's archives hold what init code opened.
  const refused = gharial(['run', '-q', 'k6.tar']);
  assert.match(refused.stderr, /only available in the init stage/);
  assert.equal(
    refused.stderr.match(/init stage/g)?.length,
    3,
    'three iterations, as the archive says',
  );
});

test('what makes no archive, and what is none, is told', () => {
  write('bad.js', 'export const options = { vus: 1 };');
  assert.match(gharial(['archive', 'bad.js']).stderr, /no exported functions in script/);
  write(
    'exec.js',
    `export const options = { scenarios: { a: { executor: 'shared-iterations', exec: 'b' } } };
    export default () => 1;`,
  );
  assert.equal(gharial(['archive', 'exec.js']).status, 104);
  const unwritable = gharial(['archive', '-O', 'no/such/folder.tar', 'tests/script.js']);
  assert.equal(unwritable.status, 255);
  assert.match(unwritable.stderr, /failed to write the archive/);
  assert.ok(!existsSync(join(folder, 'archive.tar')));

  const notTar = gharial(['run', '-t', 'archive', 'tests/script.js']);
  assert.equal(notTar.status, 255);
  assert.match(notTar.stderr, /failed to read the archive/);
  const type = gharial(['run', '-t', 'foo', 'tests/script.js']);
  assert.equal(type.status, 255);
  assert.match(type.stderr, /unknown or unspecified test type 'foo' for 'tests\/script\.js'/);
  assert.match(
    gharial(['run', '-t', 'archive', 'nosuch.tar']).stderr,
    /couldn't be found on local disk/,
  );
  gharial(['archive', 'tests/script.js']);
  assert.match(gharial(['archive', 'archive.tar']).stderr, /is an archive already/);
});
