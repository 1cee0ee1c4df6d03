/** For tests: reads protobuf and Snappy independently of what writes them. */

export interface ProtobufField {
  readonly field: number;
  readonly value: bigint | Uint8Array;
}

/** The fields of a message in order: varints and fixed 64-bit numbers raw, everything else as bytes. */
export function readProtobuf(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a varint is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    if (wire === 0) fields.push({ field: tag >>> 3, value: varint() });
    else if (wire === 1) {
      fields.push({ field: tag >>> 3, value: viewOf(bytes).getBigUint64(at, true) });
      at += 8;
    } else if (wire === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error('a field is cut off');
      fields.push({ field: tag >>> 3, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

/** One message, asked for its fields by number. */
export class ProtobufMessage {
  readonly #fields: readonly ProtobufField[];

  constructor(bytes: Uint8Array) {
    this.#fields = readProtobuf(bytes);
  }

  #all(field: number): (bigint | Uint8Array)[] {
    return this.#fields.filter((entry) => entry.field === field).map(({ value }) => value);
  }

  #bytes(field: number): Uint8Array[] {
    return this.#all(field).map((value) => {
      if (typeof value === 'bigint') throw new Error(`field ${field} is a number`);
      return value;
    });
  }

  #last(field: number): bigint | undefined {
    const value = this.#all(field).at(-1);
    if (typeof value === 'object') throw new Error(`field ${field} is no number`);
    return value;
  }

  has(field: number): boolean {
    return this.#all(field).length > 0;
  }
  messages(field: number): ProtobufMessage[] {
    return this.#bytes(field).map((bytes) => new ProtobufMessage(bytes));
  }
  message(field: number): ProtobufMessage {
    return new ProtobufMessage(this.#bytes(field).at(-1) ?? new Uint8Array());
  }
  string(field: number): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes(field).at(-1));
  }
  uint(field: number): number {
    return Number(this.#last(field) ?? 0n);
  }
  fixed64(field: number): bigint {
    return this.#last(field) ?? 0n;
  }
  sint(field: number): number {
    return zigzag(this.#last(field) ?? 0n);
  }
  double(field: number): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, this.#last(field) ?? 0n);
    return view.getFloat64(0);
  }
  uints(field: number): number[] {
    return this.#varints(field).map(Number);
  }
  sints(field: number): number[] {
    return this.#varints(field).map(zigzag);
  }
  doubles(field: number): number[] {
    return this.#words(field, (view, at) => view.getFloat64(at, true));
  }
  fixed64s(field: number): number[] {
    return this.#words(field, (view, at) => Number(view.getBigUint64(at, true)));
  }

  #varints(field: number): bigint[] {
    return this.#bytes(field).flatMap((bytes) => {
      const values: bigint[] = [];
      let value = 0n;
      let shift = 0n;
      for (const byte of bytes) {
        value |= BigInt(byte & 0x7f) << shift;
        shift += 7n;
        if (byte >= 0x80) continue;
        values.push(value);
        value = 0n;
        shift = 0n;
      }
      return values;
    });
  }

  #words(field: number, read: (view: DataView, at: number) => number): number[] {
    return this.#bytes(field).flatMap((bytes) => {
      const view = viewOf(bytes);
      return Array.from({ length: bytes.length / 8 }, (_, index) => read(view, index * 8));
    });
  }
}

/** Reads Snappy's block format, all kinds of elements. */
export function decompressSnappy(input: Uint8Array): Uint8Array {
  let at = 0;
  const next = (): number => {
    const byte = input[at++];
    if (byte === undefined) throw new Error('the block is cut off');
    return byte;
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let index = 0; index < bytes; index++) value += next() * 2 ** (8 * index);
    return value;
  };
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = next();
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  const output: number[] = [];
  while (at < input.length) {
    const tag = next();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const length = (short < 60 ? short : little(short - 59)) + 1;
      for (let index = 0; index < length; index++) output.push(next());
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? (tag >>> 5) * 256 + next() : little(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > output.length) throw new Error(`offset ${offset}`);
    for (let index = 0; index < length; index++) output.push(output[output.length - offset] ?? 0);
  }
  if (output.length !== size) throw new Error(`${output.length} bytes instead of ${size}`);
  return Uint8Array.from(output);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function zigzag(value: bigint): number {
  return Number((value >> 1n) ^ -(value & 1n));
}
