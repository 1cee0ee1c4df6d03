/**
 * What went wrong on a connection, in the words k6 users know (Go's net, tls and WebSocket packages).
 *
 * Scripts and thresholds match on these texts. Errors the engine passes on from name resolution
 * (blocked host, blacklisted address, `lookup …`) come with their final text and stay as they are.
 */
import { ERRNO_TEXTS } from '../base/system-error.ts';
import { EndCause, type Ending } from '../websocket/api.ts';

/** How a connection ended, as far as the texts need it. */
export type Failing = Pick<Ending, 'cause' | 'error' | 'remoteAddress' | 'localAddress'>;

export const BAD_HANDSHAKE = 'websocket: bad handshake';
export const MALFORMED_URL = 'malformed ws or wss URL';
export const CLOSE_SENT = 'websocket: close sent';

/** Node's, for a port above 65535; it is no system error. */
const BAD_PORT_CODE = 'ERR_SOCKET_BAD_PORT';
const BAD_PORT = 'invalid port';

const ABNORMAL_CODE = 1006;

const CLOSE_LABELS: Readonly<Record<number, string>> = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status',
  1006: 'abnormal closure',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension missing',
  1011: 'internal server error',
  1015: 'TLS handshake error',
};

/** `websocket: close 1011 (internal server error): reason`. */
export function closeErrorText(code: number, reason: string): string {
  const label = CLOSE_LABELS[code];
  return `websocket: close ${code}${label === undefined ? '' : ` (${label})`}${reason === '' ? '' : `: ${reason}`}`;
}

const ENGINE_PREFIX = /^websocket: /;

export const UNEXPECTED_EOF = 'unexpected EOF';

/** Text of a TCP end without a Close frame. */
export const ABNORMAL_END_TEXT = closeErrorText(ABNORMAL_CODE, UNEXPECTED_EOF);

/**
 * Why a connection ended, in words that are the same for all connections that end so: no addresses.
 * The peer's own reason; else the kind of error; '' if there is nothing to tell.
 */
export function closeReasonText(
  ending: Pick<Ending, 'cause' | 'reason' | 'error' | 'response'>,
): string {
  const { cause, reason, error, response } = ending;
  if (reason !== '') return reason;
  if (cause === EndCause.dialRejected && response !== undefined) return `HTTP ${response.status}`;
  if (cause === EndCause.dialTimeout) return 'i/o timeout';
  if (cause === EndCause.dialAborted) return 'operation was canceled';
  if (cause === EndCause.closeTimeout) return 'no answer to Close';
  if (cause === EndCause.endOfStream) return UNEXPECTED_EOF;
  if (error === undefined) return '';
  const code = textField(error, 'code');
  if (code === BAD_PORT_CODE) return BAD_PORT;
  return ERRNO_TEXTS[code] ?? tlsText(error, code) ?? (code || error.message);
}

const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';

const CERTIFICATE_TEXTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
  CERT_REVOKED: 'x509: certificate has been revoked',
  INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
};

/** OpenSSL reasons of a server that speaks no TLS at all. */
const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_UNKNOWN_PROTOCOL',
]);

const ALERT = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(.+)$/;

/** The fields Node adds to its system errors, as far as present. */
function textField(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function tlsText(error: Error, code: string): string | undefined {
  const certificate = CERTIFICATE_TEXTS[code];
  if (certificate !== undefined) return `tls: failed to verify certificate: ${certificate}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const host = textField(error, 'host');
    return `tls: failed to verify certificate: x509: certificate is not valid for ${host === '' ? 'this host' : host}`;
  }
  if (NOT_TLS.has(code)) return 'tls: first record does not look like a TLS handshake';
  const alert = ALERT.exec(code)?.[1];
  if (alert !== undefined) return `remote error: tls: ${alert.toLowerCase().replaceAll('_', ' ')}`;
  return undefined;
}

/** `read tcp A->B: read: connection reset by peer`. */
function streamText(error: Error, ending: Failing, peer: string): string {
  const errno = ERRNO_TEXTS[textField(error, 'code')];
  if (errno === undefined) return error.message;
  const operation = textField(error, 'syscall') === 'write' ? 'write' : 'read';
  return `${operation} tcp ${addressesOf(ending, peer)}: ${operation}: ${errno}`;
}

function addressesOf(ending: Failing, peer: string): string {
  const local = ending.localAddress;
  return local === undefined ? peer : `${local}->${peer}`;
}

/**
 * Why a dial failed. `host` and `port` are the ones dialled, for causes that carry no address.
 */
export function dialErrorText(ending: Failing, host: string, port: number): string {
  const peer = ending.remoteAddress ?? joinHostPort(host, port);
  const { error } = ending;
  switch (ending.cause) {
    case EndCause.dialAborted:
      return `dial tcp ${joinHostPort(host, port)}: operation was canceled`;
    case EndCause.dialTimeout:
      return ending.remoteAddress === undefined
        ? `dial tcp ${joinHostPort(host, port)}: i/o timeout`
        : `read tcp ${addressesOf(ending, peer)}: i/o timeout`;
    case EndCause.dialRejected:
      return error?.message ?? BAD_HANDSHAKE;
    default:
      break;
  }
  if (error === undefined) return UNEXPECTED_EOF;
  const code = textField(error, 'code');
  const tls = tlsText(error, code);
  if (tls !== undefined) return tls;
  if (code === BAD_PORT_CODE) return `dial tcp: address ${port}: ${BAD_PORT}`;
  const errno = ERRNO_TEXTS[code];
  if (errno === undefined) return error.message;
  const syscall = textField(error, 'syscall');
  if (syscall === 'connect' || syscall === 'bind') {
    const address = textField(error, 'address');
    // Node leaves port 0 out.
    const dialled = address === '' ? peer : joinHostPort(address, textField(error, 'port') || port);
    return `dial tcp ${dialled}: ${syscall}: ${errno}`;
  }
  return streamText(error, ending, peer);
}

/**
 * Why an open connection broke, '' if it did not (a Close frame is no failure of the connection).
 * `host` and `port` are the ones dialled.
 */
export function breakErrorText(ending: Ending, host: string, port: number): string {
  const peer = ending.remoteAddress ?? joinHostPort(host, port);
  switch (ending.cause) {
    case EndCause.endOfStream:
      return ABNORMAL_END_TEXT;
    case EndCause.socketError:
      return ending.error === undefined
        ? ABNORMAL_END_TEXT
        : streamText(ending.error, ending, peer);
    case EndCause.protocolError:
      // `ending.code` is what our Close told the peer.
      return closeErrorText(ending.code, ending.error?.message.replace(ENGINE_PREFIX, '') ?? '');
    default:
      return '';
  }
}
