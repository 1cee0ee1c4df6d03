import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImportMeta } from './import-meta.ts';

const meta = createImportMeta(() => 'file:///p/lib/a.js');

test('import.meta speaks of the calling file', () => {
  assert.equal(meta.url, 'file:///p/lib/a.js');
  assert.equal(meta.resolve('./data.csv'), 'file:///p/lib/data.csv');
  assert.equal(meta.resolve('../data.csv'), 'file:///p/data.csv');
  assert.equal(meta.resolve('/data.csv'), 'file:///data.csv');
});

test('URLs and k6 modules mean themselves, package names are refused', () => {
  assert.equal(meta.resolve('https://x/y.js'), 'https://x/y.js');
  assert.equal(meta.resolve('k6/ws'), 'k6/ws');
  assert.throws(() => meta.resolve('lodash'), { code: 'SCRIPT_REQUIRE', message: /"lodash"/ });
});
