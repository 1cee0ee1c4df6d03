import assert from 'node:assert/strict';
import { test } from 'node:test';
import { URLSearchParams as OwnParams, URL as OwnUrl } from './url.ts';

test('the classes are the global ones', () => {
  assert.equal(OwnUrl, URL);
  assert.equal(OwnParams, URLSearchParams);
});
