import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLegalCloseCode } from './frame.ts';

test('takes exactly the close codes of RFC 6455 §7.4 and the IANA registry', () => {
  const legal: number[] = [];
  for (let code = 0; code <= 0xffff; code++) if (isLegalCloseCode(code)) legal.push(code);
  const expected = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  for (let code = 3000; code <= 4999; code++) expected.push(code);
  assert.deepEqual(legal, expected);
});
