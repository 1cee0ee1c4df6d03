/**
 * The lock file beside a script: which content each remote module had when it was first used. Who runs
 * the script later, here or elsewhere, runs the same code or learns that it has changed.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ExitCode, GharialError } from '../base/errors.ts';

export const LOCK_NAME = 'gharial.lock.json';
const LOCK_VERSION = 1;

/** What is known of one module. */
export interface LockedModule {
  /** Of the module's bytes, in hexadecimal. */
  readonly sha256: string;
  /** Where redirects led: what the module's own relative imports start from. */
  readonly redirectedTo?: string;
}

/** Locked modules by URL. */
export type Lock = ReadonlyMap<string, LockedModule>;

/**
 * Reads a lock file; one that does not exist is empty.
 * @throws GharialError REMOTE_LOCK if it is there and is none.
 */
export function readLock(path: string): Lock {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw lockFault(path, error instanceof Error ? error.message : String(error), error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw lockFault(path, error instanceof Error ? error.message : String(error), error);
  }
  const { version, modules } = Object(json) as { version?: unknown; modules?: unknown };
  if (version !== LOCK_VERSION) {
    throw lockFault(path, `got version ${JSON.stringify(version)}; expected ${LOCK_VERSION}`);
  }
  const entries = Object.entries(Object(modules) as Record<string, unknown>);
  return new Map(entries.map(([url, entry]) => [url, lockedModule(path, url, entry)]));
}

function lockedModule(path: string, url: string, entry: unknown): LockedModule {
  const { sha256, redirectedTo } = Object(entry) as { sha256?: unknown; redirectedTo?: unknown };
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw lockFault(path, `the entry of "${url}" has no sha256`);
  }
  if (typeof redirectedTo !== 'string') return { sha256 };
  if (!URL.canParse(redirectedTo)) {
    throw lockFault(path, `the entry of "${url}" is redirected to no URL`);
  }
  return { sha256, redirectedTo };
}

/** Writes a lock file whole or not at all, sorted by URL. Throws the system's error. */
export function writeLock(path: string, lock: Lock): void {
  const modules = Object.fromEntries([...lock].sort(([a], [b]) => (a < b ? -1 : 1)));
  replaceFile(path, `${JSON.stringify({ version: LOCK_VERSION, modules }, null, 2)}\n`);
}

/** Puts a file in the place of another in one step: nobody sees half of it. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const unfinished = `${path}.${crypto.randomUUID()}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, path);
}

function lockFault(path: string, reason: string, cause?: unknown): GharialError {
  return new GharialError('REMOTE_LOCK', `failed to read the lock file ${path}: ${reason}`, {
    exitCode: ExitCode.scriptException,
    hint: 'mend the file, or delete it: the next run writes a new one',
    cause,
  });
}
