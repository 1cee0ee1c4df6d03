import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DialRequest } from './api.ts';
import { dial } from './dial.ts';
import { closeFrame, pingFrame, serverFrame, textFrame } from './testing/frames.ts';
import {
  type RawServer,
  readRequest,
  startRawServer,
  upgradeAnswer,
} from './testing/raw-server.ts';
import { RecordedEvents } from './testing/recorded-events.ts';
import { FrameTracer, redacted } from './wire-trace.ts';

const TIME = /^conn \d+ \+\d+\.\dms /;

async function traced(includesFrames: boolean): Promise<readonly string[]> {
  const server: RawServer = await startRawServer((socket) => {
    void readRequest(socket).then((request) => {
      const answer = upgradeAnswer(request).replace('\r\n\r\n', '\r\nSet-Cookie: id=42\r\n\r\n');
      socket.write(Buffer.concat([Buffer.from(answer), textFrame('hello')]));
    });
  });
  const lines: string[] = [];
  const events = new RecordedEvents();
  const request: DialRequest = {
    isSecure: false,
    host: 'localhost',
    port: server.port,
    target: '/chat',
    hostHeader: 'localhost',
    headers: [
      ['Authorization', 'Bearer 123'],
      ['Cookie', 'id=41'],
      ['X-Plain', 'yes'],
    ],
    protocols: [],
    resolve: (_host, port, done) => done(null, [{ address: '127.0.0.1', family: 4, port }]),
    trace: { includesFrames, includesSecrets: false, write: (line) => lines.push(line) },
  };
  const connection = dial(request, events);
  await events.until('text hello');
  connection.sendText('hi there');
  connection.closeNow(1000);
  await events.untilEnd();
  await server.close();
  assert.ok(lines.every((line) => TIME.test(line)));
  return lines.map((line) => line.replace(TIME, ''));
}

test('tells the handshake with credentials and cookies blanked', async () => {
  const lines = await traced(false);
  assert.ok(lines.includes('> GET /chat HTTP/1.1'));
  assert.ok(lines.includes('> X-Plain: yes'));
  assert.ok(lines.includes('> Authorization: [redacted]'));
  assert.ok(lines.includes('> Cookie: [redacted]'));
  assert.ok(lines.includes('< HTTP/1.1 101 Switching Protocols'));
  assert.ok(lines.includes('< Set-Cookie: [redacted]'));
  assert.ok(lines.includes('* closed'));
  assert.doesNotMatch(lines.join('\n'), /123|id=4|text 5/);
});

test('tells frames of both directions, with close codes', async () => {
  const lines = await traced(true);
  const frames = lines.filter((line) => /^[<>] (text|close)/.test(line));
  assert.deepEqual(frames, ['< text 5 bytes', '> text 8 bytes', '> close 1000 2 bytes']);
});

test('reads frames however their bytes are cut', () => {
  const stream = Buffer.concat([
    textFrame('x'.repeat(70_000)),
    serverFrame({ opcode: 2, payload: Buffer.alloc(300), isFinal: false }),
    pingFrame(''),
    serverFrame({ opcode: 0, rsv: 4, payload: '' }),
    closeFrame(4001, 'enough'),
    closeFrame(),
  ]);
  const expected = [
    'text 70000 bytes',
    'binary 300 bytes not final',
    'ping 0 bytes',
    'continuation 0 bytes compressed',
    'close 4001 "enough" 8 bytes',
    'close without code 0 bytes',
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
      const told: string[] = [];
      const tracer = new FrameTracer((text) => told.push(text));
      const ends = [...cuts.sort((a, b) => a - b), stream.length];
      let from = 0;
      for (const end of ends) {
        const part = stream.subarray(from, end);
        tracer.push(part, part.length);
        from = end;
      }
      assert.deepEqual(told, expected);
    }),
    { numRuns: 50 },
  );
});

test('blanks secrets whatever the case of their names', () => {
  assert.equal(
    redacted('GET / HTTP/1.1\r\nCOOKIE: a\r\nproxy-authorization: Basic x\r\nX: authorization'),
    'GET / HTTP/1.1\r\nCOOKIE: [redacted]\r\nproxy-authorization: [redacted]\r\nX: authorization',
  );
});

test('blanks tokens in URLs, in headers by their names, and among the subprotocols', () => {
  const jwt = 'eyJhbGciOi.eyJzdWIi.x-_9';
  const head = [
    'GET /chat?access_token=TOK1&room=1 HTTP/1.1',
    'X-Api-Key: APIKEY',
    'X-Session:SESSION',
    `Sec-WebSocket-Protocol: chat.example.com, ${jwt},graphql-transport-ws, ${'k'.repeat(33)}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZQ==',
    'Location: wss://user:pass@host/?sig=SIG',
    'X-Token: first',
    '\tFOLDED',
    'WWW-Authenticate: Basic realm="x"',
    'no colon here?key=KEY',
  ].join('\r\n');
  assert.deepEqual(redacted(head).split('\r\n'), [
    'GET /chat?access_token=[redacted]&room=1 HTTP/1.1',
    'X-Api-Key: [redacted]',
    'X-Session: [redacted]',
    'Sec-WebSocket-Protocol: chat.example.com, [redacted],graphql-transport-ws, [redacted]',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZQ==',
    'Location: wss://****:****@host/?sig=[redacted]',
    'X-Token: [redacted]',
    'WWW-Authenticate: Basic realm="x"',
    'no colon here?key=[redacted]',
  ]);
});
