/** The module `k6/crypto`: hashes, HMAC, random bytes, hex. */
import {
  createHash as createNodeHash,
  type Hash,
  randomBytes as nodeRandomBytes,
} from 'node:crypto';
import { binaryInput } from './binary-input.ts';
import { encodeBase64 } from './encoding.ts';
import type { ScriptModule } from './host.ts';
import { md4 } from './md4.ts';
import { NativeError } from './script-error.ts';

/** A hash that can be asked in the middle and goes on. */
interface Digest {
  update(bytes: Uint8Array): void;
  /** The hash of everything so far. */
  digest(): Uint8Array;
}

class NodeDigest implements Digest {
  readonly #hash: Hash;

  constructor(name: string) {
    this.#hash = createNodeHash(name);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }
}

/** Keeps the data: MD4 is rare, and its inputs are passwords. */
class Md4Digest implements Digest {
  readonly #parts: Uint8Array[] = [];

  update(bytes: Uint8Array): void {
    this.#parts.push(Uint8Array.from(bytes));
  }

  digest(): Uint8Array {
    return md4(Buffer.concat(this.#parts));
  }
}

interface Algorithm {
  readonly blockBytes: number;
  create(): Digest;
}

function nodeAlgorithm(name: string, blockBytes: number): Algorithm {
  return { blockBytes, create: () => new NodeDigest(name) };
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['md4', { blockBytes: 64, create: (): Digest => new Md4Digest() }],
  ['md5', nodeAlgorithm('md5', 64)],
  ['sha1', nodeAlgorithm('sha1', 64)],
  ['sha256', nodeAlgorithm('sha256', 64)],
  ['sha384', nodeAlgorithm('sha384', 128)],
  ['sha512', nodeAlgorithm('sha512', 128)],
  ['sha512_224', nodeAlgorithm('sha512-224', 128)],
  ['sha512_256', nodeAlgorithm('sha512-256', 128)],
  ['ripemd160', nodeAlgorithm('ripemd160', 64)],
]);

function algorithmOf(name: unknown): Algorithm {
  const algorithm = ALGORITHMS.get(String(name));
  if (algorithm === undefined) throw new NativeError(`invalid algorithm: ${String(name)}`);
  return algorithm;
}

/** HMAC (RFC 2104) over a `Digest`: Node's own cannot be asked in the middle. */
class HmacDigest implements Digest {
  readonly #inner: Digest;
  readonly #outerPad: Uint8Array;
  readonly #algorithm: Algorithm;

  constructor(algorithm: Algorithm, secret: Uint8Array) {
    this.#algorithm = algorithm;
    const key = new Uint8Array(algorithm.blockBytes);
    key.set(secret.length > key.length ? hashOf(algorithm, secret) : secret);
    this.#outerPad = key.map((byte) => byte ^ 0x5c);
    this.#inner = algorithm.create();
    this.#inner.update(key.map((byte) => byte ^ 0x36));
  }

  update(bytes: Uint8Array): void {
    this.#inner.update(bytes);
  }

  digest(): Uint8Array {
    const outer = this.#algorithm.create();
    outer.update(this.#outerPad);
    outer.update(this.#inner.digest());
    return outer.digest();
  }
}

function hashOf(algorithm: Algorithm, bytes: Uint8Array): Uint8Array {
  const digest = algorithm.create();
  digest.update(bytes);
  return digest.digest();
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function encodeOutput(bytes: Uint8Array, encoding: unknown): string | ArrayBuffer {
  switch (encoding) {
    case 'hex':
      return toHex(bytes);
    case 'base64':
      return encodeBase64(bytes, false, true);
    case 'base64url':
      return encodeBase64(bytes, true, true);
    case 'base64rawurl':
      return encodeBase64(bytes, true, false);
    case 'binary':
      return Uint8Array.from(bytes).buffer;
    default:
      throw new NativeError(
        `invalid output encoding: ${encoding === undefined ? '' : String(encoding)}`,
      );
  }
}

/** What `createHash` and `createHMAC` give: an object whose methods can be called detached. */
function hasherOf(digest: Digest): object {
  return {
    update: (input?: unknown): void => digest.update(binaryInput(input)),
    digest: (outputEncoding?: unknown): string | ArrayBuffer =>
      encodeOutput(digest.digest(), outputEncoding),
  };
}

function createHMAC(algorithm?: unknown, secret?: unknown): object {
  return hasherOf(new HmacDigest(algorithmOf(algorithm), binaryInput(secret)));
}

function hmac(
  algorithm?: unknown,
  secret?: unknown,
  input?: unknown,
  outputEncoding?: unknown,
): string | ArrayBuffer {
  const digest = new HmacDigest(algorithmOf(algorithm), binaryInput(secret));
  digest.update(binaryInput(input));
  return encodeOutput(digest.digest(), outputEncoding);
}

/** `md5(input, outputEncoding)` and its like. */
function hashFunction(
  name: string,
  algorithm: Algorithm,
): (input?: unknown, outputEncoding?: unknown) => string | ArrayBuffer {
  return (input, outputEncoding) => {
    let bytes: Uint8Array;
    try {
      bytes = binaryInput(input);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      throw new NativeError(`${name} failed: ${error.message}`);
    }
    return encodeOutput(hashOf(algorithm, bytes), outputEncoding);
  };
}

function randomBytes(size?: unknown): ArrayBuffer {
  const count = Math.trunc(Number(size));
  if (!(count >= 1)) throw new NativeError('invalid size');
  return Uint8Array.from(nodeRandomBytes(count)).buffer;
}

const FUNCTIONS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(
    [...ALGORITHMS].map(([name, algorithm]) => [name, hashFunction(name, algorithm)]),
  ),
  createHash: (algorithm?: unknown): object => hasherOf(algorithmOf(algorithm).create()),
  createHMAC,
  hexEncode: (data?: unknown): string => toHex(binaryInput(data)),
  hmac,
  randomBytes,
};

/** `k6/crypto`. The functions keep no state; the object is the VU's own. */
export function createCryptoModule(): ScriptModule {
  const named = { ...FUNCTIONS };
  return { named, default: named };
}
