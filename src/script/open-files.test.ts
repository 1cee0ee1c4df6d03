import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import {
  createFileLookup,
  createFileReader,
  createFileRecorder,
  resolveOpenPath,
} from './open-files.ts';
import { tempProject } from './testing/temp-project.ts';

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof GharialError);
    assert.equal(error.code, 'SCRIPT_OPEN');
    return error.message;
  }
  assert.fail('nothing was thrown');
}

test('paths are relative to the folder of the calling file', () => {
  assert.equal(resolveOpenPath('./a.txt', '/p/lib'), '/p/lib/a.txt');
  assert.equal(resolveOpenPath('../a.txt', '/p/lib'), '/p/a.txt');
  assert.equal(resolveOpenPath('a.txt', '/p'), '/p/a.txt');
  assert.equal(resolveOpenPath('/etc/a.txt', '/p'), '/etc/a.txt');
  assert.equal(resolveOpenPath('file:///etc/a%20b.txt', '/p'), '/etc/a b.txt');
});

test('text is decoded from UTF-8, mode b gives bytes that belong to the caller', (t) => {
  const project = tempProject(t, { 'a.txt': '\ufeffgrüße' });
  const { open } = createFileRecorder();
  assert.equal(open('a.txt', undefined, project.dir), '\ufeffgrüße');
  assert.equal(open('a.txt', 't', project.dir), '\ufeffgrüße');
  const first = open('./a.txt', 'b', project.dir);
  assert.ok(first instanceof ArrayBuffer);
  assert.equal(first.byteLength, 10);
  new Uint8Array(first).fill(0);
  const second = open('./a.txt', 'b', project.dir);
  assert.ok(second instanceof ArrayBuffer);
  assert.equal(new Uint8Array(second)[0], 0xef);
});

test('later runs see what the first run read, without the disk', (t) => {
  const project = tempProject(t, { 'a.txt': 'first' });
  const recorder = createFileRecorder();
  recorder.open('a.txt', undefined, project.dir);
  rmSync(project.path('a.txt'));
  const lookup = createFileLookup(structuredClone(recorder.files));
  assert.equal(lookup('./a.txt', undefined, project.dir), 'first');
  assert.equal(recorder.open('a.txt', undefined, project.dir), 'first');
});

test('a file that the first run did not open is refused later', (t) => {
  const project = tempProject(t, { 'b.txt': 'there' });
  const lookup = createFileLookup(createFileRecorder().files);
  assert.equal(
    messageOf(() => lookup('b.txt', 'b', project.dir)),
    "open() can't be used with files that weren't previously opened during initialization " +
      `(__VU==0), path: "${project.path('b.txt')}"`,
  );
});

test('a file that the first run missed is missing later, in the same words', (t) => {
  const project = tempProject(t, {});
  const recorder = createFileRecorder();
  const missing = `stat ${project.path('no.txt')}: no such file or directory`;
  assert.equal(
    messageOf(() => recorder.open('no.txt', undefined, project.dir)),
    missing,
  );
  const files = structuredClone(recorder.files);
  const lookup = createFileLookup(files);
  assert.equal(
    messageOf(() => lookup('no.txt', undefined, project.dir)),
    missing,
  );
  assert.throws(
    () => lookup('no.txt', undefined, project.dir),
    (error: Error) => Reflect.get(error.cause ?? {}, 'code') === 'ENOENT',
  );
});

test('errors are in the words of k6', (t) => {
  const project = tempProject(t, { 'dir/a.txt': '' });
  const { open } = createFileRecorder();
  const opening = (path?: unknown) => messageOf(() => open(path, undefined, project.dir));
  assert.equal(opening(), "open() can't be used with an empty filename");
  assert.equal(opening(''), "open() can't be used with an empty filename");
  assert.equal(
    opening('dir'),
    `open() can't be used with directories, path: "${project.path('dir')}"`,
  );
  assert.equal(opening('no.txt'), `stat ${project.path('no.txt')}: no such file or directory`);
  assert.equal(opening('dir/a.txt/b'), `stat ${project.path('dir/a.txt/b')}: not a directory`);
  assert.match(opening('file://elsewhere/a'), /not a file URL of this machine/);
});

test('an empty file is an empty text', (t) => {
  const project = tempProject(t, { 'empty.txt': '' });
  assert.equal(createFileRecorder().open('empty.txt', undefined, project.dir), '');
});

test('bytes are read without a copy, by everybody who asks', (t) => {
  const project = tempProject(t, { 'a.bin': 'abc' });
  const recorder = createFileRecorder();
  const first = recorder.read('./a.bin', project.dir);
  assert.equal(first.path, project.path('a.bin'));
  assert.equal(Buffer.from(first.bytes).toString(), 'abc');
  assert.equal(recorder.read('a.bin', project.dir).bytes, first.bytes);
  const read = createFileReader(recorder.files);
  assert.equal(read('a.bin', project.dir).bytes, first.bytes);
  assert.match(
    messageOf(() => read('b.bin', project.dir)),
    /weren't previously opened during initialization/,
  );
});

test('files that a SharedArray is built of are not kept, and can be opened again', (t) => {
  const project = tempProject(t, { 'a.txt': 'text', 'b.txt': 'kept' });
  const recorder = createFileRecorder();
  recorder.open('b.txt', undefined, project.dir);
  const text = recorder.passing(() => {
    recorder.open('b.txt', undefined, project.dir);
    return recorder.open('a.txt', undefined, project.dir);
  });
  const byteLength = (name: string): number | undefined => {
    const known = recorder.files.get(project.path(name));
    return known instanceof SharedArrayBuffer ? known.byteLength : undefined;
  };
  assert.equal(text, 'text');
  assert.equal(recorder.files.get(project.path('a.txt')), undefined);
  assert.ok(recorder.files.has(project.path('a.txt')));
  assert.equal(byteLength('b.txt'), 4);
  const lookup = createFileLookup(structuredClone(recorder.files));
  assert.equal(lookup('a.txt', undefined, project.dir), 'text');
  assert.equal(recorder.open('a.txt', undefined, project.dir), 'text');
  assert.equal(byteLength('a.txt'), 4);
});
