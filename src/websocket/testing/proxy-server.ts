/** Proxies on the loopback interface that know one client, and connect every name to 127.0.0.1. */
import { connect, type Socket } from 'node:net';
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts';
import { type RawServer, readRequest, startRawServer, startTlsServer } from './raw-server.ts';

export interface ProxyServer extends RawServer {
  /** Requests as they came: heads of CONNECT, `host:port` for SOCKS. */
  readonly requests: readonly string[];
}

const AUTHORIZATION = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

/** Wants `me` and `p@ss`, by Basic. */
export async function startHttpProxy(): Promise<ProxyServer> {
  const requests: string[] = [];
  return { ...(await startRawServer(connecting(requests))), requests };
}

/** The same behind TLS, with the tests' certificate. */
export async function startHttpsProxy(): Promise<ProxyServer> {
  const requests: string[] = [];
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
  return { ...(await startTlsServer(tls, connecting(requests))), requests };
}

function connecting(requests: string[]): (socket: Socket) => void {
  return (socket) => {
    void readRequest(socket).then((head) => {
      requests.push(head);
      if (!head.includes(`Proxy-Authorization: ${AUTHORIZATION}\r\n`)) {
        socket.end('HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const port = Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1]);
      join(socket, port, 'HTTP/1.1 200 Connection established\r\n\r\n');
    });
  };
}

/** Wants `me` and `p@ss`, by RFC 1929; sends its answers byte by byte. */
export async function startSocksProxy(): Promise<ProxyServer> {
  const requests: string[] = [];
  const server = await startRawServer((socket) => {
    const answer = (...bytes: number[]): void => {
      for (const byte of bytes) socket.write(Buffer.of(byte));
    };
    socket.once('data', () => {
      answer(5, 2);
      socket.once('data', (credentials: Buffer) => {
        const isKnown = credentials.toString('latin1') === '\x01\x02me\x04p@ss';
        answer(1, isKnown ? 0 : 1);
        if (!isKnown) return;
        socket.once('data', (request: Buffer) => {
          const name = request.toString('latin1', 5, request.length - 2);
          const port = request.readUInt16BE(request.length - 2);
          requests.push(`${name}:${port}`);
          if (name === 'refused.test') answer(5, 5, 0, 1, 0, 0, 0, 0, 0, 0);
          else join(socket, port, Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0));
        });
      });
    });
  });
  return { ...server, requests };
}

function join(socket: Socket, port: number, answer: string | Buffer): void {
  const server = connect(port, '127.0.0.1', () => {
    socket.write(answer);
    socket.pipe(server).pipe(socket);
  });
  server.on('error', () => socket.destroy());
  socket.on('close', () => server.destroy());
}
