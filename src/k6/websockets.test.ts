import assert from 'node:assert/strict';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket as ServerSocket } from 'ws';
import type { Coroutine } from '../suspend/op.ts';
import { Op, type Resumer } from '../suspend/op.ts';
import { hostFunction } from '../suspend/runtime.ts';
import { Blob } from './blob.ts';
import { formatValue } from './console.ts';
import { CloseEvent, type ErrorEvent, Event, EventTarget, MessageEvent } from './events.ts';
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
import type { BoundWebSocket } from './websocket-class.ts';
import { createWebsocketsModule } from './websockets.ts';

type Handler = ((event: Event) => unknown) | null;

/** The script's view of a socket. */
type Socket = BoundWebSocket & {
  onopen: Handler;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  onping: Handler;
  onpong: Handler;
  readonly CONNECTING: number;
};

interface SocketClass {
  new (url?: unknown, protocols?: unknown, params?: unknown): Socket;
  (url: unknown): Socket;
  readonly CONNECTING: number;
  readonly OPEN: number;
  readonly CLOSING: number;
  readonly CLOSED: number;
  readonly length: number;
}

function scriptOf(host: FakeHost, isExperimental = false): SocketClass {
  return createWebsocketsModule(host, { isExperimental }).named['WebSocket'] as SocketClass; // its script type
}

/** Runs `script` as the iteration of a VU against a server; its exceptions are in `errors` of the host. */
async function runIteration(
  server: LoopbackServer,
  script: (WebSocket: SocketClass, url: string, host: FakeHost) => void,
  host = new FakeHost(),
): Promise<FakeHost> {
  try {
    const WebSocket = scriptOf(host);
    await host.run(() => {
      script(WebSocket, server.url, host);
      return undefined;
    });
  } finally {
    await server.close();
  }
  return host;
}

/** For scripts that do not throw: an exception, of a handler too, fails the test. */
async function runAgainst(
  server: LoopbackServer,
  script: (WebSocket: SocketClass, url: string, host: FakeHost) => void,
  host = new FakeHost(),
): Promise<FakeHost> {
  await runIteration(server, script, host);
  if (host.errors.length > 0) throw host.errors[0];
  return host;
}

/** For scripts that throw, or whose handlers do. */
async function runFailing(
  server: LoopbackServer,
  script: (WebSocket: SocketClass, url: string, host: FakeHost) => void,
  host = new FakeHost(),
): Promise<FakeHost> {
  await runIteration(server, script, host);
  assert.notEqual(host.errors.length, 0, 'the script should have thrown');
  return host;
}

const echo = (socket: ServerSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};

const silent = (): void => {};

/** A user function that may suspend, as the transform makes them. */
function suspendable(
  host: FakeHost,
  body: (...args: unknown[]) => Coroutine,
): (...args: unknown[]) => unknown {
  return hostFunction(host, 'user', 0, body) as (...args: unknown[]) => unknown;
}

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

test('open, echo and close with listeners; samples as k6 counts them', async () => {
  const lines: string[] = [];
  const server = await startServer(echo);
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(`${url}/echo?x=1`);
    ws.addEventListener('open', () => {
      lines.push(`open ${ws.readyState}`);
      ws.send('hello');
    });
    ws.addEventListener('message', (e: MessageEvent) => {
      lines.push(`message ${String(e.data)}`);
      ws.close();
      lines.push(`closing ${ws.readyState}`);
    });
    ws.addEventListener('close', (e: CloseEvent) => {
      lines.push(`close ${e.code} [${e.reason}] ${e.wasClean} ${ws.readyState}`);
    });
    lines.push(`returned ${ws.readyState}`);
  });
  assert.deepEqual(lines, [
    'returned 0',
    'open 1',
    'message hello',
    'closing 2',
    'close 1000 [] true 3',
  ]);
  assert.deepEqual(host.errors, []);
  const url = `${server.url}/echo?x=1`;
  const tags = { group: '', scenario: 'default', name: url, url, status: '101', subproto: '' };
  const [session] = host.samplesOf('ws_sessions');
  assert.deepEqual(session?.tags, tags);
  assert.equal(host.samplesOf('ws_connecting').length, 1);
  assert.equal(host.samplesOf('ws_msgs_sent').length, 2);
  assert.equal(host.samplesOf('ws_msgs_received').length, 1);
  const [duration] = host.samplesOf('ws_session_duration');
  assert.ok(duration !== undefined && session !== undefined);
  assert.ok(duration.timeMs >= session.timeMs + duration.value - 0.001);
  assert.ok(host.sentBytes > 150 && host.receivedBytes > 100);
  assert.equal(host.holdCount, 0);
  assert.equal(host.resources.size, 0);
});

test('the class is WHATWG: constants, instanceof, toString, optional new', async () => {
  const server = await startServer(silent);
  await runAgainst(server, (WebSocket, url) => {
    const { CONNECTING, OPEN, CLOSING, CLOSED } = WebSocket;
    assert.deepEqual([CONNECTING, OPEN, CLOSING, CLOSED], [0, 1, 2, 3]);
    assert.equal(WebSocket.length, 1);
    for (const ws of [new WebSocket(url), WebSocket(url)]) {
      assert.ok(ws instanceof WebSocket);
      assert.ok(ws instanceof EventTarget);
      assert.equal(ws.CONNECTING, 0);
      assert.equal(String(ws), '[object WebSocket]');
      assert.equal(ws.constructor, WebSocket);
      ws.onopen = () => ws.close();
    }
    class Chat extends WebSocket {
      readonly room = 'r';
    }
    const chat = new Chat(url);
    assert.ok(chat instanceof Chat && chat instanceof WebSocket);
    assert.equal(chat.room, 'r');
    chat.onopen = () => chat.close();
  });
});

test('methods taken off their socket work, and may be overridden', async () => {
  const lines: string[] = [];
  const server = await startServer(echo);
  await runAgainst(server, (WebSocket, url) => {
    class Loud extends WebSocket {
      override send(data: unknown): void {
        super.send(`${String(data)}!`);
      }
    }
    const ws = new Loud(url);
    const plain = new WebSocket(url);
    const { addEventListener, ping, close } = plain;
    addEventListener('open', () => {
      ping();
      ['a', 'b'].forEach(plain.send);
      const { send } = plain;
      plain.send = (data) => send(`wrapped ${String(data)}`);
      assert.deepEqual(Object.keys(plain), ['send']);
      plain.send('c');
    });
    plain.onmessage = ({ data }) => {
      lines.push(String(data));
      if (data === 'wrapped c') close();
    };
    plain.onpong = () => lines.push('pong');
    plain.onclose = ({ code }) => lines.push(`close ${code}`);
    ws.onopen = () => ws.send('loud');
    ws.onmessage = ({ data }) => {
      lines.push(String(data));
      ws.close();
    };
  });
  assert.deepEqual(lines.sort(), ['a', 'b', 'close 1000', 'loud!', 'pong', 'wrapped c']);
});

test('a prototype has plain methods, which call and can be replaced; elsewhere they say what is wrong', () => {
  const WebSocket = scriptOf(new FakeHost());
  const { prototype } = WebSocket;
  const { send } = prototype;
  assert.deepEqual([send.length, send], [1, prototype.send]);
  const ws = new WebSocket('ws://127.0.0.1:1/');
  const sent: unknown[] = [];
  prototype.send = function (this: Socket, data: unknown): void {
    sent.push(data, this === ws);
  };
  ws.send('x');
  assert.deepEqual(sent, ['x', true]);
  assert.throws(() => send.call(ws, 'x'), { name: 'InvalidStateError' });
  ws.close();
  for (const use of [
    () => send.call({} as Socket, 'x'),
    () => prototype.url,
    () => prototype.onopen,
    () => Reflect.apply(EventTarget.prototype.removeEventListener, undefined, ['x', null]),
  ]) {
    assert.throws(use, { name: 'TypeError', message: /^Illegal invocation: .* without its/ });
  }
});

test('a method is the same function at each read of send, and works for its own socket only', async () => {
  const lines: string[] = [];
  const server = await startServer(echo);
  await runAgainst(server, (WebSocket, url) => {
    const sockets = ['a', 'b'].map((name) => {
      const ws = new WebSocket(url);
      ws.onmessage = ({ data }) => {
        lines.push(`${name} ${data}`);
        ws.close();
      };
      return ws;
    });
    const [a, b] = sockets;
    assert.ok(a !== undefined && b !== undefined);
    assert.equal(a.send, a.send);
    assert.notEqual(a.send, b.send);
    assert.deepEqual([a.send.name, a.send.length], ['send', 1]);
    const { send } = a;
    a.onopen = () => send.call(b, 'to a');
    b.onopen = () => b.send('to b');
  });
  assert.deepEqual(lines.sort(), ['a to a', 'b to b']);
});

test('VUs whose script does not look at prototypes have classes of their own all the same', async () => {
  const server = await startServer(silent);
  const hosts = [new FakeHost(), new FakeHost()];
  for (const host of hosts) host.looksAtPrototypes = false;
  const [One, Other] = hosts.map((host) => scriptOf(host));
  assert.ok(One !== undefined && Other !== undefined);
  class Chat extends One {
    readonly room = 'r';
  }
  await Promise.all(
    hosts.map((host, i) =>
      host.run(() => {
        const WebSocket = i === 0 ? One : Other;
        for (const ws of [new WebSocket(server.url), WebSocket(server.url)]) {
          assert.equal(ws.constructor, WebSocket);
          assert.ok(ws instanceof WebSocket && ws instanceof EventTarget);
          assert.equal(String(ws), '[object WebSocket]');
          Object.assign(ws, { send: 'mine', constructor: 'too' });
          assert.deepEqual([ws.send, ws.constructor], ['mine', 'too']);
          ws.onopen = () => ws.close();
        }
        Object.assign(WebSocket, { note: i });
        if (i === 1) return undefined;
        const chat = new Chat(server.url);
        assert.deepEqual([chat.constructor, chat.room, chat.CONNECTING], [Chat, 'r', 0]);
        assert.ok(chat instanceof Chat && chat instanceof One);
        chat.onopen = () => chat.close();
        return undefined;
      }),
    ),
  );
  await server.close();
  for (const host of hosts) assert.deepEqual(host.errors, []);
  assert.deepEqual([Reflect.get(One, 'note'), Reflect.get(Other, 'note')], [0, 1]);
  assert.deepEqual([One.OPEN, One.length], [1, 1]);
});

test('url, protocol, extensions, binaryType and bufferedAmount', async () => {
  const server = await startServer(silent);
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    assert.equal(ws.url, `${url}/`, 'normalised');
    assert.throws(() => Object.assign(ws, { url: 'ws://elsewhere' }), TypeError);
    assert.throws(() => Object.assign(ws, { readyState: 3 }), TypeError);
    assert.equal(ws.binaryType, 'blob');
    assert.throws(() => Object.assign(ws, { binaryType: 'foo' }), {
      name: 'GoError',
      message: 'unknown binaryType foo, the supported ones are "blob" and "arraybuffer"',
    });
    ws.binaryType = 'arraybuffer';
    assert.deepEqual(JSON.parse(JSON.stringify(ws)), {
      url: `${url}/`,
      readyState: 0,
      bufferedAmount: 0,
      extensions: '',
      protocol: '',
      binaryType: 'arraybuffer',
    });
    ws.onopen = () => {
      ws.send('héllo');
      assert.equal(ws.bufferedAmount, 6);
      ws.ping();
      assert.equal(ws.bufferedAmount, 6, 'pings are no messages');
      ws.close();
    };
  });
});

test('constructor errors have the right class and k6 words', () => {
  const host = new FakeHost();
  const WebSocket = scriptOf(host);
  const cases: [unknown[], { name: string; message: string | RegExp }][] = [
    [[], { name: 'GoError', message: 'WebSocket requires a url' }],
    [[null], { name: 'GoError', message: 'WebSocket requires a url' }],
    [
      ['ws://bad host:port/'],
      { name: 'SyntaxError', message: /requires valid url.*parse .*invalid port ":port"/ },
    ],
    [['ws://[::1'], { name: 'SyntaxError', message: /missing ']' in host/ }],
    ...(
      [
        ['ws://', 'no host in URL'],
        ['ws://127.0.0.1:99999/', 'invalid port ":99999" after host'],
        ['ws://1.2.3.4.5/', 'invalid host "1.2.3.4.5"'],
      ] as const
    ).map(([url, why]): [string[], { name: string; message: string }] => [
      [url],
      {
        name: 'SyntaxError',
        message: `WebSocket requires valid url, but got "${url}" which resulted in parse "${url}": ${why}`,
      },
    ]),
    [
      ['/foo'],
      { name: 'SyntaxError', message: 'WebSocket requires url with scheme ws or wss, but got ""' },
    ],
    [
      ['ftp://x/'],
      {
        name: 'SyntaxError',
        message: 'WebSocket requires url with scheme ws or wss, but got "ftp"',
      },
    ],
    [
      ['ws://x/#frag'],
      { name: 'SyntaxError', message: 'WebSocket requires no url fragment, but got "frag"' },
    ],
    [['ws://x', ['a', 'a']], { name: 'SyntaxError', message: /'a' is duplicated/ }],
    [['ws://x', 'a b'], { name: 'SyntaxError', message: /'a b' is invalid/ }],
    [['ws://x', null, { foo: 1 }], { name: 'GoError', message: "unknown WebSocket's option foo" }],
    [['ws://x', null, 'text'], { name: 'GoError', message: "unknown WebSocket's option 0" }],
    [
      ['ws://x', null, { compression: '' }],
      {
        name: 'GoError',
        message: "unsupported compression algorithm '', supported algorithm is 'deflate'",
      },
    ],
    [
      ['ws://x', null, { tags: { a: {} } }],
      {
        name: 'GoError',
        message:
          "invalid WebSocket tags option: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
      },
    ],
  ];
  for (const [args, expected] of cases) {
    assert.throws(() => new WebSocket(...args), expected);
  }
  host.phase = 'init';
  assert.throws(() => new WebSocket('ws://x'), {
    message: 'using websockets in the init context is not supported',
  });
  assert.equal(host.holdCount, 0);
});

test('http and https URLs stand for ws and wss; case of the scheme and a bare # do not matter', async () => {
  const server = await startServer(silent);
  const host = await runAgainst(server, (WebSocket, url) => {
    const mapped = new WebSocket(`${url.replace('ws', 'http')}/x`);
    assert.equal(mapped.url, `${url}/x`);
    const upper = new WebSocket(`${url.replace('ws', 'WS')}/x#`);
    assert.equal(upper.url, `${url}/x`);
    for (const ws of [mapped, upper]) ws.onopen = () => ws.close();
    assert.throws(() => new WebSocket(`${url}/x#y`), { name: 'SyntaxError' });
  });
  const tagged = host.samplesOf('ws_sessions').map(({ tags }) => tags['url']);
  assert.deepEqual(tagged, [`${server.url}/x`, `${server.url}/x`]);
});

test('credentials in the URL go into the request and not into the tags', async () => {
  let authorization: string | undefined;
  const server = await startServer((socket, request) => {
    authorization = request.headers.authorization;
    socket.close(1000);
  });
  const host = await runAgainst(server, (WebSocket, url) => {
    new WebSocket(url.replace('ws://', 'ws://us%20er:pass@'));
  });
  assert.equal(authorization, `Basic ${btoa('us er:pass')}`);
  assert.equal(
    host.samplesOf('ws_sessions')[0]?.tags['url'],
    `${server.url.replace('ws://', 'ws://****:****@')}/`,
  );
});

test('a refused dial: error with k6 words, close 1006, a session but no duration', async () => {
  const port = await closedPort();
  const lines: string[] = [];
  const host = new FakeHost();
  const WebSocket = scriptOf(host);
  await host.run(() => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`);
    ws.onopen = () => lines.push('open');
    ws.onerror = (e) => lines.push(`error ${String(e.error)} ${e.message === e.error}`);
    ws.onclose = (e) => lines.push(`close ${e.code} [${e.reason}] ${e.wasClean}`);
    return undefined;
  });
  assert.deepEqual(lines, [
    `error dial tcp 127.0.0.1:${port}: connect: connection refused true`,
    'close 1006 [] false',
  ]);
  assert.deepEqual(host.errors, []);
  const [session] = host.samplesOf('ws_sessions');
  assert.equal(session?.tags['status'], undefined);
  assert.equal(host.samplesOf('ws_connecting').length, 1);
  assert.equal(host.samplesOf('ws_session_duration').length, 0);
});

test('a refused upgrade: bad handshake, with the status as a tag and its cookies kept', async () => {
  const server = await startUpgradeServer((_request, socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\nSet-Cookie: sid=7\r\nContent-Length: 2\r\n\r\nno');
  });
  const texts: unknown[] = [];
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onerror = (e) => texts.push(e.error);
  });
  assert.deepEqual(texts, ['websocket: bad handshake']);
  assert.equal(host.samplesOf('ws_sessions')[0]?.tags['status'], '403');
  assert.equal(host.cookies.headerFor(server.url), 'sid=7');
});

test('protocol headers among params.headers fail the dial', async () => {
  const texts: unknown[] = [];
  const server = await startServer(silent);
  await runAgainst(server, (WebSocket, url) => {
    for (const name of ['upgrade', 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol']) {
      const ws = new WebSocket(url, ['chat'], { headers: { [name]: 'x' } });
      ws.onerror = (e) => texts.push(e.error);
    }
  });
  assert.deepEqual(texts, [
    'websocket: duplicate header not allowed: Upgrade',
    'websocket: duplicate header not allowed: Sec-Websocket-Key',
    'websocket: duplicate header not allowed: Sec-Websocket-Protocol',
  ]);
});

test('headers, User-Agent, cookies and subprotocols reach the server', async () => {
  const seen: Record<string, unknown>[] = [];
  const server = await startServer((_socket, request) => {
    seen.push({ ...request.headers });
  });
  const host = new FakeHost();
  host.cookies.setCookie(server.url, 'code', '1');
  const protocols: string[] = [];
  await runAgainst(
    server,
    (WebSocket, url) => {
      const first = new WebSocket(url, ['chat', 'superchat'], {
        headers: { 'x-number': 7, Host: 'example.test' },
      });
      first.onopen = () => {
        protocols.push(first.protocol);
        first.close();
        const second = new WebSocket(url, undefined, {
          headers: { 'User-Agent': 'me', Cookie: 'mine=2' },
        });
        second.onopen = () => second.close();
      };
    },
    host,
  );
  assert.equal(seen[0]?.['x-number'], '7');
  assert.equal(seen[0]?.['host'], 'example.test');
  assert.equal(seen[0]?.['user-agent'], 'gharial-test');
  assert.equal(seen[0]?.['cookie'], 'code=1');
  assert.equal(seen[0]?.['sec-websocket-protocol'], 'chat, superchat');
  assert.equal(seen[1]?.['user-agent'], 'me');
  assert.equal(seen[1]?.['cookie'], 'mine=2');
  assert.deepEqual(protocols, ['chat']);
  assert.equal(host.samplesOf('ws_sessions')[0]?.tags['subproto'], 'chat');
});

test('a name tag is the url tag too; tags and metadata are frozen at construction', async () => {
  const server = await startServer(silent);
  const host = new FakeHost();
  host.metadata = new Map([['vu', '1']]);
  await runAgainst(
    server,
    (WebSocket, url) => {
      host.setTags(host.tags.with('group', '::a'));
      const ws = new WebSocket(url, null, { tags: { name: 'my room', n: 7 } });
      host.setTags(host.tags.with('group', ''));
      host.setMetadata(new Map());
      ws.onopen = () => ws.close();
    },
    host,
  );
  for (const sample of host.samples) {
    assert.equal(sample.tags['group'], '::a');
    assert.equal(sample.tags['name'], 'my room');
    assert.equal(sample.tags['url'], 'my room');
    assert.equal(sample.tags['n'], '7');
    assert.equal(sample.metadata.get('vu'), '1');
  }
  assert.deepEqual(
    host.samples.map(({ metric }) => metric),
    [
      'ws_sessions',
      'ws_connecting',
      'ws_tcp_connecting',
      'ws_upgrading',
      'ws_msgs_sent',
      'ws_session_duration',
    ],
  );
});

test('disabled system tags are left out; ip is added when enabled', async () => {
  const server = await startServer(silent);
  const host = new FakeHost();
  for (const name of ['url', 'name', 'status', 'subproto']) host.disabledSystemTags.add(name);
  host.disabledSystemTags.delete('ip');
  await runAgainst(
    server,
    (WebSocket, url) => {
      const ws = new WebSocket(url);
      ws.onopen = () => ws.close();
    },
    host,
  );
  assert.deepEqual(host.samplesOf('ws_sessions')[0]?.tags, {
    group: '',
    scenario: 'default',
    ip: '127.0.0.1',
  });
});

test('event objects have the fields of both worlds', async () => {
  const lines: unknown[] = [];
  const server = await startServer(echo);
  await runAgainst(server, (WebSocket, base) => {
    const url = `${base}/x`;
    const ws = new WebSocket(url);
    ws.onopen = (e) => {
      lines.push([
        e instanceof Event,
        e.type,
        e.target === ws,
        e.currentTarget === ws,
        e.isTrusted,
      ]);
      lines.push(Math.abs(e.timestamp - Date.now()) < 1000);
      lines.push(Math.abs(e.timeStamp - performance.now()) < 1000);
      ws.send('hey');
    };
    ws.onmessage = function (this: unknown, e) {
      lines.push([this === ws, e instanceof MessageEvent, e.data, e.origin === url]);
      lines.push(Object.keys(JSON.parse(JSON.stringify(e))));
      ws.close(3001, 'rsn');
    };
    ws.onerror = (e) => lines.push(e.error);
    ws.onclose = (e) => lines.push([e instanceof CloseEvent, e.code, e.reason, e.wasClean]);
  });
  assert.deepEqual(lines, [
    [true, 'open', true, true, true],
    true,
    true,
    [true, true, 'hey', true],
    ['type', 'target', 'timestamp', 'data', 'origin'],
    'websocket: close 3001: rsn',
    [true, 3001, 'rsn', true],
  ]);
});

test('the on… handler runs first, listeners in order; a listener added meanwhile waits', async () => {
  const lines: string[] = [];
  const server = await startServer((socket) => {
    socket.send('m0');
    socket.close(1000);
  });
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.addEventListener('message', () => {
      lines.push('listener 1');
      ws.addEventListener('message', () => lines.push('too late'));
    });
    ws.addEventListener('message', () => lines.push('listener 2'));
    ws.onmessage = () => lines.push('on');
    ws.addEventListener('close', () => lines.push('listener close'));
    ws.onclose = () => lines.push('on close');
  });
  assert.deepEqual(lines, ['on', 'listener 1', 'listener 2', 'on close', 'listener close']);
});

test('on… properties: null at first, the function afterwards, nothing but functions', () => {
  const host = new FakeHost();
  const ws = new (scriptOf(host))('ws://u@127.0.0.1/');
  const handler = (): void => {};
  assert.equal(ws.onmessage, null);
  ws.onmessage = handler;
  assert.equal(ws.onmessage, handler);
  ws.onmessage = null;
  assert.equal(ws.onmessage, null);
  assert.throws(() => Object.assign(ws, { onclose: 'text' }), {
    name: 'GoError',
    message: "a value for 'onclose' should be callable",
  });
});

test('addEventListener: once, dedupe, objects, signal, removal, unknown types, missing callbacks', async () => {
  const lines: string[] = [];
  const server = await startServer((socket) => {
    for (const text of ['m0', 'm1']) socket.send(text);
    socket.close(1000);
  });
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    const twice = (e: MessageEvent): void => {
      lines.push(`twice ${String(e.data)}`);
    };
    ws.addEventListener('message', twice);
    ws.addEventListener('message', twice);
    ws.addEventListener('message', (e: MessageEvent) => lines.push(`once ${String(e.data)}`), {
      once: true,
    });
    const object = {
      handleEvent(e: MessageEvent): void {
        lines.push(`object ${this === object} ${String(e.data)}`);
        ws.removeEventListener('message', object);
      },
    };
    ws.addEventListener('message', object);
    const aborter = new AbortController();
    ws.addEventListener('message', () => lines.push('never'), { signal: aborter.signal });
    aborter.abort();
    ws.addEventListener('no-such', () => {});
    assert.throws(() => ws.addEventListener('no-such', null), {
      message: 'handler for event type "no-such" isn\'t a callable function',
    });
    assert.throws(() => ws.addEventListener('open', undefined), {
      message: 'handler for event type "open" isn\'t a callable function',
    });
    assert.throws(() => ws.addEventListener('open', 'str'), TypeError);
  });
  assert.deepEqual(lines, ['twice m0', 'once m0', 'object true m0', 'twice m1']);
  assert.deepEqual(host.logs, [
    { level: 'warning', message: "can't add event handler: unknown event type: no-such" },
  ]);
});

test('console, Object.keys and spreading show events and sockets as plain objects', async () => {
  const server = await startServer(silent);
  const lines: string[] = [];
  await runAgainst(server, (WebSocket, url) => {
    const ws = Object.assign(new WebSocket(url), { room: 'r' });
    ws.onopen = () => ws.close(1000, 'bye');
    ws.onclose = (event) => {
      assert.deepEqual(Object.keys(event), [
        ...['type', 'target', 'timestamp', 'code', 'reason', 'wasClean'],
      ]);
      assert.deepEqual(
        { ...event, timestamp: 0, target: null },
        {
          ...{ type: 'close', target: null, timestamp: 0 },
          ...{ code: 1000, reason: 'bye', wasClean: true },
        },
      );
      assert.throws(() => Object.assign(event, { code: 1 }), TypeError);
      lines.push(
        formatValue({ event })
          .replace(url, 'URL')
          .replace(/timestamp: [\d.]+/, 'TIME'),
      );
    };
    lines.push(formatValue(WebSocket.prototype));
  });
  const socket =
    '{ url: "URL/", readyState: 3, bufferedAmount: 0, extensions: "", protocol: "", binaryType: "blob", room: "r" }';
  assert.deepEqual(lines, [
    '{}',
    `{ event: { type: "close", target: ${socket}, TIME, code: 1000, reason: "bye", wasClean: true } }`,
  ]);
});

test('dispatchEvent delivers script-made events', () => {
  const host = new FakeHost();
  const ws = new (scriptOf(host))('ws://u@127.0.0.1/');
  const seen: unknown[] = [];
  ws.addEventListener('message', (e: MessageEvent) => {
    seen.push(e.data, e.target === ws, e.isTrusted);
    e.preventDefault();
  });
  assert.equal(ws.dispatchEvent(new MessageEvent('message', { data: 5, cancelable: true })), false);
  assert.equal(ws.dispatchEvent(new Event('close')), true);
  assert.deepEqual(seen, [5, true, false]);
  assert.throws(() => ws.dispatchEvent({ type: 'close' }), TypeError);
});

test('send and ping before open throw InvalidStateError; afterwards too', async () => {
  const texts: string[] = [];
  const server = await startServer(silent);
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    const attempt = (): void => {
      for (const call of [() => ws.send('x'), () => ws.ping()]) {
        try {
          call();
          texts.push('accepted');
        } catch (error) {
          assert.ok(error instanceof DOMException);
          texts.push(`${error.name} ${error.message} ${String(error)}`);
        }
      }
    };
    attempt();
    ws.onopen = () => {
      ws.close();
      attempt();
    };
    ws.onclose = attempt;
  });
  assert.equal(texts.length, 6);
  for (const text of texts) {
    assert.equal(text, 'InvalidStateError InvalidStateError InvalidStateError');
  }
});

test('send takes text, buffers, views and Blobs and names the type of anything else', async () => {
  const received: [boolean, string][] = [];
  const server = await startServer((socket) => {
    socket.on('message', (data: Buffer, isBinary) =>
      received.push([isBinary, data.toString('hex')]),
    );
  });
  const refused: string[] = [];
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onopen = () => {
      ws.send('é\ud800');
      ws.send(new Uint8Array([1, 2]).buffer);
      ws.send(new Uint16Array([0x0102, 0x0304]).subarray(1));
      ws.send(new DataView(new Uint8Array([9, 8, 7]).buffer, 1, 1));
      ws.send(new Blob(['a', new Uint8Array([5])]));
      for (const value of [
        42,
        4.5,
        true,
        { a: 1 },
        [1],
        null,
        undefined,
        () => {},
        5n,
        new Date(),
      ]) {
        try {
          ws.send(value);
        } catch (error) {
          refused.push(String(error));
        }
      }
      ws.close();
    };
  });
  assert.deepEqual(received, [
    [false, 'c3a9efbfbd'],
    [true, '0102'],
    [true, '0403'],
    [true, '08'],
    [true, '6105'],
  ]);
  const types = [
    'int64',
    'float64',
    'bool',
    'map[string]interface {}',
    '[]interface {}',
    '<nil>',
    '<nil>',
    'func(sobek.FunctionCall) sobek.Value',
    '*big.Int',
    'time.Time',
  ];
  assert.deepEqual(
    refused,
    types.map((type) => `GoError: unsupported send type ${type}`),
  );
  assert.equal(host.samplesOf('ws_msgs_sent').length, 6);
});

test('close checks its arguments with k6 words and leaves the socket open', async () => {
  const lines: string[] = [];
  const closes: [number, string][] = [];
  const server = await startServer((socket) => {
    socket.on('close', (code, reason) => closes.push([code, reason.toString()]));
  });
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onopen = () => {
      for (const args of [
        [1001],
        [2999],
        [5000],
        [Infinity],
        [-1e300],
        [1000, 'r'.repeat(124)],
        [1000, 'é'.repeat(62)],
      ]) {
        try {
          ws.close(...args);
          lines.push('accepted');
        } catch (error) {
          assert.ok(error instanceof DOMException);
          lines.push(`${error.name}: ${error.message}`);
        }
      }
      lines.push(`still ${ws.readyState}`);
      ws.close('3000', 'r'.repeat(123));
      ws.close(9999);
    };
    ws.onclose = (e) => lines.push(`close ${e.code} ${e.reason.length}`);
  });
  const range =
    "InvalidAccessError: InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999.";
  const long =
    "SyntaxError: SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than 123 bytes";
  assert.deepEqual(lines, [
    `${range} 1001 is neither`,
    `${range} 2999 is neither`,
    `${range} 5000 is neither`,
    `${range} 9223372036854775807 is neither`,
    `${range} -9223372036854775808 is neither`,
    long,
    long,
    'still 1',
    'close 3000 123',
  ]);
  assert.deepEqual(closes, [[3000, 'r'.repeat(123)]]);
});

test('codes that are no number mean 1000', async () => {
  const closes: number[] = [];
  const server = await startServer((socket) => {
    socket.on('close', (code) => closes.push(code));
  });
  await runAgainst(server, (WebSocket, url) => {
    for (const code of [undefined, null, 'x', 0, 1000.9]) {
      const ws = new WebSocket(url);
      ws.onopen = () => ws.close(code);
    }
  });
  assert.deepEqual(closes, [1000, 1000, 1000, 1000, 1000]);
});

/** Tags of the one `ws_sockets_closed`; the connection may end after the iteration. */
async function closeOf(host: FakeHost): Promise<Readonly<Record<string, string>>> {
  while (host.closes.length === 0) await new Promise(setImmediate);
  assert.equal(host.closes.length, 1);
  return host.closes[0]?.tags ?? {};
}

test('a socket that never opens is an ended connection with the kind of error', async () => {
  const port = await closedPort();
  const host = new FakeHost();
  const WebSocket = scriptOf(host);
  await host.run(() => {
    new WebSocket(`ws://127.0.0.1:${port}/`);
    return undefined;
  });
  const { code, cause, reason } = await closeOf(host);
  assert.deepEqual(
    { code, cause, reason },
    { code: '1006', cause: 'dial-failed', reason: 'connection refused' },
  );
  assert.equal(host.socketsOpen, 0);
});

for (const [code, reason, error] of [
  [1000, 'bye', ''],
  [1001, '', ''],
  [1011, 'oops', 'websocket: close 1011 (internal server error): oops'],
  [3000, 'app', 'websocket: close 3000: app'],
  [4000, '', 'websocket: close 4000'],
] as const) {
  test(`the peer closes with ${code}`, async () => {
    const lines: string[] = [];
    const server = await startServer((socket) => socket.close(code, reason));
    const host = await runAgainst(server, (WebSocket, url) => {
      const ws = new WebSocket(url);
      ws.onerror = (e) => lines.push(`error ${String(e.error)} ${ws.readyState}`);
      ws.onclose = (e) => lines.push(`close ${e.code} [${e.reason}] ${ws.readyState}`);
    });
    const expected = error === '' ? [] : [`error ${error} 3`];
    assert.deepEqual(lines, [...expected, `close ${code} [${reason}] 3`]);
    const tags = await closeOf(host);
    assert.deepEqual(
      [tags['code'], tags['cause'], tags['reason']],
      [String(code), 'peer-close', reason === '' ? undefined : reason],
    );
    assert.equal(tags['status'], '101');
    assert.equal(host.socketsOpen, 0);
  });
}

for (const [name, act, error, close] of [
  [
    'closes without a code',
    (s) => s.write(rawFrame(8, '')),
    'websocket: close 1005 (no status)',
    'close 1005 [] true',
  ],
  [
    'ends TCP',
    (s) => s.end(),
    'websocket: close 1006 (abnormal closure): unexpected EOF',
    'close 1006 [] false',
  ],
  [
    'breaks the protocol',
    (s) => s.write(rawFrame(3, 'bad')),
    'websocket: close 1002 (protocol error)',
    'close 1006 [] false',
  ],
  [
    'sends bad UTF-8',
    (s) => s.write(rawFrame(1, Buffer.from([0x61, 0xff]))),
    'websocket: close 1007 (invalid payload data)',
    'close 1006 [] false',
  ],
  [
    'closes with an illegal code',
    (s) => s.write(rawFrame(8, closePayload(1005))),
    'websocket: close 1002 (protocol error)',
    'close 1006 [] false',
  ],
] as [string, (socket: Duplex) => void, string, string][]) {
  test(`the peer ${name}`, async () => {
    const lines: string[] = [];
    const server = await startRawServer((socket) => {
      socket.on('data', () => {});
      act(socket);
    });
    await runAgainst(server, (WebSocket, url) => {
      const ws = new WebSocket(url);
      ws.onerror = (e) => lines.push(String(e.error));
      ws.onclose = (e) => lines.push(`close ${e.code} [${e.reason}] ${e.wasClean}`);
    });
    assert.equal(lines.length, 2);
    assert.ok(lines[0]?.includes(error), lines[0]);
    assert.equal(lines[1], close);
  });
}

test('the peer resets TCP', async () => {
  const lines: string[] = [];
  const server = await startRawServer((socket) => {
    socket.once('data', () => (socket as NetSocket).resetAndDestroy());
  });
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onopen = () => ws.send('go');
    ws.onerror = (e) => lines.push(String(e.error).replace(/^read tcp .*->/, ''));
    ws.onclose = (e) => lines.push(`close ${e.code} [${e.reason}] ${e.wasClean}`);
  });
  assert.deepEqual(lines, [
    `127.0.0.1:${server.port}: read: connection reset by peer`,
    'close 1006 [] false',
  ]);
});

test('last words and Close in one packet are both delivered', async () => {
  const lines: string[] = [];
  const server = await startRawServer((socket) => {
    socket.on('data', () => {});
    socket.write(Buffer.concat([rawFrame(1, 'last words'), rawFrame(8, closePayload(1000))]));
  });
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onmessage = (e) => {
      lines.push(String(e.data));
      ws.send('into the void');
    };
    ws.onclose = (e) => lines.push(`close ${e.code}`);
  });
  assert.deepEqual(lines, ['last words', 'close 1000']);
  assert.deepEqual(host.errors, []);
});

test('messages that arrive while closing are dropped and not counted', async () => {
  const lines: string[] = [];
  const server = await startRawServer((socket) => {
    socket.write(Buffer.concat([rawFrame(1, 'm0'), rawFrame(1, 'm1')]));
    socket.on('data', () => socket.end(rawFrame(8, closePayload(1000))));
  });
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onmessage = (e) => {
      lines.push(String(e.data));
      ws.close();
    };
  });
  assert.deepEqual(lines, ['m0']);
  assert.equal(host.samplesOf('ws_msgs_received').length, 1);
});

test('binary messages are Blobs by default, ArrayBuffers on request and for the experimental path', async () => {
  const lines: string[] = [];
  const serve = (socket: ServerSocket): void => socket.send(Buffer.from([1, 2, 3]));
  await runAgainst(await startServer(serve), (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onmessage = (e) => {
      lines.push(`${e.data instanceof Blob} ${String(e.data)}`);
      ws.close();
    };
    const other = new WebSocket(url);
    other.binaryType = 'arraybuffer';
    other.onmessage = (e) => {
      lines.push(String(e.data instanceof ArrayBuffer && e.data.byteLength));
      other.close();
    };
  });
  assert.deepEqual(lines.sort(), ['3', 'true [object Blob]']);

  const server = await startServer(serve);
  const host = new FakeHost();
  const WebSocket = scriptOf(host, true);
  scriptOf(host, true);
  let bytes: number[] = [];
  await host.run(() => {
    const ws = new WebSocket(server.url);
    ws.onmessage = (e) => {
      bytes = [...new Uint8Array(e.data as ArrayBuffer)]; // what such scripts do
      ws.close();
    };
    return undefined;
  });
  await server.close();
  assert.deepEqual(bytes, [1, 2, 3]);
  assert.deepEqual(
    host.logs.map(({ message }) => message),
    [
      'k6/experimental/websockets is deprecated and will be removed in a future release. Please use k6/websockets instead.',
    ],
  );
});

test('ping and pong: events, counter payloads, ws_ping, unknown pongs', async () => {
  const lines: string[] = [];
  const pings: string[] = [];
  const server = await startServer((socket) => {
    socket.on('ping', (data: Buffer) => pings.push(data.toString()));
    socket.on('pong', (data: Buffer) => pings.push(`answer ${data.toString()}`));
    socket.ping('knock');
    socket.pong('zzz');
  });
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    let count = 0;
    ws.onopen = () => ws.ping();
    ws.onping = (e) => lines.push(e.type);
    ws.onpong = (e) => {
      lines.push(e.type);
      count += 1;
      if (count === 2) ws.ping();
      if (count === 3) ws.close();
    };
  });
  assert.deepEqual(lines, ['ping', 'pong', 'pong', 'pong']);
  assert.deepEqual(
    pings,
    ['0', 'answer knock', '1'].sort((a, b) => (pings.indexOf(a) < pings.indexOf(b) ? -1 : 1)),
  );
  assert.equal(host.samplesOf('ws_ping').length, 2);
  assert.equal(host.samplesOf('ws_msgs_sent').length, 3);
  assert.deepEqual(host.logs, [
    { level: 'warning', message: 'received pong for unknown ping ID zzz' },
  ]);
});

test('a throwing message listener cuts the connection: error, close, then the iteration fails', async () => {
  const lines: string[] = [];
  const closes: number[] = [];
  const server = await startServer((socket) => {
    socket.on('close', (code) => closes.push(code));
    for (const text of ['m0', 'm1']) socket.send(text);
  });
  const host = await runFailing(server, (WebSocket, url) => {
    const other = new WebSocket(url);
    other.onclose = (e) => {
      lines.push(`other close ${e.code}`);
      throw new Error('swallowed');
    };
    other.onopen = () => {
      const ws = new WebSocket(url);
      ws.onmessage = (e) => {
        lines.push(`got ${String(e.data)}`);
        throw new Error('cannot cope');
      };
      ws.addEventListener('message', () => lines.push('skipped'));
      ws.onerror = (e) => lines.push(`error ${String(e.error)}`);
      ws.onclose = (e) => lines.push(`close ${e.code}`);
    };
  });
  assert.deepEqual(lines, ['got m0', 'error Error: cannot cope', 'close 1006', 'other close 1000']);
  assert.equal(host.errors.length, 1);
  assert.match(String(host.errors[0]), /cannot cope/);
  assert.deepEqual(closes.sort(), [1000, 1006]);
  assert.equal(host.holdCount, 0);
});

test('an error listener that throws leaves no close event', async () => {
  const lines: string[] = [];
  const host = new FakeHost();
  const WebSocket = scriptOf(host);
  await host.run(() => {
    const ws = new WebSocket('ws://u@127.0.0.1/');
    ws.onerror = () => {
      throw new Error('error broke');
    };
    ws.onclose = () => lines.push('close');
    return undefined;
  });
  assert.deepEqual(lines, []);
  assert.match(String(host.errors[0]), /error broke/);
  assert.equal(host.holdCount, 0);
});

test('a throwing ping listener fails the iteration, which closes the socket with 1000', async () => {
  const lines: string[] = [];
  const server = await startServer((socket) => socket.ping());
  const host = await runFailing(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onping = () => {
      throw new Error('ping broke');
    };
    ws.onerror = () => lines.push('error');
    ws.onclose = (e) => lines.push(`close ${e.code}`);
  });
  assert.deepEqual(lines, ['close 1000']);
  assert.equal(host.errors.length, 1);
  const { cause, code } = await closeOf(host);
  assert.deepEqual([cause, code], ['terminated', '1000']);
});

test('a socket still dialing when the iteration fails sees its dial cancelled', async () => {
  const lines: string[] = [];
  const server = await startUpgradeServer(() => {});
  await runFailing(server, (WebSocket, url, host) => {
    const ws = new WebSocket(url);
    ws.onerror = (e) => lines.push(String(e.error));
    ws.onclose = (e) => lines.push(`close ${e.code}`);
    host.setTimer(20, () =>
      host.post(() => {
        throw new Error('elsewhere');
      }),
    );
  });
  assert.deepEqual(lines, [
    `dial tcp 127.0.0.1:${server.port}: operation was canceled`,
    'close 1006',
  ]);
});

test('close() while connecting fails the connection and does not block', async () => {
  const lines: string[] = [];
  const server = await startUpgradeServer(() => {});
  await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url);
    ws.onopen = () => lines.push('open');
    ws.onerror = (e) => lines.push(String(e.error));
    ws.onclose = (e) => lines.push(`close ${e.code} ${e.wasClean}`);
    ws.close();
    lines.push(`state ${ws.readyState}`);
  });
  assert.deepEqual(lines, [
    'state 2',
    `dial tcp 127.0.0.1:${server.port}: operation was canceled`,
    'close 1006 false',
  ]);
});

test('at the end of the test sockets send Close 1000 and no handler runs', async () => {
  const lines: string[] = [];
  let onServerClose = (_code: number): void => {};
  const closed = new Promise<number>((resolve) => {
    onServerClose = resolve;
  });
  const server = await startServer((socket) => socket.on('close', onServerClose));
  const host = new FakeHost();
  const WebSocket = scriptOf(host);
  host.post(() => {
    const ws = new WebSocket(server.url);
    ws.onopen = () => {
      host.setTimer(0, () => host.interrupt());
    };
    ws.onclose = () => lines.push('close');
    ws.onerror = () => lines.push('error');
    return undefined;
  });
  assert.equal(await closed, 1000);
  assert.deepEqual(lines, []);
  await server.close();
});

test('listeners that suspend hold back the next events of the VU, in order', async () => {
  const lines: string[] = [];
  const server = await startServer((socket) => {
    for (const text of ['m0', 'm1']) socket.send(text);
  });
  const host = await runAgainst(server, (WebSocket, url, vu) => {
    const ws = new WebSocket(url);
    ws.onmessage = suspendable(vu, function* (event): Coroutine<void> {
      assert.ok(event instanceof MessageEvent);
      const text = String(event.data);
      lines.push(`${text} start`);
      yield* new PauseOp(vu, 20);
      lines.push(`${text} end`);
      if (text === 'm1') ws.close();
    });
    ws.addEventListener('message', (e: MessageEvent) => lines.push(`second ${String(e.data)}`));
  });
  assert.deepEqual(lines, ['m0 start', 'm0 end', 'second m0', 'm1 start', 'm1 end', 'second m1']);
  assert.deepEqual(host.errors, []);
});

test('a suspended listener that throws ends the socket like any other', async () => {
  const lines: string[] = [];
  const server = await startServer(silent);
  const host = await runFailing(server, (WebSocket, url, vu) => {
    const ws = new WebSocket(url);
    ws.onopen = suspendable(vu, function* (): Coroutine<void> {
      yield* new PauseOp(vu, 5);
      throw new Error('late');
    });
    ws.onerror = (e) => lines.push(String(e.error).slice(0, 11));
    ws.onclose = (e) => lines.push(`close ${e.code}`);
  });
  assert.deepEqual(lines, ['Error: late', 'close 1006']);
  assert.equal(host.errors.length, 1);
  assert.equal(host.samplesOf('ws_session_duration').length, 1);
});

test('compression is offered, used both ways and told by extensions', async () => {
  const text = 'squeeze me '.repeat(2000);
  const server = await startServer(echo, { perMessageDeflate: { threshold: 0 } });
  const host = await runAgainst(server, (WebSocket, url) => {
    const ws = new WebSocket(url, null, { compression: ' deflate ' });
    ws.onopen = () => {
      assert.match(ws.extensions, /permessage-deflate/);
      ws.send(text);
    };
    ws.onmessage = (e) => {
      assert.equal(e.data, text);
      ws.close();
    };
  });
  assert.deepEqual(host.errors, []);
  assert.ok(host.sentBytes < 2000 && host.receivedBytes < 2000);
});
