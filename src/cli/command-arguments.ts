/** Reads the arguments of a command by its description: its own flags, and the options it takes. */
import { parseFlags } from '../options/flags.ts';
import type { LayerValues } from '../options/values.ts';
import { type CommandValues, commandFlagRow } from './command-flag.ts';
import { optionRowsOf } from './command-options.ts';
import { COMMANDS } from './command-table.ts';

export interface CommandArguments {
  /** Values of options. */
  readonly values: LayerValues;
  /** Texts of the command's own flags, by name; `true` for a switch. */
  readonly own: Readonly<Record<string, string>>;
  readonly positionals: readonly string[];
}

/** @throws GharialError FLAG_INVALID, or OPTION_INVALID for the value of an option. */
export function commandArguments(command: string, args: readonly string[]): CommandArguments {
  const description = COMMANDS.find(({ name }) => name === command);
  if (description === undefined) throw new TypeError(`there is no command ${command}`);
  const rows = [...description.flags.map(commandFlagRow), ...optionRowsOf(description)];
  const { values, positionals } = parseFlags<CommandValues>(args, rows, {});
  const { own = {}, ...options } = values;
  return { values: options, own, positionals };
}
