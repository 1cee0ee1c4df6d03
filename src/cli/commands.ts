/**
 * Finds the command in the arguments and runs it. Each command's code is loaded when it is chosen, so
 * that `gharial version` does not wait for a bundler.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { nearestName } from '../base/nearest-name.ts';
import { assertOpenFiles, readOpenFilesMax } from '../library/host-limits.ts';
import { COMMANDS } from './command-table.ts';
import type { CommandContext } from './context.ts';
import { indexAfterGlobalFlags } from './global-flags.ts';

/** Commands that users of k6 look for. */
const FOREIGN_COMMANDS: ReadonlySet<string> = new Set(['cloud', 'deps', 'features', 'x']);
const SEE_HELP = 'see "gharial help" for the commands there are';

/**
 * Runs the command line (without node and script path).
 *
 * @returns the exit code of a command that did its work.
 * @throws GharialError for one that could not.
 */
export async function runCommandLine(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const index = indexAfterGlobalFlags(args);
  const command = args[index];
  if (command === undefined) {
    return args.includes('--version') ? version(false, context) : help(undefined, context);
  }
  if (command.startsWith('-')) {
    throw new GharialError('FLAG_INVALID', `unknown flag: ${command.split('=')[0]}`, {
      hint: 'flags of a command stand behind it: gharial run --vus 10 script.js',
    });
  }
  const rest = args.toSpliced(index, 1);
  if (command === 'help') return help(rest[indexAfterGlobalFlags(rest)], context);
  assertKnown(command);
  if (rest.includes('--help') || rest.includes('-h')) return help(command, context);
  return runKnown(command, rest, context);
}

async function runKnown(
  command: string,
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  switch (command) {
    case 'run':
      return run(args, context);
    case 'demo': {
      const { demoCommand } = await import('./demo-command.ts');
      return demoCommand(args, context, run);
    }
    case 'new': {
      const { newCommand } = await import('./new-command.ts');
      return newCommand(args, context);
    }
    case 'inspect': {
      const { inspectCommand } = await import('./inspect-command.ts');
      return inspectCommand(args, context);
    }
    case 'archive': {
      const { archiveCommand } = await import('./archive-command.ts');
      return archiveCommand(args, context);
    }
    case 'doctor': {
      const { doctorCommand } = await import('./doctor-command.ts');
      return doctorCommand(args, context);
    }
    case 'completion': {
      const { completionCommand } = await import('./completion-command.ts');
      return completionCommand(args, context);
    }
    default:
      return version(args.includes('--json'), context);
  }
}

async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  // The loader of Node.js hangs when it may not open all the files that are imported here.
  assertOpenFiles(readOpenFilesMax());
  const { runCommand } = await import('./run-command.ts');
  return runCommand(args, context);
}

function assertKnown(command: string): void {
  const names = COMMANDS.map(({ name }) => name);
  if (names.includes(command)) return;
  const meant = nearestName(command, names);
  throw FOREIGN_COMMANDS.has(command)
    ? new GharialError('COMMAND_UNSUPPORTED', `gharial does not have k6's command "${command}"`, {
        hint: SEE_HELP,
      })
    : new GharialError('COMMAND_UNKNOWN', `unknown command "${command}" for "gharial"`, {
        hint: meant === undefined ? SEE_HELP : `did you mean "${meant}"? ${SEE_HELP}`,
      });
}

async function help(command: string | undefined, context: CommandContext): Promise<ExitCode> {
  if (command !== undefined) assertKnown(command);
  const { helpText } = await import('./help.ts');
  context.stdout.write(helpText(command));
  return ExitCode.ok;
}

async function version(isJson: boolean, context: CommandContext): Promise<ExitCode> {
  const { versionCommand } = await import('./version-command.ts');
  return versionCommand(isJson, context);
}
