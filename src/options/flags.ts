/**
 * Command-line flags in the style of pflag, which k6 users' fingers know: `--vus=5`, `--vus 5`, `-u5`,
 * `-u 5`, `-qv`, anywhere before or after the positional arguments, until `--`.
 */
import { GharialError } from '../base/errors.ts';
import { nearestName } from '../base/nearest-name.ts';
import { hintsOf } from './kind.ts';

/** What the parser needs to know of a flag; rows of the option table have this shape. */
export interface FlagRow<V> {
  readonly flag: string | undefined;
  readonly short: string | undefined;
  /** Text of the flag without argument; undefined = it needs one. */
  readonly bareText: string | undefined;
  /** True if a fault in the value is reported with the name of the flag. */
  readonly namesFlag: boolean;
  parseText(text: string, source: 'flag', previous: V): V;
}

export interface ParsedFlags<V> {
  readonly values: V;
  readonly positionals: readonly string[];
}

interface Occurrence<V> {
  readonly row: FlagRow<V>;
  readonly text: string;
}

/**
 * Parses arguments by a table of flags.
 * @param argv arguments without program and command.
 * @param start values to add to, e.g. `{}`.
 * @throws GharialError FLAG_INVALID, exit code 255, in k6's words.
 */
export function parseFlags<V extends object>(
  argv: readonly string[],
  rows: readonly FlagRow<V>[],
  start: V,
): ParsedFlags<V> {
  const { occurrences, positionals } = splitArguments(argv, rows);
  // Values k6 checks while reading flags are faulted before those it checks later.
  const ordered = [
    ...occurrences.filter(({ row }) => row.namesFlag),
    ...occurrences.filter(({ row }) => !row.namesFlag),
  ];
  let values = start;
  for (const { row, text } of ordered) {
    values = { ...values, ...parseValue(row, text, values) };
  }
  return { values, positionals };
}

/**
 * Checks that there is one positional argument: the script.
 * @throws GharialError FLAG_INVALID
 */
export function requireScriptArgument(positionals: readonly string[]): string {
  const [script] = positionals;
  if (script !== undefined && positionals.length === 1) return script;
  throw flagFault(
    `accepts 1 arg(s), received ${positionals.length}: arg should either be "-", ` +
      'if reading script from stdin, or a path to a script file',
  );
}

function splitArguments<V>(
  argv: readonly string[],
  rows: readonly FlagRow<V>[],
): { readonly occurrences: Occurrence<V>[]; readonly positionals: string[] } {
  const occurrences: Occurrence<V>[] = [];
  const positionals: string[] = [];
  const queue = [...argv];
  for (let argument = queue.shift(); argument !== undefined; argument = queue.shift()) {
    if (argument === '--') {
      positionals.push(...queue);
      break;
    }
    if (argument.startsWith('--')) occurrences.push(readLongFlag(argument, queue, rows));
    else if (argument.startsWith('-') && argument.length > 1) {
      occurrences.push(...readShortFlags(argument, queue, rows));
    } else positionals.push(argument);
  }
  return { occurrences, positionals };
}

function readLongFlag<V>(
  argument: string,
  queue: string[],
  rows: readonly FlagRow<V>[],
): Occurrence<V> {
  const equals = argument.indexOf('=');
  const name = argument.slice(2, equals < 0 ? undefined : equals);
  if (name === '' || name.startsWith('-')) throw flagFault(`bad flag syntax: ${argument}`);
  const row = rows.find(({ flag }) => flag === name);
  if (row === undefined) throw unknownFlag(name, rows);
  if (equals >= 0) return { row, text: argument.slice(equals + 1) };
  const text = row.bareText ?? queue.shift();
  if (text === undefined) throw flagFault(`flag needs an argument: --${name}`);
  return { row, text };
}

function readShortFlags<V>(
  argument: string,
  queue: string[],
  rows: readonly FlagRow<V>[],
): Occurrence<V>[] {
  const occurrences: Occurrence<V>[] = [];
  for (let at = 1; at < argument.length; at++) {
    const letter = argument[at] ?? '';
    const rest = argument.slice(at + 1);
    const row = rows.find(({ short }) => short === letter);
    if (row === undefined) {
      throw flagFault(`unknown shorthand flag: '${letter}' in -${argument.slice(at)}`);
    }
    if (rest.startsWith('=')) return [...occurrences, { row, text: rest.slice(1) }];
    if (row.bareText !== undefined) {
      occurrences.push({ row, text: row.bareText });
      continue;
    }
    const text = rest === '' ? queue.shift() : rest;
    if (text === undefined) {
      throw flagFault(`flag needs an argument: '${letter}' in -${argument.slice(at)}`);
    }
    return [...occurrences, { row, text }];
  }
  return occurrences;
}

function parseValue<V>(row: FlagRow<V>, text: string, previous: V): V {
  try {
    return row.parseText(text, 'flag', previous);
  } catch (error) {
    if (!(error instanceof GharialError)) throw error;
    if (!row.namesFlag) throw flagFault(error.message, error);
    const names = row.short === undefined ? `--${row.flag}` : `-${row.short}, --${row.flag}`;
    throw flagFault(
      `invalid argument ${JSON.stringify(text)} for "${names}" flag: ${error.message}`,
      error,
    );
  }
}

function unknownFlag<V>(name: string, rows: readonly FlagRow<V>[]): GharialError {
  const meant = nearestName(
    name,
    rows.flatMap(({ flag }) => flag ?? []),
  );
  const hint = meant === undefined ? undefined : `did you mean --${meant}?`;
  return flagFault(`unknown flag: --${name}`, undefined, hint);
}

function flagFault(
  message: string,
  cause?: unknown,
  hint: string | undefined = hintsOf([cause]),
): GharialError {
  return new GharialError('FLAG_INVALID', message, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
