/** How HTTP requests leave: through proxies, and from the source addresses of a pool. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import type { Coroutine } from '../suspend/op.ts';
import { callUser } from '../suspend/runtime.ts';
import type { ProxySettings } from '../websocket/api.ts';
import { SourcePorts } from '../websocket/source-ports.ts';
import { TEST_CERTIFICATE } from '../websocket/testing/certificate.ts';
import {
  type ProxyServer,
  startHttpProxy,
  startSocksProxy,
} from '../websocket/testing/proxy-server.ts';
import { createHttpModule } from './http.ts';
import type { HttpResponse } from './http-response.ts';
import { FakeHost } from './testing/fake-host.ts';
import { type HttpTestServer, startHttpServer, startSecureServer } from './testing/http-server.ts';
import { closedPort } from './testing/loopback-server.ts';

let plain: HttpTestServer;
let secure: HttpTestServer;
let httpProxy: ProxyServer;
let socksProxy: ProxyServer;

before(async () => {
  plain = await startHttpServer();
  secure = await startSecureServer();
  httpProxy = await startHttpProxy();
  socksProxy = await startSocksProxy();
});
after(async () => {
  await Promise.all([plain.close(), secure.close(), httpProxy.close(), socksProxy.close()]);
});

function proxyAt(port: number, parts: Partial<ProxySettings> = {}): ProxySettings {
  return { kind: 'http', host: 'proxy.test', port, username: 'me', password: 'p@ss', ...parts };
}

/** A VU whose every connection takes this proxy; only the proxy is looked up. */
function hostBehind(proxy: ProxySettings): FakeHost {
  const host = new FakeHost();
  const tls = { ca: TEST_CERTIFICATE, servername: 'localhost' };
  host.network = {
    ...host.network,
    proxyFor: () => proxy,
    tlsFor: () => tls,
    resolve: (name, port, done) => {
      assert.equal(name, proxy.host);
      done(null, [{ address: '127.0.0.1', family: 4, port }]);
    },
  };
  return host;
}

/** Sends GETs one after the other, as an iteration. */
async function get(host: FakeHost, ...urls: readonly string[]): Promise<HttpResponse[]> {
  const http = createHttpModule(host).named;
  const send = http['get'] as (this: unknown, ...args: unknown[]) => unknown;
  const responses: HttpResponse[] = [];
  await host.run(function* (): Coroutine<void> {
    for (const url of urls)
      responses.push((yield* callUser(send, undefined, [url])) as HttpResponse);
  });
  assert.deepEqual(host.errors, []);
  return responses;
}

const onEcho = (server: HttpTestServer, path = '/echo'): string =>
  server.url.replace('127.0.0.1', 'echo.test') + path;

test('an HTTP proxy forwards requests to plain servers, over one connection', async () => {
  const seen = httpProxy.requests.length;
  const url = onEcho(plain, '/echo?a=1');
  const [first, second] = await get(hostBehind(proxyAt(httpProxy.port)), url, url);
  assert.deepEqual([first?.status, first?.json('target')], [200, '/echo?a=1'], first?.error);
  assert.equal(second?.status, 200);
  assert.equal(second?.timings.connecting, 0, 'kept open');
  const heads = httpProxy.requests.slice(seen);
  assert.equal(heads.length, 1);
  assert.ok(heads[0]?.startsWith(`GET ${url} HTTP/1.1\r\n`), heads[0]);
  assert.match(heads[0] ?? '', /\r\nHost: echo\.test:\d+\r\n/i);
});

test('an HTTP proxy connects to servers with TLS, which do not see its credentials', async () => {
  const host = hostBehind(proxyAt(httpProxy.port));
  const [response] = await get(host, onEcho(secure));
  assert.deepEqual([response?.status, response?.proto], [200, 'HTTP/2.0'], response?.error);
  assert.ok((response?.timings.tls_handshaking ?? 0) > 0);
  assert.match(httpProxy.requests.at(-1) ?? '', /^CONNECT echo\.test:\d+ /);
  assert.equal(secure.requests.at(-1)?.headers['proxy-authorization'], undefined);
  assert.ok(host.receivedBytes > 1000, 'TLS records count, certificates too');
});

test('a SOCKS proxy connects to all servers', async () => {
  for (const server of [plain, secure]) {
    const host = hostBehind(proxyAt(socksProxy.port, { kind: 'socks5' }));
    const [response] = await get(host, onEcho(server));
    assert.equal(response?.status, 200, response?.error);
    assert.equal(socksProxy.requests.at(-1), new URL(onEcho(server)).host);
  }
});

test('a proxy that cannot be reached, refuses, or is refused is told', async () => {
  const port = await closedPort();
  const [unreached] = await get(hostBehind(proxyAt(port)), onEcho(plain));
  assert.deepEqual([unreached?.error_code, unreached?.error], [1212, 'dial: connection refused']);
  const host = hostBehind(proxyAt(port));
  await get(host, onEcho(plain));
  assert.equal(
    host.logs[0]?.fields?.['error'],
    `Get "${onEcho(plain)}": proxyconnect tcp: dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  const wrong = proxyAt(httpProxy.port, { password: 'wrong' });
  const [refused] = await get(hostBehind(wrong), onEcho(secure));
  assert.match(refused?.error ?? '', /^proxy proxy\.test:\d+: CONNECT echo\.test:\d+: status 407/);
  assert.equal(refused?.error_code, 1000);
  const [forwarded] = await get(hostBehind(wrong), onEcho(plain));
  assert.equal(forwarded?.status, 407, 'the answer to a request is the proxy’s');
  const socks = proxyAt(socksProxy.port, { kind: 'socks5', username: '', password: '' });
  const [unnamed] = await get(hostBehind(socks), onEcho(plain));
  assert.match(unnamed?.error ?? '', /proxy chose authentication method 2/);
});

test('connections leave from leased sources, which end with them', async () => {
  const ports = new SourcePorts(
    { size: 1, addressAt: () => '127.0.0.31' },
    { first: 41_001, last: 41_002 },
  );
  for (const server of [plain, secure]) {
    const host = new FakeHost();
    host.http = { ...host.http, noConnectionReuse: true };
    const tls = { ca: TEST_CERTIFICATE };
    let onRelease = (_port: number): void => {};
    const released = new Promise<number>((resolve) => {
      onRelease = resolve;
    });
    host.network = {
      ...host.network,
      tlsFor: () => tls,
      leaseSource: (to) => {
        const lease = ports.lease(0, to);
        if (lease instanceof Error) return lease;
        const release = (): void => {
          lease.release();
          onRelease(lease.port);
        };
        return { ...lease, release };
      },
    };
    const [response] = await get(host, `${server.url}/echo`);
    assert.equal(response?.status, 200, response?.error);
    const source = `127.0.0.31:${await released}`;
    assert.ok(server.sources.includes(source), source);
  }
});

test('without a free source the request fails with what to change', async () => {
  const host = new FakeHost();
  host.network = { ...host.network, leaseSource: () => new Error('give more with --local-ips') };
  const [response] = await get(host, `${plain.url}/echo`);
  assert.equal(response?.error, 'give more with --local-ips');
});

test('an address that does not exist fails its request, asked for or redirected to', async () => {
  const host = new FakeHost();
  host.network = {
    ...host.network,
    resolve: (name, port, done) => {
      if (name === '127.0.0.1') done(null, [{ address: name, family: 4, port }]);
      else done(new GharialError('HOST_NOT_FOUND', `lookup ${name}: no such host`), []);
    },
  };
  const noPort = 'dial tcp: address 99999: invalid port';
  for (const [url, error, code] of [
    ['http://127.0.0.1:99999/', noPort, 1210],
    ['https://127.0.0.1:99999/', noPort, 1210],
    ['http://999.1.1.1/', 'lookup: no such host', 1101],
    ['http://1.2.3.256/', 'lookup: no such host', 1101],
  ] as const) {
    const redirect = `${plain.url}/redirect/0?to=${encodeURIComponent(url)}`;
    for (const response of await get(host, url, redirect)) {
      assert.deepEqual([response.status, response.error, response.error_code], [0, error, code]);
    }
  }
});

test('a connection that cannot be set up fails its request', async () => {
  const host = new FakeHost();
  const refuse = (): never => {
    throw new Error('no way out');
  };
  for (const broken of [{ proxyFor: refuse }, { tlsFor: refuse }]) {
    host.network = { ...new FakeHost().network, ...broken };
    const [response] = await get(host, `${secure.url}/echo`);
    assert.deepEqual([response?.status, response?.error], [0, 'no way out']);
  }
});
