// A handshake that is signed with HMAC-SHA256: the server lets in only who knows the key.
import { check } from 'k6';
import { hmac } from 'k6/crypto';
import { WebSocket } from 'k6/websockets';

export const options = { vus: 3, iterations: 9, thresholds: { checks: ['rate==1'] } };

const base = __ENV.WS_URL || 'ws://127.0.0.1:7878';
const key = __ENV.SIGNING_KEY || 'gharial-demo-key';

function signedUrl(user) {
  const time = Math.floor(Date.now() / 1000);
  const signature = hmac('sha256', key, `${user}:${time}`, 'hex');
  return `${base}/ws/signed?user=${user}&time=${time}&signature=${signature}`;
}

export default function () {
  // All connections share one name in the results, whatever their signature.
  const params = { tags: { name: '/ws/signed' } };
  const socket = new WebSocket(signedUrl(`croc-${__VU}`), null, params);
  let answer;

  socket.onopen = () => socket.send('let me in');
  socket.onmessage = ({ data }) => {
    answer = data;
    socket.close();
  };
  socket.onerror = ({ error }) => console.error(error);
  socket.onclose = () => check(answer, { 'was let in': (text) => text === 'let me in' });
}
