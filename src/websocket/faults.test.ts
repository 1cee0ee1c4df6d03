/** Whole connections over networks that misbehave. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WebSocketServer } from 'ws';
import type { Connection, DialRequest } from './api.ts';
import { dial } from './dial.ts';
import { type Faults, startFaultProxy } from './testing/fault-proxy.ts';
import { RecordedEvents } from './testing/recorded-events.ts';

const cleanUps: (() => unknown)[] = [];
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

/** The bytes of an answer 101 of the server below, without protocol and extensions. */
const ANSWER_BYTES = 129;

async function echoPort(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => server.once('listening', resolve));
  cleanUps.push(() => server.close());
  server.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

class Session extends RecordedEvents {
  connection: Connection | undefined;

  override onOpen(...args: Parameters<RecordedEvents['onOpen']>): void {
    super.onOpen(...args);
    this.connection?.sendText('hello');
  }

  override onText(...args: Parameters<RecordedEvents['onText']>): void {
    super.onText(...args);
    this.connection?.close(1000, 'bye');
  }
}

/** Says hello, and closes when it comes back. */
async function talk(faults: Faults, parts: Partial<DialRequest> = {}): Promise<Session> {
  const proxy = await startFaultProxy(await echoPort(), faults);
  cleanUps.push(() => proxy.close());
  const session = new Session();
  session.connection = dial(
    {
      isSecure: false,
      host: '127.0.0.1',
      port: proxy.port,
      target: '/',
      hostHeader: 'x',
      headers: [],
      protocols: [],
      resolve: (_host, port, done) => done(null, [{ address: '127.0.0.1', family: 4, port }]),
      ...parts,
    },
    session,
  );
  await session.untilEnd();
  return session;
}

test('chunks of one byte change nothing', async () => {
  const session = await talk({ chunkBytes: 1 });
  const { cause, code, reason, wasClean } = await session.untilEnd();
  assert.deepEqual([cause, code, reason, wasClean], ['local-close', 1000, 'bye', true]);
  assert.ok(session.log.includes('text hello'));
});

test('latency shows in the phase it falls into', async () => {
  const session = await talk({ latencyMs: 60 });
  const { cause, timings } = await session.untilEnd();
  assert.equal(cause, 'local-close');
  assert.ok(timings.upgradeMs >= 50, `upgrade ${timings.upgradeMs} ms`);
});

test('a stream that is cut ends the dial, or the connection, wherever the cut is', async () => {
  for (const cutAfterBytes of [1, ANSWER_BYTES - 1]) {
    const { cause, error } = await (await talk({ cutAfterBytes })).untilEnd();
    assert.deepEqual([cause, Reflect.get(error ?? {}, 'code')], ['dial-failed', 'WS_EOF']);
  }
  for (const behind of [0, 1, 3]) {
    const session = await talk({ cutAfterBytes: ANSWER_BYTES + behind });
    const { cause, code, wasClean } = await session.untilEnd();
    assert.deepEqual([cause, code, wasClean], ['end-of-stream', 1006, false]);
    assert.equal(session.log[0], 'open');
  }
});

test('a reset is an error of the dial, or of the connection', async () => {
  const early = await (await talk({ resetAfterBytes: 10 })).untilEnd();
  assert.equal(early.cause, 'dial-failed');
  assert.equal(Reflect.get(early.error ?? {}, 'code'), 'ECONNRESET');
  const late = await (await talk({ resetAfterBytes: ANSWER_BYTES + 2 })).untilEnd();
  assert.equal(late.cause, 'socket-error');
  assert.equal(Reflect.get(late.error ?? {}, 'code'), 'ECONNRESET');
});

test('a stall runs into the limit of its phase', async () => {
  const early = await (await talk({ stallAfterBytes: 20 }, { handshakeTimeoutMs: 80 })).untilEnd();
  assert.equal(early.cause, 'dial-timeout');
  const echoed = 'hello'.length + 2;
  const late = await talk({ stallAfterBytes: ANSWER_BYTES + echoed }, { closeTimeoutMs: 80 });
  assert.equal((await late.untilEnd()).cause, 'close-timeout');
  assert.ok(late.log.includes('text hello'));
});
