import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestWorker } from '../metrics/testing/recording.ts';
import { PrometheusOutput } from './prometheus.ts';
import { readPrometheusSettings } from './prometheus-settings.ts';
import type { ReceivedRequest } from './testing/batch-server.ts';
import { BatchServer } from './testing/batch-server.ts';
import { decompressSnappy, ProtobufMessage } from './testing/protobuf-reader.ts';
import { capturingWorker, feed, resultOf } from './testing/sample-feed.ts';

let server: BatchServer;
let warnings: string[] = [];
let clockMs = 0;
beforeEach(async () => {
  server = await new BatchServer().open();
  warnings = [];
  clockMs = 0;
});
afterEach(() => server.close());

function create(env: Record<string, string> = {}, features: string[] = []): PrometheusOutput {
  const settings = readPrometheusSettings(
    { K6_PROMETHEUS_RW_SERVER_URL: `${server.url}/api/v1/write`, ...env },
    '/',
    features,
  );
  return new PrometheusOutput(
    settings,
    (message) => warnings.push(message),
    () => clockMs,
  );
}

function tick(output: PrometheusOutput, worker: TestWorker): void {
  clockMs += 5000;
  feed(output, worker);
}

/** Series of a request as Prometheus writes them, without a histogram's content. */
function seriesIn({ body }: ReceivedRequest): string[] {
  return messagesIn(body).map((series) => {
    const labels = series.messages(1).map((label) => `${label.string(1)}="${label.string(2)}"`);
    const values = series.messages(2).map((sample) => `${sample.double(1)}@${sample.uint(2)}`);
    return `{${labels.join(', ')}} ${values.join()}`;
  });
}

function messagesIn(body: Buffer): ProtobufMessage[] {
  return new ProtobufMessage(decompressSnappy(body)).messages(1);
}

describe('PrometheusOutput', () => {
  it("writes k6's series: names by type, times in seconds, cumulative, labels in order", async () => {
    const worker = capturingWorker();
    worker.define('my_trend', 'trend', 'time');
    worker.define('plain', 'trend');
    worker.define('my_counter', 'counter');
    const stats = 'p(99.9),avg,min,max,med,sum,count,p(95)';
    const output = create({ K6_PROMETHEUS_RW_TREND_STATS: stats });
    output.start();
    const tags = { scenario: 'default', Z: '1', 'x y': 'z', group: '' };
    worker.add('my_trend', 10, tags);
    worker.add('my_trend', 20, tags);
    worker.add('plain', 3);
    worker.add('my_counter', 2.5);
    worker.add('checks', 1);
    worker.add('checks', 0);
    worker.add('vus', -7);
    tick(output, worker);
    worker.add('my_counter', 2.5);
    tick(output, worker);
    await output.stop(resultOf(worker));
    const own = 'Z="1", __name__="k6_my_trend_NAME", scenario="default", x_y="z"';
    const trend = (name: string, value: number) => `{${own.replace('NAME', name)}} ${value}@1000`;
    const [first, second, ...others] = server.requests;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(seriesIn(first), [
      trend('p999', 0.01999),
      trend('avg', 0.015),
      trend('min', 0.01),
      trend('max', 0.02),
      trend('med', 0.015),
      trend('sum', 0.03),
      trend('count', 2),
      trend('p95', 0.0195),
      ...['p999', 'avg', 'min', 'max', 'med', 'sum'].map(
        (stat) => `{__name__="k6_plain_${stat}"} 3@1000`,
      ),
      '{__name__="k6_plain_count"} 1@1000',
      '{__name__="k6_plain_p95"} 3@1000',
      '{__name__="k6_my_counter_total"} 2.5@1000',
      '{__name__="k6_checks_rate"} 0.5@1000',
      '{__name__="k6_vus"} -7@1000',
    ]);
    assert.deepEqual(seriesIn(second), ['{__name__="k6_my_counter_total"} 5@2000']);
    assert.deepEqual(others, []);
    assert.equal(first.path, '/api/v1/write');
    assert.equal(first.headers['content-encoding'], 'snappy');
    assert.equal(first.headers['content-type'], 'application/x-protobuf');
    assert.equal(first.headers['x-prometheus-remote-write-version'], '0.1.0');
    assert.deepEqual(warnings, []);
  });

  it('adds up series that Prometheus cannot tell apart', async () => {
    const worker = capturingWorker();
    const output = create();
    worker.add('iterations', 1, { group: '' });
    worker.add('iterations', 2);
    tick(output, worker);
    worker.add('iterations', 4);
    tick(output, worker);
    await output.stop(resultOf(worker));
    assert.deepEqual(server.requests.map(seriesIn), [
      ['{__name__="k6_iterations_total"} 3@1000'],
      ['{__name__="k6_iterations_total"} 7@2000'],
    ]);
  });

  it('pushes once per interval, and the rest at the end', async () => {
    const worker = capturingWorker();
    const output = create({ K6_PROMETHEUS_RW_PUSH_INTERVAL: '10s' });
    for (let second = 0; second < 4; second++) {
      worker.add('iterations', 1);
      tick(output, worker);
    }
    await output.stop(resultOf(worker));
    assert.deepEqual(server.requests.map(seriesIn), [
      ['{__name__="k6_iterations_total"} 1@1000'],
      ['{__name__="k6_iterations_total"} 3@3000'],
      ['{__name__="k6_iterations_total"} 4@4000'],
    ]);
  });

  it('writes trends as native histograms in seconds', async () => {
    for (const features of [[], ['native-histograms']]) {
      server.requests.length = 0;
      const worker = capturingWorker();
      const key = 'K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM';
      const output = create(features.length === 0 ? { [key]: 'true' } : {}, features);
      for (const value of [1000, 1000, 2000, 4000, 0]) worker.add('ws_connecting', value);
      tick(output, worker);
      await output.stop(resultOf(worker));
      const [request] = server.requests;
      assert.ok(request !== undefined);
      assert.deepEqual(seriesIn(request), ['{__name__="k6_ws_connecting_seconds"} ']);
      const histogram = messagesIn(request.body)[0]?.message(4);
      assert.ok(histogram !== undefined);
      assert.equal(histogram.uint(1), 5);
      assert.equal(histogram.double(3), 8);
      assert.equal(histogram.sint(4), 3);
      assert.equal(histogram.uint(6), 1);
      assert.equal(histogram.uint(15), 1000);
      const span = histogram.message(11);
      assert.deepEqual([span.sint(1), span.uint(2)], [0, 17]);
      const deltas = histogram.sints(12);
      let running = 0;
      const counts = deltas.map((delta) => (running += delta));
      assert.deepEqual(
        [...counts.entries()].filter(([, count]) => count > 0),
        [
          [0, 2],
          [8, 1],
          [16, 1],
        ],
      );
    }
  });

  it('ends series with stale markers if asked', async () => {
    const worker = capturingWorker();
    const output = create({ K6_PROMETHEUS_RW_STALE_MARKERS: 'true' });
    worker.add('iterations', 1);
    tick(output, worker);
    await output.stop(resultOf(worker));
    const body = server.requests[1]?.body;
    assert.ok(body !== undefined);
    const sample = messagesIn(body)[0]?.message(2);
    assert.equal(sample?.fixed64(1), 0x7ff0000000000002n);
    assert.equal(sample?.uint(2), 5001);
  });

  it('sends everything again after a lost push, and tells of the loss', async () => {
    const worker = capturingWorker();
    const output = create();
    server.statuses = [400, 204];
    worker.add('iterations', 1);
    worker.add('vus', 3);
    tick(output, worker);
    // Nothing else is under way once a second request has been answered.
    while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve));
    worker.add('vus', 4);
    tick(output, worker);
    await output.stop(resultOf(worker));
    const [, second] = server.requests;
    assert.ok(second !== undefined);
    assert.deepEqual(seriesIn(second), [
      '{__name__="k6_iterations_total"} 1@1000',
      '{__name__="k6_vus"} 4@2000',
    ]);
    assert.equal(warnings[1], 'the experimental-prometheus-rw output lost 1 of 2 batches');
    const { batchesLost, samplesLost } = output.losses ?? {};
    assert.deepEqual({ batchesLost, samplesLost }, { batchesLost: 1, samplesLost: 0 });
  });
});

describe('readPrometheusSettings', () => {
  const read = (env: Record<string, string>) => readPrometheusSettings(env, '/', []);

  it('has the defaults of k6', () => {
    const { url, pushIntervalMs, trendStats, tls, ...rest } = read({});
    assert.equal(url.href, 'http://localhost:9090/api/v1/write');
    assert.equal(pushIntervalMs, 5000);
    assert.deepEqual(
      trendStats.map(({ suffix }) => suffix),
      ['p99'],
    );
    assert.deepEqual(tls, { isVerified: true, minVersion: 'TLSv1.3' });
    assert.deepEqual(rest, { headers: {}, usesNativeHistograms: false, hasStaleMarkers: false });
  });

  it('reads credentials and headers', () => {
    const prefix = 'K6_PROMETHEUS_RW_';
    const basic = read({ [`${prefix}USERNAME`]: 'eva', [`${prefix}PASSWORD`]: 'x' });
    assert.deepEqual(basic.headers, { Authorization: `Basic ${btoa('eva:x')}` });
    const { headers } = read({
      [`${prefix}BEARER_TOKEN`]: 't',
      [`${prefix}HEADERS_X-Scope-OrgID`]: 'one',
      [`${prefix}HTTP_HEADERS`]: 'a:b, c:d:e',
    });
    assert.deepEqual(headers, {
      'X-Scope-OrgID': 'one',
      a: 'b',
      c: 'd:e',
      Authorization: 'Bearer t',
    });
  });

  it('refuses what it cannot do', () => {
    const refuse = (key: string, value: string, message: RegExp) =>
      assert.throws(() => read({ [`K6_PROMETHEUS_RW_${key}`]: value }), {
        code: 'OUTPUT_FAILED',
        message,
      });
    refuse('SIGV4_REGION', 'eu', /SIGV4_REGION is not supported yet/);
    refuse('TREND_STATS', 'p(95),foo', /invalid trend stat 'foo', unknown format/);
    refuse('TREND_STATS', 'p(101)', /invalid trend stat/);
    refuse('SERVER_URL', 'localhost', /SERVER_URL: got "localhost"/);
    refuse('TLS_MINIMUM_VERSION', '1.1', /expected 1.2 or 1.3/);
    refuse('STALE_MARKERS', 'maybe', /expected true or false/);
    refuse('CLIENT_CERTIFICATE', 'nope.pem', /open nope\.pem: no such file or directory/);
  });
});
