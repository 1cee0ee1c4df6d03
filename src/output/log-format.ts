/**
 * Renders log records as lines of text, byte for byte in the formats k6 users parse: logfmt for
 * files and pipes, a coloured form for terminals, JSON, and the bare message.
 *
 * Pure functions: no clock, no stream, no global state.
 */

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface LogRecord {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  /** Further facts, e.g. `source: 'console'`. Rendered sorted by name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Renders one record as a whole line, its newline included. */
export type LogFormatter = (record: LogRecord) => string;

/** The value of `--log-format`: anything but `json` and `raw` means text, as in k6. */
export type LogFormatName = 'text' | 'json' | 'raw';

export interface LogFormatChoice {
  readonly format: LogFormatName;
  /** The lines go to a terminal with colours: text takes its terminal form. */
  readonly isTerminal: boolean;
  /** Epoch ms from which the terminal form counts its seconds. */
  readonly startMs: number;
}

/** An unknown format name means text and is no error, as in k6. */
export function toLogFormatName(value: string | undefined): LogFormatName {
  return value === 'json' || value === 'raw' ? value : 'text';
}

export function logFormatter(choice: LogFormatChoice): LogFormatter {
  if (choice.format === 'json') return formatJson;
  if (choice.format === 'raw') return formatRaw;
  return choice.isTerminal ? (record) => formatTerminal(record, choice.startMs) : formatLogfmt;
}

/** `time="2026-11-21T19:50:43Z" level=info msg="two words" source=console`; an empty message leaves no `msg`. */
export function formatLogfmt(record: LogRecord): string {
  let line = `time="${toRfc3339(record.timeMs)}" level=${record.level}`;
  if (record.message !== '') line += ` msg=${quoteIfNeeded(record.message)}`;
  for (const [name, value] of sortedFields(record)) line += ` ${name}=${quoteIfNeeded(value)}`;
  return `${line}\n`;
}

const TERMINAL_LEVELS: Readonly<Record<LogLevel, readonly [name: string, sgr: number]>> = {
  debug: ['DEBU', 37],
  info: ['INFO', 36],
  warning: ['WARN', 33],
  error: ['ERRO', 31],
};
const MESSAGE_COLUMNS = 44;

/** `INFO[0004] message, padded to 44 columns        source=console`, level and field names coloured. */
export function formatTerminal(record: LogRecord, startMs: number): string {
  const [name, sgr] = TERMINAL_LEVELS[record.level];
  const seconds = Math.max(0, Math.floor((record.timeMs - startMs) / 1000));
  const message = record.message.replace(/\n$/, '');
  const padding = ' '.repeat(Math.max(0, MESSAGE_COLUMNS - [...message].length));
  let line = `\u001b[${sgr}m${name}\u001b[0m[${String(seconds).padStart(4, '0')}] ${message}${padding} `;
  for (const [field, value] of sortedFields(record)) {
    line += ` \u001b[${sgr}m${field}\u001b[0m=${quoteIfNeeded(value)}`;
  }
  return `${line}\n`;
}

/** One JSON object per line, keys sorted, `<`, `>` and `&` escaped so that it may stand in HTML. */
export function formatJson(record: LogRecord): string {
  const entries: [string, string][] = [
    ...sortedFields(record),
    ['level', record.level],
    ['msg', record.message],
    ['time', toRfc3339(record.timeMs)],
  ];
  entries.sort(byName);
  const body = entries.map(([name, value]) => `${toJson(name)}:${toJson(value)}`).join(',');
  return `{${body}}\n`;
}

/** The message and nothing else. */
export function formatRaw(record: LogRecord): string {
  return `${record.message}\n`;
}

/** RFC 3339 in local time, whole seconds: `2026-11-21T20:50:43+01:00`, `Z` at offset zero. */
export function toRfc3339(timeMs: number): string {
  const date = new Date(timeMs);
  const offsetMinutes = -date.getTimezoneOffset();
  const local = new Date(timeMs + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return `${local}Z`;
  const distance = Math.abs(offsetMinutes);
  const hours = String(Math.floor(distance / 60)).padStart(2, '0');
  const minutes = String(distance % 60).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`;
}

const NEEDS_NO_QUOTES = /^[A-Za-z0-9\-._/@^+]*$/;

/** A value of logfmt: quoted as Go does it if it has other than letters, digits and -._/@^+. */
export function quoteIfNeeded(value: string): string {
  return NEEDS_NO_QUOTES.test(value) ? value : quoteAsGo(value);
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
const GO_PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Quotes as Go's `%q`: printable Unicode stays, control bytes become `\x1b`, the rest `\u200b` or `\U000e0001`. */
export function quoteAsGo(value: string): string {
  let quoted = '"';
  for (const character of value.replace(/\p{Surrogate}/gu, '\ufffd')) {
    const escaped = GO_ESCAPES[character];
    if (escaped !== undefined) quoted += escaped;
    else if (GO_PRINTABLE.test(character)) quoted += character;
    else quoted += escapeCodePoint(character.codePointAt(0) ?? 0);
  }
  return `${quoted}"`;
}

function escapeCodePoint(codePoint: number): string {
  const hex = codePoint.toString(16);
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex.padStart(2, '0')}`;
  return codePoint < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

const RESERVED_NAMES = new Set(['time', 'level', 'msg']);

function sortedFields(record: LogRecord): [string, string][] {
  return Object.entries(record.fields)
    .map(([name, value]): [string, string] => [
      RESERVED_NAMES.has(name) ? `fields.${name}` : name,
      value,
    ])
    .sort(byName);
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

function toJson(value: string): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
