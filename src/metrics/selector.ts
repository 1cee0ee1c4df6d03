/**
 * Which samples a threshold is about: `name` or `name{tag:value,…}`, k6's grammar.
 */
import { ExitCode, GharialError } from '../base/errors.ts';

export interface MetricSelector {
  readonly name: string;
  /** Text between the braces, trimmed; undefined without braces. */
  readonly suffix: string | undefined;
  /** Pairs that a sample must all have, exactly. */
  readonly filter: readonly (readonly [string, string])[];
}

/**
 * Parses a selector. Pairs are split at commas, then at the first colon (so `group:::a::b` works); blanks and
 * quotes around keys and values are dropped. Errors: THRESHOLD_INVALID (k6's texts).
 */
export function parseSelector(text: string): MetricSelector {
  const open = text.indexOf('{');
  const close = text.lastIndexOf('}');
  if (open < 0 && close < 0) return { name: text, suffix: undefined, filter: [] };
  if (open < 0 || close < 0)
    throw fault(`metric ${quote(text)} has unmatched opening/close curly brace`);
  if (close < open) {
    throw fault(`metric ${quote(text)} closing curly brace appears before opening one`);
  }
  if (close !== text.length - 1) {
    throw fault(`metric ${quote(text)} lacks a closing curly brace in its last position`);
  }
  const suffix = text.slice(open + 1, close).trim();
  const filter = suffix.split(',').map((pair): [string, string] => {
    const colon = pair.indexOf(':');
    if (colon < 0 || colon === pair.length - 1) {
      throw fault(`metric ${quote(pair)} tag expression is malformed`);
    }
    return [unwrap(pair.slice(0, colon)), unwrap(pair.slice(colon + 1))];
  });
  return { name: text.slice(0, open), suffix, filter };
}

/** The first tag of a selector that samples carry as metadata, which no selector sees: `vu` or `iter`. */
export function metadataTagIn(selector: string): string | undefined {
  return parseSelector(selector).filter.find(([key]) => key === 'vu' || key === 'iter')?.[0];
}

function unwrap(text: string): string {
  return text.replace(/^[\s"']+|[\s"']+$/g, '');
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function fault(reason: string): GharialError {
  return new GharialError(
    'THRESHOLD_INVALID',
    `unable to validate threshold expressions; reason: parsing metric name failed, ${reason}`,
    {
      exitCode: ExitCode.invalidConfig,
      hint: 'write "metric" or "metric{tag:value,other:value}" as the name of a threshold',
    },
  );
}
