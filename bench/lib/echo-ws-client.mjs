// The same work as scripts/echo.js with a bare client of the `ws` library.
import WebSocket from 'ws';

const payload = 'x'.repeat(64);
const rounds = Number(process.env.ROUNDS);
for (let i = 0; i < Number(process.env.SOCKETS); i += 1) {
  const socket = new WebSocket(process.env.WS_URL, { perMessageDeflate: false });
  let count = 0;
  socket.on('open', () => socket.send(payload));
  socket.on('message', (data) => {
    data.toString();
    count += 1;
    if (count < rounds) socket.send(payload);
    else socket.close();
  });
}
