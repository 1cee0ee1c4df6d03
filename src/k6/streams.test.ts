import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStreamsModule } from './streams.ts';
import { FakeHost } from './testing/fake-host.ts';

type Class = new (...args: unknown[]) => { [method: string]: (...args: unknown[]) => unknown };

function setUp(host = new FakeHost()) {
  const { named } = createStreamsModule(host);
  return {
    host,
    ReadableStream: named['ReadableStream'] as Class,
    WritableStream: named['WritableStream'] as Class,
    named,
  };
}

interface Controller {
  enqueue(chunk: unknown): void;
  close(): void;
}

interface Reader {
  read(): Promise<{ done: boolean; value: unknown }>;
  cancel(reason: unknown): Promise<void>;
}

function readerOf(stream: InstanceType<Class>): Reader {
  return stream['getReader']?.() as Reader;
}

async function readAll(stream: InstanceType<Class>): Promise<unknown[]> {
  const reader = readerOf(stream);
  const chunks: unknown[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}

test('has the classes that k6 has', () => {
  assert.deepEqual(Object.keys(setUp().named).sort(), [
    'CountQueuingStrategy',
    'ReadableStream',
    'ReadableStreamDefaultReader',
    'WritableStream',
    'WritableStreamDefaultWriter',
  ]);
});

test('reads what start and pull put in, with the source as this', async () => {
  const { ReadableStream } = setUp();
  const source = {
    left: 2,
    start(controller: Controller) {
      controller.enqueue('start');
    },
    pull(controller: Controller) {
      if (this.left === 0) controller.close();
      else controller.enqueue(this.left--);
    },
  };
  assert.deepEqual(await readAll(new ReadableStream(source)), ['start', 2, 1]);
});

test('cancel reaches the source', async () => {
  const { ReadableStream } = setUp();
  let reason: unknown;
  const stream = new ReadableStream({
    type: 'default',
    cancel(why: unknown) {
      reason = why;
    },
  });
  await readerOf(stream).cancel('enough');
  assert.equal(reason, 'enough');
});

test('an exception of the source is the stream’s error', async () => {
  const { ReadableStream } = setUp();
  const error = new Error('mine');
  const stream = new ReadableStream({
    pull() {
      throw error;
    },
  });
  await assert.rejects(readAll(stream), error);
});

test('functions of the source wait while the VU is blocked', async () => {
  const host = new FakeHost();
  let isBlocked = true;
  const deferred: (() => unknown)[] = [];
  Object.defineProperty(host, 'isBlocked', { get: () => isBlocked });
  host.defer = (job?: () => unknown) => {
    if (job !== undefined) deferred.push(job);
  };
  const { ReadableStream } = setUp(host);
  const calls: string[] = [];
  const stream = new ReadableStream({
    pull(controller: Controller) {
      calls.push('pull');
      controller.close();
    },
  });
  const all = readAll(stream);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls, []);
  isBlocked = false;
  for (const job of deferred) job();
  assert.deepEqual(await all, []);
  assert.deepEqual(calls, ['pull']);
});

test('writes reach the sink in order', async () => {
  const { WritableStream } = setUp();
  const log: unknown[] = [];
  const stream = new WritableStream({
    write(chunk: unknown) {
      log.push(chunk);
    },
    close() {
      log.push('closed');
    },
  });
  const writer = stream['getWriter']?.() as WritableStreamDefaultWriter;
  await writer.write(1);
  await writer.write(2);
  await writer.close();
  assert.deepEqual(log, [1, 2, 'closed']);
});

interface WritableStreamDefaultWriter {
  write(chunk: unknown): Promise<void>;
  close(): Promise<void>;
}

test('byte streams are refused as in k6', () => {
  const { ReadableStream } = setUp();
  assert.throws(() => new ReadableStream({ type: 'bytes' }), { name: 'NotSupportedError' });
  assert.throws(() => new ReadableStream({ type: 'x' }), TypeError);
  assert.throws(() => new ReadableStream({ pull: 5 }), TypeError);
});
