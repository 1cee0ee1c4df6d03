import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretHeader, withoutSecretParameters, withoutUserInfo } from './credentials.ts';

test('user names and passwords of URLs are blanked, whatever characters they have', () => {
  const cases = [
    ['ws://user:password@host/x', 'ws://****:****@host/x'],
    ['ws://user@host:81', 'ws://****@host:81'],
    ['ws://:pass@host', 'ws://:****@host'],
    ['ws://u@x:p@ss@host/', 'ws://****:****@host/'],
    ['//user:password@host', '//****:****@host'],
    ['Location: wss://a:b@c/d', 'Location: wss://****:****@c/d'],
    ['ws://host/mail?to=a@b', 'ws://host/mail?to=a@b'],
    ['ws://host/a//b@c', 'ws://host/a//b@c'],
    ['ws://host?a=b:c@d', 'ws://host?a=b:c@d'],
  ] as const;
  for (const [text, expected] of cases) assert.equal(withoutUserInfo(text), expected);
});

test('values of query parameters are blanked by the name', () => {
  const names = [
    'token',
    'access_token',
    'key',
    'apikey',
    'api_key',
    'secret',
    'password',
    'passwd',
    'pwd',
    'auth',
    'authorization',
    'jwt',
    'sig',
    'signature',
    'sessionId',
    'X-Amz-Signature',
    'access%5Ftoken',
    'TOKEN',
  ];
  for (const name of names) {
    assert.equal(
      withoutSecretParameters(`GET /x?room=1&${name}=TOK1;2?3&b=2 HTTP/1.1`),
      `GET /x?room=1&${name}=[redacted]&b=2 HTTP/1.1`,
    );
  }
  const cases = [
    ['ws://h/?monkey=a&significant=b&%zz=c', 'ws://h/?monkey=a&significant=b&%zz=c'],
    ['ws://h/?room=1;token=abc', 'ws://h/?room=1;token=[redacted]'],
    ['ws://h/?next=/x?token=abc', 'ws://h/?next=/x?token=[redacted]'],
    ['ws://h/#access_token=abc', 'ws://h/#access_token=[redacted]'],
    ['ws://h/?token=&room=1', 'ws://h/?token=&room=1'],
  ] as const;
  for (const [text, expected] of cases) assert.equal(withoutSecretParameters(text), expected);
});

test('headers are secret by their names, challenges are not', () => {
  const secret = [
    'Authorization',
    'X-Api-Key',
    'apikey',
    'Set-Cookie',
    'X-Session',
    'X-Auth-Token',
  ];
  for (const name of secret) assert.ok(isSecretHeader(name), name);
  const shown = ['Host', 'Sec-WebSocket-Key', 'WWW-Authenticate', 'Proxy-Authenticate', 'Origin'];
  for (const name of shown) assert.ok(!isSecretHeader(name), name);
});
