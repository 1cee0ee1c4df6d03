// 20,000 sockets at once from several loopback addresses, held for 60 s with the server's pings answered,
// and closed with 1000. Passes if the servers and the clients count the same and nothing failed.
//
//   node bench/twenty-thousand.mjs [--sockets 20000] [--seconds 60]
//
// A process can open as many sockets as `ulimit -Hn` says; where that is not above the number, the test is
// divided among several processes by --execution-segment, and so are the servers.
import { execFileSync, spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { GHARIAL, measure } from './lib/measure.mjs';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '60' },
  },
});
const SOCKETS = Number(values.sockets);
const SOCKETS_PER_VU = 20;
const VUS = SOCKETS / SOCKETS_PER_VU;
/** Processes to start, and VUs to make. */
const START_MS = 6_000;
/** 400 µs of two cores for each connection: both sides and the kernel. */
const RAMP_MS = Math.max(2_000, SOCKETS * 0.8);
const HOLD_MS = Number(values.seconds) * 1000;
const SETTLE_MS = 4_000;
const OTHER_FILES = 200;
const ADDRESSES = '127.0.0.11-127.0.0.16';

const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString()) || Infinity;
const parts = Math.ceil(SOCKETS / (limit - OTHER_FILES));
const servers = await Promise.all(Array.from({ length: parts }, startServer));
const fromMs = Date.now() + START_MS;
const untilMs = fromMs + RAMP_MS + SETTLE_MS + HOLD_MS;
console.log(
  `${SOCKETS} sockets, ${VUS} VUs, ${parts} process(es) and servers (ulimit -Hn ${limit}), held ${values.seconds} s`,
);

const results = await Promise.all(
  Array.from({ length: parts }, async (_, part) => {
    const memory = { before: 0, held: 0 };
    const result = await measure(
      process.execPath,
      [
        GHARIAL,
        'run',
        '--no-color',
        '--local-ips',
        ADDRESSES,
        '--execution-segment',
        `${part}/${parts}:${part + 1}/${parts}`,
        '--execution-segment-sequence',
        Array.from({ length: parts + 1 }, (_, i) => `${i}/${parts}`).join(),
        ...Object.entries({
          VUS,
          SOCKETS: SOCKETS_PER_VU,
          FROM_MS: fromMs,
          RAMP_MS,
          UNTIL_MS: untilMs,
          WS_URLS: servers.map(({ port }) => `ws://127.0.0.1:${port}`).join(),
        }).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
        new URL('./scripts/hold.js', import.meta.url).pathname,
      ],
      {
        onSample: ({ rssKib }) => {
          if (Date.now() < fromMs) memory.before = rssKib;
          else if (Date.now() < untilMs) memory.held = rssKib;
        },
      },
    );
    return { ...result, memory };
  }),
);

const metric = (text, name) => Number(new RegExp(`${name}[.]*: *(\\d+)`).exec(text)?.[1] ?? 0);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const counted = {};
for (const name of ['hold_opened', 'hold_clean', 'hold_failed']) {
  counted[name] = sum(results.map(({ stdout }) => metric(stdout, name)));
}
const served = {};
for (const { counts } of await Promise.all(servers.map(withCounts))) {
  for (const [name, value] of Object.entries(counts)) served[name] = (served[name] ?? 0) + value;
}
for (const { child } of servers) child.kill();
const heldBytes = sum(results.map(({ memory }) => (memory.held - memory.before) * 1024));
const cpuMs = sum(results.map((result) => result.cpuMs));
console.log('clients:', counted, 'exit codes', results.map(({ code }) => code).join());
console.log('servers:', served);
console.log(
  `RSS per socket with its share of a VU: ${(heldBytes / SOCKETS / 1024).toFixed(1)} KiB; CPU of the clients ${(cpuMs / 1000).toFixed(1)} s`,
);
const isPassed =
  results.every(({ code }) => code === 0) &&
  counted.hold_opened === SOCKETS &&
  counted.hold_clean === SOCKETS &&
  counted.hold_failed === 0 &&
  served.peak === SOCKETS &&
  served.closedCleanly === SOCKETS &&
  served.pings === served.pongs &&
  served.pings > 0;
console.log(isPassed ? 'PASSED' : 'FAILED');
if (!isPassed) for (const { stderr } of results) console.log(stderr.slice(-2000));
process.exitCode = isPassed ? 0 : 1;

async function startServer() {
  const child = spawn(
    process.execPath,
    [new URL('./lib/holding-server.mjs', import.meta.url).pathname],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const port = await new Promise((resolve) => {
    child.stdout.once('data', (line) => resolve(Number(line)));
  });
  return { child, port };
}

async function withCounts(server) {
  return { ...server, counts: await (await fetch(`http://127.0.0.1:${server.port}/`)).json() };
}
