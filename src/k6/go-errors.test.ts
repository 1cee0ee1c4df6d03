import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndCause, type Ending } from '../websocket/api.ts';
import { breakErrorText, closeErrorText, dialErrorText } from './go-errors.ts';

function ending(cause: EndCause, fields: Partial<Ending> = {}): Ending {
  return {
    cause,
    code: 1006,
    reason: '',
    wasClean: false,
    error: undefined,
    response: undefined,
    timings: { startMs: 0, dnsMs: 0, tcpMs: 0, tlsMs: 0, upgradeMs: 0, totalMs: 0 },
    remoteAddress: undefined,
    localAddress: undefined,
    ...fields,
  };
}

function systemError(code: string, fields: object = {}): Error {
  return Object.assign(new Error(`node says ${code}`), { code }, fields);
}

test('close codes have their labels and reasons', () => {
  assert.equal(closeErrorText(1011, 'oops'), 'websocket: close 1011 (internal server error): oops');
  assert.equal(closeErrorText(4000, ''), 'websocket: close 4000');
  assert.equal(closeErrorText(1005, ''), 'websocket: close 1005 (no status)');
});

test('dial failures in the words of Go', () => {
  const connect = { syscall: 'connect', address: '10.0.0.1', port: 81 };
  const open = { localAddress: '127.0.0.1:5', remoteAddress: '127.0.0.1:80' };
  const cases: [Ending, string][] = [
    [
      ending(EndCause.dialFailed, { error: systemError('ECONNREFUSED', connect) }),
      'dial tcp 10.0.0.1:81: connect: connection refused',
    ],
    [
      ending(EndCause.dialFailed, {
        error: systemError('ENETUNREACH', { ...connect, address: '::1' }),
      }),
      'dial tcp [::1]:81: connect: network is unreachable',
    ],
    [
      ending(EndCause.dialFailed, {
        error: systemError('ECONNRESET', { syscall: 'read' }),
        ...open,
      }),
      'read tcp 127.0.0.1:5->127.0.0.1:80: read: connection reset by peer',
    ],
    [ending(EndCause.dialFailed), 'unexpected EOF'],
    [
      ending(EndCause.dialFailed, { error: new Error('lookup x: no such host') }),
      'lookup x: no such host',
    ],
    [
      ending(EndCause.dialFailed, { error: systemError('DEPTH_ZERO_SELF_SIGNED_CERT') }),
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      ending(EndCause.dialFailed, { error: systemError('CERT_HAS_EXPIRED') }),
      'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    ],
    [
      ending(EndCause.dialFailed, {
        error: systemError('ERR_TLS_CERT_ALTNAME_INVALID', { host: 'h.test' }),
      }),
      'tls: failed to verify certificate: x509: certificate is not valid for h.test',
    ],
    [
      ending(EndCause.dialFailed, { error: systemError('ERR_SSL_WRONG_VERSION_NUMBER') }),
      'tls: first record does not look like a TLS handshake',
    ],
    [
      ending(EndCause.dialFailed, { error: systemError('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION') }),
      'remote error: tls: protocol version',
    ],
    [
      ending(EndCause.dialFailed, { error: systemError('ERR_SOCKET_BAD_PORT') }),
      'dial tcp: address 80: invalid port',
    ],
    [
      ending(EndCause.dialFailed, {
        error: systemError('ECONNREFUSED', { syscall: 'connect', address: '127.0.0.1' }),
      }),
      'dial tcp 127.0.0.1:80: connect: connection refused',
    ],
    [ending(EndCause.dialRejected), 'websocket: bad handshake'],
    [ending(EndCause.dialTimeout), 'dial tcp h.test:80: i/o timeout'],
    [ending(EndCause.dialTimeout, open), 'read tcp 127.0.0.1:5->127.0.0.1:80: i/o timeout'],
    [ending(EndCause.dialAborted), 'dial tcp h.test:80: operation was canceled'],
  ];
  for (const [end, text] of cases) assert.equal(dialErrorText(end, 'h.test', 80), text);
});

test('broken connections in the words of Go', () => {
  const open = { localAddress: '127.0.0.1:5', remoteAddress: '127.0.0.1:80' };
  const cases: [Ending, string][] = [
    [ending(EndCause.endOfStream), 'websocket: close 1006 (abnormal closure): unexpected EOF'],
    [
      ending(EndCause.socketError, { error: systemError('EPIPE', { syscall: 'write' }), ...open }),
      'write tcp 127.0.0.1:5->127.0.0.1:80: write: broken pipe',
    ],
    [ending(EndCause.socketError), 'websocket: close 1006 (abnormal closure): unexpected EOF'],
    [
      ending(EndCause.protocolError, { code: 1002, error: new Error('websocket: bad opcode 3') }),
      'websocket: close 1002 (protocol error): bad opcode 3',
    ],
    [
      ending(EndCause.protocolError, { code: 1007 }),
      'websocket: close 1007 (invalid payload data)',
    ],
    [ending(EndCause.closeTimeout), ''],
    [ending(EndCause.terminated), ''],
  ];
  for (const [end, text] of cases) assert.equal(breakErrorText(end, 'h.test', 80), text);
});
