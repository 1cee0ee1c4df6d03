// Log in over HTTP, then enter a private chat room: the session cookie goes along with the handshake.
import { check, fail } from 'k6';
import http from 'k6/http';
import ws from 'k6/ws';

export const options = { vus: 5, duration: '10s', thresholds: { checks: ['rate==1'] } };

const httpBase = __ENV.HTTP_URL || 'http://127.0.0.1:7878';
const wsBase = __ENV.WS_URL || 'ws://127.0.0.1:7878';

export default function () {
  const user = `croc-${__VU}`;
  const login = http.post(
    `${httpBase}/login`,
    JSON.stringify({ user, password: __ENV.PASSWORD || 'crocodile' }),
    { headers: { 'Content-Type': 'application/json' } },
  );
  check(login, {
    'logged in': (r) => r.status === 200,
    'got a session cookie': (r) => r.cookies.session !== undefined,
  });
  if (login.status !== 200) fail(`${user} was not let in: ${login.body}`);

  let greeting;
  const response = ws.connect(`${wsBase}/ws/private/lounge/`, null, (socket) => {
    socket.on('message', (text) => {
      const { event, user: who, message } = JSON.parse(text);
      if (event !== 'USER_JOINED' || who !== user) return;
      greeting = message;
      socket.setTimeout(() => socket.close(), 200);
    });
    socket.on('error', (error) => console.error(`${user}: ${error.error()}`));
    socket.setTimeout(() => socket.close(), 3000);
  });

  check(response, { 'was let in': (r) => r.status === 101 });
  check(greeting, { 'was known by name': (text) => text === `${user} joined the room` });
}
