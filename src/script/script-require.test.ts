import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScriptRequire } from './script-require.ts';

const inInit = createScriptRequire({ isInit: () => true, load: (specifier) => ({ specifier }) });

test('a computed name of a k6 module is loaded', () => {
  assert.deepEqual(inInit('k6/ws'), { specifier: 'k6/ws' });
  assert.deepEqual(inInit('k6'), { specifier: 'k6' });
});

test('after init, require throws in the words of k6', () => {
  const afterInit = createScriptRequire({ isInit: () => false, load: () => assert.fail() });
  assert.throws(() => afterInit('k6/ws'), {
    code: 'SCRIPT_REQUIRE',
    message:
      'the "require" function is only available in the init stage (i.e. the global scope), see ' +
      'https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information',
  });
});

test('unknown modules, files and empty names are refused with the reason', () => {
  assert.throws(() => inInit('k6/nosuch'), {
    code: 'SCRIPT_MODULE_UNKNOWN',
    exitCode: 107,
    message: /^unknown modules \["k6\/nosuch"\]/,
  });
  assert.throws(() => inInit('k6/net/grpc'), { message: /is not available/ });
  assert.throws(() => inInit('k6/toString'), { message: /^unknown modules/ });
  assert.throws(() => inInit('./lib.js'), { message: /string literal/ });
  assert.throws(() => inInit(undefined), { message: /empty specifier/ });
});
