// CPU per HTTP GET, 50 VUs with a connection each: whole gharial VUs on one worker, with all metrics,
// beside bare undici and, if on PATH, k6. The slope between a short and a long run leaves start-up out.
import { findK6, GHARIAL, measure, median, spread, startHttpServer } from './lib/measure.mjs';

const VUS = 50;
const SHORT_ROUNDS = 100;
const LONG_ROUNDS = 1100;
const RUNS = Number(process.env.RUNS ?? 5);

const server = await startHttpServer();
const script = new URL('./scripts/http.js', import.meta.url).pathname;
const undiciClient = new URL('./lib/undici-client.mjs', import.meta.url).pathname;
const runFlags = (rounds) => [
  'run',
  '-q',
  ...['-u', String(VUS), '-i', String(VUS)],
  ...['-e', `HTTP_URL=${server.url}`, '-e', `ROUNDS=${rounds}`],
  script,
];
const clients = {
  undici: (rounds) => [
    process.execPath,
    [undiciClient],
    { VUS: String(VUS), HTTP_URL: server.url, ROUNDS: String(rounds) },
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
  if (result.code !== 0 || counts.messages !== rounds * VUS) {
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
    microseconds[name].push((cpuMs * 1000) / ((LONG_ROUNDS - SHORT_ROUNDS) * VUS));
  }
}
server.stop();
console.log(
  `${VUS} VUs, ${(LONG_ROUNDS - SHORT_ROUNDS) * VUS} GET requests, ${RUNS} runs, counted by the server`,
);
for (const [name, values] of Object.entries(microseconds)) {
  const ratio = median(values.map((value, i) => value / microseconds.undici[i]));
  console.log(
    `${name.padEnd(8)} ${spread(values)} us CPU per request, ${ratio.toFixed(2)} x undici`,
  );
}
