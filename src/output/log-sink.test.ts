import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import type { LogLevel, LogRecord } from './log-format.ts';
import type { LogSinkSettings, LogWriter } from './log-sink.ts';
import { createLogSink } from './log-sink.ts';

class MemoryWriter implements LogWriter {
  readonly isTerminal: boolean;
  text = '';

  constructor(isTerminal = false) {
    this.isTerminal = isTerminal;
  }

  write(text: string): void {
    this.text += text;
  }
}

function setUp(overrides: Partial<LogSinkSettings> = {}) {
  const stdout = new MemoryWriter();
  const stderr = new MemoryWriter();
  const sink = createLogSink({
    output: 'stderr',
    format: 'raw',
    isVerbose: false,
    isColorless: false,
    startMs: 0,
    stdout,
    stderr,
    ...overrides,
  });
  return { sink, stdout, stderr };
}

function record(level: LogLevel, message: string, fields: Record<string, string> = {}): LogRecord {
  return { timeMs: 0, level, message, fields };
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('writes to standard error unless told otherwise', () => {
  const { sink, stdout, stderr } = setUp();
  sink.log(record('info', 'one'));
  assert.equal(stderr.text, 'one\n');
  assert.equal(stdout.text, '');
});

test('writes to standard output on demand', () => {
  const { sink, stdout, stderr } = setUp({ output: 'stdout' });
  sink.log(record('info', 'one'));
  assert.equal(stdout.text, 'one\n');
  assert.equal(stderr.text, '');
});

test('writes nothing at all to "none"', () => {
  const { sink, stdout, stderr } = setUp({ output: 'none' });
  sink.log(record('error', 'one'));
  assert.equal(stdout.text + stderr.text, '');
});

test('shows debug records only when verbose', () => {
  const quiet = setUp();
  quiet.sink.log(record('debug', 'd'));
  assert.equal(quiet.stderr.text, '');
  const verbose = setUp({ isVerbose: true });
  verbose.sink.log(record('debug', 'd'));
  assert.equal(verbose.stderr.text, 'd\n');
});

test('a terminal gets colours, unless they are switched off', () => {
  const stderr = new MemoryWriter(true);
  setUp({ format: 'text', stderr }).sink.log(record('info', 'm'));
  assert.ok(stderr.text.includes('INFO\u001b[0m[0000] m'));
  const plain = new MemoryWriter(true);
  setUp({ format: 'text', stderr: plain, isColorless: true }).sink.log(record('info', 'm'));
  assert.match(plain.text, /^time="\S+" level=info msg=m\n$/);
});

test('a log file is appended to, private, and takes only its levels', (t) => {
  const path = join(temporaryFolder(t), 'run.log');
  for (const message of ['first', 'second']) {
    const { sink, stderr } = setUp({ output: `file=${path},level=warning` });
    sink.log(record('info', 'too low'));
    sink.log(record('warning', message));
    sink.close();
    assert.equal(stderr.text, '');
  }
  assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a log file gets no colours even when standard error is a terminal', (t) => {
  const path = join(temporaryFolder(t), 'run.log');
  const { sink } = setUp({
    output: `file=${path}`,
    format: 'text',
    stderr: new MemoryWriter(true),
  });
  sink.log(record('info', 'm'));
  assert.match(readFileSync(path, 'utf8'), /^time="\S+" level=info msg=m\n$/);
  sink.close();
});

test('the console file takes the console, without its source, and appends', (t) => {
  const path = join(temporaryFolder(t), 'console.log');
  writeFileSync(path, 'before\n');
  const { sink, stderr } = setUp({ format: 'text', consoleOutput: path });
  sink.log(record('info', 'init', { source: 'console' }), true);
  sink.log(record('info', 'iteration', { source: 'console', kept: 'yes' }));
  sink.log(record('error', 'trace', { source: 'stacktrace' }));
  sink.close();
  assert.match(
    readFileSync(path, 'utf8'),
    /^before\ntime="\S+" level=info msg=iteration kept=yes\n$/,
  );
  assert.match(
    stderr.text,
    /^time="\S+" level=info msg=init source=console\n.*msg=trace source=stacktrace\n$/s,
  );
});

test('records after close are dropped', (t) => {
  const path = join(temporaryFolder(t), 'run.log');
  const { sink } = setUp({ output: `file=${path}` });
  sink.close();
  sink.log(record('info', 'late'));
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('refuses an output that it cannot serve', (t) => {
  const folder = temporaryFolder(t);
  const cases: [string, RegExp][] = [
    ['foo', /^unsupported log output 'foo'$/],
    ['loki=http://localhost:3100', /^log output 'loki' is not supported yet$/],
    ['file=', /^filepath must not be empty$/],
    ['file', /^filepath must not be empty$/],
    [`file=${folder}/absent/x.log`, /^provided directory '.*\/absent' does not exist$/],
    [`file=${folder}/x.log,level=loud`, /^unknown log level 'loud'$/],
    [`file=${folder}/x.log,colour=red`, /^unknown logfile config key colour$/],
    [`file=${folder}`, /could not open the log file/],
  ];
  for (const [output, message] of cases) {
    assert.throws(
      () => setUp({ output }),
      (error: unknown) => {
        assert.ok(error instanceof GharialError);
        assert.equal(error.code, 'LOG_OUTPUT_INVALID');
        assert.equal(error.exitCode, 255);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});
