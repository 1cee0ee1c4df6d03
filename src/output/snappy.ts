/**
 * Compresses into Snappy's block format, which Prometheus remote write prescribes.
 *
 * The matcher is the simplest that helps: it remembers where each hash of four bytes was last, within the
 * last 64 KB. Labels repeat a great deal, so that is most of what there is to gain.
 *
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */

const HASH_BITS = 14;
const OFFSET_MAX = 0xffff;
const MATCH_MIN = 4;
/** Of one copy element with a two-byte offset. */
const COPY_MAX = 64;

export function compressSnappy(input: Uint8Array): Uint8Array {
  // Literals alone cost 5 bytes more per element; a copy never takes more than what it stands for.
  const output = new Uint8Array(input.length + (input.length >>> 2) + 32);
  let used = writeLength(output, input.length);
  const positions = new Int32Array(1 << HASH_BITS).fill(-1);
  let literalStart = 0;
  let at = 0;
  while (at + MATCH_MIN <= input.length) {
    const word = readWord(input, at);
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = positions[hash] ?? -1;
    positions[hash] = at;
    const isMatch =
      candidate >= 0 && at - candidate <= OFFSET_MAX && readWord(input, candidate) === word;
    if (!isMatch) {
      at++;
      continue;
    }
    used = writeLiteral(output, used, input, literalStart, at);
    let length = MATCH_MIN;
    while (at + length < input.length && input[candidate + length] === input[at + length]) length++;
    used = writeCopies(output, used, at - candidate, length);
    at += length;
    literalStart = at;
  }
  used = writeLiteral(output, used, input, literalStart, input.length);
  return output.subarray(0, used);
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function writeLength(output: Uint8Array, length: number): number {
  let used = 0;
  let rest = length;
  while (rest >= 0x80) {
    output[used++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output[used++] = rest;
  return used;
}

/** Lengths from 61 on stand in four bytes behind the tag: few literals are that long. */
function writeLiteral(
  output: Uint8Array,
  from: number,
  input: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length === 0) return from;
  let used = from;
  if (length <= 60) output[used++] = (length - 1) << 2;
  else {
    output[used++] = 63 << 2;
    for (let shift = 0; shift < 32; shift += 8) output[used++] = ((length - 1) >>> shift) & 0xff;
  }
  output.set(input.subarray(start, end), used);
  return used + length;
}

function writeCopies(output: Uint8Array, from: number, offset: number, length: number): number {
  let used = from;
  for (let rest = length; rest > 0; rest -= COPY_MAX) {
    output[used++] = ((Math.min(rest, COPY_MAX) - 1) << 2) | 2;
    output[used++] = offset & 0xff;
    output[used++] = offset >>> 8;
  }
  return used;
}
