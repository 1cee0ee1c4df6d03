/** Zstandard of `node:zlib`, which Node has from 22.15 on. */
import * as zlib from 'node:zlib';

type Transform = (bytes: Uint8Array) => Uint8Array;

function zlibFunction(name: string): Transform {
  const found: unknown = Reflect.get(zlib, name);
  if (typeof found === 'function') return found as Transform; // the documented signature
  return () => {
    throw new Error('zstd needs Node.js 22.15 or later');
  };
}

/** Throws an Error on Node versions without zstd. */
export const zstdCompress = zlibFunction('zstdCompressSync');
/** Throws an Error on Node versions without zstd, and for data that is not zstd. */
export const zstdDecompress = zlibFunction('zstdDecompressSync');
