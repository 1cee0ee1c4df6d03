// The floor of scripts/echo.js: bare sockets that send one prepared frame for each read and understand nothing.
import { createConnection } from 'node:net';

const BYTES = 64;
const { hostname: host, port } = new URL(process.env.WS_URL);
const rounds = Number(process.env.ROUNDS);
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const frame = Buffer.alloc(6 + BYTES, 'x');
frame.set([0x81, 0x80 | BYTES, 0, 0, 0, 0]);
const request = [
  'GET / HTTP/1.1',
  'Host: x',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n');

for (let i = 0; i < Number(process.env.SOCKETS); i += 1) {
  let reads = 0;
  const callback = () => {
    reads += 1;
    // The first read is the answer to the upgrade.
    if (reads <= rounds) socket.write(frame);
    else socket.destroy();
    return true;
  };
  const socket = createConnection({ host, port, noDelay: true, onread: { buffer, callback } });
  socket.write(request);
}
