/** `gharial version`: what this is and what it runs on. */
import { ExitCode } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { CommandContext } from './context.ts';

export function versionCommand(isJson: boolean, context: CommandContext): ExitCode {
  const { nodeVersion, os, architecture } = context.platform;
  const text = isJson
    ? JSON.stringify({ version: VERSION, node_version: nodeVersion, os, architecture })
    : `gharial v${VERSION} (node ${nodeVersion}, ${os}/${architecture})`;
  context.stdout.write(`${text}\n`);
  return ExitCode.ok;
}
