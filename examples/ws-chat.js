// k6/ws: ten users join a chat room, talk for a few seconds and say goodbye.
import { randomIntBetween, randomString } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { check, sleep } from 'k6';
import ws from 'k6/ws';

export const options = { vus: 10, duration: '10s' };

const room = `${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/crocochat/lobby/`;

export default function () {
  const name = `guest-${__VU}`;
  const response = ws.connect(room, { tags: { room: 'lobby' } }, (socket) => {
    const say = (event) => socket.send(JSON.stringify(event));

    socket.on('open', () => {
      say({ event: 'SET_NAME', new_name: name });
      socket.setInterval(
        () => say({ event: 'SAY', message: `have you heard of ${randomString(6)}?` }),
        randomIntBetween(500, 1000),
      );
    });

    socket.on('message', (text) => {
      const { event, user, message } = JSON.parse(text);
      if (event === 'ERROR') console.error(`${name}: ${message}`);
      else if (event === 'CHAT_MSG' && user !== name && __ENV.TALK)
        console.log(`${user}: ${message}`);
    });

    socket.on('error', (error) => console.error(`${name}: ${error.error()}`));

    // The server hangs up on those who leave; whoever is still here a second later hangs up first.
    socket.setTimeout(() => say({ event: 'LEAVE' }), 3000);
    socket.setTimeout(() => socket.close(1000), 4000);
  });

  check(response, { 'was let in': (r) => r && r.status === 101 });
  sleep(randomIntBetween(1, 5) / 10);
}
