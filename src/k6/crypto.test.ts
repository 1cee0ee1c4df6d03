import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCryptoModule } from './crypto.ts';

type Fn = (...args: unknown[]) => unknown;
interface Hasher {
  update(input?: unknown): void;
  digest(encoding?: unknown): unknown;
}

const named = createCryptoModule().named as Record<string, Fn>;

function fn(name: string): Fn {
  const found = named[name];
  assert.ok(found !== undefined, name);
  return found;
}

/** Hashes of "abc", from the standards. */
const OF_ABC: Readonly<Record<string, string>> = {
  md4: 'a448017aaf21d8525fc10ae87aa6729d',
  md5: '900150983cd24fb0d6963f7d28e17f72',
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384:
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  sha512_224: '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa',
  sha512_256: '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  ripemd160: '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
};

test('hashes text and bytes with every algorithm', () => {
  for (const [algorithm, expected] of Object.entries(OF_ABC)) {
    assert.equal(fn(algorithm)('abc', 'hex'), expected);
    assert.equal(fn(algorithm)(new TextEncoder().encode('abc').buffer, 'hex'), expected);
    const hasher = fn('createHash')(algorithm) as Hasher;
    hasher.update('a');
    hasher.update(new TextEncoder().encode('bc'));
    assert.equal(hasher.digest('hex'), expected);
  }
});

test('MD4 agrees with RFC 1320 over several blocks', () => {
  assert.equal(fn('md4')('', 'hex'), '31d6cfe0d16ae931b73c59d7e0c089c0');
  assert.equal(fn('md4')('1234567890'.repeat(8), 'hex'), 'e33b4ddc9c38f2199c3e7b164fcc0536');
});

test('gives the hash in each output encoding', () => {
  const bytes = createHash('sha256').update('abc').digest();
  assert.equal(fn('sha256')('abc', 'base64'), bytes.toString('base64'));
  const url = bytes.toString('base64url');
  assert.equal(fn('sha256')('abc', 'base64rawurl'), url);
  assert.equal(fn('sha256')('abc', 'base64url'), `${url}=`);
  const binary = fn('sha256')('abc', 'binary');
  assert.ok(binary instanceof ArrayBuffer);
  assert.deepEqual(Buffer.from(binary), bytes);
});

test('HMAC agrees with that of Node for keys of any length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array(),
      fc.constantFrom('md5', 'sha1', 'sha256', 'sha384', 'sha512'),
      (key, data, algorithm) => {
        const expected = createHmac(algorithm, key).update(data).digest('hex');
        assert.equal(fn('hmac')(algorithm, key, data, 'hex'), expected);
        const hasher = fn('createHMAC')(algorithm, key) as Hasher;
        hasher.update(data);
        assert.equal(hasher.digest('hex'), expected);
      },
    ),
  );
});

test('a hasher can be asked again, and goes on', () => {
  for (const hasher of [fn('createHash')('sha1'), fn('createHMAC')('md4', 'k')] as Hasher[]) {
    const { update, digest } = hasher;
    update('a');
    const first = digest('hex');
    assert.equal(digest('hex'), first);
    update('b');
    assert.notEqual(digest('hex'), first);
  }
});

test('random bytes are as many as asked for and differ', () => {
  const first = fn('randomBytes')(16);
  assert.ok(first instanceof ArrayBuffer && first.byteLength === 16);
  assert.notDeepEqual(new Uint8Array(first), new Uint8Array(fn('randomBytes')(16) as ArrayBuffer));
  for (const size of [0, -1, Number.NaN, undefined, 'x']) {
    assert.throws(() => fn('randomBytes')(size), { name: 'GoError', message: 'invalid size' });
  }
});

test('hexEncode writes bytes and text in hex', () => {
  assert.equal(fn('hexEncode')(new Uint8Array([0, 255])), '00ff');
  assert.equal(fn('hexEncode')('é'), 'c3a9');
  assert.throws(() => fn('hexEncode')(5), /invalid type int64, expected string/);
});

test('bad arguments are refused in the words of k6', () => {
  const wrongType = 'invalid type int64, expected string, []byte or ArrayBuffer';
  const refusals: [() => unknown, string][] = [
    [() => fn('md5')(5, 'hex'), `md5 failed: ${wrongType}`],
    [() => fn('md5')('a', 'base58'), 'invalid output encoding: base58'],
    [() => fn('md5')('a'), 'invalid output encoding: '],
    [() => fn('hmac')('sha999', 'k', 'd', 'hex'), 'invalid algorithm: sha999'],
    [() => fn('hmac')('sha1', 5, 'd', 'hex'), wrongType],
    [() => fn('createHash')('nope'), 'invalid algorithm: nope'],
    [() => fn('createHMAC')('nope', 'k'), 'invalid algorithm: nope'],
    [() => (fn('createHash')('md5') as Hasher).update(5), wrongType],
    [() => (fn('createHash')('md5') as Hasher).digest('x'), 'invalid output encoding: x'],
  ];
  for (const [call, message] of refusals) assert.throws(call, { name: 'GoError', message });
});
