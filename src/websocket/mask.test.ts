import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskBytes, nextMaskingKey, writeMaskingKey } from './mask.ts';

const MEMORY_BYTES = 96;

test('masks any range as RFC 6455 §5.3 says, octet i with key octet i modulo 4', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: MEMORY_BYTES, maxLength: MEMORY_BYTES }),
      fc.integer(),
      fc.nat({ max: MEMORY_BYTES }),
      fc.nat({ max: MEMORY_BYTES }),
      (original, key, a, b) => {
        const from = Math.min(a, b);
        const to = Math.max(a, b);
        const words = new Int32Array(MEMORY_BYTES / 4);
        const bytes = new Uint8Array(words.buffer);
        bytes.set(original);
        maskBytes(bytes, words, from, to, key);
        const keyBytes = Buffer.alloc(4);
        writeMaskingKey(keyBytes, 0, key);
        for (let i = 0; i < MEMORY_BYTES; i++) {
          const isMasked = i >= from && i < to;
          const expected = (original[i] ?? 0) ^ (isMasked ? keyBytes.readUInt8((i - from) % 4) : 0);
          assert.equal(bytes[i], expected, `octet ${i} of [${from}, ${to})`);
        }
      },
    ),
  );
});

test('masking twice gives the bytes back', () => {
  const words = new Int32Array(16);
  const bytes = Buffer.from(words.buffer);
  bytes.write('the quick brown fox jumps over the lazy dog');
  const before = Buffer.from(bytes);
  maskBytes(bytes, words, 3, 61, 0x12345678);
  assert.notDeepEqual(bytes, before);
  maskBytes(bytes, words, 3, 61, 0x12345678);
  assert.deepEqual(bytes, before);
});

test('keys do not repeat, also where the pool is refilled', () => {
  const keys = new Set<number>();
  for (let i = 0; i < 5000; i++) keys.add(nextMaskingKey());
  // Two of 5,000 random 32-bit numbers are equal once in 340 runs, three pairs practically never.
  assert.ok(keys.size >= 4998, `${keys.size} different keys`);
});

test('all 32 bits of keys vary', () => {
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < 200; i++) {
    const key = nextMaskingKey();
    ones |= key;
    zeros |= ~key;
  }
  assert.equal(ones, -1);
  assert.equal(zeros, -1);
});
