/**
 * What may leave a script: the value of setup(), as JSON, and the files of handleSummary().
 *
 * k6 does not use JSON.stringify but its own encoder: functions, NaN, infinities and cycles are errors,
 * undefined properties become null, Maps arrays of pairs, dates RFC 3339 text (spec: lifecycle).
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { goTypeName } from '../k6/go-types.ts';

const MARSHAL = 'error marshaling setup() data to JSON: json: unsupported';

function unsupported(what: string): GharialError {
  return new GharialError('SETUP_DATA_INVALID', `${MARSHAL} ${what}`, {
    exitCode: ExitCode.other,
    hint: 'setup() may return what JSON can hold: objects, arrays, strings, finite numbers, booleans, null',
  });
}

/** Date as Go prints it: no fraction if it is zero, no trailing zeros. */
function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw unsupported('value: invalid date');
  return date.toISOString().replace(/\.?0+Z$/, 'Z');
}

function plainNumber(value: number): number {
  if (Number.isFinite(value)) return value;
  const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  throw unsupported(`value: ${name}`);
}

/** The value with everything replaced that JSON cannot say; `parents` are the objects around it. */
function toPlain(value: unknown, parents: Set<object>): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value === 'bigint') return plainNumber(Number(value));
  if (typeof value === 'function') {
    throw unsupported('type: func(sobek.FunctionCall) sobek.Value');
  }
  if (typeof value === 'symbol') return value.description ?? '';
  if (typeof value !== 'object') return value;
  if (parents.has(value)) {
    throw unsupported(`value: encountered a cycle via ${goTypeName(value)}`);
  }
  parents.add(value);
  const plain = toPlainObject(value, parents);
  parents.delete(value);
  return plain;
}

function toPlainObject(value: object, parents: Set<object>): unknown {
  if (value instanceof Date) return dateText(value);
  if (value instanceof ArrayBuffer) return {};
  if (value instanceof Map) return [...value].map((pair) => toPlain(pair, parents));
  if (value instanceof Set || Array.isArray(value)) {
    return Array.from(value, (item) => toPlain(item, parents));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, toPlain(item, parents)]),
  );
}

/**
 * setup()'s value as JSON; undefined stays undefined.
 * @throws GharialError SETUP_DATA_INVALID
 */
export function toSetupJson(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(toPlain(value, new Set()));
}

/** Contents by `stdout`, `stderr` or path. */
export type SummaryFiles = Readonly<Record<string, string | ArrayBuffer>>;

/**
 * Checks what handleSummary() returned; what is falsy means "print the default summary".
 * @throws GharialError SUMMARY_INVALID
 */
export function toSummaryFiles(value: unknown): SummaryFiles | undefined {
  if (!value) return undefined;
  if (typeof value !== 'object') {
    throw new GharialError(
      'SUMMARY_INVALID',
      `handleSummary() should return a map with string keys, got ${goTypeName(value)}`,
    );
  }
  for (const [name, content] of Object.entries(value)) {
    if (typeof content !== 'string' && !(content instanceof ArrayBuffer)) {
      throw new GharialError(
        'SUMMARY_INVALID',
        `error handling summary object ${name}: invalid type ${goTypeName(content)}, it needs to be a string or ArrayBuffer`,
      );
    }
  }
  return Object.fromEntries(Object.entries(value));
}
