import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Aggregate } from '../metrics/aggregate.ts';
import { TestWorker } from '../metrics/testing/recording.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import {
  buildSummary,
  type SummaryInput,
  type SummaryMetric,
  type SummaryModel,
  type SummarySection,
  type SummaryThreshold,
} from './summary-data.ts';
import { exportSummary } from './summary-export.ts';
import { renderSummary } from './summary-text.ts';
import {
  CAPTURED_DURATION_MS,
  CAPTURED_TEXT,
  CAPTURED_TOTALS,
  CAPTURED_TYPES,
} from './testing/captured-summary.ts';

const STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'];
const CUSTOM = new Set(['my_counter', 'my_gauge', 'my_rate', 'payload_size', 'ws_rtt']);

const THRESHOLDS: Readonly<
  Record<string, readonly [source: string, isOk: boolean, value: number][]>
> = {
  checks: [['rate>0.9', false, 96 / 126]],
  my_gauge: [['value<100', true, 2.4906108515020318]],
  ws_rtt: [
    ['p(95)<500', true, 3.3],
    ['avg<0.0001', false, 0.6174603174603176],
  ],
  'ws_rtt{scenario:chat}': [
    ['p(99.9)<300', true, 4],
    ['max<1', false, 4],
  ],
  ws_sessions: [
    ['count>1', true, 60],
    ['rate>0.5', true, 19.432126148888386],
  ],
};

function metric(fullName: string, values: Readonly<Record<string, number>>): SummaryMetric {
  const [name = '', suffix] = fullName.replace('}', '').split('{');
  const [type, contains] = CAPTURED_TYPES[name] ?? ['counter', 'default'];
  const thresholds = (THRESHOLDS[fullName] ?? []).map(
    ([source, isOk, value]): SummaryThreshold => ({
      source,
      label: source.split(/[<>]/)[0] ?? '',
      isOk,
      value,
    }),
  );
  return {
    name,
    suffix,
    type,
    contains,
    fullName,
    values,
    thresholds,
    isBuiltin: !CUSTOM.has(name),
  };
}

/** Values as printed, in ms, a trifle larger: what is printed is cut off. */
function printed(...values: number[]): Record<string, number> {
  return Object.fromEntries(values.map((value, index) => [STATS[index] ?? '', value + 1e-9]));
}

function count(number: number): Record<string, number> {
  return { count: number, rate: number / (CAPTURED_DURATION_MS / 1000) };
}

function rate(passes: number, fails: number): Record<string, number> {
  return { passes, fails, rate: passes / (passes + fails) };
}

function section(
  checks: readonly [name: string, passes: number, fails: number][],
  metrics: Readonly<Record<string, Readonly<Record<string, number>>>>,
): SummarySection {
  const passes = checks.reduce((sum, check) => sum + check[1], 0);
  const fails = checks.reduce((sum, check) => sum + check[2], 0);
  return {
    checkTotals: { passes, fails },
    checks: checks.map(([name, passed, failed]) => ({ name, passes: passed, fails: failed })),
    metrics: Object.entries(metrics)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, values]) => metric(name, values)),
    groups: [],
  };
}

function capturedModel(): SummaryModel {
  const { my_counter, my_gauge, payload_size, ws_connecting, ws_session_duration } =
    CAPTURED_TOTALS;
  const chatRtt = CAPTURED_TOTALS['ws_rtt{scenario:chat}'];
  assert.ok(
    my_counter && my_gauge && payload_size && ws_connecting && ws_session_duration && chatRtt,
  );
  const own: [string, number, number][] = [
    ['is string', 60, 0],
    ['sometimes', 30, 30],
  ];
  // Three samples of 3.3 add up to a little less than 9.9, and the mean is cut off to 3.29.
  const rtt = { ...printed(0, 3.3, 3.3, 3.3, 3.3, 3.3), avg: (3.3 + 3.3 + 3.3) / 3 };
  const inner = {
    ...section([['inner ok', 3, 0]], { ws_rtt: rtt }),
    name: 'inner',
    path: '::outer::inner',
  };
  const outer = {
    ...section([['outer ok', 3, 0]], {}),
    name: 'outer',
    path: '::outer',
    groups: [inner],
  };
  return {
    durationMs: CAPTURED_DURATION_MS,
    trendStats: STATS,
    timeUnit: '',
    setupData: undefined,
    losses: [],
    total: section([...own, ['outer ok', 3, 0], ['inner ok', 3, 0]], CAPTURED_TOTALS),
    scenarios: [
      {
        name: 'chat',
        ...section(own, {
          my_counter,
          my_gauge,
          payload_size,
          ws_connecting,
          ws_session_duration,
          my_rate: rate(60, 0),
          iteration_duration: printed(102.82, 101.35, 102.57, 109.25, 103.34, 104.05),
          iterations: count(60),
          data_received: CAPTURED_TOTALS['data_received'] ?? {},
          data_sent: CAPTURED_TOTALS['data_sent'] ?? {},
          ws_msgs_received: count(60),
          ws_msgs_sent: count(120),
          ws_rtt: chatRtt,
          ws_sessions: count(60),
        }),
      },
      {
        name: 'feed',
        ...section(
          [
            ['outer ok', 3, 0],
            ['inner ok', 3, 0],
          ],
          {
            my_rate: rate(0, 3),
            iteration_duration: printed(200.61, 200.53, 200.58, 200.71, 200.68, 200.7),
            iterations: count(3),
            data_received: count(0),
            data_sent: count(0),
            ws_rtt: rtt,
          },
        ),
        groups: [outer],
      },
    ],
    rootGroup: { name: '', path: '', id: '', groups: [], checks: [] },
  };
}

function summarize(worker: TestWorker, input: Partial<SummaryInput> = {}): SummaryModel {
  worker.flush();
  return buildSummary({
    aggregate: worker.aggregate,
    thresholds: undefined,
    durationMs: 1000,
    trendStats: STATS,
    timeUnit: '',
    setupData: undefined,
    ...input,
  });
}

const COMPACT = { mode: 'compact', hasColors: false } as const;
const FULL = { mode: 'full', hasColors: false } as const;

describe('renderSummary', () => {
  it("prints a captured run in full mode byte for byte as k6's", () => {
    assert.equal(renderSummary(capturedModel(), FULL), CAPTURED_TEXT);
  });

  it('prints thresholds and totals only in compact mode', () => {
    const end = CAPTURED_TEXT.indexOf('\n\n  █ SCENARIO: chat');
    assert.equal(renderSummary(capturedModel(), COMPACT), `${CAPTURED_TEXT.slice(0, end)}\n\n\n`);
  });

  it('says the same with colours, but for the colours', () => {
    const colored = renderSummary(capturedModel(), { mode: 'full', hasColors: true });
    assert.ok(colored.includes('\u001b[32m✓\u001b[0m'));
    assert.equal(stripVTControlCharacters(colored), CAPTURED_TEXT);
  });

  it('prints a summary even if nothing was recorded', () => {
    assert.equal(
      renderSummary(summarize(new TestWorker()), FULL),
      '\n\n  █ TOTAL RESULTS \n\n    no samples were recorded\n\n\n\n',
    );
  });

  it("never hides the script's metrics, whatever their names begin with", () => {
    const worker = new TestWorker();
    for (const name of ['checks_of_mine', 'group_duration_mine', 'http_req_waiting_mine']) {
      worker.define(name, 'counter');
      worker.add(name, 1);
    }
    worker.add('group_duration', 5);
    worker.add('http_req_waiting', 5);
    const model = summarize(worker);
    const text = renderSummary(model, COMPACT);
    assert.match(text, / {4}CUSTOM\n {4}checks_of_mine\.+: 1 1\/s\n {4}group_duration_mine\.+: 1/);
    assert.match(text, / {4}HTTP\n {4}http_req_waiting_mine\.+: 1 1\/s\n/);
    assert.doesNotMatch(text, /group_duration\.|http_req_waiting\./);
    assert.match(renderSummary(model, FULL), /http_req_waiting\.+: avg=5ms/);
  });

  it('shows the value of thresholds on stats that the summary does not list', () => {
    const worker = new TestWorker();
    const thresholds = new ThresholdSet(worker.aggregate, {
      'iteration_duration{scenario:a}': [
        { threshold: ' med < 500 ', abortOnFail: false, delayAbortEvalMs: undefined },
        { threshold: 'p(12.5)>500', abortOnFail: false, delayAbortEvalMs: undefined },
      ],
      data_sent: [{ threshold: 'rate<1', abortOnFail: false, delayAbortEvalMs: undefined }],
    });
    worker.add('iteration_duration', 20, { scenario: 'a' });
    worker.add('data_sent', 12345);
    worker.flush();
    thresholds.evaluate(1000, true);
    const text = renderSummary(summarize(worker, { thresholds, trendStats: ['avg'] }), COMPACT);
    assert.ok(
      text.startsWith(
        '\n\n  █ THRESHOLDS \n\n' +
          "    data_sent\n    ✗ 'rate<1' rate=12 kB/s\n\n" +
          "    iteration_duration{scenario:a}\n    ✓ 'med < 500' med=20ms\n    ✗ 'p(12.5)>500' p(12.5)=20ms\n\n\n" +
          '  █ TOTAL RESULTS \n\n    EXECUTION\n' +
          '    iteration_duration...: avg=20ms\n      { scenario:a }.....: avg=20ms\n\n' +
          '    NETWORK\n    data_sent............: 12 kB 12 kB/s\n',
      ),
      text,
    );
  });

  it('aligns the first extra of gauges with those of all other metrics', () => {
    const worker = new TestWorker();
    worker.define('errors', 'rate');
    for (let i = 0; i < 148; i++) worker.add('errors', i < 11 ? 1 : 0);
    worker.add('vus', 5);
    assert.match(
      renderSummary(summarize(worker), COMPACT),
      / {4}errors\.\.\.: 7\.43% 11 out of 148\n\n {4}EXECUTION\n {4}vus\.{6}: 5 {5}min=5 {9}max=5\n/,
    );
  });

  it('lists groups of the default scenario, without those of setup and teardown', () => {
    const worker = new TestWorker();
    worker.add('data_sent', 1, { group: '::setup' });
    worker.add('checks', 1, { group: '::a', scenario: 'default', check: 'c' });
    worker.add('group_duration', 1, { group: '::a::b', scenario: 'default' });
    worker.add('iterations', 1, { group: '', scenario: 'default' });
    const text = renderSummary(summarize(worker), FULL);
    assert.ok(
      text.endsWith(
        '\n\n\n  █ GROUP: a \n\n' +
          '    checks_total.......: 1       1/s\n' +
          '    checks_succeeded...: 100.00% 1 out of 1\n' +
          '    checks_failed......: 0.00%   0 out of 1\n\n    ✓ c\n\n' +
          '    ↳ GROUP: b \n\n\n\n',
      ),
      text,
    );
    assert.doesNotMatch(text, /setup/);
  });

  it('honours the time unit', () => {
    const worker = new TestWorker();
    worker.add('iteration_duration', 61_000);
    const model = summarize(worker, { timeUnit: 's', trendStats: ['max', 'count'] });
    assert.match(renderSummary(model, COMPACT), /iteration_duration\.\.\.: max=61\.00s count=1\n/);
  });
});

test('tells what outputs have lost, and nothing if they lost nothing', () => {
  const model = buildSummary({
    aggregate: new Aggregate(),
    thresholds: undefined,
    durationMs: 1000,
    trendStats: [],
    timeUnit: '',
    setupData: undefined,
    losses: [
      { output: 'server', batchesLost: 2, batches: 9, samplesLost: 120, reason: 'gone' },
      { output: 'file', batchesLost: 0, batches: 0, samplesLost: 7, reason: 'too fast' },
      { output: 'mine', batchesLost: 0, batches: 0, samplesLost: 0, reason: 'it threw' },
    ],
  });
  const text = renderSummary(model, { mode: 'compact', hasColors: false });
  const [, outputs = ''] = text.split('  █ OUTPUTS \n\n');
  assert.equal(
    outputs,
    [
      '    ✗ server lost 2 of 9 batches, 120 samples: gone',
      '    ✗ file lost 7 samples: too fast',
      '    ✗ mine stopped before the end: it threw\n\n\n\n',
    ].join('\n'),
  );
  const { output_losses: exported } = JSON.parse(exportSummary(model));
  const lost = { batches_lost: 2, batches: 9, samples_lost: 120, reason: 'gone' };
  assert.deepEqual(exported[0], { output: 'server', ...lost });
  const silent = renderSummary({ ...model, losses: [] }, { mode: 'compact', hasColors: false });
  assert.doesNotMatch(silent, /OUTPUTS/);
  assert.equal('output_losses' in JSON.parse(exportSummary({ ...model, losses: [] })), false);
});
