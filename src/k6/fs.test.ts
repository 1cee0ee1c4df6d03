import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { bytesOfFile, createFsModule, type ScriptFile } from './fs.ts';
import { FakeHost } from './testing/fake-host.ts';

type Open = (path?: unknown) => Promise<ScriptFile>;

function setUp(text = 'abcdef') {
  const host = new FakeHost();
  host.phase = 'init';
  const bytes = new SharedArrayBuffer(text.length);
  new Uint8Array(bytes).set(Buffer.from(text));
  host.files.set('/p/a.txt', bytes);
  const module = createFsModule(host);
  const SeekMode = module.named['SeekMode'] as { Start: number; Current: number; End: number };
  return { host, open: module.named['open'] as Open, SeekMode, module };
}

test('reads on from where the last read ended, then null', async () => {
  const { open } = setUp();
  const file = await open('p/a.txt');
  const into = new Uint8Array(4);
  assert.equal(await file.read(into), 4);
  assert.equal(Buffer.from(into).toString(), 'abcd');
  assert.equal(await file.read(into), 2);
  assert.equal(Buffer.from(into).toString(), 'efcd');
  assert.equal(await file.read(into), null);
});

test('two files over the same bytes have positions of their own', async () => {
  const { open } = setUp();
  const [a, b] = [await open('/p/a.txt'), await open('/p/a.txt')];
  await a.read(new Uint8Array(3));
  const into = new Uint8Array(1);
  await b.read(into);
  assert.equal(into[0], 0x61);
});

test('seeks from the start, the position and the end', async () => {
  const { open, SeekMode } = setUp();
  const file = await open('/p/a.txt');
  assert.equal(await file.seek(2, SeekMode.Start), 2);
  assert.equal(await file.seek(1, SeekMode.Current), 3);
  assert.equal(await file.seek(-2, SeekMode.End), 4);
  const into = new Uint8Array(2);
  await file.read(into);
  assert.equal(Buffer.from(into).toString(), 'ef');
  assert.equal(await file.seek(0, SeekMode.End), 6);
});

test('stat tells name and size, path is absolute', async () => {
  const { open } = setUp();
  const file = await open('p/a.txt');
  assert.deepEqual(await file.stat(), { name: 'a.txt', size: 6 });
  assert.equal(file.path, '/p/a.txt');
  assert.equal(bytesOfFile(file)?.length, 6);
  assert.equal(bytesOfFile({ path: '/p/a.txt' }), undefined);
});

test('bad arguments are rejected as TypeError', async () => {
  const { open, SeekMode } = setUp();
  const file = await open('/p/a.txt');
  const typeError = { name: 'TypeError' };
  for (const path of [undefined, null, '']) await assert.rejects(open(path), typeError);
  for (const into of [undefined, null, 'x', [1], new ArrayBuffer(2), new Uint16Array(2)]) {
    await assert.rejects(file.read(into), typeError);
  }
  for (const offset of [undefined, 'x', 1.5, -1, 7]) {
    await assert.rejects(file.seek(offset, SeekMode.Start), typeError);
  }
  for (const whence of [undefined, 3, 'Start'])
    await assert.rejects(file.seek(0, whence), typeError);
  assert.equal(await file.seek(0, SeekMode.Current), 0);
});

test('failures of open are rejected with the names of k6', async () => {
  const { host, open } = setUp();
  await assert.rejects(open('no.txt'), {
    name: 'NotFoundError',
    message: 'no such file or directory "no.txt"',
  });
  host.readFile = (path) => {
    const cause = Object.assign(new Error('x'), { code: 'EISDIR' });
    throw new GharialError('SCRIPT_OPEN', path, { cause });
  };
  await assert.rejects(open('/p'), {
    name: 'InvalidResourceError',
    message: 'cannot open "/p": opening a directory is not supported',
  });
  host.phase = 'iteration';
  await assert.rejects(open('/p/a.txt'), {
    name: 'ForbiddenError',
    message: 'open() failed; reason: opening a file is allowed only in the Init context',
  });
});
