import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel, LogRecord } from './log-format.ts';
import { LokiLog } from './loki-log.ts';
import { parseLokiOutput } from './loki-settings.ts';
import { BatchServer } from './testing/batch-server.ts';

const TIME_MS = 1_795_000_000_123.25;

function record(message: string, facets: Partial<LogRecord> = {}): LogRecord {
  return { timeMs: TIME_MS, level: 'info', message, fields: { source: 'console' }, ...facets };
}

interface Push {
  readonly streams: readonly { readonly stream: unknown; readonly values: unknown }[];
}

/** What a server gets of these records under these options, and what the user is told. */
async function pushed(
  records: readonly LogRecord[],
  options = '',
  status = 204,
): Promise<{ pushes: Push[]; server: BatchServer; warnings: string[] }> {
  const server = await new BatchServer().open();
  server.statuses = [status];
  const warnings: string[] = [];
  const settings = parseLokiOutput(`loki=${server.url}/loki/api/v1/push${options}`);
  const log = new LokiLog(settings, (message) => warnings.push(message));
  try {
    for (const each of records) log.write(each);
    await log.close();
  } finally {
    await server.close();
  }
  const pushes = server.requests.map(({ body }) => JSON.parse(body.toString()) as Push);
  return { pushes, server, warnings };
}

test('lines are pushed as messages, under their level, their facts and the labels asked for', async () => {
  const { pushes, server } = await pushed(
    [
      record('two words'),
      record('later', { timeMs: TIME_MS + 1 }),
      record('x', { level: 'error' }),
    ],
    ',label.app=chat,header.X-Scope-OrgID=team',
  );
  assert.deepEqual(pushes, [
    {
      streams: [
        {
          stream: { app: 'chat', level: 'info', source: 'console' },
          values: [
            ['1795000000123250000', 'two words'],
            ['1795000000124250000', 'later'],
          ],
        },
        {
          stream: { app: 'chat', level: 'error', source: 'console' },
          values: [['1795000000123250000', 'x']],
        },
      ],
    },
  ]);
  assert.equal(server.requests[0]?.path, '/loki/api/v1/push');
  assert.equal(server.requests[0]?.headers['x-scope-orgid'], 'team');
  assert.equal(server.requests[0]?.headers['content-type'], 'application/json');
});

test('lines of several threads are brought in the order of their times', async () => {
  const times = [5, 3, 4].map((timeMs) => record(`at ${timeMs}`, { timeMs }));
  const { pushes } = await pushed(times);
  assert.deepEqual(pushes[0]?.streams[0]?.values, [
    ['3000000', 'at 3'],
    ['4000000', 'at 4'],
    ['5000000', 'at 5'],
  ]);
});

test('facts that are no allowed labels go to the end of the line', async () => {
  const fields = { source: 'console', hint: 'two words' };
  const { pushes } = await pushed([record('m', { fields })], ',allowedLabels=[level,absent]');
  assert.deepEqual(pushes[0]?.streams, [
    {
      stream: { level: 'info' },
      values: [['1795000000123250000', 'm hint="two words" source=console']],
    },
  ]);
});

test('levels below the one asked for, lines above the limit and long tails are left out', async () => {
  const at = (level: LogLevel, message: string): LogRecord =>
    record(message, { level, fields: {} });
  const { pushes } = await pushed(
    [at('info', 'no'), at('warning', 'äöü'), at('error', 'a'), at('error', 'b'), at('error', 'c')],
    ',level=warn,limit=2,msgMaxSize=4',
  );
  assert.deepEqual(
    pushes[0]?.streams.flatMap(({ values }) => values),
    [
      ['1795000000123250000', 'äö…'],
      ['1795000000123250000', '2 lo…'],
      ['1795000000123250000', 'a'],
    ],
  );
});

test('nothing is sent without lines, and what is refused is told', async () => {
  assert.deepEqual((await pushed([])).pushes, []);
  const { warnings } = await pushed([record('m')], '', 400);
  assert.deepEqual(warnings, [
    'the loki output could not send a batch: got status code: 400 instead expected a 2xx successful status code (out of order)',
    'the loki output lost 1 of 1 batches',
  ]);
});

test('lines are pushed once a period, before the end', async () => {
  const server = await new BatchServer().open();
  const log = new LokiLog(parseLokiOutput(`loki=${server.url},pushPeriod=10ms`), assert.fail);
  try {
    log.write(record('m'));
    while (server.requests.length === 0) await new Promise(setImmediate);
  } finally {
    await log.close();
    await server.close();
  }
  assert.equal(server.requests.length, 1);
});

test('the defaults are those of k6', () => {
  const { url, ...others } = parseLokiOutput('loki');
  assert.equal(url.href, 'http://127.0.0.1:3100/loki/api/v1/push');
  assert.deepEqual(others, {
    labels: {},
    headers: {},
    limit: 100,
    levelMin: 'debug',
    pushPeriodMs: 1000,
    messageBytesMax: 1_048_576,
    allowedLabels: undefined,
  });
  const list = parseLokiOutput('loki=http://h/p,allowedLabels=[a, b],pushPeriod=1m30s');
  assert.deepEqual([list.allowedLabels, list.pushPeriodMs], [['a', 'b'], 90_000]);
});

test('faults of the option name the key and what it takes', () => {
  const cases: [string, RegExp][] = [
    ['loki=nowhere', /invalid loki address 'nowhere'/],
    ['loki=file:///x', /invalid loki address/],
    ['loki,foo=1', /unknown loki config key foo/],
    ['loki,label=1', /unknown loki config key label/],
    ['loki,limit=0', /loki limit: got '0'/],
    ['loki,limit=x', /loki limit: got 'x'/],
    ['loki,msgMaxSize=1.5', /loki msgMaxSize: got '1.5'/],
    ['loki,pushPeriod=0s', /loki pushPeriod: got '0s'/],
    ['loki,pushPeriod=5', /loki pushPeriod: got '5'/],
    ['loki,pushPeriod=abc', /loki pushPeriod: got 'abc'/],
    ['loki,level=loud', /unknown log level 'loud'/],
    ['loki,allowedLabels=a', /loki allowedLabels: got 'a'/],
  ];
  for (const [output, message] of cases) {
    assert.throws(
      () => parseLokiOutput(output),
      { code: 'LOG_OUTPUT_INVALID', message, hint: /./ },
      output,
    );
  }
});
