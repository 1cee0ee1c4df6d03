import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLogRequest } from './log-request.ts';
import { MemoryStream } from './testing/fake-context.ts';

function read(args: readonly string[], env: Record<string, string> = {}) {
  const stream = new MemoryStream();
  const { output, format, isVerbose, isColorless } = readLogRequest(args, env, stream, stream);
  return { output, format, isVerbose, isColorless };
}

test('the log goes to standard error as text unless asked otherwise', () => {
  assert.deepEqual(read(['run', 'script.js']), {
    output: 'stderr',
    format: 'text',
    isVerbose: false,
    isColorless: false,
  });
});

test('flags are found anywhere, with = or as two arguments, and the last one counts', () => {
  const args = [
    'run',
    '--log-output',
    'none',
    'a.js',
    '--log-output=stdout',
    '--log-format',
    'json',
    '-v',
  ];
  assert.deepEqual(read([...args, '--no-color']), {
    output: 'stdout',
    format: 'json',
    isVerbose: true,
    isColorless: true,
  });
});

test('the environment stands below the flags', () => {
  const env = { K6_LOG_OUTPUT: 'none', K6_LOG_FORMAT: 'json' };
  assert.equal(read([], env).output, 'none');
  assert.equal(read([], env).format, 'json');
  assert.equal(read(['--log-output=stderr'], env).output, 'stderr');
  assert.equal(read(['--log-format=raw'], env).format, 'raw');
});

test('NO_COLOR counts when it is there, K6_NO_COLOR when it is not empty', () => {
  assert.equal(read([], { NO_COLOR: '' }).isColorless, true);
  assert.equal(read([], { K6_NO_COLOR: '' }).isColorless, false);
  assert.equal(read([], { K6_NO_COLOR: '1' }).isColorless, true);
});
