import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import type { DeflateSettings, DialRequest } from './api.ts';
import {
  acceptExtensions,
  type Codecs,
  Deflater,
  Inflater,
  offerOf,
  PromisedInflater,
} from './deflate.ts';
import { parseExtensions } from './extension.ts';

const BYTES_MAX = 1 << 20;

function request(deflate?: DeflateSettings, offersDeflate = true): DialRequest {
  return {
    isSecure: false,
    host: 'example.com',
    port: 80,
    target: '/',
    hostHeader: 'example.com',
    headers: [],
    protocols: [],
    resolve: () => {},
    offersDeflate,
    ...(deflate !== undefined && { deflate }),
  };
}

const KEEP: DeflateSettings = { keepsClientContext: true, keepsServerContext: true };

test('reads the extension grammar of RFC 6455 §9.1', () => {
  assert.deepEqual(parseExtensions('foo'), [{ name: 'foo', parameters: [] }]);
  assert.deepEqual(parseExtensions('foo; bar; baz=2 , qux ;x="a\\"b"'), [
    {
      name: 'foo',
      parameters: [
        ['bar', true],
        ['baz', '2'],
      ],
    },
    { name: 'qux', parameters: [['x', 'a"b']] },
  ]);
  for (const bad of ['', ',', 'foo;', 'foo,', 'foo; =1', 'foo; a=', 'foo bar', 'foo; a="b']) {
    assert.equal(parseExtensions(bad), undefined, bad);
  }
});

test('offers what the settings say', () => {
  assert.equal(offerOf(request(undefined, false)), '');
  assert.equal(
    offerOf(request()),
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  );
  assert.equal(
    offerOf(request({ ...KEEP, clientMaxWindowBits: true, serverMaxWindowBits: 10 })),
    'permessage-deflate; server_max_window_bits=10; client_max_window_bits',
  );
  assert.equal(
    offerOf(request({ ...KEEP, clientMaxWindowBits: 9 })),
    'permessage-deflate; client_max_window_bits=9',
  );
});

const LEGAL: readonly (readonly [answer: string, settings?: DeflateSettings])[] = [
  ['permessage-deflate', KEEP],
  ['permessage-deflate; server_no_context_takeover'],
  ['permessage-deflate; client_no_context_takeover; server_no_context_takeover'],
  ['permessage-deflate; client_no_context_takeover', KEEP],
  ['permessage-deflate; server_max_window_bits=8', KEEP],
  ['permessage-deflate; server_max_window_bits="15"', KEEP],
  ['permessage-deflate; client_max_window_bits=15', { ...KEEP, clientMaxWindowBits: true }],
  ['permessage-deflate; client_max_window_bits=9', { ...KEEP, clientMaxWindowBits: 10 }],
  ['permessage-deflate; server_max_window_bits=9', { ...KEEP, serverMaxWindowBits: 10 }],
];

for (const [answer, settings] of LEGAL) {
  test(`takes the answer "${answer}" to "${offerOf(request(settings))}"`, () => {
    const codecs = acceptExtensions(answer, request(settings));
    assert.ok(typeof codecs === 'object' && codecs.inflater !== null, String(codecs));
  });
}

const ILLEGAL: readonly (readonly [answer: string, settings?: DeflateSettings])[] = [
  ['x-webkit-deflate-frame'],
  ['permessage-deflate; server_no_context_takeover, permessage-deflate'],
  ['permessage-deflate; foo', KEEP],
  ['permessage-deflate; server_no_context_takeover; server_no_context_takeover'],
  ['permessage-deflate; server_no_context_takeover=1'],
  ['permessage-deflate; client_no_context_takeover=1', KEEP],
  ['permessage-deflate; server_max_window_bits', KEEP],
  ['permessage-deflate; server_max_window_bits=7', KEEP],
  ['permessage-deflate; server_max_window_bits=16', KEEP],
  ['permessage-deflate; server_max_window_bits=08', KEEP],
  ['permessage-deflate; server_max_window_bits=11', { ...KEEP, serverMaxWindowBits: 10 }],
  ['permessage-deflate; client_max_window_bits=15', KEEP],
  ['permessage-deflate; client_max_window_bits', { ...KEEP, clientMaxWindowBits: true }],
  ['permessage-deflate; client_max_window_bits=11', { ...KEEP, clientMaxWindowBits: 10 }],
  ['permessage-deflate'],
  ['permessage-deflate', { ...KEEP, serverMaxWindowBits: 10 }],
  ['permessage-deflate;', KEEP],
];

for (const [answer, settings] of ILLEGAL) {
  test(`refuses the answer "${answer}" to "${offerOf(request(settings))}"`, () => {
    assert.equal(typeof acceptExtensions(answer, request(settings)), 'string');
  });
}

test('refuses any extension when none was offered', () => {
  assert.equal(typeof acceptExtensions('permessage-deflate', request(KEEP, false)), 'string');
  assert.deepEqual(acceptExtensions('', request(KEEP, false)), { inflater: null, deflater: null });
});

test('expands the examples of RFC 7692 §7.2.3', () => {
  const expand = (hex: string, inflater = new Inflater(0)): string =>
    String(inflater.inflate(Buffer.from(hex, 'hex'), BYTES_MAX));
  assert.equal(expand('f248cdc9c90700'), 'Hello');
  assert.equal(expand('000500faff48656c6c6f00'), 'Hello');
  assert.equal(expand('f348cdc9c9070000'), 'Hello');
  assert.equal(expand('f24805000000ffffcac9c90700'), 'Hello');
  assert.equal(expand('00'), '');
  const shared = new Inflater(1 << 15);
  assert.equal(expand('f248cdc9c90700', shared), 'Hello');
  assert.equal(expand('f200110000', shared), 'Hello');
});

function agree(answer: string, settings: DeflateSettings): Codecs {
  const codecs = acceptExtensions(answer, request(settings));
  assert.ok(typeof codecs === 'object', String(codecs));
  return codecs;
}

test('what is compressed expands again, for every window and with or without context', () => {
  const messages = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 2000 }),
      fc.lorem({ maxCount: 60 }).map((text) => new Uint8Array(Buffer.from(text))),
    ),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(
      messages,
      fc.integer({ min: 8, max: 15 }),
      fc.boolean(),
      (payloads, bits, keepsContext) => {
        const deflater = new Deflater(bits, keepsContext, 0);
        const inflater = new Inflater(keepsContext ? 1 << bits : 0);
        for (const payload of payloads) {
          const expanded = inflater.inflate(deflater.deflate(payload), BYTES_MAX);
          assert.deepEqual(expanded, Buffer.from(payload));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a kept context makes a repeated message small, a dropped one does not', () => {
  const payload = Buffer.from(Array.from({ length: 500 }, (_, i) => (i * i * 7919) % 251));
  const repeat = (settings: DeflateSettings, answer: string): number => {
    const { deflater } = agree(answer, settings);
    deflater?.deflate(payload);
    return deflater?.deflate(payload).length ?? 0;
  };
  const kept = repeat(KEEP, 'permessage-deflate');
  const dropped = repeat(KEEP, 'permessage-deflate; client_no_context_takeover');
  assert.ok(kept < 30, `${kept} bytes`);
  assert.ok(dropped > 200, `${dropped} bytes`);
});

test('a bomb is a message too big, and costs no more than the limit', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 << 20), { finishFlush: constants.Z_SYNC_FLUSH });
  assert.equal(new Inflater(0).inflate(bomb, BYTES_MAX), 1009);
  const atLimit = deflateRawSync(Buffer.alloc(BYTES_MAX), { finishFlush: constants.Z_SYNC_FLUSH });
  assert.equal((new Inflater(0).inflate(atLimit, BYTES_MAX) as Buffer).length, BYTES_MAX);
});

test('data that is not deflate fails the message', () => {
  assert.equal(new Inflater(0).inflate(Buffer.from('ffffffff', 'hex'), BYTES_MAX), 1007);
  // A distance that reaches back before the first byte.
  assert.equal(new Inflater(0).inflate(Buffer.from('020200', 'hex'), BYTES_MAX), 1007);
});

test('reads a server that promised to keep no context and does (RFC 7692 §7.2.3.2)', () => {
  const inflater = acceptExtensions('permessage-deflate; server_no_context_takeover', request());
  assert.ok(typeof inflater === 'object' && inflater.inflater !== null);
  const messages = ['f248cdc9c90700', 'f200110000', 'f200110000'].map((hex) =>
    String(inflater.inflater?.inflate(Buffer.from(hex, 'hex'), BYTES_MAX)),
  );
  assert.deepEqual(messages, ['Hello', 'Hello', 'Hello']);
});

test('a server that broke its promise is read with context for good, also where both ways work', () => {
  const texts = Array.from({ length: 40 }, (_, i) => `message number ${i} of the same kind`);
  const deflater = new Deflater(15, true, 0);
  const inflater = new PromisedInflater();
  for (const text of texts) {
    const payload = Buffer.from(deflater.deflate(Buffer.from(text)));
    assert.equal(String(inflater.inflate(payload, BYTES_MAX)), text);
  }
});

test('a server that kept its promise is not remembered for ever, and garbage stays garbage', () => {
  const keeping = new Deflater(15, true, 0);
  const first = Buffer.from(keeping.deflate(Buffer.from('Hello, Hello')));
  const second = Buffer.from(keeping.deflate(Buffer.from('Hello, Hello')));
  const alone = new Deflater(15, false, 0);
  const plain = Buffer.from(alone.deflate(Buffer.from('something else')));
  const inflater = new PromisedInflater();
  inflater.inflate(first, BYTES_MAX);
  for (let i = 0; i < 3; i++) inflater.inflate(plain, BYTES_MAX);
  assert.equal(inflater.inflate(second, BYTES_MAX), 1007);
  assert.equal(new PromisedInflater().inflate(Buffer.from('ffff', 'hex'), BYTES_MAX), 1007);
});

test('connections that keep no context share a deflater, those that keep one do not', () => {
  const agree = (settings: DeflateSettings): Codecs => {
    const answer = settings.keepsServerContext === true ? '' : '; server_no_context_takeover';
    const codecs = acceptExtensions(`permessage-deflate${answer}`, request(settings));
    assert.ok(typeof codecs === 'object');
    return codecs;
  };
  const plain = agree({}).deflater;
  assert.equal(agree({}).deflater, plain);
  assert.notEqual(agree({ thresholdBytes: 100 }).deflater, plain);
  assert.equal(agree({ thresholdBytes: 100 }).deflater?.thresholdBytes, 100);
  assert.notEqual(agree({ keepsClientContext: true }).deflater, plain);
  assert.notEqual(agree(KEEP).deflater, agree(KEEP).deflater);
  const texts = ['Hello', 'Hello'].map((text) =>
    Buffer.from(plain?.deflate(Buffer.from(text)) ?? []).toString('hex'),
  );
  assert.deepEqual(texts, ['f248cdc9c90700', 'f248cdc9c90700']);
});
