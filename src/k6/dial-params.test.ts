import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DialRequest } from '../websocket/api.ts';
import { CookieJar, ScriptCookieJar } from './cookie-jar.ts';
import { canonicalHeaderName, dialRequestOf, parseDialParams } from './dial-params.ts';
import { FakeHost } from './testing/fake-host.ts';

const LENIENT = { rejectKey: (): void => {}, badTags: 'bad tags', isEmptyCompressionAllowed: true };

const ADDRESS = { isSecure: true, host: 'h.test', port: 443, target: '/x', hostHeader: 'h.test' };

test('header names are written as Go writes them', () => {
  assert.equal(canonicalHeaderName('x-LOWER'), 'X-Lower');
  assert.equal(canonicalHeaderName('sec-websocket-key'), 'Sec-Websocket-Key');
  assert.equal(canonicalHeaderName('not a token'), 'not a token');
});

test('null, undefined and other values count as no params', () => {
  const host = new FakeHost();
  for (const params of [null, undefined, 5, true, {}, { headers: null, tags: undefined }]) {
    const parsed = parseDialParams(host, params, LENIENT);
    assert.equal(parsed.headers.size, 0);
    assert.equal(parsed.tags, host.tags);
    assert.equal(parsed.jar, host.cookies);
    assert.equal(parsed.deflate, undefined);
  }
});

test('values become text that stays on its line; the last of equal names wins', () => {
  const headers = { 'x-a': 1, 'X-A': 'one\r\nEvil: yes', 'X-B': undefined, 'X-C': ['a', 'b'] };
  const parsed = parseDialParams(new FakeHost(), { headers }, LENIENT);
  assert.deepEqual(
    [...parsed.headers],
    [
      ['X-A', 'one Evil: yes'],
      ['X-B', 'undefined'],
      ['X-C', 'a,b'],
    ],
  );
});

test('the request has the default User-Agent, the jar’s cookies and TLS settings of the host', () => {
  const host = new FakeHost();
  const asked: string[] = [];
  const tls = { rejectUnauthorized: false };
  host.network = {
    ...host.network,
    tlsFor: (name) => {
      asked.push(name);
      return tls;
    },
  };
  host.cookies.setCookie('https://h.test/', 'a', '1');
  const params = parseDialParams(
    host,
    { headers: { Origin: 'o' }, compression: 'deflate' },
    LENIENT,
  );
  const request = dialRequestOf(host, 'wss://h.test/x', ADDRESS, params, ['p']);
  assert.deepEqual(request.headers, [
    ['User-Agent', 'gharial-test'],
    ['Origin', 'o'],
    ['Cookie', 'a=1'],
  ]);
  assert.equal(request.tls, tls);
  assert.deepEqual(asked, ['h.test']);
  assert.equal(request.offersDeflate, true);
  assert.deepEqual(request.deflate, { clientMaxWindowBits: true });
  assert.equal(request.requiresOfferedProtocol, true);
});

test('User-Agent and Cookie of the script replace the defaults; an empty User-Agent sends none', () => {
  const host = new FakeHost();
  host.cookies.setCookie('https://h.test/', 'a', '1');
  const headers = { 'user-agent': '', cookie: 'b=2' };
  const params = parseDialParams(host, { headers }, LENIENT);
  const request = dialRequestOf(host, 'wss://h.test/x', ADDRESS, params, []);
  assert.deepEqual(request.headers, [['Cookie', 'b=2']]);
  assert.equal(request.requiresOfferedProtocol, true);
});

test('a subprotocol header of the script is an offer the engine cannot check', () => {
  const host = new FakeHost();
  const headers = { 'Sec-WebSocket-Protocol': 'chat' };
  const params = parseDialParams(host, { headers }, LENIENT);
  const request = dialRequestOf(host, 'wss://h.test/x', ADDRESS, params, []);
  assert.equal(request.requiresOfferedProtocol, false);
});

test('a jar of the script replaces the default; anything else is ignored', () => {
  const host = new FakeHost();
  const store = new CookieJar();
  assert.equal(parseDialParams(host, { jar: new ScriptCookieJar(store) }, LENIENT).jar, store);
  assert.equal(parseDialParams(host, { jar: {} }, LENIENT).jar, host.cookies);
});

const dialOf = (host: FakeHost, params: unknown) =>
  dialRequestOf(host, 'wss://h.test/x', ADDRESS, parseDialParams(host, params, LENIENT), []);

test('a proxy param goes before the environment’s; an empty one means none', () => {
  const host = new FakeHost();
  const environment = { kind: 'http', host: 'env', port: 1, username: '', password: '' } as const;
  host.network = {
    ...host.network,
    proxyFor: (isSecure, name) => (isSecure && name === 'h.test' ? environment : undefined),
  };
  assert.equal(dialOf(host, {}).proxy, environment);
  assert.equal(dialOf(host, { proxy: 'socks5://own' }).proxy?.host, 'own');
  assert.equal(dialOf(host, { proxy: '' }).proxy, undefined);
  assert.equal(dialOf(host, { proxy: null }).proxy, undefined);
  assert.throws(() => dialOf(host, { proxy: 'ftp://x' }), /invalid proxy: proxy scheme ftp/);
});

test('tls params reach the dial; --ws-debug and --local-ips too, and cost nothing otherwise', () => {
  const host = new FakeHost();
  const plain = dialOf(host, { tls: { servername: 'other' } });
  assert.equal(plain.tls?.servername, 'other');
  assert.equal(plain.trace, undefined);
  assert.equal(plain.leaseSource, undefined);
  const leaseSource = () => new Error('none');
  host.network = { ...host.network, wsDebug: 'frames', leaseSource };
  const debugged = dialOf(host, {});
  assert.equal(debugged.leaseSource, leaseSource);
  assert.equal(debugged.trace?.includesFrames, true);
  debugged.trace?.write('> ping 0 bytes');
  assert.equal(host.logs.at(-1)?.message, '> ping 0 bytes');
});

/** What goes to `location` when `wss://h.test/x` answers with it. */
function redirectedTo(location: string): DialRequest | undefined {
  const host = new FakeHost();
  const headers = {
    Authorization: 'a',
    Cookie: 'c=1',
    'Proxy-Authorization': 'p',
    Host: 'v.test',
    'X-Other': 'x',
  };
  const tls = { cert: 'CERT', key: 'KEY', ca: 'CA', servername: 's.test', password: 'hush' };
  const params = parseDialParams(host, { headers, tls, redirects: 1 }, LENIENT);
  const request = dialRequestOf(host, 'wss://h.test/x', ADDRESS, params, ['proto']);
  return request.redirect?.({
    status: 302,
    headers: [['Location', location]],
    protocol: '',
    extensions: '',
    body: new Uint8Array(),
  });
}

test('a redirect within a server keeps credentials and client certificate', () => {
  for (const location of ['/y', 'wss://h.test:443/y', 'https://H.TEST/y']) {
    const request = redirectedTo(location);
    const names = request?.headers.map(([name]) => name) ?? [];
    for (const name of ['Authorization', 'Cookie', 'Proxy-Authorization', 'Host']) {
      assert.ok(names.includes(name), `${name} to ${location}`);
    }
    assert.equal(request?.tls?.cert, 'CERT');
    assert.equal(request.tls.servername, 's.test');
  }
});

test('a redirect to another host or port leaves credentials and client certificate behind', () => {
  for (const location of ['wss://other.test/y', 'wss://h.test:8443/y', '//other.test/y']) {
    const request = redirectedTo(location);
    assert.ok(request !== undefined);
    assert.deepEqual(request.headers, [
      ['User-Agent', 'gharial-test'],
      ['X-Other', 'x'],
    ]);
    assert.deepEqual(request.protocols, ['proto']);
    assert.deepEqual(request.tls, { ca: 'CA' });
  }
});

test('a redirect from wss to ws is not followed', () => {
  assert.equal(redirectedTo('ws://h.test/y'), undefined);
});
