import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bundleScript } from '../bundle.ts';
import { NO_SOURCE } from '../module-source.ts';
import { evaluate, tempProject } from '../testing/temp-project.ts';
import type * as chaiModule from './k6chaijs.ts';

interface World {
  readonly chai: Pick<typeof chaiModule, 'config' | 'describe' | 'expect'>;
  readonly log: [what: string, name: string, isPassed?: boolean][];
}

/** The module as a script gets it by URL, with a stand-in for k6. */
async function load(t: TestContext): Promise<World> {
  const project = tempProject(t, {
    'log.mjs': 'export default [];',
    'script.js': `
      import chai, { describe, expect } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
      import { log } from 'k6';
      if (chai.expect !== expect || chai.describe !== describe) throw new Error('default export');
      export { chai, log };`,
  });
  const request = { path: project.path('script.js'), cwd: project.dir, source: NO_SOURCE };
  const loaded: unknown = await evaluate(project, (await bundleScript(request)).code, {
    k6: `
      import log from '../../log.mjs';
      export { log };
      export const group = (name, body) => { log.push(['group', name]); body(); };
      export const check = (value, sets) => {
        for (const [name, test] of Object.entries(sets)) log.push(['check', name, test()]);
      };`,
  });
  return loaded as World; // shaped by the script above
}

type Expect = typeof chaiModule.expect;
const fn = (): never => {
  throw new TypeError('bad thing');
};
const arrow = (): number => 1;
const counter = { count: 0 };
const countUp = (): void => {
  counter.count += 2;
};
function givenArguments(..._args: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is what the assertion is about
  return arguments;
}

/** Each holds, and fails with `not`; with the name of its check. */
const TRUE: [name: string, (expect: (value: unknown) => chaiModule.Assertion) => unknown][] = [
  ['equal 2', (e) => e(2).to.equal(2)],
  ['deeply equal {"a":[1]}', (e) => e({ a: [1] }).to.deep.equal({ a: [1] })],
  ['deeply equal {"a":1}', (e) => e({ a: 1 }).to.eql({ a: 1 })],
  ['be above 4', (e) => e(5).to.be.above(4)],
  ['be at least 5', (e) => e(5).to.be.at.least(5)],
  ['be below 6', (e) => e(5).to.be.lessThan(6)],
  ['be at most 5', (e) => e(5).to.be.at.most(5)],
  ['be within 8..12', (e) => e(10).to.be.within(8, 12)],
  ['be close to 1 +/- 0.5', (e) => e(1.2).to.be.closeTo(1, 0.5)],
  ['be truthy', (e) => e(1).to.be.ok],
  ['be true', (e) => e(true).to.be.true],
  ['be false', (e) => e(false).to.be.false],
  ['be null', (e) => e(null).to.be.null],
  ['be undefined', (e) => e(undefined).to.be.undefined],
  ['be NaN', (e) => e(Number.NaN).to.be.NaN],
  ['exist', (e) => e(0).to.exist],
  ['be empty', (e) => e(new Map()).to.be.empty],
  ['be a string', (e) => e('x').to.be.a('string')],
  ['be an array', (e) => e([]).to.be.an('array')],
  ["include 'el'", (e) => e('hello').to.include('el')],
  ['include 2', (e) => e([1, 2]).to.include(2)],
  ['include {"a":1}', (e) => e({ a: 1, b: 2 }).to.contain({ a: 1 })],
  ['deep include {"a":1}', (e) => e([{ a: 1 }]).to.deep.include({ a: 1 })],
  ['have a length of 3', (e) => e('abc').to.have.lengthOf(3)],
  ['have a length above 2', (e) => e([1, 2, 3]).to.have.lengthOf.above(2)],
  ['have a length at least 3', (e) => e('abc').to.have.length.of.at.least(3)],
  ['have a length within 1..3', (e) => e('abc').to.have.lengthOf.within(1, 3)],
  ["have property 'a'", (e) => e({ a: 1 }).to.have.property('a')],
  ["have property 'a' of 1", (e) => e({ a: 1 }).to.have.property('a', 1)],
  [
    "have nested property 'a.b[0]' of 7",
    (e) => e({ a: { b: [7] } }).to.have.nested.property('a.b[0]', 7),
  ],
  ["have own property 'a'", (e) => e({ a: 1 }).to.have.ownProperty('a')],
  ["have keys 'a', 'b'", (e) => e({ a: 1, b: 2 }).to.have.all.keys('a', 'b')],
  ["have any keys of 'a', 'z'", (e) => e({ a: 1 }).to.have.any.keys('a', 'z')],
  ["contain keys 'a'", (e) => e({ a: 1, b: 2 }).to.include.keys('a')],
  ['match /^h/', (e) => e('hello').to.match(/^h/)],
  ["contain 'll'", (e) => e('hello').to.have.string('ll')],
  ['be one of [1,2]', (e) => e(2).to.be.oneOf([1, 2])],
  ['have the same members as [2,1]', (e) => e([1, 2]).to.have.members([2, 1])],
  ['be a superset of [2]', (e) => e([1, 2]).to.include.members([2])],
  ['be an instance of Date', (e) => e(new Date(0)).to.be.an.instanceof(Date)],
  ['throw an error', (e) => e(fn).to.throw()],
  ["throw 'bad'", (e) => e(fn).to.throw('bad')],
  ['throw TypeError', (e) => e(fn).to.throw(TypeError)],
  ["throw TypeError with 'bad'", (e) => e(fn).to.throw(TypeError, 'bad')],
  ['satisfy arrow', (e) => e(1).to.satisfy(arrow)],
  ['be arguments', (e) => e(givenArguments(1)).to.be.arguments],
  ['be extensible', (e) => e({}).to.be.extensible],
  ['include 2', (e) => e(new Map([['a', 2]])).to.include(2)],
  ['contain one of ["b","x"]', (e) => e('abc').to.contain.oneOf(['b', 'x'])],
  ['contain one of [3,9]', (e) => e([1, 3]).to.contain.oneOf([3, 9])],
  ['have the same ordered members as [1,2]', (e) => e([1, 2]).to.have.ordered.members([1, 2])],
  ['be an ordered superset of [1]', (e) => e([1, 2]).to.include.ordered.members([1])],
  ["have own property descriptor for 'a'", (e) => e({ a: 1 }).to.haveOwnPropertyDescriptor('a')],
  ["respond to 'getTime'", (e) => e(Date).to.respondTo('getTime')],
  ["respond to 'now'", (e) => e(Date).itself.to.respondTo('now')],
  ["respond to 'at'", (e) => e([]).to.respondTo('at')],
  ["change 'count'", (e) => e(countUp).to.change(counter, 'count')],
  ["increase 'count'", (e) => e(countUp).to.increase(counter, 'count')],
  ['decrease', (e) => e(countUp).to.decrease(() => -counter.count)],
];

const nameOf = (words: string): string => `expected \${this} to ${words}`;

test('every assertion is a check; not turns it round', async (t) => {
  const { chai, log } = await load(t);
  for (const [words, assertion] of TRUE) {
    log.length = 0;
    assertion(chai.expect);
    const opposite = (value: unknown): chaiModule.Assertion => chai.expect(value).not;
    assert.throws(() => assertion(opposite), { name: 'AssertionError' }, words);
    assert.deepEqual(log, [
      ['check', nameOf(words), true],
      ['check', nameOf(`not ${words}`), false],
    ]);
  }
});

test('what does not hold fails', async (t) => {
  const { chai } = await load(t);
  const { expect } = chai;
  const cases: (() => unknown)[] = [
    () => expect({}).to.equal({}),
    () => expect([1, 2]).to.deep.equal([1]),
    () => expect([{ a: 1 }]).to.include({ a: 1 }),
    () => expect({ a: 1 }).to.have.property('a', 2),
    () => expect([1, 1]).to.have.members([1, 2]),
    () => expect({ a: 1, b: 2 }).to.have.keys('a'),
    () => expect(arrow).to.throw(),
    () => expect(fn).to.throw(RangeError),
    () => expect('abc').to.have.lengthOf.below(3),
    () => expect(null).to.be.an('object'),
    () => expect(fn).to.throw(TypeError, 'good'),
    () => expect([1, 2]).to.have.ordered.members([2, 1]),
    () => expect([1, 2]).to.have.ordered.members([1]),
    () => expect([1, 2]).to.include.ordered.members([2]),
    () => expect(Date).to.respondTo('now'),
    () => expect(arrow).to.change(counter, 'count'),
    () => expect(countUp).to.increase(counter, 'count').by(1),
    () => expect.fail('why'),
  ];
  for (const assertion of cases) {
    assert.throws(assertion, { name: 'AssertionError' }, String(assertion));
  }
});

test('assertions are chained; a property becomes what the rest is about', async (t) => {
  const { chai, log } = await load(t);
  chai.expect([1, 2, 3], 'numbers').to.be.an('array').that.includes(2).and.has.lengthOf(3);
  chai.expect({ a: 'x' }).to.have.property('a').that.is.a('string').and.equals('x');
  assert.ok(log.every(([, , isPassed]) => isPassed));
  assert.equal(log.length, 6);
  assert.equal(log[2]?.[1], 'expected numbers to have a length of 3');
});

test('the label names the value, the message has what was got', async (t) => {
  const { chai, log } = await load(t);
  assert.throws(() => chai.expect(404, 'response status').to.equal(200), {
    message: 'response status: expected 404 to equal 200',
  });
  assert.deepEqual(log, [['check', 'expected response status to equal 200', false]]);
});

test('a JSON body of a response is valid or not', async (t) => {
  const { chai, log } = await load(t);
  chai.expect({ body: '{"a":1}' }).to.have.validJsonBody();
  chai.expect({ body: new TextEncoder().encode('[]').buffer }).to.have.validJsonBody();
  assert.throws(() => chai.expect({ body: '<html>' }).to.have.validJsonBody());
  assert.throws(() => chai.expect({ body: null }).to.have.validJsonBody());
  assert.deepEqual(
    log.map(([, name, isPassed]) => [name, isPassed]),
    [true, true, false, false].map((isPassed) => ['has valid json body', isPassed]),
  );
});

test('describe is a group that goes on after failures and tells of them', async (t) => {
  const { chai, log } = await load(t);
  t.mock.method(console, 'error', () => {});
  const verdicts = [
    chai.describe('good', () => {
      chai.expect(2).to.equal(2);
    }),
    chai.describe('bad', () => {
      chai.expect(1).to.equal(2);
      chai.expect(1).to.equal(3);
    }),
    chai.describe('shaky', () => {
      throw 'Something entirely unexpected happened';
    }),
    chai.describe('misspelled', () => {
      Reflect.get(chai.expect(1).to, 'eqal');
    }),
  ];
  assert.deepEqual(verdicts, [true, false, false, false]);
  assert.deepEqual(log, [
    ['group', 'good'],
    ['check', nameOf('equal 2'), true],
    ['group', 'bad'],
    ['check', nameOf('equal 2'), false],
    ['group', 'shaky'],
    ['check', 'Exception raised "Something entirely unexpected happened"', false],
    ['group', 'misspelled'],
    ['check', 'Exception raised "Invalid Chai property: eqal"', false],
  ]);
});

test('the settings govern names and logging', async (t) => {
  const { chai, log } = await load(t);
  const warnings: unknown[] = [];
  t.mock.method(console, 'warn', (text: unknown) => warnings.push(text));
  Object.assign(chai.config, {
    ...{ aggregateChecks: false, logFailures: true },
    ...{ truncateVariableThreshold: 8, truncateMsgThreshold: 30 },
  });
  const expect: Expect = chai.expect;
  assert.throws(() => expect('a long text').to.equal('a::b'));
  assert.deepEqual(log, [['check', "expected 'a long ... to equal ...", false]]);
  assert.deepEqual(warnings, ["expected 'a long ... to equal 'a::b'"]);
});
