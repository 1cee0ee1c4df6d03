/**
 * What can go wrong with an HTTP request: k6's error codes, the short text of `res.error` and of the
 * `error` tag, and the long text that is logged or thrown.
 *
 * Codes: https://grafana.com/docs/k6/latest/javascript-api/error-codes/
 */
import { EndCause } from '../websocket/api.ts';
import { dialErrorText, UNEXPECTED_EOF } from './go-errors.ts';
import { NativeError } from './script-error.ts';

export const ErrorCode = {
  general: 1000,
  invalidUrl: 1020,
  timeout: 1050,
  dns: 1100,
  noSuchHost: 1101,
  blacklistedIp: 1110,
  blockedHostname: 1111,
  tcp: 1200,
  brokenPipe: 1201,
  unknownTcp: 1202,
  dial: 1210,
  dialTimeout: 1211,
  dialRefused: 1212,
  unknownDial: 1213,
  reset: 1220,
  tls: 1300,
  unknownAuthority: 1310,
  wrongHostname: 1311,
  http2: 1600,
  http2GoAway: 1610,
  http2Stream: 1630,
  http2Connection: 1650,
  decompression: 1701,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Codes of answers with a status of 400 or more: 1404, 1503 … */
const STATUS_CODE_BASE = 1000;
const FAILED_STATUS_MIN = 400;

/** `error_code` of an answer, 0 for a good one. */
export function statusErrorCode(status: number): number {
  return status >= FAILED_STATUS_MIN ? STATUS_CODE_BASE + status : 0;
}

/** A request that got no answer. */
export interface RequestFailure {
  readonly code: number;
  /** `res.error`. */
  readonly text: string;
  /** What is logged or thrown, without the request in front. */
  readonly detail: string;
}

/** The time limit of the request is over. */
export class RequestTimeoutError extends Error {
  constructor() {
    super('request timeout');
  }
}

/** An answer's body is not what its Content-Encoding says. */
export class DecompressionError extends Error {}

/** An answer's body is too long for what the script wants it as. */
export class LongBodyError extends Error {}

/** A request that cannot be made; becomes `res.error` and, for URLs, an error code. */
export class RequestFault extends NativeError {
  readonly code: number;

  constructor(message: string, code = 0) {
    super(message);
    Object.defineProperty(this, 'code', { enumerable: false });
    this.code = code;
  }
}

/** Where a failing connection goes, and how far it got. */
export interface FailurePoint {
  readonly host: string;
  readonly port: number;
  readonly remoteAddress: string | undefined;
  readonly localAddress: string | undefined;
  /** `host` and `port` are a proxy's. */
  readonly isProxied: boolean;
  /** No connection yet; or waiting for the answer's head; or for the rest of it. */
  readonly stage: 'dial' | 'head' | 'body';
}

function field(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

const LOST_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_INFO',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

const UNKNOWN_AUTHORITY = 'x509: unknown authority';
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]);

const DIAL_ERRNOS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ETIMEDOUT']);

/** Tells what a failed connection or a broken answer means. */
export function failureOf(error: Error, point: FailurePoint): RequestFailure {
  if (error instanceof RequestTimeoutError) {
    return { code: ErrorCode.timeout, text: error.message, detail: error.message };
  }
  if (error instanceof DecompressionError) {
    return { code: ErrorCode.decompression, text: error.message, detail: error.message };
  }
  const code = field(error, 'code');
  if (LOST_CODES.has(code)) {
    const text = point.stage === 'body' ? UNEXPECTED_EOF : 'EOF';
    return { code: ErrorCode.general, text, detail: text };
  }
  const detail = detailOf(error, code, point);
  return (
    namingFailure(code, detail) ??
    tlsFailure(code, detail) ??
    http2Failure(code, detail) ??
    tcpFailure(error, code, point, detail) ?? { code: ErrorCode.general, text: detail, detail }
  );
}

function detailOf(error: Error, code: string, point: FailurePoint): string {
  const text = connectionText(error, code, point);
  return point.isProxied && text.startsWith('dial tcp ') ? `proxyconnect tcp: ${text}` : text;
}

function connectionText(error: Error, code: string, point: FailurePoint): string {
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return `dial tcp ${joinHostPort(point.host, point.port)}: i/o timeout`;
  }
  if (code.startsWith('HPE_')) {
    return `net/http: HTTP/1.x transport connection broken: malformed HTTP response: ${error.message}`;
  }
  const { remoteAddress, localAddress } = point;
  const cause = point.stage === 'dial' ? EndCause.dialFailed : EndCause.socketError;
  return dialErrorText({ cause, error, remoteAddress, localAddress }, point.host, point.port);
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Codes of our own resolver, whose messages are final. */
function namingFailure(code: string, detail: string): RequestFailure | undefined {
  switch (code) {
    case 'IP_BLACKLISTED':
      return { code: ErrorCode.blacklistedIp, text: 'ip is blacklisted', detail };
    case 'HOST_BLOCKED':
      return { code: ErrorCode.blockedHostname, text: 'hostname is blocked', detail };
    case 'HOST_NOT_FOUND':
      return { code: ErrorCode.noSuchHost, text: 'lookup: no such host', detail };
    case 'DNS_FAILED':
      return { code: ErrorCode.dns, text: detail, detail };
    default:
      return undefined;
  }
}

function tlsFailure(code: string, detail: string): RequestFailure | undefined {
  if (CERTIFICATE_CODES.has(code)) {
    return { code: ErrorCode.unknownAuthority, text: UNKNOWN_AUTHORITY, detail };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const text = "x509: certificate doesn't match hostname";
    return { code: ErrorCode.wrongHostname, text, detail };
  }
  const isTls =
    code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('CERT_');
  return isTls ? { code: ErrorCode.tls, text: detail, detail } : undefined;
}

function http2Failure(code: string, detail: string): RequestFailure | undefined {
  if (!code.startsWith('ERR_HTTP2_')) return undefined;
  if (code === 'ERR_HTTP2_GOAWAY_SESSION') {
    return { code: ErrorCode.http2GoAway, text: detail, detail };
  }
  if (code === 'ERR_HTTP2_STREAM_ERROR') {
    return { code: ErrorCode.http2Stream, text: detail, detail };
  }
  const isConnection = code === 'ERR_HTTP2_SESSION_ERROR' || code === 'ERR_HTTP2_ERROR';
  return { code: isConnection ? ErrorCode.http2Connection : ErrorCode.http2, text: detail, detail };
}

function tcpFailure(
  error: Error,
  code: string,
  point: FailurePoint,
  detail: string,
): RequestFailure | undefined {
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return { code: ErrorCode.dialTimeout, text: 'dial: i/o timeout', detail };
  }
  const syscall = field(error, 'syscall');
  if (point.stage === 'dial' && (syscall === 'connect' || syscall === 'bind')) {
    if (!DIAL_ERRNOS.has(code)) return { code: ErrorCode.dial, text: detail, detail };
    return code === 'ECONNREFUSED'
      ? { code: ErrorCode.dialRefused, text: 'dial: connection refused', detail }
      : { code: ErrorCode.dialTimeout, text: 'dial: i/o timeout', detail };
  }
  const operation = syscall === 'write' ? 'write' : 'read';
  if (code === 'ECONNRESET') {
    if (syscall === '') return { code: ErrorCode.general, text: 'EOF', detail: 'EOF' };
    return { code: ErrorCode.reset, text: `${operation}: connection reset by peer`, detail };
  }
  if (code === 'EPIPE') {
    return { code: ErrorCode.brokenPipe, text: `${operation}: broken pipe`, detail };
  }
  return syscall === '' ? undefined : { code: ErrorCode.tcp, text: detail, detail };
}

/** Go's words around the detail: `Get "http://host/": EOF`. */
export function requestErrorText(method: string, url: string, detail: string): string {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return `${verb} ${JSON.stringify(url)}: ${detail}`;
}
