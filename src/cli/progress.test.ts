import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProgressLayout, RunningStatus, ScenarioProgress } from './progress.ts';
import {
  executorColumns,
  formatElapsed,
  renderProgress,
  toPlainFrame,
  toTerminalFrame,
  waitingColumns,
} from './progress.ts';

const PLAIN: ProgressLayout = { terminalColumns: undefined, isColored: false };
const TERMINAL: ProgressLayout = { terminalColumns: 120, isColored: false };

const RUNNING: RunningStatus = {
  kind: 'running',
  elapsedMs: 2_300,
  durationMsMax: 4_000,
  vusActive: 6,
  vusInitialized: 8,
  vusMax: 8,
  iterationsComplete: 0,
  iterationsInterrupted: 0,
};

const A: ScenarioProgress = {
  name: 'a',
  state: 'running',
  fraction: 0.42,
  columns: ['6 VUs', '0.8s/2s'],
};

test('without a terminal the phases of a run read as in k6', () => {
  const idle = (name: string): ScenarioProgress => ({
    name,
    state: 'running',
    fraction: 0,
    columns: [],
  });
  assert.deepEqual(
    renderProgress(
      { kind: 'starting', label: 'Init', fraction: 0.5, activity: '4/8 VUs initialized' },
      [idle('a'), idle('b')],
      PLAIN,
    ),
    ['Init   [  50% ] 4/8 VUs initialized', 'a      [   0% ]', 'b      [   0% ]'],
  );
  assert.deepEqual(
    renderProgress({ kind: 'starting', label: 'Run', fraction: 1, activity: 'setup()' }, [], PLAIN),
    ['Run    [ 100% ] setup()'],
  );
  assert.deepEqual(
    renderProgress(
      RUNNING,
      [A, { name: 'b', state: 'waiting', fraction: 0, columns: waitingColumns(200, 1_000) }],
      PLAIN,
    ),
    [
      'running (2.3s), 6/8 VUs, 0 complete and 0 interrupted iterations',
      'a      [  42% ] 6 VUs    0.8s/2s',
      'b    • [   0% ] waiting  0.2s',
    ],
  );
  assert.deepEqual(
    renderProgress(
      {
        ...RUNNING,
        elapsedMs: 5_300,
        vusActive: 0,
        iterationsComplete: 6,
        iterationsInterrupted: 2,
      },
      [
        { name: 'a', state: 'done', fraction: 1, columns: ['6 VUs', '2s'] },
        { name: 'b', state: 'stopping', fraction: 1, columns: ['2/2 VUs', '1s'] },
      ],
      PLAIN,
    ),
    [
      'running (5.3s), 0/8 VUs, 6 complete and 2 interrupted iterations',
      'a    ✓ [ 100% ] 6 VUs    2s',
      'b    ↓ [ 100% ] 2/2 VUs  1s',
    ],
  );
});

test('VU counts are as wide as the largest they may become', () => {
  const [line] = renderProgress({ ...RUNNING, vusMax: 120 }, [], PLAIN);
  assert.match(line ?? '', /, 006\/008 VUs,/);
});

test('a terminal gets a bar, narrower when the line would not fit, a percentage when it is too narrow', () => {
  const barAt = (columns: number, fraction: number) =>
    renderProgress(RUNNING, [{ ...A, fraction }], { ...TERMINAL, terminalColumns: columns })[1];
  assert.equal(barAt(120, 0), `a      [${'-'.repeat(38)}] 6 VUs  0.8s/2s`);
  assert.equal(barAt(120, 0.5), `a      [${'='.repeat(18)}>${'-'.repeat(19)}] 6 VUs  0.8s/2s`);
  assert.equal(barAt(120, 1), `a      [${'='.repeat(38)}] 6 VUs  0.8s/2s`);
  assert.equal(barAt(40, 0.5)?.length, 39);
  assert.equal(barAt(30, 0.5), 'a      [  50% ] 6 VUs  0.8s/2s');
});

test('long scenario names are cut to 30 characters', () => {
  const name = 'x'.repeat(40);
  const [, line] = renderProgress(RUNNING, [{ ...A, name }], PLAIN);
  assert.ok(line?.startsWith(`${'x'.repeat(27)}...   [`));
});

test('marks are coloured only on demand', () => {
  const interrupted: ScenarioProgress = { ...A, state: 'interrupted' };
  const line = (isColored: boolean) =>
    renderProgress(RUNNING, [interrupted], { ...TERMINAL, isColored })[1] ?? '';
  assert.ok(line(true).includes('\u001b[31m✗\u001b[0m'));
  assert.ok(!line(false).includes('\u001b'));
});

test('each executor shows what it counts', () => {
  const at = (elapsedMs: number, durationMs: number, durationText: string, isOver = false) => ({
    elapsedMs,
    durationMs,
    durationText,
    isOver,
  });
  const rates = { vusRunning: 4, vusActivated: 5, vusMax: 10 };
  assert.deepEqual(
    executorColumns({ executor: 'constant-vus', vus: 2, ...at(2_000, 3_000, '3s') }),
    ['2 VUs', '2.0s/3s'],
  );
  assert.deepEqual(
    executorColumns({ executor: 'constant-vus', vus: 2, ...at(3_000, 3_000, '3s', true) }),
    ['2 VUs', '3s'],
  );
  assert.deepEqual(
    executorColumns({
      executor: 'ramping-vus',
      vusActive: 7,
      vusMax: 12,
      ...at(1_800, 6_000, '6s'),
    }),
    ['07/12 VUs', '1.8s/6.0s'],
  );
  assert.deepEqual(
    executorColumns({
      executor: 'constant-arrival-rate',
      ...rates,
      iterationsPerSecond: 20,
      iterationsPerSecondMax: 20,
      ...at(4_400, 5_000, '5s'),
    }),
    ['04/05 VUs', '4.4s/5s', '20.00 iters/s'],
  );
  assert.deepEqual(
    executorColumns({
      executor: 'ramping-arrival-rate',
      ...rates,
      iterationsPerSecond: 7.256,
      iterationsPerSecondMax: 100,
      ...at(4_400, 5_000, '5s'),
    }).at(-1),
    '007.26 iters/s',
  );
  assert.deepEqual(
    executorColumns({
      executor: 'shared-iterations',
      vus: 2,
      iterationsDone: 6,
      iterations: 20,
      ...at(1_800, 600_000, '10m0s'),
    }),
    ['2 VUs', '00m01.8s/10m0s', '06/20 shared iters'],
  );
  assert.deepEqual(
    executorColumns({
      executor: 'per-vu-iterations',
      vus: 2,
      iterationsDone: 10,
      iterations: 10,
      iterationsPerVu: 5,
      ...at(1_100, 600_000, '10m0s'),
    }),
    ['2 VUs', '00m01.1s/10m0s', '10/10 iters, 5 per VU'],
  );
});

test('elapsed time is as wide as its maximum', () => {
  const cases: [number, number, string][] = [
    [0, 4_000, '0.0s'],
    [2_349, 4_000, '2.3s'],
    [2_349, 50_000, '02.3s'],
    [2_349, 60_000, '0m02.3s'],
    [62_349, 599_000, '1m02.3s'],
    [62_349, 600_000, '01m02.3s'],
    [62_349, 3_600_000, '0h01m02.3s'],
    [62_349, 36_000_000, '00h01m02.3s'],
    [62_349, 86_400_000, '0d00h01m02.3s'],
    [864_000_000, 864_000_000, '10d00h00m00.0s'],
    [9_960, 9_970, '10.0s'],
    [59_960, 50_000, '1m00.0s'],
    [12_000, 4_000, '12.0s'],
  ];
  for (const [timeMs, maxMs, text] of cases) assert.equal(formatElapsed(timeMs, maxMs), text);
});

test('elapsed time never changes its width while it stays below its maximum', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (maxMs, part) => {
        const max = Math.floor(maxMs / 100) * 100;
        assert.equal(formatElapsed(max * part, max).length, formatElapsed(max, max).length);
      },
    ),
  );
});

test('a pipe gets frames below each other', () => {
  assert.equal(toPlainFrame(['one', 'two']), '\none\ntwo\n');
});

test('a terminal frame cuts its lines, breaks none and moves back over them, but for the last', () => {
  const lines = ['x'.repeat(25), '\u001b[31mtwo\u001b[0m'];
  const frame = toTerminalFrame(lines, 10, false);
  assert.equal(
    frame,
    '\u001b[?7l\u001b[K\nxxxxxxxx…\u001b[K\n\u001b[31mtwo\u001b[0m\u001b[K\n\u001b[?7h\r\u001b[J\u001b[3A',
  );
  assert.ok(toTerminalFrame(lines, 10, true).endsWith('\u001b[K\n\u001b[?7h'));
});

test('the first line is as long as there is room for', () => {
  const at = (terminalColumns: number) =>
    renderProgress(RUNNING, [], { ...TERMINAL, terminalColumns })[0];
  assert.equal(at(70), 'running (2.3s), 6/8 VUs, 0 complete and 0 interrupted iterations');
  assert.equal(at(50), 'running (2.3s), 6/8 VUs, 0 done, 0 cut off');
  assert.equal(at(20), '2.3s 6/8 VUs 0+0');
});
