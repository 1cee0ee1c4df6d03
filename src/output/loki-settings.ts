/** `--log-output loki[=url][,key=value…]`, with k6's keys. */
import { parseDuration } from '../base/duration.ts';
import { GharialError } from '../base/errors.ts';
import type { LogLevel } from './log-format.ts';
import { parseLogLevel } from './log-level.ts';

export interface LokiSettings {
  readonly url: URL;
  /** `label.NAME=value`: on every stream. */
  readonly labels: Readonly<Record<string, string>>;
  /** `header.NAME=value`: of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lines per period; more are left out and counted. */
  readonly limit: number;
  readonly levelMin: LogLevel;
  readonly pushPeriodMs: number;
  /** Longer messages are cut, in bytes of UTF-8. */
  readonly messageBytesMax: number;
  /** Facts of a line that become labels, others go to its end; undefined = all do. */
  readonly allowedLabels: readonly string[] | undefined;
}

const DEFAULT_URL = 'http://127.0.0.1:3100/loki/api/v1/push';

/** @throws GharialError LOG_OUTPUT_INVALID */
export function parseLokiOutput(output: string): LokiSettings {
  const [target = '', ...options] = splitOutsideBrackets(output);
  const labels: Record<string, string> = {};
  const headers: Record<string, string> = {};
  let settings: LokiSettings = {
    url: parseUrl(target === 'loki' ? DEFAULT_URL : target.slice('loki='.length)),
    labels,
    headers,
    limit: 100,
    levelMin: 'debug',
    pushPeriodMs: 1000,
    messageBytesMax: 1024 * 1024,
    allowedLabels: undefined,
  };
  for (const option of options) {
    const equals = option.indexOf('=');
    const key = equals < 0 ? option : option.slice(0, equals);
    const value = equals < 0 ? '' : option.slice(equals + 1);
    const [group, name = ''] = splitAtDot(key);
    if (group === 'label' && name !== '') labels[name] = value;
    else if (group === 'header' && name !== '') headers[name] = value;
    else settings = { ...settings, ...parseOption(key, value) };
  }
  return settings;
}

function parseOption(key: string, value: string): Partial<LokiSettings> {
  switch (key) {
    case 'limit':
      return { limit: parseCount(key, value) };
    case 'level':
      return { levelMin: parseLogLevel(value) };
    case 'pushPeriod':
      return { pushPeriodMs: parsePeriod(value) };
    case 'msgMaxSize':
      return { messageBytesMax: parseCount(key, value) };
    case 'allowedLabels':
      return { allowedLabels: parseNames(value) };
    default:
      throw fault(
        `unknown loki config key ${key}`,
        'there are label.…, header.…, limit, level, pushPeriod, msgMaxSize and allowedLabels',
      );
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw fault(`invalid loki address '${text}'`, `write it like loki=${DEFAULT_URL}`);
}

function parseCount(key: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw fault(`loki ${key}: got '${value}'`, 'expected a whole number above 0');
}

function parsePeriod(value: string): number {
  const fail = (cause?: unknown): GharialError =>
    fault(`loki pushPeriod: got '${value}'`, 'expected a time such as 1s', cause);
  let periodMs: number;
  try {
    periodMs = parseDuration(value);
  } catch (error) {
    throw fail(error);
  }
  if (periodMs > 0) return periodMs;
  throw fail();
}

/** `[a,b]` */
function parseNames(value: string): string[] {
  const inside = /^\[(.*)\]$/.exec(value)?.[1];
  if (inside === undefined) {
    throw fault(`loki allowedLabels: got '${value}'`, 'expected a list such as [level,source]');
  }
  return inside === '' ? [] : inside.split(',').map((name) => name.trim());
}

function splitOutsideBrackets(text: string): string[] {
  return text.split(/,(?![^[]*\])/);
}

function splitAtDot(key: string): string[] {
  const dot = key.indexOf('.');
  return dot < 0 ? [key] : [key.slice(0, dot), key.slice(dot + 1)];
}

function fault(message: string, hint: string, cause?: unknown): GharialError {
  return new GharialError('LOG_OUTPUT_INVALID', message, { hint, cause });
}
