import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TagSpace } from './tag-set.ts';

const smallRecord = fc.array(
  fc.tuple(fc.constantFrom('a', 'b', 'ab', ''), fc.constantFrom('', 'x', 'ab', '1:a')),
  { maxLength: 8 },
);

describe('TagSet', () => {
  it('is the same object for the same pairs, whatever the order of their coming', () => {
    fc.assert(
      fc.property(smallRecord, smallRecord, (one, other) => {
        const space = new TagSpace();
        const expected = new Map(one);
        const set = space.from(one);
        assert.deepEqual(new Map(set.entries()), expected);
        assert.equal(space.from([...expected].reverse()), set);
        assert.equal(space.from(other) === set, sameMap(new Map(other), expected));
      }),
    );
  });

  it('keeps its keys sorted and tells values by key', () => {
    const set = new TagSpace().empty.withAll({ b: '2', a: '1', c: '' });
    assert.deepEqual(set.entries(), [
      ['a', '1'],
      ['b', '2'],
      ['c', ''],
    ]);
    assert.equal(set.get('c'), '');
    assert.equal(set.get('d'), undefined);
  });

  it('goes back to the same set when a key is taken away or set again', () => {
    const { empty } = new TagSpace();
    const base = empty.with('scenario', 's');
    const tagged = base.with('url', 'u');
    assert.equal(tagged.without('url'), base);
    assert.equal(tagged.with('url', 'v').with('url', 'u'), tagged);
    assert.equal(tagged.with('url', 'u'), tagged);
    assert.equal(base.without('nothing'), base);
  });

  it('does not mistake values for separators', () => {
    const { empty } = new TagSpace();
    assert.notEqual(empty.with('a', 'b1:c1:d'), empty.with('a', 'b').with('c', 'd'));
  });

  it('matches a filter only if every pair is there', () => {
    const set = new TagSpace().empty.withAll({ a: '1', b: '2' });
    assert.equal(set.matches([]), true);
    assert.equal(
      set.matches([
        ['a', '1'],
        ['b', '2'],
      ]),
      true,
    );
    assert.equal(
      set.matches([
        ['a', '1'],
        ['c', '2'],
      ]),
      false,
    );
    assert.equal(set.matches([['a', '2']]), false);
  });
});

describe('TagSpace limits', () => {
  it('folds the values of a key past its bound, and warns once', () => {
    const warnings: string[] = [];
    const space = new TagSpace((message) => warnings.push(message), { valuesPerKeyMax: 3 });
    const base = space.empty.with('check', 'c');
    const sets = Array.from({ length: 10 }, (_, i) => base.with('url', `u${i}`));
    assert.equal(sets[2]?.get('url'), 'u2');
    assert.equal(sets[3]?.get('url'), 'other');
    assert.equal(new Set(sets).size, 4);
    assert.equal(base.with('url', 'u1'), sets[1]);
    assert.equal(sets[9]?.get('check'), 'c');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /tag 'url' has more than 3 different values/);
  });

  it('folds only keys that vary when the space is full, so that checks keep their names', () => {
    const space = new TagSpace(() => {}, { setsMax: 200, foldableValuesMin: 20 });
    for (let i = 0; i < 1000; i++) {
      const set = space.empty.with('check', `c${i % 5}`).with('url', `u${i}`);
      assert.equal(set.get('check'), `c${i % 5}`);
      assert.equal(set.get('url'), i < 190 ? `u${i}` : set.get('url'));
    }
    assert.equal(space.empty.with('check', 'c3').with('url', 'new').get('url'), 'other');
    assert.ok(space.size <= 210, `${space.size} sets`);
  });

  it('never holds more than twice its bound, whatever comes', () => {
    const space = new TagSpace(() => {}, { setsMax: 50, foldableValuesMin: 1_000_000 });
    for (let i = 0; i < 1000; i++) {
      space.empty
        .with(`k${i % 30}`, `${i}`)
        .with(`l${i % 7}`, `${i}`)
        .without(`k${i % 30}`);
    }
    assert.ok(space.size <= 100, `${space.size} sets`);
  });
});

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
