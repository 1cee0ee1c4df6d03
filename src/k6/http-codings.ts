/** Content codings of HTTP bodies (RFC 9110 §8.4.1), both ways; zstd where Node has it (22.15 on). */
import * as zlib from 'node:zlib';

type Transform = (bytes: Uint8Array) => Uint8Array;

/** A function of `node:zlib` that this version of Node may lack. */
function laterFunction(name: string): Transform {
  const found: unknown = Reflect.get(zlib, name);
  if (typeof found === 'function') return found as Transform; // the documented signature
  return () => {
    throw new Error('zstd needs Node.js 22.15 or later');
  };
}

const COMPRESSORS: Readonly<Record<string, Transform>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes),
  zstd: laterFunction('zstdCompressSync'),
};

const DECOMPRESSORS: Readonly<Record<string, Transform>> = {
  gzip: (bytes) => zlib.gunzipSync(bytes),
  'x-gzip': (bytes) => zlib.gunzipSync(bytes),
  deflate: (bytes) => zlib.inflateSync(bytes),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: laterFunction('zstdDecompressSync'),
};

/** Undefined for a coding that is not known. Throws an Error if Node lacks it. */
export function compressorOf(coding: string): Transform | undefined {
  return Object.hasOwn(COMPRESSORS, coding) ? COMPRESSORS[coding] : undefined;
}

/** Undefined for a coding that is not known. Throws an Error for data that is not in it. */
export function decompressorOf(coding: string): Transform | undefined {
  return Object.hasOwn(DECOMPRESSORS, coding) ? DECOMPRESSORS[coding] : undefined;
}
