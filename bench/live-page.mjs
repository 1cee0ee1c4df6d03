// What the live page costs the run: CPU of gharial with 5,000 VUs and the page open in Chromium, beside the
// same run without it, taking turns. The page's own CPU is the browser's and not counted; it and the server
// share the cores with both kinds of run.

import { withPage } from '../dist/testing/chromium.js';
import { GHARIAL, measure, median, spread, startPlainEchoServer } from './lib/measure.mjs';

const VUS = Number(process.env.VUS ?? 5000);
const SECONDS = Number(process.env.SECONDS ?? 15);
const RUNS = Number(process.env.RUNS ?? 5);
const PORT = 15_665;

const server = await startPlainEchoServer();
const script = new URL('./scripts/live-page.js', import.meta.url).pathname;

async function runOnce(...flags) {
  await server.stats();
  const env = ['-e', `VUS=${VUS}`, '-e', `SECONDS=${SECONDS}`, '-e', `WS_URL=${server.url}`];
  const result = await measure(process.execPath, [GHARIAL, 'run', '-q', ...flags, ...env, script]);
  if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stderr}`);
  const { messages } = await server.stats();
  if (messages !== VUS * SECONDS)
    throw new Error(`${messages} messages, expected ${VUS * SECONDS}`);
  return result;
}

/** The same with a page that is there from the start to the end, and drew what it was sent. */
function runWithPage() {
  return withPage({ viewport: { width: 1280, height: 900 } }, async ({ page, complaints }) => {
    const running = runOnce('--out', `web-dashboard=port=${PORT}`);
    const opened = (async () => {
      for (;;) {
        const response = await page.goto(`http://127.0.0.1:${PORT}/`).catch(() => undefined);
        if (response !== undefined) return;
      }
    })();
    const [result] = await Promise.all([running, opened]);
    await page.getByText('The run is over').waitFor();
    const points = await page.locator('canvas').count();
    if (points === 0 || complaints.length > 0) throw new Error(`the page: ${complaints}`);
    return result;
  });
}

const bare = [];
const paged = [];
const ratios = [];
for (let run = 0; run < RUNS; run += 1) {
  // The order changes, so that a drift of the machine hits both.
  const first = run % 2 === 0 ? await runOnce() : undefined;
  const withOne = await runWithPage();
  const without = first ?? (await runOnce());
  bare.push(without.cpuMs / 1000);
  paged.push(withOne.cpuMs / 1000);
  ratios.push(withOne.cpuMs / without.cpuMs);
}
server.stop();
console.log(`${VUS} VUs, ${VUS * SECONDS} messages there and back, ${RUNS} runs each in turns`);
console.log(`CPU s without a page: ${spread(bare)}`);
console.log(`CPU s with the page open: ${spread(paged)}`);
console.log(
  `ratio of medians ${(median(paged) / median(bare)).toFixed(3)}, of pairs ${spread(ratios, 3)}`,
);
