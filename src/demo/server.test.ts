import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { GharialError } from '../base/errors.ts';
import type { DemoServer } from './server.ts';
import { startDemoServer } from './server.ts';

interface ChatEvent {
  readonly event: string;
  readonly user?: string;
  readonly message: string;
}

/** A chat client whose events are read one at a time, in order. */
class ChatClient {
  readonly socket: WebSocket;
  readonly #events: ChatEvent[] = [];
  #onEvent: (() => void) | undefined;

  constructor(url: string, ca?: string) {
    this.socket = new WebSocket(url, ca === undefined ? {} : { ca });
    this.socket.on('message', (data) => {
      this.#events.push(JSON.parse(data.toString()) as ChatEvent);
      this.#onEvent?.();
    });
  }

  static async join(url: string, name: string): Promise<ChatClient> {
    const client = new ChatClient(url);
    await once(client.socket, 'open');
    client.tell({ event: 'SET_NAME', new_name: name });
    assert.deepEqual(await client.next(), {
      event: 'USER_JOINED',
      user: name,
      message: `${name} joined the room`,
    });
    return client;
  }

  tell(request: object): void {
    this.socket.send(JSON.stringify(request));
  }

  async next(): Promise<ChatEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }
}

async function setUp(t: TestContext): Promise<DemoServer> {
  const server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
  t.after(() => server.stop());
  return server;
}

test('everyone in a room sees who joins, what is said, who is renamed and who leaves', async (t) => {
  const { wsUrl } = await setUp(t);
  const room = `${wsUrl}/ws/crocochat/pond/`;
  const anna = await ChatClient.join(room, 'Anna');
  const ben = await ChatClient.join(room, 'Ben');
  assert.equal((await anna.next()).message, 'Ben joined the room');

  ben.tell({ event: 'SAY', message: 'hello' });
  const said = { event: 'CHAT_MSG', user: 'Ben', message: 'hello' };
  assert.deepEqual(await anna.next(), said);
  assert.deepEqual(await ben.next(), said);

  ben.tell({ event: 'SET_NAME', new_name: 'Benjamin' });
  const renamed = {
    event: 'NAME_CHANGED',
    user: 'Benjamin',
    message: 'Ben is now known as Benjamin',
  };
  assert.deepEqual(await anna.next(), renamed);
  assert.deepEqual(await ben.next(), renamed);

  ben.tell({ event: 'LEAVE' });
  const [code] = await once(ben.socket, 'close');
  assert.equal(code, 1000);
  assert.deepEqual(await anna.next(), {
    event: 'USER_LEFT',
    user: 'Benjamin',
    message: 'Benjamin left the room',
  });
});

test('a member whose connection breaks has left', async (t) => {
  const { wsUrl } = await setUp(t);
  const room = `${wsUrl}/ws/crocochat/pond/`;
  const anna = await ChatClient.join(room, 'Anna');
  const ben = await ChatClient.join(room, 'Ben');
  await anna.next();
  ben.socket.terminate();
  assert.equal((await anna.next()).event, 'USER_LEFT');
});

test('rooms hear nothing of each other', async (t) => {
  const { wsUrl } = await setUp(t);
  const anna = await ChatClient.join(`${wsUrl}/ws/crocochat/pond/`, 'Anna');
  const ben = await ChatClient.join(`${wsUrl}/ws/crocochat/river`, 'Ben');
  ben.tell({ event: 'SAY', message: 'in the river' });
  await ben.next();
  anna.tell({ event: 'SAY', message: 'in the pond' });
  assert.equal((await anna.next()).message, 'in the pond');
});

test('what the server cannot serve is answered with an ERROR event', async (t) => {
  const { wsUrl } = await setUp(t);
  const client = new ChatClient(`${wsUrl}/ws/crocochat/pond/`);
  await once(client.socket, 'open');
  const cases: [string, RegExp][] = [
    ['{"event":"SAY","message":"hi"}', /choose a name first/],
    ['not JSON', /expected a JSON object/],
    ['null', /expected a JSON object/],
    ['{}', /expected a JSON object with an event/],
    ['{"event":"DANCE"}', /unknown event "DANCE"/],
    ['{"event":"SET_NAME"}', /needs a new_name/],
    ['{"event":"SET_NAME","new_name":""}', /needs a new_name/],
  ];
  for (const [text, message] of cases) {
    client.socket.send(text);
    const answer = await client.next();
    assert.equal(answer.event, 'ERROR');
    assert.match(answer.message, message);
  }
});

test('the echo returns text as text and binary as binary', async (t) => {
  const { wsUrl } = await setUp(t);
  for (const path of ['/ws/echo', '/echo', '/echo?from=test']) {
    const socket = new WebSocket(wsUrl + path);
    await once(socket, 'open');
    for (const sent of ['grüße', Buffer.of(0, 255, 7)]) {
      socket.send(sent);
      const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      assert.equal(isBinary, typeof sent !== 'string');
      assert.deepEqual(isBinary ? data : data.toString(), sent);
    }
    socket.close();
  }
});

test('the TLS port serves the same rooms, with the certificate that the server tells', async (t) => {
  const { wsUrl, wssUrl, certificate } = await setUp(t);
  const anna = await ChatClient.join(`${wsUrl}/ws/crocochat/pond/`, 'Anna');
  const ben = new ChatClient(`${wssUrl}/ws/crocochat/pond/`, certificate);
  await once(ben.socket, 'open');
  ben.tell({ event: 'SET_NAME', new_name: 'Ben' });
  assert.equal((await anna.next()).message, 'Ben joined the room');
});

test('another path is refused with 404', async (t) => {
  const { wsUrl } = await setUp(t);
  for (const path of ['/', '/ws/crocochat/', '/nothing']) {
    const socket = new WebSocket(wsUrl + path);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /404/);
  }
});

/** The session cookie of a fresh login, or the status of the refusal. */
async function logIn(
  url: string,
  body: string | URLSearchParams,
  type?: string,
): Promise<string | number> {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    body,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  });
  return response.headers.get('set-cookie')?.split(';')[0] ?? response.status;
}

test('who logs in over HTTP gets into private rooms, under the name of the login', async (t) => {
  const { httpUrl, wsUrl } = await setUp(t);
  const cookie = await logIn(httpUrl, '{"user":"Anna","password":"crocodile"}');
  assert.match(String(cookie), /^session=[0-9a-f]{32}$/);
  const me = await fetch(`${httpUrl}/me`, { headers: { cookie: `a=b; ${cookie}` } });
  assert.deepEqual(await me.json(), { user: 'Anna' });

  const socket = new WebSocket(`${wsUrl}/ws/private/pond/`, {
    headers: { cookie: String(cookie) },
  });
  const [data] = await once(socket, 'message');
  assert.equal(JSON.parse(String(data)).message, 'Anna joined the room');
  socket.close();
});

test('a login may come as a form; a wrong one is refused with 401', async (t) => {
  const { httpUrl } = await setUp(t);
  const form = new URLSearchParams({ user: 'Ben', password: 'crocodile' });
  assert.match(String(await logIn(httpUrl, form)), /^session=/);
  for (const body of ['{"user":"Ben","password":"x"}', '{"password":"crocodile"}', 'null', '']) {
    assert.equal(await logIn(httpUrl, body, 'application/json'), 401);
  }
});

test('private rooms and signed handshakes are refused with 401 without their proof', async (t) => {
  const { wsUrl, httpUrl } = await setUp(t);
  assert.equal((await fetch(`${httpUrl}/me`)).status, 401);
  for (const path of ['/ws/private/pond/', '/ws/signed', '/ws/signed?user=a&time=1&signature=00']) {
    const socket = new WebSocket(wsUrl + path, { headers: { cookie: 'session=guess' } });
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /401/);
  }
});

test('a signed handshake reaches the echo', async (t) => {
  const { wsUrl } = await setUp(t);
  const signature = createHmac('sha256', 'gharial-demo-key').update('anna:17').digest('hex');
  const socket = new WebSocket(`${wsUrl}/ws/signed?user=anna&time=17&signature=${signature}`);
  await once(socket, 'open');
  socket.send('hello');
  const [data] = await once(socket, 'message');
  assert.equal(String(data), 'hello');
  socket.close();
});

test('a page at the root tells the paths', async (t) => {
  const { wsUrl } = await setUp(t);
  const response = await fetch(wsUrl.replace('ws:', 'http:'));
  assert.match(await response.text(), /\/ws\/crocochat\/publicRoom\//);
});

test('a taken port is an error that tells the way out', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  for (const ports of [
    { port, tlsPort: 0 },
    { port: 0, tlsPort: port },
  ]) {
    await assert.rejects(startDemoServer({ host: '127.0.0.1', ...ports }), (error: unknown) => {
      assert.ok(error instanceof GharialError);
      assert.equal(error.code, 'DEMO_LISTEN_FAILED');
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
      assert.match(error.hint ?? '', /--port/);
      return true;
    });
  }
});

test('stopping ends connections and frees the ports', async (t) => {
  const server = await setUp(t);
  const client = await ChatClient.join(`${server.wsUrl}/ws/crocochat/pond/`, 'Anna');
  const closed = once(client.socket, 'close');
  await server.stop();
  await closed;
  const again = await startDemoServer({
    host: '127.0.0.1',
    port: Number(new URL(server.wsUrl).port),
    tlsPort: 0,
  });
  await again.stop();
});
