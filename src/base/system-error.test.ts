import assert from 'node:assert/strict';
import { mkdirSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { reasonOf } from './system-error.ts';

function failureOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('errors of files are told as Go tells them', () => {
  const missing = failureOf(() => openSync('/no/such/file.csv', 'w'));
  assert.equal(reasonOf(missing), 'open /no/such/file.csv: no such file or directory');
  assert.equal(reasonOf(missing, 'file.csv'), 'open file.csv: no such file or directory');
  assert.equal(reasonOf(failureOf(() => openSync('/', 'w'))), 'open /: is a directory');
  assert.equal(reasonOf(failureOf(() => mkdirSync('/'))), 'mkdir /: file exists');
});

test('other errors keep their words', () => {
  assert.equal(reasonOf(new Error('no idea')), 'no idea');
  assert.equal(reasonOf('thrown text'), 'thrown text');
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: '127.0.0.1',
    port: 9,
  });
  assert.equal(reasonOf(refused), 'connect ECONNREFUSED 127.0.0.1:9');
});
