import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestWorker } from '../metrics/testing/recording.ts';
import { OpenTelemetryOutput } from './opentelemetry.ts';
import { readOpenTelemetrySettings } from './opentelemetry-settings.ts';
import { BatchServer } from './testing/batch-server.ts';
import { ProtobufMessage } from './testing/protobuf-reader.ts';
import { capturingWorker, feed, resultOf } from './testing/sample-feed.ts';

const EXPONENTIAL = 'base2_exponential_bucket_histogram';

let server: BatchServer;
let warnings: string[] = [];
let clockMs = 0;
beforeEach(async () => {
  server = await new BatchServer().open();
  warnings = [];
  clockMs = 0;
});
afterEach(() => server.close());

function create(env: Record<string, string> = {}): OpenTelemetryOutput {
  const settings = readOpenTelemetrySettings(
    {
      K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
      K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: server.url.replace('http://', ''),
      ...env,
    },
    '/',
  );
  return new OpenTelemetryOutput(
    settings,
    (message) => warnings.push(message),
    () => clockMs,
  );
}

async function run(output: OpenTelemetryOutput, worker: TestWorker): Promise<void> {
  output.start({ aggregate: worker.aggregate, thresholds: undefined, startMs: 1000 });
  clockMs = 2000.5;
  worker.flush();
  await output.stop(resultOf(worker));
}

function attributesOf(message: ProtobufMessage, field: number): Record<string, string> {
  const pairs = message
    .messages(field)
    .map((pair): [string, string] => [pair.string(1), pair.message(2).string(1)]);
  return Object.fromEntries(pairs);
}

/** The metrics of the request at `index` by name. */
function metricsOf(index = 0): Map<string, ProtobufMessage> {
  const body = server.requests[index]?.body;
  assert.ok(body !== undefined);
  const scope = new ProtobufMessage(body).message(1).message(2);
  return new Map(scope.messages(2).map((metric) => [metric.string(1), metric]));
}

describe('OpenTelemetryOutput', () => {
  it('sends sums, gauges and histograms under the names of k6', async () => {
    const worker = capturingWorker();
    worker.add('data_sent', 100, { scenario: 'default', group: '' });
    worker.add('vus', -7);
    worker.add('checks', 1, { check: 'c' });
    worker.add('checks', 1, { check: 'c' });
    worker.add('checks', 0, { check: 'c' });
    for (const value of [5, 5.1, 60, 20_000]) worker.add('ws_connecting', value);
    await run(create({ K6_OTEL_METRIC_PREFIX: 'p_', OTEL_SERVICE_NAME: 'shop' }), worker);
    const [request] = server.requests;
    assert.equal(request?.path, '/v1/metrics');
    assert.equal(request?.headers['content-type'], 'application/x-protobuf');
    const resource = new ProtobufMessage(request?.body ?? new Uint8Array()).message(1).message(1);
    assert.equal(attributesOf(resource, 1)['service.name'], 'shop');
    const metrics = metricsOf();
    assert.deepEqual(
      [...metrics.keys()],
      ['p_data_sent', 'p_vus', 'p_checks.total', 'p_ws_connecting'],
    );

    const sent = metrics.get('p_data_sent');
    assert.equal(sent?.string(3), 'By');
    const sum = sent?.message(7);
    assert.deepEqual([sum?.uint(2), sum?.uint(3)], [2, 1]);
    const point = sum?.message(1);
    assert.equal(point?.double(4), 100);
    assert.equal(point?.fixed64(2), 1_000_000_000n);
    assert.equal(point?.fixed64(3), 2_000_500_000n);
    assert.deepEqual(point && attributesOf(point, 7), { scenario: 'default' });

    const gauge = metrics.get('p_vus')?.message(5);
    assert.equal(gauge?.message(1).double(4), -7);
    assert.equal(gauge?.has(2), false);

    const conditions = metrics
      .get('p_checks.total')
      ?.message(7)
      .messages(1)
      .map((each) => [attributesOf(each, 7)['condition'], each.fixed64(6)]);
    assert.deepEqual(conditions, [
      ['nonzero', 2n],
      ['zero', 1n],
    ]);

    const trend = metrics.get('p_ws_connecting');
    assert.equal(trend?.string(3), 'ms');
    assert.equal(trend?.message(9).uint(2), 2);
    const histogram = trend?.message(9).message(1);
    assert.equal(histogram?.fixed64(4), 4n);
    assert.equal(histogram?.double(5), 20_070.1);
    assert.deepEqual(histogram?.fixed64s(6), [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert.equal(histogram?.doubles(7).length, 15);
    assert.deepEqual([histogram?.double(11), histogram?.double(12)], [5, 20_000]);
    assert.deepEqual(warnings, []);
  });

  it('sends exponential histograms if OpenTelemetry is set so', async () => {
    const worker = capturingWorker();
    for (const value of [0, 1, 2, 2, 4, -1]) worker.add('ws_connecting', value);
    const key = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION';
    await run(create({ [key]: EXPONENTIAL }), worker);
    const point = metricsOf().get('ws_connecting')?.message(10).message(1);
    assert.ok(point !== undefined);
    assert.equal(point.fixed64(4), 6n);
    assert.equal(point.sint(6), 3);
    assert.equal(point.fixed64(7), 1n);
    const positive = point.message(8);
    assert.equal(positive.sint(1), -1);
    assert.deepEqual(
      [...positive.uints(2).entries()].filter(([, count]) => count > 0),
      [
        [0, 1],
        [8, 2],
        [16, 1],
      ],
    );
    assert.deepEqual([point.message(9).sint(1), point.message(9).uints(2)], [-1, [1]]);
  });

  it('exports all series each time, with values from the beginning on', async () => {
    const worker = capturingWorker();
    const output = create({ K6_OTEL_EXPORT_INTERVAL: '2s' });
    for (let second = 1; second <= 3; second++) {
      clockMs = second * 1000;
      worker.add('iterations', 1, {});
      feed(output, worker);
    }
    await output.stop(resultOf(worker));
    const values = server.requests.map((_, index) =>
      metricsOf(index).get('iterations')?.message(7).message(1).double(4),
    );
    assert.deepEqual(values, [1, 3, 3]);
  });

  it('tells how many exports were lost', async () => {
    server.statuses = [400];
    const worker = capturingWorker();
    worker.add('iterations', 1);
    const output = create();
    await run(output, worker);
    assert.equal(warnings.at(-1), 'the opentelemetry output lost 1 of 1 batches');
    assert.equal(output.losses?.samplesLost, 1);
  });
});

describe('the description of an OpenTelemetryOutput', () => {
  it('says how and where to, as k6 says it', () => {
    const grpc = { K6_OTEL_EXPORTER_PROTOCOL: 'grpc' };
    const cases: [Record<string, string>, string][] = [
      [{}, `opentelemetry (http/protobuf, ${server.url}/v1/metrics)`],
      [
        { K6_OTEL_HTTP_EXPORTER_INSECURE: '', K6_OTEL_HTTP_EXPORTER_ENDPOINT: 'me:pw@a.test:1' },
        'opentelemetry (http/protobuf, https://a.test:1/v1/metrics)',
      ],
      [grpc, 'opentelemetry (grpc, localhost:4317)'],
      [
        { ...grpc, K6_OTEL_GRPC_EXPORTER_INSECURE: 'true' },
        'opentelemetry (grpc (insecure), localhost:4317)',
      ],
    ];
    for (const [env, description] of cases) assert.equal(create(env).description, description);
  });
});

describe('readOpenTelemetrySettings', () => {
  it('has the defaults of k6', () => {
    const { url, serviceName, exportIntervalMs, histogram } = readOpenTelemetrySettings({}, '/');
    assert.equal(
      url.href,
      'https://localhost:4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    );
    assert.deepEqual([serviceName, exportIntervalMs], ['k6', 10_000]);
    assert.equal(histogram, 'explicit_bucket_histogram');
    const http = readOpenTelemetrySettings({ K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf' }, '/');
    assert.equal(http.url.href, 'https://localhost:4318/v1/metrics');
  });

  it('reads headers and credentials', () => {
    const { headers } = readOpenTelemetrySettings(
      {
        K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
        K6_OTEL_HEADERS: 'a=b, c=d=e',
        K6_OTEL_HTTP_EXPORTER_USERNAME: 'eva',
        K6_OTEL_HTTP_EXPORTER_PASSWORD: 'x',
      },
      '/',
    );
    assert.deepEqual(headers, { a: 'b', c: 'd=e', Authorization: `Basic ${btoa('eva:x')}` });
  });

  it('refuses what it cannot do, as an invalid configuration', () => {
    const refuse = (key: string, value: string, message: RegExp) =>
      assert.throws(() => readOpenTelemetrySettings({ [key]: value }, '/'), {
        code: 'OUTPUT_FAILED',
        exitCode: 104,
        message,
      });
    refuse('K6_OTEL_EXPORTER_PROTOCOL', 'http', /unsupported exporter protocol 'http'/);
    refuse('K6_OTEL_GRPC_EXPORTER_ENDPOINT', 'http://h:1', /expected host:port/);
    refuse('K6_OTEL_HEADERS', 'a', /expected name=value/);
    refuse('K6_OTEL_TLS_CERTIFICATE', 'nope.pem', /open nope\.pem: no such file or directory/);
    refuse('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', 'x', /got 'x'/);
  });
});
