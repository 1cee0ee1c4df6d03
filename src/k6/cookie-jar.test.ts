import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieJar, cookieJarOf, ScriptCookieJar } from './cookie-jar.ts';

const URL_A = 'http://a.test/dir/page';

/** The Cookie header for `url` after `setBy` answered with the given Set-Cookie lines. */
function header(setBy: string, lines: readonly string[], url: string): string {
  const jar = new CookieJar();
  jar.setCookies(setBy, lines);
  return jar.headerFor(url);
}

test('a cookie comes back to its host, for http and ws alike', () => {
  for (const url of [URL_A, 'ws://a.test/dir/', 'https://a.test/dir/x', 'wss://A.test/dir/x']) {
    assert.equal(header(URL_A, ['sid=42'], url), 'sid=42', url);
  }
  for (const url of [
    'http://b.test/dir/',
    'http://sub.a.test/dir/',
    'http://a.test/',
    'ftp://a.test/dir/',
  ]) {
    assert.equal(header(URL_A, ['sid=42'], url), '', url);
  }
});

test('domain cookies reach subdomains only of the domain', () => {
  const lines = ['x=1; Domain=.a.test; Path=/'];
  assert.equal(header('http://www.a.test/', lines, 'http://other.a.test/'), 'x=1');
  assert.equal(header('http://www.a.test/', lines, 'http://nota.test/'), '');
  assert.equal(header('http://www.a.test/', ['x=1; Domain=b.test'], 'http://b.test/'), '');
  assert.equal(header('http://127.0.0.1/', ['x=1; Domain=0.0.1'], 'http://127.0.0.1/'), '');
  assert.equal(header('http://127.0.0.1/', ['x=1; Domain=127.0.0.1'], 'http://127.0.0.1/'), 'x=1');
});

test('paths match by segment; longer paths go first, then older cookies', () => {
  const lines = ['a=1; Path=/', 'b=2; Path=/dir', 'c=3; Path=/', 'd=4; Path=/di'];
  assert.equal(header(URL_A, lines, 'http://a.test/dir/x'), 'b=2; a=1; c=3');
  assert.equal(header(URL_A, ['p=1; Path=relative'], 'http://a.test/dir/x'), 'p=1');
});

test('secure cookies stay off plain connections', () => {
  assert.equal(header('https://a.test/', ['s=1; Secure'], 'http://a.test/'), '');
  assert.equal(header('https://a.test/', ['s=1; Secure'], 'wss://a.test/'), 's=1');
});

test('expiry: Max-Age beats Expires, the past deletes', () => {
  const past = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';
  assert.equal(header(URL_A, [`x=1; Max-Age=60; ${past}`], URL_A), 'x=1');
  assert.equal(header(URL_A, ['x=1', `x=2; ${past}`], URL_A), '');
  assert.equal(header(URL_A, ['x=1', 'x=2; Max-Age=0'], URL_A), '');
  assert.equal(header(URL_A, ['x=1; Max-Age=-5'], URL_A), '');
});

test('a replaced cookie keeps its place', () => {
  assert.equal(header(URL_A, ['a=1', 'b=2', 'a=3'], URL_A), 'a=3; b=2');
});

test('malformed cookies are ignored; quotes are taken off and put back where needed', () => {
  assert.equal(
    header(URL_A, ['novalue', '=x', 'a b=c', 'ok="1"', 'q="a b"', 'bad=a\u0001'], URL_A),
    'ok=1; q="a b"',
  );
});

test('reset empties the jar', () => {
  const jar = new CookieJar();
  jar.setCookies(URL_A, ['a=1']);
  jar.reset();
  assert.equal(jar.headerFor(URL_A), '');
});

test('scripts set, read, delete and clear', () => {
  const store = new CookieJar();
  const jar = new ScriptCookieJar(store);
  jar.set(URL_A, 'a', 1);
  jar.set(URL_A, 'b', 2, { path: '/', max_age: 600 });
  jar.set('http://a.test/', 'b', 3, { path: '/dir' });
  assert.deepEqual(jar.cookiesForURL(URL_A), { a: ['1'], b: ['3', '2'] });
  assert.equal(store.headerFor('ws://a.test/'), 'b=2');
  jar.delete(URL_A, 'b');
  assert.deepEqual(jar.cookiesForURL(URL_A), { a: ['1'] });
  jar.clear(URL_A);
  assert.deepEqual(jar.cookiesForURL(URL_A), {});
  assert.equal(jar.set(URL_A, 'c', 1, { expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }), true);
  assert.deepEqual(jar.cookiesForURL(URL_A), {});
  assert.throws(() => jar.set(URL_A, 'c', 1, { expires: 'soon' }), /expires/);
  assert.throws(() => jar.cookiesForURL('nonsense'), /invalid URL/);
});

test('tells jars from other objects', () => {
  const store = new CookieJar();
  assert.equal(cookieJarOf(new ScriptCookieJar(store)), store);
  for (const value of [store, {}, null, 'jar', Object.create(ScriptCookieJar.prototype)]) {
    assert.equal(cookieJarOf(value), undefined);
  }
});
