import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from './testing/fake-host.ts';
import { createWebCrypto, createWebCryptoModule } from './web-crypto.ts';

type Subtle = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
interface Crypto {
  readonly subtle: Subtle;
  getRandomValues(array?: unknown): unknown;
  randomUUID(): string;
}

function setUp() {
  const host = new FakeHost();
  return { host, crypto: createWebCrypto(host) as Crypto };
}

test('an operation holds the iteration until it is done', async () => {
  const { host, crypto } = setUp();
  const digest = crypto.subtle['digest']?.('SHA-256', new TextEncoder().encode('abc'));
  assert.equal(host.holdCount, 1);
  const bytes = Buffer.from((await digest) as ArrayBuffer);
  assert.match(bytes.toString('hex'), /^ba7816bf/);
  assert.equal(host.holdCount, 0);
  assert.equal(host.resources.size, 0);
});

test('a failed operation is rejected, and released', async () => {
  const { host, crypto } = setUp();
  await assert.rejects(crypto.subtle['digest']?.('nope', new Uint8Array(1)) ?? Promise.resolve());
  assert.equal(host.holdCount, 0);
});

test('an operation of an interrupted iteration is not heard of, and does not release the next one', async () => {
  const { host, crypto } = setUp();
  const heard: unknown[] = [];
  void crypto.subtle['digest']?.('SHA-1', new Uint8Array(1)).then((digest) => heard.push(digest));
  host.interrupt();
  host.hold();
  // This one takes longer.
  await setUp().crypto.subtle['digest']?.('SHA-512', new Uint8Array(20_000_000));
  assert.deepEqual(heard, []);
  assert.equal(host.holdCount, 1);
});

test('keys can be made, and used to sign', async () => {
  const { crypto } = setUp();
  const { subtle } = crypto;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle['generateKey']?.(algorithm, true, ['sign', 'verify']);
  const data = new Uint8Array([1, 2, 3]);
  const signature = await subtle['sign']?.('HMAC', key, data);
  assert.equal(await subtle['verify']?.('HMAC', key, signature, data), true);
});

test('random values and UUIDs are made at once', () => {
  const { crypto } = setUp();
  const array = new Uint8Array(16);
  assert.equal(crypto.getRandomValues(array), array);
  assert.ok(array.some((byte) => byte !== 0));
  assert.match(crypto.randomUUID(), /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.throws(() => crypto.getRandomValues([1]), { name: 'TypeMismatchError' });
  assert.equal(Object.prototype.toString.call(crypto), '[object Crypto]');
});

test('the removed module gives the global object and says so', () => {
  const { host, crypto } = setUp();
  assert.equal(createWebCryptoModule(host, crypto).named['crypto'], crypto);
  assert.match(host.logs[0]?.message ?? '', /crypto is a global object/);
});
