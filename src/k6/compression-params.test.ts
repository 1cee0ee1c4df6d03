import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCompression } from './compression-params.ts';

test("'deflate' keeps no context and lets the server choose our window", () => {
  assert.deepEqual(parseCompression(' deflate ', false), { clientMaxWindowBits: true });
  assert.equal(parseCompression('', true), undefined);
  for (const value of ['', 'gzip', null]) {
    assert.throws(() => parseCompression(value, false), {
      message: /unsupported compression algorithm '.*', supported algorithm is 'deflate'/,
    });
  }
});

test('an object has all settings of permessage-deflate', () => {
  assert.deepEqual(
    parseCompression(
      {
        algorithm: 'deflate',
        threshold: 1024,
        clientNoContextTakeover: false,
        serverNoContextTakeover: true,
        clientMaxWindowBits: 10,
        serverMaxWindowBits: 9,
      },
      false,
    ),
    {
      thresholdBytes: 1024,
      keepsClientContext: true,
      keepsServerContext: false,
      clientMaxWindowBits: 10,
      serverMaxWindowBits: 9,
    },
  );
  assert.deepEqual(parseCompression({ clientMaxWindowBits: false }, false), {});
});

test('what is no setting is named with what there is', () => {
  const faults: [object, RegExp][] = [
    [{ level: 9 }, /unknown compression setting level; there are algorithm, threshold,/],
    [{ algorithm: 'br' }, /compression algorithm: got br; expected 'deflate'/],
    [{ threshold: -1 }, /compression threshold: got -1; expected a number of bytes/],
    [{ clientNoContextTakeover: 1 }, /clientNoContextTakeover: got 1; expected true or false/],
    [{ serverMaxWindowBits: 16 }, /serverMaxWindowBits: got 16; .* from 8 to 15/],
  ];
  for (const [value, message] of faults) {
    assert.throws(() => parseCompression(value, false), { message });
  }
});
