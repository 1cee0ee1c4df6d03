/**
 * `compression` of a socket's params: `'deflate'` as in k6, or an object of our own with the settings of
 * permessage-deflate, named as in RFC 7692 and the `ws` package.
 */
import type { DeflateSettings } from '../websocket/api.ts';
import { NativeError } from './script-error.ts';

/**
 * What `'deflate'` offers: no context in either direction, as k6, and that the server may choose our
 * window, without which servers that need a small one refuse compression altogether.
 */
const PLAIN: DeflateSettings = { clientMaxWindowBits: true };

const WINDOW_BITS_MIN = 8;
const WINDOW_BITS_MAX = 15;

/**
 * @returns undefined for no compression.
 * @throws NativeError with k6's text for another algorithm, our own for bad settings.
 */
export function parseCompression(
  value: unknown,
  isEmptyAllowed: boolean,
): DeflateSettings | undefined {
  if (typeof value === 'object' && value !== null) return settingsOf(value);
  const algorithm = String(value).trim();
  if (algorithm === 'deflate') return PLAIN;
  if (algorithm === '' && isEmptyAllowed) return undefined;
  throw new NativeError(
    `unsupported compression algorithm '${algorithm}', supported algorithm is 'deflate'`,
  );
}

function settingsOf(params: object): DeflateSettings {
  const settings: { -readonly [K in keyof DeflateSettings]: DeflateSettings[K] } = { ...PLAIN };
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (key === 'algorithm') {
      if (value !== 'deflate') throw fault(key, value, "'deflate'");
    } else if (key === 'threshold') settings.thresholdBytes = sizeOf(key, value);
    else if (key === 'clientNoContextTakeover') settings.keepsClientContext = !flagOf(key, value);
    else if (key === 'serverNoContextTakeover') settings.keepsServerContext = !flagOf(key, value);
    else if (key === 'clientMaxWindowBits') {
      if (value === false) delete settings.clientMaxWindowBits;
      else settings.clientMaxWindowBits = value === true ? true : bitsOf(key, value);
    } else if (key === 'serverMaxWindowBits') settings.serverMaxWindowBits = bitsOf(key, value);
    else {
      throw new NativeError(
        `unknown compression setting ${key}; there are algorithm, threshold, clientNoContextTakeover, serverNoContextTakeover, clientMaxWindowBits and serverMaxWindowBits`,
      );
    }
  }
  return settings;
}

function sizeOf(key: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw fault(key, value, 'a number of bytes');
}

function flagOf(key: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw fault(key, value, 'true or false');
}

function bitsOf(key: string, value: unknown): number {
  const isAllowed =
    Number.isInteger(value) && Number(value) >= WINDOW_BITS_MIN && Number(value) <= WINDOW_BITS_MAX;
  if (isAllowed) return Number(value);
  throw fault(key, value, `a whole number from ${WINDOW_BITS_MIN} to ${WINDOW_BITS_MAX}`);
}

function fault(key: string, value: unknown, expected: string): NativeError {
  return new NativeError(`compression ${key}: got ${String(value)}; expected ${expected}`);
}
