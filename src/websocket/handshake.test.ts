import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DialRequest } from './api.ts';
import { WebSocketError } from './errors.ts';
import {
  acceptFor,
  BodyReader,
  createHandshakeKey,
  judgeUpgrade,
  ResponseHead,
  ResponseReader,
  requestFault,
  writeRequest,
} from './handshake.ts';

/** RFC 6455 §1.3. */
const RFC_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const RFC_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

function request(parts: Partial<DialRequest> = {}): DialRequest {
  return {
    isSecure: false,
    host: 'example.com',
    port: 80,
    target: '/chat?room=1',
    hostHeader: 'example.com',
    headers: [],
    protocols: [],
    resolve: () => {},
    ...parts,
  };
}

/** Reads an answer cut at every `step` bytes. */
function read(text: string | Buffer, step = Number.POSITIVE_INFINITY) {
  const reader = new ResponseReader();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    const to = Math.min(bytes.length, at + step);
    const result = reader.push(bytes, at, to);
    if (result !== undefined) return { result, restFrom: reader.restFrom };
  }
  return { result: undefined, restFrom: 0 };
}

function head(text: string): ResponseHead {
  const { result } = read(text);
  assert.ok(result instanceof ResponseHead, String(result));
  return result;
}

const UPGRADE = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${RFC_ACCEPT}\r\n`;

test('writes the request of RFC 6455 §1.2', () => {
  const text = writeRequest(
    request({ headers: [['Origin', 'http://example.com']], protocols: ['chat', 'superchat'] }),
    RFC_KEY,
    'permessage-deflate',
  );
  assert.equal(
    text,
    'GET /chat?room=1 HTTP/1.1\r\n' +
      'Host: example.com\r\n' +
      'Upgrade: websocket\r\n' +
      'Connection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${RFC_KEY}\r\n` +
      'Sec-WebSocket-Version: 13\r\n' +
      'Origin: http://example.com\r\n' +
      'Sec-WebSocket-Protocol: chat, superchat\r\n' +
      'Sec-WebSocket-Extensions: permessage-deflate\r\n' +
      '\r\n',
  );
});

test('a Host header replaces the host line', () => {
  const text = writeRequest(request({ headers: [['host', 'other:81']] }), RFC_KEY, '');
  assert.deepEqual(
    text.split('\r\n').filter((line) => /^host/i.test(line)),
    ['Host: other:81'],
  );
});

test('makes keys of 16 bytes, each a new one', () => {
  const keys = new Set(Array.from({ length: 100 }, createHandshakeKey));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.equal(Buffer.from(key, 'base64').length, 16);
});

test('computes the accept value of RFC 6455 §1.3', () => {
  assert.equal(acceptFor(RFC_KEY), RFC_ACCEPT);
});

for (const [name, canonical] of [
  ['upgrade', 'Upgrade'],
  ['CONNECTION', 'Connection'],
  ['Sec-WebSocket-Key', 'Sec-Websocket-Key'],
  ['sec-websocket-version', 'Sec-Websocket-Version'],
  ['Sec-Websocket-Extensions', 'Sec-Websocket-Extensions'],
] as const) {
  test(`refuses the header ${name} in k6's words`, () => {
    const fault = requestFault(request({ headers: [[name, 'x']] }));
    assert.equal(fault?.message, `websocket: duplicate header not allowed: ${canonical}`);
    assert.equal(fault?.code, 'WS_HEADER');
  });
}

test('takes Sec-WebSocket-Protocol as a header or as protocols, not as both', () => {
  const headers = [['sec-websocket-protocol', 'chat']] as const;
  assert.equal(requestFault(request({ headers })), undefined);
  assert.equal(
    requestFault(request({ headers, protocols: ['chat'] }))?.message,
    'websocket: duplicate header not allowed: Sec-Websocket-Protocol',
  );
});

test('lets nothing break out of its line', () => {
  const bad: Partial<DialRequest>[] = [
    { headers: [['X', 'a\r\nY: b']] },
    { headers: [['X', 'a\nb']] },
    { headers: [['X: a\r\nY', 'b']] },
    { headers: [['', 'b']] },
    { target: '/ HTTP/1.1\r\nX: y' },
    { hostHeader: 'a\r\nX: y' },
    { protocols: ['a\r\nX: y'] },
    { protocols: [''] },
  ];
  for (const parts of bad) assert.equal(requestFault(request(parts))?.code, 'WS_HEADER');
  assert.equal(requestFault(request({ headers: [['X', 'naïve; "a, b"']] })), undefined);
});

test('reads an answer cut anywhere, and finds what comes behind it', () => {
  const text = `${UPGRADE}\r\n\x81\x02hi`;
  const bytes = Buffer.from(text, 'latin1');
  for (const step of [1, 2, 3, 7, 50, bytes.length]) {
    const { result, restFrom } = read(bytes, step);
    assert.ok(result instanceof ResponseHead);
    assert.equal(result.status, 101);
    const end = bytes.length - 4;
    const chunkEnd = Math.min(bytes.length, Math.ceil(end / step) * step);
    assert.equal(bytes.subarray(restFrom, chunkEnd).toString('latin1'), text.slice(end, chunkEnd));
    assert.deepEqual(result.headers.at(-1), ['Sec-WebSocket-Accept', RFC_ACCEPT]);
  }
});

test('keeps repeated headers, their order and their spelling', () => {
  const answer = head('HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nX-y:z\r\nset-cookie:  b=2 \r\n\r\n');
  assert.deepEqual(answer.headers, [
    ['Set-Cookie', 'a=1'],
    ['X-y', 'z'],
    ['set-cookie', 'b=2'],
  ]);
  assert.equal(answer.field('set-cookie'), 'a=1, b=2');
});

for (const [name, text] of [
  ['no HTTP at all', 'NOT HTTP AT ALL\r\n\r\n'],
  ['one line of something else', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ['a field without a colon', 'HTTP/1.1 101 OK\r\nUpgrade websocket\r\n\r\n'],
  ['a folded field', 'HTTP/1.1 101 OK\r\nA: b\r\n c\r\n\r\n'],
  ['a head of 64 KiB', `HTTP/1.1 101 OK\r\nA: ${'b'.repeat(70_000)}`],
] as const) {
  test(`refuses ${name}`, () => {
    const { result } = read(text);
    assert.ok(result instanceof WebSocketError, String(result));
    assert.equal(result.code, 'WS_MALFORMED_RESPONSE');
  });
}

const judge = (text: string, parts: Partial<DialRequest> = {}): string | undefined =>
  judgeUpgrade(head(text), RFC_KEY, request(parts));

test('takes an upgrade, whatever the case and the neighbours of its tokens', () => {
  assert.equal(judge(`${UPGRADE}\r\n`), undefined);
  assert.equal(
    judge(
      `HTTP/1.1 101\r\nUPGRADE:  WebSocket  \r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: ${RFC_ACCEPT}\r\n\r\n`,
    ),
    undefined,
  );
});

for (const [name, text] of [
  ['another status', `${UPGRADE}\r\n`.replace('101', '200')],
  ['no Upgrade', `${UPGRADE}\r\n`.replace('Upgrade: websocket\r\n', '')],
  ['another Upgrade', `${UPGRADE}\r\n`.replace('websocket', 'websocketx')],
  ['no Connection', `${UPGRADE}\r\n`.replace('Connection: Upgrade\r\n', '')],
  ['Connection: close', `${UPGRADE}\r\n`.replace('Connection: Upgrade', 'Connection: close')],
  ['no accept', `${UPGRADE}\r\n`.replace(/Sec-WebSocket-Accept.*\r\n/, '')],
  ['an accept in lower case', `${UPGRADE}\r\n`.replace(RFC_ACCEPT, RFC_ACCEPT.toLowerCase())],
  ['two accepts', `${UPGRADE}Sec-WebSocket-Accept: ${RFC_ACCEPT}\r\n\r\n`],
  ['two subprotocols', `${UPGRADE}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n`],
] as const) {
  test(`takes no upgrade with ${name}`, () => {
    assert.equal(typeof judge(text), 'string');
  });
}

test('checks the subprotocol only where it is required to be an offered one', () => {
  const chose = (protocol: string): string =>
    `${UPGRADE}Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`;
  assert.equal(judge(chose('c')), undefined);
  const requires = { protocols: ['a', 'b'], requiresOfferedProtocol: true };
  assert.equal(judge(chose('b'), requires), undefined);
  assert.equal(judge(`${UPGRADE}\r\n`, requires), undefined);
  assert.equal(judge(chose('c'), requires), 'subprotocol c was not offered');
});

function body(headText: string, bytes: string, step = 1): { text: string; isDone: boolean } {
  const reader = new BodyReader(head(headText));
  const data = Buffer.from(bytes);
  for (let at = 0; at < data.length; at += step) {
    reader.push(data, at, Math.min(data.length, at + step));
  }
  return { text: Buffer.from(reader.body).toString(), isDone: reader.isDone };
}

test('reads a body by its length', () => {
  const text = 'HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\n';
  assert.deepEqual(body(text, 'deni'), { text: 'deni', isDone: true });
  assert.deepEqual(body(text, 'den'), { text: 'den', isDone: false });
  assert.deepEqual(body(text, 'denied'), { text: 'deni', isDone: true });
  assert.deepEqual(body('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n', ''), {
    text: '',
    isDone: true,
  });
});

test('reads a body by its chunks', () => {
  const text = 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n';
  for (const step of [1, 3, 100]) {
    assert.deepEqual(body(text, '4;x=y\r\nbusy\r\nA\r\n0123456789\r\n0\r\n\r\n', step), {
      text: 'busy0123456789',
      isDone: true,
    });
  }
  assert.deepEqual(body(text, '4\r\nbu'), { text: 'bu', isDone: false });
});

test('keeps the first KiB of a body and waits for no more', () => {
  const endless = 'HTTP/1.1 500 No\r\n\r\n';
  assert.deepEqual(body(endless, 'x'.repeat(2000), 100), { text: 'x'.repeat(1024), isDone: true });
  const chunked = 'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.deepEqual(body(chunked, `800\r\n${'x'.repeat(2048)}`, 100), {
    text: 'x'.repeat(1024),
    isDone: true,
  });
});
