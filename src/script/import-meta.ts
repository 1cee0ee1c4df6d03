/**
 * `import.meta` of a script. The bundled program is one piece, so what `import.meta` means is found out
 * by asking which file is calling.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { isK6Specifier } from './k6-modules.ts';

export interface ImportMeta {
  /** URL of the calling file. */
  readonly url: string;
  /** The URL that a specifier means in the calling file: `open(import.meta.resolve('./data.csv'))`. */
  resolve(specifier: unknown): string;
}

/**
 * The file whose module code is being evaluated, given the frames of the script, top first: another file
 * than the calling one where a function is called across files. undefined without frames.
 */
export function evaluatedFile(
  frames: readonly { readonly file: string; readonly isModule: boolean }[],
): string | undefined {
  return (frames.find(({ isModule }) => isModule) ?? frames.at(-1))?.file;
}

/**
 * Makes the `import.meta` of one virtual user.
 *
 * @param callerUrl URL of the script file whose code is running.
 * Errors: `resolve` throws GharialError `SCRIPT_REQUIRE` for names of npm packages.
 */
export function createImportMeta(callerUrl: () => string): ImportMeta {
  return {
    get url() {
      return callerUrl();
    },
    resolve(specifier) {
      const name = String(specifier);
      if (isK6Specifier(name)) return name;
      if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(name)) return new URL(name).href;
      if (/^\.{0,2}\//.test(name)) return new URL(name, callerUrl()).href;
      throw new GharialError(
        'SCRIPT_REQUIRE',
        `import.meta.resolve() of ${JSON.stringify(name)}: expected a URL or a path that begins ` +
          'with ./, ../ or /',
        { exitCode: ExitCode.scriptException },
      );
    },
  };
}
