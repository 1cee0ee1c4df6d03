/**
 * Masking keys and masking (RFC 6455 §5.3, §10.3). Every frame of a client is masked with a fresh
 * key that the peer cannot foresee, so keys come from the system's generator, many at a time.
 */
import { randomFillSync } from 'node:crypto';
import { endianness } from 'node:os';

const POOL_KEYS = 2048;
const pool = new Int32Array(POOL_KEYS);
let nextKey = POOL_KEYS;

const IS_LITTLE_ENDIAN = endianness() === 'LE';

/**
 * A fresh masking key: 32 random bits, its first byte on the wire being the lowest.
 * Cost: an array read; one call of the system's generator per 2,048 keys.
 */
export function nextMaskingKey(): number {
  if (nextKey === POOL_KEYS) {
    randomFillSync(pool);
    nextKey = 0;
  }
  return pool[nextKey++] ?? 0;
}

/** Writes the key as it goes on the wire. */
export function writeMaskingKey(bytes: Uint8Array, at: number, key: number): void {
  bytes[at] = key;
  bytes[at + 1] = key >>> 8;
  bytes[at + 2] = key >>> 16;
  bytes[at + 3] = key >>> 24;
}

/**
 * Masks (or unmasks) `bytes[from, to)` in place; `from` is the payload's first byte.
 *
 * @param words the same memory as 32-bit words; both views start at the same byte.
 * Cost: one exclusive-or per word between the word borders, no allocation.
 */
export function maskBytes(
  bytes: Uint8Array,
  words: Int32Array,
  from: number,
  to: number,
  key: number,
): void {
  let at = from;
  let rotated = key;
  const headEnd = Math.min((from + 3) & ~3, to);
  while (at < headEnd) {
    bytes[at] = (bytes[at] ?? 0) ^ rotated;
    at++;
    // The next byte takes the next key byte: turn the key instead of counting modulo four.
    rotated = (rotated >>> 8) | (rotated << 24);
  }
  const wordKey = IS_LITTLE_ENDIAN ? rotated : swapBytes(rotated);
  const wordEnd = to >>> 2;
  let word = at >>> 2;
  if (at < to) {
    for (; word < wordEnd; word++) words[word] = (words[word] ?? 0) ^ wordKey;
    at = word << 2;
  }
  for (; at < to; at++) {
    bytes[at] = (bytes[at] ?? 0) ^ rotated;
    rotated = (rotated >>> 8) | (rotated << 24);
  }
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | ((word >>> 24) & 0xff);
}
