import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataModule } from './data.ts';
import { SharedArrayStore } from './shared-array.ts';
import { FakeHost } from './testing/fake-host.ts';

type SharedArrayClass = new (name?: unknown, fn?: unknown) => unknown[];

function setUp(store = new SharedArrayStore()) {
  const host = new FakeHost();
  host.phase = 'init';
  host.sharedArrays = store;
  const module = createDataModule(host);
  return { host, SharedArray: module.named['SharedArray'] as SharedArrayClass, module };
}

test('the function runs once for all VUs', () => {
  const store = new SharedArrayStore();
  let calls = 0;
  const build = () => {
    calls += 1;
    return [{ id: 1 }];
  };
  for (let vu = 0; vu < 3; vu++) {
    const { SharedArray } = setUp(store);
    assert.deepEqual([...new SharedArray('users', build)], [{ id: 1 }]);
  }
  assert.equal(calls, 1);
});

test('the name is anything that is not empty', () => {
  const { SharedArray } = setUp();
  assert.equal(new SharedArray(undefined, () => [1]), new SharedArray('undefined', () => [2]));
});

test('bad arguments are refused in the words of k6', () => {
  const { SharedArray } = setUp();
  const refusals: [unknown, unknown, string][] = [
    ['', () => [], "empty name provided to SharedArray's constructor"],
    ['a', undefined, "a function is expected as the second argument of SharedArray's constructor"],
    ['a', [1], "a function is expected as the second argument of SharedArray's constructor"],
    ['a', () => ({}), 'only arrays can be made into SharedArray'],
    ['a', () => undefined, 'only arrays can be made into SharedArray'],
    [
      'a',
      async () => [],
      'SharedArray constructor does not support async functions as second argument',
    ],
  ];
  for (const [name, fn, message] of refusals) {
    assert.throws(() => new SharedArray(name, fn), { name: 'GoError', message });
  }
});

test('errors of the function are the script’s own, and leave nothing behind', () => {
  const { SharedArray } = setUp();
  const error = new RangeError('mine');
  const fail = () => {
    throw error;
  };
  assert.throws(() => new SharedArray('a', fail), error);
  assert.equal(new SharedArray('a', () => [1]).length, 1);
});

test('is for the init context only', () => {
  const { host, SharedArray } = setUp();
  for (const phase of ['setup', 'iteration', 'teardown', 'summary'] as const) {
    host.phase = phase;
    assert.throws(() => new SharedArray('a', () => []), {
      message: 'new SharedArray must be called in the init context',
    });
  }
});

test('is exported by name and on the default object', () => {
  const { module } = setUp();
  assert.equal(Reflect.get(module.default as object, 'SharedArray'), module.named['SharedArray']);
});
