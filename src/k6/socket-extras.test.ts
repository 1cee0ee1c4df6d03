/** What our sockets have beyond k6's: redirects, limits, causes of failure, timings, pause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketErrorEvent } from './events.ts';
import { FakeHost } from './testing/fake-host.ts';
import {
  type LoopbackServer,
  startRawServer,
  startServer,
  startUpgradeServer,
} from './testing/loopback-server.ts';
import type { BoundWebSocket } from './websocket-class.ts';
import { createWebsocketsModule } from './websockets.ts';

type Socket = BoundWebSocket & {
  onopen: unknown;
  onmessage: unknown;
  onerror: unknown;
  onclose: unknown;
};
type SocketClass = new (url: string, protocols: unknown, params?: object) => Socket;

async function run(script: (WebSocket: SocketClass) => void): Promise<FakeHost> {
  const host = new FakeHost();
  const WebSocket = createWebsocketsModule(host).named['WebSocket'] as SocketClass; // its script type
  let failure: unknown;
  await host.run(() => {
    try {
      script(WebSocket);
    } catch (error) {
      failure = error;
    }
    return undefined;
  });
  if (failure !== undefined) throw failure;
  return host;
}

/** Answers every upgrade with a redirect. */
function redirector(location: () => string): Promise<LoopbackServer> {
  return startUpgradeServer((_request, socket) => {
    socket.end(
      `HTTP/1.1 307 Elsewhere\r\nLocation: ${location()}\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n\r\n`,
    );
  });
}

test('redirects are followed as often as allowed, without credentials for other hosts', async () => {
  const requests: unknown[] = [];
  const target = await startServer((socket, request) => {
    requests.push(request.url, request.headers.authorization, request.headers['x-other']);
    socket.close(1000);
  });
  const first = await redirector(() => `${target.url.replace('ws:', 'http:')}/there`);
  const lines: string[] = [];
  const host = await run((WebSocket) => {
    const headers = { Authorization: 'Bearer secret', 'X-Other': 'yes' };
    const socket = new WebSocket(`${first.url}/here`, null, { redirects: 1, headers });
    socket.onclose = ({ code }: { code: number }) => {
      lines.push(`${code}`);
      assert.equal(socket.url, `${first.url}/here`);
    };
  });
  await first.close();
  await target.close();
  assert.deepEqual(requests, ['/there', undefined, 'yes']);
  assert.deepEqual(lines, ['1000']);
  assert.equal(host.samplesOf('ws_sessions').length, 1);
  assert.equal(host.samplesOf('ws_sessions')[0]?.tags['status'], '101');
});

test('a redirect too many is a failure that shows the answer', async () => {
  const loop: LoopbackServer = await redirector(() => '/again');
  let event: SocketErrorEvent | undefined;
  await run((WebSocket) => {
    new WebSocket(loop.url, null, { redirects: 2 }).onerror = (error: SocketErrorEvent) => {
      event = error;
    };
  });
  await loop.close();
  assert.equal(event?.error, 'websocket: bad handshake');
  assert.equal(event.reason, 'dial-rejected');
  assert.equal(event.response?.status, 307);
  assert.equal(event.response.headers['Location'], '/again');
});

test('a refusal shows status, headers and body to the script and in the log', async () => {
  const server = await startUpgradeServer((_request, socket) => {
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 7\r\nX-Why: quota\r\n\r\nno more');
  });
  let event: SocketErrorEvent | undefined;
  const host = await run((WebSocket) => {
    const socket = new WebSocket(server.url, null);
    socket.onerror = (error: SocketErrorEvent) => {
      event = error;
      assert.ok((socket.timings?.upgrade ?? 0) > 0);
    };
  });
  await server.close();
  assert.deepEqual(event?.response, {
    status: 403,
    headers: { 'Content-Length': '7', 'X-Why': 'quota' },
    body: 'no more',
  });
  const logged = host.logs.find(({ message }) => message.startsWith('WebSocket dial failed'));
  assert.deepEqual(
    [logged?.level, logged?.fields?.['status'], logged?.fields?.['body']],
    ['debug', '403', 'no more'],
  );
});

test('the log of a failed dial has no credentials of the URL', async () => {
  const server = await startUpgradeServer((_request, socket) => {
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  });
  const host = await run((WebSocket) => {
    const url = server.url.replace('ws://', 'ws://user:hush@');
    new WebSocket(`${url}/x?room=1&access_token=hush`, null);
  });
  await server.close();
  const logged = host.logs.find(({ message }) => message.startsWith('WebSocket dial failed'));
  assert.equal(
    logged?.fields?.['url'],
    `${server.url.replace('ws://', 'ws://****:****@')}/x?room=1&access_token=[redacted]`,
  );
});

test('a handshake that takes too long ends at the limit of the socket', async () => {
  const server = await startUpgradeServer(() => undefined);
  let event: SocketErrorEvent | undefined;
  await run((WebSocket) => {
    const socket = new WebSocket(server.url, null, { handshakeTimeout: 30 });
    socket.onerror = (error: SocketErrorEvent) => {
      event = error;
    };
  });
  await server.close();
  assert.equal(event?.reason, 'dial-timeout');
  assert.equal(event.response, undefined);
});

test('a peer that does not answer the Close: close event 1006 without an error, and a line in the log', async () => {
  const server = await startRawServer(() => undefined);
  const lines: string[] = [];
  const host = await run((WebSocket) => {
    const socket = new WebSocket(`${server.url}/?token=hush`, null, { closeTimeout: 20 });
    socket.onopen = () => socket.close(1000);
    socket.onerror = () => lines.push('error');
    socket.onclose = ({ code, wasClean }: { code: number; wasClean: boolean }) => {
      lines.push(`close ${code} ${wasClean}`);
    };
  });
  await server.close();
  assert.deepEqual(lines, ['close 1006 false']);
  assert.deepEqual(host.logs, [
    {
      level: 'debug',
      message: 'WebSocket closed: the server did not answer our Close in time',
      fields: { source: 'ws-close', url: `${server.url}/?token=[redacted]` },
    },
  ]);
  assert.equal(host.closes[0]?.tags['cause'], 'close-timeout');
});

test('what arrives while a socket is paused is delivered after resume', async () => {
  const server = await startServer((socket) => {
    socket.on('message', () => {
      socket.send('answer');
      socket.ping();
    });
    socket.on('pong', () => socket.close(1000));
  });
  const lines: string[] = [];
  await run((WebSocket) => {
    const socket = new WebSocket(server.url, null);
    socket.onopen = () => {
      const { timings } = socket;
      assert.ok(timings !== undefined && timings.total >= timings.tcp + timings.upgrade);
      socket.pause();
      socket.send('question');
      setTimeout(() => {
        lines.push('resume');
        socket.resume();
      }, 50);
    };
    socket.onmessage = ({ data }: { data: string }) => lines.push(data);
    socket.onclose = () => lines.push('close');
  });
  await server.close();
  assert.deepEqual(lines, ['resume', 'answer', 'close']);
});

test('a socket paused before it is open gets its messages after resume', async () => {
  const server = await startServer((socket) => {
    socket.send('greeting');
    socket.close(1000);
  });
  const lines: string[] = [];
  await run((WebSocket) => {
    const socket = new WebSocket(server.url, null);
    socket.pause();
    socket.onopen = () => {
      lines.push('open');
      setTimeout(() => {
        lines.push('resume');
        socket.resume();
      }, 50);
    };
    socket.onmessage = ({ data }: { data: string }) => lines.push(data);
    socket.onclose = () => lines.push('close');
  });
  await server.close();
  assert.deepEqual(lines, ['open', 'resume', 'greeting', 'close']);
});

test('a read rate makes a slow consumer, and all arrives', async () => {
  const server = await startServer((socket) => {
    socket.send(Buffer.alloc(20_000));
    socket.close(1000);
  });
  let bytes = 0;
  let tookMs = 0;
  await run((WebSocket) => {
    const socket = new WebSocket(server.url, null, { readRate: 200_000 });
    const startMs = performance.now();
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }: { data: ArrayBuffer }) => {
      bytes = data.byteLength;
    };
    socket.onclose = () => {
      tookMs = performance.now() - startMs;
    };
  });
  await server.close();
  assert.equal(bytes, 20_000);
  assert.ok(tookMs > 0);
});

test('a slow consumer of a flood still closes cleanly', async () => {
  const server = await startServer((socket) => {
    for (let i = 0; i < 32; i += 1) socket.send(Buffer.alloc(8192));
  });
  let closed: { code: number; wasClean: boolean } | undefined;
  await run((WebSocket) => {
    const socket = new WebSocket(server.url, null, { readRate: 2000, closeTimeout: '3s' });
    socket.onmessage = () => socket.close(1000);
    socket.onclose = (event: { code: number; wasClean: boolean }) => {
      closed = event;
    };
  });
  await server.close();
  assert.deepEqual([closed?.code, closed?.wasClean], [1000, true]);
});
