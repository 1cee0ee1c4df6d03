import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectJson } from './json-selector.ts';

const DOCUMENT = {
  name: { first: 'Tom', last: 'Anderson' },
  age: 37,
  children: ['Sara', 'Alex', 'Jack'],
  'fav.movie': 'Deer Hunter',
  friends: [
    { first: 'Dale', last: 'Murphy', age: 44, nets: ['ig', 'fb', 'tw'] },
    { first: 'Roger', last: 'Craig', age: 68, nets: ['fb', 'tw'] },
    { first: 'Jane', last: 'Murphy', age: 47, nets: ['ig', 'tw'] },
  ],
  empty: [],
  nothing: null,
  isOn: false,
};

/** The examples of the GJSON syntax page, and the corners around them. */
const CASES: readonly (readonly [selector: string, expected: unknown])[] = [
  ['name.last', 'Anderson'],
  ['age', 37],
  ['children.1', 'Alex'],
  ['children.9', undefined],
  ['child*.2', 'Jack'],
  ['c?ildren.0', 'Sara'],
  ['fav\\.movie', 'Deer Hunter'],
  ['children.#', 3],
  ['empty.#', 0],
  ['nothing', null],
  ['isOn', false],
  ['age.x', undefined],
  ['missing.path', undefined],
  ['friends.#.first', ['Dale', 'Roger', 'Jane']],
  ['friends.1.last', 'Craig'],
  ['friends.#.nets.0', ['ig', 'fb', 'ig']],
  ['friends.#.first|0', 'Dale'],
  ['friends.#.first|#', 3],
  ['friends|0.first', 'Dale'],
  ['friends.#(last=="Murphy").first', 'Dale'],
  ['friends.#(last=="Murphy")#.first', ['Dale', 'Jane']],
  ['friends.#(age>45)#.last', ['Craig', 'Murphy']],
  ['friends.#(age<=44).first', 'Dale'],
  ['friends.#(first%"D*").last', 'Murphy'],
  ['friends.#(first!%"D*").last', 'Craig'],
  ['friends.#(last!="Murphy").first', 'Roger'],
  ['friends.#(nets.#(=="fb"))#.first', ['Dale', 'Roger']],
  ['friends.#(missing).first', undefined],
  ['friends.#(missing)#', []],
  ['children.#(%"*a*")#', ['Sara', 'Jack']],
  ['children.#(>"Bob")', 'Sara'],
  ['children.@reverse', ['Jack', 'Alex', 'Sara']],
  ['children|@reverse|0', 'Jack'],
  ['name.@keys', ['first', 'last']],
  ['name.@values', ['Tom', 'Anderson']],
  ['friends.#.nets|@flatten|#', 7],
  ['@this.age', 37],
];

for (const [selector, expected] of CASES) {
  test(`${selector} gives ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(selectJson(DOCUMENT, selector), expected);
  });
}

test('syntax that is not supported is an error, not a wrong answer', () => {
  for (const selector of ['{name,age}', '[age]', '@pretty', 'friends.#(age>1']) {
    assert.throws(() => selectJson(DOCUMENT, selector), { name: 'GoError' });
  }
});
