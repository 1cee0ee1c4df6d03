import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { test } from 'node:test';
import { bodyFor } from './http-decode.ts';
import { LongBodyError } from './http-errors.ts';

test('a body that no string can hold is an error that says what to do', () => {
  const bytes = Buffer.alloc(constants.MAX_STRING_LENGTH + 1);
  assert.throws(
    () => bodyFor(bytes, 'text'),
    (error) => error instanceof LongBodyError && /too long.*responseType/.test(error.message),
  );
  assert.equal(bodyFor(bytes, 'none'), null);
});
