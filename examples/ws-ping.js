// k6/ws: every event of a connection, heartbeats with ping and pong, timers, binary next to text.
import { check, fail } from 'k6';
import ws from 'k6/ws';

export const options = { vus: 2, iterations: 4 };

const url = `${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`;
const params = { headers: { 'X-Client': 'ws-ping' }, tags: { example: 'ws-ping' } };

export default function () {
  const heard = [];
  let pongs = 0;

  const response = ws.connect(url, params, (socket) => {
    socket.on('open', () => {
      socket.send('a line of text');
      socket.sendBinary(new Uint8Array([1, 2, 3]).buffer);
      socket.setInterval(() => socket.ping(), 100);
    });

    socket.on('message', (text) => heard.push(text));
    socket.on('binaryMessage', (buffer) => heard.push(new Uint8Array(buffer).length));

    socket.on('pong', () => {
      pongs += 1;
      if (pongs === 5) socket.close(1000);
    });

    socket.on('error', (error) => console.error(`broken: ${error.error()}`));
    socket.on('close', (code) => console.log(`VU ${__VU} closed with ${code}`));

    socket.setTimeout(() => {
      console.warn('no five pongs within five seconds');
      socket.close(4000);
    }, 5000);
  });

  if (response?.status !== 101) fail('the handshake failed');
  check(heard, {
    'text came back': (all) => all.includes('a line of text'),
    'three bytes came back': (all) => all.includes(3),
  });
  check(pongs, { 'five pongs': (count) => count === 5 });
}
