/**
 * The module `k6/experimental/fs`: files opened in the init context, read by position.
 *
 * The bytes are shared by all VUs; a File only has a position of its own. Everything is in memory by
 * then, so the promises are settled when the script gets them and nothing has to hold the iteration.
 */
import { basename } from 'node:path';
import { GharialError } from '../base/errors.ts';
import type { ScriptModule, VuHost } from './host.ts';

const SeekMode = { Start: 0, Current: 1, End: 2 } as const;

/** What k6's file promises reject with. */
class FsError extends Error {
  constructor(name: string, message: string) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, enumerable: true, configurable: true });
  }
}

let readBytes: (file: ScriptFile) => Uint8Array;

/** An open file. */
export class ScriptFile {
  readonly path: string;
  readonly #bytes: Uint8Array;
  #position = 0;

  static {
    readBytes = (file) => file.#bytes;
  }

  constructor(path: string, bytes: Uint8Array) {
    this.path = path;
    this.#bytes = bytes;
  }

  /** Fills the array from the position on; resolves the number of bytes, null at the end of the file. */
  async read(into?: unknown): Promise<number | null> {
    if (into === undefined || into === null) {
      throw new FsError(
        'TypeError',
        'read() failed; reason: into argument cannot be null or undefined',
      );
    }
    if (!(into instanceof Uint8Array)) {
      throw new FsError('TypeError', 'read() failed; reason: into argument must be a Uint8Array');
    }
    const rest = this.#bytes.subarray(this.#position);
    if (rest.length === 0) return null;
    const part = rest.subarray(0, into.length);
    into.set(part);
    this.#position += part.length;
    return part.length;
  }

  /** Moves the position; resolves the new one. */
  async seek(offset?: unknown, whence?: unknown): Promise<number> {
    const target = this.#base(whence) + integerArgument('offset', offset);
    if (target < 0 || target > this.#bytes.length) {
      throw new FsError(
        'TypeError',
        `seek() failed; reason: offset is out of the bounds of the file: ${target}`,
      );
    }
    this.#position = target;
    return target;
  }

  async stat(): Promise<{ name: string; size: number }> {
    return { name: basename(this.path), size: this.#bytes.length };
  }

  #base(whence: unknown): number {
    switch (integerArgument('whence', whence)) {
      case SeekMode.Start:
        return 0;
      case SeekMode.Current:
        return this.#position;
      case SeekMode.End:
        return this.#bytes.length;
      default:
        throw new FsError('TypeError', 'seek() failed; reason: whence is not a SeekMode');
    }
  }
}

function integerArgument(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const reason =
    value === undefined || value === null
      ? `the ${name} argument cannot be null or undefined`
      : `the ${name} argument must be an integer`;
  throw new FsError('TypeError', `seek() failed; reason: ${reason}`);
}

/** The bytes of a File, borrowed and shared: not to be written to. undefined for anything else. */
export function bytesOfFile(value: unknown): Uint8Array | undefined {
  return value instanceof ScriptFile ? readBytes(value) : undefined;
}

/** The errors of `open()` as k6 names them. */
function openFailure(error: unknown, path: string): unknown {
  if (!(error instanceof GharialError)) return error;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return new FsError('NotFoundError', `no such file or directory "${path}"`);
  if (code === 'EISDIR') {
    return new FsError(
      'InvalidResourceError',
      `cannot open "${path}": opening a directory is not supported`,
    );
  }
  return new FsError('InvalidResourceError', `cannot open "${path}": ${error.message}`);
}

/** `k6/experimental/fs` bound to one VU. */
export function createFsModule(host: VuHost): ScriptModule {
  const open = async (path?: unknown): Promise<ScriptFile> => {
    if (host.phase !== 'init') {
      throw new FsError(
        'ForbiddenError',
        'open() failed; reason: opening a file is allowed only in the Init context',
      );
    }
    if (path === undefined || path === null) {
      throw new FsError('TypeError', 'open() failed; reason: path cannot be null or undefined');
    }
    const name = String(path);
    if (name === '') throw new FsError('TypeError', 'open() failed; reason: path cannot be empty');
    try {
      const file = host.readFile(name);
      return new ScriptFile(file.path, new Uint8Array(file.bytes));
    } catch (error) {
      throw openFailure(error, name);
    }
  };
  const named = { open, SeekMode: { ...SeekMode } };
  return { named, default: named };
}
