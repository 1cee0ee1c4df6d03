import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogRecord } from './log-format.ts';
import {
  formatJson,
  formatLogfmt,
  formatRaw,
  formatTerminal,
  quoteAsGo,
  toLogFormatName,
  toRfc3339,
} from './log-format.ts';

const TIME_MS = Date.UTC(2026, 10, 21, 19, 50, 43, 900);
const TIME = toRfc3339(TIME_MS);

function record(message: string, facets: Partial<LogRecord> = {}): LogRecord {
  return { timeMs: TIME_MS, level: 'info', message, fields: { source: 'console' }, ...facets };
}

test('logfmt quotes a message only when it has other than letters, digits and -._/@^+', () => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['a-b._/@^+9', 'a-b._/@^+9'],
    ['with space', '"with space"'],
    ['k=v', '"k=v"'],
    ['multi\nline "quoted"', '"multi\\nline \\"quoted\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['tab\tbell\u0007', '"tab\\tbell\\a"'],
    ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
    ['grüße 🐊', '"grüße 🐊"'],
    ['zero\u200bwidth', '"zero\\u200bwidth"'],
    ['nbsp\u00a0', '"nbsp\\u00a0"'],
    ['tag \u{e0001}', '"tag \\U000e0001"'],
    ['half \ud83d', '"half \ufffd"'],
    ['undefined', 'undefined'],
  ];
  for (const [message, shown] of cases) {
    assert.equal(
      formatLogfmt(record(message)),
      `time="${TIME}" level=info msg=${shown} source=console\n`,
    );
  }
});

test('logfmt leaves out an empty message and sorts the fields after it', () => {
  assert.equal(formatLogfmt(record('')), `time="${TIME}" level=info source=console\n`);
  const fields = {
    source: 'stacktrace',
    hint: 'script exception',
    executor: 'shared-iterations',
    empty: '',
  };
  assert.equal(
    formatLogfmt(record('TypeError: x\n\tat default\n', { level: 'error', fields })),
    `time="${TIME}" level=error msg="TypeError: x\\n\\tat default\\n" empty= ` +
      `executor=shared-iterations hint="script exception" source=stacktrace\n`,
  );
});

test('a field that would hide time, level or msg is renamed', () => {
  const line = formatLogfmt(record('m', { fields: { level: 'x', msg: 'y' } }));
  assert.equal(line, `time="${TIME}" level=info msg=m fields.level=x fields.msg=y\n`);
});

test('the terminal form pads the message to 44 columns and colours level and field names', () => {
  const line = formatTerminal(record('hello\n', { level: 'warning' }), TIME_MS - 4_999);
  assert.equal(
    line,
    `\u001b[33mWARN\u001b[0m[0004] hello${' '.repeat(39)}  \u001b[33msource\u001b[0m=console\n`,
  );
  const long = 'x'.repeat(60);
  assert.ok(formatTerminal(record(long), TIME_MS).includes(`[0000] ${long}  \u001b[36msource`));
});

test('JSON sorts its keys and escapes what HTML would read', () => {
  const fields = { source: 'console', executor: 'e' };
  assert.equal(
    formatJson(record('<00 00> & "q"\n', { fields })),
    `{"executor":"e","level":"info","msg":"\\u003c00 00\\u003e \\u0026 \\"q\\"\\n","source":"console","time":"${TIME}"}\n`,
  );
  assert.equal(JSON.parse(formatJson(record(''))).msg, '');
});

test('raw is the message alone', () => {
  assert.equal(formatRaw(record('a\nb')), 'a\nb\n');
});

test('an unknown format name means text', () => {
  assert.deepEqual(['json', 'raw', 'bogus', '', undefined].map(toLogFormatName), [
    'json',
    'raw',
    'text',
    'text',
    'text',
  ]);
});

test('times are RFC 3339 in the local time zone', () => {
  const script = `import { toRfc3339 } from ${JSON.stringify(new URL('./log-format.js', import.meta.url).href)};
    process.stdout.write(toRfc3339(${TIME_MS}));`;
  const shown = (zone: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
    }).stdout;
  assert.equal(shown('UTC'), '2026-11-21T19:50:43Z');
  assert.equal(shown('Asia/Kolkata'), '2026-11-22T01:20:43+05:30');
  assert.equal(shown('America/New_York'), '2026-11-21T14:50:43-05:00');
});

test('a quoted value never contains a raw quote, newline or control byte, and can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const quoted = quoteAsGo(text);
      const inner = quoted.slice(1, -1);
      assert.match(inner, /^(?:[^"\\\p{Cc}]|\\.)*$/u);
      assert.equal(unquoteGo(inner), text);
    }),
  );
});

const NAMED: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unquoteGo(inner: string): string {
  return inner.replace(/\\(U[0-9a-f]{8}|u[0-9a-f]{4}|x[0-9a-f]{2}|.)/g, (_, code: string) =>
    code.length > 1
      ? String.fromCodePoint(Number.parseInt(code.slice(1), 16))
      : (NAMED[code] ?? code),
  );
}
