/**
 * UTF-8 as RFC 6455 §8.1 wants it: text that is not UTF-8 fails the connection, and it does so as
 * soon as the bytes seen so far cannot become UTF-8 any more, even in the middle of a frame.
 *
 * The validator is a function from state and bytes to state, so that a connection keeps one small
 * number and nothing else between two reads.
 */
import { isUtf8 } from 'node:buffer';

/** What must come next. A text is whole only in state `boundary`. */
export const Utf8State = {
  /** Between two characters. */
  boundary: 0,
  /** One, two or three continuation bytes 80–BF. */
  oneMore: 1,
  twoMore: 2,
  threeMore: 3,
  /** After E0: A0–BF (shorter forms exist for the rest), then one more. */
  afterE0: 4,
  /** After ED: 80–9F (the rest are surrogates), then one more. */
  afterEd: 5,
  /** After F0: 90–BF (shorter forms exist for the rest), then two more. */
  afterF0: 6,
  /** After F4: 80–8F (the rest is above U+10FFFF), then two more. */
  afterF4: 7,
  invalid: -1,
} as const;
export type Utf8State = (typeof Utf8State)[keyof typeof Utf8State];

/** Below this many bytes a call into native code costs more than the bytes themselves. */
const NATIVE_BYTES_MIN = 32;

/**
 * Advances a validation over `bytes[from, to)`.
 *
 * @returns the new state; `invalid` as soon as no continuation can make the text valid.
 * Cost: native validation of everything between the first and the last character border.
 * @see RFC 3629 §4 (the table of well-formed sequences)
 */
export function advanceUtf8(
  state: Utf8State,
  bytes: Uint8Array,
  from: number,
  to: number,
): Utf8State {
  let at = from;
  let now = state;
  while (now !== Utf8State.boundary) {
    if (at === to || now === Utf8State.invalid) return now;
    now = stepUtf8(now, bytes[at++] ?? 0);
  }
  if (to - at >= NATIVE_BYTES_MIN) {
    const borderAt = lastBorder(bytes, to);
    if (!isUtf8(bytes.subarray(at, borderAt))) return Utf8State.invalid;
    at = borderAt;
  }
  while (at < to && now !== Utf8State.invalid) now = stepUtf8(now, bytes[at++] ?? 0);
  return now;
}

/**
 * Decodes `bytes[from, to)`; undefined if it is not UTF-8. A byte order mark stays in the text.
 *
 * Cost: one decode. Decoding replaces bad bytes by U+FFFD, so only a text that contains U+FFFD is
 * looked at twice; V8 knows at once that a one-byte string has none.
 */
export function decodeUtf8(bytes: Buffer, from: number, to: number): string | undefined {
  const text = bytes.toString('utf8', from, to);
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, to))) return undefined;
  return text;
}

function stepUtf8(state: Utf8State, byte: number): Utf8State {
  switch (state) {
    case Utf8State.boundary:
      return afterLead(byte);
    case Utf8State.oneMore:
      return within(byte, 0x80, 0xbf, Utf8State.boundary);
    case Utf8State.twoMore:
      return within(byte, 0x80, 0xbf, Utf8State.oneMore);
    case Utf8State.threeMore:
      return within(byte, 0x80, 0xbf, Utf8State.twoMore);
    case Utf8State.afterE0:
      return within(byte, 0xa0, 0xbf, Utf8State.oneMore);
    case Utf8State.afterEd:
      return within(byte, 0x80, 0x9f, Utf8State.oneMore);
    case Utf8State.afterF0:
      return within(byte, 0x90, 0xbf, Utf8State.twoMore);
    case Utf8State.afterF4:
      return within(byte, 0x80, 0x8f, Utf8State.twoMore);
    default:
      return Utf8State.invalid;
  }
}

function within(byte: number, low: number, high: number, next: Utf8State): Utf8State {
  return byte >= low && byte <= high ? next : Utf8State.invalid;
}

function afterLead(byte: number): Utf8State {
  if (byte < 0x80) return Utf8State.boundary;
  if (byte < 0xc2) return Utf8State.invalid;
  if (byte < 0xe0) return Utf8State.oneMore;
  if (byte === 0xe0) return Utf8State.afterE0;
  if (byte === 0xed) return Utf8State.afterEd;
  if (byte < 0xf0) return Utf8State.twoMore;
  if (byte === 0xf0) return Utf8State.afterF0;
  if (byte < 0xf4) return Utf8State.threeMore;
  if (byte === 0xf4) return Utf8State.afterF4;
  return Utf8State.invalid;
}

/** Where the last, perhaps unfinished sequence before `to` begins; `to` if the last is ASCII. */
function lastBorder(bytes: Uint8Array, to: number): number {
  for (let back = 1; back <= 4; back++) {
    const byte = bytes[to - back] ?? 0;
    if (byte < 0x80) return to - back + 1;
    if (byte >= 0xc0) return to - back;
  }
  // Four continuation bytes in a row are never valid; the native validator finds them.
  return to;
}
