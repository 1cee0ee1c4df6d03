// One socket per VU, ROUNDS round trips of 64 bytes.
import { WebSocket } from 'k6/websockets';

const payload = 'x'.repeat(64);
const rounds = Number(__ENV.ROUNDS);

export default function () {
  const socket = new WebSocket(__ENV.WS_URL);
  let count = 0;
  socket.addEventListener('open', () => socket.send(payload));
  socket.addEventListener('message', () => {
    count += 1;
    if (count < rounds) socket.send(payload);
    else socket.close();
  });
}
