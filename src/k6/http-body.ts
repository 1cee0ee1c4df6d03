/** Bodies of HTTP requests: text, bytes, forms, uploads; and their compression. */
import { randomBytes } from 'node:crypto';
import { nowMs } from '../base/clock.ts';
import { goTypeName } from './go-types.ts';
import { compressorOf } from './http-codings.ts';
import { RequestFault } from './http-errors.ts';
import { NativeError } from './script-error.ts';

/** A body as it is sent. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  /** Content-Type to send, unless the script sets one; '' = none. */
  readonly contentType: string;
}

/** What `http.file` returns: a part of an upload. */
export class FileData {
  readonly data: unknown;
  readonly filename: string;
  readonly content_type: string;

  constructor(data: unknown, filename: string, contentType: string) {
    this.data = data;
    this.filename = filename;
    this.content_type = contentType;
  }
}

const NANOSECONDS_PER_MS = 1e6;

/**
 * `http.file(data, [filename], [contentType])`.
 *
 * @throws NativeError for data that is neither text nor bytes.
 */
export function createFile(data: unknown, filename?: unknown, contentType?: unknown): FileData {
  if (bytesOf(data) === undefined) {
    throw new NativeError(
      `invalid type ${goTypeName(data)}, expected string, []byte or ArrayBuffer`,
    );
  }
  return new FileData(
    data,
    filename === undefined ? String(Math.round(nowMs() * NANOSECONDS_PER_MS)) : String(filename),
    contentType === undefined ? 'application/octet-stream' : String(contentType),
  );
}

/** Text as UTF-8, binary data as it is; undefined for anything else. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return undefined;
}

/**
 * The body a script passes; undefined for none.
 *
 * @throws RequestFault for a value that is no body.
 */
export function encodeBody(value: unknown): RequestBody | undefined {
  if (value === undefined || value === null) return undefined;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return { bytes, contentType: '' };
  if (value instanceof FileData) return { bytes: fileBytes(value), contentType: '' };
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) {
    throw new RequestFault(`unknown request body type ${goTypeName(value)}`);
  }
  const fields = Object.entries(value);
  const hasFiles = fields.some(([, field]) => field instanceof FileData);
  return hasFiles ? encodeMultipart(fields) : encodeForm(fields);
}

function fileBytes(file: FileData): Uint8Array {
  return bytesOf(file.data) ?? new Uint8Array();
}

type Fields = readonly (readonly [string, unknown])[];

function encodeForm(fields: Fields): RequestBody {
  const text = formText(fields);
  const contentType = 'application/x-www-form-urlencoded';
  return { bytes: Buffer.from(text, 'utf8'), contentType };
}

/** `a=1&b=x+y`: sorted by name; a list gives its name several times. */
export function formText(fields: Fields): string {
  const pairs: string[] = [];
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [name, value] of sorted) {
    for (const item of Array.isArray(value) ? value : [value]) {
      pairs.push(`${formEscape(name)}=${formEscape(formValue(item))}`);
    }
  }
  return pairs.join('&');
}

const NOT_PLAIN = /[^A-Za-z0-9\-._~]+/g;

function formEscape(text: string): string {
  // By way of the bytes, which replaces lone surrogates as Go does.
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
  return wellFormed.replace(NOT_PLAIN, (run) =>
    encodeURIComponent(run)
      .replaceAll('%20', '+')
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  );
}

/** Values of a form as k6 prints them. */
function formValue(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(formValue).join(' ')}]`;
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const items = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${items.map(([name, item]) => `${name}:${formValue(item)}`).join(' ')}]`;
  }
  return String(value);
}

const BOUNDARY_BYTES = 30;
const CRLF = '\r\n';

function encodeMultipart(fields: Fields): RequestBody {
  const boundary = randomBytes(BOUNDARY_BYTES).toString('hex');
  const chunks: Uint8Array[] = [];
  const write = (text: string): void => {
    chunks.push(Buffer.from(text, 'utf8'));
  };
  for (const [name, value] of fields) {
    write(`--${boundary}${CRLF}Content-Disposition: form-data; name="${quoted(name)}"`);
    if (value instanceof FileData) {
      write(
        `; filename="${quoted(value.filename)}"${CRLF}Content-Type: ${value.content_type}${CRLF}${CRLF}`,
      );
      chunks.push(fileBytes(value));
    } else {
      write(`${CRLF}${CRLF}${formValue(value)}`);
    }
    write(CRLF);
  }
  write(`--${boundary}--${CRLF}`);
  const contentType = `multipart/form-data; boundary=${boundary}`;
  return { bytes: Buffer.concat(chunks), contentType };
}

function quoted(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
}

/** The algorithms of `params.compression`, in the order they are applied. */
export function parseCompression(value: unknown): string[] {
  const text = String(value).trim();
  if (text === '') return [];
  return text.split(',').map((part) => {
    const algorithm = part.trim();
    if (compressorOf(algorithm) !== undefined) return algorithm;
    throw new RequestFault(`unknown compression algorithm ${algorithm}`);
  });
}

/**
 * Compresses a body with each algorithm in turn.
 *
 * @throws RequestFault if this version of Node lacks one.
 */
export function compressBody(bytes: Uint8Array, algorithms: readonly string[]): Uint8Array {
  let result = bytes;
  for (const algorithm of algorithms) {
    try {
      result = compressorOf(algorithm)?.(result) ?? result;
    } catch (error) {
      throw new RequestFault(error instanceof Error ? error.message : String(error));
    }
  }
  return result;
}
