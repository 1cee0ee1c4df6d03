import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCsvModule } from './csv.ts';
import { CsvReader } from './csv-reader.ts';
import { ScriptFile } from './fs.ts';
import { SharedArrayStore } from './shared-array.ts';
import { FakeHost } from './testing/fake-host.ts';

const DEFAULTS = {
  delimiter: ',',
  skipFirstLine: false,
  fromLine: 0,
  toLine: undefined,
  asObjects: false,
};

const readAll = (text: string, options = {}) => [
  ...new CsvReader(Buffer.from(text), { ...DEFAULTS, ...options }),
];

interface Csv {
  parse(file?: unknown, options?: unknown): Promise<unknown[]>;
  Parser: new (
    file?: unknown,
    options?: unknown,
  ) => { next(): Promise<{ done: boolean; value: unknown }> };
}

function setUp(store = new SharedArrayStore()) {
  const host = new FakeHost();
  host.phase = 'init';
  host.sharedArrays = store;
  return { host, csv: createCsvModule(host).default as Csv };
}

const file = (text: string, path = '/a.csv') => new ScriptFile(path, Buffer.from(text));

test('reads fields, quoted ones with delimiters, quotes and line breaks in them', () => {
  assert.deepEqual(readAll('a,b\r\n"c,""d""\r\ne",f\n,""\nlast'), [
    ['a', 'b'],
    ['c,"d"\r\ne', 'f'],
    ['', ''],
    ['last'],
  ]);
  assert.deepEqual(readAll(''), []);
  assert.deepEqual(readAll('a\n\n\r\nb\n'), [['a'], ['b']]);
  assert.deepEqual(readAll('\ufeffé;"x"', { delimiter: ';' }), [['é', 'x']]);
});

test('what is written as RFC 4180 says is read back', () => {
  const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ') });
  const records = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }));
  const lineEnd = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(records, lineEnd, (rows, end) => {
      const text = rows
        .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',') + end)
        .join('');
      assert.deepEqual(readAll(text), rows);
    }),
  );
});

test('lines are counted from 0, and the last one is read too', () => {
  const text = 'a\nb\nc\nd\n';
  assert.deepEqual(readAll(text, { skipFirstLine: true }), [['b'], ['c'], ['d']]);
  assert.deepEqual(readAll(text, { fromLine: 2 }), [['c'], ['d']]);
  assert.deepEqual(readAll(text, { fromLine: 1, toLine: 2 }), [['b'], ['c']]);
  assert.deepEqual(readAll(text, { fromLine: 9 }), []);
});

test('records become objects by the names in the first line', () => {
  const text = 'name,age\nJohn,30\nJane,25\n';
  assert.deepEqual(readAll(text, { asObjects: true }), [
    { name: 'John', age: '30' },
    { name: 'Jane', age: '25' },
  ]);
  assert.deepEqual(readAll(text, { asObjects: true, toLine: 1 }), [{ name: 'John', age: '30' }]);
});

test('broken text is told with its line', () => {
  assert.throws(
    () => readAll('a\n"b'),
    /record on line 2: extraneous or missing " in quoted-field/,
  );
  assert.throws(() => readAll('"a"b'), /record on line 1: extraneous or missing "/);
  assert.throws(
    () => readAll('a,b\n1', { asObjects: true }),
    /record on line 2: wrong number of fields: 1, the header has 2/,
  );
  assert.throws(() => readAll('', { asObjects: true }), /no header line/);
});

test('parse gives an immutable array, parsed once per file and options', async () => {
  const store = new SharedArrayStore();
  const rows = await setUp(store).csv.parse(file('a,b\n1,2'));
  assert.deepEqual(
    [...rows],
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  );
  assert.throws(() => rows.push([]), { message: 'SharedArray is immutable' });
  // Another VU with the same file does not read it again.
  const again = await setUp(store).csv.parse(file('changed'), {});
  assert.deepEqual([...again], [...rows]);
  const skipped = await setUp(store).csv.parse(file('a,b\n1,2'), { skipFirstLine: true });
  assert.deepEqual([...skipped], [['1', '2']]);
  assert.equal(store.rows.size, 2);
});

test('a Parser gives record after record, then done', async () => {
  const { csv } = setUp();
  const parser = new csv.Parser(file('a\nb'), { skipFirstLine: true });
  assert.deepEqual(await parser.next(), { done: false, value: ['b'] });
  assert.deepEqual(await parser.next(), { done: true, value: [] });
  assert.deepEqual(await parser.next(), { done: true, value: [] });
});

test('a fault in the text is a rejection', async () => {
  const { csv } = setUp();
  await assert.rejects(csv.parse(file('"a')), { name: 'GoError', message: /in quoted-field/ });
  const parser = new csv.Parser(file('a\n"b'));
  await parser.next();
  await assert.rejects(parser.next(), { name: 'GoError', message: /line 2/ });
});

test('bad arguments are refused', async () => {
  const { host, csv } = setUp();
  for (const bad of [undefined, null, 'a.csv', {}]) {
    await assert.rejects(csv.parse(bad), { name: 'GoError', message: /the first argument/ });
    assert.throws(() => new csv.Parser(bad), { name: 'GoError', message: /the first argument/ });
  }
  const badOptions: unknown[] = [
    'x',
    { delimiter: '' },
    { delimiter: ';;' },
    { delimiter: '"' },
    { fromLine: -1 },
    { fromLine: 1.5 },
    { toLine: 'x' },
    { fromLine: 3, toLine: 2 },
    { asObjects: true, skipFirstLine: true },
    { asObjects: true, fromLine: 1 },
  ];
  for (const options of badOptions) {
    await assert.rejects(
      csv.parse(file('a'), options),
      { name: 'GoError' },
      JSON.stringify(options),
    );
  }
  host.phase = 'iteration';
  assert.throws(() => new csv.Parser(file('a')), {
    message: 'csv Parser constructor must be called in the init context',
  });
  await assert.rejects(csv.parse(file('a')), /must be called in the init context/);
});
