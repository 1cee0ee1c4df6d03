import assert from 'node:assert/strict';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { GrpcTransport } from './grpc-transport.ts';
import { HttpSender } from './http-sender.ts';

interface Call {
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

let server: Http2Server;
let sessions: Set<ServerHttp2Session>;
let calls: Call[] = [];
/** `grpc-status` of the next answers; the last one stays. Undefined = plain HTTP. */
let statuses: (number | undefined)[] = [0];
let url: URL;
let warnings: string[] = [];

beforeEach(async () => {
  calls = [];
  warnings = [];
  statuses = [0];
  sessions = new Set();
  server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      calls.push({ headers, body: Buffer.concat(parts) });
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      if (status === undefined) {
        stream.respond({ ':status': 404 }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': 'no%20room' }),
      );
      stream.end(Buffer.alloc(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  url = new URL(`http://127.0.0.1:${port}/some.Service/Export`);
});
afterEach(async () => {
  for (const session of sessions) session.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function create(): HttpSender {
  return new HttpSender({
    name: 'example',
    timeoutMs: 2000,
    concurrency: 1,
    retryDelayMs: 1,
    transport: new GrpcTransport(url, { isVerified: true }),
    warn: (message) => warnings.push(message),
  });
}

function batch(text: string) {
  return { url, headers: { 'X-Kind': 'test' }, body: Buffer.from(text) };
}

describe('GrpcTransport', () => {
  it('calls the method with one framed message, over one connection', async () => {
    const sender = create();
    sender.send(batch('hello'));
    sender.send(batch('again'));
    await sender.close();
    assert.deepEqual(warnings, []);
    assert.equal(sessions.size, 1);
    assert.deepEqual(
      calls.map(({ body }) => body.toString('latin1')),
      ['\0\0\0\0\x05hello', '\0\0\0\0\x05again'],
    );
    const headers = calls[0]?.headers ?? {};
    assert.equal(headers[':path'], '/some.Service/Export');
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['te'], 'trailers');
    assert.equal(headers['x-kind'], 'test');
  });

  it('tries again when the server is busy', async () => {
    statuses = [14, 0];
    const sender = create();
    sender.send(batch('a'));
    await sender.close();
    assert.equal(calls.length, 2);
    assert.deepEqual(warnings, []);
  });

  it('gives up at once when the server refuses', async () => {
    statuses = [3];
    const sender = create();
    sender.send(batch('a'));
    await sender.close();
    assert.equal(calls.length, 1);
    assert.deepEqual(warnings, [
      'the example output could not send a batch: got gRPC status 3 (no room)',
      'the example output lost 1 of 1 batches',
    ]);
  });

  it('notices a server that speaks no gRPC', async () => {
    statuses = [undefined];
    const sender = create();
    sender.send(batch('a'));
    await sender.close();
    assert.match(warnings[0] ?? '', /the server speaks no gRPC: HTTP status 404/);
  });

  it('connects anew after the connection broke, and outlives a server that is gone', async () => {
    const sender = create();
    sender.send(batch('a'));
    while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const session of sessions) session.destroy();
    sender.send(batch('b'));
    await sender.close();
    assert.equal(calls.at(-1)?.body.subarray(5).toString(), 'b');
    url = new URL('http://127.0.0.1:1/some.Service/Export');
    const lonely = create();
    lonely.send(batch('c'));
    await lonely.close();
    assert.match(warnings.join('\n'), /ECONNREFUSED/);
    assert.equal(warnings.at(-1), 'the example output lost 1 of 1 batches');
  });
});
