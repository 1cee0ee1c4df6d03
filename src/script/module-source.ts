/** Where the bundler gets modules that do not lie on the disk: by URL, one at a time. */
import { ExitCode, GharialError } from '../base/errors.ts';

export interface LoadedModule {
  readonly text: string;
  /** Where the module's own relative imports start from: its URL after redirects. */
  readonly baseUrl: string;
}

export interface ModuleSource {
  /** True if `file:` URLs are looked up here too, so that the disk is not read. */
  readonly hasFiles: boolean;
  /**
   * A module by its absolute URL.
   * @throws GharialError if it cannot be had.
   */
  load(url: string): Promise<LoadedModule>;
}

/** Has no modules. */
export const NO_SOURCE: ModuleSource = {
  hasFiles: false,
  async load(url) {
    throw new GharialError(
      'SCRIPT_MODULE_REMOTE',
      `The moduleSpecifier "${url}" couldn't be retrieved: remote modules are switched off`,
      { exitCode: ExitCode.scriptException },
    );
  },
};
