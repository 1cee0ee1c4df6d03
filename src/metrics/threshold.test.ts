import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSelector } from './selector.ts';
import { TestWorker } from './testing/recording.ts';
import { crossedMessage, selectView, ThresholdSet, type ThresholdSpecs } from './threshold.ts';
import { parseExpression, ThresholdSyntaxError } from './threshold-expression.ts';

function specs(lists: Record<string, readonly string[]>): ThresholdSpecs {
  const entries = Object.entries(lists).map(([name, list]) => [
    name,
    list.map((threshold) => ({ threshold, abortOnFail: false, delayAbortEvalMs: undefined })),
  ]);
  return Object.fromEntries(entries);
}

function oks(set: ThresholdSet): Record<string, boolean> {
  return Object.fromEntries(
    set.metrics.flatMap(({ states }) => states.map(({ spec, isOk }) => [spec.threshold, isOk])),
  );
}

describe('parseExpression', () => {
  it('reads all operators, blanks and number forms', () => {
    for (const operator of ['<', '<=', '>', '>=', '==', '===', '!=']) {
      const parsed = parseExpression(` p(99.9) ${operator}  -1.5e-3 `);
      assert.deepEqual(
        [parsed.label, parsed.method, parsed.percent, parsed.operator, parsed.limit],
        ['p(99.9)', 'p', 99.9, operator, -0.0015],
      );
    }
    assert.equal(parseExpression('count<+Inf').limit, Number.POSITIVE_INFINITY);
    assert.equal(parseExpression('count<.5').limit, 0.5);
  });

  const faults: [source: string, message: string, position: number][] = [
    [
      'count',
      'failed parsing threshold expression "count"; reason: malformed threshold expression',
      5,
    ],
    [
      'rate is high',
      'failed parsing threshold expression "rate is high"; reason: malformed threshold expression',
      12,
    ],
    [
      'count<',
      'failed parsing threshold expression "count<"; reason: malformed threshold expression',
      6,
    ],
    [
      'p95<5',
      'failed parsing threshold expression\'s "p95<5" left hand side; reason: failed parsing method from expression',
      0,
    ],
    [
      '<5',
      'failed parsing threshold expression\'s "<5" left hand side; reason: failed parsing method from expression',
      0,
    ],
    [
      'p(101)<3',
      'failed parsing threshold expression\'s "p(101)<3" left hand side; reason: malformed percentile value, provide a number between 0 and 100',
      0,
    ],
    [
      ' p(x)<3',
      'failed parsing threshold expression\'s " p(x)<3" left hand side; reason: malformed percentile value, provide a number between 0 and 100',
      1,
    ],
    [
      'count>abc',
      'failed parsing threshold expresion\'s "count>abc" right hand side; reason: strconv.ParseFloat: parsing "abc": invalid syntax',
      6,
    ],
    [
      'count<  5 s',
      'failed parsing threshold expresion\'s "count<  5 s" right hand side; reason: strconv.ParseFloat: parsing "5 s": invalid syntax',
      8,
    ],
    [
      'count<1e999',
      'failed parsing threshold expresion\'s "count<1e999" right hand side; reason: strconv.ParseFloat: parsing "1e999": value out of range',
      6,
    ],
  ];
  for (const [source, message, position] of faults) {
    it(`refuses "${source}" and says where`, () => {
      assert.throws(
        () => parseExpression(source),
        (error) => {
          assert.ok(error instanceof ThresholdSyntaxError);
          assert.deepEqual(
            [error.message, error.position, error.exitCode],
            [message, position, 104],
          );
          return true;
        },
      );
    });
  }
});

describe('parseSelector', () => {
  it('splits pairs at commas and first colons, without blanks and quotes', () => {
    assert.deepEqual(parseSelector('m{ scenario : "default" , group:::a::b, q:\'x y\' }'), {
      name: 'm',
      suffix: 'scenario : "default" , group:::a::b, q:\'x y\'',
      filter: [
        ['scenario', 'default'],
        ['group', '::a::b'],
        ['q', 'x y'],
      ],
    });
    assert.deepEqual(parseSelector('m'), { name: 'm', suffix: undefined, filter: [] });
  });

  const faults: [text: string, reason: string][] = [
    ['iterations{', 'metric "iterations{" has unmatched opening/close curly brace'],
    ['iterations}', 'metric "iterations}" has unmatched opening/close curly brace'],
    ['a}b{', 'metric "a}b{" closing curly brace appears before opening one'],
    ['a{b:c}d', 'metric "a{b:c}d" lacks a closing curly brace in its last position'],
    ['a{group:}', 'metric "group:" tag expression is malformed'],
    ['a{}', 'metric "" tag expression is malformed'],
    ['a{b:c,d}', 'metric "d" tag expression is malformed'],
  ];
  for (const [text, reason] of faults) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseSelector(text), {
        message: `unable to validate threshold expressions; reason: parsing metric name failed, ${reason}`,
        exitCode: 104,
      });
    });
  }
});

describe('ThresholdSet', () => {
  it('refuses metrics that nobody defined', () => {
    const { aggregate } = new TestWorker();
    assert.throws(() => new ThresholdSet(aggregate, specs({ nope: ['count>1'] })), {
      code: 'THRESHOLD_INVALID',
      message: 'invalid threshold defined on nope; reason: no metric name "nope" found',
      exitCode: 104,
    });
    assert.throws(() => selectView(aggregate, 'nope{a:b}'), /no metric name "nope" found/);
  });

  it('refuses aggregations that the type does not have', () => {
    const { aggregate } = new TestWorker();
    assert.throws(() => new ThresholdSet(aggregate, specs({ iterations: ['p(95)<3'] })), {
      message:
        'invalid threshold "p(95)<3" applied on metric iterations; reason: unsupported aggregation method p on metric of type counter. supported aggregation methods for this metric are: count, rate',
      exitCode: 104,
    });
    for (const [name, expression] of [
      ['iteration_duration', 'count>1'],
      ['iteration_duration', 'rate>1'],
      ['checks', 'value>1'],
      ['vus', 'max>1'],
    ] as const) {
      assert.throws(
        () => new ThresholdSet(aggregate, specs({ [name]: [expression] })),
        /unsupported aggregation/,
      );
    }
  });

  it('evaluates all aggregations of all four types', () => {
    const worker = new TestWorker();
    for (const value of [10, 20, 30]) worker.add('iteration_duration', value);
    worker.add('iterations', 6);
    for (const value of [1, 1, 0]) worker.add('checks', value);
    worker.add('vus', 4);
    worker.flush();
    const set = new ThresholdSet(
      worker.aggregate,
      specs({
        iteration_duration: ['avg<100', 'max<=30', 'min>=10', 'med==20', 'p(95)<29', 'p(95)<29.1'],
        iterations: ['count>6', 'count===6', 'rate!=3'],
        checks: ['rate>0.5', 'rate<0.66'],
        vus: ['value==4', ' value  <  3.5 '],
      }),
    );
    assert.deepEqual(set.evaluate(2000, true), {
      failed: ['checks', 'iteration_duration', 'iterations', 'vus'],
      isAborting: false,
    });
    assert.deepEqual(oks(set), {
      'avg<100': true,
      'max<=30': true,
      'min>=10': true,
      'med==20': true,
      'p(95)<29': false,
      'p(95)<29.1': true,
      'count>6': false,
      'count===6': true,
      'rate!=3': false,
      'rate>0.5': true,
      'rate<0.66': false,
      'value==4': true,
      ' value  <  3.5 ': false,
    });
  });

  it('looks only at samples with the tags of a sub-metric', () => {
    const worker = new TestWorker();
    const set = new ThresholdSet(
      worker.aggregate,
      specs({ 'checks{check:good}': ['rate==1'], 'checks{check:good,group:::g}': ['rate<1'] }),
    );
    worker.add('checks', 1, { check: 'good', group: '' });
    worker.add('checks', 0, { check: 'bad', group: '' });
    worker.add('checks', 1, { check: 'good', group: '::g' });
    worker.flush();
    assert.deepEqual(set.evaluate(1000, true).failed, ['checks{check:good,group:::g}']);
  });

  it("follows k6's rules when there are no samples", () => {
    const worker = new TestWorker();
    const set = new ThresholdSet(
      worker.aggregate,
      specs({
        iterations: ['count>0', 'rate<1'],
        iteration_duration: ['p(95)<5', 'avg>1'],
        vus: ['value>0'],
        checks: ['rate>0.5', 'rate<0.4'],
      }),
    );
    assert.deepEqual(set.evaluate(1000, false).failed, []);
    assert.deepEqual(set.evaluate(1000, true).failed, ['iteration_duration', 'iterations', 'vus']);
    assert.deepEqual(
      Object.entries(oks(set)).flatMap(([source, isOk]) => (isOk ? [] : [source])),
      ['count>0', 'avg>1', 'value>0'],
    );
  });

  it('asks for an abort only after the delay, and only of thresholds that say so', () => {
    const worker = new TestWorker();
    const set = new ThresholdSet(worker.aggregate, {
      iterations: [{ threshold: 'count<1', abortOnFail: true, delayAbortEvalMs: 3000 }],
      checks: [{ threshold: 'rate>0.5', abortOnFail: false, delayAbortEvalMs: undefined }],
    });
    worker.add('checks', 0);
    worker.flush();
    assert.deepEqual(set.evaluate(9000, false), { failed: ['checks'], isAborting: false });
    worker.add('iterations', 1);
    worker.flush();
    assert.deepEqual(set.evaluate(3000, false), {
      failed: ['checks', 'iterations'],
      isAborting: false,
    });
    assert.equal(set.evaluate(3001, false).isAborting, true);
  });

  it("tells of crossed thresholds in k6's words", () => {
    assert.equal(
      crossedMessage(['iterations', 'my_counter'], false),
      "thresholds on metrics 'iterations, my_counter' have been crossed",
    );
    assert.equal(
      crossedMessage(['my_counter'], true),
      "thresholds on metrics 'my_counter' were crossed; at least one has abortOnFail enabled, stopping test prematurely",
    );
  });
});
