import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameSite, maskCredentials, parseRequestUrl, resolveUrl } from './http-url.ts';
import { UrlSyntaxError } from './ws-url.ts';

test('an address is taken apart, and stays as it was written where that can be sent', () => {
  const url = parseRequestUrl('HTTP://us%20er:pa@ss@Host.test:8080/a/../b%2Fc?x=ü y#frag');
  assert.deepEqual(url, {
    origin: 'http://Host.test:8080',
    text: 'http://Host.test:8080/a/../b%2Fc?x=ü y',
    clean: 'http://****:****@Host.test:8080/a/../b%2Fc?x=ü y#frag',
    isSecure: false,
    host: 'Host.test',
    port: 8080,
    hostHeader: 'Host.test:8080',
    target: '/a/../b%2Fc?x=%C3%BC%20y',
    user: { username: 'us er', password: 'pa@ss' },
    fault: '',
  });
});

test('ports, paths and IPv6 have their defaults', () => {
  const { port, hostHeader, target, origin } = parseRequestUrl('https://[::1]?q');
  assert.deepEqual([port, hostHeader, target, origin], [443, '[::1]', '/?q', 'https://[::1]:443']);
  assert.equal(parseRequestUrl('http://h').target, '/');
});

test('what no request can go to is a URL all the same', () => {
  assert.equal(parseRequestUrl('foo').fault, 'unsupported protocol scheme ""');
  assert.equal(parseRequestUrl('ws://h/').fault, 'unsupported protocol scheme "ws"');
  assert.equal(parseRequestUrl('http:///p').fault, 'http: no Host in request URL');
  assert.throws(() => parseRequestUrl('http://h:port/'), UrlSyntaxError);
});

test('credentials are masked, the at sign of a path is not taken for them', () => {
  assert.equal(maskCredentials('http://u@h/'), 'http://****@h/');
  assert.equal(maskCredentials('http://h/u:p@x'), 'http://h/u:p@x');
});

test('references are resolved, absolute ones stay as they are', () => {
  assert.equal(resolveUrl('http://h/a/b?c', '../d?e'), 'http://h/d?e');
  assert.equal(resolveUrl('http://h/a', '//other/x'), 'http://other/x');
  assert.equal(resolveUrl('http://h/a', 'HTTP://Up/./x'), 'HTTP://Up/./x');
  assert.throws(() => resolveUrl('http://h/a', '//[bad'), UrlSyntaxError);
});

test('a host trusts itself and the names below it', () => {
  const of = (host: string) => parseRequestUrl(`http://${host}/`);
  assert.equal(isSameSite(of('a.test'), of('A.test:81')), true);
  assert.equal(isSameSite(of('a.test'), of('x.a.test')), true);
  assert.equal(isSameSite(of('a.test'), of('ba.test')), false);
});
