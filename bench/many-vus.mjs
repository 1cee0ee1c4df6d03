// What 10,000 VUs cost: memory with an open socket each (k6/websockets), blocked in k6/ws connect, and
// CPU per wake-up in sleep loops. Memory is the slope between 2,000 and 10,000 VUs on one worker.
import { GHARIAL, measure, median, spread, startEchoServer } from './lib/measure.mjs';

const FEW = 2000;
const MANY = 10_000;
const RUNS = Number(process.env.RUNS ?? 5);
const HOLD_SECONDS = 8;

const server = await startEchoServer();
const scriptPath = (name) => new URL(`./scripts/${name}`, import.meta.url).pathname;

/** Peak RSS and the server's connection count with `vus` VUs held for a while. */
async function hold(name, vus, seconds = HOLD_SECONDS) {
  await server.stats();
  let settled;
  const result = await measure(
    process.execPath,
    [
      GHARIAL,
      'run',
      '-q',
      '--workers',
      '1',
      '-e',
      `VUS=${vus}`,
      '-e',
      `SECONDS=${seconds}`,
      '-e',
      `WS_URL=${server.url}`,
      scriptPath(name),
    ],
    {
      onSample: (sample) => {
        settled = sample;
      },
    },
  );
  if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stderr}`);
  const counts = await server.stats();
  return { ...result, settled, connections: counts.connections };
}

for (const [name, what] of [
  ['idle-sockets.js', 'idle VU with an open socket'],
  ['blocked-connect.js', 'VU blocked in k6/ws connect'],
]) {
  const perVu = [];
  for (let run = 0; run < RUNS; run += 1) {
    const few = await hold(name, FEW);
    const many = await hold(name, MANY);
    if (few.connections !== FEW || many.connections !== MANY) {
      throw new Error(`connections: ${few.connections}, ${many.connections}`);
    }
    perVu.push((many.peakRssKib - few.peakRssKib) / (MANY - FEW));
  }
  console.log(`${what}: ${spread(perVu)} KiB each, ${MANY} at once, ${RUNS} runs`);
}

const perWakeUp = [];
for (let run = 0; run < RUNS; run += 1) {
  const short = await hold('sleep-loop.js', MANY, 4);
  const long = await hold('sleep-loop.js', MANY, 9);
  perWakeUp.push(((long.cpuMs - short.cpuMs) * 1000) / (MANY * 10 * 5));
}
console.log(
  `sleep(0.1) three calls deep, ${MANY} VUs: ${spread(perWakeUp)} us CPU per wake-up (median ${median(perWakeUp).toFixed(1)})`,
);
server.stop();
