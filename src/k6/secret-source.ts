/** `--secret-source`: from the values of the flag to the sources that `k6/secrets` reads. */
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import type { SecretSource, SecretSources } from './secret-reader.ts';

const NAME_OPTION = 'name=';
const FILE_OPTION = 'filename=';

/**
 * Parses `file=path`, `mock=key=value,…`, each with the options `name=…` and `default`.
 *
 * Errors: GharialError `SECRET_SOURCE_INVALID`; what `readText` throws for a file becomes its cause.
 */
export function parseSecretSources(
  specs: readonly string[],
  readText: (path: string) => string,
): SecretSources {
  const sources: SecretSource[] = [];
  let defaultName: string | undefined;
  for (const spec of specs) {
    const { kind, name, isDefault, rest } = parseSpec(spec);
    if (sources.some((source) => source.name === name)) {
      throw invalid(spec, `there is already a secret source named "${name}"`, 'give it a name=…');
    }
    sources.push({ name, values: valuesOf(spec, kind, rest, readText) });
    if (!isDefault) continue;
    if (defaultName !== undefined) {
      throw invalid(spec, `"${defaultName}" is the default source already`);
    }
    defaultName = name;
  }
  const [only] = sources;
  if (sources.length === 1) defaultName = only?.name;
  return { sources, defaultName };
}

interface Spec {
  readonly kind: string;
  readonly name: string;
  readonly isDefault: boolean;
  readonly rest: readonly string[];
}

function parseSpec(spec: string): Spec {
  const [kind, argument] = splitAt(spec, '=');
  let name = kind;
  let isDefault = false;
  const rest: string[] = [];
  for (const part of argument === undefined || argument === '' ? [] : argument.split(',')) {
    if (part === 'default') isDefault = true;
    else if (part.startsWith(NAME_OPTION)) name = part.slice(NAME_OPTION.length);
    else rest.push(part);
  }
  return { kind, name, isDefault, rest };
}

function valuesOf(
  spec: string,
  kind: string,
  rest: readonly string[],
  readText: (path: string) => string,
): SecretSource['values'] {
  switch (kind) {
    case 'mock':
      return parsePairs(rest, (index) => invalid(spec, `value ${index + 1} is not key=value`));
    case 'file':
      return readFileSource(spec, rest.join(','), readText);
    case 'url':
      throw invalid(
        spec,
        'url sources are not supported',
        'fetch the secrets before the run and use file=…',
      );
    default:
      throw invalid(spec, `there is no secret source type "${kind}"`, 'use file=… or mock=…');
  }
}

function readFileSource(
  spec: string,
  argument: string,
  readText: (path: string) => string,
): SecretSource['values'] {
  const path = argument.startsWith(FILE_OPTION) ? argument.slice(FILE_OPTION.length) : argument;
  if (path === '') throw invalid(spec, 'it names no file', 'write --secret-source=file=path');
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw invalid(spec, `the file cannot be read: ${reasonOf(cause, path)}`, undefined, cause);
  }
  const lines = text.split(/\r?\n/);
  // The line itself may be a secret: name it by its number.
  return parsePairs(
    lines,
    (index) => invalid(spec, `line ${index + 1} of "${path}" is not key=value`),
    true,
  );
}

function parsePairs(
  pairs: readonly string[],
  fault: (index: number) => GharialError,
  skipsEmpty = false,
): SecretSource['values'] {
  const entries: [string, string][] = [];
  pairs.forEach((pair, index) => {
    if (skipsEmpty && pair === '') return;
    const [key, value] = splitAt(pair, '=');
    if (value === undefined) throw fault(index);
    entries.push([key, value]);
  });
  return Object.fromEntries(entries);
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(spec: string, reason: string, hint?: string, cause?: unknown): GharialError {
  // What follows the type may be a secret.
  const [kind] = splitAt(spec, '=');
  return new GharialError('SECRET_SOURCE_INVALID', `--secret-source=${kind}=…: ${reason}`, {
    exitCode: ExitCode.invalidConfig,
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
