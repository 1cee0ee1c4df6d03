import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoUrl, wsAddressOf } from './ws-url.ts';

function addressOf(url: string): unknown {
  return wsAddressOf(parseGoUrl(url));
}

test('takes a URL apart without normalising it', () => {
  assert.deepEqual(addressOf('WS://Host.test:81/a%20b c/é?q=x y&z#frag'), {
    isSecure: false,
    host: 'Host.test',
    port: 81,
    target: '/a%20b%20c/%C3%A9?q=x y&z',
    hostHeader: 'Host.test:81',
  });
  assert.equal(parseGoUrl('WSS://x/y?z').text, 'wss://x/y?z');
});

test('default ports and targets', () => {
  for (const [url, port, target, hostHeader] of [
    ['ws://h', 80, '/', 'h'],
    ['wss://h?x=1', 443, '/?x=1', 'h'],
    ['wss://h:/p', 443, '/p', 'h'],
    ['ws://[::1]:9/p', 9, '/p', '[::1]:9'],
    ['ws://[::1]', 80, '/', '[::1]'],
  ] as const) {
    const address = wsAddressOf(parseGoUrl(url));
    assert.deepEqual(
      [address?.port, address?.target, address?.hostHeader],
      [port, target, hostHeader],
    );
  }
  assert.equal(wsAddressOf(parseGoUrl('ws://[::1]:9'))?.host, '::1');
  assert.equal(wsAddressOf(parseGoUrl('ws://münchen.test/'))?.host, 'xn--mnchen-3ya.test');
});

test('has no address for other schemes, credentials and empty hosts', () => {
  for (const url of ['INVALID', 'http://h/', 'ws://u:p@h/', 'ws://', 'ws:opaque', '']) {
    assert.equal(addressOf(url), undefined, url);
  }
});

test('syntax errors have the words of Go', () => {
  for (const [url, why] of [
    ['ws://[::1/', "missing ']' in host"],
    ['ws://h:abc/', 'invalid port ":abc" after host'],
    ['ws://[::1]x/', 'invalid port "x" after host'],
    ['ws://a b/', 'invalid character " " in host name'],
    ['ws://a%zz/', 'invalid URL escape "%zz"'],
    ['ws://h/%zz', 'invalid URL escape "%zz"'],
    ['ws://h/#%z', 'invalid URL escape "%z"'],
    ['ws://a b@h/', 'net/url: invalid userinfo'],
    [':foo', 'missing protocol scheme'],
    ['1a:b', 'first path segment in URL cannot contain colon'],
    ['ws://h/\n', 'net/url: invalid control character in URL'],
  ] as const) {
    assert.throws(() => parseGoUrl(url), { message: `parse ${JSON.stringify(url)}: ${why}` });
  }
});
