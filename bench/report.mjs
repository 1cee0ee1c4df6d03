// How large the report of ten minutes is, and how soon it is seen: first contentful paint in Chromium, from
// disk, each time in a browser of its own; and when all charts in sight are drawn.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyntheticRun } from '../dist/dashboard/testing/synthetic-run.js';
import { withPage } from '../dist/testing/chromium.js';
import { spread } from './lib/measure.mjs';

const SECONDS = 600;
const RUNS = Number(process.env.RUNS ?? 7);
const PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";

const folder = mkdtempSync(join(tmpdir(), 'gharial-report-'));
try {
  const path = join(folder, 'report.html');
  const run = new SyntheticRun({ reportPath: path });
  for (let second = 0; second < SECONDS; second += 1) run.tick();
  await run.stop();
  const paints = [];
  const charts = [];
  for (let open = 0; open < RUNS; open += 1) {
    await withPage({ viewport: { width: 1280, height: 900 } }, async ({ page }) => {
      await page.goto(`file://${path}`);
      await page.locator('canvas').first().waitFor();
      charts.push(await page.evaluate('performance.now()'));
      paints.push(await page.evaluate(PAINT));
    });
  }
  console.log(`report of ${SECONDS} s: ${(statSync(path).size / 1e6).toFixed(2)} MB`);
  console.log(`first contentful paint, ms: ${spread(paints)}, ${RUNS} browsers`);
  console.log(`first chart seen, ms: ${spread(charts)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
