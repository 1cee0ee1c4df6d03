import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thrownStack, thrownText } from './thrown.ts';

const refuse = (): never => {
  throw new Error('no');
};

test('errors, primitives and objects have their text', () => {
  assert.equal(thrownText(new TypeError('boom')), 'TypeError: boom');
  assert.deepEqual(['text', 5, undefined, null].map(thrownText), [
    'text',
    '5',
    'undefined',
    'null',
  ]);
  assert.equal(thrownText({ a: 1 }), '[object Object]');
  assert.equal(thrownText([1, 2]), '1,2');
  assert.equal(thrownText({ toString: () => 'own text' }), 'own text');
  assert.equal(thrownText(Object.create(null)), '[object Object]');
  assert.match(thrownStack(new Error('deep')), /^Error: deep\n +at /);
});

test('whatever a script throws has a text', () => {
  const evil = [
    Object.create(null),
    { toString: refuse },
    Object.defineProperty(new Error('x'), 'stack', { get: refuse }),
    Object.assign(new Error('x'), { stack: { a: 1 } }),
    Object.defineProperty(new Error('x'), 'message', { get: refuse }),
    new Proxy({}, { get: refuse, getPrototypeOf: refuse }),
    Symbol('s'),
  ];
  for (const value of evil) {
    assert.equal(typeof thrownText(value), 'string');
    assert.equal(typeof thrownStack(value), 'string');
  }
});
