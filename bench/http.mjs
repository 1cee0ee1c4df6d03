// CPU per HTTP GET, 50 VUs with a connection each: whole gharial VUs on one worker, with all metrics,
// beside bare undici and, if on PATH, k6. `--fetch` sends by the global fetch instead of k6/http.
import { compareClients, scriptClients } from './lib/compare.mjs';
import { startHttpServer } from './lib/measure.mjs';

const VUS = 50;
const usesFetch = process.argv.includes('--fetch');
const server = await startHttpServer();
const script = new URL(`./scripts/${usesFetch ? 'fetch' : 'http'}.js`, import.meta.url).pathname;
const undiciClient = new URL('./lib/undici-client.mjs', import.meta.url).pathname;
const gharial = await scriptClients(script, (rounds) => [
  ...['-u', String(VUS), '-i', String(VUS)],
  ...['-e', `HTTP_URL=${server.url}`, '-e', `ROUNDS=${rounds}`],
]);

await compareClients({
  server,
  clients: {
    undici: (rounds) => [
      process.execPath,
      [undiciClient],
      { VUS: String(VUS), HTTP_URL: server.url, ROUNDS: String(rounds) },
    ],
    ...gharial,
  },
  width: VUS,
  rounds: { short: 100, long: 1100 },
  title: (requests) => `VUs, ${requests} GET requests`,
  unit: 'request',
});
