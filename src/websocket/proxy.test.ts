import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DialRequest, ProxySettings } from './api.ts';
import { dial } from './dial.ts';
import { parseProxyUrl } from './proxy-url.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './testing/certificate.ts';
import { closeFrame, textFrame } from './testing/frames.ts';
import {
  type ProxyServer,
  startHttpProxy,
  startHttpsProxy,
  startSocksProxy,
} from './testing/proxy-server.ts';
import {
  type RawServer,
  readRequest,
  startRawServer,
  startTlsServer,
  startUpgradeServer,
  upgradeAnswer,
} from './testing/raw-server.ts';
import { RecordedEvents } from './testing/recorded-events.ts';
import { createTunnel } from './tunnel.ts';

const cleanUps: (() => unknown)[] = [];
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

async function started<S extends RawServer>(server: Promise<S>): Promise<S> {
  const running = await server;
  cleanUps.push(() => running.close());
  return running;
}

function dialThrough(
  proxy: ProxySettings,
  port: number,
  parts: Partial<DialRequest> = {},
): RecordedEvents {
  const events = new RecordedEvents();
  const request: DialRequest = {
    isSecure: false,
    host: 'localhost',
    port,
    target: '/',
    hostHeader: `localhost:${port}`,
    headers: [],
    protocols: [],
    proxy,
    resolve: (host, p, done) => {
      assert.equal(host, proxy.host, 'only the proxy is looked up');
      done(null, [{ address: '127.0.0.1', family: 4, port: p }]);
    },
    ...parts,
  };
  dial(request, events);
  return events;
}

const greet = (socket: { write(bytes: Buffer): unknown; end(bytes: Buffer): unknown }): void => {
  socket.write(textFrame('x'.repeat(100_000)));
  socket.end(closeFrame(1000));
};

const proxies: readonly [string, () => Promise<ProxyServer>, string][] = [
  ['an HTTP proxy', startHttpProxy, 'http'],
  ['an HTTP proxy behind TLS', startHttpsProxy, 'https'],
  ['a SOCKS 5 proxy', startSocksProxy, 'socks5'],
];

for (const [name, start, scheme] of proxies) {
  const url = (server: ProxyServer, credentials: string): ProxySettings => ({
    ...parseProxyUrl(`${scheme}://${credentials}@localhost:${server.port}`),
    tls: { ca: TEST_CERTIFICATE },
  });

  test(`reaches a server through ${name}, with credentials`, async () => {
    const proxy = await started(start());
    const server = await started(startUpgradeServer(greet));
    const events = dialThrough(url(proxy, 'me:p%40ss'), server.port);
    const ending = await events.untilEnd();
    assert.equal(ending.cause, 'peer-close', String(ending.error));
    assert.equal(events.log[1]?.length, 'text '.length + 100_000);
    assert.match(proxy.requests[0] ?? '', new RegExp(`localhost:${server.port}`));
  });

  test(`speaks TLS with the server through ${name}`, async () => {
    const proxy = await started(start());
    const server = await started(
      startTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (socket) => {
        void readRequest(socket).then((request) => {
          socket.write(upgradeAnswer(request));
          greet(socket);
        });
      }),
    );
    const tls = { ca: TEST_CERTIFICATE };
    const events = dialThrough(url(proxy, 'me:p%40ss'), server.port, { isSecure: true, tls });
    const ending = await events.untilEnd();
    assert.equal(ending.cause, 'peer-close', String(ending.error));
    assert.equal(events.log[1]?.length, 'text '.length + 100_000);
    assert.ok(events.receivedBytes > 100_000, 'TLS records are counted');
    assert.ok(ending.timings.tlsMs > 0);
    const elsewhere = dialThrough(url(proxy, 'me:p%40ss'), server.port, {
      isSecure: true,
      tls,
      host: 'elsewhere.test',
    });
    const code = Reflect.get((await elsewhere.untilEnd()).error ?? {}, 'code');
    assert.equal(code, 'ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is the server’s');
  });

  test(`says that ${name} does not know us, without the password`, async () => {
    const proxy = await started(start());
    const ending = await dialThrough(url(proxy, 'me:wrong-secret'), 80).untilEnd();
    assert.equal(ending.cause, 'dial-failed');
    assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'WS_PROXY');
    assert.match(ending.error?.message ?? '', /^proxy localhost:\d+: .*localhost:80.*credentials/);
    assert.doesNotMatch(ending.error?.message ?? '', /wrong-secret/);
  });
}

test('does not give its credentials to a proxy whose certificate it cannot verify', async () => {
  const proxy = await started(startHttpsProxy());
  const settings = parseProxyUrl(`https://me:p%40ss@localhost:${proxy.port}`);
  const { error } = await dialThrough(settings, 80).untilEnd();
  assert.equal(Reflect.get(error ?? {}, 'code'), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.deepEqual(proxy.requests, []);
});

test('tells the status of an HTTP proxy that refuses', async () => {
  const proxy = await started(
    startRawServer((socket) => {
      void readRequest(socket).then(() => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    }),
  );
  const settings = parseProxyUrl(`127.0.0.1:${proxy.port}`);
  const { error } = await dialThrough(settings, 81).untilEnd();
  assert.equal(error?.message, `proxy 127.0.0.1:${proxy.port}: CONNECT localhost:81: status 502`);
});

test('tells why a SOCKS proxy could not connect', async () => {
  const proxy = await started(startSocksProxy());
  const settings = parseProxyUrl(`socks5://me:p%40ss@127.0.0.1:${proxy.port}`);
  const { error } = await dialThrough(settings, 80, { host: 'refused.test' }).untilEnd();
  assert.match(error?.message ?? '', /connect to refused\.test:80: connection refused$/);
});

test('a proxy that says nothing or goes away fails the dial', async () => {
  const silent = await started(startRawServer(() => {}));
  const settings = parseProxyUrl(`127.0.0.1:${silent.port}`);
  const late = await dialThrough(settings, 80, { handshakeTimeoutMs: 60 }).untilEnd();
  assert.equal(late.cause, 'dial-timeout');
  const closing = await started(startRawServer((socket) => socket.end()));
  const gone = await dialThrough(parseProxyUrl(`127.0.0.1:${closing.port}`), 80).untilEnd();
  assert.equal(gone.cause, 'dial-failed');
});

test('SOCKS requests carry IPv4 and IPv6 literals as addresses', () => {
  const proxy = parseProxyUrl('socks5://h');
  for (const [host, expected] of [
    ['10.1.2.3', '05010001' + '0a010203' + '0050'],
    ['2001:db8::1', '05010004' + '20010db8000000000000000000000001' + '0050'],
    ['::1', '05010004' + '00000000000000000000000000000001' + '0050'],
    ['a.b', '05010003' + '03612e62' + '0050'],
  ] as const) {
    const tunnel = createTunnel(proxy, host, 80);
    assert.deepEqual([...tunnel.greeting], [5, 1, 0]);
    const request = tunnel.push(Buffer.of(5, 0));
    assert.ok(request instanceof Uint8Array);
    assert.equal(Buffer.from(request).toString('hex'), expected, host);
  }
});

test('reads proxy URLs as Go does, and refuses others without showing credentials', () => {
  assert.deepEqual(parseProxyUrl('http://u:p%3A@[::1]'), {
    kind: 'http',
    host: '::1',
    port: 80,
    username: 'u',
    password: 'p:',
  });
  assert.equal(parseProxyUrl('proxy:3128').port, 3128);
  assert.equal(parseProxyUrl('socks5h://s').port, 1080);
  assert.deepEqual(
    [parseProxyUrl('https://s').kind, parseProxyUrl('https://s').port],
    ['https', 443],
  );
  for (const bad of ['http://u:secret@', 'http://u:secret@h:x', 'ftp://h']) {
    assert.throws(
      () => parseProxyUrl(bad),
      ({ message }: Error) => !message.includes('secret'),
      bad,
    );
  }
});
