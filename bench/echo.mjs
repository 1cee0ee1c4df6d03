// CPU per 64 B echo round trip, 50 sockets: a whole gharial VU on one worker, beside a bare client of
// the `ws` library, bare `net` sockets and, if on PATH, k6. The server is a plain one that costs less than the
// clients; `--library-server` takes the npm `ws` server instead.
import { compareClients, scriptClients } from './lib/compare.mjs';
import { startEchoServer, startPlainEchoServer } from './lib/measure.mjs';

const SOCKETS = 50;
const isLibraryServer = process.argv.includes('--library-server');
const server = await (isLibraryServer ? startEchoServer() : startPlainEchoServer());
const script = new URL('./scripts/echo.js', import.meta.url).pathname;
const bareClient = (name) => {
  const file = new URL(`./lib/echo-${name}-client.mjs`, import.meta.url).pathname;
  const env = { SOCKETS: String(SOCKETS), WS_URL: server.url };
  return (rounds) => [process.execPath, [file], { ...env, ROUNDS: String(rounds) }];
};
const gharial = await scriptClients(script, (rounds) => [
  ...['-u', String(SOCKETS), '-i', String(SOCKETS)],
  ...['-e', `WS_URL=${server.url}`, '-e', `ROUNDS=${rounds}`],
]);

await compareClients({
  server,
  clients: {
    ws: bareClient('ws'),
    ...gharial,
    net: bareClient('net'),
  },
  width: SOCKETS,
  rounds: { short: 2000, long: 8000 },
  title: (trips) => `sockets, ${trips} round trips of 64 B`,
  unit: 'round trip',
});
