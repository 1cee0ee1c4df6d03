/**
 * Finds out how the user wants the log before anything else is parsed, so that even a faulty flag is
 * reported in the format and place asked for.
 *
 * Reads only the global log flags, anywhere in the arguments, and their environment variables.
 */
import { nowMs } from '../base/clock.ts';
import { toLogFormatName } from '../output/log-format.ts';
import type { LogRequest, TextStream } from './context.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export function readLogRequest(
  args: readonly string[],
  env: Environment,
  stdout: TextStream,
  stderr: TextStream,
): LogRequest {
  return {
    output: flagValue(args, '--log-output') ?? env['K6_LOG_OUTPUT'] ?? 'stderr',
    format: toLogFormatName(flagValue(args, '--log-format') ?? env['K6_LOG_FORMAT']),
    isVerbose: hasSwitch(args, '--verbose', '-v'),
    isColorless: isColorless(args, env),
    stdout,
    stderr,
    startMs: nowMs(),
  };
}

/** `--no-color`, a non-empty `K6_NO_COLOR`, or `NO_COLOR` with any value. */
export function isColorless(args: readonly string[], env: Environment): boolean {
  return (
    hasSwitch(args, '--no-color') ||
    (env['K6_NO_COLOR'] ?? '') !== '' ||
    env['NO_COLOR'] !== undefined
  );
}

/** The last `--name value` or `--name=value`. */
function flagValue(args: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  args.forEach((arg, index) => {
    if (arg === name) value = args[index + 1] ?? value;
    else if (arg.startsWith(`${name}=`)) value = arg.slice(name.length + 1);
  });
  return value;
}

function hasSwitch(args: readonly string[], ...names: readonly string[]): boolean {
  return args.some((arg) => names.some((name) => arg === name || arg === `${name}=true`));
}
