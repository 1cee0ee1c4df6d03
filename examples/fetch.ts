// fetch as in browsers: its requests count as http, share cookies with sockets, and end with a signal.
import { check, fail } from 'k6';
import { WebSocket } from 'k6/websockets';

export const options = {
  vus: 5,
  duration: '10s',
  thresholds: { 'http_req_duration{name:login}': ['p(95)<1000'], checks: ['rate==1'] },
};

const httpBase = __ENV['HTTP_URL'] || 'http://127.0.0.1:7878';
const wsBase = __ENV['WS_URL'] || 'ws://127.0.0.1:7878';

export default async function (): Promise<void> {
  const user = `croc-${__VU}`;
  const login = await fetch(`${httpBase}/login`, {
    method: 'POST',
    body: new URLSearchParams({ user, password: __ENV['PASSWORD'] || 'crocodile' }),
    signal: AbortSignal.timeout(5000),
    tags: { name: 'login' },
  });
  const answer: { user?: string } = await login.json();
  check(login, { 'logged in': ({ ok }) => ok && answer.user === user });
  if (!login.ok) fail(`${user} was not let in: status ${login.status}`);

  // The session cookie goes along with the handshake.
  const socket = new WebSocket(`${wsBase}/ws/private/lounge/`);
  const joined = new Promise<string>((resolve) => {
    socket.onmessage = ({ data }) => {
      const { event, user: who, message } = JSON.parse(data);
      if (event === 'USER_JOINED' && who === user) resolve(message);
    };
    socket.onclose = ({ code }) => resolve(`closed with ${code}`);
  });
  check(await joined, { 'was known by name': (text) => text === `${user} joined the room` });
  socket.close();
}
