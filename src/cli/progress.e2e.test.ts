/** What a run says while its user waits: real runs in a pipe. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { GharialProcess } from './testing/spawn-gharial.ts';

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

function run(script: string, ...args: string[]): GharialProcess {
  return new GharialProcess({
    args: ['run', '-e', `WS_URL=${server.wsUrl}/ws/echo`, ...args, 'script.js'],
    files: { 'script.js': script },
  });
}

test('tells what keeps VUs busy when their time is over', async () => {
  const gharial = run(`
    import { WebSocket } from 'k6/websockets';
    export const options = {
      scenarios: { chat: { executor: 'constant-vus', vus: 2, duration: '3s', gracefulStop: '20s' } },
    };
    export default function () {
      const first = new WebSocket(__ENV.WS_URL);
      const second = new WebSocket(__ENV.WS_URL);
      const ticking = setInterval(() => first.readyState === 1 && first.send('tick'), 20);
      setTimeout(() => { clearInterval(ticking); first.close(); second.close(); }, 6000);
    }`);
  await gharial.printed(/^4 sockets, 2 intervals and 2 timeouts keep 2 VUs busy$/m);
  assert.equal(await gharial.ended(), 0);
  assert.match(gharial.stdout, /^sockets {2}4 open {2}in \d+ msg\/s, /m);
  assert.match(gharial.stdout, /^connect {2}p50 \S+ {2}p95 \S+ {2}p99 \S+ {2}max \S+$/m);
  assert.match(gharial.stdout, /2 complete and 0 interrupted iterations\nchat +✓ \[ 100% \]/);
});

test('tells what blocked VUs, setup() and teardown() wait for', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    import ws from 'k6/ws';
    export const options = {
      scenarios: { chat: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '20s' } },
    };
    export function setup() { sleep(2.2); }
    export default function () {
      ws.connect(__ENV.WS_URL, (socket) => socket.setTimeout(() => socket.close(), 3200));
    }
    export function teardown() { sleep(2.2); }`);
  await gharial.printed(/^1 sleep keeps 1 VU busy$/m);
  await gharial.printed(/^1 socket keeps 1 VU busy$/m);
  await gharial.printed(/^teardown\(\): 1 sleep keeps 1 VU busy$/m);
  assert.equal(await gharial.ended(), 0);
});

test('shows errors by kind and crossed thresholds', async () => {
  const gharial = run(`
    import { sleep } from 'k6';
    import { WebSocket } from 'k6/websockets';
    export const options = { vus: 1, duration: '6s', thresholds: { ws_connecting: ['max<0.001'] } };
    export default function () {
      const good = new WebSocket(__ENV.WS_URL);
      good.onopen = () => good.close();
      new WebSocket('ws://127.0.0.1:1/');
      sleep(0.2);
    }`);
  await gharial.printed(/^errors .*\d+ × connection refused/m);
  await gharial.printed(/^✗ ws_connecting max<0\.001 {2}\S+$/m);
  assert.equal(await gharial.ended(), 99);
});

test('--quiet says nothing of it', async () => {
  const gharial = run(`export default function () {}`, '-q', '--summary-mode', 'disabled');
  assert.equal(await gharial.ended(), 0);
  assert.equal(gharial.stdout, '');
});
