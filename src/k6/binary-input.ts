/** What `k6/crypto` and `k6/encoding` take for data: text, an ArrayBuffer or bytes. */
import { goTypeName } from './go-types.ts';
import { NativeError } from './script-error.ts';

function typeName(value: unknown): string {
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return goTypeName(value);
  const element = Object.prototype.toString.call(value).slice('[object '.length, -'Array]'.length);
  return `[]${element.toLowerCase()}`;
}

/**
 * The bytes of an argument: UTF-8 of a string, else borrowed from the caller.
 *
 * Errors: NativeError in k6's words for every other type.
 */
export function binaryInput(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw new NativeError(`invalid type ${typeName(value)}, expected string, []byte or ArrayBuffer`);
}
