import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerChallenge, DigestError } from './http-digest.ts';

const USER = { username: 'Mufasa', password: 'Circle of Life' };
const CHALLENGE =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=ALGORITHM, ' +
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const CLIENT_NONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

function answer(challenge: string): string {
  return answerChallenge(challenge, 'GET', '/dir/index.html', USER, CLIENT_NONCE);
}

test('the examples of RFC 7616 §3.9.1', () => {
  const md5 = answer(CHALLENGE.replace('ALGORITHM', 'MD5'));
  assert.match(md5, /response="8ca523f5e9506fed4657c9700eebdbec"/);
  const sha256 = answer(CHALLENGE.replace('ALGORITHM', 'SHA-256'));
  assert.match(
    sha256,
    /response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"/,
  );
  assert.match(sha256, /^Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/);
  assert.match(
    sha256,
    /algorithm=SHA-256, opaque="FQ[^"]+", qop=auth, nc=00000001, cnonce="f2\/wE4/,
  );
});

test('the example of RFC 2617 §3.5 without qop', () => {
  const challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
  const user = { username: 'Mufasa', password: 'Circle Of Life' };
  const header = answerChallenge(challenge, 'GET', '/dir/index.html', user);
  assert.match(header, /response="670fd8c2df070c60b045671b8b24ff02"$/);
});

test('what cannot be answered is an error', () => {
  const cases: [string, RegExp][] = [
    ['', /^digest: bad challenge: got "", expected Digest/],
    ['Basic realm="x"', /bad challenge: got "Basic realm/],
    [
      CHALLENGE.replace('ALGORITHM', 'SHA3'),
      /algorithm not implemented: got SHA3, expected one of MD5, SHA-256/,
    ],
    [
      'Digest realm="r", nonce="n", qop="auth-int"',
      /qop not implemented: got "auth-int", expected auth$/,
    ],
  ];
  for (const [challenge, message] of cases) {
    assert.throws(
      () => answer(challenge),
      (error) => error instanceof DigestError && message.test(error.message),
    );
  }
});
