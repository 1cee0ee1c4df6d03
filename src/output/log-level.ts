/** Levels of the log: their order, and their names in options. */
import { GharialError } from '../base/errors.ts';
import type { LogLevel } from './log-format.ts';

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  fatal: 'error',
  panic: 'error',
};

export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return SEVERITY[level] >= SEVERITY[least];
}

/** @throws GharialError LOG_OUTPUT_INVALID */
export function parseLogLevel(name: string): LogLevel {
  const level = LEVEL_NAMES[name.toLowerCase()];
  if (level !== undefined) return level;
  throw new GharialError('LOG_OUTPUT_INVALID', `unknown log level '${name}'`, {
    hint: 'use debug, info, warning or error',
  });
}
