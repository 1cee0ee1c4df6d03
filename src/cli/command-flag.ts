/** Flags that belong to one command, beside those of the option table. */
import type { FlagRow } from '../options/flags.ts';
import type { LayerValues } from '../options/values.ts';

export interface CommandFlag {
  /** Without dashes. */
  readonly flag: string;
  readonly short: string | undefined;
  /** Name of the value; '' for a switch. */
  readonly placeholder: string;
  readonly help: string;
}

export function valueFlag(
  flag: string,
  placeholder: string,
  help: string,
  short?: string,
): CommandFlag {
  return { flag, short, placeholder, help };
}

export function switchFlag(flag: string, help: string, short?: string): CommandFlag {
  return { flag, short, placeholder: '', help };
}

/** Values of options, and texts of the command's own flags. */
export interface CommandValues extends LayerValues {
  readonly own?: Readonly<Record<string, string>>;
}

/** The row by which `parseFlags` reads the flag. */
export function commandFlagRow({ flag, short, placeholder }: CommandFlag): FlagRow<CommandValues> {
  return {
    flag,
    short,
    bareText: placeholder === '' ? 'true' : undefined,
    namesFlag: true,
    parseText: (text, _source, previous) => ({ own: { ...previous.own, [flag]: text } }),
  };
}
