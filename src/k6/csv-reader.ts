/** CSV as RFC 4180 has it, read record by record from bytes: quotes, doubled quotes, line breaks in quotes. */

export interface CsvOptions {
  /** One character. */
  readonly delimiter: string;
  readonly skipFirstLine: boolean;
  /** The first line that is read, from 0. */
  readonly fromLine: number;
  /** The last line that is read, from 0; undefined = to the end. */
  readonly toLine: number | undefined;
  readonly asObjects: boolean;
}

export type CsvRecord = readonly string[] | Readonly<Record<string, string>>;

/** A fault in the text, with the line it is in (from 1). */
export class CsvError extends Error {}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** Walks over the bytes once; holds a position only. */
export class CsvReader {
  readonly #bytes: Buffer;
  readonly #delimiter: number;
  readonly #options: CsvOptions;
  #at = 0;
  /** Number of the record that comes next, from 0. */
  #line = 0;
  #header: readonly string[] | undefined;

  /** Reads the header, if the records become objects. @throws CsvError */
  constructor(bytes: Uint8Array, options: CsvOptions) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#delimiter = options.delimiter.charCodeAt(0);
    if (this.#bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) this.#at = BYTE_ORDER_MARK.length;
    if (options.asObjects) {
      this.#header = this.#nextFields();
      if (this.#header === undefined) throw new CsvError('the file has no header line');
    }
    const first = Math.max(options.fromLine, options.skipFirstLine ? 1 : 0);
    while (this.#line < first && this.#nextFields() !== undefined);
  }

  /** The next record, undefined at the end. @throws CsvError */
  next(): CsvRecord | undefined {
    const { toLine } = this.#options;
    if (toLine !== undefined && this.#line > toLine) return undefined;
    const line = this.#line + 1;
    const fields = this.#nextFields();
    if (fields === undefined || this.#header === undefined) return fields;
    if (fields.length !== this.#header.length) {
      throw new CsvError(
        `record on line ${line}: wrong number of fields: ${fields.length}, the header has ${this.#header.length}`,
      );
    }
    return Object.fromEntries(this.#header.map((name, index) => [name, fields[index] ?? '']));
  }

  *[Symbol.iterator](): Generator<CsvRecord> {
    for (let record = this.next(); record !== undefined; record = this.next()) yield record;
  }

  #nextFields(): string[] | undefined {
    this.#skipEmptyLines();
    if (this.#at >= this.#bytes.length) return undefined;
    const fields: string[] = [];
    this.#line += 1;
    for (;;) {
      fields.push(this.#bytes[this.#at] === QUOTE ? this.#quoted() : this.#bare());
      const byte = this.#bytes[this.#at];
      this.#at += 1;
      if (byte !== this.#delimiter) return fields;
    }
  }

  /** Lines without anything are no records. */
  #skipEmptyLines(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === LINE_FEED) this.#at += 1;
      else if (byte === CARRIAGE_RETURN && this.#bytes[this.#at + 1] === LINE_FEED) this.#at += 2;
      else return;
    }
  }

  /** Up to the next delimiter or line end, where the position is left. */
  #bare(): string {
    const start = this.#at;
    let end = start;
    for (;;) {
      const byte = this.#bytes[end];
      if (byte === undefined || byte === this.#delimiter || byte === LINE_FEED) break;
      end += 1;
    }
    this.#at = end;
    return this.#bytes.toString('utf8', start, this.#withoutReturn(end));
  }

  #withoutReturn(end: number): number {
    return this.#bytes[end - 1] === CARRIAGE_RETURN && this.#bytes[end] !== this.#delimiter
      ? end - 1
      : end;
  }

  #quoted(): string {
    const line = this.#line;
    let text = '';
    let start = this.#at + 1;
    for (;;) {
      const end = this.#bytes.indexOf(QUOTE, start);
      if (end === -1)
        throw new CsvError(`record on line ${line}: extraneous or missing " in quoted-field`);
      text += this.#bytes.toString('utf8', start, end);
      if (this.#bytes[end + 1] !== QUOTE) {
        this.#at = end + 1;
        break;
      }
      text += '"';
      start = end + 2;
    }
    if (this.#bytes[this.#at] === CARRIAGE_RETURN && this.#bytes[this.#at + 1] === LINE_FEED) {
      this.#at += 1;
    }
    const byte = this.#bytes[this.#at];
    if (byte !== undefined && byte !== this.#delimiter && byte !== LINE_FEED) {
      throw new CsvError(`record on line ${line}: extraneous or missing " in quoted-field`);
    }
    return text;
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
