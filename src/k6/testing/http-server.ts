/** HTTP servers on the loopback interface for tests of `k6/http`, and what they saw. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TEST_CERTIFICATE, TEST_KEY } from '../../websocket/testing/certificate.ts';

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface HttpTestServer {
  /** `http://127.0.0.1:<port>` or with https. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** `address:port` of each connection so far. */
  readonly sources: readonly string[];
  /** Connections accepted so far. */
  readonly connectionCount: number;
  /** The most requests that were open at the same time. */
  readonly peakOpenRequests: number;
  /** Settles when a request for the path has arrived. */
  arrivalOf(path: string): Promise<void>;
  close(): Promise<void>;
}

type Respond = (request: SeenRequest, response: TestResponse, socket: Socket) => void;

interface TestResponse {
  statusCode: number;
  setHeader(name: string, value: string | readonly string[]): unknown;
  write(text: string): unknown;
  end(body?: string | Uint8Array): unknown;
}

const DELAY_MS = 30;

const ROUTES: Readonly<Record<string, Respond>> = {
  '/gzip': compressed('gzip', gzipSync),
  '/deflate': compressed('deflate', deflateSync),
  '/br': compressed('br', brotliCompressSync),
  '/bad-gzip': compressed('gzip', (text) => Buffer.from(text)),
  '/bytes': (_, response) => response.end(Buffer.from([0, 255, 128, 65])),
  '/chunked': (_, response) => {
    response.write('a');
    response.end('b');
  },
  '/delay': (_, response) => {
    setTimeout(() => response.end('late'), DELAY_MS);
  },
  '/never': () => {
    // The client has to give up.
  },
  '/endless': (_, response) => {
    response.write('first');
  },
  '/form': ({ headers, body }, response) => {
    response.setHeader('Content-Type', headers['content-type'] ?? '');
    response.end(body);
  },
  '/end': (_, _response, socket) => socket.end(),
  '/reset': (_, _response, socket) => socket.resetAndDestroy(),
  '/half': (_, response, socket) => {
    response.setHeader('Content-Length', '100');
    response.write('half');
    setTimeout(() => socket.destroy(), DELAY_MS);
  },
  '/set-cookie': (_, response) => {
    response.setHeader('Set-Cookie', ['sid=1; Path=/; HttpOnly; Max-Age=60', 'theme=dark']);
    response.end('set');
  },
  '/digest': (request, response) => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      response.statusCode = 401;
      response.setHeader('WWW-Authenticate', 'Digest realm="r", nonce="n1", qop="auth"');
    } else {
      response.statusCode = isDigestRight(authorization) ? 200 : 403;
    }
    response.end();
  },
};

function compressed(encoding: string, compress: (text: string) => Uint8Array): Respond {
  return (_, response) => {
    response.setHeader('Content-Encoding', encoding);
    response.end(compress(`${encoding} text`));
  };
}

function isDigestRight(authorization: string): boolean {
  const field = (name: string): string =>
    new RegExp(`\\b${name}="?([^",]+)`).exec(authorization)?.[1] ?? '';
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const secret = md5('user:r:pa ss');
  const action = md5('GET:/digest');
  const expected = md5(`${secret}:n1:${field('nc')}:${field('cnonce')}:auth:${action}`);
  return field('response') === expected;
}

/** `/redirect/<n>?code=<status>&to=<url>` leads there, or to `/echo`, after n + 1 hops, `/status/<code>` answers with it. */
function respond(request: SeenRequest, response: TestResponse, socket: Socket): void {
  const url = new URL(request.target, 'http://test');
  const [, route = '', argument = ''] = url.pathname.split('/');
  const fixed = ROUTES[url.pathname];
  if (fixed !== undefined) {
    fixed(request, response, socket);
  } else if (route === 'redirect') {
    const left = Number(argument);
    response.statusCode = Number(url.searchParams.get('code') ?? 302);
    const end = url.searchParams.get('to') ?? '/echo';
    response.setHeader('Location', left === 0 ? end : `/redirect/${left - 1}${url.search}`);
    response.setHeader('Set-Cookie', `hop${left}=1; Path=/`);
    response.end('moved');
  } else if (route === 'status') {
    response.statusCode = Number(argument);
    response.end(`status ${argument}`);
  } else {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(request));
  }
}

interface Listening {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
  close(done: () => void): unknown;
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

function serve(
  scheme: string,
  createListener: (handle: (request: AnyRequest, response: AnyResponse) => void) => Listening,
): Promise<HttpTestServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const waiting: { readonly path: string; readonly done: () => void }[] = [];
  const sources: string[] = [];
  let openRequests = 0;
  let peakOpenRequests = 0;
  const server = createListener((request, response) => {
    openRequests += 1;
    peakOpenRequests = Math.max(peakOpenRequests, openRequests);
    response.on('close', () => {
      openRequests -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: target = '', headers } = request;
      const seen = { method, target, headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      respond(seen, response as unknown as TestResponse, request.socket as Socket); // the same methods
      for (const waiter of waiting) if (target.startsWith(waiter.path)) waiter.done();
    });
  });
  server.on('connection', (socket) => {
    sources.push(`${socket.remoteAddress}:${socket.remotePort}`);
    sockets.add(socket);
    socket.on('error', () => {
      // A client that goes away is part of the tests.
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo; // a TCP server has no other address
      resolve({
        url: `${scheme}://127.0.0.1:${port}`,
        requests,
        sources,
        get connectionCount() {
          return sources.length;
        },
        get peakOpenRequests() {
          return peakOpenRequests;
        },
        arrivalOf: (path) => new Promise((done) => waiting.push({ path, done })),
        close: () => {
          for (const socket of sockets) socket.destroy();
          return new Promise((done) => server.close(() => done()));
        },
      });
    });
  });
}

export function startHttpServer(): Promise<HttpTestServer> {
  return serve('http', (handle) => createServer(handle));
}

/** Speaks HTTP/2, and HTTP/1.1 to those who do not ask for it. */
export function startSecureServer(): Promise<HttpTestServer> {
  const options = { key: TEST_KEY, cert: TEST_CERTIFICATE, allowHTTP1: true };
  return serve('https', (handle) => createSecureServer(options, handle) as unknown as Listening); // as its parent
}
