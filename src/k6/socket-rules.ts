/**
 * Where the two WebSocket classes differ: `WebSocket` of `k6/websockets` keeps what k6 scripts were
 * written against, the global `WebSocket` follows the WHATWG standard to the letter. Everything else is
 * the standard's for both.
 */
import { binaryBytes } from './blob.ts';
import { domException } from './dom-exception.ts';
import { goIntegerText, goTypeName } from './go-types.ts';
import { NativeError } from './script-error.ts';
import { parseSocketUrl } from './socket-url.ts';

export const NORMAL_CODE = 1000;
const CLOSE_REASON_BYTES_MAX = 123;
const APPLICATION_CODE_MIN = 3000;
const APPLICATION_CODE_MAX = 4999;
const SHORT_MODULUS = 0x10000;

const encoder = new TextEncoder();

/** Arguments of `close()` as they go on the wire; `code` undefined = an empty Close frame. */
export interface CloseArguments {
  readonly code: number | undefined;
  readonly reason: string;
}

export interface SocketRules {
  /** @throws DOMException `SyntaxError`, or what the dialect throws for no URL at all. */
  url(args: readonly unknown[], base: string | undefined): URL;
  /** Subprotocols as given, not checked yet. */
  protocols(value: unknown): readonly string[];
  /** The third argument of the constructor, as far as it is one. */
  params(value: unknown): unknown;
  /** @throws for data that cannot be sent. */
  payload(args: readonly unknown[]): string | Uint8Array;
  /** @throws DOMException `InvalidAccessError` or `SyntaxError`. */
  closing(code: unknown, reason: unknown): CloseArguments;
  /** Value for an `on…` attribute; null takes the handler off. @throws NativeError for what k6 refuses. */
  handler(type: string, value: unknown): object | null;
  /** @throws NativeError for a listener that k6 refuses. */
  checkListener(type: string, callback: unknown): void;
  /** @throws NativeError for a value that k6 refuses; undefined = the value is ignored. */
  binaryType(value: unknown): 'blob' | 'arraybuffer' | undefined;
  /** `on…` handlers run before all listeners (k6), or in the order of their first setting. */
  readonly runsHandlersFirst: boolean;
  /** `send()` outside OPEN: an exception (k6), or counted as buffered once CLOSING. */
  readonly refusesLateSend: boolean;
  /** An error event for a closing handshake with another code than 1000 and 1001 (k6). */
  readonly tellsCloseCodesAsErrors: boolean;
  /** The socket is closed with the peer's Close frame (k6), or with its TCP connection. */
  readonly endsWithCloseFrame: boolean;
  /** A server must choose one of the subprotocols that were offered. */
  readonly requiresProtocolAnswer: boolean;
  /** `origin` of messages: the whole URL (k6), or its origin. */
  readonly isOriginWholeUrl: boolean;
  /** May be called without `new` (k6). */
  readonly isCallable: boolean;
  /** A method that is taken off its socket works (k6). */
  readonly bindsMethods: boolean;
}

function closeReasonOf(value: unknown): string {
  const reason = value === undefined ? '' : String(value);
  if (encoder.encode(reason).byteLength > CLOSE_REASON_BYTES_MAX) {
    throw domException(
      'SyntaxError',
      "SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than 123 bytes",
    );
  }
  return reason;
}

function checkCloseCode(code: number): void {
  if (code === NORMAL_CODE || (code >= APPLICATION_CODE_MIN && code <= APPLICATION_CODE_MAX)) {
    return;
  }
  throw domException(
    'InvalidAccessError',
    `InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${goIntegerText(code)} is neither`,
  );
}

/** WebIDL's `[Clamp] unsigned short`. */
function clampedShort(value: unknown): number {
  const number = Number(value);
  if (Number.isNaN(number)) return 0;
  const clamped = Math.min(Math.max(number, 0), SHORT_MODULUS - 1);
  const floor = Math.floor(clamped);
  // Ties go to the even neighbour.
  if (clamped - floor === 0.5) return floor + (floor % 2);
  return Math.round(clamped);
}

export const K6_RULES: SocketRules = {
  url([value]) {
    if (value === undefined || value === null) throw new NativeError('WebSocket requires a url');
    return parseSocketUrl(String(value), undefined, true);
  },
  // Anything but a string or an array asks for none.
  protocols(value) {
    if (Array.isArray(value)) return value.map(String);
    return typeof value === 'string' && value !== '' ? [value] : [];
  },
  params: (value) => value,
  payload([data]) {
    if (typeof data === 'string') return data;
    const bytes = binaryBytes(data);
    if (bytes === undefined) throw new NativeError(`unsupported send type ${goTypeName(data)}`);
    return bytes;
  },
  // What is no number counts as none, and none as 1000.
  closing(code, reason) {
    const number = code === undefined ? 0 : Math.trunc(Number(code)) || 0;
    if (number !== 0) checkCloseCode(number);
    return { code: number === 0 ? NORMAL_CODE : number, reason: closeReasonOf(reason) };
  },
  handler(type, value) {
    if (value === undefined || value === null) return null;
    if (typeof value === 'function') return value;
    throw new NativeError(`a value for 'on${type}' should be callable`);
  },
  checkListener(type, callback) {
    if (callback !== undefined && callback !== null) return;
    throw new NativeError(`handler for event type "${type}" isn't a callable function`);
  },
  binaryType(value) {
    if (value === 'blob' || value === 'arraybuffer') return value;
    throw new NativeError(
      `unknown binaryType ${String(value)}, the supported ones are "blob" and "arraybuffer"`,
    );
  },
  runsHandlersFirst: true,
  refusesLateSend: true,
  tellsCloseCodesAsErrors: true,
  endsWithCloseFrame: true,
  requiresProtocolAnswer: false,
  isOriginWholeUrl: true,
  isCallable: true,
  bindsMethods: true,
};

function checkCount(args: readonly unknown[], what: string): void {
  if (args.length > 0) return;
  throw new TypeError(`Failed to ${what} 'WebSocket': 1 argument required, but only 0 present.`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

export const WEB_RULES: SocketRules = {
  url(args, base) {
    checkCount(args, 'construct');
    return parseSocketUrl(String(args[0]), base);
  },
  protocols(value) {
    if (value === undefined) return [];
    return isIterable(value) ? Array.from(value, String) : [String(value)];
  },
  // Params are ours; the standard's constructor ignores further arguments.
  params: (value) => (typeof value === 'object' ? value : undefined),
  payload(args) {
    checkCount(args, "execute 'send' on");
    return binaryBytes(args[0]) ?? String(args[0]);
  },
  closing(code, reason) {
    const number = code === undefined ? undefined : clampedShort(code);
    if (number !== undefined) checkCloseCode(number);
    const text = closeReasonOf(reason);
    // A reason needs a code before it.
    return { code: text === '' ? number : (number ?? NORMAL_CODE), reason: text };
  },
  handler: (_type, value) =>
    typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null,
  checkListener() {
    // The standard takes null for no listener.
  },
  binaryType: (value) => (value === 'blob' || value === 'arraybuffer' ? value : undefined),
  runsHandlersFirst: false,
  refusesLateSend: false,
  tellsCloseCodesAsErrors: false,
  endsWithCloseFrame: false,
  requiresProtocolAnswer: true,
  isOriginWholeUrl: false,
  isCallable: false,
  bindsMethods: false,
};
