import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadLimit } from './read-limit.ts';
import { MemoryTransport } from './testing/memory-transport.ts';

const TARGET = {
  address: { address: '127.0.0.1', family: 4, port: 1 },
  host: 'h',
  isSecure: false,
  tls: undefined,
  localAddress: undefined,
  source: undefined,
} as const;
const ignore = (): void => {};
const HANDLER = {
  onConnect: ignore,
  onSecure: ignore,
  onRead: ignore,
  onDrain: ignore,
  onFinish: ignore,
  onPeerEnd: ignore,
  onClose: ignore,
};

test('reading rests for as long as the bytes would have taken', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const transport = new MemoryTransport(TARGET, HANDLER);
  const limit = new ReadLimit(10_000, transport, () => true);
  limit.onRead(20, 1000);
  assert.equal(transport.isPaused, false, '2 ms are saved up');
  limit.onRead(980, 1000);
  assert.deepEqual([transport.isPaused, limit.isWaiting], [true, true]);
  t.mock.timers.tick(99);
  assert.equal(transport.isPaused, true);
  t.mock.timers.tick(1);
  assert.deepEqual([transport.isPaused, limit.isWaiting], [false, false]);
});

test('a rest that ends while somebody else has paused goes on with them', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const transport = new MemoryTransport(TARGET, HANDLER);
  const limit = new ReadLimit(1000, transport, () => false);
  limit.onRead(1000, 0);
  t.mock.timers.tick(1000);
  assert.deepEqual([transport.isPaused, limit.isWaiting], [true, false]);
});

test('a rest longer than a timer can be is made of short ones', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const delays: unknown[] = [];
  const mocked = setTimeout;
  t.mock.method(globalThis, 'setTimeout', (...args: Parameters<typeof setTimeout>) => {
    delays.push(args[1]);
    return mocked(...args);
  });
  const transport = new MemoryTransport(TARGET, HANDLER);
  const limit = new ReadLimit(0.01, transport, () => true);
  limit.onRead(65_536, 0);
  t.mock.timers.tick(1000);
  t.mock.timers.tick(1000);
  assert.equal(transport.isPaused, true);
  assert.deepEqual(delays, [1000, 1000, 1000]);
  limit.stop();
});

test('rests of seconds are as long as they should be', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const transport = new MemoryTransport(TARGET, HANDLER);
  new ReadLimit(1000, transport, () => true).onRead(2500, 0);
  t.mock.timers.tick(1000);
  t.mock.timers.tick(1000);
  t.mock.timers.tick(499);
  assert.equal(transport.isPaused, true);
  t.mock.timers.tick(1);
  assert.equal(transport.isPaused, false);
});

test('once stopped it does not rest any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const transport = new MemoryTransport(TARGET, HANDLER);
  const limit = new ReadLimit(1000, transport, () => true);
  limit.stop();
  limit.onRead(5000, 0);
  assert.deepEqual([transport.isPaused, limit.isWaiting], [false, false]);
});
