// Tags tell samples apart, thresholds pick them out: one limit for each room and each kind of message.
import { check } from 'k6';
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

export const options = {
  vus: 4,
  duration: '5s',
  tags: { service: 'echo' },
  thresholds: {
    'round_trip{size:small}': ['p(95)<200'],
    'round_trip{size:large}': ['p(95)<400'],
    'ws_msgs_sent{tier:gold}': ['count>0'],
    'checks{tier:gold}': ['rate==1'],
    'checks{tier:free}': ['rate>0.9'],
  },
};

const roundTrip = new Trend('round_trip', true);
const payloads = { small: 'x'.repeat(100), large: 'x'.repeat(100_000) };

export default function () {
  // From here on all samples of this virtual user carry the tag.
  exec.vu.metrics.tags.tier = __VU % 2 === 0 ? 'gold' : 'free';

  const socket = new WebSocket(`${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/echo`);
  const sizes = Object.keys(payloads);
  let sentAt;
  const sendNext = () => {
    sentAt = Date.now();
    socket.send(payloads[sizes[0]]);
  };

  socket.onopen = sendNext;
  socket.onmessage = ({ data }) => {
    const size = sizes.shift();
    roundTrip.add(Date.now() - sentAt, { size });
    check(data, { 'came back whole': (text) => text === payloads[size] }, { size });
    if (sizes.length > 0) sendNext();
    else socket.close();
  };
  socket.onerror = ({ error }) => console.error(error);
}
