/**
 * The errors a user can see, and the exit codes of the process.
 *
 * One class for every failure that is the user's to mend; programmer errors are `assert` failures,
 * and what goes wrong on a connection is a sample, never an exception of this kind.
 */

/** Process exit codes, k6's numbers. */
export const ExitCode = {
  ok: 0,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  timeout: 102,
  stoppedByApi: 103,
  invalidConfig: 104,
  signal: 105,
  apiUnavailable: 106,
  scriptException: 107,
  scriptAborted: 108,
  markedFailed: 110,
  other: 255,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface GharialErrorFacets {
  readonly exitCode?: ExitCode;
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure to report to the user: what failed, what was got, what was expected.
 *
 * `code` is stable (area prefix + noun, e.g. `OPTION_INVALID`) and listed in `docs/errors.md`.
 */
export class GharialError extends Error {
  override readonly name = 'GharialError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(code: string, message: string, facets: GharialErrorFacets = {}) {
    super(message, facets.cause === undefined ? undefined : { cause: facets.cause });
    this.code = code;
    this.exitCode = facets.exitCode ?? ExitCode.other;
    this.hint = facets.hint;
  }
}
