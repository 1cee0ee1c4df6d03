/**
 * Everything that crosses between the main thread and a worker: one union per direction. Plain data
 * only. Orders go down (`ToWorker`), facts come up (`FromWorker`); apart from init, setup, teardown and
 * summary nobody waits for an answer.
 */
import type { DialLimits } from '../k6/dial-limits.ts';
import type { LogLevel } from '../k6/host.ts';
import type { SecretSources } from '../k6/secret-reader.ts';
import type { NamedRows } from '../k6/shared-rows.ts';
import type { MetricDefinition } from '../metrics/metric.ts';
import type {
  RawSamples,
  RecorderBuffers,
  SeriesDefinition,
  Snapshot,
} from '../metrics/snapshot.ts';
import type { ProxyEnvironment } from '../options/proxies.ts';
import type { Options } from '../options/values.ts';
import type { Steering } from '../schedule/externally-controlled.ts';
import type { WorkerPlan } from '../schedule/requirements.ts';
import type { OpenedFiles } from '../script/open-files.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import type { PortRange } from '../websocket/source-ports.ts';

/** What a worker is born with: it may start before the script is bundled. */
export interface WorkerInit {
  readonly workerIndex: number;
  /** Debug lines are wanted. */
  readonly isVerbose: boolean;
}

/** The script, as all workers get it. */
export interface WorkerScript {
  readonly bundle: ScriptBundle;
  /** `__ENV` before scenarios add to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Scripts cannot write to `__ENV`; absent = they can. */
  readonly isEnvFrozen?: boolean;
  /** `--secret-source`; absent = none. */
  readonly secrets?: SecretSources | undefined;
}

/** How the VUs of a worker reach the network, beside what the test's options say. */
export interface NetworkPlan {
  /** `--local-ips`, '' = the system's choice. */
  readonly localIPs: string;
  /** Source ports of this worker alone, for `localIPs`. */
  readonly sourcePorts: PortRange;
  readonly proxies: ProxyEnvironment;
  readonly tlsSessionReuse: boolean;
  readonly dialLimits: DialLimits;
  /** `--ws-debug` and the VUs it is for; '' = nothing and all. */
  readonly wsDebug: string;
  readonly wsDebugVus: string;
  readonly wsDebugSecrets: boolean;
}

/** What a worker needs to run its share. */
export interface RunPlan {
  /** The scenarios, shares and VU ids of this worker. */
  readonly work: WorkerPlan;
  /** VUs of the whole process that are made before the start; ids of later ones follow. */
  readonly plannedVus: number;
  /** `RunCounters` of the run. */
  readonly counters: SharedArrayBuffer;
  readonly options: Options;
  /** `exec.test.options`. */
  readonly testOptions: Readonly<Record<string, unknown>>;
  /** `RateGate` of the `rps` option, if it is set. */
  readonly rateGate: SharedArrayBuffer | undefined;
  readonly network: NetworkPlan;
  /** The script's. */
  readonly metrics: readonly MetricDefinition[];
  readonly files: OpenedFiles;
  readonly sharedArrays: NamedRows;
  /** Time between two snapshots. */
  readonly tickMs: number;
  /** 0 = no output wants raw samples. */
  readonly samplesPerBatch: number;
}

export type ScriptPhase = 'setup' | 'teardown' | 'summary';

export type ToWorker =
  /** The script; always the first message. */
  | { readonly kind: 'load'; readonly script: WorkerScript }
  /** Run the init code once (`__VU` 0) and tell what the script exports. */
  | { readonly kind: 'probe' }
  /** Make the planned VUs. */
  | { readonly kind: 'prepare'; readonly plan: RunPlan }
  /** Call an exported function in a throw-away VU 0. `data` is JSON (setup data) or the summary object. */
  | {
      readonly kind: 'phase';
      readonly phase: ScriptPhase;
      readonly data: unknown;
    }
  /** Begin the scenarios at this time. */
  | { readonly kind: 'start'; readonly startMs: number; readonly setupData: string | undefined }
  /** Change the number of VUs of an externally-controlled scenario (its index), or pause it. */
  | { readonly kind: 'steer'; readonly scenario: number; readonly steering: Steering }
  /** Interrupt everything that runs, now. */
  | { readonly kind: 'stop' }
  /** Interrupt the setup, teardown or summary call that runs; scenarios go on. */
  | { readonly kind: 'stopPhase' }
  /** Send the last snapshot. */
  | { readonly kind: 'flush' };

/** An error of the script or of ours, as data. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly isScriptException: boolean;
}

export interface ProbeResult {
  /** JSON of the exported options, undefined if there are none. */
  readonly optionsJson: string | undefined;
  readonly exports: Readonly<Record<string, 'function' | 'other'>>;
  /** Those that the script declared. */
  readonly metrics: readonly MetricDefinition[];
  readonly files: OpenedFiles;
  readonly sharedArrays: NamedRows;
}

/** How a setup, teardown or summary call ended. `value`: JSON text of setup data, or handleSummary's result. */
export type PhaseEnd =
  | { readonly outcome: 'complete'; readonly value: unknown }
  | { readonly outcome: 'failed'; readonly error: ErrorReport }
  | { readonly outcome: 'interrupted' };

export type FromWorker =
  | { readonly kind: 'probed'; readonly result: ProbeResult }
  /** Init failed; the worker is of no further use. */
  | { readonly kind: 'initFailed'; readonly error: ErrorReport }
  | { readonly kind: 'prepared' }
  | { readonly kind: 'phaseEnd'; readonly phase: ScriptPhase; readonly end: PhaseEnd }
  | {
      readonly kind: 'log';
      readonly timeMs: number;
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, string>>;
      /** Said by the init code. */
      readonly isInit: boolean;
      /** Said once per run, whoever comes first. */
      readonly onceKey: string | undefined;
    }
  /** The script was given this secret: from now on it is not to be seen in the log. */
  | { readonly kind: 'secret'; readonly value: string }
  | { readonly kind: 'series'; readonly definition: SeriesDefinition }
  | { readonly kind: 'buffers'; readonly buffers: RecorderBuffers }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly isLast: boolean }
  | { readonly kind: 'samples'; readonly samples: RawSamples }
  /** All scenarios of this worker have ended. */
  | { readonly kind: 'scenariosEnd' }
  | { readonly kind: 'abort'; readonly message: string }
  | { readonly kind: 'markFailed' };
