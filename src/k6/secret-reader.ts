/**
 * The values behind `k6/secrets`, and their look-up. Whoever hands one out is told, so that no log line
 * shows it.
 */
import { NativeError } from './script-error.ts';

/** One source, read completely before the run. */
export interface SecretSource {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/** All sources of a run; plain data. */
export interface SecretSources {
  readonly sources: readonly SecretSource[];
  /** The one that `get` asks; undefined if it cannot be told. */
  readonly defaultName: string | undefined;
}

export const NO_SECRETS: SecretSources = { sources: [], defaultName: undefined };

/** Looks secrets up. Both methods throw NativeError with k6's texts. */
export interface SecretReader {
  assertSource(name: string): void;
  /** @param sourceName undefined = the default source. */
  read(sourceName: string | undefined, key: string): string;
}

/**
 * Makes the look-up of one thread.
 *
 * @param onRead hears each value before the script has it, once.
 */
export function createSecretReader(
  { sources, defaultName }: SecretSources,
  onRead: (value: string) => void,
): SecretReader {
  const told = new Set<string>();
  const find = (name: string): SecretSource => {
    if (sources.length === 0) throw new NativeError('no secret sources are configured');
    const source = sources.find((candidate) => candidate.name === name);
    if (source === undefined) {
      throw new NativeError(`no secret source with name "${name}" is configured`);
    }
    return source;
  };
  const defaultSource = (): SecretSource => {
    if (sources.length > 0 && defaultName === undefined) {
      throw new NativeError('no default secret source is configured');
    }
    return find(defaultName ?? '');
  };
  return {
    assertSource(name) {
      find(name);
    },
    read(sourceName, key) {
      const { values } = sourceName === undefined ? defaultSource() : find(sourceName);
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value === undefined) throw new NativeError('no value');
      if (!told.has(value)) {
        told.add(value);
        onRead(value);
      }
      return value;
    },
  };
}
