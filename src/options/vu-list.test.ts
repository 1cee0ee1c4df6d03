import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVuList } from './vu-list.ts';

test('a list of VUs has numbers and ranges; an empty one means all', () => {
  const isListed = parseVuList('1, 5-7');
  assert.deepEqual([0, 1, 2, 4, 5, 6, 7, 8].filter(isListed), [1, 5, 6, 7]);
  assert.ok(parseVuList('')(123));
  for (const bad of ['a', '1-', '7-5', '1,,2', '-3']) {
    assert.throws(() => parseVuList(bad), /is no VU number or range/, bad);
  }
});
