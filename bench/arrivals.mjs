// ramping-arrival-rate at 2,000 iterations/s of an empty function on one worker: the rate that was kept,
// what was dropped, and how late iterations started. `startTime` is a whole number of ms, so the delay
// reads up to 1 ms too high.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GHARIAL, measure, spread } from './lib/measure.mjs';

const RATE = 2000;
const SECONDS = 10;
const RUNS = Number(process.env.RUNS ?? 5);
const script = new URL('./scripts/arrivals.js', import.meta.url).pathname;
const summaryPath = join(tmpdir(), `gharial-arrivals-${process.pid}.json`);

const started = [];
const dropped = [];
const p99Ms = [];
for (let run = 0; run < RUNS; run += 1) {
  const result = await measure(process.execPath, [
    GHARIAL,
    'run',
    '-q',
    '--workers',
    '1',
    '--summary-export',
    summaryPath,
    '-e',
    `RATE=${RATE}`,
    '-e',
    `SECONDS=${SECONDS}`,
    script,
  ]);
  if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stderr}`);
  const { metrics } = JSON.parse(readFileSync(summaryPath, 'utf8'));
  started.push(metrics.iterations.count);
  dropped.push(metrics.dropped_iterations?.count ?? 0);
  p99Ms.push(metrics.start_delay['p(99)']);
}
rmSync(summaryPath, { force: true });
console.log(
  `planned ${RATE * SECONDS}, started ${spread(started, 0)}, dropped ${spread(dropped, 0)}, ${RUNS} runs`,
);
console.log(`start delay p(99): ${spread(p99Ms, 2)} ms`);
