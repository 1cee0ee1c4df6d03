// A plain WebSocket echo server: so cheap that the clients are what a bench measures.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Echoes frames as they are, unmasked; answers a Close and ends. Costs less than any client.
 *
 * @returns a function that gives what was counted since the last time, as `GET /stats` does.
 */
export function servePlainEcho(onPort) {
  let counts = { connections: 0, messages: 0 };
  const server = createServer({ noDelay: true }, (socket) => {
    let isOpen = false;
    let rest = null;
    socket.on('error', () => socket.destroy());
    socket.on('data', (news) => {
      if (!isOpen) {
        isOpen = true;
        const request = news.toString('latin1');
        if (request.startsWith('GET /stats ')) {
          socket.end(statsAnswer(takeCounts()));
          return;
        }
        counts.connections += 1;
        socket.write(upgradeAnswer(request));
        return;
      }
      const data = rest === null ? news : Buffer.concat([rest, news]);
      const answers = [];
      let at = 0;
      for (;;) {
        const frame = frameAt(data, at);
        if (frame === null) break;
        at = frame.end;
        answers.push(echoOf(data, frame));
        if (frame.opcode !== 8) {
          counts.messages += 1;
          continue;
        }
        socket.end(Buffer.concat(answers));
        return;
      }
      rest = at === data.length ? null : data.subarray(at);
      if (answers.length > 0)
        socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => onPort(server.address().port));
  function takeCounts() {
    const taken = counts;
    counts = { connections: 0, messages: 0 };
    return taken;
  }
  return takeCounts;
}

function statsAnswer(counts) {
  const body = JSON.stringify(counts);
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

function upgradeAnswer(request) {
  const key = /^sec-websocket-key: (\S+)/im.exec(request)[1];
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

function frameAt(data, at) {
  if (data.length < at + 6) return null;
  let bytes = data[at + 1] & 127;
  let from = at + 6;
  if (bytes === 126) {
    bytes = data.readUInt16BE(at + 2);
    from += 2;
  } else if (bytes === 127) {
    if (data.length < at + 14) return null;
    bytes = data.readUIntBE(at + 4, 6);
    from += 8;
  }
  const end = from + bytes;
  return data.length < end ? null : { opcode: data[at] & 15, start: at, from, end };
}

/** A payload that is copied begins here, so that it can be unmasked word by word. */
const PAYLOAD_AT = 12;

/** Unmasks in place and moves the header up to the payload, over the masking key; long ones are copied. */
function echoOf(data, { start, from, end }) {
  if (end - from > 256) return longEchoOf(data, { start, from, end });
  for (let i = from, k = 0; i < end; i++, k++) data[i] ^= data[from - 4 + (k & 3)];
  data.copyWithin(start + 4, start, from - 4);
  data[start + 5] &= 127;
  return data.subarray(start + 4, end);
}

function longEchoOf(data, { start, from, end }) {
  const bytes = end - from;
  const echo = Buffer.allocUnsafeSlow(PAYLOAD_AT + ((bytes + 3) & ~3));
  data.copy(echo, PAYLOAD_AT, from, end);
  const words = new Int32Array(echo.buffer, PAYLOAD_AT);
  const key = data.readInt32LE(from - 4);
  for (let i = 0; i < words.length; i += 1) words[i] ^= key;
  const header = PAYLOAD_AT - (from - 4 - start);
  data.copy(echo, header, start, from - 4);
  echo[header + 1] &= 127;
  return echo.subarray(header, PAYLOAD_AT + bytes);
}
