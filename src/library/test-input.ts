/** From the test as the user named it to what a run is made of: the script or archive, and `__ENV`. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { GharialError } from '../base/errors.ts';
import { parseEnvPair } from '../options/special-kinds.ts';
import type { RunSettings } from '../options/values.ts';
import { openArchive, type TestArchive } from '../script/archive-reader.ts';
import { loadScript, type ScriptRequest } from '../script/load.ts';
import { createRemoteFetch } from '../script/remote-fetch.ts';
import type { RemoteSettings } from '../script/remote-modules.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import { isTar } from '../script/tar.ts';
import { LoadActivity } from './load-activity.ts';

/** Where a test is run from: what relative paths start at, and the variables that settings are read from. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `__ENV`: the process's environment unless it is left out, then `-e`. */
export function scriptEnv(settings: RunSettings, context: Surroundings): Record<string, string> {
  const env: Record<string, string> = {};
  if (settings.includeSystemEnvVars) {
    for (const [name, value] of Object.entries(context.env)) {
      if (value !== undefined) env[name] = value;
    }
  }
  for (const pair of settings.env) {
    const [name, value] = parseEnvPair(pair);
    env[name] = value;
  }
  return env;
}

/** A test as the user named it: a script or an archive. */
export interface TestInput {
  readonly bundle: Promise<ScriptBundle>;
  /** What stands for the script's options: an archive's, as JSON. */
  readonly archivedOptions: unknown;
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>;
  /** What loading waits for now. */
  activity(): string;
}

/** Which test: a path, a `file:` URL or `-`, or a script's text with the path it would have. */
export interface TestName {
  readonly script: string;
  readonly source?: string | undefined;
}

/**
 * Opens the test and begins to load it.
 * @throws GharialError ARCHIVE_INVALID, or OPTION_INVALID for a `--type` that there is not.
 */
export function openTest(
  { script, source }: TestName,
  settings: RunSettings,
  context: Surroundings,
): TestInput {
  const env = scriptEnv(settings, context);
  const activity = new LoadActivity(script);
  const { archive, text } =
    source === undefined
      ? readTest(script, settings, context)
      : { archive: undefined, text: source };
  if (archive !== undefined) {
    return {
      bundle: archive.load(settings.suspend),
      archivedOptions: archive.options,
      env: { ...archive.env, ...env },
      activity: () => activity.text,
    };
  }
  const request = scriptRequest(script, text, settings, context);
  const { remote } = request;
  const bundle = loadScript({
    ...request,
    remote: { ...remote, fetch: activity.watch(remote.fetch) },
  });
  return { bundle, archivedOptions: undefined, env, activity: () => activity.text };
}

/** How to load a script that is no archive; `text` if it came from standard input. */
export function scriptRequest(
  script: string,
  text: string | undefined,
  settings: RunSettings,
  { cwd, env }: Surroundings,
): ScriptRequest & { readonly remote: RemoteSettings } {
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] ?? homedir(), '.cache');
  return {
    entry: script,
    cwd,
    suspension: settings.suspend,
    remote: {
      cacheDir: join(cache, 'gharial', 'modules'),
      updatesLock: settings.updateLock,
      fetch: createRemoteFetch(env),
    },
    ...(text === undefined ? {} : { source: text }),
  };
}

/** The archive, if it is one; the text, if it is a script from standard input (`-`). */
export function readTest(
  script: string,
  { type }: RunSettings,
  { cwd }: Surroundings,
): { readonly archive: TestArchive | undefined; readonly text: string | undefined } {
  if (!['', 'js', 'archive'].includes(type)) {
    throw new GharialError(
      'OPTION_INVALID',
      `unknown or unspecified test type '${type}' for '${script}'`,
    );
  }
  if (script === '-') {
    const bytes = readFileSync(0);
    const isArchive = type === 'archive' || (type === '' && isTar(bytes));
    return isArchive
      ? { archive: openArchive(bytes, script), text: undefined }
      : { archive: undefined, text: bytes.toString('utf8') };
  }
  const path = script.startsWith('file://') ? new URL(script) : resolve(cwd, script);
  const isArchive = type === 'archive' ? existsSync(path) : type === '' && beginsAsTar(path);
  const archive = isArchive ? openArchive(readFileSync(path), script) : undefined;
  return { archive, text: undefined };
}

function beginsAsTar(path: string | URL): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false; // whoever loads the script says what is wrong
  }
  try {
    if (!fstatSync(file).isFile()) return false;
    const start = Buffer.alloc(512);
    return isTar(start.subarray(0, readSync(file, start, 0, start.length, 0)));
  } finally {
    closeSync(file);
  }
}
