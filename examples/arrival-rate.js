// An open model: iterations start at a growing rate, however long the server takes to answer.
import { check } from 'k6';
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    visitors: {
      executor: 'ramping-arrival-rate',
      startRate: 5,
      timeUnit: '1s',
      preAllocatedVUs: 10,
      maxVUs: 50,
      stages: [
        { duration: '1s', target: 20 },
        { duration: '1s', target: 20 },
        { duration: '1s', target: 5 },
      ],
    },
  },
  thresholds: {
    // Iterations that found no free virtual user: with any of them the rate was not kept.
    dropped_iterations: ['count==0'],
    iteration_duration: ['p(95)<1000'],
    checks: ['rate==1'],
  },
};

export default function () {
  const socket = new WebSocket(`${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`);
  let rounds = 0;
  socket.onopen = () => socket.send('1');
  socket.onmessage = ({ data }) => {
    rounds = Number(data);
    if (rounds === 3) socket.close();
    else socket.send(String(rounds + 1));
  };
  socket.onerror = ({ error }) => console.error(error);
  socket.onclose = () => check(rounds, { 'three rounds': (count) => count === 3 });
}
