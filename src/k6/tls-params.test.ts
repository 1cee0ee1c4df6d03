import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTlsParams, withTlsParams } from './tls-params.ts';

test('tls params lie over the settings of the options; equal ones share one object', () => {
  const base = { rejectUnauthorized: false, ca: 'theirs' };
  const make = (cert: unknown) =>
    parseTlsParams({ cert, key: 'K', password: 'P', servername: 'n' });
  const merged = withTlsParams(base, make('C'));
  assert.deepEqual(merged, {
    rejectUnauthorized: false,
    ca: 'theirs',
    cert: 'C',
    key: 'K',
    passphrase: 'P',
    servername: 'n',
  });
  assert.equal(withTlsParams(base, make(new TextEncoder().encode('C').buffer)), merged);
  assert.notEqual(withTlsParams(base, make('D')), merged);
  assert.notEqual(withTlsParams({ ...base }, make('C')), merged);
  assert.equal(withTlsParams(base, parseTlsParams(null)), base);
  assert.deepEqual(parseTlsParams({ ca: ['A', new TextEncoder().encode('B')] }), {
    ca: ['A', 'B'],
  });
});

test('tls params that are none are refused by name', () => {
  for (const [value, words] of [
    ['text', /tls must be an object/],
    [{ crt: 'x' }, /unknown tls option crt; use cert, key/],
    [{ cert: 5, key: 'K' }, /tls\.cert must be PEM text or its bytes/],
    [{ cert: 'C' }, /go together/],
    [{ servername: new Uint8Array(1) }, /tls\.servername must be a string/],
  ] as const) {
    assert.throws(() => parseTlsParams(value), words);
  }
});
