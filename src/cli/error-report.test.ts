import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reportError } from './error-report.ts';

test('a user error is told in its own words, with its hint and exit code', () => {
  const error = new GharialError('OPTION_INVALID', 'vus: got -3', {
    exitCode: ExitCode.invalidConfig,
    hint: 'use a positive number',
  });
  assert.deepEqual(reportError(error, 5), {
    record: {
      timeMs: 5,
      level: 'error',
      message: 'vus: got -3',
      fields: { hint: 'use a positive number' },
    },
    exitCode: 104,
  });
});

test('a script exception is marked as a stack trace', () => {
  const error = new GharialError('SCRIPT_EXCEPTION', 'TypeError: x\n\tat default', {
    exitCode: ExitCode.scriptException,
    hint: 'script exception',
  });
  assert.deepEqual(reportError(error, 0).record.fields, {
    hint: 'script exception',
    source: 'stacktrace',
  });
});

test('anything else is a fault of gharial and asks for a report', () => {
  for (const error of [new TypeError('oops'), 'oops']) {
    const { record, exitCode } = reportError(error, 0);
    assert.match(record.message, /fault of its own: .*oops/s);
    assert.match(record.fields['hint'] ?? '', /report/);
    assert.equal(exitCode, 255);
  }
});
