/**
 * Kinds of option values: how each is read from text (flag or environment) and from JSON, and how it
 * is written back as JSON. Faults are `GharialError`s with the texts k6 users know.
 */
import { formatDuration, parseDuration, parseExtendedDuration } from '../base/duration.ts';
import { GharialError } from '../base/errors.ts';

export type TextSource = 'flag' | 'env';

export interface Kind<T> {
  /** Placeholder in help texts and type in the docs; '' for switches. */
  readonly placeholder: string;
  /** k6's name of the type, which its messages contain. */
  readonly typeName: string;
  /** True if k6 checks the value while it reads flags, so that the message names the flag. */
  readonly namesFlag: boolean;
  /** The value of the flag without argument (`--paused`, `--http-debug`); absent = needs one. */
  readonly bareText?: string;
  /**
   * Reads one occurrence. `previous` is the value of earlier occurrences of the same flag.
   * Absent where k6 has no text form. @throws GharialError
   */
  readonly fromText?: (text: string, source: TextSource, previous: T | undefined) => T;
  /** Reads a JSON value other than null. @throws GharialError */
  readonly fromJson: (json: unknown) => T;
  /** Fields within such a value that `fromJson` leaves out, since nobody knows them; absent = none, ever. */
  readonly unknownFields?: (json: unknown) => readonly string[];
  readonly toJson: (value: T) => unknown;
}

/** A fault in a value: the text k6 users know, and what to do about it: as the cause says if nothing else is given. */
export function optionFault(
  message: string,
  cause?: unknown,
  hint: string | undefined = hintsOf([cause]),
): GharialError {
  return new GharialError('OPTION_INVALID', message, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What all these errors advise, each advice once; undefined if none does. */
export function hintsOf(errors: readonly unknown[]): string | undefined {
  const hints = errors.flatMap((error) =>
    error instanceof GharialError ? (error.hint ?? []) : [],
  );
  return hints.length === 0 ? undefined : [...new Set(hints)].join('; ');
}

/** The fault of a JSON value of the wrong type. */
export function typeFault(json: unknown, typeName: string): GharialError {
  return optionFault(
    `json: cannot unmarshal ${jsonTypeOf(json)} into Go value of type ${typeName}`,
  );
}

export const boolKind: Kind<boolean> = {
  placeholder: '',
  typeName: 'null.Bool',
  namesFlag: true,
  bareText: 'true',
  fromText: parseBool,
  fromJson: (json) => {
    if (typeof json === 'boolean') return json;
    throw typeFault(json, 'null.Bool');
  },
  toJson: (value) => value,
};

/** A switch that is on whenever its environment variable is there, whatever it says. */
export const presenceKind: Kind<boolean> = {
  ...boolKind,
  fromText: (text, source) => source === 'env' || parseBool(text),
};

export const intKind: Kind<number> = {
  placeholder: 'int',
  typeName: 'null.Int',
  namesFlag: true,
  fromText: parseInteger,
  fromJson: (json) => {
    if (typeof json === 'number') {
      if (Number.isSafeInteger(json)) return json;
      throw optionFault(`json: cannot unmarshal number ${json} into Go value of type int64`);
    }
    if (typeof json === 'string') return parseInteger(json);
    throw typeFault(json, 'null.Int');
  },
  toJson: (value) => value,
};

/** Flags take Go durations only; environment and JSON the extended grammar. */
export const durationKind: Kind<number> = {
  placeholder: 'duration',
  typeName: 'types.NullDuration',
  namesFlag: true,
  fromText: (text, source) =>
    source === 'flag' ? parseDuration(text) : parseExtendedDuration(text),
  fromJson: (json) => {
    if (typeof json === 'string' || typeof json === 'number') return parseExtendedDuration(json);
    throw typeFault(json, 'types.NullDuration');
  },
  toJson: formatDuration,
};

export const stringKind: Kind<string> = createStringKind('string');

/** A string under its own placeholder, checked by `check` if given. */
export function createStringKind(
  placeholder: string,
  check?: (text: string, source: TextSource) => void,
): Kind<string> {
  return {
    placeholder,
    typeName: 'null.String',
    namesFlag: false,
    fromText: (text, source) => {
      check?.(text, source);
      return text;
    },
    fromJson: (json) => {
      if (typeof json === 'string') return json;
      throw typeFault(json, 'null.String');
    },
    toJson: (value) => value,
  };
}

/** One of a closed set; `fault` words the refusal. */
export function createChoiceKind<T extends string>(
  choices: readonly T[],
  fault: (text: string) => string,
  aliases: Readonly<Record<string, T>> = {},
): Kind<T> {
  const choose = (text: string): T => {
    const choice = choices.find((known) => known === text);
    const alias = Object.hasOwn(aliases, text) ? aliases[text] : undefined;
    const chosen = choice ?? alias;
    if (chosen === undefined) throw optionFault(fault(text));
    return chosen;
  };
  return {
    placeholder: choices.join('|'),
    typeName: 'null.String',
    namesFlag: false,
    fromText: choose,
    fromJson: (json) => {
      if (typeof json === 'string') return choose(json);
      throw typeFault(json, 'null.String');
    },
    toJson: (value) => value,
  };
}

/**
 * A list of strings; later occurrences of a flag add to it. Text is split at commas, except where
 * `verbatim` says that it is one item: never, in flags, or always.
 */
export function createListKind(
  placeholder: string,
  check?: (item: string) => void,
  verbatim: 'never' | 'flag' | 'always' = 'never',
): Kind<readonly string[]> {
  const checked = (items: readonly string[]): readonly string[] => {
    if (check !== undefined) items.forEach(check);
    return items;
  };
  return {
    placeholder,
    typeName: '[]string',
    namesFlag: false,
    fromText: (text, source, previous = []) => {
      const isOne = verbatim === 'always' || verbatim === source;
      const items = isOne ? [text] : splitList(text);
      return [...previous, ...checked(items)];
    },
    fromJson: (json) => checked(toStringList(json)),
    toJson: (value) => value,
  };
}

/** A map from string to string; no text form. */
export const stringMapKind: Kind<Readonly<Record<string, string>>> = {
  placeholder: 'map',
  typeName: 'map[string]string',
  namesFlag: false,
  fromJson: toStringMap,
  toJson: (value) => value,
};

/** Any JSON value, handed on untouched. */
export const rawKind: Kind<unknown> = {
  placeholder: 'json',
  typeName: 'interface {}',
  namesFlag: false,
  fromJson: (json) => json,
  toJson: (value) => value,
};

export const recordKind: Kind<Readonly<Record<string, unknown>>> = {
  placeholder: 'json',
  typeName: 'map[string]interface {}',
  namesFlag: false,
  fromJson: (json) => {
    if (isRecord(json)) return json;
    throw typeFault(json, 'map[string]interface {}');
  },
  toJson: (value) => value,
};

/** As in Go, null is the empty string. */
export function toStringMap(json: unknown): Readonly<Record<string, string>> {
  if (!isRecord(json)) throw typeFault(json, 'map[string]string');
  const map: Record<string, string> = {};
  for (const [key, value] of Object.entries(json)) {
    map[key] = toText(value);
  }
  return map;
}

/** As in Go, null is the empty string. */
export function toStringList(json: unknown): readonly string[] {
  if (!Array.isArray(json)) throw typeFault(json, '[]string');
  return json.map(toText);
}

function toText(json: unknown): string {
  if (json === null) return '';
  if (typeof json !== 'string') throw typeFault(json, 'string');
  return json;
}

export function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}

/** The own enumerable keys of `json` as fields of a table, found as Go finds them. */
export function matchFields(
  json: Readonly<Record<string, unknown>>,
  known: readonly string[],
): { readonly fields: ReadonlyMap<string, unknown>; readonly unknown: readonly string[] } {
  const fields = new Map<string, unknown>();
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(json)) {
    const name =
      known.find((candidate) => candidate === key) ??
      known.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
    if (name === undefined) unknown.push(key);
    else if (value !== null && value !== undefined) fields.set(name, value);
  }
  return { fields, unknown };
}

/** The spellings of Go's `strconv.ParseBool`. @throws GharialError OPTION_INVALID */
export function parseBool(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw optionFault(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function parseInteger(text: string): number {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw optionFault(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw optionFault(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  }
  return value;
}

function jsonTypeOf(json: unknown): string {
  if (Array.isArray(json)) return 'array';
  if (json === null) return 'null';
  if (typeof json === 'boolean') return 'bool';
  return typeof json;
}
