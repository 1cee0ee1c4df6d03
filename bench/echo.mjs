// CPU per 64 B echo round trip, 50 sockets: a whole gharial VU on one worker, beside a bare client of
// the `ws` library and, if on PATH, k6. The server is a plain one that costs less than the clients;
// `--library-server` takes the npm `ws` server instead. The slope between a short and a long run leaves start-up out.
import {
  findK6,
  GHARIAL,
  measure,
  median,
  spread,
  startEchoServer,
  startPlainEchoServer,
} from './lib/measure.mjs';

const SOCKETS = 50;
const SHORT_ROUNDS = 400;
const LONG_ROUNDS = 4400;
const RUNS = Number(process.env.RUNS ?? 5);

const isLibraryServer = process.argv.includes('--library-server');
const server = await (isLibraryServer ? startEchoServer() : startPlainEchoServer());
const script = new URL('./scripts/echo.js', import.meta.url).pathname;
const wsClient = new URL('./lib/echo-ws-client.mjs', import.meta.url).pathname;
const runFlags = (rounds) => [
  'run',
  '-q',
  '-u',
  String(SOCKETS),
  '-i',
  String(SOCKETS),
  '-e',
  `WS_URL=${server.url}`,
  '-e',
  `ROUNDS=${rounds}`,
  script,
];
const clients = {
  ws: (rounds) => [
    process.execPath,
    [wsClient],
    { SOCKETS: String(SOCKETS), WS_URL: server.url, ROUNDS: String(rounds) },
  ],
  gharial: (rounds) => [process.execPath, [GHARIAL, ...runFlags(rounds), '--workers', '1'], {}],
};
const k6 = await findK6();
if (k6 !== undefined) clients.k6 = (rounds) => [k6, runFlags(rounds), {}];

async function cpuOf(client, rounds) {
  const [command, args, env] = client(rounds);
  await server.stats();
  const result = await measure(command, args, { env });
  const counts = await server.stats();
  if (result.code !== 0 || counts.messages !== rounds * SOCKETS) {
    throw new Error(
      `unequal work: exit ${result.code}, ${JSON.stringify(counts)}\n${result.stderr}`,
    );
  }
  return result.cpuMs;
}

const microseconds = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
for (let run = 0; run < RUNS; run += 1) {
  for (const [name, client] of Object.entries(clients)) {
    const cpuMs = (await cpuOf(client, LONG_ROUNDS)) - (await cpuOf(client, SHORT_ROUNDS));
    microseconds[name].push((cpuMs * 1000) / ((LONG_ROUNDS - SHORT_ROUNDS) * SOCKETS));
  }
}
server.stop();
console.log(
  `${SOCKETS} sockets, ${(LONG_ROUNDS - SHORT_ROUNDS) * SOCKETS} round trips of 64 B, ${RUNS} runs, counted by the server`,
);
for (const [name, values] of Object.entries(microseconds)) {
  const ratio = median(values.map((value, i) => value / microseconds.ws[i]));
  console.log(
    `${name.padEnd(8)} ${spread(values)} us CPU per round trip, ${ratio.toFixed(2)} x ws`,
  );
}
