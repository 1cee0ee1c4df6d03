// Cost of `--out json`: ns per sample. Writes to /dev/null.
// Usage: node bench/json-output.mjs [build folder, default dist]
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(`${process.argv[2] ?? 'dist'}/`);
const load = (path) => import(new URL(path, root));
const { MetricRegistry } = await load('metrics/metric.js');
const { TagSpace } = await load('metrics/tag-set.js');
const { Recorder } = await load('metrics/recorder.js');
const { Aggregate } = await load('metrics/aggregate.js');
const { JsonOutput } = await load('output/json.js');
const { resolveSamples } = await load('output/output.js');

const PER_BATCH = 10_000;
const BATCHES = 50;

{
  const path = '/dev/null';
  const aggregate = new Aggregate();
  const registry = new MetricRegistry();
  const space = new TagSpace();
  const recorder = new Recorder(
    { workerId: 1, startMs: 0, samplesPerBatch: PER_BATCH },
    {
      defineSeries: (definition) => aggregate.defineSeries(1, definition),
      shareBuffers() {},
      warn() {},
    },
  );
  const tags = space.empty.withAll({
    scenario: 'default',
    group: '',
    url: 'ws://127.0.0.1/chat',
    status: '101',
  });
  const series = recorder.series(registry.get('ws_msgs_received'), tags);
  const output = new JsonOutput({ path, stdout: { write() {} }, warn: console.error });
  output.start({ aggregate, thresholds: undefined, startMs: 0 });
  const batches = [];
  for (let b = 0; b < BATCHES; b++) {
    const metadata = new Map([
      ['vu', '1'],
      ['iter', String(b)],
    ]);
    for (let i = 0; i < PER_BATCH; i++)
      recorder.add(series, i / 7, 1.79e12 + b * 100 + i / 100, metadata);
    batches.push(resolveSamples(aggregate, recorder.takeSamples()));
  }
  const start = performance.now();
  for (const batch of batches) {
    output.onSamples(batch);
    output.onTick();
  }
  const ms = performance.now() - start;
  output.stop();
  console.log(`${path}: ${((ms * 1e6) / (BATCHES * PER_BATCH)).toFixed(0)} ns per sample`);
}
