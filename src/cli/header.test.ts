import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderFacts } from './header.ts';
import { renderBanner, renderHeader } from './header.ts';

const FACTS: HeaderFacts = {
  script: 'phases.js',
  outputs: [],
  scenarios: [
    { name: 'a', description: '6 looping VUs for 2s (gracefulStop: 2s)' },
    { name: 'b', description: 'Up to 2 looping VUs for 1s over 1 stages' },
  ],
  segmentShare: 1,
  vusMax: 8,
  durationMsMax: 4_000,
};

test('tells script, outputs and scenarios in the layout of k6', () => {
  assert.equal(
    renderHeader(FACTS, false),
    [
      '     execution: local',
      '        script: phases.js',
      '        output: -',
      '',
      '     scenarios: (100.00%) 2 scenarios, 8 max VUs, 4s max duration (incl. graceful stop):',
      '              * a: 6 looping VUs for 2s (gracefulStop: 2s)',
      '              * b: Up to 2 looping VUs for 1s over 1 stages',
      '',
      '',
    ].join('\n'),
  );
});

test('tells the dashboard, several outputs, a segment and a rounded duration', () => {
  const text = renderHeader(
    {
      ...FACTS,
      outputs: ['json (a.json)', 'csv (b.csv)'],
      dashboardUrl: 'http://127.0.0.1:5665',
      scenarios: FACTS.scenarios.slice(0, 1),
      segmentShare: 1 / 3,
      durationMsMax: 630_049,
    },
    false,
  );
  assert.match(text, /^ web dashboard: http:\/\/127\.0\.0\.1:5665$/m);
  assert.match(text, /^ {8}output: json \(a\.json\), csv \(b\.csv\)$/m);
  assert.match(text, /\(33\.33%\) 1 scenario, 8 max VUs, 10m30s max duration/);
});

test('colours values only on demand', () => {
  assert.ok(!renderHeader(FACTS, false).includes('\u001b'));
  assert.ok(renderHeader(FACTS, true).includes('script: \u001b[36mphases.js\u001b[0m\n'));
  assert.ok(renderBanner(true).includes('\u001b[33m'));
  assert.match(renderBanner(false), /^\n.*gharial.*\n\n\n$/s);
  assert.ok(!renderBanner(false).includes('\u001b'));
});
