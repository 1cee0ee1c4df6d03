/** The module `k6/experimental/csv`: whole files as shared arrays, or record by record. */
import { CsvError, type CsvOptions, CsvReader, type CsvRecord } from './csv-reader.ts';
import { bytesOfFile, type ScriptFile } from './fs.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { NativeError } from './script-error.ts';
import { buildRows } from './shared-rows.ts';

/** Names that no script can give a SharedArray by accident. */
const ARRAY_PREFIX = 'k6/experimental/csv\0';

interface Source {
  readonly file: ScriptFile;
  readonly bytes: Uint8Array;
  readonly options: CsvOptions;
}

function sourceOf(what: string, file: unknown, options: unknown): Source {
  if (file === undefined || file === null) {
    throw new NativeError(`${what}: the first argument cannot be null or undefined`);
  }
  const bytes = bytesOfFile(file);
  if (bytes === undefined) {
    throw new NativeError(`${what}: the first argument must be a file of k6/experimental/fs`);
  }
  return { file: file as ScriptFile, bytes, options: parseOptions(what, options) }; // has bytes
}

function parseOptions(what: string, options: unknown): CsvOptions {
  const given = typeof options === 'object' && options !== null ? options : {};
  if (options !== undefined && options !== null && typeof options !== 'object') {
    throw new NativeError(`${what}: the options must be an object`);
  }
  const field = (name: string): unknown => Reflect.get(given, name) ?? undefined;
  const delimiter = field('delimiter') === undefined ? ',' : String(field('delimiter'));
  if (!/^[\0-\x7f]$/.test(delimiter) || /["\r\n]/.test(delimiter)) {
    throw new NativeError(`${what}: the delimiter must be a single ASCII character`);
  }
  const fromLine = lineNumber(what, 'fromLine', field('fromLine')) ?? 0;
  const toLine = lineNumber(what, 'toLine', field('toLine'));
  if (toLine !== undefined && fromLine > toLine) {
    throw new NativeError(`${what}: fromLine must be less than or equal to toLine`);
  }
  const skipFirstLine = Boolean(field('skipFirstLine'));
  const asObjects = Boolean(field('asObjects'));
  if (asObjects && skipFirstLine) {
    throw new NativeError(`${what}: asObjects needs the first line: skipFirstLine must not be set`);
  }
  if (asObjects && fromLine > 0) {
    throw new NativeError(`${what}: asObjects needs the first line: fromLine must be 0`);
  }
  return { delimiter, skipFirstLine, fromLine, toLine, asObjects };
}

function lineNumber(what: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const line = Number(value);
  if (Number.isInteger(line) && line >= 0) return line;
  throw new NativeError(`${what}: ${name} must be a whole number of at least 0`);
}

function asNative<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof CsvError ? new NativeError(`${what}: ${error.message}`) : error;
  }
}

/** `k6/experimental/csv` bound to one VU. */
export function createCsvModule(host: VuHost): ScriptModule {
  /** All records as an array that VUs share; parsed in the first init run of the process only. */
  const parse = async (file?: unknown, options?: unknown): Promise<readonly unknown[]> => {
    const what = 'csv parse';
    if (host.phase !== 'init') {
      throw new NativeError('csv parse function must be called in the init context');
    }
    const source = sourceOf(what, file, options);
    const name = `${ARRAY_PREFIX}${source.file.path}\0${JSON.stringify(source.options)}`;
    return host.sharedArrays.take(name, () =>
      asNative(what, () => buildRows(new CsvReader(source.bytes, source.options))),
    );
  };

  /** One record at a time; every VU has a position of its own. */
  class Parser {
    readonly #reader: CsvReader;

    constructor(file?: unknown, options?: unknown) {
      const what = 'csv Parser';
      if (host.phase !== 'init') {
        throw new NativeError('csv Parser constructor must be called in the init context');
      }
      const source = sourceOf(what, file, options);
      this.#reader = asNative(what, () => new CsvReader(source.bytes, source.options));
    }

    async next(): Promise<{ done: boolean; value: CsvRecord }> {
      const value = asNative('csv Parser', () => this.#reader.next());
      return value === undefined ? { done: true, value: [] } : { done: false, value };
    }
  }
  const named = { parse, Parser };
  return { named, default: named };
}
