import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { bundleScript } from '../bundle.ts';
import { evaluate, tempProject } from '../testing/temp-project.ts';

/** The parts of the stand-in that tests call, as scripts see them. */
interface K6Utils {
  randomIntBetween(min: number, max: number): number;
  randomItem(items: readonly unknown[]): unknown;
  randomString(length: number, charset?: string): string;
  uuidv4(secure?: boolean): string;
  findBetween(content: string, left: string, right: string, repeat?: boolean): unknown;
  normalDistributionStages(maxVUs: number, seconds: number, stages?: number): unknown[];
  getCurrentStageIndex(): number;
  tagWithCurrentStageIndex(): void;
  tagWithCurrentStageProfile(): void;
  parseDuration(text: string): number;
  check(
    value: unknown,
    sets: Record<string, unknown>,
    tags?: Record<string, string>,
  ): boolean | Promise<boolean>;
}

interface World {
  readonly utils: K6Utils;
  /** State of the stand-ins for k6's modules; tests change it. */
  readonly state: {
    scenario: { name: string; startTime: number };
    scenarios: Record<string, unknown>;
    tags: Record<string, string>;
    checks: [name: string, passed: boolean, tags: unknown][];
  };
}

/** k6-utils as a script gets it by URL, with stand-ins for k6's modules. */
async function loadUtils(t: TestContext, version = '1.4.0'): Promise<World> {
  const project = tempProject(t, {
    'state.mjs': 'export default { scenario: {}, scenarios: {}, tags: {}, checks: [] };',
    'script.js': `
      import * as utils from 'https://jslib.k6.io/k6-utils/${version}/index.js';
      import { state } from 'k6';
      export { utils, state };`,
  });
  const { code } = await bundleScript({ path: project.path('script.js'), cwd: project.dir });
  const loaded: unknown = await evaluate(project, code, {
    k6: `
      import state from '../../state.mjs';
      export { state };
      export const check = (value, sets, tags) => {
        let all = true;
        for (const [name, predicate] of Object.entries(sets)) {
          const passed = Boolean(typeof predicate === 'function' ? predicate(value) : predicate);
          state.checks.push([name, passed, tags]);
          all &&= passed;
        }
        return all;
      };`,
    'k6/execution': `
      import state from '../../state.mjs';
      export default {
        get scenario() { return state.scenario; },
        test: { options: { get scenarios() { return state.scenarios; } } },
        vu: { metrics: { get tags() { return state.tags; } } },
      };`,
  });
  return loaded as World; // shaped by the script above
}

test('random integers include both ends and nothing beyond', async (t) => {
  const { utils } = await loadUtils(t);
  const seen = new Set(Array.from({ length: 300 }, () => utils.randomIntBetween(-1, 2)));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [-1, 0, 1, 2],
  );
});

test('random items and strings come from what was given', async (t) => {
  const { utils } = await loadUtils(t);
  const items = new Set(Array.from({ length: 100 }, () => utils.randomItem(['a', 'b'])));
  assert.deepEqual([...items].sort(), ['a', 'b']);
  assert.equal(utils.randomItem([]), undefined);
  assert.match(utils.randomString(50), /^[a-z]{50}$/);
  assert.match(utils.randomString(50, 'xy'), /^[xy]{50}$/);
  assert.equal(utils.randomString(0), '');
});

test('randomness follows Math.random, so that randomSeed governs it', async (t) => {
  const { utils } = await loadUtils(t);
  t.mock.method(Math, 'random', () => 0.5);
  assert.equal(utils.randomIntBetween(0, 9), 5);
  assert.equal(utils.randomString(2), 'nn');
  assert.equal(utils.uuidv4(), '80808080-8080-4080-8080-808080808080');
  assert.notEqual(utils.uuidv4(true), utils.uuidv4(true));
});

test('UUIDs are version 4 in lower case', async (t) => {
  const { utils } = await loadUtils(t);
  for (const isSecure of [false, true]) {
    for (let count = 0; count < 50; count++) {
      assert.match(
        utils.uuidv4(isSecure),
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
  }
});

test('findBetween gives the first text between the markers, or all of them', async (t) => {
  const { utils } = await loadUtils(t);
  assert.equal(utils.findBetween('**left middle right**', 'left ', ' right'), 'middle');
  assert.equal(utils.findBetween('<a><b>', '<', '>'), 'a');
  assert.deepEqual(utils.findBetween('<a><b>< c >', '<', '>', true), ['a', 'b', ' c ']);
  assert.equal(utils.findBetween('<>', '<', '>'), '');
  assert.deepEqual(utils.findBetween('ab', '', '', true), ['', '']);
});

for (const [version, nothing, nothings] of [
  ['1.0.0', '', []],
  ['1.1.0', '', []],
  ['1.2.0', null, null],
  ['1.10.0', null, null],
  ['2.0.0', null, null],
  ['latest', null, null],
] as const) {
  test(`findBetween of version ${version} answers no match with ${JSON.stringify(nothing)}`, async (t) => {
    const { utils } = await loadUtils(t, version);
    assert.equal(utils.findBetween('abc', '<', '>'), nothing);
    assert.equal(utils.findBetween('a<bc', '<', '>'), nothing);
    assert.deepEqual(utils.findBetween('abc', '<', '>', true), nothings);
  });
}

test('findBetween always ends, whatever the markers', async (t) => {
  const { utils } = await loadUtils(t);
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '<'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, text, (content, left, right) => {
      const all = utils.findBetween(content, left, right, true);
      assert.ok(all === null || (Array.isArray(all) && all.length <= content.length + 1));
    }),
  );
});

test('normal distribution stages rise to the maximum and fall to zero', async (t) => {
  const { utils } = await loadUtils(t);
  assert.deepEqual(utils.normalDistributionStages(10, 60, 4), [
    { duration: '10s', target: 1 },
    { duration: '10s', target: 6 },
    { duration: '10s', target: 10 },
    { duration: '10s', target: 6 },
    { duration: '10s', target: 1 },
    { duration: '10s', target: 0 },
  ]);
  assert.equal(utils.normalDistributionStages(10, 60).length, 12);
  assert.deepEqual(utils.normalDistributionStages(5, 7, 10)[1], { duration: '1s', target: 1 });
});

const STAGES = [
  { duration: '10s', target: 5 },
  { duration: '1m', target: 5 },
  { duration: '500ms', target: 0 },
  { duration: '10s', target: 8 },
];

for (const [elapsedMs, index, profile] of [
  [0, 0, 'ramp-up'],
  [9_999, 0, 'ramp-up'],
  [10_000, 1, 'steady'],
  [70_100, 2, 'ramp-down'],
  [70_500, 3, 'ramp-up'],
  [999_999, 3, 'ramp-up'],
] as const) {
  test(`after ${elapsedMs} ms the stage is ${index}, ${profile}`, async (t) => {
    const { utils, state } = await loadUtils(t);
    t.mock.method(Date, 'now', () => 1_000_000 + elapsedMs);
    state.scenario = { name: 'ramp', startTime: 1_000_000 };
    state.scenarios = { other: {}, ramp: { stages: STAGES } };
    assert.equal(utils.getCurrentStageIndex(), index);
    utils.tagWithCurrentStageIndex();
    utils.tagWithCurrentStageProfile();
    assert.deepEqual(state.tags, { stage: String(index), stage_profile: profile });
  });
}

test('without stages there is no stage index', async (t) => {
  const { utils, state } = await loadUtils(t);
  state.scenario = { name: 'flat', startTime: 0 };
  for (const scenario of [undefined, {}, { stages: null }, { stages: [] }]) {
    state.scenarios = { flat: scenario };
    assert.throws(() => utils.getCurrentStageIndex(), {
      message:
        'only ramping-vus or ramping-arravial-rate supports stages, it is not possible to get a ' +
        'stage index on other executors.',
    });
  }
});

test('durations are read in milliseconds', async (t) => {
  const { utils } = await loadUtils(t);
  const durations = {
    '1m30s': 90_000,
    '100ms': 100,
    '2d4h': 187_200_000,
    '1h1m1s1ms': 3_661_001,
    '1.5s': 1500,
    '250': 250,
    '1s50': 1050,
    '0s': 0,
  };
  for (const [text, ms] of Object.entries(durations)) assert.equal(utils.parseDuration(text), ms);
  assert.throws(() => utils.parseDuration(''), { message: 'str is empty' });
  assert.throws(() => utils.parseDuration('1x'), { message: 'x is an unsupported time unit' });
  assert.throws(() => utils.parseDuration('1m2m'), {
    message: 'm time unit is provided multiple times',
  });
  assert.throws(() => utils.parseDuration('s'), { message: /not a duration/ });
});

test('check without promises is the built-in one: a boolean at once', async (t) => {
  const { utils, state } = await loadUtils(t);
  const isPassed = utils.check(
    3,
    { odd: (n: number) => n % 2 === 1, yes: true, no: 0 },
    { a: 'b' },
  );
  assert.equal(isPassed, false);
  assert.deepEqual(state.checks, [
    ['odd', true, { a: 'b' }],
    ['yes', true, { a: 'b' }],
    ['no', false, { a: 'b' }],
  ]);
});

test('check with promises gives a promise of the verdict', async (t) => {
  const { utils, state } = await loadUtils(t);
  const good = utils.check(3, { now: true, later: async (n: number) => n === 3 });
  assert.ok(good instanceof Promise);
  assert.equal(await good, true);
  const bad = utils.check(3, { now: false, later: Promise.resolve('truthy') });
  assert.equal(await bad, false);
  assert.deepEqual(
    state.checks.map(([name, isPassed]) => [name, isPassed]),
    [
      ['now', true],
      ['later', true],
      ['now', false],
      ['later', true],
    ],
  );
});

test('a predicate that throws or rejects fails its check and the call', async (t) => {
  const { utils, state } = await loadUtils(t);
  const fail = (): never => {
    throw new Error('broken');
  };
  assert.throws(() => utils.check(1, { thrown: fail, never: true }), /broken/);
  await assert.rejects(async () => utils.check(1, { rejected: async () => fail() }), /broken/);
  assert.deepEqual(
    state.checks.map(([name, isPassed]) => [name, isPassed]),
    [
      ['thrown', false],
      ['rejected', false],
    ],
  );
});
