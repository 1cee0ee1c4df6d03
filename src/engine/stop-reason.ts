/** Why a run ended early; the first reason wins. */
import { ExitCode, GharialError } from '../base/errors.ts';
import type { ErrorReport } from '../bridge/messages.ts';

/** Where a run can be stopped from, as its message says. */
export type ControlSurface = 'REST API' | 'the live page';

export type StopReason =
  | { readonly kind: 'signal'; readonly signal: 'interrupt' | 'terminated' }
  | { readonly kind: 'thresholds'; readonly message: string }
  | { readonly kind: 'script'; readonly message: string }
  | { readonly kind: 'control'; readonly surface: ControlSurface }
  /** By the program that started it; `cause` is the reason of its AbortSignal. */
  | { readonly kind: 'caller'; readonly cause: unknown }
  | { readonly kind: 'error'; readonly error: GharialError };

/** What to report for a reason, with its exit code. */
export function stopError(reason: StopReason): GharialError {
  switch (reason.kind) {
    case 'signal':
      return new GharialError(
        'RUN_SIGNALLED',
        `test run was aborted because gharial received a '${reason.signal}' signal`,
        { exitCode: ExitCode.signal },
      );
    case 'thresholds':
      return new GharialError('THRESHOLDS_CROSSED', reason.message, {
        exitCode: ExitCode.thresholdsFailed,
      });
    case 'script':
      return new GharialError(
        'RUN_ABORTED',
        reason.message === '' ? 'test aborted' : `test aborted: ${reason.message}`,
        { exitCode: ExitCode.scriptAborted },
      );
    case 'control':
      return new GharialError('RUN_STOPPED', `test run stopped from ${reason.surface}`, {
        exitCode: ExitCode.stoppedByApi,
      });
    case 'caller':
      return new GharialError(
        'RUN_STOPPED',
        'test run was stopped by the program that started it',
        {
          exitCode: ExitCode.signal,
          cause: reason.cause,
        },
      );
    case 'error':
      return reason.error;
    default:
      return reason satisfies never;
  }
}

/** The error a worker reported. */
export function reportedError(report: ErrorReport): GharialError {
  const hint = report.hint ?? (report.isScriptException ? 'script exception' : undefined);
  return new GharialError(report.code, report.message, {
    exitCode: report.exitCode as ExitCode, // made of an ExitCode in the worker
    ...(hint === undefined ? {} : { hint }),
  });
}
