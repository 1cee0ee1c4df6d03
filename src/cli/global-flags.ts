/**
 * The flags every command takes, as little as is needed to find the command between them. Spelled out
 * here because the option table costs more to load than `gharial version` may take; a test keeps
 * the two equal.
 */

/** Flag as written; true: without `=` the next argument is its value. */
export const GLOBAL_FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['--address', true],
  ['-a', true],
  ['--config', true],
  ['-c', true],
  ['--log-format', true],
  ['--log-output', true],
  ['--no-color', false],
  ['--profiling-enabled', false],
  ['--quiet', false],
  ['-q', false],
  ['--secret-source', true],
  ['--verbose', false],
  ['-v', false],
]);

/** The flags of a command line that give help or a version instead of doing something. */
const INFORMATION_FLAGS: ReadonlySet<string> = new Set(['--help', '-h', '--version']);

/** Where in `args` the first argument stands that is neither a global flag nor its value; -1: nowhere. */
export function indexAfterGlobalFlags(args: readonly string[]): number {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const [name = ''] = arg.split('=');
    const takesValue = GLOBAL_FLAGS.get(name);
    if (takesValue === undefined && !INFORMATION_FLAGS.has(arg)) return index;
    if (takesValue === true && name === arg) index++;
  }
  return -1;
}
