// A user's journey as a tree: groups within groups, and checks that say where something went wrong.
import { check, group, sleep } from 'k6';
import http from 'k6/http';
import ws from 'k6/ws';

export const options = {
  vus: 3,
  duration: '5s',
  thresholds: {
    checks: ['rate==1'],
    'group_duration{group:::visit::chat}': ['p(95)<2000'],
  },
};

const httpBase = __ENV.HTTP_URL || 'http://127.0.0.1:7878';
const wsBase = __ENV.WS_URL || 'ws://127.0.0.1:7878';

export default function () {
  group('visit', () => {
    group('front page', () => {
      const page = http.get(`${httpBase}/`);
      check(page, {
        'is there': (r) => r.status === 200,
        'names the chat': (r) => String(r.body).includes('/ws/crocochat/'),
      });
    });

    group('log in', () => {
      const login = http.post(`${httpBase}/login`, { user: 'anna', password: 'crocodile' });
      check(login, { 'is known': (r) => r.json('user') === 'anna' });
    });

    group('chat', () => {
      const events = [];
      const response = ws.connect(`${wsBase}/ws/private/garden/`, null, (socket) => {
        socket.on('message', (text) => events.push(JSON.parse(text).event));
        socket.setTimeout(() => socket.close(), 300);
      });
      check(response, { 'is let in': (r) => r.status === 101 });
      check(events, { 'is announced': (all) => all.includes('USER_JOINED') });
    });
  });
  sleep(0.2);
}
