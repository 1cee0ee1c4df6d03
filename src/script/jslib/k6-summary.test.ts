import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanizeValue, jUnit, textSummary } from './k6-summary.ts';

const ESC = '\u001b';

const DATA = {
  root_group: {
    name: '',
    groups: [
      {
        name: 'chat',
        groups: [{ name: 'inner', groups: [], checks: [{ name: 'deep', passes: 1, fails: 0 }] }],
        checks: [{ name: 'was let in', passes: 2, fails: 1 }],
      },
    ],
    checks: [{ name: 'is up', passes: 3, fails: 0 }],
  },
  options: { summaryTrendStats: ['avg', 'p(95)', 'count'], summaryTimeUnit: '', noColor: true },
  metrics: {
    ws_session_duration: {
      type: 'trend',
      contains: 'time',
      values: { avg: 1234.5, 'p(95)': 61_000, count: 3 },
      thresholds: { 'p(95)<100': { ok: false } },
    },
    'ws_session_duration{room:a}': {
      type: 'trend',
      contains: 'time',
      values: { avg: 0.5, 'p(95)': 0, count: 1 },
      thresholds: { 'avg<1': { ok: true } },
    },
    checks: {
      type: 'rate',
      contains: 'default',
      values: { rate: 0.857142, passes: 6, fails: 1 },
      thresholds: { 'rate>0.8': { ok: true } },
    },
    data_sent: { type: 'counter', contains: 'data', values: { count: 12_345, rate: 9 } },
    iterations: { type: 'counter', contains: 'default', values: { count: 7, rate: 0.3333333 } },
    vus: { type: 'gauge', contains: 'default', values: { value: 1, min: 1, max: 20 } },
  },
} as const;

test('the text has groups and checks as a tree and all metrics in columns', () => {
  assert.equal(
    textSummary(DATA),
    `     ✓ is up

     █ chat

       ✗ was let in
        ↳  66% — ✓ 2 / ✗ 1

       █ inner

         ✓ deep

   ✓ checks................: 85.71% ✓ 6        ✗ 1
     data_sent.............: 12 kB  9 B/s
     iterations............: 7      0.333333/s
     vus...................: 1      min=1      max=20
   ✗ ws_session_duration...: avg=1.23s p(95)=1m1s count=3
   ✓   { room:a }..........: avg=500µs p(95)=0s   count=1`,
  );
});

test('the indent goes before every line; colours come when asked for', () => {
  const lines = textSummary(DATA, { indent: '>>' }).split('\n');
  assert.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('>>')),
    [],
  );
  assert.ok(!lines.join().includes(ESC));
  const colored = textSummary(DATA, { enableColors: true });
  assert.ok(colored.includes(`${ESC}[32m     ✓ is up${ESC}[0m`));
  assert.ok(colored.includes(`${ESC}[31m✗${ESC}[0m ws_session_duration`));
  assert.equal(colored.replace(new RegExp(`${ESC}\\[[\\d;]*m`, 'g'), ''), textSummary(DATA));
});

test('values have the unit that suits them, or the one asked for', () => {
  const time = { type: 'trend', contains: 'time', values: {} } as const;
  const cases: [number, string, string][] = [
    [0, '', '0s'],
    [0.0001, '', '100ns'],
    [0.25, '', '250µs'],
    [12.3456, '', '12.34ms'],
    [3_723_000, '', '1h2m3s'],
    [1500, 's', '1.50s'],
    [1.5, 'us', '1500.00µs'],
    [1.5, 'ms', '1.50ms'],
  ];
  for (const [ms, unit, text] of cases) assert.equal(humanizeValue(ms, time, unit), text);
  const share = { type: 'rate', contains: 'default', values: {} } as const;
  assert.equal(humanizeValue(0.99999, share), '99.99%');
});

test('a run without checks and metrics is an empty text', () => {
  assert.equal(textSummary({ root_group: { name: '', groups: [], checks: [] }, metrics: {} }), '');
});

test('JUnit has a case for each threshold, escaped', () => {
  assert.equal(
    jUnit(DATA, { name: 'a & b', classname: 'load' }),
    `<?xml version="1.0"?>
<testsuites tests="3" failures="1">
<testsuite name="a &amp; b" tests="3" failures="1">
<testcase name="ws_session_duration - p(95)&lt;100" classname="load"><failure message="failed" /></testcase>
<testcase name="ws_session_duration{room:a} - avg&lt;1" classname="load" />
<testcase name="checks - rate&gt;0.8" classname="load" />
</testsuite>
</testsuites>`,
  );
});
