import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { beginRead, endRead, Outbox } from './outbox.ts';
import { readClientFrames } from './testing/frames.ts';
import { MemoryTransport } from './testing/memory-transport.ts';
import type { TransportHandler, TransportTarget } from './transport.ts';

const TEXT = 0x81;
const BINARY = 0x82;

const NO_HANDLER: TransportHandler = {
  onConnect() {},
  onSecure() {},
  onRead() {},
  onDrain() {},
  onFinish() {},
  onPeerEnd() {},
  onClose() {},
};
const NO_TARGET: TransportTarget = {
  address: { address: '127.0.0.1', family: 4, port: 1 },
  host: 'localhost',
  isSecure: false,
  tls: undefined,
  localAddress: undefined,
  source: undefined,
};

class Peer {
  readonly transport = new MemoryTransport(NO_TARGET, NO_HANDLER);
  flushes = 0;
  readonly outbox = new Outbox(this.transport, {
    onOverflow: () => assert.fail('too much'),
    onFlushed: () => {
      this.flushes++;
    },
  });

  get texts(): string[] {
    return readClientFrames(this.transport.sent).map((frame) => frame.payload.toString());
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let one: Peer;
let other: Peer;
beforeEach(() => {
  one = new Peer();
  other = new Peer();
});

test('everything sent in one tick leaves in one write', async () => {
  one.outbox.pushText('a');
  one.outbox.push(BINARY, Buffer.from('b'));
  await Promise.resolve();
  one.outbox.pushText('c');
  assert.deepEqual(one.transport.writes, []);
  await tick();
  assert.equal(one.transport.writes.length, 1);
  assert.equal(one.flushes, 1);
  assert.deepEqual(one.texts, ['a', 'b', 'c']);
});

test('connections that take turns in one tick still write once each', async () => {
  for (let i = 0; i < 50; i++) {
    one.outbox.pushText(`one ${i}`);
    other.outbox.pushText(`other ${i}`);
  }
  await tick();
  assert.equal(one.transport.writes.length, 1);
  assert.equal(other.transport.writes.length, 1);
  assert.deepEqual(
    one.texts,
    Array.from({ length: 50 }, (_, i) => `one ${i}`),
  );
  assert.deepEqual(
    other.texts,
    Array.from({ length: 50 }, (_, i) => `other ${i}`),
  );
});

test('what is sent while a read is handled leaves at its end, without waiting for a tick', () => {
  beginRead();
  one.outbox.pushText('a');
  other.outbox.pushText('b');
  one.outbox.pushText('c');
  assert.equal(one.transport.writes.length, 0);
  endRead();
  assert.deepEqual(one.texts, ['a', 'c']);
  assert.deepEqual(other.texts, ['b']);
  assert.equal(one.transport.writes.length, 1);
});

test('carries more in one tick than the shared memory holds', async () => {
  const sizes = [100, 200_000, 1, 60_000, 60_000, 60_000, 60_000, 60_000, 130_000, 300_000, 7];
  for (const size of sizes) {
    one.outbox.push(BINARY, Buffer.alloc(size, size & 255));
    other.outbox.push(TEXT, Buffer.from(`after ${size}`));
  }
  await tick();
  const frames = readClientFrames(one.transport.sent);
  assert.deepEqual(
    frames.map((frame) => frame.payload.length),
    sizes,
  );
  for (const frame of frames) {
    assert.ok(frame.payload.every((byte) => byte === (frame.payload.length & 255)));
  }
  assert.equal(one.transport.writes.length, 1);
  assert.deepEqual(
    other.texts,
    sizes.map((size) => `after ${size}`),
  );
});

test('memory is not used again before the kernel has taken it', async () => {
  one.transport.isStalled = true;
  one.outbox.pushText('first');
  await tick();
  for (let i = 0; i < 20_000; i++) {
    other.outbox.pushText(`x${i}`);
    if (i % 500 === 0) await tick();
  }
  await tick();
  one.transport.drain();
  assert.deepEqual(one.texts, ['first']);
  assert.equal(other.texts.length, 20_000);
});

test('counts payload bytes until the kernel has taken them', async () => {
  assert.equal(one.outbox.payloadBytes, 0);
  one.outbox.pushText('12345');
  assert.equal(one.outbox.payloadBytes, 5);
  await tick();
  assert.equal(one.outbox.payloadBytes, 0);
  one.transport.isStalled = true;
  one.outbox.pushText('é'.repeat(100));
  one.outbox.push(BINARY, Buffer.alloc(70_000));
  assert.equal(one.outbox.payloadBytes, 70_200);
  await tick();
  assert.equal(one.outbox.payloadBytes, 70_200);
  one.outbox.pushText('later');
  await tick();
  assert.equal(one.outbox.payloadBytes, 70_205);
  one.transport.drain();
  assert.equal(one.outbox.payloadBytes, 0);
});

test('forgets what it is told to', async () => {
  one.outbox.pushText('gone');
  one.outbox.clear();
  await tick();
  assert.deepEqual(one.transport.writes, []);
  assert.equal(one.outbox.payloadBytes, 0);
  one.outbox.pushText('kept');
  await tick();
  assert.deepEqual(one.texts, ['kept']);
});
