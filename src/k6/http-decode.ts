/** Bodies of HTTP answers: undoing the Content-Encoding, and the form the script wants. */
import { decompressorOf } from './http-codings.ts';
import { DecompressionError, LongBodyError } from './http-errors.ts';
import type { ResponseType } from './http-request.ts';

/**
 * @param encoding value of Content-Encoding, '' if none; unknown ones leave the body as it is.
 * @throws DecompressionError
 */
export function decompress(body: Uint8Array, encoding: string): Uint8Array {
  if (encoding === '' || body.length === 0) return body;
  let result = body;
  for (const part of encoding.split(',').reverse()) {
    const algorithm = part.trim().toLowerCase();
    const undo = decompressorOf(algorithm);
    if (undo === undefined) return result;
    try {
      result = undo(result);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new DecompressionError(`error decompressing response body (${algorithm}): ${why}`);
    }
  }
  return result;
}

/**
 * The body for scripts: invalid UTF-8 becomes U+FFFD; binary data in memory of its own.
 *
 * @throws LongBodyError for more text than a string can hold, 512 MiB.
 */
export function bodyFor(bytes: Uint8Array, type: ResponseType): string | ArrayBuffer | null {
  if (type === 'none') return null;
  if (type === 'binary') return new Uint8Array(bytes).buffer as ArrayBuffer; // a fresh copy
  try {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  } catch (cause) {
    throw new LongBodyError(
      `response body too long for a string: ${bytes.length} bytes; use responseType "binary" or "none"`,
      { cause },
    );
  }
}
