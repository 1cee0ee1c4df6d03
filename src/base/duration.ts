/**
 * Durations as k6 users write them: Go's grammar (`1m30s`, `10m0s`, `1.5h`) and k6's extension of
 * it (plain numbers are milliseconds, `1d2h`). In gharial a duration is a number of milliseconds;
 * fractions count whole nanoseconds, as in Go.
 */
import { GharialError } from './errors.ts';

const NANOSECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DAY_MS = 86_400_000;
const NANOSECONDS_MAX = 2 ** 63;
const ELEMENT = /(\d*)(?:\.(\d*))?([^\d.]*)/y;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Parses a Go duration: a sign, then numbers with units `ns us µs ms s m h`, or a bare `0`.
 * @returns milliseconds, truncated to nanoseconds.
 * @throws GharialError DURATION_INVALID with the text of Go's `time.ParseDuration`.
 */
export function parseDuration(text: string): number {
  const isSigned = text.startsWith('-') || text.startsWith('+');
  const body = isSigned ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') throw invalid(text);
  let totalNs = 0;
  let at = 0;
  while (at < body.length) {
    ELEMENT.lastIndex = at;
    const match = ELEMENT.exec(body);
    const whole = match?.[1] ?? '';
    const fraction = match?.[2] ?? '';
    if (match === null || (whole === '' && fraction === '')) throw invalid(text);
    const unit = match[3] ?? '';
    if (unit === '') throw failure(`time: missing unit in duration ${JSON.stringify(text)}`);
    const unitNs = Object.hasOwn(NANOSECONDS_PER_UNIT, unit)
      ? NANOSECONDS_PER_UNIT[unit]
      : undefined;
    if (unitNs === undefined) {
      throw failure(
        `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`,
      );
    }
    totalNs += Number(whole) * unitNs;
    if (fraction !== '') totalNs += Math.trunc(Number(fraction) * (unitNs / 10 ** fraction.length));
    if (!(totalNs < NANOSECONDS_MAX)) throw invalid(text);
    at += match[0].length;
  }
  return text.startsWith('-') ? -totalNs / 1e6 : totalNs / 1e6;
}

/**
 * Parses k6's extended grammar, used in script options, config files and the environment: a number
 * or numeric string is milliseconds, `<int>d` may stand before a Go duration.
 * @throws GharialError DURATION_INVALID
 */
export function parseExtendedDuration(value: string | number): number {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(String(value));
    return Math.trunc(value * 1e6) / 1e6;
  }
  if (FLOAT.test(value)) return parseExtendedDuration(Number(value));
  const dayEnd = value.indexOf('d');
  if (dayEnd < 0) return parseDuration(value);
  const daysText = value.slice(0, dayEnd);
  if (!/^[+-]?\d+$/.test(daysText)) throw invalid(value);
  const restText = value.slice(dayEnd + 1);
  const restMs = restText === '' ? 0 : parseDuration(restText);
  if (restMs < 0) throw invalid(value);
  return Number(daysText) * DAY_MS + (daysText.startsWith('-') ? -restMs : restMs);
}

/** Writes milliseconds as Go does: `0s`, `1.5ms`, `30s`, `1m30s`, `10m0s`, `1h0m0s`. */
export function formatDuration(durationMs: number): string {
  const ns = Math.round(Math.abs(durationMs) * 1e6);
  if (ns === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${decimal(ns, 3)}µs`;
  if (ns < 1e9) return `${sign}${decimal(ns, 6)}ms`;
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = `${decimal(ns % 60e9, 9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** Milliseconds as an integer number of nanoseconds. */
export function toNanoseconds(durationMs: number): number {
  return Math.round(durationMs * 1e6);
}

/** `units` shifted right by `digits` decimal places, without trailing zeros. */
function decimal(units: number, digits: number): string {
  const scale = 10 ** digits;
  const fraction = String(units % scale)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  const whole = Math.floor(units / scale);
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

function invalid(text: string): GharialError {
  return failure(`time: invalid duration ${JSON.stringify(text)}`);
}

function failure(message: string): GharialError {
  return new GharialError('DURATION_INVALID', message, { hint: 'write it as 10s, 1m30s or 500ms' });
}
