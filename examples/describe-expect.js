// Assertions in words: describe is a group that goes on after errors, every expect is a check.
import { describe, expect } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
import http from 'k6/http';
import ws from 'k6/ws';

export const options = { vus: 3, iterations: 6, thresholds: { checks: ['rate==1'] } };

const httpBase = __ENV.HTTP_URL || 'http://127.0.0.1:7878';
const wsBase = __ENV.WS_URL || 'ws://127.0.0.1:7878';

export default function () {
  const isIn = describe('log in', () => {
    const login = http.post(`${httpBase}/login`, { user: 'dora', password: 'crocodile' });
    expect(login.status, 'login status').to.equal(200);
    expect(login).to.have.validJsonBody();
    expect(login.json(), 'answer').to.have.property('user').that.equals('dora');
    expect(login.cookies, 'cookies').to.include.keys('session');
  });
  if (!isIn) return;

  describe('chat in private', () => {
    const notices = [];
    const response = ws.connect(`${wsBase}/ws/private/library/`, null, (socket) => {
      socket.on('message', (text) => notices.push(JSON.parse(text)));
      socket.setTimeout(() => socket.close(), 200);
    });
    expect(response.status, 'handshake').to.equal(101);
    expect(notices, 'notices').to.have.lengthOf.at.least(1);
    expect(notices[0].event, 'first notice').to.be.oneOf(['USER_JOINED', 'USER_LEFT']);
  });
}
