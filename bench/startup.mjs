// Wall time of a one-line script, from the shell's view.
import { findK6, GHARIAL, measure, spread } from './lib/measure.mjs';

const RUNS = Number(process.env.RUNS ?? 9);
const script = new URL('./scripts/one-line.js', import.meta.url).pathname;
const clients = { gharial: [process.execPath, [GHARIAL, 'run', '-q', script]] };
const k6 = await findK6();
if (k6 !== undefined) clients.k6 = [k6, ['run', '-q', script]];
for (const [name, [command, args]] of Object.entries(clients)) {
  const wallMs = [];
  for (let run = 0; run < RUNS; run += 1) {
    const result = await measure(command, args);
    if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stderr}`);
    wallMs.push(result.wallMs);
  }
  console.log(`${name}: ${spread(wallMs, 0)} ms wall, ${RUNS} runs`);
}
