import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEncodingModule } from './encoding.ts';

const { b64encode, b64decode } = createEncodingModule().named as Record<
  string,
  (...args: unknown[]) => unknown
>;
if (b64encode === undefined || b64decode === undefined) throw new Error('functions are missing');

const VARIANTS = ['std', 'rawstd', 'url', 'rawurl'] as const;

test('encodes text, buffers and bytes in four variants', () => {
  const bytes = new Uint8Array([0xfb, 0xff, 0xfe, 0x01]);
  assert.equal(b64encode(bytes), '+//+AQ==');
  assert.equal(b64encode(bytes.buffer, 'std'), '+//+AQ==');
  assert.equal(b64encode(bytes, 'rawstd'), '+//+AQ');
  assert.equal(b64encode(bytes, 'url'), '-__-AQ==');
  assert.equal(b64encode(bytes, 'rawurl'), '-__-AQ');
  assert.equal(b64encode(bytes, 'nonsense'), '+//+AQ==');
  assert.equal(b64encode('é'), 'w6k=');
  assert.equal(b64encode(''), '');
  assert.equal(b64encode(bytes.subarray(3)), 'AQ==');
});

test('decoding is the inverse of encoding in each variant', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom(...VARIANTS), (bytes, variant) => {
      const decoded = b64decode(b64encode(bytes, variant), variant);
      assert.ok(decoded instanceof ArrayBuffer);
      assert.deepEqual([...new Uint8Array(decoded)], [...bytes]);
    }),
  );
});

test('format s gives text', () => {
  assert.equal(b64decode('w6k=', 'std', 's'), 'é');
  assert.equal(b64decode('w6k', 'rawurl', 's'), 'é');
  assert.ok(b64decode('w6k=', 'std', 'b') instanceof ArrayBuffer);
});

test('line breaks in base64 are skipped', () => {
  assert.equal(b64decode('aG\nVs\r\nbG8=\n', 'std', 's'), 'hello');
});

test('text that is no base64 is refused with the place', () => {
  const faults: [string, string, number][] = [
    ['!', 'std', 0],
    ['aG!s', 'std', 2],
    ['aGVs-G8=', 'std', 4],
    ['aGVs+G8=', 'url', 4],
    ['aGVsbG8', 'std', 4],
    ['aGVsbG8=', 'rawstd', 7],
    ['a', 'rawstd', 0],
    ['aGVs=', 'std', 4],
    ['aGVsbA=', 'std', 7],
    ['aGVsbA=x', 'std', 7],
    ['aGVsbG8=x', 'std', 8],
    ['éGVs', 'std', 0],
  ];
  for (const [text, variant, at] of faults) {
    assert.throws(() => b64decode(text, variant), {
      name: 'GoError',
      message: `illegal base64 data at input byte ${at}`,
    });
  }
});

test('what is no data cannot be encoded', () => {
  const types: [unknown, string][] = [
    [5, 'int64'],
    [undefined, '<nil>'],
    [{}, 'map[string]interface {}'],
    [[1], '[]interface {}'],
    [new Int16Array(1), '[]int16'],
  ];
  for (const [value, type] of types) {
    assert.throws(() => b64encode(value), {
      name: 'GoError',
      message: `invalid type ${type}, expected string, []byte or ArrayBuffer`,
    });
  }
});
