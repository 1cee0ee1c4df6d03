import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Connection, DialRequest, ResolvedAddress } from './api.ts';
import { dial } from './dial.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './testing/certificate.ts';
import { closeFrame, serverFrame, textFrame } from './testing/frames.ts';
import { MemoryTransport } from './testing/memory-transport.ts';
import {
  type RawServer,
  readRequest,
  startRawServer,
  startTlsServer,
  startUpgradeServer,
  upgradeAnswer,
} from './testing/raw-server.ts';
import { RecordedEvents } from './testing/recorded-events.ts';

const cleanUps: (() => unknown)[] = [];
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

function loopback(port: number): ResolvedAddress {
  return { address: '127.0.0.1', family: 4, port };
}

interface Client {
  readonly connection: Connection;
  readonly events: RecordedEvents;
}

function dialPort(port: number, parts: Partial<DialRequest> = {}): Client {
  const events = new RecordedEvents();
  const connection = dial(
    {
      isSecure: false,
      host: 'localhost',
      port,
      target: '/',
      hostHeader: `localhost:${port}`,
      headers: [],
      protocols: [],
      resolve: (_host, p, done) => done(null, [loopback(p)]),
      ...parts,
    },
    events,
  );
  return { connection, events };
}

async function raw(server: Promise<RawServer>): Promise<RawServer> {
  const started = await server;
  cleanUps.push(() => started.close());
  return started;
}

async function library(
  onConnection: (socket: WebSocket) => void,
  options: ServerOptions = {},
): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  server.on('connection', (socket) => {
    socket.on('error', () => {
      // A client that breaks rules is part of the tests.
    });
    onConnection(socket);
  });
  await once(server, 'listening');
  cleanUps.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

const echo = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};

function field(error: Error | undefined, name: string): unknown {
  return Reflect.get(error ?? {}, name);
}

// Against a library

for (const [name, parts, options] of [
  ['plain', {}, {}],
  ['deflate', { offersDeflate: true }, { perMessageDeflate: { threshold: 0 } }],
  [
    'deflate with contexts',
    {
      offersDeflate: true,
      deflate: { keepsClientContext: true, keepsServerContext: true, clientMaxWindowBits: true },
    },
    { perMessageDeflate: { threshold: 0, clientMaxWindowBits: 10, serverMaxWindowBits: 11 } },
  ],
] as const) {
  test(`exchanges messages of all sizes with the ws library, ${name}`, async () => {
    const port = await library(echo, options);
    const { connection, events } = dialPort(port, parts);
    await events.until('open');
    assert.equal(events.response?.extensions !== '', 'offersDeflate' in parts);
    const expected: string[] = ['open'];
    for (const size of [0, 1, 125, 126, 127, 65535, 65536, 200_000]) {
      const text = 'Zeichenkette é日 '.repeat(size / 10 + 1).slice(0, size);
      const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31) % 256));
      connection.sendText(text);
      connection.sendBinary(bytes);
      expected.push(`text ${text}`, `binary ${bytes.toString('hex')}`);
      await events.until(`binary ${bytes.toString('hex')}`);
    }
    connection.close(1000, 'done');
    const ending = await events.untilEnd();
    expected.push('peer-close 1000 done', 'end local-close 1000');
    // Half a megabyte of difference would help nobody.
    const wrong = expected.findIndex((entry, i) => entry !== events.log[i]);
    assert.equal(wrong, -1, `entry ${wrong}: ${events.log[wrong]?.slice(0, 50)}`);
    assert.equal(events.log.length, expected.length);
    assert.equal(ending.wasClean, true);
    assert.equal(ending.error, undefined);
  });
}

test('carries 16 MiB in one message, both ways', async () => {
  const port = await library(echo, { maxPayload: 32 << 20 });
  const { connection, events } = dialPort(port);
  await events.until('open');
  const bytes = Buffer.alloc(16 << 20, 'abcdefg');
  let received: ArrayBuffer | undefined;
  events.onBinary = (payload) => {
    received = payload;
    connection.close(1000);
  };
  connection.sendBinary(bytes);
  await events.untilEnd();
  assert.ok(received !== undefined && Buffer.from(received).equals(bytes));
});

test('says who it is and tells what the server answered', async () => {
  const seen: Record<string, unknown> = {};
  const port = await library(() => {}, {
    handleProtocols: () => 'beta',
    verifyClient: ({ req }: { req: IncomingMessage }) => {
      Object.assign(seen, req.headers, { url: req.url });
      return true;
    },
  });
  const { connection, events } = dialPort(port, {
    target: '/chat?x=1',
    headers: [
      ['User-Agent', 'gharial'],
      ['Cookie', 'a=1; b=2'],
    ],
    protocols: ['alpha', 'beta'],
    requiresOfferedProtocol: true,
  });
  await events.until('open');
  assert.equal(seen['url'], '/chat?x=1');
  assert.equal(seen['host'], `localhost:${port}`);
  assert.equal(seen['user-agent'], 'gharial');
  assert.equal(seen['cookie'], 'a=1; b=2');
  assert.equal(seen['sec-websocket-protocol'], 'alpha, beta');
  assert.equal(events.response?.status, 101);
  assert.equal(events.response?.protocol, 'beta');
  assert.equal(events.remoteAddress, `127.0.0.1:${port}`);
  assert.match(connection.localAddress ?? '', /^127\.0\.0\.1:\d+$/);
  const { timings } = events;
  assert.ok(timings !== undefined);
  const { dnsMs, tcpMs, tlsMs, upgradeMs, totalMs } = timings;
  assert.ok(tcpMs > 0 && upgradeMs > 0 && tlsMs === 0);
  assert.ok(Math.abs(dnsMs + tcpMs + tlsMs + upgradeMs - totalMs) < 0.001);
  connection.terminate();
  await events.untilEnd();
});

test('fails a dial whose server chooses a subprotocol that was not offered', async () => {
  const port = (
    await raw(
      startRawServer((socket) => {
        void readRequest(socket).then((request) => {
          const answer = upgradeAnswer(request);
          socket.write(`${answer.slice(0, -2)}Sec-WebSocket-Protocol: other\r\n\r\n`);
        });
      }),
    )
  ).port;
  const strict = dialPort(port, { protocols: ['mine'], requiresOfferedProtocol: true });
  assert.equal((await strict.events.untilEnd()).cause, 'dial-rejected');
  const lenient = dialPort(port, { protocols: ['mine'] });
  await lenient.events.until('open');
  assert.equal(lenient.events.response?.protocol, 'other');
  lenient.connection.terminate();
  await lenient.events.untilEnd();
});

// Against servers that behave badly

test('reads an answer and frames that arrive byte by byte', async () => {
  const { port } = await raw(
    startRawServer((socket) => {
      void readRequest(socket).then(async (request) => {
        const bytes = Buffer.concat([
          Buffer.from(upgradeAnswer(request)),
          serverFrame({ opcode: 1, payload: 'κόσ', isFinal: false }),
          serverFrame({ opcode: 9, payload: 'ping' }),
          serverFrame({ opcode: 0, payload: 'με' }),
          closeFrame(1000, 'bye'),
        ]);
        socket.setNoDelay(true);
        for (const byte of bytes) {
          socket.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
      });
    }),
  );
  const { events } = dialPort(port);
  await events.untilEnd();
  assert.deepEqual(events.log, [
    'open',
    'ping ping',
    'text κόσμε',
    'peer-close 1000 bye',
    'end peer-close 1000',
  ]);
});

test('reports messages that come in one segment with the answer, after open', async () => {
  const { port } = await raw(
    startRawServer((socket) => {
      void readRequest(socket).then((request) => {
        socket.end(
          Buffer.concat([
            Buffer.from(upgradeAnswer(request)),
            textFrame('first'),
            closeFrame(1001),
          ]),
        );
      });
    }),
  );
  const { events } = dialPort(port);
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'text first', 'peer-close 1001 ', 'end peer-close 1001']);
});

test('keeps the system error of a refused connection', async () => {
  const server = await startRawServer(() => {});
  await server.close();
  const { events } = dialPort(server.port);
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(ending.code, 1006);
  assert.equal(field(ending.error, 'code'), 'ECONNREFUSED');
  assert.equal(field(ending.error, 'syscall'), 'connect');
  assert.equal(field(ending.error, 'address'), '127.0.0.1');
  assert.equal(field(ending.error, 'port'), server.port);
  assert.equal(ending.response, undefined);
  assert.equal(ending.remoteAddress, undefined);
  assert.ok(ending.timings.totalMs > 0);
});

test('a server that closes before it answers is an unexpected EOF', async () => {
  const { port } = await raw(
    startRawServer((socket) => void readRequest(socket).then(() => socket.end())),
  );
  const ending = await dialPort(port).events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(field(ending.error, 'code'), 'WS_EOF');
  assert.equal(ending.error?.message, 'unexpected EOF');
  assert.equal(ending.remoteAddress, `127.0.0.1:${port}`);
});

test('a server that resets before it answers leaves its errno', async () => {
  const { port } = await raw(
    startRawServer((socket) => void readRequest(socket).then(() => socket.resetAndDestroy())),
  );
  const ending = await dialPort(port).events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(field(ending.error, 'code'), 'ECONNRESET');
  assert.equal(field(ending.error, 'syscall'), 'read');
  assert.match(ending.localAddress ?? '', /^127\.0\.0\.1:\d+$/);
});

test('something that is not HTTP fails the dial', async () => {
  const { port } = await raw(startRawServer((socket) => socket.write('220 mail ESMTP\r\n')));
  const ending = await dialPort(port).events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(field(ending.error, 'code'), 'WS_MALFORMED_RESPONSE');
});

for (const [name, answer, body] of [
  ['with a length', 'HTTP/1.1 403 No\r\nX-Why: z\r\nContent-Length: 6\r\n\r\ndenied', 'denied'],
  ['until the end of stream', 'HTTP/1.1 403 No\r\nX-Why: z\r\n\r\ndenied', 'denied'],
  [
    'in chunks',
    'HTTP/1.1 403 No\r\nX-Why: z\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndenied\r\n0\r\n\r\n',
    'denied',
  ],
  ['of none', 'HTTP/1.1 403 No\r\nX-Why: z\r\nContent-Length: 0\r\n\r\n', ''],
] as const) {
  test(`a refusal keeps status, headers and a body ${name}`, async () => {
    const { port } = await raw(
      startRawServer((socket) => {
        void readRequest(socket).then(() => {
          socket.write(answer.slice(0, 20));
          setImmediate(() => socket.end(answer.slice(20)));
        });
      }),
    );
    const ending = await dialPort(port).events.untilEnd();
    assert.equal(ending.cause, 'dial-rejected');
    assert.equal(ending.error?.message, 'websocket: bad handshake');
    assert.equal(ending.response?.status, 403);
    assert.deepEqual(ending.response?.headers[0], ['X-Why', 'z']);
    assert.equal(Buffer.from(ending.response?.body ?? []).toString(), body);
  });
}

for (const [extensions, text, detail] of [
  [
    'permessage-deflate',
    'websocket: invalid compression negotiation',
    'server_no_context_takeover was not accepted',
  ],
  ['x-other', 'websocket: bad handshake', 'extension x-other was not offered'],
] as const) {
  test(`an upgrade with the extension ${extensions} is refused`, async () => {
    const { port } = await raw(
      startRawServer((socket) => {
        void readRequest(socket).then((request) => {
          const line = `\r\nSec-WebSocket-Extensions: ${extensions}\r\n\r\n`;
          socket.write(upgradeAnswer(request).replace(/\r\n\r\n$/, line));
        });
      }),
    );
    const ending = await dialPort(port, { offersDeflate: true }).events.untilEnd();
    assert.equal(ending.cause, 'dial-rejected');
    assert.deepEqual([ending.error?.message, field(ending.error, 'detail')], [text, detail]);
  });
}

test('a refusal whose body never ends is reported soon with what came', async () => {
  const { port } = await raw(
    startRawServer((socket) => {
      void readRequest(socket).then(() =>
        socket.write('HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\nsorry'),
      );
    }),
  );
  const ending = await dialPort(port).events.untilEnd();
  assert.equal(ending.cause, 'dial-rejected');
  assert.equal(Buffer.from(ending.response?.body ?? []).toString(), 'sorry');
});

test('passes over informational answers', async () => {
  const { port } = await raw(
    startRawServer((socket) => {
      void readRequest(socket).then((request) => {
        socket.write(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${upgradeAnswer(request)}`);
      });
    }),
  );
  const { connection, events } = dialPort(port);
  await events.until('open');
  assert.equal(events.response?.status, 101);
  connection.terminate();
  await events.untilEnd();
});

test('a server that never answers is a timeout', async () => {
  const { port } = await raw(startRawServer(() => {}));
  const ending = await dialPort(port, { handshakeTimeoutMs: 30 }).events.untilEnd();
  assert.equal(ending.cause, 'dial-timeout');
  assert.equal(field(ending.error, 'code'), 'WS_TIMEOUT');
  assert.ok(ending.timings.totalMs >= 29, `${ending.timings.totalMs} ms`);
  assert.equal(ending.remoteAddress, `127.0.0.1:${port}`);
});

test('a reset of an open connection keeps its system error', async () => {
  const { port } = await raw(
    startUpgradeServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  const { connection, events } = dialPort(port);
  // libuv reports a reset that it sees together with data as an end of stream; so open first.
  await events.until('open');
  connection.sendText('reset me');
  const ending = await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'end socket-error 1006']);
  assert.equal(field(ending.error, 'code'), 'ECONNRESET');
  assert.equal(ending.response?.status, 101);
});

test('a connection cut in the middle of a frame ends as a stream', async () => {
  const { port } = await raw(
    startUpgradeServer((socket) => socket.end(textFrame('cut short').subarray(0, 5))),
  );
  const { events } = dialPort(port);
  await events.untilEnd();
  assert.deepEqual(events.log, ['open', 'end end-of-stream 1006']);
});

test('takes a flood of messages without losing one', async () => {
  const count = 200_000;
  const { port } = await raw(
    startUpgradeServer((socket) => {
      const frames: Buffer[] = [];
      for (let i = 0; i < count; i++) frames.push(textFrame(`${i}`));
      socket.end(Buffer.concat([...frames, closeFrame(1000)]));
    }),
  );
  const { events } = dialPort(port);
  let received = 0;
  let disorder = 0;
  events.onText = (text) => {
    if (text !== `${received}`) disorder++;
    received++;
  };
  await events.untilEnd();
  assert.equal(received, count);
  assert.equal(disorder, 0);
});

test('shows what a peer that does not read leaves unsent', async () => {
  const { port, sockets } = await raw(startUpgradeServer((socket) => socket.pause()));
  const { connection, events } = dialPort(port);
  await events.until('open');
  const message = Buffer.alloc(1 << 20);
  for (let i = 0; i < 40; i++) {
    connection.sendBinary(message);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(connection.bufferedBytes > 0);
  assert.ok(connection.bufferedBytes <= 40 << 20);
  assert.equal(connection.bufferedBytes % (1 << 20), 0);
  sockets[0]?.resume();
  while (connection.bufferedBytes > 0) await new Promise((resolve) => setImmediate(resolve));
  connection.terminate();
  await events.untilEnd();
  assert.ok(events.sentBytes > 40 << 20);
});

test('gives up on a peer that answers no Close', async () => {
  const { port } = await raw(startUpgradeServer((socket) => socket.resume()));
  const { connection, events } = dialPort(port, { closeTimeoutMs: 30 });
  await events.until('open');
  connection.close(1000);
  assert.equal((await events.untilEnd()).cause, 'close-timeout');
});

// Addresses

test('tries the addresses of a name in order', async () => {
  const gone = await startRawServer(() => {});
  await gone.close();
  const port = await library(echo);
  const { connection, events } = dialPort(1, {
    resolve: (_host, _port, done) => done(null, [loopback(gone.port), loopback(port)]),
  });
  await events.until('open');
  assert.equal(events.remoteAddress, `127.0.0.1:${port}`);
  connection.terminate();
  await events.untilEnd();
});

test('reports the first address if none works', async () => {
  const gone = await Promise.all([startRawServer(() => {}), startRawServer(() => {})]);
  for (const server of gone) await server.close();
  const { events } = dialPort(1, {
    resolve: (_host, _port, done) =>
      done(
        null,
        gone.map((server) => loopback(server.port)),
      ),
  });
  const ending = await events.untilEnd();
  assert.equal(field(ending.error, 'port'), gone[0]?.port);
});

test('an address that does not answer costs its share of the time, then the next is tried', async () => {
  const tried: MemoryTransport[] = [];
  const events = new RecordedEvents();
  dial(
    {
      isSecure: false,
      host: 'localhost',
      port: 80,
      target: '/',
      hostHeader: 'localhost',
      headers: [],
      protocols: [],
      resolve: (_host, port, done) => done(null, [loopback(port), loopback(port + 1)]),
      connectTimeoutMs: 40,
    },
    events,
    (target, handler) => {
      const transport = new MemoryTransport(target, handler);
      tried.push(transport);
      return transport;
    },
  );
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'dial-timeout');
  assert.deepEqual(
    tried.map((transport) => transport.target.address.port),
    [80, 81],
  );
  assert.ok(tried.every((transport) => transport.isDestroyed));
});

test('passes on what name resolution says', async () => {
  const blocked = new Error('hostname (x) is in a blocked pattern (*)');
  const one = dialPort(1, { resolve: (_host, _port, done) => done(blocked, []) });
  assert.equal((await one.events.untilEnd()).error, blocked);
  const none = dialPort(1, { host: 'nowhere', resolve: (_host, _port, done) => done(null, []) });
  const ending = await none.events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(ending.error?.message, 'lookup nowhere: no such host');
});

test('dials from the local address it is given', async () => {
  const port = await library(echo);
  const { connection, events } = dialPort(port, { localAddress: '127.0.0.2' });
  await events.until('open');
  assert.match(connection.localAddress ?? '', /^127\.0\.0\.2:\d+$/);
  connection.terminate();
  await events.untilEnd();
});

test('a local address that is none fails the dial', async () => {
  const { events } = dialPort(1, { localAddress: 'not an address' });
  assert.equal((await events.untilEnd()).cause, 'dial-failed');
});

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((face) => face?.address === '::1');

test('dials IPv6', { skip: !hasIPv6 }, async () => {
  const { port } = await raw(
    startRawServer((socket) => {
      void readRequest(socket).then((request) => socket.write(upgradeAnswer(request)));
    }, '::1'),
  );
  const { connection, events } = dialPort(port, {
    resolve: (_host, p, done) => done(null, [{ address: '::1', family: 6, port: p }]),
  });
  await events.until('open');
  assert.equal(connection.remoteAddress, `[::1]:${port}`);
  assert.ok(!isIPv4(connection.localAddress ?? ''));
  connection.terminate();
  await events.untilEnd();
});

// Before open

test('tells nothing before dial has returned', async () => {
  const events = new RecordedEvents();
  let hasReturned = false;
  events.onEntry = () => assert.equal(hasReturned, true);
  dialPortInto(events, { headers: [['Upgrade', 'h2c']] });
  hasReturned = true;
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(ending.error?.message, 'websocket: duplicate header not allowed: Upgrade');
});

function dialPortInto(events: RecordedEvents, parts: Partial<DialRequest>): Connection {
  return dial(
    {
      isSecure: false,
      host: 'localhost',
      port: 1,
      target: '/',
      hostHeader: 'localhost',
      headers: [],
      protocols: [],
      resolve: (_host, port, done) => done(null, [loopback(port)]),
      ...parts,
    },
    events,
  );
}

for (const how of ['close', 'closeNow', 'terminate'] as const) {
  test(`${how} before open gives the dial up, at every stage of it`, async () => {
    const { port, sockets } = await raw(startRawServer(() => {}));
    let answerLater = (): void => {};
    const unresolved = dialPort(port, {
      resolve: (_host, p, done) => {
        answerLater = () => done(null, [loopback(p)]);
      },
    });
    const connecting = dialPort(port);
    const waiting = dialPort(port);
    while (sockets.length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const { connection, events } of [unresolved, connecting, waiting]) {
      assert.equal(connection.readyState, 0);
      connection[how]();
      assert.equal(connection.readyState, 2);
      assert.equal(connection.sendText('x'), false);
      connection[how]();
      const ending = await events.untilEnd();
      assert.equal(connection.readyState, 3);
      assert.equal(ending.cause, 'dial-aborted');
    }
    answerLater();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unresolved.events.log, ['end dial-aborted 1006']);
  });
}

// TLS

const TLS_SERVER = { key: TEST_KEY, cert: TEST_CERTIFICATE, ALPNProtocols: ['h2', 'http/1.1'] };

test('speaks TLS with ALPN http/1.1 and the name it was asked for', async () => {
  let alpn: unknown;
  let name: unknown;
  const { port } = await raw(
    startTlsServer(TLS_SERVER, (socket) => {
      alpn = socket.alpnProtocol;
      name = Reflect.get(socket, 'servername');
      void readRequest(socket).then((request) => {
        socket.write(upgradeAnswer(request));
        socket.write(textFrame('x'.repeat(1000)));
        socket.write(closeFrame(1000));
        socket.end();
      });
    }),
  );
  const { events } = dialPort(port, { isSecure: true, tls: { ca: TEST_CERTIFICATE } });
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'peer-close', String(ending.error));
  assert.equal(alpn, 'http/1.1');
  assert.equal(name, 'localhost');
  assert.ok(ending.timings.tlsMs > 0);
  // The handshake and the record headers count: the frames alone are under 1,300 bytes.
  assert.ok(events.receivedBytes > 1_700, `${events.receivedBytes} bytes received`);
  assert.ok(events.sentBytes > 400, `${events.sentBytes} bytes sent`);
});

test('echoes through TLS, many messages in one tick', async () => {
  const { port } = await raw(
    startTlsServer(TLS_SERVER, (socket) => {
      void readRequest(socket).then((request) => {
        socket.write(upgradeAnswer(request));
        let frames = 0;
        socket.on('data', (data: Buffer) => {
          frames += data.length;
          if (frames === 300 * (8 + 1000)) socket.end(closeFrame(1000));
        });
      });
    }),
  );
  const { connection, events } = dialPort(port, {
    isSecure: true,
    tls: { rejectUnauthorized: false },
  });
  await events.until('open');
  for (let i = 0; i < 300; i++) connection.sendText('y'.repeat(1000));
  assert.equal((await events.untilEnd()).cause, 'peer-close');
});

test('does not trust a certificate it cannot verify', async () => {
  const { port } = await raw(startTlsServer(TLS_SERVER, () => {}));
  const { events } = dialPort(port, { isSecure: true });
  const ending = await events.untilEnd();
  assert.equal(ending.cause, 'dial-failed');
  assert.equal(field(ending.error, 'code'), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.ok(events.receivedBytes > 500, `${events.receivedBytes} bytes received`);
});

test('checks the certificate for the host that was asked for, be it a name or an address', async () => {
  const { port } = await raw(startTlsServer(TLS_SERVER, () => {}));
  const tls = { ca: TEST_CERTIFICATE };
  for (const host of ['elsewhere.test', '127.0.0.3']) {
    const ending = await dialPort(port, { isSecure: true, host, tls }).events.untilEnd();
    assert.equal(field(ending.error, 'code'), 'ERR_TLS_CERT_ALTNAME_INVALID', host);
  }
});

test('wss to a plain port and ws to a TLS port fail the dial', async () => {
  const plain = await raw(startRawServer((socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n')));
  const secured = await raw(startTlsServer(TLS_SERVER, () => {}));
  const one = await dialPort(plain.port, { isSecure: true }).events.untilEnd();
  assert.equal(one.cause, 'dial-failed');
  assert.match(String(field(one.error, 'code')), /^ERR_SSL/);
  const other = await dialPort(secured.port).events.untilEnd();
  assert.equal(other.cause, 'dial-failed');
});
