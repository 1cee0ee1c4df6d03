/** The JSON config file: k6's place and format. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import { parseConfigFile } from '../options/parse.ts';
import type { Layer } from '../options/values.ts';
import type { CommandContext } from './context.ts';

/** The config file, if it was named or the one in the default place exists. */
export function readConfigFile(
  named: string | undefined,
  context: CommandContext,
): Layer | undefined {
  const home = context.env['XDG_CONFIG_HOME'] ?? join(context.env['HOME'] ?? homedir(), '.config');
  const path = named === undefined ? join(home, 'k6', 'config.json') : resolve(context.cwd, named);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined) return undefined;
    throw new GharialError(
      'CONFIG_FILE',
      `failed to load the configuration file from the local file system: ${reasonOf(error, path).replace(/^open /, 'stat ')}`,
      { exitCode: ExitCode.invalidConfig, cause: error },
    );
  }
  return parseConfigFile(text, path);
}
