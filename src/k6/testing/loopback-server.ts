/** WebSocket servers on the loopback interface for tests of the socket modules. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

export interface LoopbackServer {
  /** `ws://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function listen(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      // A client that goes away is part of the tests.
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo; // a TCP server has no other address
      resolve({
        url: `ws://127.0.0.1:${port}`,
        port,
        close: () => closeServer(server, sockets),
      });
    });
  });
}

const CLOSE_PATIENCE_MS = 200;

/** Waits a little for clients to say goodbye, then cuts them off. */
function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, CLOSE_PATIENCE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A server that speaks the protocol properly. */
export async function startServer(
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  options: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<LoopbackServer> {
  const server = createServer();
  const sockets = new WebSocketServer({ ...options, server });
  const closed: Promise<void>[] = [];
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {
      // A client that breaks off is part of the tests.
    });
    onConnection(socket, request);
    closed.push(new Promise((resolve) => socket.on('close', () => resolve())));
  });
  const listening = await listen(server);
  const close = async (): Promise<void> => {
    await listening.close();
    await Promise.all(closed);
  };
  return { ...listening, close };
}

/** A server whose answer to the upgrade request is up to the test. */
export function startUpgradeServer(
  onUpgrade: (request: IncomingMessage, socket: Duplex) => void,
): Promise<LoopbackServer> {
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {
      // A client that breaks off is part of the tests.
    });
    onUpgrade(request, socket);
  });
  return listen(server);
}

/** A server that upgrades the connection and then writes bytes of its own. */
export function startRawServer(onOpen: (socket: Duplex) => void): Promise<LoopbackServer> {
  return startUpgradeServer((request, socket) => {
    const key = String(request.headers['sec-websocket-key']);
    const accept = createHash('sha1')
      .update(key + ACCEPT_GUID)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('end', () => socket.end());
    onOpen(socket);
  });
}

/** An unmasked frame with FIN; payloads up to 125 bytes. */
export function rawFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from([0x80 | opcode, bytes.length]), bytes]);
}

/** Payload of a Close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

/** A port nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = await listen(createServer());
  await server.close();
  return server.port;
}
