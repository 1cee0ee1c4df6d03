import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

test('a report whose file cannot be made is refused before the run', async () => {
  const { dashboard } = new SyntheticRun({ reportPath: '/nowhere/report.html' });
  await assert.rejects(dashboard.open(), {
    code: 'OUTPUT_FAILED',
    message:
      /could not create the 'report' output: open .*\/nowhere\/report\.html: no such file or directory/,
  });
});

test('an earlier report stays until the new one is written', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'report.html');
    writeFileSync(path, 'the earlier one');
    const run = runOf(1, path);
    await run.dashboard.open();
    assert.equal(readFileSync(path, 'utf8'), 'the earlier one');
    await run.stop();
    assert.match(readFileSync(path, 'utf8'), /^<!doctype html>/);
    assert.equal(run.dashboard.losses, undefined);
  });
});

test('a report that cannot be written in the end is a warning and a loss', async () => {
  await withFolder(async (folder) => {
    const warnings: string[] = [];
    const run = new SyntheticRun(
      { reportPath: join(folder, 'reports', 'report.html') },
      { warn: (message) => warnings.push(message) },
    );
    mkdirSync(join(folder, 'reports'));
    await run.dashboard.open();
    run.tick();
    rmSync(join(folder, 'reports'), { recursive: true });
    await run.stop();
    assert.match(
      warnings.join(),
      /the report could not be written: open .*: no such file or directory/,
    );
    assert.deepEqual(run.dashboard.losses, {
      batchesLost: 0,
      batches: 0,
      samplesLost: 0,
      reason: warnings.join(),
    });
  });
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
