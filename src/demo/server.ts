/**
 * The server behind `gharial demo`: chat rooms and an echo, over `ws:` and `wss:`, with a login over
 * HTTP for private rooms, so that there is something to test at once. Served by the `ws` package, not by our own engine: a client and a
 * server that share their faults would agree on them.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { nowMs } from '../base/clock.ts';
import { GharialError } from '../base/errors.ts';
import { issueSelfSigned } from './certificate.ts';
import { ChatRooms } from './chat.ts';
import { DEMO_PASSWORD, isSigned, readCredentials, SESSION_COOKIE, Sessions } from './login.ts';

export interface DemoSettings {
  readonly host: string;
  /** TCP port for `ws:`; 0 takes a free one. */
  readonly port: number;
  /** TCP port for `wss:`; 0 takes a free one. */
  readonly tlsPort: number;
}

export interface DemoServer {
  /** `ws://127.0.0.1:7878`, without a path. */
  readonly wsUrl: string;
  readonly wssUrl: string;
  /** `http://127.0.0.1:7878`: the same port as `wsUrl`. */
  readonly httpUrl: string;
  /** PEM of the self-signed certificate, for clients that want to trust it. */
  readonly certificate: string;
  /** Drops all connections and frees the ports. */
  stop(): Promise<void>;
}

export const CHAT_PATH = '/ws/crocochat/publicRoom/';
export const ECHO_PATH = '/ws/echo';
export const LOGIN_PATH = '/login';
export const PRIVATE_PATH = '/ws/private/lounge/';

/** Larger messages close the connection with 1009. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A client that lets more than this pile up is dropped, so that it cannot fill our memory. */
const UNSENT_BYTES_MAX = 64 * 1024 * 1024;
const REQUEST_BYTES_MAX = 64 * 1024;

/** @throws GharialError DEMO_LISTEN_FAILED when a port cannot be had. */
export async function startDemoServer(settings: DemoSettings): Promise<DemoServer> {
  const issued = issueSelfSigned(certificateHosts(settings.host), nowMs());
  const sessions = new Sessions();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    answerHttp(request, response, sessions);
  const plain = createHttpServer(onRequest);
  const secure = createHttpsServer(issued, onRequest);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const rooms = new ChatRooms();
  for (const server of [plain, secure]) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const service = serviceFor(request, rooms, sessions);
      if (typeof service === 'string') refuseUpgrade(socket, service);
      else sockets.handleUpgrade(request, socket, head, service);
    });
  }

  const stop = async (): Promise<void> => {
    for (const socket of sockets.clients) socket.terminate();
    await Promise.all([plain, secure].map(close));
  };
  try {
    await listen(plain, settings.port, settings.host);
    await listen(secure, settings.tlsPort, settings.host);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    wsUrl: `ws://${authority(plain, settings.host)}`,
    wssUrl: `wss://${authority(secure, settings.host)}`,
    httpUrl: `http://${authority(plain, settings.host)}`,
    certificate: issued.cert,
    stop,
  };
}

type Service = (socket: WebSocket) => void;

/** Status line of a refusal. */
type Refusal = '401 Unauthorized' | '404 Not Found';

/** The first path segments choose the service; a chat room is named by the next one. */
function serviceFor(
  { url = '/', headers }: IncomingMessage,
  rooms: ChatRooms,
  sessions: Sessions,
): Service | Refusal {
  const [path = '', query] = url.split('?');
  if (/^\/(ws\/)?echo\/?$/.test(path)) return serveEcho;
  if (/^\/ws\/signed\/?$/.test(path)) {
    return isSigned(new URLSearchParams(query)) ? serveEcho : '401 Unauthorized';
  }
  const [, kind, room] = /^\/ws\/(crocochat|private)\/([^/]+)\/?$/.exec(path) ?? [];
  if (room === undefined) return '404 Not Found';
  if (kind === 'crocochat') return (socket) => serveChat(socket, rooms, room);
  const user = sessions.userOf(headers.cookie);
  if (user === undefined) return '401 Unauthorized';
  return (socket) => serveChat(socket, rooms, `private/${room}`, user);
}

function serveEcho(socket: WebSocket): void {
  socket.on('error', onSocketError);
  socket.on('message', (data, isBinary) => send(socket, data as Buffer, isBinary));
}

/** Who is known by a login enters under that name. */
function serveChat(socket: WebSocket, rooms: ChatRooms, room: string, user?: string): void {
  const member = rooms.join(room, {
    send: (text) => send(socket, text, false),
    close: () => socket.close(1000),
  });
  socket.on('error', onSocketError);
  socket.on('message', (data) => member.receive(data.toString()));
  socket.on('close', () => member.leave());
  if (user !== undefined) member.receive(JSON.stringify({ event: 'SET_NAME', new_name: user }));
}

/** A broken peer is the peer's affair; `ws` closes the connection and `close` follows. */
function onSocketError(): void {}

function send(socket: WebSocket, data: string | Buffer, isBinary: boolean): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > UNSENT_BYTES_MAX) socket.terminate();
  else socket.send(data, { binary: isBinary });
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  socket.on('error', onSocketError);
  socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function answerHttp(request: IncomingMessage, response: ServerResponse, sessions: Sessions): void {
  const path = request.url?.split('?')[0];
  if (path === LOGIN_PATH && request.method === 'POST') logIn(request, response, sessions);
  else if (path === '/me') answerUser(response, sessions.userOf(request.headers.cookie));
  else answerText(response, path === '/');
}

/** Takes `user` and `password`; answers with the session's cookie, or 401. */
function logIn(request: IncomingMessage, response: ServerResponse, sessions: Sessions): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text: string) => {
    body += text;
    if (body.length > REQUEST_BYTES_MAX) request.destroy();
  });
  request.on('end', () => {
    const { user, password } = readCredentials(body, request.headers['content-type'] ?? '');
    const session = sessions.open(user, password);
    if (session !== undefined) {
      response.setHeader('set-cookie', `${SESSION_COOKIE}=${session}; Path=/; HttpOnly`);
    }
    answerUser(response, session === undefined ? undefined : String(user));
  });
}

function answerUser(response: ServerResponse, user: string | undefined): void {
  const isKnown = user !== undefined;
  response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify(isKnown ? { user } : { error: 'log in with user and password' }));
}

function answerText(response: ServerResponse, isFound: boolean): void {
  response.writeHead(isFound ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(
    isFound
      ? [
          'gharial demo server',
          '',
          `chat     ${CHAT_PATH} (any room name)`,
          `echo     ${ECHO_PATH}`,
          `login    POST ${LOGIN_PATH} {"user": "anybody", "password": "${DEMO_PASSWORD}"}`,
          `private  ${PRIVATE_PATH} (any room name, after login)`,
          'signed   /ws/signed?user=<user>&time=<time>&signature=<HMAC-SHA256 of user:time>',
          '',
        ].join('\n')
      : 'not found\n',
  );
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GharialError(
      'DEMO_LISTEN_FAILED',
      `the demo server could not listen on ${host}:${port}: ${reason}`,
      { cause, hint: 'choose other ports with --port and --tls-port; 0 takes a free one' },
    );
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Host and port for a URL; a server on all interfaces is reached at the loopback address. */
function authority(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  if (host === '0.0.0.0') return `127.0.0.1:${port}`;
  if (host === '::') return `[::1]:${port}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function certificateHosts(host: string): readonly string[] {
  return [...new Set(['localhost', '127.0.0.1', '::1', host])];
}
