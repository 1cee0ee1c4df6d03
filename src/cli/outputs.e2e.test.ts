/** Outputs as users ask for them: real runs, a real server, and one that goes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchServer } from '../output/testing/batch-server.ts';
import { runGharial } from './testing/run-gharial.ts';

const SCRIPT = `
import { check } from 'k6';
import { Trend } from 'k6/metrics';
const trend = new Trend('my_trend', true);
export const options = { iterations: 3, thresholds: { my_trend: ['max<10'] } };
export default function () {
  trend.add(12.5, { a: 'b' });
  check(1, { fine: (value) => value === 1 });
}`;

const PACKAGE = `
export default ({ argument, stdout }) => ({
  description: 'mine',
  needs: 'aggregate',
  start() {},
  stop({ aggregate, failedThresholds }) {
    const { count } = aggregate.total(aggregate.registry.get('iterations')).sink;
    stdout.write(argument + ' ' + count + ' ' + failedThresholds + '\\n');
  },
});`;

test('writes csv, junit, annotations and what a local module makes, all from one run', async () => {
  const { exitCode, stdout, files } = await runGharial({
    script: SCRIPT,
    files: { 'mine.mjs': PACKAGE },
    args: [
      ...['--out', 'csv=out.csv', '--out', 'junit=out.xml'],
      ...['--out', 'github-annotations', '--out', './mine.mjs=hello'],
    ],
  });
  assert.equal(exitCode, 99);
  const rows = files['out.csv']?.split('\n') ?? [];
  assert.match(rows[0] ?? '', /^metric_name,timestamp,metric_value,check,error,/);
  const trends = rows.filter((row) => /^my_trend,\d+,12\.500000,.*,default,.*,a=b,$/.test(row));
  assert.equal(trends.length, 3);
  assert.match(
    files['out.xml'] ?? '',
    /<failure message="my_trend: expected max&#60;10, got 12\.5 ms"/,
  );
  assert.match(
    stdout,
    /^::error title=Threshold crossed::my_trend: expected max<10, got 12\.5 ms$/m,
  );
  assert.match(stdout, /^hello 3 my_trend$/m);
});

test('sends all points, and a server that is gone costs batches, not the run', async () => {
  const server = await new BatchServer().open();
  const args = ['--out', `influxdb=${server.url}/db`];
  try {
    const { exitCode, stderr } = await runGharial({ script: SCRIPT, args });
    assert.equal(exitCode, 99);
    assert.doesNotMatch(stderr, /influxdb/);
    const lines = server.requests.flatMap(({ body }) => body.toString().split('\n'));
    assert.equal(lines.filter((line) => line.startsWith('my_trend,a=b,')).length, 3);
  } finally {
    await server.close();
  }
  const { exitCode, stderr, summary } = await runGharial({ script: SCRIPT, args });
  assert.equal(exitCode, 99);
  assert.equal(summary?.metrics['iterations']?.['count'], 3);
  assert.match(stderr, /the influxdb output could not send a batch: connect ECONNREFUSED/);
  assert.match(stderr, /the influxdb output lost 1 of 1 batches/);
});

test('refuses unknown outputs and arguments in the words of k6', async () => {
  const refuse = async (spec: string, message: RegExp) => {
    const { exitCode, stderr } = await runGharial({ script: SCRIPT, args: ['--out', spec] });
    assert.equal(exitCode, 255);
    assert.match(stderr, message);
  };
  await refuse('nope', /invalid output type 'nope', available types are: csv, /);
  await refuse('csv=timeFormat=foo', /foo does not belong to TimeFormat values/);
  await refuse(
    'csv=no/such/folder.csv',
    /could not create the 'csv' output: open .*no\/such\/folder.csv: no such file or directory/,
  );
});

for (const [name, out, env] of [
  ['influxdb', (url: string) => `influxdb=${url}/db`, () => ({})],
  [
    'experimental-prometheus-rw',
    () => 'experimental-prometheus-rw',
    (url: string) => ({
      K6_PROMETHEUS_RW_SERVER_URL: `${url}/api/v1/write`,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: '1s',
    }),
  ],
  [
    'opentelemetry',
    () => 'opentelemetry',
    (url: string) => ({
      K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
      K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: url.replace('http://', ''),
      K6_OTEL_EXPORT_INTERVAL: '1s',
    }),
  ],
] as const) {
  test(`a run ends well whose ${name} server dies in the middle, and the summary tells the losses`, async () => {
    const server = await new BatchServer().open();
    const outcome = runGharial({
      script: `
        import { sleep } from 'k6';
        export const options = { vus: 1, duration: '4s' };
        export default function () { sleep(0.1); }`,
      args: ['--out', out(server.url)],
      env: env(server.url),
    });
    // The first one of InfluxDB makes the database.
    await server.received(2);
    await server.close();
    const { exitCode, stdout, summary, files } = await outcome;
    assert.equal(exitCode, 0);
    assert.ok((summary?.metrics['iterations']?.['count'] ?? 0) > 30);
    const [, lost = '', all = '', samples = ''] =
      /█ OUTPUTS \n\n {4}✗ .* lost (\d+) of (\d+) batches, (\d+) samples: .*ECONNREFUSED/.exec(
        stdout,
      ) ?? [];
    assert.ok(Number(lost) >= 1 && Number(all) > Number(lost), stdout);
    assert.ok(Number(samples) > 0, stdout);
    const [loss] = JSON.parse(files['summary.json'] ?? '{}').output_losses;
    assert.deepEqual([loss.batches_lost, loss.batches], [Number(lost), Number(all)]);
  });
}

test('the number of virtual users is sampled each second of the run, not of the clock', async () => {
  const startMs = Date.now();
  const { files } = await runGharial({
    script: `import { sleep } from 'k6'; export default function () { sleep(1.4); }`,
    args: ['--out', 'json=out.json'],
  });
  const times = (files['out.json'] ?? '')
    .split('\n')
    .filter((line) => line.includes('"metric":"vus","type":"Point"'))
    .map((line) => Date.parse(JSON.parse(line).data.time));
  assert.ok(times.length > 0);
  assert.ok((times[0] ?? 0) >= startMs + 1000);
});
