import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { issueSelfSigned } from './certificate.ts';

const HOSTS = ['localhost', '127.0.0.1', '::1', '2001:db8::8:800:200c:417a'];

test('the certificate names its hosts, is signed by its own key and valid now', () => {
  const nowMs = Date.UTC(2026, 10, 21, 12);
  const { cert } = issueSelfSigned(HOSTS, nowMs);
  const parsed = new X509Certificate(cert);
  assert.equal(parsed.subject, 'CN=localhost');
  assert.equal(parsed.issuer, parsed.subject);
  assert.equal(
    parsed.subjectAltName,
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, ' +
      'IP Address:2001:DB8:0:0:8:800:200C:417A',
  );
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(parsed.ca);
  assert.equal(Date.parse(parsed.validFrom), nowMs - 86_400_000);
  assert.equal(Date.parse(parsed.validTo), nowMs + 30 * 86_400_000);
});

test('every certificate has a key and a serial number of its own', () => {
  const issued = Array.from({ length: 20 }, () => issueSelfSigned(['localhost'], Date.now()));
  assert.equal(new Set(issued.map(({ key }) => key)).size, 20);
  const serials = issued.map(({ cert }) => new X509Certificate(cert).serialNumber);
  assert.equal(new Set(serials).size, 20);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

test('a TLS client that trusts the certificate accepts it for each of its hosts', async (t) => {
  const issued = issueSelfSigned(HOSTS, Date.now());
  const server = createServer(issued, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const host of ['localhost', '127.0.0.1']) {
    const socket = connect({
      host: '127.0.0.1',
      servername: host === 'localhost' ? host : '',
      port,
      ca: issued.cert,
    });
    await once(socket, 'secureConnect');
    assert.ok(socket.authorized);
    socket.resume();
    await once(socket, 'close');
  }
});

test('a TLS client that does not know the certificate refuses it', async (t) => {
  const server = createServer(issueSelfSigned(['localhost'], Date.now()));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', port });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});
