/**
 * Rows of JSON in shared memory: what a SharedArray is made of. Built once per process, then read by
 * all threads without a copy.
 *
 * Plain data that a message can carry; the bytes are shared, not cloned. Never written to after it is
 * built.
 */

/** `index[3 * i]` is the chunk of row i, then come its first byte and the byte after its last. */
export interface SharedRows {
  readonly length: number;
  readonly chunks: readonly SharedArrayBuffer[];
  readonly index: SharedArrayBuffer;
}

/** Rows by the name of their SharedArray. */
export type NamedRows = ReadonlyMap<string, SharedRows>;

const FIELDS = 3;
/** Small enough that the unused end of a chunk does not matter, large enough that chunks are few. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** A UTF-16 unit takes three bytes of UTF-8 at most. */
const UTF8_BYTES_MAX = 3;

/**
 * Serialises values row by row. A value that JSON has no text for (`undefined`, a function) becomes an
 * empty row.
 *
 * Errors: what JSON.stringify throws (cycles, BigInt). Cost: one JSON text at a time next to the rows.
 */
export function buildRows(values: Iterable<unknown>): SharedRows {
  const chunks: SharedArrayBuffer[] = [];
  const index = new GrowingIndex();
  let chunk = Buffer.alloc(0);
  let used = 0;
  const seal = (): void => {
    if (used === 0) return;
    // The last chunk of a small array must not cost a whole one.
    const bytes = new SharedArrayBuffer(used);
    chunk.copy(new Uint8Array(bytes), 0, 0, used);
    chunks.push(bytes);
    used = 0;
  };
  for (const value of values) {
    const text = JSON.stringify(value) ?? '';
    if (text.length * UTF8_BYTES_MAX > chunk.length - used) {
      const size = Buffer.byteLength(text);
      if (size > chunk.length - used) {
        seal();
        if (size > chunk.length) chunk = Buffer.allocUnsafeSlow(Math.max(size, CHUNK_BYTES));
      }
    }
    const start = used;
    used += chunk.write(text, start);
    index.push(chunks.length, start, used);
  }
  seal();
  return { length: index.length, chunks, index: index.toShared() };
}

class GrowingIndex {
  #cells = new Uint32Array(FIELDS * 1024);
  #used = 0;

  get length(): number {
    return this.#used / FIELDS;
  }

  push(chunk: number, start: number, end: number): void {
    if (this.#used === this.#cells.length) {
      const wider = new Uint32Array(this.#cells.length * 2);
      wider.set(this.#cells);
      this.#cells = wider;
    }
    this.#cells[this.#used] = chunk;
    this.#cells[this.#used + 1] = start;
    this.#cells[this.#used + 2] = end;
    this.#used += FIELDS;
  }

  toShared(): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(this.#used * Uint32Array.BYTES_PER_ELEMENT);
    new Uint32Array(shared).set(this.#cells.subarray(0, this.#used));
    return shared;
  }
}

/** Bytes that the rows occupy. */
export function rowBytes(rows: SharedRows): number {
  return rows.chunks.reduce((sum, chunk) => sum + chunk.byteLength, rows.index.byteLength);
}

/** Reads rows as JSON texts. Holds no copy of them. */
export class RowReader {
  readonly length: number;
  readonly #chunks: readonly Buffer[];
  readonly #index: Uint32Array;

  constructor(rows: SharedRows) {
    this.length = rows.length;
    this.#chunks = rows.chunks.map((bytes) => Buffer.from(bytes));
    this.#index = new Uint32Array(rows.index);
  }

  /** The JSON text of row `i` (0 … length - 1); '' for a value that JSON has no text for. */
  text(i: number): string {
    const chunk = this.#chunks[this.#index[FIELDS * i] ?? 0];
    if (chunk === undefined) return '';
    return chunk.toString('utf8', this.#index[FIELDS * i + 1], this.#index[FIELDS * i + 2]);
  }
}
