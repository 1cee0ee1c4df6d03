import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtobufWriter } from './protobuf.ts';
import { compressSnappy } from './snappy.ts';
import { decompressSnappy, ProtobufMessage } from './testing/protobuf-reader.ts';

describe('ProtobufWriter', () => {
  it('writes the bytes of the encoding guide', () => {
    const writer = new ProtobufWriter(1);
    writer.uint(1, 150);
    writer.string(2, 'testing');
    writer.message(3, () => writer.uint(1, 150));
    writer.packedUints(6, [3, 270, 86942]);
    assert.equal(
      writer.finish().toString('hex'),
      '089601120774657374696e671a030896013206038e029ea705',
    );
  });

  it('writes what a reader reads back', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.integer(),
        fc.double({ noNaN: true }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.array(fc.integer()),
        fc.array(fc.double({ noNaN: true })),
        (uint, sint, double, text, sints, doubles) => {
          const writer = new ProtobufWriter(16);
          writer.uint(1, uint);
          writer.message(2, () => {
            writer.sint(1, sint);
            writer.message(15, () => writer.string(16, text));
            writer.double(3, double);
          });
          writer.packedSints(3, sints);
          writer.packedDoubles(4, doubles);
          writer.packedFixed64(5, [uint]);
          writer.fixed64(6, BigInt(uint) * 1000n);
          const read = new ProtobufMessage(writer.finish());
          assert.equal(read.uint(1), uint);
          assert.equal(read.message(2).sint(1), sint);
          assert.equal(read.message(2).message(15).string(16), text);
          assert.equal(read.message(2).double(3), double);
          assert.deepEqual(read.sints(3), sints);
          assert.deepEqual(read.doubles(4), doubles);
          assert.deepEqual(read.fixed64s(5), [uint]);
          assert.equal(read.fixed64(6), BigInt(uint) * 1000n);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('compressSnappy', () => {
  it('gives blocks that decompress to the input', () => {
    const letters = fc.array(fc.constantFrom(...Buffer.from('ab=')), { maxLength: 2000 });
    const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 2000 });
    fc.assert(
      fc.property(fc.oneof(letters, bytes), (values) => {
        const input = Uint8Array.from(values);
        assert.deepEqual(decompressSnappy(compressSnappy(input)), input);
      }),
      { numRuns: 300 },
    );
  });

  it('reaches back no further than an offset can tell, and makes repetition small', () => {
    const block = Uint8Array.from({ length: 70_000 }, (_, index) => (index * index * 7919) >>> 5);
    const far = Buffer.concat([block, block]);
    assert.deepEqual(Buffer.from(decompressSnappy(compressSnappy(far))), far);
    const labels = Buffer.from('__name__=k6_ws_msgs_sent_total,scenario=default;'.repeat(1000));
    assert.ok(compressSnappy(labels).length < labels.length / 15);
  });
});
