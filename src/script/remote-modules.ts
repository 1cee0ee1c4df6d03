/**
 * Modules that scripts import by `https:`: fetched once, kept in a cache on disk by the hash of their
 * content, and pinned by the lock file beside the script. What is pinned and cached needs no network.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, GharialError } from '../base/errors.ts';
import type { LoadedModule, ModuleSource } from './module-source.ts';
import type { FetchRemote } from './remote-fetch.ts';
import { type LockedModule, readLock, replaceFile, writeLock } from './remote-lock.ts';

export interface RemoteSettings {
  /** Folder of the cache; made when it is needed. */
  readonly cacheDir: string;
  /** Take modules as they are on their servers now, and pin that (`--update-lock`). */
  readonly updatesLock: boolean;
  readonly fetch: FetchRemote;
}

/** The bytes of a URL, and where redirects led to. */
export interface RemoteFile {
  readonly body: Uint8Array;
  readonly baseUrl: string;
}

const REDIRECTS_MAX = 10;
const OFFLINE_HINT =
  'the module is not in the cache: run the script once with a connection, or save the file beside ' +
  'the script and name it by a relative path';

/** The remote modules of one script. */
export class RemoteModules implements ModuleSource {
  readonly hasFiles = false;
  readonly #lockPath: string;
  readonly #settings: RemoteSettings;
  /** What the lock file said, and what this script added; undefined before it is read. */
  #lock: Map<string, LockedModule> | undefined;
  #isLockChanged = false;
  readonly #warnings: string[] = [];
  readonly #loading = new Map<string, Promise<RemoteFile>>();

  constructor(lockPath: string, settings: RemoteSettings) {
    this.#lockPath = lockPath;
    this.#settings = settings;
  }

  /**
   * A module by its absolute URL.
   * @throws GharialError SCRIPT_MODULE_REMOTE, in k6's words, if it cannot be had;
   * SCRIPT_MODULE_CHANGED if it is not what was pinned; REMOTE_LOCK for a lock file that is none.
   */
  async load(url: string): Promise<LoadedModule> {
    const { body, baseUrl } = await this.loadFile(url);
    return { text: Buffer.from(body).toString('utf8'), baseUrl };
  }

  /** A file by its absolute URL, as `load`. */
  loadFile(url: string): Promise<RemoteFile> {
    let file = this.#loading.get(url);
    if (file === undefined) {
      file = this.#load(url);
      this.#loading.set(url, file);
    }
    return file;
  }

  /**
   * Pins modules that are new. To be called when all are loaded.
   * @returns what the user should know: a lock file or cache that cannot be written stops nobody.
   */
  save(): readonly string[] {
    if (this.#lock !== undefined && this.#isLockChanged) {
      const lock = this.#lock;
      this.#attempt('the remote modules are not pinned', () => writeLock(this.#lockPath, lock));
      this.#isLockChanged = false;
    }
    return this.#warnings;
  }

  async #load(url: string): Promise<RemoteFile> {
    this.#lock ??= new Map(readLock(this.#lockPath));
    const locked = this.#settings.updatesLock ? undefined : this.#lock.get(url);
    const cached = locked === undefined ? undefined : this.#readCache(locked.sha256);
    if (locked !== undefined && cached !== undefined) {
      return { body: cached, baseUrl: locked.redirectedTo ?? url };
    }
    const { body, finalUrl } = await this.#fetch(url);
    const sha256 = hashOf(body);
    if (locked !== undefined && locked.sha256 !== sha256) {
      throw new GharialError(
        'SCRIPT_MODULE_CHANGED',
        `The module "${url}" is not what the lock file says: its sha256 is ${sha256}, ` +
          `${this.#lockPath} has ${locked.sha256}`,
        {
          exitCode: ExitCode.scriptException,
          hint: 'look at what has changed; if that is right, run once with --update-lock',
        },
      );
    }
    if (locked === undefined) {
      this.#lock.set(url, { sha256, ...(finalUrl === url ? {} : { redirectedTo: finalUrl }) });
      this.#isLockChanged = true;
    }
    this.#attempt('remote modules are fetched each time', () => {
      mkdirSync(this.#settings.cacheDir, { recursive: true });
      replaceFile(join(this.#settings.cacheDir, sha256), body);
    });
    return { body, baseUrl: finalUrl };
  }

  /** The bytes of that hash; undefined if it is not there, or not what it was. */
  #readCache(sha256: string): Uint8Array | undefined {
    let body: Buffer;
    try {
      body = readFileSync(join(this.#settings.cacheDir, sha256));
    } catch {
      return undefined; // whatever is wrong with it: the network has it too
    }
    return hashOf(body) === sha256 ? body : undefined;
  }

  async #fetch(url: string): Promise<{ readonly body: Uint8Array; readonly finalUrl: string }> {
    let current = url;
    for (let count = 0; count <= REDIRECTS_MAX; count++) {
      const { status, location, body } = await this.#settings.fetch(current).catch((cause) => {
        throw unavailable(url, reasonOf(cause), OFFLINE_HINT, cause);
      });
      if (status === 200) return { body, finalUrl: current };
      if (status < 300 || status > 399 || location === undefined) {
        const reason =
          status === 404 ? `not found: ${url}` : `wrong status code (${status}) for: ${url}`;
        throw unavailable(url, reason);
      }
      if (!URL.canParse(location, current)) {
        throw unavailable(url, `redirected to no URL: ${JSON.stringify(location)}`);
      }
      const next = new URL(location, current);
      if (next.protocol !== 'https:') {
        throw unavailable(url, `redirected to ${next.href}, which is not https`);
      }
      current = next.href;
    }
    throw unavailable(url, `stopped after ${REDIRECTS_MAX} redirects`);
  }

  #attempt(consequence: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      const warning = `${consequence}: ${reasonOf(error)}`;
      if (!this.#warnings.includes(warning)) this.#warnings.push(warning);
    }
  }
}

/** k6's words. */
function unavailable(url: string, reason: string, hint?: string, cause?: unknown): GharialError {
  return new GharialError(
    'SCRIPT_MODULE_REMOTE',
    `The moduleSpecifier "${url}" couldn't be retrieved from the resolved url "${url}". ` +
      `Error : ${JSON.stringify(reason)}`,
    { exitCode: ExitCode.scriptException, cause, ...(hint === undefined ? {} : { hint }) },
  );
}

/** What a failed request says: fetch hides it in the causes of `fetch failed`. */
function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error)
    innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
