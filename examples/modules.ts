// TypeScript in several files, nothing to install or build: a chat client of one's own, used by the test.
import { check } from 'k6';
import type { Options } from 'k6/options';
import { ChatClient, type Notice } from './lib/chat-client.ts';

export const options: Options = {
  scenarios: {
    dialogue: { executor: 'per-vu-iterations', vus: 3, iterations: 3, maxDuration: '30s' },
  },
  thresholds: { checks: ['rate==1'] },
};

const base = `${__ENV['WS_URL'] || 'ws://127.0.0.1:7878'}/ws/crocochat`;

export default function (): void {
  const room = `${base}/dialogue-${__VU}-${__ITER}/`;
  const heard: Notice[] = [];

  const anna = new ChatClient(room, 'Anna', (notice) => {
    heard.push(notice);
    if (notice.event === 'USER_JOINED' && notice.user === 'Anna') enterBen();
    else if (notice.event === 'USER_JOINED') anna.say('Hello, Ben!');
    else if (notice.event === 'USER_LEFT') finish();
  });

  function enterBen(): void {
    const ben = new ChatClient(room, 'Ben', ({ event, user }) => {
      if (event === 'CHAT_MSG' && user === 'Anna') ben.leave();
    });
  }

  function finish(): void {
    anna.leave();
    check(heard, {
      'the dialogue took its course': (notices) =>
        notices.map(({ event }) => event).join() === 'USER_JOINED,USER_JOINED,CHAT_MSG,USER_LEFT',
    });
  }
}
