import assert from 'node:assert/strict';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket as ServerSocket } from 'ws';
import { type Coroutine, Op, type Resumer } from '../suspend/op.ts';
import { callUser, hostFunction } from '../suspend/runtime.ts';
import { formatValue } from './console.ts';
import { CookieJar, ScriptCookieJar } from './cookie-jar.ts';
import { FakeHost } from './testing/fake-host.ts';
import {
  closedPort,
  closePayload,
  type LoopbackServer,
  rawFrame,
  startRawServer,
  startServer,
  startUpgradeServer,
} from './testing/loopback-server.ts';
import { createWsModule } from './ws.ts';
import type { WsResponse } from './ws-session.ts';

interface ErrorObject {
  error(): string;
  readonly code?: number;
  readonly text?: string;
}

/** The script's view of a socket of `k6/ws`. */
interface Socket {
  // biome-ignore lint/suspicious/noExplicitAny: handlers of scripts take what their event gives
  on(event: string, handler: ((...args: any[]) => unknown) | undefined | string): void;
  send(...args: unknown[]): void;
  sendBinary(...args: unknown[]): void;
  ping(): void;
  close(code?: unknown): void;
  setTimeout(callback?: unknown, delay?: unknown): void;
  setInterval(callback?: unknown, delay?: unknown): void;
}

type Connect = (...args: unknown[]) => Coroutine<WsResponse>;

/** Runs `script` as the iteration of a VU; `connect` is used as `yield* connect(…)`. */
async function run(
  script: (connect: Connect) => Coroutine<void>,
  host = new FakeHost(),
): Promise<FakeHost> {
  const connect = createWsModule(host).named['connect'] as (...args: unknown[]) => unknown; // its script type
  await host.run(() =>
    script((...args) => callUser(connect, undefined, args) as Coroutine<WsResponse>),
  );
  return host;
}

async function runAgainst(
  server: LoopbackServer,
  script: (connect: Connect, url: string) => Coroutine<void>,
  host = new FakeHost(),
): Promise<FakeHost> {
  try {
    return await run((connect) => script(connect, server.url), host);
  } finally {
    await server.close();
  }
}

const echo = (socket: ServerSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};

const silent = (): void => {};

class PauseOp extends Op {
  readonly #host: FakeHost;
  readonly #delayMs: number;

  constructor(host: FakeHost, delayMs: number) {
    super();
    this.#host = host;
    this.#delayMs = delayMs;
  }

  start(resumer: Resumer): void {
    this.#host.setTimer(this.#delayMs, () => resumer.ok(undefined));
  }

  cancel(): void {}
}

/** A user function that may suspend, as the transform makes them. */
function suspendable(host: FakeHost, body: (...args: unknown[]) => Coroutine): unknown {
  return hostFunction(host, 'user', 0, body);
}

test('connect, echo, close: order, response, samples', async () => {
  const lines: string[] = [];
  const server = await startServer(echo, {});
  const host = await runAgainst(server, function* (connect, url) {
    lines.push('before');
    const response = yield* connect(`${url}/echo?x=1`, { tags: { n: 7 } }, (socket: Socket) => {
      lines.push(`setup ${Object.keys(socket).join()}`);
      socket.on('open', (...args) => {
        lines.push(`open ${args.length}`);
        socket.send('hello');
      });
      socket.on('message', (...args) => {
        lines.push(`message ${args.join()}`);
        socket.close();
        lines.push('closed');
      });
      socket.on('close', (...args) => lines.push(`close ${args.join()}`));
      lines.push('setup end');
    });
    lines.push(`after ${response.status}`);
    assert.deepEqual(Object.keys(response), ['url', 'status', 'headers', 'body', 'error']);
    assert.equal(response.url, `${url}/echo?x=1`);
    assert.equal(response.headers['Upgrade'], 'websocket');
    assert.equal(typeof response.headers['Sec-Websocket-Accept'], 'string');
    assert.equal(response.body, '');
    assert.equal(response.error, '');
  });
  assert.deepEqual(host.errors, []);
  assert.deepEqual(lines, [
    'before',
    'setup close,on,ping,send,sendBinary,setInterval,setTimeout',
    'setup end',
    'open 0',
    'message hello',
    'close 1001',
    'closed',
    'after 101',
  ]);
  assert.deepEqual(
    host.samples.map(({ metric }) => metric),
    [
      'ws_sessions',
      'ws_connecting',
      'ws_tcp_connecting',
      'ws_upgrading',
      'ws_msgs_sent',
      'ws_msgs_received',
      'ws_session_duration',
    ],
  );
  const [whole, ...phases] = ['ws_connecting', 'ws_tcp_connecting', 'ws_upgrading'].map(
    (metric) => host.samplesOf(metric)[0]?.value ?? Number.NaN,
  );
  assert.ok(Math.abs(phases.reduce((sum, ms) => sum + ms, 0) - (whole ?? Number.NaN)) < 0.001);
  for (const { tags } of host.samples) {
    const url = `${server.url}/echo?x=1`;
    assert.deepEqual(tags, {
      group: '',
      scenario: 'default',
      url,
      n: '7',
      status: '101',
      subproto: '',
    });
  }
  const [session] = host.samplesOf('ws_sessions');
  const [duration] = host.samplesOf('ws_session_duration');
  assert.equal(duration?.timeMs, session?.timeMs, 'both at the start of the dial');
  assert.ok(host.sentBytes > 150);
});

test('argument errors, with or without the throw option', async () => {
  const host = new FakeHost();
  const nothing = (): void => {};
  const texts: string[] = [];
  await run(function* (connect) {
    const calls: unknown[][] = [
      [],
      ['ws://x'],
      ['ws://x', {}],
      ['ws://x', {}, 'text'],
      ['ws://x', {}, nothing, 1],
      ['ws://x', { tags: { K: {} } }, nothing],
      ['ws://x', { compression: 'gzip' }, nothing],
      ['ws://x', { compression: null }, nothing],
    ];
    for (const args of calls) {
      try {
        yield* connect(...args);
        texts.push('accepted');
      } catch (error) {
        texts.push(String(error));
      }
    }
    host.phase = 'init';
    try {
      yield* connect('ws://x', nothing);
    } catch (error) {
      texts.push(String(error));
    }
  }, host);
  assert.deepEqual(texts, [
    'GoError: invalid number of arguments to ws.connect',
    'GoError: invalid number of arguments to ws.connect',
    'GoError: last argument to ws.connect must be a function',
    'GoError: last argument to ws.connect must be a function',
    'GoError: invalid number of arguments to ws.connect',
    "GoError: invalid ws.connect() metric tags: invalid value for metric tag 'K': only String, Boolean and Number types are accepted as a metric tag values",
    "GoError: unsupported compression algorithm 'gzip', supported algorithm is 'deflate'",
    "GoError: unsupported compression algorithm 'null', supported algorithm is 'deflate'",
    'GoError: using websockets in the init context is not supported',
  ]);
});

test('a failed dial returns a response; the callback does not run', async () => {
  const port = await closedPort();
  const url = `ws://127.0.0.1:${port}/`;
  const host = await run(function* (connect) {
    const response = yield* connect(url, () => assert.fail('setup ran'));
    assert.deepEqual(response, {
      url: '',
      status: 0,
      headers: {},
      body: '',
      error: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
  assert.deepEqual(host.errors, []);
  assert.deepEqual(
    host.samples.map(({ metric, tags }) => `${metric} ${tags['status']} ${tags['url']}`),
    ['ws_sessions', 'ws_connecting', 'ws_tcp_connecting', 'ws_session_duration'].map(
      (m) => `${m} undefined ${url}`,
    ),
  );
  const [close] = host.closes;
  const { code, cause, reason } = close?.tags ?? {};
  assert.deepEqual([code, cause, reason], ['1006', 'dial-failed', 'connection refused']);
});

test('ports that cannot be dialled are told as Go does', async () => {
  const host = new FakeHost();
  await run(function* (connect) {
    for (const [url, error] of [
      ['ws://127.0.0.1:99999/', 'dial tcp: address 99999: invalid port'],
      ['ws://127.0.0.1:0/', 'dial tcp 127.0.0.1:0: connect: connection refused'],
    ]) {
      const response = yield* connect(url, () => {});
      assert.equal(response.error, error);
    }
  }, host);
  assert.deepEqual(host.errors, []);
  assert.deepEqual(
    host.closes.map(({ tags }) => tags['reason']),
    ['invalid port', 'connection refused'],
  );
});

test('with the throw option a failed dial throws with a stack through the script', async () => {
  const port = await closedPort();
  const host = new FakeHost();
  host.isThrowing = true;
  await run(function* scriptFrame(connect) {
    yield* connect(`ws://127.0.0.1:${port}/`, () => {});
  }, host);
  const [error] = host.errors;
  assert.ok(error instanceof Error);
  assert.equal(String(error), `GoError: dial tcp 127.0.0.1:${port}: connect: connection refused`);
  assert.match(error.stack ?? '', /scriptFrame/);
});

test('malformed URLs are dial failures', async () => {
  const errors: string[] = [];
  await run(function* (connect) {
    for (const url of [
      'INVALID',
      'http://127.0.0.1:1/x',
      'ws://u:p@host/',
      'ws://a b/',
      'ws://h:x/',
    ]) {
      errors.push((yield* connect(url, () => {})).error);
    }
  });
  assert.deepEqual(errors, [
    'malformed ws or wss URL',
    'malformed ws or wss URL',
    'malformed ws or wss URL',
    'parse "ws://a b/": invalid character " " in host name',
    'parse "ws://h:x/": invalid port ":x" after host',
  ]);
});

test('credentials of a URL stay out of the tags', async () => {
  const host = await run(function* (connect) {
    yield* connect('ws://user:password@host/x?y=a@b', () => {});
  });
  assert.equal(host.samplesOf('ws_sessions')[0]?.tags['url'], 'ws://****:****@host/x?y=a@b');
});

test('another HTTP answer: status, headers and body, empty url and error; throws if asked to', async () => {
  const serve = (): Promise<LoopbackServer> =>
    startUpgradeServer((_request, socket) => {
      const body = 'x'.repeat(2000);
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nx-reason: a\r\nX-Reason: b\r\nContent-Length: 2000\r\n\r\n${body}`,
      );
    });
  await runAgainst(await serve(), function* (connect, url) {
    const { body, headers, ...rest } = yield* connect(url, () => {});
    assert.deepEqual(rest, { url: '', status: 403, error: '' });
    assert.equal(headers['X-Reason'], 'a, b');
    assert.equal(body.length, 1024);
  });
  const host = new FakeHost();
  host.isThrowing = true;
  host.disabledSystemTags.delete('ip');
  await runAgainst(
    await serve(),
    function* (connect, url) {
      yield* connect(url, () => {});
    },
    host,
  );
  assert.equal(String(host.errors[0]), 'GoError: websocket: bad handshake');
  assert.equal(host.samplesOf('ws_session_duration')[0]?.tags['status'], '403');
  const { cause, status, subproto, ip } = host.closes[0]?.tags ?? {};
  assert.deepEqual([cause, status, subproto, ip], ['dial-rejected', '403', '', '127.0.0.1']);
});

test('the server hangs up before it answers', async () => {
  const server = await startUpgradeServer((_request, socket) => socket.end());
  await runAgainst(server, function* (connect, url) {
    assert.equal((yield* connect(url, () => {})).error, 'unexpected EOF');
  });
});

test('status 101 without a proper upgrade has an error', async () => {
  const server = await startUpgradeServer((_request, socket) => {
    socket.end(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n',
    );
  });
  await runAgainst(server, function* (connect, url) {
    const { status, error } = yield* connect(url, () => assert.fail('setup ran'));
    assert.deepEqual({ status, error }, { status: 101, error: 'websocket: bad handshake' });
  });
});

test('headers, jar and subprotocol of params', async () => {
  const seen: Record<string, unknown>[] = [];
  const server = await startServer((_socket, request) => {
    seen.push({ ...request.headers });
  });
  const host = new FakeHost();
  host.network = { ...host.network, userAgent: '' };
  host.cookies.setCookie(server.url, 'other', '1');
  const store = new CookieJar();
  const jar = new ScriptCookieJar(store);
  jar.set(server.url, 'mine', '2');
  await runAgainst(
    server,
    function* (connect, url) {
      const close = (socket: Socket): void => socket.close();
      const headers = {
        'Sec-WebSocket-Protocol': 'chat, superchat',
        'x-a': undefined,
        'X-List': ['a', 'b'],
      };
      const response = yield* connect(url, { jar, headers, unknown: 1 }, close);
      assert.equal(response.headers['Sec-Websocket-Protocol'], 'chat');
      yield* connect(url, { jar: { no: 'jar' } }, close);
      yield* connect(url, null, close);
    },
    host,
  );
  assert.equal(seen[0]?.['cookie'], 'mine=2');
  assert.equal(seen[0]?.['x-a'], 'undefined');
  assert.equal(seen[0]?.['x-list'], 'a,b');
  assert.equal('user-agent' in (seen[0] ?? {}), false);
  assert.equal(seen[1]?.['cookie'], 'other=1');
  assert.equal(seen.length, 3);
  assert.equal(host.samplesOf('ws_sessions')[0]?.tags['subproto'], 'chat');
});

test('open comes after the callback, even when the callback has closed the socket', async () => {
  const lines: string[] = [];
  await runAgainst(await startServer(silent), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('close', (code) => lines.push(`close ${code}`));
      socket.on('open', () => lines.push('open'));
      socket.close();
      lines.push('setup end');
    });
  });
  assert.deepEqual(lines, ['close 1001', 'setup end', 'open']);
});

/** `cause` and `code` of so many `ws_sockets_closed`; connections may end after the iteration. */
async function endsOf(host: FakeHost, count: number): Promise<string[]> {
  while (host.closes.length < count) await new Promise(setImmediate);
  return host.closes.map(({ tags }) => `${tags['cause']} ${tags['code']}`);
}

test('a socket that an exception closes is counted with the code its handlers got', async () => {
  const codes: unknown[] = [];
  const host = await runAgainst(await startServer(silent), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('close', (code) => codes.push(code));
      throw new Error('boom');
    });
  });
  assert.deepEqual(codes, [1001]);
  assert.deepEqual(await endsOf(host, 1), ['terminated 1001']);
});

test('close sends any code and counts once', async () => {
  const lines: string[] = [];
  const closes: number[] = [];
  const server = await startServer((socket) => socket.on('close', (code) => closes.push(code)));
  const host = await runAgainst(server, function* (connect, url) {
    for (const code of [4001, '1000', undefined, 1005]) {
      yield* connect(url, (socket: Socket) => {
        socket.on('close', (c) => lines.push(`close ${c}`));
        socket.close(code);
        socket.close(4002);
      });
    }
  });
  assert.deepEqual(lines, ['close 4001', 'close 1000', 'close 1001', 'close 1005']);
  assert.deepEqual(closes, [4001, 1000, 1001, 1005]);
  assert.deepEqual(await endsOf(host, 4), [
    ...['local-close 4001', 'local-close 1000', 'local-close 1001', 'local-close 1005'],
  ]);
});

test('send after close is an error event, not an exception, and counts', async () => {
  const lines: string[] = [];
  const host = await runAgainst(await startServer(silent), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('open', () => {
        socket.close();
        socket.send('too late');
        socket.ping();
        lines.push('after send');
      });
      socket.on('close', () => lines.push('close'));
      socket.on('error', (e: ErrorObject) => {
        lines.push(`error ${e.error()} ${String(e)} ${formatValue(e)} ${e instanceof Error}`);
        socket.send('again');
      });
    });
  });
  const text = 'websocket: close sent';
  const error = `error ${text} ${text} ${text} false`;
  assert.deepEqual(lines, ['close', error, error, 'after send']);
  assert.equal(host.samplesOf('ws_msgs_sent').length, 3);
});

test('an error handler that may block runs before connect returns', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  await runAgainst(
    await startServer(silent),
    function* (connect, url) {
      yield* connect(url, (socket: Socket) => {
        socket.on('open', () => {
          socket.close();
          socket.send('too late');
        });
        socket.on(
          'error',
          suspendable(host, function* (e) {
            yield* new PauseOp(host, 10);
            lines.push(String(e));
            return undefined;
          }) as () => void, // a user function
        );
      });
      lines.push('returned');
    },
    host,
  );
  assert.deepEqual(lines, ['websocket: close sent', 'returned']);
});

test('send stringifies, sendBinary takes ArrayBuffers only', async () => {
  const received: string[] = [];
  const server = await startServer((socket) => {
    socket.on('message', (data: Buffer, isBinary) =>
      received.push(`${isBinary} ${data.toString()}`),
    );
  });
  const texts: string[] = [];
  const host = await runAgainst(server, function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      for (const value of [5, {}, null, undefined, new ArrayBuffer(2)]) socket.send(value);
      socket.send();
      socket.sendBinary(new Uint8Array([65]).buffer);
      const wrong = [
        'text',
        new Uint8Array(1),
        [1],
        {},
        null,
        undefined,
        5,
        true,
        Symbol('s'),
        () => {},
      ];
      for (const args of [...wrong.map((value) => [value]), []]) {
        try {
          socket.sendBinary(...args);
          texts.push('sent');
        } catch (error) {
          texts.push(String(error));
        }
      }
      socket.close();
    });
  });
  assert.deepEqual(received, [
    'false 5',
    'false [object Object]',
    'false ',
    'false ',
    'false [object ArrayBuffer]',
    'false ',
    'true A',
  ]);
  const types = [
    'String',
    'Uint8Array',
    'Array',
    'Object',
    'null',
    'undefined',
    'Number',
    'Boolean',
    'Symbol',
    'Function',
  ];
  assert.deepEqual(texts, [
    ...types.map((type) => `GoError: expected ArrayBuffer as argument, received: ${type}`),
    'GoError: missing argument, expected ArrayBuffer',
  ]);
  assert.equal(host.samplesOf('ws_msgs_sent').length, 7);
});

test('binary messages come as binaryMessage only', async () => {
  const lines: string[] = [];
  await runAgainst(await startServer(echo), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('open', () => socket.sendBinary(new Uint8Array([1, 255]).buffer));
      socket.on('message', () => lines.push('text'));
      socket.on('binaryMessage', (data) => {
        lines.push(`${data instanceof ArrayBuffer} ${new Uint8Array(data).join()}`);
        socket.close();
      });
    });
  });
  assert.deepEqual(lines, ['true 1,255']);
});

test('several handlers of an event run in order; unknown events and non-functions are ignored', async () => {
  const lines: string[] = [];
  const server = await startServer((socket) => {
    socket.send('m0');
    socket.close(1000);
  });
  await runAgainst(server, function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('no-such', () => lines.push('never'));
      socket.on('message', 'text');
      socket.on('message', undefined);
      for (const name of ['first', 'second']) {
        socket.on('message', function (this: unknown, m) {
          lines.push(`${name} ${m} ${this === undefined}`);
          socket.on('message', () => lines.push('too late'));
        });
      }
      socket.on('close', (c) => lines.push(`close ${c}`));
    });
  });
  assert.deepEqual(lines, ['first m0 true', 'second m0 true', 'close 1000']);
});

for (const [name, act, error, close] of [
  ['closes with 1000', (s) => s.write(rawFrame(8, closePayload(1000))), undefined, 1000],
  ['closes with 1001', (s) => s.write(rawFrame(8, closePayload(1001))), undefined, 1001],
  [
    'closes with 1011',
    (s) => s.write(rawFrame(8, closePayload(1011, 'oops'))),
    ['websocket: close 1011 (internal server error): oops', 1011, 'oops'],
    1011,
  ],
  [
    'closes with 3000',
    (s) => s.write(rawFrame(8, closePayload(3000, 'app'))),
    ['websocket: close 3000: app', 3000, 'app'],
    3000,
  ],
  [
    'closes with 4000',
    (s) => s.write(rawFrame(8, closePayload(4000))),
    ['websocket: close 4000', 4000, ''],
    4000,
  ],
  [
    'closes without a code',
    (s) => s.write(rawFrame(8, '')),
    ['websocket: close 1005 (no status)', 1005, ''],
    1005,
  ],
  [
    'ends TCP',
    (s) => s.end(),
    ['websocket: close 1006 (abnormal closure): unexpected EOF', 1006, 'unexpected EOF'],
    1006,
  ],
  [
    'closes with an illegal code',
    (s) => s.write(rawFrame(8, closePayload(999))),
    ['websocket: close 1002 (protocol error)', undefined, undefined],
    1001,
  ],
  [
    'sends bad UTF-8',
    (s) => s.write(rawFrame(1, Buffer.from([0xff]))),
    ['websocket: close 1007 (invalid payload data)', undefined, undefined],
    1001,
  ],
  [
    'masks a frame',
    (s) => s.write(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 5, 6])),
    ['websocket: close 1002 (protocol error)', undefined, undefined],
    1001,
  ],
] as [
  string,
  (socket: Duplex) => void,
  [string, number | undefined, string | undefined] | undefined,
  number,
][]) {
  test(`the peer ${name}`, async () => {
    const errors: ErrorObject[] = [];
    const closes: number[] = [];
    const server = await startRawServer((socket) => {
      socket.on('data', () => {});
      act(socket);
    });
    const host = await runAgainst(server, function* (connect, url) {
      const response = yield* connect(url, (socket: Socket) => {
        socket.on('error', (e: ErrorObject) => errors.push(e));
        socket.on('close', (code) => closes.push(code));
      });
      assert.equal(response.status, 101);
    });
    assert.deepEqual(host.errors, []);
    assert.deepEqual(closes, [close]);
    assert.equal(errors.length, error === undefined ? 0 : 1);
    if (error !== undefined) {
      assert.ok(errors[0]?.error().includes(error[0]), errors[0]?.error());
      assert.equal(errors[0]?.code, error[1]);
      assert.equal(errors[0]?.text, error[2]);
    }
    assert.equal(host.samplesOf('ws_session_duration').length, 1);
  });
}

test('the peer resets TCP', async () => {
  const lines: string[] = [];
  const server = await startRawServer((socket) => {
    socket.once('data', () => (socket as NetSocket).resetAndDestroy());
  });
  await runAgainst(server, function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      socket.on('open', () => socket.send('go'));
      socket.on('error', (e: ErrorObject) => lines.push(e.error().replace(/^read tcp .*->/, '')));
      socket.on('close', (code) => lines.push(`close ${code}`));
    });
  });
  assert.deepEqual(lines, [
    `127.0.0.1:${server.port}: read: connection reset by peer`,
    'close 1001',
  ]);
});

test('ping and pong: counter payloads, ws_ping, silent unknown pongs; ws_msgs_sent does not count them', async () => {
  const lines: string[] = [];
  const pings: string[] = [];
  const server = await startServer((socket) => {
    socket.on('ping', (data: Buffer) => pings.push(data.toString()));
    socket.pong('zzz');
    socket.ping('knock');
  });
  const host = await runAgainst(server, function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      let count = 0;
      socket.on('open', () => socket.ping());
      socket.on('ping', (...args) => lines.push(`ping ${args.length}`));
      socket.on('pong', (...args) => {
        count += 1;
        lines.push(`pong ${args.length}`);
        if (count === 2) socket.ping();
        if (count === 3) socket.close();
      });
    });
  });
  assert.deepEqual(lines, ['pong 0', 'ping 0', 'pong 0', 'pong 0']);
  assert.deepEqual(pings, ['0', '1']);
  assert.equal(host.samplesOf('ws_ping').length, 2);
  assert.equal(host.samplesOf('ws_msgs_sent').length, 0);
  assert.deepEqual(host.logs, []);
});

test('an exception in a handler closes with 1001 and leaves connect', async () => {
  for (const event of ['open', 'message', 'ping', 'error', 'close', 'setup', 'timer']) {
    const lines: string[] = [];
    const closes: number[] = [];
    const server = await startServer((socket) => {
      socket.on('close', (code) => closes.push(code));
      if (event === 'message') socket.send('m0');
      if (event === 'ping') socket.ping();
      if (event === 'error') socket.close(4000);
      if (event === 'close') socket.close(1000);
    });
    const host = await runAgainst(server, function* (connect, url) {
      try {
        yield* connect(url, (socket: Socket) => {
          const fail = (): never => {
            throw new Error(`${event} broke`);
          };
          if (event !== 'close') socket.on('close', (code) => lines.push(`close ${code}`));
          socket.on(event, fail);
          socket.on(event, () => lines.push('skipped'));
          if (event === 'timer') socket.setTimeout(fail, 1);
          if (event === 'setup') fail();
        });
        lines.push('not reached');
      } catch (error) {
        lines.push(String(error));
      }
    });
    const isLate = event === 'error' || event === 'close';
    assert.deepEqual(lines, [
      ...(event === 'close' ? [] : ['close 1001']),
      `Error: ${event} broke`,
    ]);
    if (!isLate) assert.deepEqual(closes, [1001], event);
    assert.equal(host.samplesOf('ws_session_duration').length, 1);
    assert.deepEqual(host.errors, []);
  }
});

test('handlers that block hold back the events of the socket, in order', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  const server = await startServer((socket) => {
    for (const text of ['m0', 'm1']) socket.send(text);
    socket.close(1000);
  });
  await runAgainst(
    server,
    function* (connect, url) {
      yield* connect(
        url,
        suspendable(host, function* (given) {
          const socket = given as Socket;
          const slow = (name: string): (() => void) =>
            suspendable(host, function* (value) {
              lines.push(`${name} ${String(value)} start`);
              yield* new PauseOp(host, 10);
              lines.push(`${name} ${String(value)} end`);
              return undefined;
            }) as () => void; // a user function
          yield* new PauseOp(host, 20);
          lines.push('setup end');
          socket.on('open', slow('open'));
          socket.on('message', slow('message'));
          socket.on('close', slow('close'));
          return undefined;
        }),
      );
      lines.push('returned');
    },
    host,
  );
  assert.deepEqual(lines, [
    'setup end',
    'open undefined start',
    'open undefined end',
    'message m0 start',
    'message m0 end',
    'message m1 start',
    'message m1 end',
    'close 1000 start',
    'close 1000 end',
    'returned',
  ]);
});

test('close() waits for close handlers that block', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  await runAgainst(
    await startServer(silent),
    function* (connect, url) {
      yield* connect(
        url,
        suspendable(host, function* (given) {
          const socket = given as Socket;
          socket.on(
            'close',
            suspendable(host, function* () {
              yield* new PauseOp(host, 10);
              lines.push('close');
              return undefined;
            }) as () => void, // a user function
          );
          yield* callUser(socket.close, undefined, []);
          lines.push('after close()');
          return undefined;
        }),
      );
    },
    host,
  );
  assert.deepEqual(lines, ['close', 'after close()']);
});

test('close() from code that cannot be suspended: handlers that block run before connect returns', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  await runAgainst(
    await startServer(silent),
    function* (connect, url) {
      yield* connect(url, (socket: Socket) => {
        socket.on('open', () => {
          socket.close();
          lines.push('open end');
        });
        socket.on('close', () => lines.push('plain'));
        socket.on(
          'close',
          suspendable(host, function* (code) {
            yield* new PauseOp(host, 10);
            lines.push(`blocking ${String(code)}`);
            return undefined;
          }) as () => void, // a user function
        );
        socket.on('close', () => lines.push('last'));
      });
      lines.push('returned');
    },
    host,
  );
  assert.deepEqual(lines, ['plain', 'open end', 'blocking 1001', 'last', 'returned']);
  assert.deepEqual(host.errors, []);
});

test('connects nest: the outer socket waits for the inner one', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  const server = await startServer((socket, request) => {
    socket.send(`hello ${request.url}`);
    socket.send('more');
  });
  await runAgainst(
    server,
    function* (connect, url) {
      yield* connect(`${url}/outer`, (outer: Socket) => {
        let count = 0;
        outer.on(
          'message',
          suspendable(host, function* (m) {
            count += 1;
            lines.push(`outer ${String(m)}`);
            if (count === 2) outer.close();
            else {
              yield* connect(`${url}/inner`, (inner: Socket) => {
                inner.on('message', (text) => {
                  lines.push(`inner ${text}`);
                  inner.close();
                });
              });
              lines.push('inner done');
            }
            return undefined;
          }) as () => void, // a user function
        );
      });
    },
    host,
  );
  assert.deepEqual(lines, ['outer hello /outer', 'inner hello /inner', 'inner done', 'outer more']);
  assert.deepEqual(host.errors, []);
});

test('timers fire in order of delay and end with the socket', async () => {
  const lines: string[] = [];
  const host = await runAgainst(await startServer(silent), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      for (const ms of [30, 10, 20]) {
        socket.setTimeout((...args: unknown[]) => lines.push(`at ${ms} ${args.length}`), ms);
      }
      socket.setTimeout(() => lines.push('too late'), 60_000);
      let ticks = 0;
      socket.setInterval(() => {
        ticks += 1;
        if (ticks === 5) socket.close();
      }, 10);
    });
  });
  assert.deepEqual(lines, ['at 10 0', 'at 20 0', 'at 30 0']);
  assert.deepEqual(host.errors, []);
});

test('timer arguments are checked with k6 words', async () => {
  const texts: string[] = [];
  await runAgainst(await startServer(silent), function* (connect, url) {
    yield* connect(url, (socket: Socket) => {
      const nothing = (): void => {};
      const calls = [
        () => socket.setTimeout(nothing, 0),
        () => socket.setTimeout(nothing),
        () => socket.setInterval(nothing, -1.5),
        () => socket.setTimeout(nothing, 1e-9),
        () => socket.setTimeout(nothing, Infinity),
        () => socket.setInterval(nothing, -Infinity),
        () => socket.setInterval(nothing, 'x'),
        () => socket.setTimeout(nothing, 1e22),
        () => socket.setTimeout('x', 5),
        () => socket.setTimeout(undefined, 10),
      ];
      for (const call of calls) {
        try {
          texts.push(`returned ${String(call())}`);
        } catch (error) {
          texts.push(String(error));
        }
      }
      assert.equal(socket.setTimeout(nothing, 0.3), undefined);
      socket.setTimeout(() => socket.close(), 5);
    });
  });
  assert.deepEqual(texts, [
    'GoError: setTimeout requires a >0 timeout parameter, received 0.00',
    'GoError: setTimeout requires a >0 timeout parameter, received 0.00',
    'GoError: setInterval requires a >0 timeout parameter, received -1.50',
    'GoError: setTimeout requires a >0 timeout parameter, received 0.00',
    'GoError: setTimeout requires a >0 timeout parameter, received +Inf',
    'GoError: setInterval requires a >0 timeout parameter, received -Inf',
    'GoError: setInterval requires a >0 timeout parameter, received NaN',
    'GoError: setTimeout requires a >0 timeout parameter, received 10000000000000000000000.00',
    'TypeError: could not convert function call parameter 0: could not convert x to sobek.Callable',
    "GoError: setTimeout's callback isn't a callable function",
  ]);
});

test('late ticks of an interval are dropped, at most two wait', async () => {
  const host = new FakeHost();
  let ticks = 0;
  await runAgainst(
    await startServer(silent),
    function* (connect, url) {
      yield* connect(url, (socket: Socket) => {
        socket.setInterval(() => {
          ticks += 1;
        }, 5);
        socket.setTimeout(
          suspendable(host, function* () {
            const before = ticks;
            yield* new PauseOp(host, 60);
            assert.equal(ticks, before, 'nothing runs while a handler blocks');
            return undefined;
          }),
          1,
        );
        socket.setTimeout(() => socket.close(), 62);
      });
    },
    host,
  );
  assert.ok(ticks >= 2 && ticks <= 4, String(ticks));
});

test('at the end of the test Close 1001 is sent and no handler runs', async () => {
  const lines: string[] = [];
  const closes: number[] = [];
  const server = await startServer((socket) => socket.on('close', (code) => closes.push(code)));
  const host = new FakeHost();
  await runAgainst(
    server,
    function* (connect, url) {
      yield* connect(url, (socket: Socket) => {
        socket.on('open', () => {
          host.setTimer(0, () => host.interrupt());
        });
        socket.on('close', () => lines.push('close'));
        socket.on('error', () => lines.push('error'));
        socket.setTimeout(() => lines.push('timer'), 30);
      });
      lines.push('after');
    },
    host,
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(closes, [1001]);
  assert.deepEqual(
    host.samples.map(({ metric }) => metric),
    ['ws_sessions', 'ws_connecting', 'ws_tcp_connecting', 'ws_upgrading'],
  );
});
