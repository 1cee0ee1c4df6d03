import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Connection, DialRequest } from './api.ts';
import { dial } from './dial.ts';
import { acceptFor } from './handshake.ts';
import { UNSENT_BYTES_MAX } from './outbox.ts';
import {
  binaryFrame,
  type ClientFrame,
  closeFrame,
  pingFrame,
  pongFrame,
  readClientFrames,
  serverFrame,
  textFrame,
} from './testing/frames.ts';
import { MemoryTransport } from './testing/memory-transport.ts';
import { RecordedEvents } from './testing/recorded-events.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const REQUEST: DialRequest = {
  isSecure: false,
  host: 'example.com',
  port: 80,
  target: '/',
  hostHeader: 'example.com',
  headers: [],
  protocols: [],
  resolve: (_host, port, done) => done(null, [{ address: '10.0.0.1', family: 4, port }]),
};

interface Session {
  readonly connection: Connection;
  readonly events: RecordedEvents;
  readonly transport: MemoryTransport;
  /** Frames sent since the handshake, or since the last call. */
  frames(): ClientFrame[];
}

const opened: Connection[] = [];
afterEach(() => {
  for (const connection of opened.splice(0)) connection.terminate();
});

/** A connection over memory that waits for the answer to its handshake. */
function connecting(parts: Partial<DialRequest> = {}): Omit<Session, 'frames'> {
  const events = new RecordedEvents();
  let transport: MemoryTransport | undefined;
  const connection = dial({ ...REQUEST, ...parts }, events, (target, handler) => {
    transport = new MemoryTransport(target, handler);
    return transport;
  });
  opened.push(connection);
  assert.ok(transport !== undefined);
  transport.connect();
  return { connection, events, transport };
}

/** An open connection over memory. */
function open(parts: Partial<DialRequest> = {}, extensions = ''): Session {
  const { connection, events, transport } = connecting(parts);
  transport.receive(answerTo(transport, extensions));
  assert.deepEqual(events.log, ['open']);
  let seen = transport.sent.length;
  const frames = (): ClientFrame[] => {
    const news = transport.sent.subarray(seen);
    seen += news.length;
    return readClientFrames(news);
  };
  return { connection, events, transport, frames };
}

/** The answer to the handshake that was sent. */
function answerTo(transport: MemoryTransport, extensions = ''): Buffer {
  const key = /Sec-WebSocket-Key: (\S+)/.exec(transport.sent.toString())?.[1] ?? '';
  return Buffer.from(answer(key, extensions));
}

function answer(key: string, extensions: string): string {
  const extensionLine = extensions === '' ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n${extensionLine}\r\n`;
}

/** `opcode:payload`, a Close as `8:code reason`. */
function show(frames: readonly ClientFrame[]): string[] {
  return frames.map(({ opcode, payload }) => {
    if (opcode !== 8) return `${opcode}:${payload.toString()}`;
    if (payload.length === 0) return '8:';
    return `8:${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`;
  });
}

test('sends messages and control frames in order, each final and masked', async () => {
  const { connection, frames } = open();
  assert.equal(connection.sendText('hi'), true);
  assert.equal(connection.sendBinary(Buffer.from('bin')), true);
  assert.equal(connection.ping(Buffer.from('pi')), true);
  assert.equal(connection.pong(Buffer.from('po')), true);
  // Messages only: what the engine adds of its own is not the sender's.
  assert.equal(connection.bufferedBytes, 5);
  await tick();
  assert.equal(connection.bufferedBytes, 0);
  const sent = frames();
  assert.deepEqual(show(sent), ['1:hi', '2:bin', '9:pi', '10:po']);
  assert.ok(sent.every((frame) => frame.isFinal && frame.rsv === 0));
});

test('reports messages with the time of the read they came in', () => {
  const { events, transport } = open();
  transport.receive(Buffer.concat([textFrame('a'), binaryFrame(Buffer.from('b'))]));
  const firstMs = events.atMs;
  assert.ok(Math.abs(firstMs - Date.now()) < 5_000);
  transport.receive(textFrame('c'));
  assert.ok(events.atMs >= firstMs);
  assert.deepEqual(events.log, ['open', 'text a', 'binary 62', 'text c']);
});

test('answers a ping at once, before its owner learns of it', () => {
  const { events, transport, frames } = open();
  events.onEntry = (entry) => {
    if (entry.startsWith('ping')) events.log.push('(handled)');
  };
  transport.receive(Buffer.concat([pingFrame('1'), textFrame('x'), pingFrame('2')]));
  assert.deepEqual(show(frames()), ['10:1', '10:2']);
  assert.deepEqual(events.log, ['open', 'ping 1', '(handled)', 'text x', 'ping 2', '(handled)']);
});

test('reports pongs, asked for or not', () => {
  const { events, transport } = open();
  transport.receive(pongFrame('unasked'));
  assert.deepEqual(events.log, ['open', 'pong unasked']);
});

test('does not pile up pongs for a peer that floods pings and never reads', () => {
  const { events, transport, frames } = open();
  transport.isStalled = true;
  const flood = Buffer.concat(
    Array.from({ length: 500 }, (_, i) => pingFrame(`${i}`.padStart(125, '.'))),
  );
  for (let i = 0; i < 100; i++) transport.receive(flood);
  assert.ok(transport.unsentBytes < 300_000, `${transport.unsentBytes} bytes wait`);
  assert.equal(events.log.length, 1 + 50_000);
  transport.drain();
  transport.receive(textFrame('x'));
  const pongs = frames();
  assert.match(pongs.at(-1)?.payload.toString() ?? '', /^\.+499$/);
});

test('a held pong leaves by itself when the kernel is ready again', async () => {
  const { transport, frames } = open();
  transport.isStalled = true;
  const flood = Buffer.concat(Array.from({ length: 2000 }, () => pingFrame('.'.repeat(125))));
  transport.receive(flood);
  transport.receive(pingFrame('last'));
  transport.drain();
  await tick();
  assert.equal(show(frames()).at(-1), '10:last');
});

test('refuses control payloads that do not fit', () => {
  const { connection } = open();
  assert.throws(() => connection.ping(Buffer.alloc(126)), RangeError);
  assert.throws(() => connection.close(1000, 'é'.repeat(62)), RangeError);
  assert.equal(connection.readyState, 1);
});

test('close: our Close, the peer’s Close, the peer’s FIN', async () => {
  const { connection, events, transport, frames } = open();
  connection.sendText('last');
  connection.close(3001, 'why');
  assert.equal(connection.readyState, 2);
  assert.equal(connection.sendText('too late'), false);
  assert.equal(connection.ping(Buffer.alloc(0)), false);
  connection.close(1000);
  await tick();
  assert.deepEqual(show(frames()), ['1:last', '8:3001 why']);
  // What was on its way still arrives.
  transport.receive(textFrame('late'));
  transport.receive(closeFrame(3001, 'why'));
  assert.equal(connection.readyState, 2);
  transport.endByPeer();
  const ending = await events.untilEnd();
  assert.deepEqual(frames(), []);
  assert.equal(connection.readyState, 3);
  assert.deepEqual(events.log, [
    'open',
    'text late',
    'peer-close 3001 why',
    'end local-close 3001',
  ]);
  assert.equal(ending.wasClean, true);
  assert.equal(ending.reason, 'why');
  assert.equal(ending.error, undefined);
  assert.equal(ending.remoteAddress, '10.0.0.1:80');
  assert.equal(ending.localAddress, '127.0.0.1:50000');
  assert.equal(ending.response?.status, 101);
});

test('a Close without a code is empty on the wire', async () => {
  const { connection, frames } = open();
  connection.close();
  await tick();
  assert.deepEqual(show(frames()), ['8:']);
});

test('answers a peer’s Close with its code and no reason, once', async () => {
  const { connection, events, transport, frames } = open();
  transport.receive(Buffer.concat([closeFrame(1011, 'oops'), closeFrame(1000), textFrame('x')]));
  assert.deepEqual(show(frames()), ['8:1011 ']);
  assert.equal(connection.readyState, 2);
  connection.close(1000);
  transport.receive(textFrame('x'));
  transport.endByPeer();
  const ending = await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'peer-close 1011 oops', 'end peer-close 1011']);
  assert.equal(ending.wasClean, true);
  assert.deepEqual(frames(), []);
});

test('answers an empty Close with an empty one', async () => {
  const { events, transport, frames } = open();
  transport.receive(closeFrame());
  assert.deepEqual(show(frames()), ['8:']);
  transport.endByPeer();
  assert.equal((await events.untilEnd()).code, 1005);
});

test('sends no pong after its Close', async () => {
  const { connection, events, transport, frames } = open();
  connection.close(1000);
  await tick();
  transport.receive(pingFrame('x'));
  assert.deepEqual(show(frames()), ['8:1000 ']);
  assert.deepEqual(events.log, ['open']);
});

for (const [name, bytes, code] of [
  ['RSV1', serverFrame({ opcode: 1, rsv: 4 }), 1002],
  ['text that is not UTF-8', textFrame(Buffer.from('ff', 'hex')), 1007],
  ['a message too big', Buffer.from('827f0000000020000000', 'hex'), 1009],
] as const) {
  test(`fails the connection on ${name} with Close ${code}`, async () => {
    const { connection, events, transport, frames } = open();
    transport.receive(Buffer.concat([textFrame('ok'), bytes, textFrame('never')]));
    assert.deepEqual(show(frames()), [`8:${code} `]);
    assert.equal(transport.isEnded, true);
    assert.equal(transport.isDestroyed, false);
    assert.equal(connection.readyState, 2);
    transport.receive(textFrame('never'));
    transport.endByPeer();
    const ending = await events.untilEnd();
    assert.deepEqual(events.log, ['open', 'text ok', `end protocol-error ${code}`]);
    assert.equal(ending.wasClean, false);
    assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'WS_PROTOCOL');
  });
}

test('FIN without a Close is the end of the stream', async () => {
  const { connection, events, transport } = open();
  connection.sendText('lost');
  transport.endByPeer();
  assert.equal(connection.sendText('x'), false);
  const ending = await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'end end-of-stream 1006']);
  assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'WS_EOF');
  assert.equal(ending.error?.message, 'unexpected EOF');
  assert.equal(ending.wasClean, false);
});

test('FIN after our Close but without theirs is the end of the stream', async () => {
  const { connection, events, transport } = open();
  connection.close(3500, 'r');
  await tick();
  transport.endByPeer();
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'end end-of-stream 1006']);
});

test('a reset keeps its system error', async () => {
  const { events, transport } = open();
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  transport.breakWith(reset);
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'socket-error');
  assert.equal(ending.error, reset);
});

test('a reset after the closing handshake changes nothing', async () => {
  const { events, transport } = open();
  transport.receive(closeFrame(1000));
  transport.breakWith(new Error('read ECONNRESET'));
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'peer-close');
  assert.equal(ending.wasClean, true);
});

test('terminate drops the connection without a Close', async () => {
  const { connection, events, transport, frames } = open();
  connection.sendText('lost');
  connection.terminate();
  assert.equal(transport.isDestroyed, true);
  await events.untilEnd();
  connection.terminate();
  assert.deepEqual(frames(), []);
  assert.deepEqual(events.log, ['open', 'end terminated 1006']);
});

test('terminate in a handler stops the messages of the same read', async () => {
  const { connection, events, transport } = open();
  events.onEntry = (entry) => {
    if (entry === 'text 1') connection.terminate();
  };
  transport.receive(Buffer.concat([textFrame('1'), textFrame('2')]));
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'text 1', 'end terminated 1006']);
});

test('a handler that throws loses its connection, and nothing else', async () => {
  const { connection, events, transport } = open();
  events.onEntry = (entry) => {
    if (entry === 'text 1') throw new Error('thrown by a handler');
  };
  const chunk = Buffer.concat([textFrame('1'), textFrame('2')]);
  assert.throws(() => transport.receive(chunk), /thrown by a handler/);
  assert.equal(connection.readyState, 2);
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'text 1', 'end terminated 1006']);
  const other = open();
  other.transport.receive(pingFrame('still here'));
  assert.deepEqual(show(other.frames()), ['10:still here']);
});

test('closeNow sends what is queued and Close, and does not wait', async () => {
  const { connection, events, transport, frames } = open();
  connection.sendText('last');
  connection.closeNow(1001);
  assert.deepEqual(show(frames()), ['1:last', '8:1001 ']);
  assert.equal(transport.isDestroyed, true);
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'end terminated 1006']);
});

test('sending and closing from handlers works, close included', async () => {
  const { connection, events, transport, frames } = open();
  events.onEntry = (entry) => {
    if (entry === 'text ask') connection.sendText('reply');
    if (entry === 'text bye') connection.close(1000, 'bye');
    if (entry.startsWith('end')) assert.equal(connection.sendText('x'), false);
  };
  transport.receive(Buffer.concat([textFrame('ask'), textFrame('bye')]));
  assert.deepEqual(show(frames()), ['1:reply', '8:1000 bye']);
  transport.receive(closeFrame(1000, 'bye'));
  transport.endByPeer();
  assert.equal((await events.untilEnd()).cause, 'local-close');
});

test('counts every byte that crosses the connection', async () => {
  const { connection, events, transport } = open();
  connection.sendText('hi');
  await tick();
  transport.receive(textFrame('hello'));
  assert.equal(events.sentBytes, transport.sent.length);
  const received = events.receivedBytes;
  transport.receive(textFrame('hello'));
  assert.equal(events.receivedBytes - received, 7);
});

test('waits for the peer’s Close as long as asked, and no longer', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { connection, events, transport } = open({ closeTimeoutMs: 500 });
    connection.close(1000);
    mock.timers.tick(499);
    assert.equal(transport.isDestroyed, false);
    mock.timers.tick(1);
    assert.equal(transport.isDestroyed, true);
    const ending = await events.untilEnd();
    assert.equal(ending.cause, 'close-timeout');
    assert.equal(ending.code, 1006);
    assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'WS_CLOSE_TIMEOUT');
  } finally {
    mock.timers.reset();
  }
});

test('does not wait forever for a peer that closes but keeps TCP open', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { events, transport } = open();
    transport.receive(closeFrame(1000));
    mock.timers.tick(2_000);
    assert.equal(transport.isDestroyed, true);
    const ending = await events.untilEnd();
    assert.equal(ending.cause, 'peer-close');
    assert.equal(ending.wasClean, true);
  } finally {
    mock.timers.reset();
  }
});

test('a fault is the end at once, though the peer keeps TCP open; what it still sends is nobody’s', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { connection, events, transport, frames } = open();
    transport.receive(serverFrame({ opcode: 3 }));
    const ending = await events.untilEnd();
    assert.equal(ending.cause, 'protocol-error');
    assert.equal(connection.readyState, 3);
    assert.equal(frames().at(-1)?.opcode, 8);
    assert.equal(transport.isDestroyed, false, 'a reset would outrun our Close');
    const { receivedBytes } = events;
    transport.receive(textFrame('too late'));
    assert.equal(events.receivedBytes, receivedBytes);
    assert.equal(events.log.at(-1), 'end protocol-error 1002');
    mock.timers.tick(2_000);
    assert.equal(transport.isDestroyed, true);
  } finally {
    mock.timers.reset();
  }
});

test('a fault is told after two seconds to whom does not even take our Close', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { events, transport } = open();
    transport.isStalled = true;
    transport.receive(serverFrame({ opcode: 3 }));
    await tick();
    assert.equal(events.ending, undefined);
    mock.timers.tick(2_000);
    assert.equal((await events.untilEnd()).cause, 'protocol-error');
  } finally {
    mock.timers.reset();
  }
});

test('compresses and expands messages once deflate is agreed on', async () => {
  const { connection, transport, frames, events } = open(
    { offersDeflate: true, deflate: { thresholdBytes: 10 } },
    'permessage-deflate; server_no_context_takeover',
  );
  const text = 'compress me, please! '.repeat(20);
  connection.sendText(text);
  connection.sendText('short');
  connection.sendBinary(Buffer.from(text));
  await tick();
  const sent = frames();
  assert.deepEqual(
    sent.map((frame) => frame.rsv),
    [4, 0, 4],
  );
  const expand = (payload: Buffer): string =>
    inflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  assert.equal(expand(sent[0]?.payload ?? Buffer.alloc(0)), text);
  assert.equal(expand(sent[2]?.payload ?? Buffer.alloc(0)), text);
  const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  const payload = deflated.subarray(0, -4);
  transport.receive(serverFrame({ opcode: 1, rsv: 4, payload }));
  transport.receive(
    Buffer.concat([
      serverFrame({ opcode: 1, rsv: 4, payload: payload.subarray(0, 5), isFinal: false }),
      pingFrame('in'),
      serverFrame({ opcode: 0, payload: payload.subarray(5) }),
    ]),
  );
  assert.deepEqual(events.log, ['open', `text ${text}`, 'ping in', `text ${text}`]);
});

test('a peer that leaves too much unread is given up', async () => {
  const { connection, events, transport } = open();
  transport.isStalled = true;
  transport.unsentBytes = UNSENT_BYTES_MAX + 1;
  connection.sendText('one more');
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'socket-error');
  assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'WS_SEND_BUFFER_FULL');
});

test('pause stops reading until resume, and close() reads on for the answer', () => {
  const { connection, transport } = open();
  connection.pause();
  connection.pause();
  assert.equal(transport.isPaused, true);
  connection.resume();
  assert.equal(transport.isPaused, false);
  connection.pause();
  connection.close(1000);
  assert.equal(transport.isPaused, false);
});

test('pause while connecting holds back what comes with the answer, and all after it', async () => {
  const { connection, events, transport } = connecting();
  connection.pause();
  transport.receive(Buffer.concat([answerTo(transport), textFrame('first')]));
  await tick();
  assert.deepEqual([events.log, transport.isPaused], [['open'], true]);
  connection.resume();
  assert.deepEqual(events.log, ['open'], 'no event within a call');
  await tick();
  assert.deepEqual([events.log, transport.isPaused], [['open', 'text first'], false]);
});

test('a connection that is paused again in time keeps what it held', async () => {
  const { connection, events, transport } = connecting();
  connection.pause();
  transport.receive(Buffer.concat([answerTo(transport), textFrame('first')]));
  connection.resume();
  connection.pause();
  await tick();
  assert.deepEqual([events.log, transport.isPaused], [['open'], true]);
  connection.close(1000);
  await tick();
  assert.deepEqual([events.log, transport.isPaused], [['open', 'text first'], false]);
});

test('resume while connecting takes a pause back', () => {
  const { connection, transport } = connecting();
  connection.pause();
  connection.resume();
  transport.receive(answerTo(transport));
  assert.equal(transport.isPaused, false);
});

test('close() ends a rest of the read rate, and what is read later brings no other', async () => {
  const { connection, events, transport } = open({ readBytesPerSecond: 1 });
  transport.receive(textFrame('flood'));
  assert.equal(transport.isPaused, true);
  connection.close(1000);
  assert.equal(transport.isPaused, false);
  transport.receive(textFrame('flood'));
  assert.equal(transport.isPaused, false);
  transport.receive(closeFrame(1000));
  transport.endByPeer();
  await tick();
  assert.equal(events.ending?.cause, 'local-close');
});

test('after the Close of the peer a read rate does not keep the end away', () => {
  const { transport } = open({ readBytesPerSecond: 1 });
  transport.receive(closeFrame(1000));
  assert.equal(transport.isPaused, false);
});

test('after a violation all is read, whatever rate or pause there was', () => {
  const { connection, transport } = open({ readBytesPerSecond: 1 });
  connection.pause();
  transport.receive(Buffer.from([0xff, 0xff]));
  assert.equal(transport.isPaused, false);
});
