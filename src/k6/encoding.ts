/** The module `k6/encoding`: base64 in Go's four variants, as strict as Go's decoder. */
import { binaryInput } from './binary-input.ts';
import type { ScriptModule } from './host.ts';
import { NativeError } from './script-error.ts';

interface Variant {
  readonly isUrl: boolean;
  readonly isPadded: boolean;
}

const STANDARD: Variant = { isUrl: false, isPadded: true };
const VARIANTS: Readonly<Record<string, Variant>> = {
  std: STANDARD,
  rawstd: { isUrl: false, isPadded: false },
  url: { isUrl: true, isPadded: true },
  rawurl: { isUrl: true, isPadded: false },
};

function variantOf(name: unknown): Variant {
  const key = String(name);
  return (Object.hasOwn(VARIANTS, key) ? VARIANTS[key] : undefined) ?? STANDARD;
}

const QUANTUM = 4;
const STANDARD_DIGIT = /[A-Za-z0-9+/]/;
const URL_DIGIT = /[A-Za-z0-9_-]/;

/** Base64 text of bytes, with or without padding, in either alphabet. */
export function encodeBase64(bytes: Uint8Array, isUrl: boolean, isPadded: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUrl) {
    const text = buffer.toString('base64');
    return isPadded ? text : text.replace(/=+$/, '');
  }
  const text = buffer.toString('base64url');
  return isPadded ? text.padEnd(Math.ceil(text.length / QUANTUM) * QUANTUM, '=') : text;
}

/**
 * Where Go's decoder would stop, as an index into the UTF-8 bytes, or -1 if the text is right. Line
 * breaks are skipped, as there.
 */
function faultIn(bytes: Uint8Array, { isUrl, isPadded }: Variant): number {
  const digit = isUrl ? URL_DIGIT : STANDARD_DIGIT;
  const isBreak = (at: number): boolean => bytes[at] === 0x0a || bytes[at] === 0x0d;
  let at = 0;
  let digits = 0;
  for (; at < bytes.length; at++) {
    if (isBreak(at)) continue;
    if (digit.test(String.fromCharCode(bytes[at] ?? 0))) {
      digits = (digits + 1) % QUANTUM;
      continue;
    }
    if (!isPadded || bytes[at] !== 0x3d || digits < 2) return at;
    const isPair = digits === 2;
    at += 1;
    if (isPair) {
      while (isBreak(at)) at++;
      if (at === bytes.length) return at;
      if (bytes[at] !== 0x3d) return at;
      at += 1;
    }
    while (isBreak(at)) at++;
    return at < bytes.length ? at : -1;
  }
  if (digits === 0) return -1;
  return isPadded || digits === 1 ? bytes.length - digits : -1;
}

function decodeBase64(text: string, variant: Variant): Buffer {
  const fault = faultIn(Buffer.from(text), variant);
  if (fault !== -1) throw new NativeError(`illegal base64 data at input byte ${fault}`);
  return Buffer.from(text, variant.isUrl ? 'base64url' : 'base64');
}

function b64encode(input?: unknown, encoding?: unknown): string {
  const { isUrl, isPadded } = variantOf(encoding);
  return encodeBase64(binaryInput(input), isUrl, isPadded);
}

function b64decode(input?: unknown, encoding?: unknown, format?: unknown): string | ArrayBuffer {
  const bytes = decodeBase64(String(input), variantOf(encoding));
  if (format === 's') return bytes.toString('utf8');
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer; // never shared
}

/** `k6/encoding`. The functions keep no state; the object is the VU's own. */
export function createEncodingModule(): ScriptModule {
  const named = { b64encode, b64decode };
  return { named, default: named };
}
