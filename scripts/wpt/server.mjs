// The server side of the web platform tests for WebSocket: the paths that the tests dial, with the
// behaviour they rely on. Written from what the tests expect of each path.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { issueSelfSigned } from '../../dist/demo/certificate.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sends one text. */
const says = (text) => ({
  serve: (socket, request) => {
    socket.send(text(request), { binary: false });
    socket.close(1000);
  },
});
const silent = { serve: (socket) => socket.close(1000) };
const waits = { serve: () => {} };
const setsCookies = (...cookies) => ({
  ...waits,
  headers: (request) => cookies.flatMap((cookie) => `Set-Cookie: ${cookie(request)}`),
});
const queryOf = (request) => request.url.split('?')[1] ?? '';
const offered = (request) => request.headers['sec-websocket-protocol'];

/** By path. `raw` takes the TCP socket instead of a WebSocket. */
const PATHS = {
  '/echo': {
    protocol: (request) => (offered(request)?.split(/, */).includes('echo') ? 'echo' : undefined),
    serve: (socket) => {
      socket.on('message', (data, isBinary) => {
        socket.send(data, { binary: isBinary });
        if (!isBinary && String(data) === 'Goodbye') socket.close(1000);
      });
    },
  },
  '/echo_exit': closesAfterGoodbye(),
  '/echo_close_data': closesAfterGoodbye(),
  '/echo_raw': {
    serve: (socket) => {
      socket.on('message', (data) => {
        if (String(data) === 'exit') socket.close();
        else socket._socket.write(data);
      });
    },
  },
  '/empty-message': {
    serve: (socket) => {
      socket.on('message', (data, isBinary) => {
        socket.send(!isBinary && data.length === 0 ? 'pass' : 'fail');
        socket.close(1000);
      });
    },
  },
  '/echo-query': says(queryOf),
  '/echo-query_v13': says(queryOf),
  '/echo-cookie': says((request) => request.headers.cookie ?? '(none)'),
  '/origin': says((request) => request.headers.origin ?? ''),
  '/referrer': says((request) => request.headers.referer ?? 'MISSING AS PER FETCH'),
  '/protocol': { protocol: offered, ...says(offered) },
  '/protocol_array': {
    protocol: (request) => offered(request).split(',')[0],
    ...says((request) => offered(request).split(',')[0]),
  },
  '/handshake_protocol': { ...silent, headers: () => ['Sec-WebSocket-Protocol: foobar'] },
  '/handshake_no_protocol': silent,
  '/handshake_no_extensions': silent,
  '/handshake_sleep_2': { ...silent, delayMs: 2_000 },
  '/sleep_10_v13': { ...silent, delayMs: 10_000 },
  '/set-cookie': setsCookies((request) => `ws_test_${queryOf(request)}=test; Path=/`),
  '/set-cookie-secure': setsCookies(
    (request) => `ws_test_${queryOf(request)}=test; Secure; Path=/`,
  ),
  '/set-cookie_http': setsCookies(
    (request) => `ws_test_${queryOf(request)}=test; Path=/; HttpOnly`,
  ),
  '/basic_auth': {
    ...silent,
    refuse: (request) =>
      request.headers.authorization === `Basic ${btoa('foo:bar')}`
        ? undefined
        : 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm="camelot"\r\n\r\n',
  },
  '/receive-many-with-backpressure': {
    serve: async (socket) => {
      const sizes = [];
      socket.on('message', (data) => {
        sizes.push(data.length);
      });
      while (socket.readyState <= 1) {
        socket.pause();
        await wait(100);
        socket.resume();
        if (sizes.length === 0) await wait(1);
        while (sizes.length > 0) socket.send(String(sizes.shift()));
      }
    },
  },
  '/remote-close': {
    serve: (socket, request) => {
      const query = new URLSearchParams(queryOf(request));
      if (query.has('abrupt')) {
        socket.ping('ping');
        socket._socket.end();
      } else if (query.has('code')) {
        socket.close(Number(query.get('code')), query.get('reason') ?? '');
      } else {
        socket.close();
      }
    },
  },
  '/delayed-passive-close': { raw: upgradesAndAnswersClose(1_000) },
  '/passive-close-abort': { raw: upgradesAndAnswersClose(undefined) },
  '/invalid': { raw: (socket) => socket.end('FOO BAR BAZ\r\n\r\n') },
  '/wrong_accept_key': {
    raw: (socket) => {
      socket.write(answer('thisisawrongacceptkey'));
      socket.end(textFrame('test'));
    },
  },
  '/simple_handshake': {
    raw: (socket, request) => {
      // The Close comes in the packet of the answer.
      socket.write(
        Buffer.concat([Buffer.from(answer(acceptFor(request))), closeFrame(1001, 'PASS')]),
      );
      socket.once('data', () => socket.end());
    },
  },
};

function closesAfterGoodbye() {
  return {
    serve: (socket) => {
      socket.on('message', (data) => {
        if (String(data) === 'Goodbye') socket.close(1000);
      });
    },
  };
}

/** Waits for a Close and answers it after a while, or never. */
function upgradesAndAnswersClose(delayMs) {
  return async (socket, request) => {
    socket.write(answer(acceptFor(request)));
    const frame = await new Promise((done) => socket.once('data', done));
    if (delayMs !== undefined) {
      await wait(delayMs);
      const length = frame[1] & 0x7f;
      const key = frame.subarray(2, 6);
      const payload = frame.subarray(6, 6 + length).map((byte, i) => byte ^ key[i % 4]);
      socket.write(Buffer.concat([Buffer.of(0x88, length), payload]));
    }
    socket.end();
  };
}

function acceptFor(request) {
  return createHash('sha1')
    .update(request.headers['sec-websocket-key'] + GUID)
    .digest('base64');
}

function answer(accept) {
  return (
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n' +
    `Set-Cookie: ws_test=test\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
}

function textFrame(text) {
  return Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text)]);
}

function closeFrame(code, reason) {
  return Buffer.concat([
    Buffer.of(0x88, 2 + reason.length, code >> 8, code & 0xff),
    Buffer.from(reason),
  ]);
}

async function upgrade(request, socket, head) {
  socket.on('error', () => socket.destroy());
  const path = PATHS[request.url.split('?')[0]];
  if (path === undefined) {
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  if (path.delayMs !== undefined) await wait(path.delayMs);
  const refusal = path.refuse?.(request);
  if (refusal !== undefined) {
    socket.end(refusal);
    return;
  }
  if (path.raw !== undefined) {
    path.raw(socket, request);
    return;
  }
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 256 * 1024 * 1024,
    handleProtocols: () => path.protocol?.(request) ?? false,
  });
  server.on('headers', (headers) => headers.push(...(path.headers?.(request) ?? [])));
  server.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('error', () => webSocket.terminate());
    path.serve(webSocket, request);
  });
}

/** Serves `ws:` and `wss:` on free ports of 127.0.0.1. */
export async function startWptServer() {
  const { key, cert } = issueSelfSigned(['web-platform.test', '127.0.0.1'], Date.now());
  const servers = [createServer(), createSecureServer({ key, cert })];
  const ports = [];
  for (const server of servers) {
    server.on('upgrade', upgrade);
    await new Promise((done) => server.listen(0, '127.0.0.1', 4096, done));
    ports.push(server.address().port);
  }
  return {
    port: ports[0],
    securePort: ports[1],
    close: () => {
      for (const server of servers) server.close();
    },
  };
}
