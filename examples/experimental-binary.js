// A script for k6 0.41, unchanged: binary messages arrive as ArrayBuffer, without setting binaryType.
import { clearTimeout, setTimeout } from 'k6/experimental/timers';
import { WebSocket } from 'k6/experimental/websockets';

export const options = { vus: 2, iterations: 2 };

const MESSAGES = 10;

export default function () {
  const socket = new WebSocket(`${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`);
  const sent = new Uint8Array([1, 2, 4, 8, 16, 32, 64, 128]);
  let received = 0;
  let giveUp;

  socket.addEventListener('open', () => {
    for (let count = 0; count < MESSAGES; count++) socket.send(sent.buffer);
    giveUp = setTimeout(() => {
      console.error(`only ${received} of ${MESSAGES} messages came back`);
      socket.close();
    }, 5000);
  });

  socket.addEventListener('message', (event) => {
    const bytes = new Uint8Array(event.data);
    const isSame = bytes.length === sent.length && bytes.every((byte, at) => byte === sent[at]);
    if (!isSame) throw new Error(`sent ${sent}, got ${bytes}`);
    received += 1;
    if (received === MESSAGES) socket.close();
  });

  socket.addEventListener('error', (event) => console.error(event.error));

  socket.addEventListener('close', () => {
    clearTimeout(giveUp);
    console.log(`VU ${__VU}: ${received} binary messages came back`);
  });
}
