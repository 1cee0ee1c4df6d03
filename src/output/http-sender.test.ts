import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HttpSender, type HttpSenderSettings } from './http-sender.ts';
import { BatchServer } from './testing/batch-server.ts';

let server: BatchServer;
let warnings: string[] = [];
beforeEach(async () => {
  server = await new BatchServer().open();
  warnings = [];
});
afterEach(() => server.close());

function create(settings: Partial<HttpSenderSettings> = {}): HttpSender {
  return new HttpSender({
    name: 'example',
    timeoutMs: 2000,
    concurrency: 1,
    retryDelayMs: 1,
    warn: (message) => warnings.push(message),
    ...settings,
  });
}

function batch(text: string, url = server.url) {
  return { url: new URL(url), headers: { 'X-Kind': 'test' }, body: Buffer.from(text) };
}

describe('HttpSender', () => {
  it('sends batches in order and says nothing', async () => {
    const sender = create();
    for (const text of ['a', 'b', 'c']) sender.send(batch(text));
    await sender.close();
    assert.deepEqual(
      server.requests.map(({ body }) => body.toString()),
      ['a', 'b', 'c'],
    );
    assert.equal(server.requests[0]?.headers['x-kind'], 'test');
    assert.deepEqual(warnings, []);
  });

  it('tries again when the server is out of order, and then succeeds', async () => {
    server.statuses = [503, 429, 204];
    const sender = create();
    sender.send(batch('a'));
    await sender.close();
    assert.equal(server.requests.length, 3);
    assert.equal(sender.lostBatches, 0);
    assert.deepEqual(warnings, []);
  });

  it('gives up after three attempts, tells the reason once and counts the lost', async () => {
    server.statuses = [500];
    const sender = create();
    sender.send(batch('a'));
    sender.send(batch('b'));
    await sender.close();
    assert.equal(server.requests.length, 6);
    assert.deepEqual(warnings, [
      'the example output could not send a batch: got status code: 500 instead expected a 2xx successful status code (out of order)',
      'the example output lost 2 of 2 batches',
    ]);
  });

  it('does not repeat what the server refuses for good', async () => {
    server.statuses = [400, 204];
    const sender = create();
    sender.send(batch('a'));
    sender.send(batch('b'));
    await sender.close();
    assert.equal(server.requests.length, 2);
    assert.equal(warnings.at(-1), 'the example output lost 1 of 2 batches');
  });

  it('outlives a server that is gone', async () => {
    const gone = await new BatchServer().open();
    await gone.close();
    const sender = create();
    sender.send(batch('a', gone.url));
    await sender.close();
    assert.match(warnings[0] ?? '', /ECONNREFUSED/);
    assert.equal(warnings[1], 'the example output lost 1 of 1 batches');
  });

  it('waits for a silent server no longer than the timeouts', async () => {
    server.statuses = [0];
    const slow = create({ timeoutMs: 5 });
    slow.send(batch('a'));
    await slow.close();
    assert.match(warnings[0] ?? '', /no answer from 127.0.0.1:\d+ within 5 ms/);
    warnings = [];
    const hasty = create({ timeoutMs: 60_000, closeTimeoutMs: 5 });
    for (const text of ['a', 'b', 'c']) hasty.send(batch(text));
    await hasty.close();
    assert.equal(warnings.at(-1), 'the example output lost 3 of 3 batches');
  });

  it('holds no more bytes than it may', async () => {
    const sender = create({ pendingBytesMax: 10 });
    sender.send(batch('12345678'));
    sender.send(batch('12345678'));
    await sender.close();
    assert.equal(server.requests.length, 1);
    assert.deepEqual(warnings, [
      'the example output could not send a batch: batches come faster than they can be sent',
      'the example output lost 1 of 2 batches',
    ]);
  });
});
