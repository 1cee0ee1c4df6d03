/**
 * `require()` as a script sees it at run time. Local files and npm packages were put into the bundle
 * when their name was written out; what is left are k6 modules and names that the code computes.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { assertK6Module, isK6Specifier, type K6Module } from './k6-modules.ts';

/** What k6 says when `open` or `require` is called after init. */
export function initOnlyMessage(functionName: 'open' | 'require'): string {
  return (
    `the "${functionName}" function is only available in the init stage (i.e. the global scope), see ` +
    'https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information'
  );
}

export interface RequireContext {
  /** Whether the virtual user is in its init stage now. */
  isInit(): boolean;
  /** The exports of a k6 module, named ones and `default` on one object. */
  load(specifier: K6Module): unknown;
}

/**
 * Makes the `require` of one virtual user.
 *
 * Errors: GharialError `SCRIPT_REQUIRE` (called after init, or with a computed name of something that
 * is not a k6 module) and `SCRIPT_MODULE_UNKNOWN`; the caller turns them into the script's error type.
 */
export function createScriptRequire(context: RequireContext): (specifier: unknown) => unknown {
  return (specifier) => {
    if (!context.isInit()) throw requireError(initOnlyMessage('require'));
    const name = specifier === undefined || specifier === null ? '' : String(specifier);
    if (name === '') throw requireError("require() can't be used with an empty specifier");
    if (!isK6Specifier(name)) {
      throw requireError(
        `require() of ${JSON.stringify(name)}: only k6 modules can be required by a computed name; ` +
          'write the name as a string literal, so that the file becomes part of the script',
      );
    }
    assertK6Module(name);
    return context.load(name);
  };
}

function requireError(message: string): GharialError {
  return new GharialError('SCRIPT_REQUIRE', message, { exitCode: ExitCode.scriptException });
}
