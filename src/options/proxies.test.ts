import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProxyFor, readProxies } from './proxies.ts';

const ENV = { HTTP_PROXY: 'http://plain:3128', https_proxy: 'u:p@secure:3129' };

test('plain connections take HTTP_PROXY and TLS ones HTTPS_PROXY, in either case', () => {
  const proxyFor = createProxyFor(readProxies(ENV));
  assert.equal(proxyFor(false, 'a.test', 80)?.host, 'plain');
  assert.equal(proxyFor(true, 'a.test', 443)?.host, 'secure');
  assert.equal(proxyFor(true, 'a.test', 443)?.username, 'u');
  assert.equal(createProxyFor(readProxies({}))(true, 'a.test', 443), undefined);
  const upper = readProxies({ HTTP_PROXY: 'up:1', http_proxy: 'low:1' });
  assert.equal(upper.http?.host, 'up');
});

test('loopback hosts are reached directly', () => {
  const proxyFor = createProxyFor(readProxies(ENV));
  for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '::1']) {
    assert.equal(proxyFor(false, host, 80), undefined, host);
  }
  assert.notEqual(proxyFor(false, '128.0.0.1', 80), undefined);
});

for (const [rule, direct, proxied] of [
  ['a.test', ['a.test', 'A.Test', 'x.a.test'], ['ba.test', 'test']],
  ['.a.test', ['x.a.test', 'y.x.a.test'], ['a.test', 'xa.test']],
  ['*.a.test', ['x.a.test'], ['a.test']],
  ['a.test:81', ['a.test:81'], ['a.test:80']],
  ['10.0.0.0/8', ['10.1.2.3'], ['11.1.2.3', 'ten.test']],
  ['10.1.2.3', ['10.1.2.3'], ['10.1.2.4']],
  ['10.1.2.3:81', ['10.1.2.3:81'], ['10.1.2.3:80']],
  ['2001:db8::/32', ['2001:db8::5'], ['2001:db9::5']],
  ['x, a.test ,y', ['a.test', 'x', 'y'], ['z']],
  ['*', ['anything.test', '9.9.9.9'], []],
] as const) {
  test(`NO_PROXY=${rule}`, () => {
    const proxyFor = createProxyFor(readProxies({ ...ENV, NO_PROXY: rule }));
    const isDirect = (target: string): boolean => {
      const [, host = '', port = '80'] = /^(.*?)(?::(\d+))?$/.exec(target) ?? [];
      return target.split(':').length > 2
        ? proxyFor(false, target, 80) === undefined
        : proxyFor(false, host, Number(port)) === undefined;
    };
    for (const target of direct) assert.ok(isDirect(target), `${target} is reached directly`);
    for (const target of proxied) assert.ok(!isDirect(target), `${target} goes by the proxy`);
  });
}

test('a variable that names no proxy is an error that names the variable', () => {
  assert.throws(
    () => readProxies({ HTTPS_PROXY: 'ftp://h' }),
    /HTTPS_PROXY: .*use http, https or socks5/,
  );
});
