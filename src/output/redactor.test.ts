import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { Redactor } from './redactor.ts';

test('knows no secrets at first', () => {
  const { redact } = new Redactor();
  assert.equal(redact('a hunter2'), 'a hunter2');
});

test('hides secrets from then on, longest first', () => {
  const redactor = new Redactor();
  redactor.hide('pass');
  redactor.hide('password1');
  redactor.hide('$&');
  assert.equal(
    redactor.redact('password1 pass $& pass'),
    '***SECRET_REDACTED*** ***SECRET_REDACTED*** ***SECRET_REDACTED*** ***SECRET_REDACTED***',
  );
});

test('an empty secret hides nothing', () => {
  const redactor = new Redactor();
  redactor.hide('');
  assert.equal(redactor.redact('text'), 'text');
});

test('hides secrets in the message and the fields of a log entry', () => {
  const redactor = new Redactor();
  redactor.hide('hunter2');
  const entry = { message: 'pw hunter2', fields: { url: 'ws://h/?pw=hunter2' }, level: 'info' };
  assert.deepEqual(redactor.cleanEntry(entry), {
    message: 'pw ***SECRET_REDACTED***',
    fields: { url: 'ws://h/?pw=***SECRET_REDACTED***' },
    level: 'info',
  });
});

test('an error without secrets is the same, with its cause', () => {
  const redactor = new Redactor();
  redactor.hide('hunter2');
  const cause: Record<string, unknown> = { reason: 'tired' };
  cause['self'] = cause;
  const error = new GharialError('RUN_STOPPED', 'stopped', { hint: 'rest', cause });
  assert.equal(redactor.cleanError(error), error);
});

test('hides secrets in the message and the hint of an error, and keeps a harmless cause', () => {
  const redactor = new Redactor();
  redactor.hide('hunter2');
  const cause = new Error('no');
  const clean = redactor.cleanError(
    new GharialError('SCRIPT_FAILED', 'got hunter2', { exitCode: 107, hint: 'not hunter2', cause }),
  );
  assert.ok(clean instanceof GharialError);
  const { code, message, exitCode, hint } = clean;
  assert.deepEqual(
    { code, message, exitCode, hint },
    {
      code: 'SCRIPT_FAILED',
      message: 'got ***SECRET_REDACTED***',
      exitCode: 107,
      hint: 'not ***SECRET_REDACTED***',
    },
  );
  assert.equal(clean.cause, cause);
});

test('drops a cause that has a secret, wherever in it that is', () => {
  const redactor = new Redactor();
  redactor.hide('hunter2');
  const causes = [
    'hunter2',
    new Error('hunter2'),
    new DOMException('hunter2'),
    new Error('a', { cause: new Error('b', { cause: 'hunter2' }) }),
    Object.assign(new Error('a'), { request: { headers: ['pw hunter2'] } }),
  ];
  for (const cause of causes) {
    const clean = redactor.cleanError(new GharialError('SCRIPT_FAILED', 'failed', { cause }));
    assert.equal(clean.cause, undefined);
    assert.equal(clean.message, 'failed');
  }
});
