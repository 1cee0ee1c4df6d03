/**
 * `Blob` as `k6/websockets` exports it: bytes in memory, a WHATWG Blob in behaviour.
 *
 * Its promises are resolved when they are handed out (as in k6), so a pending read never has to hold
 * an iteration. What k6 refuses stays refused: parts that are no binary data, text or Blob.
 */
import { ReadableStream } from 'node:stream/web';
import { goTypeName } from './go-types.ts';
import { NativeError } from './script-error.ts';

const STREAM_CHUNK_BYTES = 65_536;
const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8');

let create: (bytes: Uint8Array, type: string) => Blob;
let read: (value: unknown) => Uint8Array | undefined;

/** Marks the constructor call of `blobFromBytes`; scripts cannot have it. */
const NATIVE = Symbol('native');

export class Blob {
  #bytes: Uint8Array;
  #type: string;

  static {
    create = (bytes, type) => {
      const blob = new Blob(NATIVE);
      blob.#bytes = bytes;
      blob.#type = type;
      return blob;
    };
    read = (value) =>
      typeof value === 'object' && value !== null && #bytes in value ? value.#bytes : undefined;
  }

  constructor(parts?: unknown, options?: unknown) {
    this.#type = '';
    this.#bytes = EMPTY;
    if (parts === NATIVE) return;
    if (options !== undefined) {
      if (typeof options !== 'object' || options === null) {
        throw new NativeError('[options] must be an object');
      }
      this.#type = normalType(Reflect.get(options, 'type'));
    }
    if (parts !== undefined) this.#bytes = join(parts);
  }

  get size(): number {
    return this.#bytes.byteLength;
  }

  get type(): string {
    return this.#type;
  }

  /** A part; negative positions count from the end, bounds are clamped, inverted bounds are empty. */
  slice(start?: unknown, end?: unknown, contentType?: unknown): Blob {
    const from = start === undefined ? 0 : Math.trunc(Number(start)) || 0;
    const to = end === undefined ? this.size : Math.trunc(Number(end)) || 0;
    return create(
      this.#bytes.subarray(
        clamp(from, this.size),
        Math.max(clamp(to, this.size), clamp(from, this.size)),
      ),
      normalType(contentType),
    );
  }

  text(): Promise<string> {
    return Promise.resolve(decoder.decode(this.#bytes));
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(copyOf(this.#bytes).buffer);
  }

  bytes(): Promise<Uint8Array> {
    return Promise.resolve(copyOf(this.#bytes));
  }

  /** A ReadableStream of Uint8Array chunks. */
  stream(): ReadableStream<Uint8Array> {
    const bytes = this.#bytes;
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (at < bytes.byteLength) {
          controller.enqueue(bytes.slice(at, at + STREAM_CHUNK_BYTES));
          at += STREAM_CHUNK_BYTES;
        }
        if (at >= bytes.byteLength) controller.close();
      },
    });
  }

  toString(): string {
    return '[object Blob]';
  }

  get [Symbol.toStringTag](): string {
    return 'Blob';
  }
}

const EMPTY = new Uint8Array(0);

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

function clamp(position: number, size: number): number {
  return position < 0 ? Math.max(size + position, 0) : Math.min(position, size);
}

/** Web rule: lower case, and empty if it has other than printable ASCII. */
function normalType(type: unknown): string {
  if (type === undefined) return '';
  const text = String(type);
  return PRINTABLE_ASCII.test(text) ? text.toLowerCase() : '';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function join(parts: unknown): Uint8Array {
  if (!isIterable(parts)) {
    throw new NativeError(
      `failed to process [blobParts]: could not convert ${String(parts)} to []interface {}`,
    );
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (const part of parts) {
    const chunk = bytesOfPart(part);
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const joined = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}

function bytesOfPart(part: unknown): Uint8Array {
  const bytes = typeof part === 'string' ? encoder.encode(part) : binaryBytes(part);
  if (bytes === undefined) {
    throw new NativeError(`failed to process [blobParts]: unsupported type: ${goTypeName(part)}`);
  }
  return bytes;
}

/**
 * The bytes of an ArrayBuffer, a typed array, a DataView or a Blob, borrowed; undefined for anything
 * else.
 */
export function binaryBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return read(value);
}

/** A Blob over bytes that nobody else will change. */
export function blobFromBytes(bytes: Uint8Array, type = ''): Blob {
  return create(bytes, type);
}
