import assert from 'node:assert/strict';
import { test } from 'node:test';
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
