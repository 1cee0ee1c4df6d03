import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Blob, binaryBytes, blobFromBytes } from './blob.ts';

test('joins text, buffers, views and Blobs', async () => {
  const bytes = new Uint8Array([0, 1, 2, 3]);
  const blob = new Blob([
    'é',
    bytes.buffer,
    new Uint16Array([0x0201]),
    new DataView(bytes.buffer, 1, 2),
    new Blob(['z']),
  ]);
  assert.equal(blob.size, 2 + 4 + 2 + 2 + 1);
  assert.deepEqual([...(await blob.bytes())], [0xc3, 0xa9, 0, 1, 2, 3, 1, 2, 1, 2, 0x7a]);
});

test('takes any iterable of parts, and no parts', () => {
  assert.equal(new Blob(new Set(['a', 'b'])).size, 2);
  assert.equal(new Blob().size, 0);
  assert.equal(new Blob(undefined, { type: 'Text/PLAIN' }).type, 'text/plain');
  assert.equal(new Blob([], { type: 'é' }).type, '');
});

test('refuses what k6 refuses, with its words', () => {
  assert.throws(() => new Blob('abc'), {
    message: 'failed to process [blobParts]: could not convert abc to []interface {}',
  });
  assert.throws(() => new Blob([5]), {
    message: 'failed to process [blobParts]: unsupported type: int64',
  });
  for (const options of [null, 'text', 5]) {
    assert.throws(() => new Blob([], options), { message: '[options] must be an object' });
  }
});

test('size and type cannot be changed; it prints as a Blob', () => {
  const blob = new Blob(['abc']);
  assert.throws(() => Object.assign(blob, { size: 1 }), TypeError);
  assert.throws(() => Object.assign(blob, { type: 'x' }), TypeError);
  assert.equal(String(blob), '[object Blob]');
  assert.equal(Object.prototype.toString.call(blob), '[object Blob]');
});

test('reads give copies', async () => {
  const source = new Uint8Array([1, 2]);
  const blob = new Blob([source]);
  source[0] = 9;
  const first = new Uint8Array(await blob.arrayBuffer());
  first[1] = 9;
  assert.deepEqual([...(await blob.bytes())], [1, 2]);
  assert.equal(await new Blob(['a€']).text(), 'a€');
});

test('slice agrees with String.slice for ASCII', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }),
      fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined }),
      fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined }),
      async (text, start, end) => {
        const part = new Blob([text]).slice(start, end, 'A/b');
        assert.equal(await part.text(), text.slice(start, end));
        assert.equal(part.type, 'a/b');
      },
    ),
  );
});

test('stream gives the bytes in chunks', async () => {
  const size = 150_000;
  const chunks: Uint8Array[] = [];
  for await (const chunk of new Blob([new Uint8Array(size).fill(7)]).stream()) chunks.push(chunk);
  assert.equal(chunks.length, 3);
  assert.equal(
    chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
    size,
  );
  assert.ok(chunks.every((chunk) => chunk.every((byte) => byte === 7)));
});

test('binaryBytes tells binary data from the rest', () => {
  assert.deepEqual([...(binaryBytes(blobFromBytes(new Uint8Array([5]))) ?? [])], [5]);
  for (const value of ['x', 5, null, undefined, {}, [1], { size: 1 }]) {
    assert.equal(binaryBytes(value), undefined);
  }
});
