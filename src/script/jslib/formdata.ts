/**
 * Our stand-in for `https://jslib.k6.io/formdata/<version>/index.js`: a multipart body whose parts keep
 * their order and may share a name, for `http.post(url, form.body(), {headers: {'Content-Type':
 * 'multipart/form-data; boundary=' + form.boundary}})`. Script code: it touches no k6 module.
 */

/** What `http.file()` returns, as far as it is read here. */
interface FilePart {
  readonly data: unknown;
  readonly filename?: unknown;
  readonly content_type?: unknown;
}

interface Part {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
  readonly data: unknown;
}

export class FormData {
  readonly boundary: string;
  readonly #parts: Part[] = [];

  constructor() {
    let digits = '';
    while (digits.length < 24) digits += Math.floor(Math.random() * 10);
    this.boundary = `--------------------------${digits}`;
  }

  /** A string, bytes, or what `http.file()` returned. */
  append(name: string, value: unknown, filename?: string): void {
    const isFile = isFilePart(value);
    const fileName = filename ?? (isFile ? value.filename : undefined);
    const contentType = isFile ? value.content_type : undefined;
    const data = isFile ? value.data : value;
    const isUpload = isFile || filename !== undefined || toBytes(data) !== undefined;
    this.#parts.push({
      name: String(name),
      filename: isUpload ? String(fileName ?? 'blob') : undefined,
      contentType: isUpload ? String(contentType ?? 'application/octet-stream') : undefined,
      data,
    });
  }

  /** The whole body, as bytes: RFC 7578. */
  body(): ArrayBuffer {
    const chunks: Uint8Array[] = [];
    const encoder = new TextEncoder();
    for (const { name, filename, contentType, data } of this.#parts) {
      const file = filename === undefined ? '' : `; filename="${quoted(filename)}"`;
      const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
      chunks.push(
        encoder.encode(
          `--${this.boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n` +
            `${type}\r\n`,
        ),
        toBytes(data) ?? encoder.encode(String(data)),
        encoder.encode('\r\n'),
      );
    }
    chunks.push(encoder.encode(`--${this.boundary}--\r\n`));
    const body = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    return body.buffer;
  }
}

function isFilePart(value: unknown): value is FilePart {
  return typeof value === 'object' && value !== null && 'data' in value && 'filename' in value;
}

/** A view of the bytes, or undefined for what is no bytes. */
function toBytes(data: unknown): Uint8Array | undefined {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (!ArrayBuffer.isView(data)) return undefined;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The escapes of a form that a browser sends (HTML standard, multipart/form-data encoding). */
function quoted(text: string): string {
  return text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
}
