/** What `gharial new` writes. All of them run against `gharial demo` as they are; a test does so. */
import type { TEMPLATES } from './command-table.ts';

export type TemplateName = (typeof TEMPLATES)[number];

export interface ScriptTemplate {
  /** Name of the file if the user gives none. */
  readonly fileName: string;
  readonly text: string;
}

const MINIMAL = `import { check } from 'k6';
import { WebSocket } from 'k6/websockets';

// How much load, and for how long. Flags outrank this: gharial run --vus 50 --duration 1m {file}
export const options = {
  vus: 5,
  duration: '10s',
};

// The server under test: gharial run -e WS_URL=wss://chat.example {file}
const url = \`\${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/echo\`;

// Every virtual user calls this function again and again. A call lasts until its socket is closed.
export default function () {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send('hello');
  socket.onmessage = (event) => {
    check(event.data, { 'came back': (text) => text === 'hello' });
    socket.close();
  };
  socket.onerror = (event) => console.error(event.error);
}
`;

const WEBSOCKET = `import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    // Sockets come, stay for a while, and go.
    visitors: {
      executor: 'ramping-vus',
      stages: [
        { duration: '5s', target: 20 },
        { duration: '10s', target: 20 },
        { duration: '5s', target: 0 },
      ],
    },
  },
  // The test fails, with exit code 99, unless these hold.
  thresholds: {
    checks: ['rate>0.99'],
    round_trip: ['p(95)<200'],
    ws_connecting: ['p(95)<500'],
  },
};

const url = \`\${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/echo\`;
const roundTrip = new Trend('round_trip', true);
const failures = new Counter('socket_failures');

export default function () {
  const socket = new WebSocket(url, null, { tags: { route: 'echo' } });
  let sent = 0;
  let heard = 0;

  socket.onopen = () => {
    const sending = setInterval(() => {
      socket.send(JSON.stringify({ number: sent++, at: Date.now() }));
    }, 100 + 100 * Math.random());
    const leaving = setTimeout(() => {
      clearInterval(sending);
      socket.close();
    }, 2000);
    socket.onclose = () => {
      clearInterval(sending);
      clearTimeout(leaving);
      // What was sent last may still have been on its way.
      check(heard, { 'nearly all came back': (count) => count >= sent - 1 });
    };
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    roundTrip.add(Date.now() - message.at);
    heard += 1;
  };
  socket.onerror = (event) => {
    failures.add(1);
    console.error(event.error);
  };
}
`;

const CHAT = `import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { WebSocket } from 'k6/websockets';

// What a client of the chat says …
type Request =
  | { event: 'SET_NAME'; new_name: string }
  | { event: 'SAY'; message: string }
  | { event: 'LEAVE' };

// … and what it hears.
interface Notice {
  event: 'USER_JOINED' | 'NAME_CHANGED' | 'CHAT_MSG' | 'USER_LEFT' | 'ERROR';
  user?: string;
  message: string;
}

export const options: Options = {
  vus: 10,
  duration: '15s',
  thresholds: {
    checks: ['rate==1'],
    delivery: ['p(95)<250'],
  },
};

const room = \`\${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/crocochat/publicRoom/\`;
const delivery = new Trend('delivery', true);
const overheard = new Counter('overheard');

export default function (): void {
  const name = \`user-\${__VU}\`;
  const socket = new WebSocket(room);
  const tell = (request: Request): void => socket.send(JSON.stringify(request));
  let ownWords = 0;

  socket.onopen = () => {
    tell({ event: 'SET_NAME', new_name: name });
    const talking = setInterval(() => {
      tell({ event: 'SAY', message: String(Date.now()) });
    }, 300 + 400 * Math.random());
    const leaving = setTimeout(() => {
      clearInterval(talking);
      tell({ event: 'LEAVE' });
    }, 3000);
    socket.onclose = () => {
      clearInterval(talking);
      clearTimeout(leaving);
      check(ownWords, { 'heard itself': (count) => count > 0 });
    };
  };
  socket.onmessage = (event) => {
    const notice: Notice = JSON.parse(String(event?.data));
    if (notice.event === 'ERROR') console.error(notice.message);
    if (notice.event !== 'CHAT_MSG') return;
    if (notice.user === name) {
      delivery.add(Date.now() - Number(notice.message));
      ownWords += 1;
    } else {
      overheard.add(1);
    }
  };
  socket.onerror = (event) => console.error(event?.error);
}
`;

/** `{file}` stands for the name of the file. */
export const SCRIPT_TEMPLATES: Readonly<Record<TemplateName, ScriptTemplate>> = {
  minimal: { fileName: 'script.js', text: MINIMAL },
  websocket: { fileName: 'script.js', text: WEBSOCKET },
  chat: { fileName: 'script.ts', text: CHAT },
};
