import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatValue } from './console.ts';
import { NativeError } from './script-error.ts';

class Point {
  x = 1;
  get hidden(): number {
    return 2;
  }
}

function circular(): object {
  const object: Record<string, unknown> = { n: 1 };
  object['self'] = object;
  object['list'] = [object];
  return object;
}

/** Values as they stand alone in a call of console.log, and inside others. */
const CASES: readonly (readonly [value: unknown, text: string])[] = [
  ['raw "text"', 'raw "text"'],
  [undefined, 'undefined'],
  [null, 'null'],
  [-0, '0'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
  [() => 1, '[object Function]'],
  [Point, '[object Function]'],
  [new Point(), '{ x: 1 }'],
  [Object.create({ inherited: 1 }), '{}'],
  [{ toString: 1, toJSON: undefined }, '{ toString: 1, toJSON: null }'],
  [{ 'a key': 'say "hi"', [Symbol('no')]: 1 }, '{ a key: "say "hi"" }'],
  [
    { f: () => 1, s: Symbol('desc'), n: NaN, i: 5n },
    '{ f: [object Function], s: "desc", n: NaN, i: 5 }',
  ],
  [[1, 'x', undefined, null, [2, [3]], {}], '[ 1, "x", null, null, [ 2, [ 3 ] ], {} ]'],
  [new Array(2), '[ null, null ]'],
  [circular(), '{ n: 1, self: [Circular], list: [ [Circular] ] }'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [{ d: new Date(Number.NaN) }, '{ d: {} }'],
  [new Map([['a', 1]]), '{}'],
  [
    [new Set([1]), /x/, Promise.resolve(), Object(1), new DataView(new ArrayBuffer(1))],
    '[ {}, {}, {}, {}, {} ]',
  ],
  [Object('ab'), '{ 0: "a", 1: "b" }'],
  [new Uint8Array([1, 2]), 'Uint8Array(2) [ 1, 2 ]'],
  [new Uint8ClampedArray(1), 'Uint8Array(1) [ 0 ]'],
  [new Float64Array(0), 'Float64Array(0) []'],
  [new Uint8Array([1, 255]).buffer, 'ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 }'],
  [new TypeError('boom'), 'TypeError: boom'],
  [new Error(''), 'Error'],
  [Object.assign(new Error('m'), { name: 'Custom', extra: 1 }), 'Custom: m'],
  [new NativeError('no checks'), 'no checks'],
  [[new Error('inside')], '[ {} ]'],
];

for (const [value, text] of CASES) {
  test(`console prints ${text}`, () => assert.equal(formatValue(value), text));
}

test('console prints an error whose message cannot be read', () => {
  const error = Object.defineProperty(new Error('x'), 'message', {
    get: () => {
      throw new Error('no');
    },
  });
  assert.equal(formatValue(error), '[object Error]');
});
