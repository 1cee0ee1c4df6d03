// Whether the live page and its server stay as large as they are: 30 minutes of snapshots, one a second of
// the run, sent as fast as the page takes them. Heaps after garbage collection, at several points.
// Run with --expose-gc.
import { SyntheticRun } from '../dist/dashboard/testing/synthetic-run.js';
import { withPage } from '../dist/testing/chromium.js';

const SECONDS = Number(process.env.SECONDS ?? 1800);
const POINTS = 6;
/** The page gets the next snapshot when it has drawn the last. */
const DRAWN = 'new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))';
const MIB = 1024 * 1024;

if (globalThis.gc === undefined) throw new Error('run: node --expose-gc bench/page-memory.mjs');
const page = { host: '127.0.0.1', port: 0, isPortChosen: true, opens: false };
const run = new SyntheticRun({ page });
await run.dashboard.serve();
await withPage({ viewport: { width: 1280, height: 900 } }, async ({ page: tab, complaints }) => {
  const session = await tab.context().newCDPSession(tab);
  await tab.goto(run.dashboard.url);
  await tab.locator('.pill').waitFor();
  const rows = [];
  for (let second = 1; second <= SECONDS; second += 1) {
    run.tick();
    await tab.evaluate(DRAWN);
    if (second % Math.floor(SECONDS / POINTS) !== 0) continue;
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes } = await session.send('Memory.getDOMCounters');
    globalThis.gc();
    const server = process.memoryUsage().heapUsed;
    rows.push({ second, page: usedSize / MIB, nodes, server: server / MIB });
    console.log(
      `after ${second} s: page ${(usedSize / MIB).toFixed(1)} MiB, ${nodes} nodes; server ${(server / MIB).toFixed(1)} MiB`,
    );
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  const early = rows[1];
  const late = rows.at(-1);
  console.log(
    `${late.second} s against ${early.second} s: page × ${(late.page / early.page).toFixed(2)}, server × ${(late.server / early.server).toFixed(2)}`,
  );
});
await run.stop();
