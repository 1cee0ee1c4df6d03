import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonTag } from './close-reasons.ts';

test('what a terminal would obey is replaced', () => {
  assert.equal(reasonTag('\u001b]0;owned\u0007 bye\r\n'), '\ufffd]0;owned\ufffd bye\ufffd\ufffd');
  assert.equal(reasonTag('a\u202eb\u2028c\u009bd'), 'a\ufffdb\ufffdc\ufffdd');
  assert.equal(reasonTag('fünf 五 💥'), 'fünf 五 💥');
});

test('long reasons are cut, also through the middle of a character', () => {
  assert.equal(reasonTag('x'.repeat(123)), 'x'.repeat(80));
  assert.equal(reasonTag(`${'y'.repeat(79)}💥`), `${'y'.repeat(79)}\ufffd`);
});

test('a peer with ever new words is other; words that are known stay', () => {
  assert.equal(reasonTag('going down'), 'going down');
  const tags = new Set<string>();
  for (let i = 0; i < 1000; i++) tags.add(reasonTag(`session ${i} expired`));
  assert.ok(tags.has('other'));
  assert.ok(tags.size <= 100, `${tags.size} kinds`);
  assert.equal(reasonTag('going down'), 'going down');
});
