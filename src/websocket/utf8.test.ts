import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { advanceUtf8, decodeUtf8, Utf8State } from './utf8.ts';

function isValid(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Advances over the parts of `bytes` between the cuts. */
function advanceInParts(bytes: Uint8Array, cuts: readonly number[]): Utf8State {
  let state: Utf8State = Utf8State.boundary;
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    state = advanceUtf8(state, bytes, at, cut);
    at = cut;
  }
  return state;
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => new Uint8Array(Buffer.from(text))),
  // Valid text with one byte changed.
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(255))
    .map(([text, at, byte]) => {
      const bytes = new Uint8Array(Buffer.from(text));
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    }),
);

test('agrees with the fatal TextDecoder, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(anyBytes, fc.array(fc.nat(80), { maxLength: 8 }), (bytes, someCuts) => {
      const cuts = someCuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
      const isWhole = advanceInParts(bytes, cuts) === Utf8State.boundary;
      assert.equal(isWhole, isValid(bytes));
      assert.equal(decodeUtf8(Buffer.from(bytes), 0, bytes.length) !== undefined, isValid(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('knows every character of Unicode and every sequence beside the legal ones', () => {
  const sample = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];
  for (const point of sample) {
    const bytes = Buffer.from(String.fromCodePoint(point));
    assert.equal(advanceUtf8(Utf8State.boundary, bytes, 0, bytes.length), Utf8State.boundary);
  }
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 0; lead <= 0xff; lead++) {
    for (const second of edges) {
      for (const third of edges) {
        const bytes = Buffer.from([lead, second, third, 0x80]);
        for (let length = 1; length <= 4; length++) {
          const isWhole = advanceUtf8(Utf8State.boundary, bytes, 0, length) === Utf8State.boundary;
          assert.equal(isWhole, isUtf8(bytes.subarray(0, length)), bytes.toString('hex'));
        }
      }
    }
  }
});

test('refuses at the first byte after which nothing can help', () => {
  const continuations = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf];
  const canBecomeValid = (bytes: Buffer): boolean => {
    if (isUtf8(bytes)) return true;
    for (const a of continuations) {
      if (isUtf8(Buffer.concat([bytes, Buffer.from([a])]))) return true;
      if (isUtf8(Buffer.concat([bytes, Buffer.from([a, 0x80])]))) return true;
      if (isUtf8(Buffer.concat([bytes, Buffer.from([a, 0x80, 0x80])]))) return true;
    }
    return false;
  };
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (let length = 0; length <= bytes.length; length++) {
        const prefix = Buffer.from(bytes.subarray(0, length));
        const state = advanceUtf8(Utf8State.boundary, prefix, 0, length);
        assert.equal(state !== Utf8State.invalid, canBecomeValid(prefix), prefix.toString('hex'));
      }
    }),
  );
});

test('decodes U+FFFD that was really sent, and keeps a byte order mark', () => {
  const text = '\ufeffa\ufffdb';
  const bytes = Buffer.from(text);
  assert.equal(decodeUtf8(bytes, 0, bytes.length), text);
});

test('decodes only the range it is given', () => {
  const bytes = Buffer.from([0xff, 0xc3, 0xa9, 0xff]);
  assert.equal(decodeUtf8(bytes, 1, 3), 'é');
  assert.equal(decodeUtf8(bytes, 1, 4), undefined);
});
