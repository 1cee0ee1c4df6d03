/** TCP and TLS servers for tests that need a peer which does what no library would. */
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

export interface RawServer {
  readonly port: number;
  /** Sockets accepted so far. */
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

/** Calls `onSocket` for each connection. */
export function startRawServer(
  onSocket: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<RawServer> {
  return listen(createServer({ allowHalfOpen: true }), 'connection', onSocket, host);
}

export function startTlsServer(
  options: TlsOptions,
  onSocket: (socket: TLSSocket) => void,
): Promise<RawServer> {
  const server = createTlsServer(options);
  server.on('tlsClientError', () => {
    // A client that refuses the certificate is part of the tests.
  });
  return listen(server, 'secureConnection', onSocket, '127.0.0.1');
}

function listen<S extends Socket>(
  server: Server,
  event: 'connection' | 'secureConnection',
  onSocket: (socket: S) => void,
  host: string,
): Promise<RawServer> {
  const sockets: S[] = [];
  server.on(event, (socket: S) => {
    sockets.push(socket);
    socket.on('error', () => {
      // A client that goes away is part of the tests.
    });
    onSocket(socket);
  });
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no TCP address');
      resolve({ port: address.port, sockets, close });
    });
  });
}

/** The answer that upgrades a request. */
export function upgradeAnswer(request: string): string {
  const key = /^Sec-WebSocket-Key: (\S+)/im.exec(request)?.[1] ?? '';
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** Waits for a whole request head. */
export function readRequest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const onData = (data: Buffer): void => {
      text += data.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
  });
}

/** Upgrades and then leaves the connection to the test. */
export function startUpgradeServer(onUpgrade: (socket: Socket) => void): Promise<RawServer> {
  return startRawServer((socket) => {
    void readRequest(socket).then((request) => {
      socket.write(upgradeAnswer(request));
      onUpgrade(socket);
    });
  });
}
