// Every VU is blocked in k6/ws connect until the test ends.
import ws from 'k6/ws';

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
  ws.connect(__ENV.WS_URL, (socket) => {
    socket.on('message', () => {});
  });
}
