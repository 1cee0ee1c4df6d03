// A summary of one's own: text on the terminal, JUnit for the build server, everything as JSON.
import { jUnit, textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
import { check } from 'k6';
import { WebSocket } from 'k6/websockets';

export const options = {
  vus: 3,
  iterations: 9,
  thresholds: { checks: ['rate==1'], ws_connecting: ['p(95)<500', 'max<1000'] },
};

export default function () {
  const socket = new WebSocket(`${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`);
  let answer;
  socket.onopen = () => socket.send('hello');
  socket.onmessage = ({ data }) => {
    answer = data;
    socket.close();
  };
  socket.onclose = () => check(answer, { 'the echo answers': (text) => text === 'hello' });
}

export function handleSummary(data) {
  return {
    stdout: `${textSummary(data, { indent: ' ', enableColors: false })}\n`,
    'junit.xml': jUnit(data),
    'summary.all.json': JSON.stringify(data, null, 2),
  };
}
