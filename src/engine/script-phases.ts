/**
 * The functions a script may export beside its scenarios' own: setup, teardown and handleSummary. When they are
 * called, how long they may take, and what becomes of what they return.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import type { PhaseEnd, ProbeResult } from '../bridge/messages.ts';
import type { Options } from '../options/values.ts';
import type { PhaseCalls } from './phase-calls.ts';
import type { RunResult } from './run-contract.ts';
import { reportedError } from './stop-reason.ts';
import type { StopSwitch } from './stop-switch.ts';

export class ScriptPhases {
  readonly #calls: PhaseCalls;
  readonly #options: Options;
  readonly #exports: ProbeResult['exports'];
  readonly #stop: StopSwitch;
  /** JSON of what setup() returned, or of what the REST API put in its place. */
  setupJson: string | undefined;

  constructor(calls: PhaseCalls, options: Options, probe: ProbeResult, stop: StopSwitch) {
    this.#calls = calls;
    this.#options = options;
    this.#exports = probe.exports;
    this.#stop = stop;
  }

  get hasSetup(): boolean {
    return !this.#options.noSetup && this.#exports['setup'] === 'function';
  }

  get hasTeardown(): boolean {
    return !this.#options.noTeardown && this.#exports['teardown'] === 'function';
  }

  get hasSummary(): boolean {
    return this.#exports['handleSummary'] === 'function';
  }

  /** @throws GharialError what setup() threw, PHASE_TIMEOUT, or why the run was stopped. */
  async setup(): Promise<void> {
    const timeoutMs = this.#options.setupTimeoutMs;
    const end = await this.#calls.call({ phase: 'setup', data: undefined, timeoutMs });
    this.#stop.assertNotPulled();
    if (end.outcome === 'failed') throw reportedError(end.error);
    if (end.outcome === 'interrupted') {
      throw timeoutError('setup', timeoutMs, ExitCode.setupTimeout);
    }
    this.setupJson = typeof end.value === 'string' ? end.value : undefined;
  }

  /** What went wrong, if anything: the run is over, whatever becomes of its teardown. */
  async teardown(): Promise<GharialError | undefined> {
    const timeoutMs = this.#options.teardownTimeoutMs;
    const end = await this.#calls.call({ phase: 'teardown', data: this.setupJson, timeoutMs });
    if (end.outcome === 'failed') return reportedError(end.error);
    if (end.outcome === 'complete') return undefined;
    return this.#stop.failure ?? timeoutError('teardown', timeoutMs, ExitCode.teardownTimeout);
  }

  /** What handleSummary() returned, or why there is nothing. */
  async summary(data: unknown): Promise<RunResult['summaryFiles'] | GharialError> {
    const timeoutMs = this.#options.handleSummaryTimeoutMs;
    const end = await this.#calls.call({ phase: 'summary', data, timeoutMs });
    if (end.outcome === 'complete') return end.value as RunResult['summaryFiles']; // checked by the worker
    return this.#failedSummary(end, timeoutMs);
  }

  #failedSummary(end: PhaseEnd, timeoutMs: number): GharialError {
    if (end.outcome === 'failed') return reportedError(end.error);
    return this.#stop.failure ?? timeoutError('handleSummary', timeoutMs, ExitCode.timeout);
  }
}

function timeoutError(call: string, timeoutMs: number, exitCode: ExitCode): GharialError {
  const seconds = Math.floor(timeoutMs / 1000);
  return new GharialError(
    'PHASE_TIMEOUT',
    `${call}() execution timed out after ${seconds} seconds`,
    {
      exitCode,
      hint: `You can increase the time limit via the ${call}Timeout option`,
    },
  );
}
