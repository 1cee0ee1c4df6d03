/**
 * Limits of a dial that a test or a socket may set: redirects to follow, timeouts, and how fast to read.
 * The names are those of a socket's params; the run's defaults come from options.
 */
import { parseDuration } from '../base/duration.ts';
import type { DialRequest } from '../websocket/api.ts';
import { NativeError } from './script-error.ts';

export interface DialLimits {
  /** 0 = an answer 3xx fails the dial, as in k6. */
  readonly redirects: number;
  readonly connectTimeoutMs: number | undefined;
  readonly handshakeTimeoutMs: number | undefined;
  readonly closeTimeoutMs: number | undefined;
  readonly readBytesPerSecond: number | undefined;
}

/** The engine's defaults. */
export const NO_DIAL_LIMITS: DialLimits = {
  redirects: 0,
  connectTimeoutMs: undefined,
  handshakeTimeoutMs: undefined,
  closeTimeoutMs: undefined,
  readBytesPerSecond: undefined,
};

const TIMEOUTS: Readonly<Record<string, keyof DialLimits>> = {
  connectTimeout: 'connectTimeoutMs',
  handshakeTimeout: 'handshakeTimeoutMs',
  closeTimeout: 'closeTimeoutMs',
};

/**
 * Reads one of the params `redirects`, `connectTimeout`, `handshakeTimeout`, `closeTimeout` (a duration,
 * or a number of ms) and `readRate` (bytes per second).
 *
 * @returns undefined if the key is none of these.
 * @throws NativeError that says what was expected.
 */
export function parseDialLimit(key: string, value: unknown): Partial<DialLimits> | undefined {
  const timeout = TIMEOUTS[key];
  if (timeout !== undefined) return { [timeout]: timeoutOf(key, value) };
  if (key === 'redirects') {
    if (Number.isInteger(value) && Number(value) >= 0) return { redirects: Number(value) };
    throw fault(key, value, 'a whole number from 0');
  }
  if (key !== 'readRate') return undefined;
  if (typeof value === 'number' && value > 0) return { readBytesPerSecond: value };
  throw fault(key, value, 'a number of bytes per second above 0');
}

function timeoutOf(key: string, value: unknown): number {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? msOf(value) : 0;
  if (ms > 0) return ms;
  throw fault(key, value, "a duration above 0, like '5s' or a number of ms");
}

function msOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return 0;
  }
}

function fault(key: string, value: unknown, expected: string): NativeError {
  return new NativeError(`${key}: got ${String(value)}; expected ${expected}`);
}

type LimitFields = Pick<
  DialRequest,
  'connectTimeoutMs' | 'handshakeTimeoutMs' | 'closeTimeoutMs' | 'readBytesPerSecond'
>;

/** As fields of a request. */
export function limitFields(limits: DialLimits): LimitFields {
  const { connectTimeoutMs, handshakeTimeoutMs, closeTimeoutMs, readBytesPerSecond } = limits;
  return {
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs }),
    ...(closeTimeoutMs === undefined ? {} : { closeTimeoutMs }),
    ...(readBytesPerSecond === undefined ? {} : { readBytesPerSecond }),
  };
}
