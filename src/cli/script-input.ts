/** What a command reads before it has a script to work with: config file, `__ENV`, the script itself. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ExitCode, GharialError } from '../base/errors.ts';
import { parseConfigFile } from '../options/parse.ts';
import { parseEnvPair } from '../options/special-kinds.ts';
import type { Layer, RunSettings } from '../options/values.ts';
import { loadScript } from '../script/load.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
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
      `failed to load the configuration file from the local file system: stat ${path}: no such file or directory`,
      { exitCode: ExitCode.invalidConfig, cause: error },
    );
  }
  return parseConfigFile(text, path);
}

/** `__ENV`: the process's environment unless it is left out, then `-e`. */
export function scriptEnv(settings: RunSettings, context: CommandContext): Record<string, string> {
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

/** The script, made ready to run; `-` is standard input. */
export async function loadBundle(
  script: string,
  settings: RunSettings,
  cwd: string,
): Promise<ScriptBundle> {
  const source = script === '-' ? { source: readFileSync(0, 'utf8') } : {};
  return loadScript({ entry: script, cwd, suspension: settings.suspend, ...source });
}
