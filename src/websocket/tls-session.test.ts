import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { DialRequest, TlsSettings } from './api.ts';
import { dial } from './dial.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './testing/certificate.ts';
import { closeFrame } from './testing/frames.ts';
import {
  type RawServer,
  readRequest,
  startTlsServer,
  upgradeAnswer,
} from './testing/raw-server.ts';
import { RecordedEvents } from './testing/recorded-events.ts';

const cleanUps: (() => unknown)[] = [];
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

/** Notes of each connection whether it resumed a session, and the client's certificate. */
async function server(
  version: 'TLSv1.2' | 'TLSv1.3',
): Promise<{ port: number; resumed: boolean[]; clients: unknown[] }> {
  const resumed: boolean[] = [];
  const clients: unknown[] = [];
  const options = {
    key: TEST_KEY,
    cert: TEST_CERTIFICATE,
    maxVersion: version,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const running: RawServer = await startTlsServer(options, (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
    clients.push(socket.getPeerCertificate().subject?.CN);
    void readRequest(socket).then((request) => {
      socket.write(upgradeAnswer(request));
      socket.end(closeFrame(1000));
    });
  });
  cleanUps.push(() => running.close());
  return { port: running.port, resumed, clients };
}

async function connect(port: number, tls: TlsSettings, host = 'localhost'): Promise<void> {
  const events = new RecordedEvents();
  const request: DialRequest = {
    isSecure: true,
    host,
    port,
    target: '/',
    hostHeader: host,
    headers: [],
    protocols: [],
    tls,
    resolve: (_host, p, done) => done(null, [{ address: '127.0.0.1', family: 4, port: p }]),
  };
  dial(request, events);
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'peer-close', String(ending.error));
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`resumes ${version} sessions of the same host and settings, of no other`, async () => {
    const { port, resumed } = await server(version);
    const tls = { ca: TEST_CERTIFICATE };
    await connect(port, tls);
    await connect(port, tls);
    assert.deepEqual(resumed, [false, true]);
    await connect(port, { ...tls });
    assert.equal(resumed[2], false, 'other settings may mean another client');
    await connect(port, tls, '127.0.0.1');
    assert.equal(resumed[3], false, 'the certificate was not checked for this name');
    await connect(port, tls);
    assert.equal(resumed[4], true);
  });
}

test('makes full handshakes when told to', async () => {
  const { port, resumed } = await server('TLSv1.3');
  const tls = { ca: TEST_CERTIFICATE, reusesSessions: false };
  await connect(port, tls);
  await connect(port, tls);
  assert.deepEqual(resumed, [false, false]);
});

test('shows the client certificate of its settings', async () => {
  const { port, clients } = await server('TLSv1.3');
  await connect(port, { ca: TEST_CERTIFICATE });
  await connect(port, { ca: TEST_CERTIFICATE, cert: TEST_CERTIFICATE, key: TEST_KEY });
  assert.deepEqual(clients, [undefined, 'gharial test']);
});
