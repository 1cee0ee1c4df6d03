import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from './nearest-name.ts';

const FLAGS = ['duration', 'iterations', 'vus', 'out', 'http-debug', 'throw'];

test('finds the name that was meant', () => {
  const cases: [string, string | undefined][] = [
    ['duratoin', 'duration'],
    ['durations', 'duration'],
    ['interations', 'iterations'],
    ['vu', 'vus'],
    ['htpdebug', 'http-debug'],
    ['bogus', undefined],
    ['', undefined],
  ];
  for (const [name, meant] of cases) assert.equal(nearestName(name, FLAGS), meant, name);
});

test('takes the one with fewer slips', () => {
  assert.equal(nearestName('thros', ['those', 'throw', 'thros']), 'thros');
  assert.equal(nearestName('ab', []), undefined);
});
