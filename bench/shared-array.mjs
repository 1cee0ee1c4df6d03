// What a SharedArray of 100 MB of JSON costs with 1,000 VUs: memory of the process against the same run
// with an array of one element, at its peak and once the data is built. The data must be there once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GHARIAL, measure, spread } from './lib/measure.mjs';

/** Another build than dist/. */
const COMMAND = process.env.GHARIAL ?? GHARIAL;
const VUS = Number(process.env.VUS ?? 1000);
const MIB = Number(process.env.MIB ?? 100);
const RUNS = Number(process.env.RUNS ?? 3);
const SECONDS = 8;
const ROW_BYTES = 512;

const folder = mkdtempSync(join(tmpdir(), 'gharial-shared-array-'));
const data = join(folder, 'data.json');
const rows = [];
for (let bytes = 0, id = 0; bytes < MIB * 2 ** 20; id += 1) {
  const row = JSON.stringify({ id, user: `user-${id}`, note: 'x'.repeat(ROW_BYTES - 50) });
  rows.push(row);
  bytes += row.length + 1;
}
writeFileSync(data, `[${rows.join(',')}]`);
const rowCount = rows.length;
rows.length = 0;

/** Resident MiB at the peak and at the end of a run. */
async function run(env) {
  let settledKib = 0;
  const script = new URL('./scripts/shared-array.js', import.meta.url).pathname;
  const settings = [`VUS=${VUS}`, `SECONDS=${SECONDS}`, ...env].flatMap((pair) => ['-e', pair]);
  const started = Date.now();
  const result = await measure(process.execPath, [COMMAND, 'run', '-q', ...settings, script], {
    onSample: (sample) => {
      // Before the end: tearing the threads down is not what is asked.
      if (sample.rssKib > 0 && Date.now() - started < SECONDS * 1000) settledKib = sample.rssKib;
    },
  });
  if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stderr}`);
  if (/is wrong/.test(result.stderr)) throw new Error('a VU read a wrong element');
  return { peakMib: result.peakRssKib / 1024, settledMib: settledKib / 1024 };
}

try {
  const settled = [];
  const peak = [];
  for (let i = 0; i < RUNS; i += 1) {
    const without = await run([]);
    const withData = await run([`DATA=${data}`]);
    settled.push(withData.settledMib - without.settledMib);
    peak.push(withData.peakMib - without.peakMib);
  }
  console.log(
    `SharedArray of ${MIB} MiB JSON (${rowCount} rows), ${VUS} VUs: ` +
      `+${spread(settled)} MiB once built, +${spread(peak)} MiB at the peak, ${RUNS} runs`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
