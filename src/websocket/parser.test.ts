import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CloseCode } from './frame.ts';
import { type FaultCode, type FrameHandler, FrameParser } from './parser.ts';
import {
  binaryFrame,
  closeFrame,
  pingFrame,
  pongFrame,
  serverFrame,
  textFrame,
} from './testing/frames.ts';

const BYTES_MAX = 1 << 20;

/** Notes events as text; fails the test if anything follows the last one. */
class Recorder implements FrameHandler {
  readonly log: string[] = [];
  readonly faultDetails: string[] = [];
  parser: FrameParser | undefined;
  stopAfter = Number.POSITIVE_INFINITY;
  private isOver = false;

  onText(text: string): void {
    this.add(`text ${text}`);
  }
  onBinary(payload: ArrayBuffer): void {
    assert.ok(payload instanceof ArrayBuffer);
    this.add(`binary ${Buffer.from(payload).toString('hex')}`);
  }
  onPing(payload: Uint8Array): void {
    this.add(`ping ${Buffer.from(payload).toString('hex')}`);
  }
  onPong(payload: Uint8Array): void {
    this.add(`pong ${Buffer.from(payload).toString('hex')}`);
  }
  onPeerClose(code: number, reason: string): void {
    this.add(`close ${code} ${reason}`);
    this.isOver = true;
  }
  onFault(code: FaultCode, what: string): void {
    this.add(`fault ${code}`);
    this.faultDetails.push(what);
    this.isOver = true;
  }
  private add(entry: string): void {
    assert.equal(this.isOver, false, `${entry} after the end`);
    this.log.push(entry);
    if (this.log.length >= this.stopAfter) this.parser?.stop();
  }
}

interface Options {
  readonly bytesMax?: number;
  readonly cuts?: readonly number[];
  readonly stopAfter?: number;
}

/** The log of everything the parser finds in `bytes`, cut at `cuts`. */
function parse(bytes: Uint8Array, options: Options = {}): string[] {
  const recorder = new Recorder();
  const parser = new FrameParser(recorder, options.bytesMax ?? BYTES_MAX);
  recorder.parser = parser;
  recorder.stopAfter = options.stopAfter ?? Number.POSITIVE_INFINITY;
  let at = 0;
  for (const cut of [...(options.cuts ?? []), bytes.length]) {
    // Each chunk is lent memory with rubbish around it, which is overwritten afterwards.
    const lent = Buffer.concat([
      Buffer.from([0x8a]),
      bytes.subarray(at, cut),
      Buffer.alloc(3, 0x81),
    ]);
    const before = Buffer.from(lent);
    parser.push(lent, 1, 1 + cut - at);
    assert.deepEqual(lent, before, 'the chunk was modified');
    lent.fill(0xee);
    at = cut;
  }
  return recorder.log;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

const everyByte = (length: number): number[] => Array.from({ length }, (_, i) => i);

test('reads the examples of RFC 6455 §5.7', () => {
  assert.deepEqual(parse(hex('81 05 48656c6c6f')), ['text Hello']);
  assert.deepEqual(parse(hex('01 03 48656c 80 02 6c6f')), ['text Hello']);
  assert.deepEqual(parse(hex('89 05 48656c6c6f')), ['ping 48656c6c6f']);
  const of256 = Buffer.alloc(256, 7);
  assert.deepEqual(parse(Buffer.concat([hex('82 7e 0100'), of256])), [
    `binary ${of256.toString('hex')}`,
  ]);
  const of64KiB = Buffer.alloc(65536, 7);
  assert.deepEqual(parse(Buffer.concat([hex('82 7f 0000000000010000'), of64KiB])), [
    `binary ${of64KiB.toString('hex')}`,
  ]);
});

const validStream = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }).map((text) => [textFrame(text)]),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => [binaryFrame(bytes)]),
      fc.uint8Array({ maxLength: 125 }).map((bytes) => [pingFrame(bytes)]),
      fc.uint8Array({ maxLength: 125 }).map((bytes) => [pongFrame(bytes)]),
      // A fragmented message with control frames between its fragments.
      fc
        .tuple(
          fc.boolean(),
          fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 4 }),
        )
        .map(([isText, parts]) => {
          const bytes = Buffer.from(parts.join(''));
          const third = Math.floor(bytes.length / 3);
          return [
            serverFrame({
              opcode: isText ? 1 : 2,
              payload: bytes.subarray(0, third),
              isFinal: false,
            }),
            pingFrame('between'),
            serverFrame({ opcode: 0, payload: bytes.subarray(third, 2 * third), isFinal: false }),
            serverFrame({ opcode: 0, payload: bytes.subarray(2 * third) }),
          ];
        }),
    ),
    { maxLength: 8 },
  )
  .map((messages) => Buffer.concat(messages.flat()));

/** A stream that may go wrong somewhere: bytes changed, or cut off. */
const anyStream = fc.oneof(
  validStream,
  fc.tuple(validStream, closeReasons()).map(([stream, close]) => Buffer.concat([stream, close])),
  fc.tuple(validStream, fc.nat(), fc.nat(255)).map(([stream, at, byte]) => {
    if (stream.length > 0) stream[at % stream.length] = byte;
    return stream;
  }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

function closeReasons(): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.integer({ min: 990, max: 5010 }), fc.string({ unit: 'binary', maxLength: 30 }))
    .map(([code, reason]) => closeFrame(code, reason));
}

test('finds the same events however the bytes are cut', () => {
  fc.assert(
    fc.property(anyStream, fc.array(fc.nat(1000), { maxLength: 10 }), (stream, someCuts) => {
      const cuts = someCuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b);
      const whole = parse(stream);
      assert.deepEqual(parse(stream, { cuts }), whole);
      assert.deepEqual(parse(stream, { cuts: everyByte(stream.length) }), whole);
    }),
    { numRuns: 500 },
  );
});

test('a fault may be found earlier in pieces, never later, and the messages before it are the same', () => {
  const stream = Buffer.concat([textFrame('ok'), textFrame(Buffer.from('61ff62', 'hex'))]);
  assert.deepEqual(parse(stream), ['text ok', 'fault 1007']);
  assert.deepEqual(parse(stream.subarray(0, 8), { cuts: everyByte(8) }), ['text ok', 'fault 1007']);
});

const FAULTS: readonly (readonly [name: string, bytes: Buffer, code?: number])[] = [
  ['RSV1 without an extension', serverFrame({ opcode: 1, rsv: 4 })],
  ['RSV2', serverFrame({ opcode: 1, rsv: 2 })],
  ['RSV3', serverFrame({ opcode: 2, rsv: 1 })],
  ['RSV1 on a ping', serverFrame({ opcode: 9, rsv: 4 })],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`opcode ${opcode}`, serverFrame({ opcode })] as const,
  ),
  ['a masked frame', serverFrame({ opcode: 1, payload: 'x', isMasked: true })],
  ['a fragmented ping', serverFrame({ opcode: 9, isFinal: false })],
  ['a ping of 126 bytes', serverFrame({ opcode: 9, payload: Buffer.alloc(126) })],
  ['a ping with a 16-bit length', serverFrame({ opcode: 9, payload: 'x', lengthBits: 16 })],
  ['a continuation of nothing', serverFrame({ opcode: 0 })],
  [
    'a new message inside one',
    Buffer.concat([serverFrame({ opcode: 1, isFinal: false }), textFrame('x')]),
  ],
  ['5 bytes in 16-bit form', serverFrame({ opcode: 2, payload: '12345', lengthBits: 16 })],
  ['5 bytes in 64-bit form', serverFrame({ opcode: 2, payload: '12345', lengthBits: 64 })],
  ['a length with its top bit set', hex('82 7f 8000000000000001')],
  ['a close of one byte', serverFrame({ opcode: 8, payload: 'x' })],
  ['close code 1005', closeFrame(1005)],
  ['close code 999', closeFrame(999)],
  ['close code 5000', closeFrame(5000)],
  ['a close reason that is not UTF-8', closeFrame(1000, hex('ff')), CloseCode.invalidPayload],
  ['text that is not UTF-8', textFrame(hex('c3 28')), CloseCode.invalidPayload],
  ['text that ends within a character', textFrame(hex('e2 82')), CloseCode.invalidPayload],
  [
    'a fragmented text that ends within a character',
    Buffer.concat([
      serverFrame({ opcode: 1, payload: 'a', isFinal: false }),
      serverFrame({ opcode: 0, payload: hex('e2') }),
    ]),
    CloseCode.invalidPayload,
  ],
  ['a frame above the limit', hex('82 7f 0000000000100001'), CloseCode.messageTooBig],
];

for (const [name, bytes, code = CloseCode.protocolError] of FAULTS) {
  test(`refuses ${name} with ${code}, and everything behind it`, () => {
    const stream = Buffer.concat([textFrame('before'), bytes, textFrame('behind')]);
    const log = parse(stream);
    assert.deepEqual(log, ['text before', `fault ${code}`]);
    assert.deepEqual(parse(stream, { cuts: everyByte(stream.length) }), log);
  });
}

test('refuses a header as soon as it is wrong, without waiting for the payload', () => {
  assert.deepEqual(parse(hex('83')), ['fault 1002']);
  assert.deepEqual(parse(hex('81 80')), ['fault 1002']);
  assert.deepEqual(parse(hex('82 7f 0000000000100001')), ['fault 1009']);
});

test('refuses text at the first byte that cannot be mended, inside an unfinished frame', () => {
  assert.deepEqual(parse(hex('81 7e 0400 61 f4 90')), ['fault 1007']);
  assert.deepEqual(parse(hex('01 02 61f4 80 7e 0400 90')), ['fault 1007']);
  assert.deepEqual(parse(hex('81 7e 0400 61 f4 8f')), []);
});

test('adds fragments up to the size limit and no further', () => {
  const part = (size: number, opcode: number, isFinal: boolean): Buffer =>
    serverFrame({ opcode, payload: Buffer.alloc(size, 'x'), isFinal });
  const fits = Buffer.concat([part(6, 2, false), part(4, 0, true)]);
  assert.deepEqual(parse(fits, { bytesMax: 10 }), [`binary ${'78'.repeat(10)}`]);
  const tooMuch = Buffer.concat([part(6, 2, false), part(4, 0, false), part(1, 0, true)]);
  assert.deepEqual(parse(tooMuch, { bytesMax: 10 }), ['fault 1009']);
  assert.deepEqual(parse(textFrame('x'.repeat(11)), { bytesMax: 10 }), ['fault 1009']);
});

test('an announced length costs no memory', () => {
  const parser = new FrameParser(new Recorder(), 1 << 28);
  const before = process.memoryUsage().arrayBuffers;
  parser.push(hex('82 7f 0000000010000000 01 02 03'), 0, 13);
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
});

test('hands out binary payloads that are the receiver’s alone and exactly as long', () => {
  const payloads: ArrayBuffer[] = [];
  const handler = new Recorder();
  handler.onBinary = (payload) => payloads.push(payload);
  const parser = new FrameParser(handler, BYTES_MAX);
  const large = Buffer.alloc(70_000, 3);
  const stream = Buffer.concat([
    binaryFrame(hex('01 02')),
    binaryFrame(Buffer.alloc(0)),
    binaryFrame(large),
    serverFrame({ opcode: 2, payload: 'ab', isFinal: false }),
    serverFrame({ opcode: 0, payload: 'c' }),
    serverFrame({ opcode: 2, isFinal: false }),
    serverFrame({ opcode: 0 }),
    serverFrame({ opcode: 2, isFinal: false }),
    serverFrame({ opcode: 0 }),
  ]);
  for (let at = 0; at < stream.length; at += 1000) {
    parser.push(stream, at, Math.min(at + 1000, stream.length));
  }
  assert.deepEqual(
    payloads.map((payload) => payload.byteLength),
    [2, 0, 70_000, 3, 0, 0],
  );
  stream.fill(0);
  assert.equal(Buffer.from(payloads[0] ?? new ArrayBuffer(0)).toString('hex'), '0102');
  assert.ok(Buffer.from(payloads[2] ?? new ArrayBuffer(0)).equals(large));
  assert.equal(new Set(payloads).size, 6);
});

test('can be stopped by a handler, in the middle of a chunk', () => {
  const stream = Buffer.concat([textFrame('1'), textFrame('2'), textFrame('3')]);
  assert.deepEqual(parse(stream, { stopAfter: 2 }), ['text 1', 'text 2']);
});

test('reports a close without code as 1005', () => {
  assert.deepEqual(parse(closeFrame()), ['close 1005 ']);
  assert.deepEqual(parse(closeFrame(1000, 'bye κόσμε')), ['close 1000 bye κόσμε']);
});
