import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptMap } from './script-bundle.ts';
import { formatExcerpt, locate } from './source-position.ts';

// Line 2 of the program is line 5, column 3 of a.js from its third column on.
const MAP: ScriptMap = {
  version: 3,
  sources: ['file:///p/a.js'],
  names: [],
  mappings: ';EAIE',
};

test('locate counts lines and columns from 1', () => {
  assert.deepEqual(locate(MAP, 2, 3), { url: 'file:///p/a.js', line: 5, column: 3 });
  assert.equal(locate(MAP, 1, 1), undefined);
  assert.equal(locate(MAP, 2, 1), undefined);
});

test('an excerpt marks the column under the line', () => {
  assert.equal(formatExcerpt('a\nlet b\nc', 2, 5), '  2 | let b\n    |     ^');
  assert.equal(formatExcerpt('a\r\nb', 2, 1), '  2 | b\n    | ^');
  assert.equal(formatExcerpt('\tx', 1, 2), '  1 | \tx\n    | \t^');
  assert.equal(formatExcerpt('a', 2, 1), '');
});

test('an excerpt of a long line is cut around the column', () => {
  const [line = '', caret = ''] = formatExcerpt(`${'a'.repeat(5000)}!`, 1, 5001).split('\n');
  assert.ok(line.length < 200, String(line.length));
  assert.equal(line[caret.indexOf('^')], '!');
});
