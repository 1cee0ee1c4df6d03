// One open, idle socket per VU until the test ends.
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    hold: {
      executor: 'constant-vus',
      vus: Number(__ENV.VUS),
      duration: `${__ENV.SECONDS}s`,
      gracefulStop: '0s',
    },
  },
};

export default function () {
  const socket = new WebSocket(__ENV.WS_URL);
  socket.addEventListener('message', () => {});
}
