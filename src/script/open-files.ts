/**
 * Files that a script reads with `open()` in its init code.
 *
 * The first init run (`__VU` 0) reads the disk and records what it read; every other run only looks
 * that record up, so that all virtual users see the same bytes and no worker touches the disk.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import { memberNameOf } from './archive-layout.ts';
import type { ScriptBundle } from './script-bundle.ts';

/** Why a file could not be read. */
export interface OpenFailure {
  readonly message: string;
  /** The system's: `ENOENT`; '' if it was not the system's fault. */
  readonly code: string;
}

/**
 * Bytes by absolute path, or by `https:` URL for files of remote scripts. Shared between threads when posted, never written to after recording.
 * undefined: opened while a SharedArray was being built, whose rows stand for it from then on; whoever
 * opens it all the same reads it again. Of a failure every run is told.
 */
export type OpenedFiles = ReadonlyMap<string, SharedArrayBuffer | OpenFailure | undefined>;

/** A file of the script: its path or URL, and its bytes, which nobody may write to. */
export interface ScriptFile {
  readonly path: string;
  readonly bytes: SharedArrayBuffer;
}

/**
 * The bytes of a file without a copy; `path` as for `open()`. Errors: as `OpenFile`; the `cause` is
 * the system's error, if there is one.
 */
export type ReadFile = (path: unknown, fromDir: string) => ScriptFile;

/**
 * `open(path, mode)` for code in a file of `fromDir`. Mode `b` gives a fresh ArrayBuffer, anything
 * else the text decoded as UTF-8 (one string per path, shared by all callers).
 *
 * Errors: GharialError `SCRIPT_OPEN` with k6's text; the caller turns it into the script's error type.
 */
export type OpenFile = (path: unknown, mode: unknown, fromDir: string) => string | ArrayBuffer;

export interface FileRecorder {
  readonly open: OpenFile;
  readonly read: ReadFile;
  /** Runs something whose files are not kept: they are needed once, to build a SharedArray. */
  readonly passing: <T>(build: () => T) => T;
  /** What was read so far; grows with every call of `open`. */
  readonly files: OpenedFiles;
}

/** Gets the bytes of a file by its absolute path or URL. @throws GharialError SCRIPT_OPEN */
export type ReadBytes = (absolutePath: string) => SharedArrayBuffer;

/** Reads from an archive if there is one, else from disk and, by `readRemote`, from the network. */
export function createReadBytes(
  archived: ScriptBundle['archivedFiles'],
  readRemote: ReadBytes,
): ReadBytes {
  if (archived === undefined) {
    return (path) => (isRemote(path) ? readRemote(path) : readShared(path));
  }
  return (path) => {
    const bytes = archived.get(memberNameOf(path));
    if (bytes === undefined) {
      throw recordedError({ message: `stat ${path}: no such file or directory`, code: 'ENOENT' });
    }
    return bytes;
  };
}

/** What relative names in a script file start from: its directory, or that of its URL. */
export function directoryOf(url: string): string {
  return url.startsWith('file:') ? dirname(fileURLToPath(url)) : new URL('.', url).href;
}

/** True for a name that means different files in different directories. */
export function isRelative(path: unknown): boolean {
  return !/^(?:\/|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]+:\/\/)/.test(String(path));
}

function isRemote(path: string): boolean {
  return path.startsWith('https:');
}

/** Opens files and remembers them: for the first init run. */
export function createFileRecorder(readBytes: ReadBytes = readShared): FileRecorder {
  const files = new Map<string, SharedArrayBuffer | OpenFailure | undefined>();
  let isPassing = false;
  const bytesOf = (path: string): SharedArrayBuffer => {
    const known = files.get(path);
    if (known instanceof SharedArrayBuffer) return known;
    try {
      const bytes = readBytes(path);
      files.set(path, isPassing ? undefined : bytes);
      return bytes;
    } catch (error) {
      if (error instanceof GharialError) {
        files.set(path, { message: error.message, code: systemCodeOf(error.cause) });
      }
      throw error;
    }
  };
  return {
    open: createOpen(bytesOf, () => !isPassing),
    read: createRead(bytesOf),
    passing(build) {
      const outer = isPassing;
      isPassing = true;
      try {
        return build();
      } finally {
        isPassing = outer;
      }
    },
    files,
  };
}

/** Opens recorded files only: for every init run but the first. */
export function createFileLookup(files: OpenedFiles, readBytes: ReadBytes = readShared): OpenFile {
  return createOpen(
    (path) => recordedBytes(files, path, readBytes),
    () => true,
  );
}

/** Reads recorded files only. */
export function createFileReader(files: OpenedFiles, readBytes: ReadBytes = readShared): ReadFile {
  return createRead((path) => recordedBytes(files, path, readBytes));
}

function recordedBytes(files: OpenedFiles, path: string, readBytes: ReadBytes): SharedArrayBuffer {
  const known = files.get(path);
  if (known instanceof SharedArrayBuffer) return known;
  if (known !== undefined) throw recordedError(known);
  if (files.has(path)) return readBytes(path);
  throw openError(
    "open() can't be used with files that weren't previously opened during initialization " +
      `(__VU==0), path: "${path}"`,
  );
}

/**
 * The absolute path that `open(path)` means in a file of `fromDir`; a URL if that is one.
 * Errors: `SCRIPT_OPEN` for an empty name, and for local files in remote scripts.
 */
export function resolveOpenPath(path: unknown, fromDir: string): string {
  const name = path === undefined || path === null ? '' : String(path);
  if (name === '') throw openError("open() can't be used with an empty filename");
  if (isRemote(fromDir)) return resolveRemote(name, fromDir);
  // Absolute on Windows, and in archives from there.
  if (/^[A-Za-z]:[\\/]/.test(name)) return name;
  if (!name.startsWith('file://')) return resolve(fromDir, name);
  try {
    return fileURLToPath(name);
  } catch (cause) {
    throw openError(
      `open() can't be used with "${name}": it is not a file URL of this machine`,
      cause,
    );
  }
}

function resolveRemote(name: string, fromDir: string): string {
  const url = URL.canParse(name, fromDir) ? new URL(name, fromDir) : undefined;
  if (url?.protocol === 'https:') return url.href;
  throw openError(`origin (${fromDir}) not allowed to load local file: ${name}`);
}

function createRead(bytesOf: (absolutePath: string) => SharedArrayBuffer): ReadFile {
  return (path, fromDir) => {
    const absolutePath = resolveOpenPath(path, fromDir);
    return { path: absolutePath, bytes: bytesOf(absolutePath) };
  };
}

function createOpen(
  bytesOf: (absolutePath: string) => SharedArrayBuffer,
  keepsText: () => boolean,
): OpenFile {
  const texts = new Map<string, string>();
  return (path, mode, fromDir) => {
    const absolutePath = resolveOpenPath(path, fromDir);
    const bytes = bytesOf(absolutePath);
    if (mode === 'b') return copyOf(bytes);
    let text = texts.get(absolutePath);
    if (text === undefined) {
      // Buffer's decoder keeps a byte order mark, as k6 does.
      text = Buffer.from(bytes).toString('utf8');
      if (keepsText()) texts.set(absolutePath, text);
    }
    return text;
  };
}

function copyOf(bytes: SharedArrayBuffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(new Uint8Array(bytes));
  return copy;
}

/** Reads into shared memory at once, so that a large file is never there twice. */
function readShared(path: string): SharedArrayBuffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { size } = fstatSync(descriptor);
    if (size === 0) return sharedCopyOf(readFileSync(descriptor)); // pipes and devices tell no size
    const bytes = new SharedArrayBuffer(size);
    const view = new Uint8Array(bytes);
    let filled = 0;
    while (filled < size) {
      const count = readSync(descriptor, view, filled, size - filled, null);
      if (count === 0) return sharedCopyOf(view.subarray(0, filled)); // it has become shorter
      filled += count;
    }
    return bytes;
  } catch (cause) {
    throw openError(describeReadFailure(path, cause), cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function sharedCopyOf(content: Uint8Array): SharedArrayBuffer {
  const bytes = new SharedArrayBuffer(content.byteLength);
  new Uint8Array(bytes).set(content);
  return bytes;
}

function describeReadFailure(path: string, cause: unknown): string {
  const code = systemCodeOf(cause);
  if (code === 'ENOENT') return `stat ${path}: no such file or directory`;
  if (code === 'EISDIR') return `open() can't be used with directories, path: "${path}"`;
  if (code === 'ENOTDIR') return `stat ${path}: not a directory`;
  return reasonOf(cause, path);
}

function systemCodeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

/** An error like the first one, which another thread may have got. */
function recordedError({ message, code }: OpenFailure): GharialError {
  return openError(message, code === '' ? undefined : Object.assign(new Error(message), { code }));
}

export function openError(message: string, cause?: unknown): GharialError {
  return new GharialError('SCRIPT_OPEN', message, { exitCode: ExitCode.scriptException, cause });
}
