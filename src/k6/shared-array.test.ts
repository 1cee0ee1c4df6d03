import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSharedArray, SharedArrayStore } from './shared-array.ts';
import { buildRows, rowBytes } from './shared-rows.ts';

function arrayOf(...values: unknown[]): unknown[] {
  return createSharedArray(buildRows(values)) as unknown[]; // a script sees a mutable array
}

const IMMUTABLE = { name: 'TypeError', message: 'SharedArray is immutable' };

test('gives what went in, after JSON', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const array = arrayOf(...values);
      assert.equal(array.length, values.length);
      assert.deepEqual([...array], JSON.parse(JSON.stringify(values)));
    }),
  );
});

test('rows that do not fit into one chunk, and rows larger than a chunk, come out whole', () => {
  const large = 'ü'.repeat(3 * 1024 * 1024);
  const values = [
    'a',
    large,
    'b',
    ...Array.from({ length: 9000 }, (_, i) => `${i}${'x'.repeat(700)}`),
  ];
  const rows = buildRows(values);
  assert.ok(rows.chunks.length > 2);
  const array = createSharedArray(rows);
  assert.equal(array.length, values.length);
  for (const [index, value] of values.entries()) assert.equal(array[index], value);
  assert.ok(rowBytes(rows) < Buffer.byteLength(JSON.stringify(values)) * 1.1);
});

test('rows can be posted to another thread without their bytes', () => {
  const rows = buildRows([{ a: 1 }]);
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(rows);
  return new Promise<void>((resolve) => {
    port2.on('message', (posted: typeof rows) => {
      port2.close();
      assert.deepEqual([...createSharedArray(posted)], [{ a: 1 }]);
      new Uint8Array(rows.chunks[0] ?? new SharedArrayBuffer(0))[5] = 0x32;
      assert.deepEqual([...createSharedArray(posted)], [{ a: 2 }]);
      resolve();
    });
  });
});

test('is an array to everything that reads', () => {
  const array = arrayOf({ n: 1 }, { n: 2 }, 3);
  assert.ok(Array.isArray(array));
  // biome-ignore lint/suspicious/useIsArray: scripts ask both ways
  assert.ok(array instanceof Array);
  assert.equal(JSON.stringify(array), '[{"n":1},{"n":2},3]');
  assert.deepEqual(Object.keys(array), ['0', '1', '2']);
  assert.deepEqual(Object.entries(array)[2], ['2', 3]);
  assert.deepEqual(
    array.map((item, index) => [typeof item, index]),
    [
      ['object', 0],
      ['object', 1],
      ['number', 2],
    ],
  );
  assert.deepEqual(array.slice(1), [{ n: 2 }, 3]);
  assert.deepEqual(
    array.filter((item) => item === 3),
    [3],
  );
  assert.equal(array.indexOf(3), 2);
  assert.equal(array.at(-1), 3);
  assert.deepEqual([...array.concat([4])], [{ n: 1 }, { n: 2 }, 3, 4]);
  assert.ok(1 in array && !(3 in array) && 'map' in array);
  assert.ok(Object.hasOwn(array, '0') && !Object.hasOwn(array, '3'));
  for (const index of [3, -1, 1.5, '01', 'x']) assert.equal(Reflect.get(array, index), undefined);
});

test('an element is parsed anew and frozen to the bottom at each access', () => {
  const array = arrayOf({ deep: [{ x: 1 }] });
  const first = array[0] as { deep: { x: number }[] };
  assert.notEqual(first, array[0]);
  assert.ok(
    Object.isFrozen(first) && Object.isFrozen(first.deep) && Object.isFrozen(first.deep[0]),
  );
  assert.throws(() => Object.assign(first.deep[0] ?? {}, { x: 2 }), TypeError);
});

test('refuses every change', () => {
  const array = arrayOf(2, 1);
  assert.throws(() => {
    array[0] = 5;
  }, IMMUTABLE);
  assert.throws(() => {
    array.length = 0;
  }, IMMUTABLE);
  assert.throws(() => array.push(3), IMMUTABLE);
  assert.throws(() => array.pop(), IMMUTABLE);
  assert.throws(() => array.shift(), IMMUTABLE);
  assert.throws(() => array.sort(), IMMUTABLE);
  assert.throws(() => Reflect.deleteProperty(array, '0'), IMMUTABLE);
  assert.throws(() => Object.freeze(array), IMMUTABLE);
  assert.throws(() => Object.setPrototypeOf(array, null), IMMUTABLE);
  assert.throws(() => Object.assign(array, { x: 1 }), {
    name: 'TypeError',
    message: 'Cannot set property "x" on a dynamic array',
  });
  assert.throws(() => Object.defineProperty(array, 'x', { value: 1 }), TypeError);
  assert.deepEqual([...array], [2, 1]);
});

test('a value that JSON has no text for can be stored and not read', () => {
  const array = arrayOf(undefined, () => 1, Number.NaN, new Date(0));
  assert.equal(array.length, 4);
  assert.throws(() => array[0], SyntaxError);
  assert.throws(() => array[1], SyntaxError);
  assert.equal(array[2], null);
  assert.equal(array[3], '1970-01-01T00:00:00.000Z');
});

test('a store builds each name once and knows the arrays of the first run', () => {
  const first = new SharedArrayStore();
  let builds = 0;
  const build = () => {
    builds += 1;
    return buildRows([builds]);
  };
  assert.equal(first.take('a', build), first.take('a', build));
  const later = new SharedArrayStore(first.rows);
  assert.deepEqual([...later.take('a', build)], [1]);
  assert.equal(builds, 1);
  assert.deepEqual([...later.take('b', build)], [2]);
  assert.equal(first.rows.size, 1);
});
