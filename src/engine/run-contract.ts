/** What a run takes, shows while it goes on, and gives in the end. */
import type { GharialError } from '../base/errors.ts';
import type { InstanceCounts, Waits } from '../bridge/run-counters.ts';
import type { SecretSources } from '../k6/secret-reader.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { ProxyEnvironment } from '../options/proxies.ts';
import type { Layer, Options, RunSettings } from '../options/values.ts';
import type { Output, OutputLoss } from '../output/output.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import type { PortRange } from '../websocket/source-ports.ts';
import type { LogEntry } from './log-entry.ts';
import type { RunControl } from './rest-api.ts';

export type RunStage =
  /** The script is fetched and bundled. */
  | 'loading'
  /** Its init code runs once, to tell its options. */
  | 'inspecting'
  /** The outputs are started. */
  | 'opening'
  /** VUs are made. */
  | 'init'
  /** `--paused`: ready, and waiting to be resumed. */
  | 'paused'
  | 'setup'
  | 'running'
  | 'teardown'
  /** `--linger`: over, and waiting for a signal. */
  | 'lingering'
  /** The outputs hand over what is left. */
  | 'closing'
  /** handleSummary(). */
  | 'summary'
  | 'done';

/** What a view of the running test can show; read whenever it likes. */
export interface RunStatus extends InstanceCounts {
  readonly stage: RunStage;
  /** What it does or waits for in this stage, if there is more to say than the stage: a module, an output. */
  readonly activity: string;
  /** What keeps VUs busy that should come to their end: in setup(), in a graceful stop, in teardown(). */
  readonly waits: Waits;
  /** To be made before the start; 0 before the options are known. */
  readonly vusPlanned: number;
  /** All scenarios were paused while they run. */
  readonly isPaused: boolean;
  /** Since the clock started (before setup); 0 before. */
  readonly elapsedMs: number;
  /** In the order of the plan; undefined before the scenarios have started. */
  readonly scenarios: readonly ScenarioView[] | undefined;
}

/** `--address`. */
export interface RestApiRequest {
  readonly address: string;
  /** The run fails if it cannot be served there; otherwise that is a warning. */
  readonly isRequired: boolean;
}

export interface RunRequest {
  /** May still be in the making: threads start meanwhile. */
  readonly bundle: Promise<ScriptBundle>;
  /** What that waits for now. */
  loadingActivity?(): string;
  /** Config file; below the script's own options. */
  readonly lowerLayers: readonly Layer[];
  /** Environment, command line; above them. */
  readonly upperLayers: readonly Layer[];
  readonly settings: RunSettings;
  /** What stands for the options that the script exports: an archive's, as JSON. */
  readonly archivedOptions?: unknown;
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * What `k6/secrets` gives; absent = nothing. `onRead` hears each value that the script is given, before
   * `log` can be called with it: it is not to be shown from then on.
   */
  readonly secrets?: { readonly sources: SecretSources; readonly onRead: (value: string) => void };
  readonly defaultUserAgent: string;
  /** What the host has to say about the network; absent = no proxies, Linux's usual source ports. */
  readonly network?: { readonly proxies: ProxyEnvironment; readonly sourcePorts: PortRange };
  /** Threads at most; there are never more than VUs. */
  readonly workerCountMax: number;
  /** Aborted with a `StopReason`. */
  readonly stop: AbortSignal;
  log(entry: LogEntry): void;
  /** The options are settled and nothing has started: time for a header, and to make the outputs. */
  onPlan(options: Options, plan: InstancePlan): Promise<readonly Output[]>;
  /** Gets what steers the run from the live page, once, before outputs start. */
  onControl?(control: RunControl): void;
  /** Serves the REST API while the test runs. */
  readonly restApi?: RestApiRequest | undefined;
  /** The test is over and waits, since `linger` is set, for `stop`. */
  onLinger?(): void;
  /** Gets a reader of the run's state, once, at the very start. */
  onStatus?(read: () => RunStatus): void;
  /** Makes handleSummary's argument of the report. Undefined = no summary is wanted. */
  summaryData: ((report: RunReport) => Promise<unknown>) | undefined;
}

/** What there is to tell at the end of a run that had begun. */
export interface RunReport {
  readonly options: Options;
  readonly aggregate: Aggregate;
  /** Undefined with `--no-thresholds`. */
  readonly thresholds: ThresholdSet | undefined;
  readonly durationMs: number;
  /** What setup() returned, parsed. */
  readonly setupData: unknown;
  readonly counts: InstanceCounts;
  /** Of outputs that could not hand over everything. */
  readonly losses: readonly OutputLoss[];
}

export interface RunResult {
  /** Undefined if all went well. */
  readonly error: GharialError | undefined;
  /** Undefined if the run ended before VUs were initialised. */
  readonly report: RunReport | undefined;
  /** What handleSummary() returned: contents by `stdout`, `stderr` or path; undefined = use the default. */
  readonly summaryFiles: Readonly<Record<string, string | ArrayBuffer>> | undefined;
}
