import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTar, readTar, type TarEntry, TarError, writeTar } from './tar.ts';
import { tempProject } from './testing/temp-project.ts';

const LONG = `file/${'a folder with a long näme/'.repeat(12)}script.js`;

const fileName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
  .filter((name) => !name.includes('\0') && !name.endsWith('/'));
const content = fc.oneof(
  fc.uint8Array({ maxLength: 1100 }),
  fc.constantFrom(511, 512, 513, 1024).map((length) => new Uint8Array(length).fill(7)),
);

test('what was written is read again, whatever the names and contents', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fileName, content), { selector: ([name]) => name }),
      (files) => {
        const entries = files.map(([name, bytes]) => ({ name, content: bytes }));
        const read = readTar(writeTar(entries));
        assert.deepEqual(
          [...read.keys()],
          files.map(([name]) => name),
        );
        for (const [name, bytes] of files)
          assert.deepEqual(Uint8Array.from(read.get(name) ?? []), bytes);
      },
    ),
    { numRuns: 100 },
  );
});

test('a link has the content of the file it names, also by a long name', () => {
  const text = Buffer.from('export default function () {}');
  const entries: TarEntry[] = [
    { name: 'data', content: text },
    { name: LONG, linkTo: 'data' },
    { name: 'again', linkTo: LONG },
  ];
  const files = readTar(writeTar(entries));
  assert.deepEqual([...files.keys()], ['data', LONG, 'again']);
  for (const bytes of files.values()) assert.equal(Buffer.from(bytes).toString(), text.toString());
});

test('damaged bytes are an error or another archive, never anything else', () => {
  const bytes = writeTar([
    { name: LONG, content: Buffer.from('one') },
    { name: 'b', content: Buffer.from('two') },
  ]);
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.nat(255),
      fc.nat(bytes.length),
      (at, value, length) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = value;
        try {
          readTar(damaged.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof TarError, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('an archive that ends too soon is an error', () => {
  const bytes = writeTar([{ name: 'a', content: new Uint8Array(600) }]);
  assert.throws(() => readTar(bytes.subarray(0, 700)), /ends in the middle of a file/);
  assert.throws(() => readTar(bytes.subarray(0, 1536)), /ends too soon/);
  assert.throws(() => readTar(new Uint8Array(0)), /ends too soon/);
});

test('tar is told from scripts by its first block', () => {
  assert.ok(isTar(writeTar([{ name: 'a', content: new Uint8Array(0) }])));
  for (const text of ['', 'export default 1', ' '.repeat(600), '0'.repeat(2000)]) {
    assert.ok(!isTar(Buffer.from(text)));
  }
  assert.ok(!isTar(new Uint8Array(1024)));
});

test('the system tar reads what we write, and we read what it writes in each of its formats', (t) => {
  const hasTar = spawnSync('tar', ['--version']).stdout?.toString().includes('GNU tar') === true;
  if (!hasTar) return t.skip('no GNU tar here');
  const names = ['data', 'file/tmp/a.js', LONG];
  const project = tempProject(t, {});
  const ours = writeTar(names.map((name) => ({ name, content: Buffer.from(`text of ${name}`) })));
  writeFileSync(project.path('ours.tar'), ours);
  const extracted = spawnSync('tar', ['-xf', 'ours.tar'], { cwd: project.dir, encoding: 'utf8' });
  assert.equal(extracted.stderr, '');
  for (const name of names) {
    assert.equal(readFileSync(project.path(name), 'utf8'), `text of ${name}`);
  }
  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    const some = format === 'gnu' || format === 'pax' ? names : names.slice(0, 2);
    for (const name of some) mkdirSync(dirname(project.path(name)), { recursive: true });
    const made = spawnSync('tar', [`--format=${format}`, '-cf', `${format}.tar`, 'file', ...some], {
      cwd: project.dir,
      encoding: 'utf8',
    });
    if (made.status !== 0 && format !== 'gnu' && format !== 'pax') continue;
    const files = readTar(readFileSync(project.path(`${format}.tar`)));
    for (const name of some) {
      assert.equal(Buffer.from(files.get(name) ?? []).toString(), `text of ${name}`, format);
    }
  }
  return undefined;
});
