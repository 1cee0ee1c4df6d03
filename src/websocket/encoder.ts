/**
 * Writes client frames (RFC 6455 §5.2): header, masking key, payload masked in place, one after the
 * other in one piece of memory. Messages are never fragmented. It decides nothing about when bytes
 * leave; see outbox.ts.
 */
import {
  FIN_BIT,
  HEADER_BYTES_MAX,
  LENGTH_7_MAX,
  LENGTH_16_MAX,
  LENGTH_IS_16_BIT,
  LENGTH_IS_64_BIT,
  MASK_BIT,
  MASKING_KEY_BYTES,
  Opcode,
} from './frame.ts';
import { maskBytes, writeMaskingKey } from './mask.ts';

/** Memory that frames are written into: as bytes, and as words for masking. */
export class FrameMemory {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  /** `bytes[0, length)` by length, for the short ones. */
  private readonly heads: (Buffer | undefined)[] = [];

  constructor(capacity: number) {
    const wordCount = (capacity + 3) >>> 2;
    this.bytes = Buffer.allocUnsafeSlow(wordCount * 4);
    this.words = new Int32Array(this.bytes.buffer, 0, wordCount);
  }

  /** `bytes[from, to)`. Cost: nothing for a short message alone, which begins at 0; else a new view, 0.1 us. */
  view(from: number, to: number): Buffer {
    if (from > 0 || to > HEAD_BYTES_MAX) return this.bytes.subarray(from, to);
    const known = this.heads[to];
    if (known !== undefined) return known;
    while (this.heads.length < to) this.heads.push(undefined);
    const head = this.bytes.subarray(0, to);
    this.heads[to] = head;
    return head;
  }
}

/** Views of so many bytes are kept. */
const HEAD_BYTES_MAX = 1024;
/** A UTF-16 unit becomes at most three bytes. */
const UTF8_BYTES_PER_UNIT_MAX = 3;
/** Up to here an upper bound wastes little; above, the exact length is worth a pass over the text. */
const ESTIMATED_UNITS_MAX = 1024;
/** Up to here writing ASCII unit by unit is cheaper than a native call. */
const SHORT_TEXT_UNITS_MAX = 32;

/** Room that `writeFrame` needs for a payload. */
export function frameBytesMax(payloadBytes: number): number {
  return payloadBytes + HEADER_BYTES_MAX;
}

/** Room that `writeTextFrame` needs for a text. */
export function textFrameBytesMax(text: string): number {
  const payloadBytesMax =
    text.length <= ESTIMATED_UNITS_MAX
      ? text.length * UTF8_BYTES_PER_UNIT_MAX
      : Buffer.byteLength(text);
  return payloadBytesMax + HEADER_BYTES_MAX;
}

/** Header bytes, masking key included, of a client frame with this much payload. */
export function headerBytes(payloadBytes: number): number {
  if (payloadBytes <= LENGTH_7_MAX) return 2 + MASKING_KEY_BYTES;
  return (payloadBytes <= LENGTH_16_MAX ? 4 : 10) + MASKING_KEY_BYTES;
}

/**
 * Writes a frame with `payload` at `at`; the payload is copied, not kept.
 *
 * @param firstByte FIN, RSV bits and opcode.
 * @returns where the frame ends. Cost: one copy and one masking pass.
 */
export function writeFrame(
  memory: FrameMemory,
  at: number,
  firstByte: number,
  payload: Uint8Array,
  key: number,
): number {
  const { bytes } = memory;
  const from = writeHeader(bytes, at, firstByte, payload.length, key);
  const to = from + payload.length;
  bytes.set(payload, from);
  maskBytes(bytes, memory.words, from, to, key);
  return to;
}

/**
 * Writes a text frame at `at`; lone surrogates become U+FFFD.
 *
 * @returns where the frame ends. Cost: one encoding and one masking pass; short ASCII in one.
 */
export function writeTextFrame(memory: FrameMemory, at: number, text: string, key: number): number {
  const { bytes } = memory;
  const units = text.length;
  const firstByte = FIN_BIT | Opcode.text;
  if (units <= SHORT_TEXT_UNITS_MAX) {
    const end = writeShortAscii(bytes, at, text, key);
    if (end !== 0) return end;
  }
  // Written first where ASCII would begin; other text is longer and may need a longer header.
  const guess = at + headerBytes(units);
  const payloadBytes = bytes.write(text, guess, 'utf8');
  const from = at + headerBytes(payloadBytes);
  if (from !== guess) bytes.copyWithin(from, guess, guess + payloadBytes);
  writeHeader(bytes, at, firstByte, payloadBytes, key);
  maskBytes(bytes, memory.words, from, from + payloadBytes, key);
  return from + payloadBytes;
}

/** @returns where the frame ends, or 0 if the text is not ASCII. */
function writeShortAscii(bytes: Buffer, at: number, text: string, key: number): number {
  const from = at + 2 + MASKING_KEY_BYTES;
  const units = text.length;
  let rotated = key;
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return 0;
    bytes[from + i] = unit ^ rotated;
    rotated = (rotated >>> 8) | (rotated << 24);
  }
  writeHeader(bytes, at, FIN_BIT | Opcode.text, units, key);
  return from + units;
}

/** @returns where the payload begins. */
function writeHeader(
  bytes: Buffer,
  at: number,
  firstByte: number,
  payloadBytes: number,
  key: number,
): number {
  bytes[at] = firstByte;
  let end = at + 2;
  if (payloadBytes <= LENGTH_7_MAX) {
    bytes[at + 1] = MASK_BIT | payloadBytes;
  } else if (payloadBytes <= LENGTH_16_MAX) {
    bytes[at + 1] = MASK_BIT | LENGTH_IS_16_BIT;
    end = bytes.writeUInt16BE(payloadBytes, end);
  } else {
    bytes[at + 1] = MASK_BIT | LENGTH_IS_64_BIT;
    end = bytes.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), end);
    end = bytes.writeUInt32BE(payloadBytes % 2 ** 32, end);
  }
  writeMaskingKey(bytes, end, key);
  return end + MASKING_KEY_BYTES;
}
