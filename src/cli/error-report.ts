/**
 * Turns whatever ended a command into one log record and an exit code. The only place that decides
 * how a failure looks.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import type { LogRecord } from '../output/log-format.ts';

export interface ErrorReport {
  readonly record: LogRecord;
  readonly exitCode: ExitCode;
}

/**
 * A `GharialError` is told in its own words, with its hint; anything else is a fault of gharial and
 * is told with its stack and the request to report it.
 */
export function reportError(error: unknown, timeMs: number): ErrorReport {
  if (!(error instanceof GharialError)) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      record: {
        timeMs,
        level: 'error',
        message: `gharial failed by a fault of its own: ${trace}`,
        fields: { hint: 'please report this, with the script if you can' },
      },
      exitCode: ExitCode.other,
    };
  }
  const fields: Record<string, string> = {};
  if (error.hint !== undefined) fields['hint'] = error.hint;
  if (error.exitCode === ExitCode.scriptException) fields['source'] = 'stacktrace';
  return {
    record: { timeMs, level: 'error', message: error.message, fields },
    exitCode: error.exitCode,
  };
}
