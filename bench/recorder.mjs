// Cost of recording: ns per sample by metric type, per snapshot and merge, bytes per series.
// Usage: node --expose-gc bench/recorder.mjs [build folder, default dist]
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(`${process.argv[2] ?? 'dist'}/`);
const load = (path) => import(new URL(path, root));
const { MetricRegistry } = await load('metrics/metric.js');
const { TagSpace } = await load('metrics/tag-set.js');
const { Recorder } = await load('metrics/recorder.js');
const { Aggregate } = await load('metrics/aggregate.js');

const SAMPLES = 1_000_000;
const PER_TICK = 100_000;

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

function setUp(seriesCount) {
  const registry = new MetricRegistry();
  const space = new TagSpace();
  const aggregate = new Aggregate();
  const port = {
    defineSeries: (definition) => aggregate.defineSeries(1, definition),
    shareBuffers() {},
    warn: console.error,
  };
  const recorder = new Recorder({ workerId: 1, startMs: 0 }, port);
  const ids = {};
  for (const name of ['iterations', 'checks', 'vus', 'ws_session_duration']) {
    const metric = registry.get(name);
    ids[name] = Int32Array.from({ length: seriesCount }, (_, i) =>
      recorder.series(metric, space.empty.with('url', `ws://host/${i}`)),
    );
  }
  return { registry, space, recorder, aggregate, ids };
}

// Log-normal latencies, prepared so that only recording is timed.
const latencies = Float64Array.from({ length: 1 << 16 }, () => {
  const u = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.exp(3 + 0.6 * u);
});

for (const seriesCount of [1, 8, 256]) {
  for (const name of ['iterations', 'checks', 'vus', 'ws_session_duration']) {
    const { recorder, aggregate, ids } = setUp(seriesCount);
    const series = ids[name];
    let tick = 0;
    const adds = [];
    const snapshots = [];
    const merges = [];
    for (let done = 0; done < SAMPLES; done += PER_TICK) {
      let start = performance.now();
      for (let i = 0; i < PER_TICK; i++) {
        recorder.add(series[i % seriesCount], latencies[(i * 7) & 0xffff], i);
      }
      adds.push(((performance.now() - start) * 1e6) / PER_TICK);
      start = performance.now();
      const snapshot = recorder.snapshot(++tick, tick * 1000);
      snapshots.push((performance.now() - start) * 1e3);
      start = performance.now();
      aggregate.merge(snapshot);
      merges.push((performance.now() - start) * 1e3);
    }
    console.log(
      `${name.padEnd(20)} ${String(seriesCount).padStart(4)} series: add ${median(adds).toFixed(1)} ns` +
        ` (${Math.min(...adds).toFixed(1)}–${Math.max(...adds).toFixed(1)}), snapshot ${median(snapshots).toFixed(0)} µs,` +
        ` merge ${median(merges).toFixed(0)} µs per ${PER_TICK / 1000}k samples`,
    );
  }
}

{
  const { recorder, registry, space } = setUp(1);
  const metric = registry.get('ws_msgs_sent');
  const base = space.empty.with('scenario', 'chat').with('group', '');
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < SAMPLES; i++) sum += recorder.series(metric, base.with('room', `r${i & 63}`));
  console.log(
    `tag step + series lookup ${(((performance.now() - start) * 1e6) / SAMPLES).toFixed(1)} ns (${sum})`,
  );
}

if (globalThis.gc) {
  const count = 20_000;
  gc();
  const before = process.memoryUsage();
  const kept = setUp(count / 4);
  const { recorder, ids, aggregate } = kept;
  for (const series of Object.values(ids)) for (const id of series) recorder.add(id, 1, 1);
  aggregate.merge(recorder.snapshot(1, 1000));
  gc();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  console.log(
    `${(bytes / count).toFixed(0)} bytes per series, worker and main thread together (${count} series, one value each, own tag set per 4)`,
  );
}
