import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bundleScript } from '../bundle.ts';
import { NO_SOURCE } from '../module-source.ts';
import { evaluate, tempProject } from '../testing/temp-project.ts';

type Expect = ((
  actual: unknown,
  message?: string,
) => Record<string, (...args: unknown[]) => void>) & {
  soft: Expect;
  configure(options: object): Expect;
};

interface World {
  readonly expect: Expect;
  /** What the script would have done to the test: `abort: …`, `fail: …`. */
  readonly log: string[];
}

/** The module as a script gets it by URL, with a stand-in for k6/execution. */
async function load(t: TestContext): Promise<World> {
  const project = tempProject(t, {
    'log.mjs': 'export default [];',
    'script.js': `
      import { expect } from 'https://jslib.k6.io/k6-testing/0.6.1/index.js';
      import { log } from 'k6/execution';
      export { expect, log };`,
  });
  const request = { path: project.path('script.js'), cwd: project.dir, source: NO_SOURCE };
  const loaded: unknown = await evaluate(project, (await bundleScript(request)).code, {
    'k6/execution': `
      import log from '../../log.mjs';
      export { log };
      export default { test: {
        abort: (text) => { log.push('abort: ' + text); },
        fail: (text) => { log.push('fail: ' + text); },
      } };`,
  });
  return loaded as World; // shaped by the script above
}

class Animal {}

const MATCHES: [matcher: string, actual: unknown, args: unknown[]][] = [
  ['toBe', Number.NaN, [Number.NaN]],
  ['toBeCloseTo', 0.1 + 0.2, [0.3]],
  ['toBeCloseTo', 1.004, [1, 2]],
  ['toBeDefined', null, []],
  ['toBeFalsy', '', []],
  ['toBeGreaterThan', 2n, [1]],
  ['toBeGreaterThanOrEqual', 2, [2]],
  ['toBeInstanceOf', new Animal(), [Animal]],
  ['toBeLessThan', 1, [2]],
  ['toBeLessThanOrEqual', 2, [2]],
  ['toBeNaN', Number.NaN, []],
  ['toBeNull', null, []],
  ['toBeTruthy', [], []],
  ['toBeUndefined', undefined, []],
  ['toContain', 'hello', ['ell']],
  ['toContain', [1, Number.NaN], [Number.NaN]],
  ['toContain', new Set(['a']), ['a']],
  ['toContainEqual', [{ a: 1 }], [{ a: 1 }]],
  ['toEqual', { a: [1, { b: undefined }] }, [{ a: [1, {}] }]],
  ['toEqual', new Map([[1, new Date(5)]]), [new Map([[1, new Date(5)]])]],
  ['toHaveLength', 'abc', [3]],
  ['toHaveProperty', { a: { b: [7] } }, ['a.b[0]', 7]],
  ['toHaveProperty', { a: { b: [7] } }, [['a', 'b', 0], 7]],
  ['toHaveProperty', { 'a.b': 1 }, [['a.b']]],
  ['toHaveProperty', { a: undefined }, ['a']],
];

const MISMATCHES: [matcher: string, actual: unknown, args: unknown[]][] = [
  ['toBe', {}, [{}]],
  ['toBe', 0, [-0]],
  ['toBeCloseTo', 1.006, [1, 2]],
  ['toBeDefined', undefined, []],
  ['toBeGreaterThan', 2, [2]],
  ['toBeInstanceOf', {}, [Animal]],
  ['toContain', [{ a: 1 }], [{ a: 1 }]],
  ['toEqual', [1, 2], [[1]]],
  ['toEqual', new Animal(), [{}]],
  ['toEqual', { a: 1 }, [{ a: '1' }]],
  ['toHaveLength', null, [0]],
  ['toHaveProperty', { a: 1 }, ['a.b']],
  ['toHaveProperty', { a: 1 }, ['a', 2]],
];

test('matchers tell what matches from what does not; not turns them round', async (t) => {
  const { expect, log } = await load(t);
  const outcome = (on: unknown, matcher: string, args: unknown[]): boolean => {
    log.length = 0;
    const object = on as Record<string, (...values: unknown[]) => void>; // the matchers by name
    object[matcher]?.(...args);
    return log.length === 0;
  };
  for (const [isMatch, cases] of [
    [true, MATCHES],
    [false, MISMATCHES],
  ] as const) {
    for (const [matcher, actual, args] of cases) {
      const what = `${matcher} ${String(actual)}`;
      assert.equal(outcome(expect(actual), matcher, args), isMatch, what);
      assert.equal(outcome(expect(actual)['not'], matcher, args), !isMatch, `not ${what}`);
    }
  }
});

test('a failure aborts the test and says what was expected and received', async (t) => {
  const { expect, log } = await load(t);
  expect({ a: 1 })['toEqual']?.({ a: 2 });
  expect(503, 'the server is up')['toBe']?.(200);
  assert.deepEqual(log, [
    'abort: expect(received).toEqual({"a":2}), received {"a":1}',
    'abort: the server is up: expect(received).toBe(200), received 503',
  ]);
});

test('a soft failure marks the test, or throws if configured so', async (t) => {
  const { expect, log } = await load(t);
  expect.soft(1)['toBe']?.(2);
  assert.equal(log.length, 1);
  assert.match(log[0] ?? '', /^fail: /);
  const throwing = expect.configure({ softMode: 'throw' });
  assert.throws(() => throwing.soft(1)['toBe']?.(2), { name: 'AssertionFailedError' });
  assert.throws(() => throwing.configure({ timeout: 1 }).soft(1)['toBe']?.(2), /toBe\(2\)/);
  expect.soft(1)['toBe']?.(1);
  assert.equal(log.length, 1);
});

test('wrong kinds of values and matchers for browsers are errors of their own', async (t) => {
  const { expect, log } = await load(t);
  assert.throws(() => expect('5')['toBeGreaterThan']?.(4), /"5" is not a number/);
  assert.throws(() => expect(5)['toContain']?.(4), /5 has no items/);
  assert.throws(() => expect({})['toBeVisible']?.(), /there is no browser here/);
  assert.deepEqual(log, []);
});
