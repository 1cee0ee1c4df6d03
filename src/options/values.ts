/**
 * The values options can have, after parsing. Property names are the JSON names of k6, with the unit
 * added where the value is a duration. Everything here is plain data that can cross threads.
 */
import type { ScenarioConfig, ScenarioSpec } from './scenario.ts';
import type { Segment } from './segment.ts';
import type { StageSpec } from './stages.ts';

/** Where a value came from, lowest precedence first; `caller` is the program that calls `run()`. */
export type Origin = 'default' | 'config file' | 'script' | 'env' | 'cli' | 'caller';

export interface DnsSettings {
  /** `inf`, `0` or a duration. */
  readonly ttl: string;
  readonly select: DnsSelect;
  readonly policy: DnsPolicy;
}
export const DNS_SELECTS = ['first', 'roundRobin', 'random'] as const;
export type DnsSelect = (typeof DNS_SELECTS)[number];
export const DNS_POLICIES = ['preferIPv4', 'preferIPv6', 'onlyIPv4', 'onlyIPv6', 'any'] as const;
export type DnsPolicy = (typeof DNS_POLICIES)[number];

export interface ThresholdSpec {
  readonly threshold: string;
  readonly abortOnFail: boolean;
  readonly delayAbortEvalMs: number | undefined;
}

export const TLS_VERSIONS = ['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];
export interface TlsVersionRange {
  readonly min: TlsVersion | undefined;
  readonly max: TlsVersion | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  readonly password: string | undefined;
  /** Host names it is for; empty = all. */
  readonly domains: readonly string[];
}

/** Options of the test: what scripts may export, and `exec.test.options` shows. */
export interface TestOptions {
  readonly paused: boolean;
  readonly vus: number | undefined;
  readonly durationMs: number | undefined;
  readonly iterations: number | undefined;
  readonly stages: readonly StageSpec[] | undefined;
  readonly executionSegment: Segment | undefined;
  readonly executionSegmentSequence: readonly Segment[] | undefined;
  readonly noSetup: boolean;
  readonly setupTimeoutMs: number;
  readonly noTeardown: boolean;
  readonly teardownTimeoutMs: number;
  readonly handleSummaryTimeoutMs: number;
  readonly rps: number;
  readonly dns: DnsSettings;
  readonly maxRedirects: number;
  readonly userAgent: string;
  readonly batch: number;
  readonly batchPerHost: number;
  readonly httpDebug: string;
  readonly insecureSkipTLSVerify: boolean;
  readonly tlsCipherSuites: readonly string[] | undefined;
  readonly tlsVersion: TlsVersionRange | undefined;
  readonly tlsAuth: readonly ClientCertificate[] | undefined;
  readonly throw: boolean;
  readonly thresholds: Readonly<Record<string, readonly ThresholdSpec[]>>;
  /** CIDR ranges. */
  readonly blacklistIPs: readonly string[];
  /** Names, or patterns with `*` in front. */
  readonly blockHostnames: readonly string[];
  /** Name, name:port or `*` pattern → IP or IP:port. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly noConnectionReuse: boolean;
  readonly noVUConnectionReuse: boolean;
  readonly minIterationDurationMs: number;
  readonly ext: Readonly<Record<string, unknown>> | undefined;
  readonly cloud: unknown;
  readonly summaryTrendStats: readonly string[];
  readonly summaryTimeUnit: string;
  readonly systemTags: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly metricSamplesBufferSize: number;
  readonly noCookiesReset: boolean;
  readonly discardResponseBodies: boolean;
}

/** Settings of the run: not for scripts, not in `exec.test.options`. */
export interface RunSettings {
  readonly address: string;
  readonly config: string | undefined;
  readonly logFormat: string;
  readonly logOutput: string;
  readonly noColor: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly profilingEnabled: boolean;
  readonly secretSource: readonly string[];
  readonly consoleOutput: string;
  readonly localIPs: string;
  readonly tlsSessionReuse: boolean;
  readonly wsRedirects: number;
  /** Undefined = the engine's defaults. */
  readonly wsConnectTimeoutMs: number | undefined;
  readonly wsHandshakeTimeoutMs: number | undefined;
  readonly wsCloseTimeoutMs: number | undefined;
  /** '', 'handshake' or 'frames'. */
  readonly wsDebug: string;
  readonly wsDebugVus: string;
  readonly wsDebugSecrets: boolean;
  readonly includeSystemEnvVars: boolean;
  readonly compatibilityMode: string;
  readonly type: string;
  readonly env: readonly string[];
  readonly noThresholds: boolean;
  readonly summaryMode: SummaryMode;
  readonly summaryExport: string;
  readonly newMachineReadableSummary: boolean;
  readonly tracesOutput: string;
  readonly out: readonly string[];
  readonly linger: boolean;
  readonly noUsageReport: boolean;
  readonly features: readonly string[];
  readonly webDashboard: boolean;
  /** Path of the HTML report; '' = none. */
  readonly report: string;
  /** Output settings of the config file, by output type. */
  readonly collectors: Readonly<Record<string, unknown>>;
  readonly workers: number;
  readonly suspend: SuspendMode;
  readonly updateLock: boolean;
}

export const SUMMARY_MODES = ['compact', 'full', 'disabled', 'legacy'] as const;
export type SummaryMode = (typeof SUMMARY_MODES)[number];
export const SUSPEND_MODES = ['auto', 'all'] as const;
export type SuspendMode = (typeof SUSPEND_MODES)[number];

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** What one source (script, file, environment, command line) sets; absent = not set there. */
export interface LayerValues extends Omit<Given<TestOptions>, 'dns' | 'cloud'>, Given<RunSettings> {
  readonly dns?: Partial<DnsSettings>;
  readonly cloud?: unknown;
  readonly scenarios?: Readonly<Record<string, ScenarioSpec>>;
}

export interface Layer {
  readonly origin: Exclude<Origin, 'default'>;
  readonly values: LayerValues;
}

/** Something the user should see in the log; never stops the run. */
export interface Warning {
  /** How it is logged; absent = warning. */
  readonly level?: 'warning' | 'error';
  readonly message: string;
  readonly error?: string;
}

/** The consolidated options of a run: plain, frozen data. */
export interface Options extends TestOptions {
  /** By start time, then name; never empty. */
  readonly scenarios: readonly ScenarioConfig[];
  /** The values somebody set, merged; what is absent has its default. */
  readonly given: LayerValues;
  /** Source of each value in `given`. */
  readonly origins: Readonly<Partial<Record<keyof LayerValues, Origin>>>;
}
