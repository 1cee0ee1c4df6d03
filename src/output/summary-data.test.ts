import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestWorker } from '../metrics/testing/recording.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import { buildSummary, type SummaryInput, type SummaryModel } from './summary-data.ts';
import { exportSummary } from './summary-export.ts';
import { legacySummary, machineReadableSummary } from './summary-handle.ts';

/** The run that k6's captured handleSummary data is of: one VU, two iterations, two groups. */
function capturedRun(): { worker: TestWorker; model: SummaryModel } {
  const worker = new TestWorker();
  worker.define('ws_rtt', 'trend', 'time');
  const tags = { scenario: 'default', group: '' };
  const thresholds = new ThresholdSet(worker.aggregate, {
    ws_rtt: [{ threshold: 'p(95)<500', abortOnFail: false, delayAbortEvalMs: undefined }],
    'ws_rtt{scenario:default}': [
      { threshold: 'p(99.9)<300', abortOnFail: false, delayAbortEvalMs: undefined },
      { threshold: 'avg>300', abortOnFail: false, delayAbortEvalMs: undefined },
    ],
  });
  worker.add('data_sent', 0, { group: '::setup' });
  for (const connectingMs of [0.3254, 1.021694]) {
    worker.add('checks', 1, { ...tags, group: '::g1', check: 'c1' });
    worker.add('checks', 0, { ...tags, group: '::g1::g2', check: 'c2' });
    worker.add('group_duration', 1, { ...tags, group: '::g1::g2' });
    worker.add('ws_connecting', connectingMs, tags);
    worker.add('ws_rtt', 1.5, tags);
    worker.add('iterations', 1, tags);
    worker.add('data_sent', 203, tags);
  }
  worker.flush();
  thresholds.evaluate(4.196468, true);
  return { worker, model: summarize(worker, { thresholds, setupData: { a: 1, b: [1, 2] } }) };
}

function summarize(worker: TestWorker, input: Partial<SummaryInput> = {}): SummaryModel {
  return buildSummary({
    aggregate: worker.aggregate,
    thresholds: undefined,
    durationMs: 4.196468,
    trendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'],
    timeUnit: '',
    setupData: undefined,
    ...input,
  });
}

const FACTS = { isStdOutTTY: false, isStdErrTTY: false, noColor: false };

describe('legacySummary', () => {
  it("has k6's keys and numbers", () => {
    const data = legacySummary(capturedRun().model, FACTS);
    assert.deepEqual(data['root_group'], {
      name: '',
      path: '',
      id: 'd41d8cd98f00b204e9800998ecf8427e',
      groups: [
        {
          name: 'g1',
          path: '::g1',
          id: '9ccb03cc5acd728a2fe595bbd1f14da3',
          groups: [
            {
              name: 'g2',
              path: '::g1::g2',
              id: '4cfc8bfa83b81689e8444e0a60a1a74d',
              groups: [],
              checks: [
                {
                  name: 'c2',
                  path: '::g1::g2::c2',
                  id: 'bc6e90da3cd74ce00c442394de71325e',
                  passes: 0,
                  fails: 2,
                },
              ],
            },
          ],
          checks: [
            {
              name: 'c1',
              path: '::g1::c1',
              id: '6f39330c066e0f19f6512937738fe5f2',
              passes: 2,
              fails: 0,
            },
          ],
        },
      ],
      checks: [],
    });
    assert.deepEqual(data['options'], {
      summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'],
      summaryTimeUnit: '',
      noColor: false,
    });
    assert.deepEqual(data['state'], {
      isStdOutTTY: false,
      isStdErrTTY: false,
      testRunDurationMs: 4.196468,
    });
    assert.deepEqual(data['setup_data'], { a: 1, b: [1, 2] });
    const trend = { avg: 1.5, min: 1.5, med: 1.5, max: 1.5, 'p(90)': 1.5, 'p(95)': 1.5 };
    const metrics = new Map(Object.entries(Object(data['metrics'])));
    assert.deepEqual(
      [...metrics.keys()],
      [
        'checks',
        'data_sent',
        'group_duration',
        'iterations',
        'ws_connecting',
        'ws_rtt',
        'ws_rtt{scenario:default}',
      ],
    );
    assert.deepEqual(metrics.get('iterations'), {
      type: 'counter',
      contains: 'default',
      values: { count: 2, rate: 476.59126675099157 },
    });
    assert.deepEqual(metrics.get('checks'), {
      type: 'rate',
      contains: 'default',
      values: { rate: 0.5, passes: 2, fails: 2 },
    });
    assert.deepEqual(metrics.get('ws_connecting'), {
      type: 'trend',
      contains: 'time',
      values: {
        avg: 0.6735470000000001,
        min: 0.3254,
        med: 0.6735470000000001,
        max: 1.021694,
        'p(90)': 0.9520646000000001,
        'p(95)': 0.9868793,
      },
    });
    assert.deepEqual(metrics.get('ws_rtt{scenario:default}'), {
      type: 'trend',
      contains: 'time',
      values: trend,
      thresholds: { 'p(99.9)<300': { ok: true }, 'avg>300': { ok: false } },
    });
  });

  it('has exactly the chosen stats of trends', () => {
    const { worker } = capturedRun();
    const data = legacySummary(summarize(worker, { trendStats: ['count', 'p(99.9)'] }), FACTS);
    const metrics = new Map(Object.entries(Object(data['metrics'])));
    assert.deepEqual(Object(metrics.get('ws_rtt')).values, { count: 2, 'p(99.9)': 1.5 });
    assert.equal('setup_data' in data, false);
  });

  it('shows metrics with thresholds and no samples as zeros', () => {
    const worker = new TestWorker();
    worker.define('hits', 'counter');
    const thresholds = new ThresholdSet(worker.aggregate, {
      'hits{a:b}': [{ threshold: 'count<1', abortOnFail: false, delayAbortEvalMs: undefined }],
    });
    thresholds.evaluate(1000, true);
    const { metrics } = summarize(worker, { thresholds }).total;
    assert.deepEqual(
      metrics.map(({ fullName, values }) => [fullName, values]),
      [
        ['hits', { count: 0, rate: 0 }],
        ['hits{a:b}', { count: 0, rate: 0 }],
      ],
    );
  });
});

describe('exportSummary', () => {
  it('keys groups and checks by name, and marks crossed thresholds with true', () => {
    const text = exportSummary(capturedRun().model);
    assert.match(text, /^\{\n {4}"root_group": \{\n {8}"name": "",/);
    const data = JSON.parse(text);
    assert.equal(data.root_group.groups.g1.groups.g2.checks.c2.fails, 2);
    assert.equal(data.root_group.groups.g1.checks.c1.path, '::g1::c1');
    assert.deepEqual(data.metrics.checks, { passes: 2, fails: 2, value: 0.5 });
    assert.deepEqual(data.metrics.iterations, { count: 2, rate: 476.59126675099157 });
    assert.deepEqual(data.metrics['ws_rtt{scenario:default}'].thresholds, {
      'p(99.9)<300': false,
      'avg>300': true,
    });
    assert.deepEqual(data.setup_data, { a: 1, b: [1, 2] });
  });
});

describe('machineReadableSummary', () => {
  const facts = {
    mode: 'compact',
    script: 'the text',
    k6Version: '2.2.0',
    generatedMs: 0,
  } as const;

  it("has k6's layout, and thresholds, groups and scenarios besides", () => {
    const { worker, model } = capturedRun();
    worker.add('iterations', 1, { scenario: 'other', group: '' });
    worker.flush();
    const { version, metadata, config, results } = JSON.parse(
      JSON.stringify(machineReadableSummary(model, facts)),
    );
    assert.equal(version, '1.0.0');
    assert.equal(metadata.k6_version, '2.2.0');
    assert.equal(metadata.generated_at, '1970-01-01T00:00:00.000Z');
    assert.deepEqual(config, { script: 'the text', execution: 'local', duration: 0.004196468 });
    assert.deepEqual(results.checks, {
      metrics: [
        { name: 'checks_total', type: 'counter', contains: 'default', values: { count: 4 } },
        {
          name: 'checks_failed',
          type: 'rate',
          contains: 'default',
          values: { matches: 2, total: 4, rate: 0.5 },
        },
        {
          name: 'checks_succeeded',
          type: 'rate',
          contains: 'default',
          values: { matches: 2, total: 4, rate: 0.5 },
        },
      ],
      results: [
        { name: 'c1', passes: 2, fails: 0 },
        { name: 'c2', passes: 0, fails: 2 },
      ],
    });
    const names = results.metrics.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, [
      'data_sent',
      'iterations',
      'ws_connecting',
      'ws_rtt',
      'ws_rtt{scenario:default}',
    ]);
    assert.deepEqual(results.metrics[1].values, { count: 2 });
    assert.deepEqual(results.metrics[3].values, {
      avg: 1.5,
      max: 1.5,
      med: 1.5,
      min: 1.5,
      p90: 1.5,
      p95: 1.5,
    });
    assert.deepEqual(results.thresholds[2], {
      metric: 'ws_rtt{scenario:default}',
      source: 'avg>300',
      ok: false,
      value: 1.5,
    });
    assert.equal(results.groups[0].groups[0].checks.results[0].name, 'c2');
    assert.deepEqual(results.scenarios, []);
    const later = JSON.parse(JSON.stringify(machineReadableSummary(summarize(worker), facts)));
    assert.deepEqual(later.results.scenarios[0].metrics[0].values, { count: 1 });
  });
});
