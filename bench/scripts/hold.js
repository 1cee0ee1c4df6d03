// Opens its share of many sockets over a while, holds them, closes them all.
import { Counter } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

const opened = new Counter('hold_opened');
const clean = new Counter('hold_clean');
const failed = new Counter('hold_failed');

const vus = Number(__ENV.VUS);
const urls = __ENV.WS_URLS.split(',');

export const options = {
  scenarios: {
    hold: { executor: 'per-vu-iterations', vus, iterations: 1, maxDuration: '5m' },
  },
  systemTags: ['scenario'],
};

export default function () {
  const from = Number(__ENV.FROM_MS) + ((__VU % vus) / vus) * Number(__ENV.RAMP_MS);
  setTimeout(open, Math.max(0, from - Date.now()));
}

function open() {
  for (let i = 0; i < Number(__ENV.SOCKETS); i += 1) {
    const socket = new WebSocket(urls[(__VU + i) % urls.length]);
    socket.onopen = () => {
      opened.add(1);
      setTimeout(() => socket.close(1000), Number(__ENV.UNTIL_MS) - Date.now());
    };
    socket.onerror = (event) => {
      failed.add(1);
      console.error(event.error);
    };
    socket.onclose = (event) => {
      if (event.code === 1000 && event.wasClean) clean.add(1);
    };
  }
}
