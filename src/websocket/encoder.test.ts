import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  FrameMemory,
  frameBytesMax,
  headerBytes,
  textFrameBytesMax,
  writeFrame,
  writeTextFrame,
} from './encoder.ts';
import { readClientFrames } from './testing/frames.ts';

/** RFC 6455 §5.7 uses the key 37 fa 21 3d. */
const RFC_KEY = 0x3d21fa37;

function textFrameOf(text: string, at = 0, key = RFC_KEY): Buffer {
  const memory = new FrameMemory(at + textFrameBytesMax(text));
  return memory.bytes.subarray(at, writeTextFrame(memory, at, text, key));
}

function frameOf(firstByte: number, payload: Uint8Array, at = 0, key = RFC_KEY): Buffer {
  const memory = new FrameMemory(at + frameBytesMax(payload.length));
  return memory.bytes.subarray(at, writeFrame(memory, at, firstByte, payload, key));
}

test('writes the masked "Hello" of RFC 6455 §5.7', () => {
  assert.equal(textFrameOf('Hello').toString('hex'), '818537fa213d7f9f4d5158');
});

test('a view is the bytes between its borders, kept or not', () => {
  const memory = new FrameMemory(4096);
  for (let i = 0; i < 4096; i++) memory.bytes[i] = i;
  const borders = fc.tuple(fc.constantFrom(0, 0, 1, 700), fc.integer({ min: 0, max: 3000 }));
  fc.assert(
    fc.property(borders, ([from, length]) => {
      const view = memory.view(from, from + length);
      return Buffer.compare(view, memory.bytes.subarray(from, from + length)) === 0;
    }),
  );
  assert.equal(memory.view(0, 70), memory.view(0, 70));
});

test('writes the masked pong of RFC 6455 §5.7', () => {
  const pong = frameOf(0x8a, Buffer.from('Hello'));
  assert.equal(pong.toString('hex'), '8a8537fa213d7f9f4d5158');
});

test('takes the shortest length form at each border', () => {
  const cases = [
    [0, 6],
    [125, 6],
    [126, 8],
    [127, 8],
    [65535, 8],
    [65536, 14],
  ] as const;
  for (const [payloadBytes, header] of cases) {
    const payload = Buffer.alloc(payloadBytes, 'x');
    assert.equal(headerBytes(payloadBytes), header);
    for (const frame of [frameOf(0x82, payload), textFrameOf(payload.toString())]) {
      assert.equal(frame.length, header + payloadBytes);
      const [read] = readClientFrames(frame);
      assert.deepEqual(read?.payload, payload);
    }
  }
});

test('what is written reads back, at any place in memory and with any key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(9), fc.integer(), (payload, at, key) => {
      const frames = readClientFrames(frameOf(0x82, payload, at, key));
      assert.equal(frames.length, 1);
      assert.equal(frames[0]?.opcode, 2);
      assert.equal(frames[0]?.isFinal, true);
      assert.deepEqual(frames[0]?.payload, Buffer.from(payload));
    }),
  );
});

test('texts of all alphabets read back, also where UTF-8 needs a longer header than ASCII', () => {
  const characters = fc.constantFrom('a', 'é', '日', '𝄞', '\0', '\ufffd', '\u007f', '\u0080');
  fc.assert(
    fc.property(
      fc.array(characters, { maxLength: 140 }),
      fc.nat(9),
      fc.integer(),
      (units, at, key) => {
        const text = units.join('');
        const [frame] = readClientFrames(textFrameOf(text, at, key));
        assert.equal(frame?.payload.toString('utf8'), text);
        assert.equal(frame?.opcode, 1);
      },
    ),
  );
  for (const text of ['é'.repeat(63), '日'.repeat(42), '日'.repeat(21846), 'é'.repeat(32768)]) {
    assert.equal(readClientFrames(textFrameOf(text))[0]?.payload.toString('utf8'), text);
  }
});

test('lone surrogates become U+FFFD', () => {
  const [frame] = readClientFrames(textFrameOf('a\ud800b'));
  assert.equal(frame?.payload.toString('utf8'), 'a\ufffdb');
});

test('reserves enough for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      assert.ok(textFrameBytesMax(text) >= textFrameOf(text).length);
    }),
  );
});
