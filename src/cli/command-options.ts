/** Which rows of the option table a command takes. */
import { OPTION_ROWS, type OptionRow } from '../options/table.ts';
import type { CommandDescription } from './command-table.ts';

/** Options that decide how a script is read, and those k6 takes wherever it reads one. */
const SCRIPT_OPTIONS: ReadonlySet<string> = new Set([
  'env',
  'includeSystemEnvVars',
  'compatibilityMode',
  'type',
  'summaryMode',
  'noSummary',
  'summaryExport',
  'newMachineReadableSummary',
  'noThresholds',
  'tracesOutput',
  'suspend',
  'updateLock',
]);

/** Rows with a flag: the command's own ones, then the global ones. */
export function optionRowsOf({
  options,
}: Pick<CommandDescription, 'options'>): readonly OptionRow[] {
  const isTaken = ({ section, key }: OptionRow): boolean => {
    if (section === 'global' || options === 'all') return true;
    return options === 'script' && SCRIPT_OPTIONS.has(key);
  };
  return OPTION_ROWS.filter((row) => row.flag !== undefined && isTaken(row));
}
