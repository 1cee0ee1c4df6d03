// k6/websockets with metrics of its own: round trips are measured, and the run fails if they are slow.
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    steady: { executor: 'constant-vus', vus: 5, duration: '5s' },
    ramp: {
      executor: 'ramping-vus',
      stages: [
        { duration: '2s', target: 10 },
        { duration: '3s', target: 0 },
      ],
    },
  },
  thresholds: {
    echo_time: ['p(95)<200', 'max<1000'],
    'echo_time{scenario:steady}': ['med<100'],
    echo_lost: ['count==0'],
    echo_intact: ['rate>0.99'],
    ws_connecting: ['p(99)<500'],
    checks: ['rate==1'],
  },
};

const echoTime = new Trend('echo_time', true);
const echoLost = new Counter('echo_lost');
const echoIntact = new Rate('echo_intact');

export default function () {
  const socket = new WebSocket(`${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`);
  let waiting;

  const ask = () => {
    waiting = { text: `VU ${__VU} at ${Date.now()}`, since: Date.now() };
    socket.send(waiting.text);
  };

  let rounds = 0;
  socket.onopen = ask;
  socket.onmessage = ({ data }) => {
    echoTime.add(Date.now() - waiting.since);
    echoIntact.add(data === waiting.text);
    waiting = undefined;
    rounds += 1;
    if (rounds === 10) socket.close();
    else setTimeout(ask, 50);
  };
  socket.onerror = ({ error }) => console.error(error);
  socket.onclose = () => {
    if (waiting !== undefined) echoLost.add(1);
    check(rounds, { 'ten round trips': (count) => count === 10 });
  };
}
