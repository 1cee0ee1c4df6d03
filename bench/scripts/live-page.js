// VUs that each hold one socket and send a message a second, with a time, a tag and a check per answer.
import { check } from 'k6';
import { Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

const vus = Number(__ENV.VUS);
const seconds = Number(__ENV.SECONDS);
const RAMP_MS = 5000;

export const options = {
  scenarios: { users: { executor: 'per-vu-iterations', vus, iterations: 1, maxDuration: '2m' } },
};

const reply = new Trend('reply_time', true);

export default function () {
  setTimeout(() => {
    const socket = new WebSocket(__ENV.WS_URL);
    let left = seconds;
    let sentMs = 0;
    const send = () => {
      sentMs = Date.now();
      socket.send('x'.repeat(64));
      left -= 1;
    };
    let timer;
    socket.onopen = () => {
      timer = setInterval(() => (left > 0 ? send() : socket.close()), 1000);
    };
    socket.onmessage = (message) => {
      reply.add(Date.now() - sentMs, { room: `room-${__VU % 4}` });
      check(message, { 'is whole': ({ data }) => data.length === 64 });
    };
    socket.onclose = () => clearInterval(timer);
  }, Math.random() * RAMP_MS);
}
