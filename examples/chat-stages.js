// Chat rooms that fill and empty again: stages ramp the number of users, each talks for a while.
import { randomIntBetween, randomItem } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import ws from 'k6/ws';

export const options = {
  stages: [
    { duration: '10s', target: 20 },
    { duration: '30s', target: 20 },
    { duration: '10s', target: 0 },
  ],
  thresholds: { ws_connecting: ['p(95)<500'], checks: ['rate>0.99'] },
};

const base = `${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/crocochat`;
const rooms = ['pond', 'river', 'lake'];
const said = new Counter('chat_said');
const heard = new Counter('chat_heard');

export default function () {
  const room = randomItem(rooms);
  const response = ws.connect(`${base}/${room}/`, { tags: { room } }, (socket) => {
    const say = (event) => socket.send(JSON.stringify(event));

    socket.on('open', () => {
      say({ event: 'SET_NAME', new_name: `croc-${__VU}` });
      socket.setInterval(
        () => {
          say({ event: 'SAY', message: `I am number ${__ITER}` });
          said.add(1, { room });
        },
        randomIntBetween(300, 700),
      );
    });
    socket.on('message', (text) => {
      if (JSON.parse(text).event === 'CHAT_MSG') heard.add(1, { room });
    });
    socket.on('error', (error) => console.error(`${room}: ${error.error()}`));
    socket.setTimeout(() => socket.close(), randomIntBetween(1000, 1500));
  });
  check(response, { 'was let in': (r) => r.status === 101 });
}
