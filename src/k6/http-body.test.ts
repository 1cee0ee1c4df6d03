import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { compressBody, createFile, encodeBody, formText, parseCompression } from './http-body.ts';

const textOf = (value: unknown): string => Buffer.from(encodeBody(value)?.bytes ?? []).toString();

test('text and binary data go as they are', () => {
  assert.equal(textOf('tëxt'), 'tëxt');
  assert.deepEqual([...(encodeBody(Uint8Array.of(1, 2).buffer)?.bytes ?? [])], [1, 2]);
  assert.deepEqual([...(encodeBody(Uint8Array.of(1, 2, 3).subarray(1))?.bytes ?? [])], [2, 3]);
  assert.equal(encodeBody(undefined), undefined);
  assert.equal(encodeBody(null), undefined);
});

test('objects are forms: sorted, lists repeated, values as Go prints them', () => {
  const body = { z: 'a b&c', list: [1, 'x'], n: null, t: true, o: { k: 'v', a: 1 }, 'k~*': "!'()" };
  assert.equal(
    textOf(body),
    'k~%2A=%21%27%28%29&list=1&list=x&n=%3Cnil%3E&o=map%5Ba%3A1+k%3Av%5D&t=true&z=a+b%26c',
  );
  assert.equal(encodeBody(body)?.contentType, 'application/x-www-form-urlencoded');
});

test('a form is read back as it was written', () => {
  const fields = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fields, (values) => {
      const back = Object.fromEntries(new URLSearchParams(formText(Object.entries(values))));
      assert.deepEqual({ ...back }, { ...values });
    }),
  );
});

test('other values are refused in k6 words', () => {
  for (const [value, type] of [
    [5, 'int64'],
    [true, 'bool'],
    [['a'], '[]interface {}'],
  ] as const) {
    assert.throws(() => encodeBody(value), { message: `unknown request body type ${type}` });
  }
});

test('files have a name and a type of their own', () => {
  const file = createFile('data');
  assert.match(file.filename, /^\d{19}$/);
  assert.equal(file.content_type, 'application/octet-stream');
  assert.throws(() => createFile(5), /invalid type int64/);
});

test('compression is stacked in the order given', () => {
  const bytes = Buffer.from('x'.repeat(100));
  const algorithms = parseCompression('gzip, br ,deflate');
  const packed = compressBody(bytes, algorithms);
  assert.deepEqual(gunzipSync(brotliDecompressSync(inflateSync(packed))), bytes);
  assert.deepEqual(parseCompression(' '), []);
  assert.throws(() => parseCompression('gzip,lzw'), /unknown compression algorithm lzw/);
});
