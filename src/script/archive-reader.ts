/** Reads an archive of a test, gharial's or k6's. Nothing but the archive is read to run it. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ExitCode, GharialError } from '../base/errors.ts';
import type { SuspendMode } from '../suspend/transform.ts';
import { ENTRY, FORMAT, METADATA, memberName } from './archive-layout.ts';
import { bundleScript } from './bundle.ts';
import { makeSuspendable, type ScriptProgram } from './load.ts';
import type { LoadedModule, ModuleSource } from './module-source.ts';
import type { ScriptBundle, ScriptMap } from './script-bundle.ts';
import { readTar, TarError } from './tar.ts';

type Members = ReadonlyMap<string, Uint8Array>;
type Json = Readonly<Record<string, unknown>>;

export interface TestArchive {
  /** What stands for the script's exported options, as JSON. */
  readonly options: unknown;
  readonly env: Readonly<Record<string, string>>;
  /**
   * The script. Errors: GharialError ARCHIVE_INVALID, and those of `bundleScript` for an archive of
   * k6's, which holds sources only.
   */
  load(suspension: SuspendMode): Promise<ScriptBundle>;
}

/**
 * Opens an archive.
 * @param name what the user calls it, for messages.
 * @throws GharialError ARCHIVE_INVALID
 */
export function openArchive(bytes: Uint8Array, name: string): TestArchive {
  const members = membersOf(bytes, name);
  const metadata = metadataOf(members, name);
  const { type, options, env, filename, gharial } = metadata;
  if (type !== 'js') throw invalid(name, `it holds a test of type ${JSON.stringify(type)}`);
  const entryUrl = entryUrlOf(filename, name);
  return {
    options: withoutNulls(options),
    env: textsOf(env),
    async load(suspension) {
      const program =
        gharial === undefined
          ? await bundleMembers(members, entryUrl, name)
          : storedProgram(record(gharial), members, entryUrl, name);
      return { ...makeSuspendable(program, suspension), archivedFiles: filesOf(members) };
    },
  };
}

function membersOf(bytes: Uint8Array, name: string): Members {
  try {
    return readTar(bytes);
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw invalid(name, error.message, error);
  }
}

function metadataOf(members: Members, name: string): Json {
  const bytes = members.get(METADATA);
  if (bytes === undefined) throw invalid(name, `it has no ${METADATA}`);
  try {
    return record(JSON.parse(textOf(bytes)));
  } catch (error) {
    throw invalid(name, `its ${METADATA} is no JSON: ${(error as Error).message}`, error);
  }
}

function entryUrlOf(filename: unknown, name: string): string {
  if (typeof filename === 'string') {
    if (filename.startsWith('/')) return pathToFileURL(filename).href;
    if (/^(?:file:\/\/\/|https:\/\/)/.test(filename)) return new URL(filename).href;
  }
  throw invalid(name, `its script has neither a path nor a URL: ${JSON.stringify(filename)}`);
}

/** k6 writes every option, those that are not set as null. */
function withoutNulls(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function textsOf(env: unknown): Record<string, string> {
  const entries = Object.entries(record(env));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** For `open()`, by member name: shared memory, so that all threads have them once. */
function filesOf(members: Members): ReadonlyMap<string, SharedArrayBuffer> {
  const files = new Map<string, SharedArrayBuffer>();
  for (const [name, bytes] of members) {
    if (name === METADATA || name === ENTRY) continue;
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    files.set(name, shared);
  }
  return files;
}

// --- gharial's archives: the program is in the metadata ---

function storedProgram(
  { format, version, program }: Json,
  members: Members,
  entryUrl: string,
  name: string,
): ScriptProgram {
  if (format !== FORMAT) {
    throw invalid(name, `it was made by gharial ${String(version)}, in a format that is not known`);
  }
  const { code, map, entryFormat, modules } = record(program);
  if (
    typeof code !== 'string' ||
    !isMap(map) ||
    !isTexts(modules) ||
    (entryFormat !== 'esm' && entryFormat !== 'commonjs')
  ) {
    throw invalid(name, 'its program is damaged');
  }
  const sources = Object.fromEntries(
    map.sources.map((url) => [url, textOf(members.get(memberName(url)) ?? new Uint8Array())]),
  );
  return {
    bundled: { code, map, entryFormat, modules, sources, inputs: map.sources, warnings: [] },
    entryUrl,
  };
}

function isMap(map: unknown): map is ScriptMap {
  const { version, sources, names, mappings } = record(map);
  return version === 3 && isTexts(sources) && isTexts(names) && typeof mappings === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

// --- k6's archives: the program is made of the sources in them ---

async function bundleMembers(
  members: Members,
  entryUrl: string,
  name: string,
): Promise<ScriptProgram> {
  const entry = members.get(ENTRY);
  if (entry === undefined) throw invalid(name, `it has no ${ENTRY}`);
  const isLocal = entryUrl.startsWith('file:');
  const bundled = await bundleScript({
    path: isLocal ? fileURLToPath(entryUrl) : entryUrl,
    ...(isLocal ? { text: textOf(entry) } : {}),
    cwd: '/',
    source: new ArchivedModules(new Map([...members, [memberName(entryUrl), entry]])),
  });
  return { bundled, entryUrl };
}

class ArchivedModules implements ModuleSource {
  readonly hasFiles = true;
  readonly #members: Members;

  constructor(members: Members) {
    this.#members = members;
  }

  async load(url: string): Promise<LoadedModule> {
    const bytes = this.#members.get(memberName(url));
    if (bytes !== undefined) return { text: textOf(bytes), baseUrl: url };
    throw new GharialError(
      'SCRIPT_MODULE_NOT_FOUND',
      `The moduleSpecifier "${url}" couldn't be retrieved from the resolved url "${url}". ` +
        'Error : "it is not in the archive"',
      { exitCode: ExitCode.scriptException },
    );
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function invalid(name: string, reason: string, cause?: unknown): GharialError {
  return new GharialError('ARCHIVE_INVALID', `failed to read the archive "${name}": ${reason}`, {
    cause,
  });
}
