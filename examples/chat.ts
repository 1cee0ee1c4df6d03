// TypeScript: ten users chat in the demo server's room and measure how long their words take to return.
import { check } from 'k6';
import { Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { WebSocket } from 'k6/websockets';

type Request =
  | { event: 'SET_NAME'; new_name: string }
  | { event: 'SAY'; message: string }
  | { event: 'LEAVE' };

interface Notice {
  event: 'CHAT_MSG' | 'USER_JOINED' | 'USER_LEFT' | 'NAME_CHANGED' | 'ERROR';
  user?: string;
  message: string;
}

export const options: Options = {
  vus: 10,
  duration: '10s',
  thresholds: { checks: ['rate==1'], chat_echo: ['p(95)<250'] },
};

const room = `${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/crocochat/publicRoom/`;
const chatEcho = new Trend('chat_echo', true);

export default function (): void {
  const name = `croc-${__VU}`;
  const socket = new WebSocket(room);
  const tell = (request: Request): void => socket.send(JSON.stringify(request));
  const say = (): void => tell({ event: 'SAY', message: String(Date.now()) });

  let heard = 0;
  let talking: ReturnType<typeof setInterval> | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  socket.onopen = () => {
    tell({ event: 'SET_NAME', new_name: name });
    talking = setInterval(say, 200 + 200 * Math.random());
    leaving = setTimeout(() => tell({ event: 'LEAVE' }), 2000);
  };
  socket.onmessage = (event) => {
    const notice: Notice = JSON.parse(String(event?.data));
    if (notice.event === 'ERROR') console.error(notice.message);
    if (notice.event !== 'CHAT_MSG' || notice.user !== name) return;
    chatEcho.add(Date.now() - Number(notice.message));
    heard += 1;
  };
  socket.onerror = (event) => console.error(event?.error);
  socket.onclose = () => {
    clearInterval(talking);
    clearTimeout(leaving);
    check(heard, { 'heard itself': (count) => count > 0 });
  };
}
