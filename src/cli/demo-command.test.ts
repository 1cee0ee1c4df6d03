import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { GharialError } from '../base/errors.ts';
import { parseDemoArgs } from './demo-args.ts';
import { demoCommand } from './demo-command.ts';
import { fakeContext } from './testing/fake-context.ts';

function neverRun(): never {
  throw new Error('nothing was to be run');
}

test('serves at the printed addresses until the stop signal', async () => {
  const context = fakeContext();
  const ended = demoCommand(['--port', '0', '--tls-port=0'], context, neverRun);
  await context.stdout.waitFor(/Ctrl-C/);
  const url = /ws:\S+\/echo/.exec(context.stdout.text)?.[0] ?? '';
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('hello');
  const [data] = await once(socket, 'message');
  assert.equal(String(data), 'hello');
  const closed = once(socket, 'close');
  context.sendSignal('SIGINT');
  assert.equal(await ended, 0);
  await closed;
});

test('--run hands the addresses and all flags to run and returns its exit code', async () => {
  const context = fakeContext();
  let seen: readonly string[] = [];
  const exitCode = await demoCommand(
    ['--run', 'chat.ts', '--vus', '10', '-e', 'WS_URL=mine'],
    context,
    async (args) => {
      seen = args;
      const socket = new WebSocket(`${args[1]?.slice('WS_URL='.length)}/echo`);
      await once(socket, 'open');
      socket.terminate();
      return 99;
    },
  );
  assert.equal(exitCode, 99);
  const [e1, ws, e2, wss, e3, http, ...rest] = seen;
  assert.deepEqual([e1, e2, e3], ['-e', '-e', '-e']);
  assert.match(ws ?? '', /^WS_URL=ws:\/\/127\.0\.0\.1:\d+$/);
  assert.match(wss ?? '', /^WSS_URL=wss:\/\/127\.0\.0\.1:\d+$/);
  assert.match(http ?? '', /^HTTP_URL=http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(rest, ['--vus', '10', '-e', 'WS_URL=mine', 'chat.ts']);
});

test('the server is stopped when the run fails', async () => {
  let url = '';
  const failing = demoCommand(['--run', 'chat.ts'], fakeContext(), async (args) => {
    url = args[1]?.slice('WS_URL='.length) ?? '';
    throw new GharialError('SCRIPT_MISSING', 'no such script');
  });
  await assert.rejects(failing, /no such script/);
  const socket = new WebSocket(`${url}/echo`);
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('ports are 7878 and 7879, but free ones beside a run', () => {
  assert.deepEqual(parseDemoArgs([]).settings, { host: '127.0.0.1', port: 7878, tlsPort: 7879 });
  assert.deepEqual(parseDemoArgs(['--run', 'a.js', '--port', '80']).settings, {
    host: '127.0.0.1',
    port: 80,
    tlsPort: 0,
  });
});

test('refuses flags and values that it does not know', () => {
  const cases: [string[], RegExp][] = [
    [['--bogus=1'], /^unknown flag: --bogus$/],
    [['chat.ts'], /accepts no arguments, received "chat.ts"/],
    [['--port'], /^flag needs an argument: --port$/],
    [['--port', '65536'], /^invalid argument "65536" for "--port" flag/],
    [['--tls-port', '-1'], /^invalid argument "-1" for "--tls-port" flag/],
    [['--port', ''], /^invalid argument "" for "--port" flag/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseDemoArgs(args), { name: 'GharialError', message });
  }
});
