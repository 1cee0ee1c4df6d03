/**
 * Reads one source of options each: script exports, config file, environment. Faults of a source are
 * collected and reported together; fields nobody knows become warnings.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { hintsOf, isRecord, matchFields, typeFault } from './kind.ts';
import { OPTION_ROWS, type OptionRow } from './table.ts';
import type { Layer, LayerValues, Warning } from './values.ts';

const PROBLEMS = 'There were problems with the specified script configuration:';

/** Joins faults as k6 lists them. One fault is told as it is if `isPlain`. */
export function configFault(
  faults: readonly string[],
  isPlain = false,
  hint?: string,
): GharialError {
  const [first = ''] = faults;
  const message =
    isPlain && faults.length === 1
      ? first
      : `${PROBLEMS}${faults.map((fault) => `\n\t- ${fault}`).join('')}`;
  return new GharialError('OPTION_INVALID', message, {
    exitCode: ExitCode.invalidConfig,
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * Reads what a script exports as `options`.
 * @param exported the value, plain JSON; undefined or null = no options.
 * @throws GharialError OPTION_INVALID, exit code 104, with all faults.
 */
export function parseScriptOptions(exported: unknown): {
  readonly layer: Layer;
  readonly warnings: readonly Warning[];
} {
  if (exported === undefined || exported === null) {
    return { layer: { origin: 'script', values: {} }, warnings: [] };
  }
  const rows = OPTION_ROWS.filter(({ isInScript }) => isInScript);
  const { values, unknown, faults, hint } = parseObject(exported, rows);
  if (faults.length > 0) {
    throw configFault(
      faults.map((fault) => `parsing options from script got error ${fault}`),
      true,
      hint,
    );
  }
  const warnings: Warning[] = [];
  const others = unknown.filter((name) => name !== 'features');
  if (others.length > 0) {
    warnings.push({
      message: 'There were unknown fields in the options exported in the script',
      error: others.map((name) => `json: unknown field ${JSON.stringify(name)}`).join(', '),
    });
  }
  if (unknown.includes('features')) {
    warnings.push({
      message:
        'Feature flags in script options are not supported; use --features, K6_FEATURES, or the JSON config',
    });
  }
  return { layer: { origin: 'script', values }, warnings };
}

/**
 * Reads the options that a program gives to `run()`: as a script's, but unknown ones are faults.
 * @throws GharialError OPTION_INVALID, exit code 104, with all faults.
 */
export function parseCallerOptions(options: unknown): Layer {
  if (options === undefined) return { origin: 'caller', values: {} };
  const rows = OPTION_ROWS.filter(({ isInScript }) => isInScript);
  // As a script's options arrive: properties that are undefined are not there.
  const { values, unknown, faults, hint } = parseObject(JSON.parse(JSON.stringify(options)), rows);
  const all = [...faults, ...unknown.map((name) => `unknown option ${JSON.stringify(name)}`)];
  if (all.length > 0)
    throw configFault(
      all.map((fault) => `options of run(): ${fault}`),
      true,
      hint,
    );
  return { origin: 'caller', values };
}

/**
 * Reads the text of a JSON config file; unknown keys are ignored.
 * @throws GharialError OPTION_INVALID, exit code 104.
 */
export function parseConfigFile(text: string, path: string): Layer {
  const rows = OPTION_ROWS.filter(({ isInFile }) => isInFile);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fileFault(path, reason, error);
  }
  const { values, faults, hint } = parseObject(json, rows);
  if (faults.length > 0) throw fileFault(path, faults.join('; '), undefined, hint);
  return { origin: 'config file', values };
}

/**
 * Reads environment variables (`K6_VUS` …); empty ones count as not set.
 * @throws GharialError OPTION_INVALID; exit code 104 for what a config file may set, too, 255 for the rest.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): Layer {
  let values: LayerValues = {};
  const faults: string[] = [];
  const causes: unknown[] = [];
  for (const row of OPTION_ROWS) {
    const text = row.env === undefined ? undefined : env[row.env];
    if (text === undefined || text === '' || row.env === undefined) continue;
    if (!row.hasText) continue;
    try {
      values = { ...values, ...row.parseText(text, 'env', values) };
    } catch (error) {
      if (!(error instanceof GharialError)) throw error;
      if (!row.isInFile && row.section !== 'test') throw settingFault(row, row.env, error);
      faults.push(
        `envconfig.Process: assigning ${row.env} to ${fieldNameOf(row)}: ` +
          `converting '${text}' to type ${row.typeName}. details: ${error.message}`,
      );
      causes.push(error);
    }
  }
  if (faults.length > 0) throw configFault(faults, true, hintsOf(causes));
  // NO_COLOR counts even when it is empty (no-color.org asks for more; k6 does this).
  if (env['NO_COLOR'] !== undefined) values = { ...values, noColor: true };
  return { origin: 'env', values };
}

function parseObject(
  json: unknown,
  rows: readonly OptionRow[],
): {
  readonly values: LayerValues;
  readonly unknown: readonly string[];
  readonly faults: readonly string[];
  readonly hint: string | undefined;
} {
  if (!isRecord(json)) {
    const faults = [typeFault(json, 'lib.Options').message];
    return { values: {}, unknown: [], faults, hint: undefined };
  }
  const matched = matchFields(
    json,
    rows.map(({ key }) => key),
  );
  let values: LayerValues = {};
  const unknown = [...matched.unknown];
  const faults: string[] = [];
  const causes: unknown[] = [];
  for (const row of rows) {
    const value = matched.fields.get(row.key);
    if (value === undefined) continue;
    unknown.push(...row.unknownFields(value));
    try {
      values = { ...values, ...row.parseJson(value) };
    } catch (error) {
      if (!(error instanceof GharialError)) throw error;
      faults.push(`while parsing "${row.key}": ${error.message}`);
      causes.push(error);
    }
  }
  return { values, unknown, faults, hint: hintsOf(causes) };
}

function settingFault(row: OptionRow, name: string, error: GharialError): GharialError {
  if (row.typeName !== 'null.Bool') return error;
  return new GharialError(
    'OPTION_INVALID',
    `env var '${name}' is not a valid boolean value: ${error.message}`,
    { cause: error },
  );
}

/** k6's name of the field, which its message about an environment variable contains. */
function fieldNameOf({ key }: OptionRow): string {
  const special: Readonly<Record<string, string>> = {
    vus: 'VUs',
    rps: 'RPS',
    dns: 'DNS',
    httpDebug: 'HTTPDebug',
    tags: 'RunTags',
  };
  const name = Object.hasOwn(special, key) ? special[key] : undefined;
  return name ?? `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
}

function fileFault(path: string, reason: string, cause?: unknown, hint?: string): GharialError {
  return new GharialError(
    'OPTION_INVALID',
    `couldn't parse the configuration from ${JSON.stringify(path)}: ${reason}`,
    { exitCode: ExitCode.invalidConfig, cause, ...(hint === undefined ? {} : { hint }) },
  );
}
