/** How connections leave: proxies, source addresses, client certificates, and what --ws-debug shows. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { TEST_CERTIFICATE, TEST_KEY } from '../websocket/testing/certificate.ts';
import {
  type ProxyServer,
  startHttpProxy,
  startHttpsProxy,
  startSocksProxy,
} from '../websocket/testing/proxy-server.ts';
import { runGharial } from './testing/run-gharial.ts';

const sources: string[] = [];
const clients: unknown[] = [];
let plainPort = 0;
let tlsPort = 0;
let httpProxy: ProxyServer;
let httpsProxy: ProxyServer;
let socksProxy: ProxyServer;
const servers: Server[] = [];

async function echo(server: Server & ReturnType<typeof createServer>): Promise<number> {
  const sockets = new WebSocketServer({ server });
  server.on('request', ({ socket }, response) => {
    response.end(`${socket.remoteAddress}`);
  });
  sockets.on('connection', (socket, request) => {
    sources.push(`${request.socket.remoteAddress}:${request.socket.remotePort}`);
    const secure = request.socket as TLSSocket; // the plain server's has no certificate to ask for
    if (secure.encrypted) clients.push(secure.getPeerCertificate().subject?.CN);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

before(async () => {
  plainPort = await echo(createServer());
  tlsPort = await echo(
    createTlsServer({
      key: TEST_KEY,
      cert: TEST_CERTIFICATE,
      requestCert: true,
      rejectUnauthorized: false,
    }),
  );
  httpProxy = await startHttpProxy();
  httpsProxy = await startHttpsProxy();
  socksProxy = await startSocksProxy();
});
after(async () => {
  for (const server of servers) server.close();
  await httpProxy.close();
  await httpsProxy.close();
  await socksProxy.close();
});

/** Opens a socket, has one message echoed and prints it. */
function script(url: string, params: string, options = ''): string {
  return `
    import { WebSocket } from 'k6/websockets';
    export const options = { ${options} };
    export default function () {
      const ws = new WebSocket('${url}', null, ${params});
      ws.onopen = () => ws.send('hello');
      ws.onmessage = ({ data }) => { console.log(data); ws.close(); };
      ws.onerror = ({ error }) => console.log('error', error);
    }`;
}

test('HTTP_PROXY carries ws: and HTTPS_PROXY wss:, but not what NO_PROXY names', async () => {
  const env = {
    HTTP_PROXY: `http://me:p%40ss@127.0.0.1:${httpProxy.port}`,
    HTTPS_PROXY: `socks5://me:p%40ss@127.0.0.1:${socksProxy.port}`,
    NO_PROXY: '.direct.test',
  };
  const plain = await runGharial({ script: script(`ws://echo.test:${plainPort}/`, '{}'), env });
  assert.deepEqual(plain.console, ['hello'], plain.stderr);
  assert.match(httpProxy.requests.at(-1) ?? '', /^CONNECT echo\.test:/);
  const secure = await runGharial({
    script: script(`wss://echo.test:${tlsPort}/`, '{}', 'insecureSkipTLSVerify: true'),
    env,
  });
  assert.deepEqual(secure.console, ['hello'], secure.stderr);
  assert.equal(socksProxy.requests.at(-1), `echo.test:${tlsPort}`);
  const requests = httpProxy.requests.length;
  const hosts = `hosts: { 'a.direct.test': '127.0.0.1' }`;
  const direct = await runGharial({
    script: script(`ws://a.direct.test:${plainPort}/`, '{}', hosts),
    env,
  });
  assert.deepEqual(direct.console, ['hello'], direct.stderr);
  assert.equal(httpProxy.requests.length, requests);
});

test('an https: proxy, of the run or of a socket, is spoken to over TLS', async () => {
  const skip = 'insecureSkipTLSVerify: true';
  const proxy = `https://me:p%40ss@localhost:${httpsProxy.port}`;
  const target = `wss://echo.test:${tlsPort}/`;
  const ofRun = await runGharial({
    script: script(target, '{}', skip),
    env: { HTTPS_PROXY: proxy },
  });
  assert.deepEqual(ofRun.console, ['hello'], ofRun.stderr);
  const ofSocket = await runGharial({ script: script(target, `{ proxy: '${proxy}' }`, skip) });
  assert.deepEqual(ofSocket.console, ['hello'], ofSocket.stderr);
  assert.equal(httpsProxy.requests.length, 2);
  const untrusted = await runGharial({ script: script(target, `{ proxy: '${proxy}' }`) });
  assert.match(untrusted.console[0] ?? '', /error .*certificate signed by unknown authority/);
});

test('a socket can have a proxy of its own, and learns why it does not connect', async () => {
  const proxy = `{ proxy: 'http://me:wrong@127.0.0.1:${httpProxy.port}' }`;
  const { console } = await runGharial({ script: script(`ws://echo.test:${plainPort}/`, proxy) });
  assert.match(
    console[0] ?? '',
    /error proxy 127\.0\.0\.1:\d+: CONNECT echo\.test:\d+: status 407/,
  );
});

test('--local-ips gives each VU its address, with ports chosen by us', async () => {
  sources.length = 0;
  const outcome = await runGharial({
    script: script(`ws://127.0.0.1:${plainPort}/`, '{}', 'vus: 4, iterations: 8'),
    args: ['--local-ips', '127.0.0.21-127.0.0.22'],
  });
  assert.equal(outcome.console.length, 8, outcome.stderr);
  assert.equal(new Set(sources).size, 8, 'eight different ports');
  const addresses = sources.map((source) => source.split(':')[0]);
  assert.deepEqual([...new Set(addresses)].sort(), ['127.0.0.21', '127.0.0.22']);
});

test('k6/http and fetch leave as sockets do: through proxies, from the addresses of the pool', async () => {
  const env = {
    HTTP_PROXY: `http://me:p%40ss@127.0.0.1:${httpProxy.port}`,
    HTTPS_PROXY: `socks5://me:p%40ss@127.0.0.1:${socksProxy.port}`,
  };
  const request = (plain: string, secure: string, options: string): string => `
    import http from 'k6/http';
    export const options = { insecureSkipTLSVerify: true, ${options} };
    export default async function () {
      console.log(http.get('${plain}').body);
      console.log(await (await fetch('${secure}')).text());
    }`;
  const urls = [`http://a.test:${plainPort}/x`, `https://a.test:${tlsPort}/`] as const;
  const proxied = await runGharial({ script: request(...urls, ''), env });
  assert.deepEqual(proxied.console, ['127.0.0.1', '127.0.0.1'], proxied.stderr);
  assert.ok(httpProxy.requests.at(-1)?.startsWith(`GET ${urls[0]} HTTP/1.1`));
  assert.equal(socksProxy.requests.at(-1), `a.test:${tlsPort}`);
  const local = [`http://127.0.0.1:${plainPort}`, `https://127.0.0.1:${tlsPort}`] as const;
  const pooled = await runGharial({
    script: request(...local, 'vus: 2, iterations: 2'),
    args: ['--local-ips', '127.0.0.23-127.0.0.24'],
  });
  assert.equal(pooled.console.length, 4, pooled.stderr);
  assert.deepEqual([...new Set(pooled.console)].sort(), ['127.0.0.23', '127.0.0.24']);
});

test('a VU can show a client certificate of its own', async () => {
  clients.length = 0;
  const tls = JSON.stringify({ ca: TEST_CERTIFICATE, cert: TEST_CERTIFICATE, key: TEST_KEY });
  const outcome = await runGharial({
    script: script(`wss://localhost:${tlsPort}/`, `{ tls: ${tls} }`),
  });
  assert.deepEqual(outcome.console, ['hello'], outcome.stderr);
  assert.deepEqual(clients, ['gharial test']);
});

test('--ws-debug shows frames of the VUs it is for, without credentials', async () => {
  const { stderr } = await runGharial({
    script: script(
      `ws://127.0.0.1:${plainPort}/`,
      `{ headers: { Authorization: 'Bearer s3cret' } }`,
      'vus: 2, iterations: 2',
    ),
    args: ['--ws-debug=frames', '--ws-debug-vus', '2'],
  });
  assert.match(stderr, /> GET \/ HTTP\/1\.1.*source=ws-debug.*vu=2/);
  assert.match(stderr, /< HTTP\/1\.1 101/);
  assert.match(stderr, /> text 5 bytes/);
  assert.match(stderr, /> close 1000/);
  assert.match(stderr, /Authorization: \[redacted\]/);
  assert.doesNotMatch(stderr, /s3cret|vu=1/);
});

test('--ws-debug-secrets shows credentials as they are', async () => {
  const { stderr } = await runGharial({
    script: script(
      `ws://127.0.0.1:${plainPort}/`,
      `{ headers: { Authorization: 'Bearer s3cret' } }`,
    ),
    args: ['--ws-debug', '--ws-debug-secrets'],
  });
  assert.match(stderr, /> Authorization: Bearer s3cret/);
});

test('a run that may not open enough files says so instead of hanging', () => {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, main, 'run', 'any.js'],
    { encoding: 'utf8', timeout: 20_000 },
  );
  assert.equal(status, 255);
  assert.match(stderr, /may open 60 files and sockets; a run needs at least 128/);
  assert.match(stderr, /ulimit -n/);
});
