import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloseEvent, type Event } from './events.ts';
import { FakeHost } from './testing/fake-host.ts';
import { startServer } from './testing/loopback-server.ts';
import { createGlobalWebSocket } from './websockets.ts';

interface Socket extends EventTarget {
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
  readonly url: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(...data: unknown[]): void;
  close(code?: unknown, reason?: unknown): void;
}

type SocketClass = new (...args: unknown[]) => Socket;

function classOf(host: FakeHost, baseUrl?: string): SocketClass {
  return createGlobalWebSocket(host, () => baseUrl) as SocketClass; // its script type
}

test('relative URLs are relative to the location a script has set, and carry its origin', async () => {
  let origin: string | undefined;
  let path: string | undefined;
  const server = await startServer((socket, request) => {
    ({ origin } = request.headers);
    path = request.url;
    socket.close(1000);
  });
  const host = new FakeHost();
  const page = server.url.replace('ws:', 'http:');
  const WebSocket = classOf(host, `${page}/app/index.html`);
  await host.run(() => {
    assert.equal(new WebSocket('live?a b').url, `${server.url}/app/live?a%20b`);
    return undefined;
  });
  await server.close();
  assert.deepEqual([origin, path], [page, '/app/live?a%20b']);
  assert.throws(() => new (classOf(host))('live'), { name: 'SyntaxError' });
});

test('events come in the order of the standard, and closing without a code is 1005', async () => {
  const server = await startServer((socket) => {
    socket.on('message', (data) => socket.send(String(data)));
  });
  const host = new FakeHost();
  const WebSocket = classOf(host);
  const lines: string[] = [];
  await host.run(() => {
    const socket = new WebSocket(server.url);
    socket.addEventListener('message', () => lines.push('listener'));
    socket.onmessage = (event: MessageEvent) => {
      lines.push(`handler ${event.data} from ${event.origin}`);
      socket.close();
      socket.send('late');
      lines.push(`buffered ${socket.bufferedAmount}`);
    };
    socket.onopen = (event: Event) => {
      lines.push(String(event));
      socket.send(null);
    };
    socket.onclose = (event: CloseEvent) => {
      lines.push(`${event.code} ${event.wasClean} buffered ${socket.bufferedAmount}`);
    };
    return undefined;
  });
  await server.close();
  assert.deepEqual(lines, [
    '[object Event]',
    'listener',
    `handler null from ${server.url}`,
    'buffered 4',
    '1005 true buffered 4',
  ]);
});

test('handlers that are no functions count as none, objects are kept and not called', () => {
  const host = new FakeHost();
  const WebSocket = classOf(host);
  host.run(() => {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    socket.onopen = () => undefined;
    socket.onopen = 'text';
    assert.equal(socket.onopen, null);
    const object = { handleEvent: () => assert.fail('called') };
    socket.onclose = object;
    assert.equal(socket.onclose, object);
    socket.dispatchEvent(new CloseEvent('close') as unknown as globalThis.Event); // the script's class
    socket.close();
    return undefined;
  });
});

test('a server that chooses none of the subprotocols fails the connection', async () => {
  const server = await startServer(() => undefined, { handleProtocols: () => false });
  const host = new FakeHost();
  const WebSocket = classOf(host);
  const lines: string[] = [];
  await host.run(() => {
    const socket = new WebSocket(server.url, ['a']);
    socket.onopen = () => lines.push('open');
    socket.onerror = () => lines.push('error');
    socket.onclose = (event: CloseEvent) => lines.push(`close ${event.code}`);
    return undefined;
  });
  await server.close();
  assert.deepEqual(lines, ['error', 'close 1006']);
});

test('the interface is laid out as WebIDL says', () => {
  const WebSocket = classOf(new FakeHost());
  const own = Object.getOwnPropertyDescriptors(WebSocket.prototype);
  for (const name of ['url', 'readyState', 'bufferedAmount', 'onopen', 'binaryType', 'send']) {
    assert.equal(Reflect.get(own, name)?.enumerable, true, name);
  }
  assert.deepEqual([WebSocket.length, Reflect.get(WebSocket, 'name')], [1, 'WebSocket']);
  assert.equal(WebSocket.prototype.send.length, 1);
  assert.equal(typeof Reflect.get(own, 'send')?.value, 'function');
  assert.equal(Reflect.get(own, 'url')?.set, undefined);
  const { send } = new WebSocket('ws://127.0.0.1:1/');
  assert.throws(() => send('x'), /^TypeError: Illegal invocation: /);
  assert.throws(() => Reflect.apply(WebSocket, undefined, ['ws://x/']), TypeError);
  assert.throws(() => new WebSocket(), TypeError);
});
