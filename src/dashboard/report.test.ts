import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { SyntheticRun } from './testing/synthetic-run.ts';

const REPORT_BYTES_MAX = 1_500_000;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-report-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runOf(seconds: number, reportPath: string): SyntheticRun {
  const run = new SyntheticRun({ reportPath });
  for (let second = 0; second < seconds; second++) run.tick();
  return run;
}

test('the report of ten minutes with scenarios, rooms and metrics of the script is below 1.5 MB', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'report.html');
    await runOf(600, path).stop();
    const { size } = statSync(path);
    assert.ok(size <= REPORT_BYTES_MAX, `${size} bytes`);
    const data = /id="run-data">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    const { history, state } = JSON.parse(data);
    assert.equal(history.timesMs.at(-1), 600_000);
    const received = history.slices.find(
      (slice: { metric: string; tag?: string }) =>
        slice.metric === 'ws_msgs_received' && slice.tag === undefined,
    );
    const sum = received.columns[0].reduce((total: number, cell: number) => total + cell, 0);
    const total = state.totals.find(({ name }: { name: string }) => name === 'ws_msgs_received');
    assert.equal(sum, total.values.count);
  });
});

test('the report of six hours is as bounded', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'report.html');
    const run = new SyntheticRun({ reportPath: path, periodMs: 1000 });
    // As many intervals as six hours have, most of them without samples.
    for (let second = 0; second < 60; second++) run.tick();
    for (let second = 0; second < 21_540; second++) run.rest();
    await run.stop();
    assert.ok(statSync(path).size <= REPORT_BYTES_MAX);
  });
});

test('a report whose name ends in .gz is compressed', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'report.html.gz');
    await runOf(3, path).stop();
    assert.match(gunzipSync(readFileSync(path)).toString('utf8'), /^<!doctype html>/);
  });
});

test('a report that cannot be written is a warning', async () => {
  const warnings: string[] = [];
  const run = new SyntheticRun(
    { reportPath: '/nowhere/report.html' },
    { warn: (message) => warnings.push(message) },
  );
  run.tick();
  await run.stop();
  assert.match(warnings.join(), /the report could not be written: ENOENT/);
});

test('what the redactor hides is not in the report, and names of metrics stay', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'report.html');
    const run = new SyntheticRun(
      { reportPath: path },
      { redact: (text) => text.replaceAll('room-3', '***').replaceAll('orders', '***') },
    );
    for (let second = 0; second < 3; second++) run.tick();
    await run.stop();
    const text = readFileSync(path, 'utf8');
    assert.doesNotMatch(text, /room-3/);
    assert.match(text, /"orders_filled"/);
    assert.match(text, /room-2/);
  });
});
