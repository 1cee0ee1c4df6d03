// A chat room as cheap as can be: what one socket sends goes to all, as one prepared frame.
// Messages of up to 125 bytes; no Close is answered.
// A server that gathers writes to each member once per turn of its loop, all that was said in it; else each message
// is a write of its own.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** @returns a function that gives what was delivered since the last time. */
export function serveRoom(onPort, { gathers }) {
  const members = new Set();
  let delivered = 0;
  let said = [];
  const server = createServer({ noDelay: true }, (socket) => {
    let isOpen = false;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => members.delete(socket));
    socket.on('data', (data) => {
      if (isOpen) {
        deliver(data);
        return;
      }
      const request = data.toString('latin1');
      isOpen = true;
      members.add(socket);
      const key = /^sec-websocket-key: (\S+)/im.exec(request)[1];
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  function deliver(data) {
    for (let at = 0; at + 6 <= data.length; ) {
      const bytes = data[at + 1] & 127;
      const isText = (data[at] & 15) === 1;
      const from = at + 6;
      at = from + bytes;
      if (!isText) continue;
      const frame = Buffer.allocUnsafe(2 + bytes);
      frame[0] = 0x81;
      frame[1] = bytes;
      for (let i = 0; i < bytes; i += 1) frame[2 + i] = data[from + i] ^ data[from - 4 + (i & 3)];
      if (!gathers) {
        tellAll(frame, 1);
        continue;
      }
      if (said.length === 0) setImmediate(tellSaid);
      said.push(frame);
    }
  }
  function tellSaid() {
    const frames = said;
    said = [];
    tellAll(Buffer.concat(frames), frames.length);
  }
  function tellAll(bytes, count) {
    for (const member of members) member.write(bytes);
    delivered += count * members.size;
  }
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => onPort(server.address().port));
  return () => {
    const taken = { delivered };
    delivered = 0;
    return taken;
  };
}
