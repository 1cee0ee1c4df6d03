/** What a run shows, on a terminal that really draws it and where there is none. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NO_WAITS } from '../bridge/run-counters.ts';
import type { RunStatus } from '../engine/run-contract.ts';
import { Aggregate } from '../metrics/aggregate.ts';
import { TestWorker } from '../metrics/testing/recording.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import { consolidate, resolveSettings } from '../options/consolidate.ts';
import { parseScriptOptions } from '../options/parse.ts';
import { planInstance } from '../schedule/requirements.ts';
import type { CommandContext } from './context.ts';
import { RunView } from './run-view.ts';
import { fakeContext, MemoryStream } from './testing/fake-context.ts';
import { VirtualTerminal } from './testing/virtual-terminal.ts';

const OPTIONS = {
  scenarios: {
    chat: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '10s', target: 50 }] },
    a_scenario_with_a_name_that_is_long: {
      ...{ executor: 'constant-arrival-rate', rate: 120, duration: '1m' },
      ...{ preAllocatedVUs: 20, maxVUs: 100 },
    },
  },
};

const STATUS: RunStatus = {
  stage: 'running',
  activity: '',
  waits: NO_WAITS,
  isPaused: false,
  elapsedMs: 4200,
  vusPlanned: 70,
  vusActive: 31,
  vusInitialized: 70,
  socketsOpen: 29,
  iterationsCompleted: 1234,
  iterationsInterrupted: 5,
  scenarios: [
    {
      ...{ name: 'chat', state: 'running', fraction: 0.42, waitMs: 0, startTimeMs: 0 },
      ...{ elapsedMs: 4200, durationMs: 10_000, durationText: '10s', isOver: false },
      counts: { executor: 'ramping-vus', vusActive: 21, vusMax: 50 },
    },
    {
      ...{ name: 'a_scenario_with_a_name_that_is_long', state: 'running', fraction: 0.07 },
      ...{ waitMs: 0, startTimeMs: 0, elapsedMs: 4200, durationMs: 60_000 },
      ...{ durationText: '1m0s', isOver: false },
      counts: {
        ...{ executor: 'constant-arrival-rate', vusRunning: 10, vusActivated: 20, vusMax: 100 },
        ...{ iterationsPerSecond: 120, iterationsPerSecondMax: 120 },
      },
    },
  ],
};

/** Samples of every figure, with tags that are hard to measure. */
function feedFigures(view: RunView): void {
  const aggregate = new Aggregate();
  const worker = new TestWorker(aggregate);
  worker.define('chat_echo', 'trend', 'time');
  const thresholds = new ThresholdSet(aggregate, {
    'chat_echo{room:聊天室🚀👨‍👩‍👧‍👦}': [spec('p(95)<250')],
    ws_connecting: [spec('p(95)<10')],
    ws_ping: [spec('max<10')],
  });
  view.figures.start({ aggregate, thresholds, startMs: 0 });
  for (let ms = 1; ms <= 100; ms++) {
    worker.add('ws_sessions', 1);
    worker.add('ws_connecting', ms);
    worker.add('ws_msgs_sent', 1);
    worker.add('data_received', 1000);
    worker.add('chat_echo', ms * 2, { room: '聊天室🚀👨‍👩‍👧‍👦' });
  }
  const closed = { cause: 'socket-error', code: '1006', reason: 'connection reset by peer 💥' };
  for (let i = 0; i < 7; i++) worker.add('ws_sockets_closed', 1, closed);
  worker.add('ws_sockets_closed', 1, { cause: 'dial-failed', reason: 'connection refused' });
  worker.add('ws_sockets_closed', 9, { cause: 'local-close', code: '1000' });
  worker.flush();
  view.figures.onTick(aggregate);
  thresholds.evaluate(4200, false);
}

function spec(threshold: string) {
  return { threshold, abortOnFail: false, delayAbortEvalMs: undefined };
}

interface Stage {
  readonly view: RunView;
  readonly terminal: VirtualTerminal;
  /** What the process would do at its end. */
  exit(): void;
  status: RunStatus;
}

function setUp(
  t: TestContext,
  columns: number,
  rows = 30,
  settings: Readonly<Record<string, boolean>> = {},
): Stage {
  // Not setTimeout: the virtual terminal draws by it.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const terminal = new VirtualTerminal(columns, rows);
  let exit = (): void => {};
  const base = fakeContext();
  const context: CommandContext = {
    ...base,
    stdout: terminal,
    stderr: terminal,
    log: { ...base.log, isColorless: settings['noColor'] ?? false },
    onExit(restore) {
      exit = restore;
      return () => {};
    },
  };
  const view = new RunView(context, settingsOf(settings));
  const stage: Stage = { view, terminal, status: STATUS, exit: () => exit() };
  view.follow(() => stage.status);
  t.after(() => view.stop());
  return stage;
}

function settingsOf(values: Readonly<Record<string, boolean>>) {
  const layer = { origin: 'cli', values } as const;
  return resolveSettings([layer], { includesSystemEnvVars: false }).settings;
}

function begin(view: RunView): void {
  const { options } = consolidate({
    layers: [parseScriptOptions(OPTIONS).layer],
    exportedFunctions: undefined,
    defaultUserAgent: '',
  });
  const plan = planInstance(options);
  view.begin({ script: 'chat.ts', options, plan, outputs: [], dashboardUrl: undefined });
}

/** What stands below the header, from the empty line before the block on. */
async function blockOf(terminal: VirtualTerminal): Promise<{ text: string; isWrapped: boolean }[]> {
  const lines = await terminal.lines();
  return lines.slice(lines.findLastIndex(({ text }) => text === '') + 1);
}

test('shows a bar per scenario, sockets, times, errors by kind, and crossed thresholds first', async (t) => {
  const { view, terminal } = setUp(t, 110, 30, { noColor: true });
  begin(view);
  feedFigures(view);
  t.mock.timers.tick(100);
  const block = (await blockOf(terminal)).map(({ text }) => text);
  const [status, chat, long, sockets, ...others] = block;
  assert.match(
    status ?? '',
    /^running \(0m04\.2s\), 031\/070 VUs, 1234 complete and 5 interrupted iterations$/,
  );
  assert.match(chat ?? '', /^chat +\[=+>-+\] 21\/50 VUs {4}04\.2s\/10\.0s$/);
  assert.match(
    long ?? '',
    /^a_scenario_with_a_name_that\.\.\. {3}\[=*>-+\] 010\/020 VUs {2}0m04\.2s\/1m0s {2}120\.00 iters\/s$/,
  );
  assert.match(
    sockets ?? '',
    /^sockets {4}29 open {2}in 0\.0 msg\/s, .+\/s {2}out \d+ msg\/s, 0 B\/s$/,
  );
  assert.deepEqual(others, [
    'connect    p50 50.5ms  p95 95.05ms  p99 99.01ms  max 100ms',
    'chat_echo  p50 101ms  p95 190.1ms  p99 198.02ms  max 200ms',
    'errors     7 × 1006 connection reset by peer 💥 · 1 × connection refused',
    '✗ ws_connecting p(95)<10  95.05ms',
    '✓ chat_echo{room:聊天室🚀👨‍👩‍👧‍👦} p(95)<250  190.1ms',
    '• ws_ping max<10  nothing to compare yet',
  ]);

  assert.ok(!terminal.raw.includes('\u001b[31m'));
});

test('no line of the block ever breaks, at any width, and it is drawn in place', async (t) => {
  for (let columns = 20; columns <= 200; columns++) {
    await t.test(`${columns} columns`, async (inner) => {
      const { view, terminal } = setUp(inner, columns);
      feedFigures(view);
      begin(view);
      inner.mock.timers.tick(500);
      const block = await blockOf(terminal);
      assert.equal(block.length, 10);
      assert.ok(
        block.every(({ isWrapped }) => !isWrapped),
        JSON.stringify(block),
      );
      const text = await terminal.text();
      assert.equal(text.match(/sockets /g)?.length, 1);
      assert.ok(terminal.isWrapping);
      view.stop();
      view.end();
      const lines = await terminal.lines();
      assert.ok(lines.slice(-3).every(({ isWrapped }) => !isWrapped));
      inner.mock.timers.reset();
    });
  }
});

test('a low window gets what fits, and is told what does not', async (t) => {
  const { view, terminal } = setUp(t, 80, 8);
  feedFigures(view);
  begin(view);
  t.mock.timers.tick(300);
  const block = (await blockOf(terminal)).map(({ text }) => text);
  assert.equal(block.length, 6);
  assert.match(block[0] ?? '', /^running/);
  assert.equal(block.at(-1), '… 2 more lines');
});

test('turns thresholds and errors red, and nothing without colours', async (t) => {
  const { view, terminal } = setUp(t, 120);
  feedFigures(view);
  begin(view);
  t.mock.timers.tick(100);
  assert.ok(terminal.raw.includes('\u001b[31m✗ ws_connecting p(95)<10  95.05ms\u001b[0m'));
  assert.ok(terminal.raw.includes('\u001b[31m7 × 1006 connection reset by peer 💥'));
  assert.ok(!terminal.raw.includes('\u001b[31m✓'));
});

test('what is logged and printed meanwhile stands whole above the block', async (t) => {
  const { view, terminal } = setUp(t, 60, 20);
  begin(view);
  const expected: string[] = [];
  for (let line = 0; line < 60; line++) {
    const text = `${line}: ${'word '.repeat(line % 30)}|`;
    expected.push(text);
    view.interrupted(() => terminal.write(`${text}\n`));
    if (line % 7 === 0) t.mock.timers.tick(100);
    if (line % 11 === 0) {
      view.print(`partial ${line}`);
      expected.push(`partial ${line}`);
      t.mock.timers.tick(100);
    }
  }
  t.mock.timers.tick(100);
  const lines = (await terminal.text()).split('\n');
  const from = lines.indexOf(expected[0] ?? '');
  const block = lines.findLastIndex((text) => text.startsWith('running'));
  assert.deepEqual(
    lines.slice(from, block).filter((text) => text !== ''),
    expected,
  );
  assert.equal(lines.filter((text) => text.startsWith('running')).length, 1);
});

test('a block that is resized leaves no pieces behind', async (t) => {
  const { view, terminal } = setUp(t, 120, 24);
  feedFigures(view);
  begin(view);
  for (const [columns, rows] of [
    [60, 24],
    [45, 30],
    [140, 30],
    [80, 14],
  ] as const) {
    t.mock.timers.tick(200);
    await terminal.resize(columns, rows);
    t.mock.timers.tick(200);
    const text = await terminal.text();
    assert.equal(text.match(/^chat +\[/gm)?.length, 1, `${columns}x${rows}:\n${text}`);
    view.interrupted(() => terminal.write(`a line at ${columns}\n`));
    t.mock.timers.tick(200);
    assert.ok((await terminal.text()).includes(`a line at ${columns}\n`));
  }
});

test('the end of the process takes the block away, so that an error or a prompt follows', async (t) => {
  const { view, terminal, exit } = setUp(t, 80);
  begin(view);
  t.mock.timers.tick(100);
  assert.match(await terminal.text(), /running/);
  exit();
  terminal.write('ERRO it broke\n$ ');
  const lines = (await terminal.text()).split('\n');
  assert.deepEqual(lines.slice(-2), ['ERRO it broke', '$ ']);
  assert.doesNotMatch(lines.join('\n'), /running/);
  assert.ok(terminal.isWrapping);
});

test('says what is done before there is a plan, and what is waited for after the end', async (t) => {
  const stage = setUp(t, 80);
  const { view, terminal } = stage;
  const lastLine = async (status: Partial<RunStatus>): Promise<string> => {
    stage.status = { ...STATUS, ...status };
    t.mock.timers.tick(100);
    return (await terminal.lines()).at(-1)?.text ?? '';
  };
  const notYet = { scenarios: undefined };
  assert.equal(
    await lastLine({ ...notYet, stage: 'loading', activity: 'fetching https://example.com/a.js' }),
    'Load  fetching https://example.com/a.js',
  );
  assert.equal(await lastLine({ ...notYet, stage: 'inspecting' }), 'Load  running the init code');
  begin(view);
  const firstOf = async (status: Partial<RunStatus>): Promise<string> => {
    await lastLine(status);
    return (await blockOf(terminal))[0]?.text ?? '';
  };
  assert.match(
    await firstOf({ ...notYet, stage: 'opening', activity: 'InfluxDBv1 (http://db:8086)' }),
    /^Init .*\] starting InfluxDBv1 \(http:\/\/db:8086\)$/,
  );
  assert.match(
    await firstOf({ ...notYet, stage: 'init', vusInitialized: 2000, vusPlanned: 4000 }),
    /^Init .*=>-.*\] 2000\/4000 VUs initialized$/,
  );
  assert.match(await firstOf({ ...notYet, stage: 'setup' }), /\] setup\(\)$/);
  const waits = { ...NO_WAITS, vus: 2, sockets: 3, intervals: 1 };
  assert.equal(await lastLine({ waits }), '3 sockets and 1 interval keep 2 VUs busy');
  assert.equal(
    await lastLine({ stage: 'teardown', waits: { ...NO_WAITS, vus: 1, sleeps: 1 } }),
    'teardown(): 1 sleep keeps 1 VU busy',
  );
  assert.equal(
    await lastLine({ waits: { ...NO_WAITS, vus: 1, timeouts: 2, requests: 1, others: 4 } }),
    '2 timeouts, 1 HTTP request and 4 other operations keep 1 VU busy',
  );
  assert.equal(await lastLine({ waits: { ...NO_WAITS, vus: 3 } }), 'running code keeps 3 VUs busy');
  assert.equal(
    await lastLine({ stage: 'closing', activity: 'json (out.json)' }),
    'handing over what is left to json (out.json)',
  );
});

test('--quiet shows nothing, and prints what is printed', (t) => {
  const { view, terminal } = setUp(t, 80, 24, { quiet: true });
  begin(view);
  t.mock.timers.tick(1000);
  view.print('summary\n');
  view.end();
  assert.equal(terminal.raw, 'summary\n');
});

test('where there is no terminal, lines come ever more seldom, and at once when something happens', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let timeMs = 0;
  t.mock.method(performance, 'now', () => timeMs);
  const context = fakeContext();
  const { stdout } = context;
  assert.ok(stdout instanceof MemoryStream);
  const view = new RunView(context, settingsOf({}));
  t.after(() => view.stop());
  let status = STATUS;
  view.follow(() => status);
  begin(view);
  feedFigures(view);
  stdout.text = '';
  const framesIn = (seconds: number): number => {
    stdout.text = '';
    for (let half = 0; half < seconds * 2; half++) {
      timeMs += 500;
      t.mock.timers.tick(500);
    }
    return stdout.text.match(/^running/gm)?.length ?? 0;
  };
  assert.equal(framesIn(5), 4);
  assert.match(stdout.text, /^\nrunning .*\nchat +\[ {2}42% \] 21\/50 VUs .*\n/);
  assert.ok(!stdout.text.includes('\u001b'));
  assert.equal(framesIn(25), 5);
  assert.equal(framesIn(270), 27);
  assert.equal(framesIn(300), 10);
  status = { ...STATUS, waits: { ...NO_WAITS, vus: 1, sockets: 1 }, stage: 'teardown' };
  assert.equal(framesIn(1), 1);
  assert.match(stdout.text, /^teardown\(\): 1 socket keeps 1 VU busy$/m);
  status = { ...status, stage: 'lingering' };
  assert.equal(framesIn(100), 0);
});
