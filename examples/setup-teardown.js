// setup() logs in once and hands its result to all virtual users and to teardown().
import { check } from 'k6';
import http from 'k6/http';
import { WebSocket } from 'k6/websockets';

export const options = { vus: 4, duration: '5s', thresholds: { checks: ['rate==1'] } };

const httpBase = __ENV.HTTP_URL || 'http://127.0.0.1:7878';
const wsBase = __ENV.WS_URL || 'ws://127.0.0.1:7878';

export function setup() {
  const login = http.post(`${httpBase}/login`, { user: 'caretaker', password: 'crocodile' });
  if (login.status !== 200) throw new Error(`login failed: ${login.status} ${login.body}`);
  return { session: login.cookies.session[0].value, startedAt: Date.now() };
}

export default function ({ session }) {
  const headers = { Cookie: `session=${session}` };
  const socket = new WebSocket(`${wsBase}/ws/private/cellar/`, null, { headers });
  const users = new Set();

  socket.onmessage = ({ data }) => users.add(JSON.parse(data).user);
  socket.onopen = () => setTimeout(() => socket.close(), 300);
  socket.onerror = ({ error }) => console.error(error);
  socket.onclose = () =>
    check([...users], { 'only the caretaker is here': (all) => String(all) === 'caretaker' });
}

export function teardown({ session, startedAt }) {
  const me = http.get(`${httpBase}/me`, { headers: { Cookie: `session=${session}` } });
  check(me, { 'the session lived through the test': (r) => r.json('user') === 'caretaker' });
  console.log(`the test took ${Math.round((Date.now() - startedAt) / 1000)} s`);
}
