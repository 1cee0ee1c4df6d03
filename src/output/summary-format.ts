/**
 * Numbers as the end-of-test summary shows them: k6's units, rounding and truncation.
 */
import type { ValueType } from '../metrics/metric.ts';

export type TimeUnit = '' | 's' | 'ms' | 'us';

const FIXED_UNITS = {
  s: { perMs: 0.001, suffix: 's' },
  ms: { perMs: 1, suffix: 'ms' },
  us: { perMs: 1000, suffix: 'µs' },
} as const;

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'] as const;
const MINUTE_MS = 60_000;

/** A value by what its metric contains. */
export function formatValue(value: number, contains: ValueType, timeUnit: TimeUnit): string {
  if (contains === 'time') return formatTime(value, timeUnit);
  return contains === 'data' ? formatBytes(value) : formatNumber(value);
}

/** A share from 0 to 1: percent with two decimals, cut off and not rounded. */
export function formatShare(share: number): string {
  return `${(Math.trunc(share * 100 * 100) / 100).toFixed(2)}%`;
}

/** At most six decimals, no trailing zeros. */
export function formatNumber(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** Powers of 1000; one decimal below ten units. */
export function formatBytes(bytes: number): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  if (bytes < 10) return `${formatNumber(bytes)} B`;
  const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3 + 1e-12));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${BYTE_UNITS[power]}`;
}

/** Milliseconds in a fixed unit with two decimals, or in the unit that suits the value. */
export function formatTime(timeMs: number, timeUnit: TimeUnit): string {
  if (timeUnit !== '') {
    const { perMs, suffix } = FIXED_UNITS[timeUnit];
    return `${(timeMs * perMs).toFixed(2)}${suffix}`;
  }
  if (!Number.isFinite(timeMs)) return `${timeMs}`;
  if (timeMs < 0) return `-${formatTime(-timeMs, '')}`;
  if (timeMs === 0) return '0s';
  if (timeMs < 0.001) return `${Math.trunc(timeMs * 1e6)}ns`;
  if (timeMs < 1) return `${cut(timeMs * 1000)}µs`;
  if (timeMs < 1000) return `${cut(timeMs)}ms`;
  if (timeMs < MINUTE_MS) return `${cut(timeMs / 1000)}s`;
  const seconds = Math.trunc((timeMs % MINUTE_MS) / 1000);
  const minutes = Math.trunc(timeMs / MINUTE_MS);
  const rest = `${minutes % 60}m${seconds}s`;
  return minutes < 60 ? rest : `${Math.trunc(minutes / 60)}h${rest}`;
}

/** Two decimals, cut off and not rounded, no trailing zeros. */
function cut(value: number): string {
  return String(Math.trunc(value * 100) / 100);
}
