/**
 * What the main thread hands to every worker: the script with everything it imports, as one program.
 * Plain data, never changed after it is made, so it can be cloned to threads.
 */

/** A version 3 source map without the sources' text (that is in `ScriptBundle.sources`). */
export interface ScriptMap {
  readonly version: 3;
  /** Absolute URLs: `file:///…` for files, `https://…` for remote modules. */
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** What it takes to fetch, cache and pin a file. */
export interface RemoteFiles {
  readonly lockPath: string;
  readonly cacheDir: string;
  readonly updatesLock: boolean;
  /** Environment variables of proxies. */
  readonly proxies: Readonly<Record<string, string>>;
}

export interface ScriptBundle {
  /** The program text that the suspension runtime compiles. */
  readonly code: string;
  /** Maps `code` to the files it was made of. */
  readonly map: ScriptMap;
  /** The name to compile `code` under; it marks the script's frames in raw stack traces. */
  readonly fileName: string;
  /** `file:///…` of the entry script, `https://…` of a remote one; `file://<cwd>/-` for standard input. */
  readonly entryUrl: string;
  /** Directory of the entry script, by path or URL: what relative paths fall back to. */
  readonly entryDir: string;
  /**
   * Where the script's exports are: in the program's own exports (`esm`), or in the object that is
   * its default export (`commonjs`: the entry script assigned to `module.exports` or `exports`).
   */
  readonly entryFormat: 'esm' | 'commonjs';
  /** Globals that an instance of the program takes as arguments, in this order. */
  readonly globalNames: readonly string[];
  /** Some function of the script may block (`sleep`, `ws.connect` …). */
  readonly suspends: boolean;
  readonly usesPromises: boolean;
  readonly hasTopLevelAwait: boolean;
  /** Some code of the script asks where a property lies: on an object, or on a prototype of it. */
  readonly looksAtPrototypes: boolean;
  /** Specifiers of the k6 modules that the program imports, sorted. `require(variable)` may ask for more. */
  readonly modules: readonly string[];
  /** Text of every source, by the URL that `map.sources` has. */
  readonly sources: Readonly<Record<string, string>>;
  /** What the bundler found odd, one line each with its position. */
  readonly warnings: readonly string[];
  /**
   * Of an archive: the files that `open()` finds in place of those elsewhere, by the names that
   * `memberNameOf` gives.
   */
  readonly archivedFiles?: ReadonlyMap<string, SharedArrayBuffer>;
  /** How remote scripts get the files they open; absent = not at all. */
  readonly remoteFiles?: RemoteFiles;
}
