/**
 * What a page or a report says about a run: the command, the options somebody set, the machine. It may be
 * handed around, so values of variables and credentials are left out here, whatever a redactor knows.
 */
import { cpus, hostname, release, totalmem } from 'node:os';
import { nowMs } from '../base/clock.ts';
import { withoutSecretParameters, withoutUserInfo } from '../base/credentials.ts';
import { VERSION } from '../base/version.ts';
import type { Fact } from '../dashboard/protocol.ts';
import { isBuiltInOutput } from '../library/outputs.ts';
import { OPTION_ROWS } from '../options/table.ts';
import type { LayerValues, Options, RunSettings } from '../options/values.ts';
import type { CommandContext } from './context.ts';

const HIDDEN = '…';
/** Options whose values are secrets or made of them. */
const SECRET_OPTIONS: ReadonlySet<keyof LayerValues> = new Set(['tlsAuth', 'cloud', 'ext']);
/** Names of variables that leave no doubt; AUTH_MODE and XDG_SESSION_CLASS have no secrets. */
const SECRET_NAME =
  /secret|token|password|passwd|passphrase|(?:^|_)pass(?:_|$)|(?:api|access|private)_?key|credential/i;
/** Shorter values are words, which would be found in many texts. */
const SYSTEM_SECRET_CHARS_MIN = 8;
/** Who hands a variable to the script means it. */
const GIVEN_SECRET_CHARS_MIN = 4;

/** Keys in arguments whose values are credentials. */
const SECRET_KEY =
  '[\\w.-]*(?:token|secret|passw|passphrase|api_?key|credential|auth|cookie|signature|session)[\\w.-]*';
/** `key=value` between commas or ampersands, also behind `name=`; flags are no keys. */
const SECRET_PAIR = new RegExp(`((?:^|[,&=])(?!-)${SECRET_KEY}=)(?!…)[^,&]+`, 'gi');
/** Of Loki; commas in brackets belong to the value. */
const HEADER_PAIR = /([,=]header\.[^=,]*=).+?(?=,(?![^[]*\])|$)/gs;

type CommandSecrets = Pick<RunSettings, 'env' | 'secretSource' | 'out'>;

/**
 * The command line with values of `-e` and secret sources left out, and what outputs of packages are told:
 * what is secret there only they know. In other arguments, values of headers and of keys like `token`.
 */
export function describeCommand(
  args: readonly string[],
  { env, secretSource, out }: CommandSecrets,
): string {
  const foreign = out.filter((spec) => !isBuiltInOutput(spec));
  const hidden = [...env, ...secretSource, ...foreign].sort((a, b) => b.length - a.length);
  const texts = args.map((argument) => quote(maskPairs(maskEnd(argument, hidden))));
  return ['gharial', 'run', ...texts].join(' ');
}

/** `-eTOKEN=abc` is `-eTOKEN=…`. */
function maskEnd(argument: string, hidden: readonly string[]): string {
  const pair = hidden.find((text) => text.includes('=') && argument.endsWith(text));
  if (pair === undefined) return argument;
  const from = argument.length - pair.length + pair.indexOf('=') + 1;
  return `${argument.slice(0, from)}${HIDDEN}`;
}

function maskPairs(argument: string): string {
  return argument.replace(HEADER_PAIR, `$1${HIDDEN}`).replace(SECRET_PAIR, `$1${HIDDEN}`);
}

function quote(argument: string): string {
  return /^[\w@%+=:,./…-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** Options that somebody set, with where. */
export function describeOptions({ given, origins }: Options): Fact[] {
  const facts: Fact[] = [];
  const seen = new Set<keyof LayerValues>();
  for (const row of OPTION_ROWS) {
    const { property, key, section } = row;
    if (section !== 'test' || seen.has(property) || given[property] === undefined) continue;
    seen.add(property);
    const json = withoutNothing(row.toJson(given));
    if (json === undefined) continue;
    const text = SECRET_OPTIONS.has(property) ? HIDDEN : toText(json);
    facts.push([key, `${text} (${origins[property] ?? 'default'})`]);
  }
  return facts;
}

/** Without what was not set, and without the values of scenarios' variables. */
function withoutNothing(json: unknown): unknown {
  if (json === null) return undefined;
  if (Array.isArray(json)) return json.length === 0 ? undefined : json.map(withoutNothing);
  if (typeof json !== 'object') return json;
  const entries = Object.entries(json)
    .map(([name, value]) => [name, name === 'env' ? hideValues(value) : withoutNothing(value)])
    .filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function hideValues(env: unknown): unknown {
  if (typeof env !== 'object' || env === null) return undefined;
  return Object.fromEntries(Object.keys(env).map((name) => [name, HIDDEN]));
}

function toText(json: unknown): string {
  return typeof json === 'string' ? json : JSON.stringify(json, undefined, 1).replace(/\s+/g, ' ');
}

export function describeEnvironment({ platform }: Pick<CommandContext, 'platform'>): Fact[] {
  const [cpu] = cpus();
  const gibibytes = (totalmem() / 2 ** 30).toFixed(1);
  return [
    ['gharial', VERSION],
    ['Node.js', platform.nodeVersion],
    ['host', hostname()],
    ['system', `${platform.os} ${release()} ${platform.architecture}`],
    ['processor', `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`],
    ['memory', `${gibibytes} GiB`],
    ['started', new Date(nowMs()).toISOString()],
  ];
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Values of variables with a name like TOKEN, to be hidden wherever they turn up.
 * @param given by the user to the script, scenario by scenario too; they may have values of the system's.
 */
export function secretValues(system: Variables, given: readonly Variables[]): string[] {
  const values = given.flatMap((variables) =>
    secretsOf(variables, GIVEN_SECRET_CHARS_MIN).filter(([name, value]) => value !== system[name]),
  );
  return [...values, ...secretsOf(system, SYSTEM_SECRET_CHARS_MIN)].map(([, value]) => value);
}

function secretsOf(variables: Variables, charsMin: number): [name: string, value: string][] {
  return Object.entries(variables).flatMap(([name, value = '']) =>
    value.length >= charsMin && SECRET_NAME.test(name) ? [[name, value]] : [],
  );
}

/** The text without passwords of URLs, and without values of query parameters that are secrets by name. */
export function withoutCredentials(text: string): string {
  return withoutSecretParameters(withoutUserInfo(text));
}
