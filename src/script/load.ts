/**
 * From what the user named on the command line to the `ScriptBundle` that workers run: find the entry
 * script, bundle it with everything it imports, make its blocking calls suspendable.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ExitCode, GharialError } from '../base/errors.ts';
import { type SuspendMode, transformProgram } from '../suspend/transform.ts';
import { BLOCKING_CALLS } from './blocking-calls.ts';
import { type BundledModule, bundleScript } from './bundle.ts';
import { schemelessMessage, WHOLE_ADDRESS_HINT } from './bundle-messages.ts';
import { type ModuleSource, NO_SOURCE } from './module-source.ts';
import { directoryOf } from './open-files.ts';
import { LOCK_NAME } from './remote-lock.ts';
import { RemoteModules, type RemoteSettings } from './remote-modules.ts';
import type { RemoteFiles, ScriptBundle, ScriptMap } from './script-bundle.ts';
import {
  formatExcerpt,
  formatPosition,
  locate,
  type SourcePosition,
  toEncodedMap,
} from './source-position.ts';
import { createUnitLookup } from './units.ts';

export interface ScriptRequest {
  /** A path (relative to `cwd` or absolute), a `file:` or `https:` URL, or `-` for standard input. */
  readonly entry: string;
  /** The script's text: needed for `-`; with a path it takes the place of that file. */
  readonly source?: string;
  /** Absolute directory that relative names start from. */
  readonly cwd: string;
  /** How functions that may block are found; default `auto`. */
  readonly suspension?: SuspendMode;
  /** How modules are had that are imported by URL; absent = not at all. */
  readonly remote?: RemoteSettings;
  /** Environment variables of proxies, for files that remote scripts open. */
  readonly proxies?: Readonly<Record<string, string>>;
}

/** A script as one program, and where it lies; not made suspendable yet. */
export interface ScriptProgram {
  readonly bundled: BundledModule;
  /** `file:` or `https:` URL of the entry script. */
  readonly entryUrl: string;
  readonly remoteFiles?: RemoteFiles;
}

/**
 * Loads a script and everything it imports.
 *
 * Errors: GharialError `SCRIPT_NOT_FOUND` (exit 255) for the entry script, and those of
 * `bundleScript` (exit 107).
 */
export async function loadScript(request: ScriptRequest): Promise<ScriptBundle> {
  const { remote } = request;
  const source = remote === undefined ? undefined : remoteSource({ ...request, remote });
  return makeSuspendable(await readProgram(request, source), request.suspension);
}

/** The remote modules of a script. */
export function remoteSource(
  request: ScriptRequest & { readonly remote: RemoteSettings },
): RemoteModules {
  return new RemoteModules(lockPathOf(request), request.remote);
}

/** Beside the script; in the working directory for a remote one. */
function lockPathOf(request: ScriptRequest): string {
  const entry = entryOf(request);
  return join(isRemote(entry) ? request.cwd : dirname(entry), LOCK_NAME);
}

/** The script and everything it imports as one program. Errors: as `loadScript`. */
export async function readProgram(
  request: ScriptRequest,
  remote: (ModuleSource & Pick<RemoteModules, 'save'>) | undefined,
): Promise<ScriptProgram> {
  const entry = entryOf(request);
  const { source: text, cwd } = request;
  if (isRemote(entry)) await (remote ?? NO_SOURCE).load(entry).catch(throwEntryFault);
  else if (text === undefined) await assertIsFile(entry, request.entry);
  const bundled = await bundleScript({ path: entry, text, cwd, source: remote });
  const warnings = [...bundled.warnings, ...(remote?.save() ?? [])];
  const entryUrl = isRemote(entry) ? entry : pathToFileURL(entry).href;
  const files = remoteFilesOf(request);
  return {
    bundled: { ...bundled, warnings },
    entryUrl,
    ...(files === undefined ? {} : { remoteFiles: files }),
  };
}

function remoteFilesOf(request: ScriptRequest): RemoteFiles | undefined {
  const { remote, proxies = {} } = request;
  if (remote === undefined) return undefined;
  const { cacheDir, updatesLock } = remote;
  return { lockPath: lockPathOf(request), cacheDir, updatesLock, proxies };
}

/** A script that cannot be had ends the run as one that is not there does. */
function throwEntryFault(error: unknown): never {
  if (!(error instanceof GharialError) || error.code !== 'SCRIPT_MODULE_REMOTE') throw error;
  const { code, message, hint, cause } = error;
  throw new GharialError(code, message, {
    exitCode: ExitCode.other,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Makes the blocking calls of a program suspendable: what workers run. Error: `SCRIPT_SYNTAX`. */
export function makeSuspendable(
  { bundled, entryUrl, remoteFiles }: ScriptProgram,
  suspension: SuspendMode = 'auto',
): ScriptBundle {
  const globalNames = globalNamesFor(bundled.code);
  const program = transform(bundled, globalNames, suspension);
  return {
    code: program.code,
    map: program.map,
    fileName: PROGRAM_NAME,
    entryUrl,
    entryDir: directoryOf(entryUrl),
    entryFormat: bundled.entryFormat,
    globalNames,
    suspends: program.suspends,
    usesPromises: program.usesPromises,
    hasTopLevelAwait: program.hasTopLevelAwait,
    looksAtPrototypes: looksAtPrototypes(bundled.code),
    modules: bundled.modules,
    sources: bundled.sources,
    warnings: bundled.warnings,
    ...(remoteFiles === undefined ? {} : { remoteFiles }),
  };
}

/** How the bundler shortens natives for its own helpers: `var __hasOwnProp = Object.prototype.hasOwnProperty;`. */
const HELPER_ALIAS = /^var __\w+ = Object\.[\w.]+;$/gm;

function looksAtPrototypes(code: string): boolean {
  return /\bprototype|\b__proto__|PrototypeOf\b|\bhasOwn|\bgetOwnProp/.test(
    code.replace(HELPER_ALIAS, ''),
  );
}

/** What raw stack frames of the program are called; no file can have this name. */
const PROGRAM_NAME = 'gharial:script';

/**
 * The globals that a program gets as variables: what every VU has its own of and scripts read often.
 * All other globals are looked up on the VU's global object at each use.
 */
function globalNamesFor(code: string): string[] {
  // The first one is where the program looks up all others.
  const often = ['console', '__ENV', '__VU'].filter((name) => code.includes(name));
  const names = ['globalThis', ...often];
  // A VU needs a Math of its own only if it can seed it.
  if (code.includes('randomSeed')) names.push('Math');
  return names;
}

function transform(
  { code, map, sources }: BundledModule,
  instanceGlobals: readonly string[],
  mode: SuspendMode,
): Pick<ScriptBundle, 'code' | 'map' | 'suspends' | 'usesPromises' | 'hasTopLevelAwait'> {
  try {
    const output = transformProgram({
      code,
      fileName: PROGRAM_NAME,
      map: toEncodedMap(map),
      blocking: BLOCKING_CALLS,
      mode,
      unitAt: createUnitLookup(code, map),
      instanceGlobals,
    });
    const { names, mappings } = output.map;
    const urls = output.map.sources.map((source) => source ?? '');
    return { ...output, map: { version: 3, sources: urls, names, mappings } };
  } catch (error) {
    throw syntaxErrorOf(error, map, sources);
  }
}

/** What the bundler lets pass and the transform's parser does not; anything else is a bug of ours. */
function syntaxErrorOf(error: unknown, map: ScriptMap, sources: ScriptBundle['sources']): unknown {
  if (!(error instanceof SyntaxError) || !('loc' in error)) return error;
  const { line, column } = error.loc as { line: number; column: number }; // acorn's: column from 0
  const position = locate(map, line, column + 1);
  // acorn appends the position in the program, which means nothing to the user.
  const what = `SyntaxError: ${error.message.replace(/ \(\d+:\d+\)$/, '')}`;
  const message = position === undefined ? what : `${what} ${placeOf(position, sources)}`;
  return new GharialError('SCRIPT_SYNTAX', message, {
    exitCode: ExitCode.scriptException,
    cause: error,
  });
}

/** `at file:…:3:5` and the line itself. */
function placeOf(position: SourcePosition, sources: ScriptBundle['sources']): string {
  const excerpt = formatExcerpt(sources[position.url] ?? '', position.line, position.column);
  return `at ${formatPosition(position)}\n${excerpt}`;
}

/** The absolute path of the entry script, or its URL if it is remote. */
function entryOf({ entry, source, cwd }: ScriptRequest): string {
  if (entry === '-') {
    if (source === undefined) throw new Error('a script from standard input needs its text');
    return resolve(cwd, '-');
  }
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(entry) ?? [];
  if (scheme === undefined) return resolve(cwd, entry);
  if (scheme.toLowerCase() === 'file') {
    try {
      return fileURLToPath(entry);
    } catch (cause) {
      throw notFound(
        `The script "${entry}" can't be read: it is no file URL of this machine`,
        cause,
      );
    }
  }
  if (scheme.toLowerCase() === 'https' && URL.canParse(entry)) return new URL(entry).href;
  throw new GharialError(
    'SCRIPT_NOT_FOUND',
    `The script "${entry}" can't be read: only supported schemes are file and https`,
    { hint: 'download it first and give its path, or pipe it in: gharial run -' },
  );
}

function isRemote(entry: string): boolean {
  return entry.startsWith('https:');
}

async function assertIsFile(path: string, entry: string): Promise<void> {
  const stats = await stat(path).catch((cause: unknown) => {
    const schemeless = schemelessMessage(entry);
    if (schemeless !== undefined) throw notFound(schemeless, cause, WHOLE_ADDRESS_HINT);
    throw notFound(
      `The moduleSpecifier "${entry}" couldn't be found on local disk. ` +
        `Make sure that you've specified the right path to the file: there is no "${path}"`,
      cause,
    );
  });
  if (stats.isDirectory()) throw notFound(`The script "${entry}" is a directory: "${path}"`);
}

function notFound(message: string, cause?: unknown, hint?: string): GharialError {
  const facets = { exitCode: ExitCode.other, cause };
  return new GharialError(
    'SCRIPT_NOT_FOUND',
    message,
    hint === undefined ? facets : { ...facets, hint },
  );
}
