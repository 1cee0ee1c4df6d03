/** Makes an archive: the test as one file, for `gharial run` on another machine, and for k6. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { K6_LAYOUT_VERSION, VERSION } from '../base/version.ts';
import {
  anonymousUrl,
  ENTRY,
  FORMAT,
  METADATA,
  memberName,
  memberNameOf,
} from './archive-layout.ts';
import { builtInModule } from './jslib/jslib.ts';
import type { ScriptProgram } from './load.ts';
import type { OpenedFiles } from './open-files.ts';
import type { RemoteModules } from './remote-modules.ts';
import { type TarEntry, writeTar } from './tar.ts';

export interface ArchiveContent {
  readonly program: ScriptProgram;
  /** Text of the entry script if it is not to be read from its file. */
  readonly entryText: string | undefined;
  /** Remote modules and files of the program. */
  readonly remote: Pick<RemoteModules, 'load' | 'loadFile'>;
  /** What the init code opened. */
  readonly files: OpenedFiles;
  /** The consolidated options, as JSON. */
  readonly options: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly compatibilityMode: string;
  readonly os: string;
}

/**
 * The archive's bytes. They hold the program as it was bundled, which gharial runs, and all files it was
 * made of, which k6 reads. Names of home folders are left out.
 * Errors: those of the system for a file that has gone since it was read.
 */
export async function writeArchive(content: ArchiveContent): Promise<Uint8Array> {
  const { program, files, options, env, compatibilityMode, os } = content;
  const { code, map, entryFormat, modules } = program.bundled;
  const filename = anonymousUrl(program.entryUrl);
  const metadata = {
    type: 'js',
    options,
    filename,
    pwd: new URL('.', filename).href,
    env,
    compatibilityMode,
    // Without a version, k6 takes it for an archive of its early days, with other paths.
    k6version: K6_LAYOUT_VERSION,
    goos: os,
    // What k6 would need beyond itself: extensions, which a script of gharial's cannot import.
    dependencies: {},
    gharial: {
      format: FORMAT,
      version: VERSION,
      program: {
        code,
        map: { ...map, sources: map.sources.map(anonymousUrl) },
        entryFormat,
        modules,
      },
    },
  };
  const members = new Map<string, TarEntry>();
  const add = (entry: TarEntry): void => {
    if (!members.has(entry.name)) members.set(entry.name, entry);
  };
  add({ name: METADATA, content: Buffer.from(JSON.stringify(metadata, null, 2)) });
  add({ name: ENTRY, content: await inputBytes(program.entryUrl, content) });
  add({ name: memberName(program.entryUrl), linkTo: ENTRY });
  for (const url of [...program.bundled.inputs].sort()) {
    if (members.has(memberName(url))) continue;
    add({ name: memberName(url), content: await inputBytes(url, content) });
  }
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isMissing = bytes !== undefined && !(bytes instanceof SharedArrayBuffer);
    if (isMissing) continue; // it was not there, and is not in the archive
    const opened = bytes === undefined ? await fileBytes(path, content) : new Uint8Array(bytes);
    add({ name: memberNameOf(path), content: opened });
  }
  return writeTar([...members.values()]);
}

async function inputBytes(url: string, content: ArchiveContent): Promise<Uint8Array> {
  const { program, entryText, remote } = content;
  if (url === program.entryUrl && entryText !== undefined) return Buffer.from(entryText);
  if (url.startsWith('file:')) return readFileSync(fileURLToPath(url));
  return Buffer.from((await builtInModule(url)) ?? (await remote.load(url)).text);
}

/** A file that was not kept once it had been read. */
async function fileBytes(path: string, { remote }: ArchiveContent): Promise<Uint8Array> {
  return path.startsWith('https:') ? (await remote.loadFile(path)).body : readFileSync(path);
}
