/**
 * Writes protobuf messages, field by field, into one growing buffer.
 *
 * A message inside a message is written in place; its length, which stands before it, is put in afterwards.
 * Fields that have the default value are the caller's to leave out.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

const WIRE = { varint: 0, fixed64: 1, bytes: 2 } as const;

export class ProtobufWriter {
  #buffer: Buffer<ArrayBuffer>;
  #used = 0;

  constructor(capacityBytes = 4096) {
    this.#buffer = Buffer.alloc(capacityBytes);
  }

  /** The bytes written; borrowed until the next write. */
  finish(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#used);
  }

  /** `uint32`, `uint64`, `enum`, `bool`, and `int64` of 0 to 2^53. */
  uint(field: number, value: number): void {
    this.#tag(field, WIRE.varint);
    this.#varint(value);
  }

  /** `sint32` and `sint64`, to 2^52 either way. */
  sint(field: number, value: number): void {
    this.uint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64);
    this.#used = this.#room(8).writeDoubleLE(value, this.#used);
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE.fixed64);
    this.#used = this.#room(8).writeBigUInt64LE(value, this.#used);
  }

  string(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#tag(field, WIRE.bytes);
    this.#varint(length);
    this.#used += this.#room(length).write(value, this.#used, length);
  }

  /** A message, written by `write` with this same writer. */
  message(field: number, write: () => void): void {
    this.#tag(field, WIRE.bytes);
    const start = this.#used;
    write();
    const length = this.#used - start;
    const lengthBytes = varintBytes(length);
    this.#room(lengthBytes).copyWithin(start + lengthBytes, start, this.#used);
    this.#used = start;
    this.#varint(length);
    this.#used += length;
  }

  /** Packed repeated `uint32`, `uint64`. */
  packedUints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) this.#varint(value);
    });
  }

  /** Packed repeated `sint64`. */
  packedSints(field: number, values: readonly number[]): void {
    this.packedUints(
      field,
      values.map((value) => (value < 0 ? -2 * value - 1 : 2 * value)),
    );
  }

  /** Packed repeated `fixed64`, of 0 to 2^53. */
  packedFixed64(field: number, values: readonly number[]): void {
    this.message(field, () => {
      for (const value of values) {
        this.#used = this.#room(8).writeBigUInt64LE(BigInt(value), this.#used);
      }
    });
  }

  packedDoubles(field: number, values: readonly number[]): void {
    this.message(field, () => {
      for (const value of values) this.#used = this.#room(8).writeDoubleLE(value, this.#used);
    });
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  /** Divides, since bit operations would cut off at 32 bits. */
  #varint(value: number): void {
    const buffer = this.#room(10);
    let rest = value;
    while (rest >= 0x80) {
      buffer[this.#used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[this.#used++] = rest;
  }

  #room(bytes: number): Buffer<ArrayBuffer> {
    const needed = this.#used + bytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown);
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
