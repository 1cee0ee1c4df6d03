// What the pictures in docs/images show: people who chat in rooms, and screens that follow prices.
import { check, group } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    chat: {
      executor: 'ramping-vus',
      exec: 'chat',
      stages: [
        { duration: '12s', target: 60 },
        { duration: '25s', target: 80 },
        { duration: '8s', target: 10 },
      ],
      gracefulRampDown: '5s',
      gracefulStop: '5s',
    },
    prices: {
      executor: 'constant-vus',
      exec: 'prices',
      vus: 15,
      duration: '40s',
      startTime: '4s',
      gracefulStop: '5s',
    },
  },
  thresholds: {
    reply_time: ['p(95)<120', 'p(99)<150'],
    checks: ['rate>0.98'],
    'ws_connecting{scenario:chat}': ['p(95)<500'],
    'ws_sockets_closed{cause:socket-error}': ['count<10'],
  },
};

const OPEN = 1;

const replyTime = new Trend('reply_time', true);
const quoteBytes = new Trend('quote_bytes');
const ordersPlaced = new Counter('orders_placed');
const ordersFilled = new Rate('orders_filled');
const queueDepth = new Gauge('queue_depth');

export function chat() {
  const socket = new WebSocket(`${__ENV.WS_URL}/chat`);
  let timer;
  socket.onopen = () => {
    timer = setInterval(
      () => {
        if (socket.readyState !== OPEN) return;
        socket.send(JSON.stringify({ at: Date.now(), text: 'Is this in stock? '.repeat(4) }));
        socket.ping();
      },
      200 + Math.random() * 200,
    );
    setTimeout(() => socket.close(), 4000 + Math.random() * 3000);
  };
  socket.onmessage = (message) => {
    const { at, room } = JSON.parse(message.data);
    replyTime.add(Date.now() - at, { room });
    check(room, {
      'room is known': (name) => name !== 'lost',
      'room has a name': (name) => name !== '',
    });
  };
  socket.onclose = () => clearInterval(timer);
}

export function prices() {
  const socket = new WebSocket(`${__ENV.WS_URL}/prices`);
  socket.onopen = () => setTimeout(() => socket.close(), 6000);
  socket.onmessage = (message) => {
    const quote = JSON.parse(message.data);
    quoteBytes.add(message.data.length);
    queueDepth.add(quote.queue);
    group('order', () => check(quote, { 'has a price': ({ price }) => price > 0 }));
    if (Math.random() > 0.3) return;
    ordersPlaced.add(1, { side: Math.random() < 0.4 ? 'buy' : 'sell' });
    ordersFilled.add(Math.random() < 0.93);
  };
}
