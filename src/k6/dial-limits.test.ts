import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDialLimit } from './dial-limits.ts';

test('timeouts are durations or numbers of ms', () => {
  assert.deepEqual(parseDialLimit('connectTimeout', '1.5s'), { connectTimeoutMs: 1500 });
  assert.deepEqual(parseDialLimit('handshakeTimeout', 20), { handshakeTimeoutMs: 20 });
  assert.deepEqual(parseDialLimit('closeTimeout', '100ms'), { closeTimeoutMs: 100 });
  assert.deepEqual(parseDialLimit('redirects', 3), { redirects: 3 });
  assert.deepEqual(parseDialLimit('readRate', 1024), { readBytesPerSecond: 1024 });
  assert.equal(parseDialLimit('tags', {}), undefined);
});

test('a bad limit is refused with what was expected', () => {
  for (const [key, value] of [
    ['connectTimeout', 'soon'],
    ['closeTimeout', 0],
    ['redirects', 1.5],
    ['redirects', -1],
    ['readRate', 0],
  ] as const) {
    assert.throws(() => parseDialLimit(key, value), {
      message: new RegExp(`^${key}: got ${value}; expected a`),
    });
  }
});
