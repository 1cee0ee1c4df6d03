/** A run as programs see it: while it goes on, and when it has ended. */
import type { GharialError } from '../base/errors.ts';
import type { InstanceCounts } from '../bridge/run-counters.ts';
import type {
  RunResult as EngineResult,
  RunReport,
  RunStage,
  RunStatus,
} from '../engine/run-contract.ts';
import type { Aggregate, CheckResult } from '../metrics/aggregate.ts';
import type { BuiltinName } from '../metrics/builtin.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import { toTestOptions } from '../options/test-options.ts';
import type { OutputLoss } from '../output/output.ts';
import { renderSummary } from '../output/summary-text.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import {
  type BuiltinMetrics,
  type Metrics,
  type MetricValues,
  readMetric,
  readMetrics,
} from './metric-values.ts';
import { summaryModelOf } from './summary-model.ts';

/** A threshold of the options and how it stands. */
export interface ThresholdResult {
  /** `name` or `name{tag:value}`, as in the options. */
  readonly metric: string;
  /** `p(95)<500`. */
  readonly threshold: string;
  readonly passed: boolean;
  /** What the limit was compared with; NaN before the first time. */
  readonly value: number;
}

/** How a run stands at some time. Plain data that does not change any more. */
export interface Snapshot extends InstanceCounts {
  readonly stage: RunStage;
  /** Since the clock started, before setup(); 0 before. */
  readonly elapsedMs: number;
  /** VUs to be made before the start. */
  readonly vusPlanned: number;
  /** By start time; empty before they have started. */
  readonly scenarios: readonly ScenarioView[];
  /** From the beginning of the run up to now. */
  readonly metrics: Metrics;
  readonly checks: readonly CheckResult[];
  readonly thresholds: readonly ThresholdResult[];
}

export function snapshotOf(
  status: RunStatus,
  aggregate: Aggregate,
  thresholds: ThresholdSet | undefined,
): Snapshot {
  const { activity: _, isPaused: __, waits: ___, scenarios = [], ...rest } = status;
  return {
    ...rest,
    scenarios,
    metrics: readMetrics(aggregate, status.elapsedMs),
    checks: aggregate.checks(),
    thresholds: thresholdResults(thresholds),
  };
}

/** A run that has ended. */
export class RunResult implements Omit<InstanceCounts, 'socketsOpen'> {
  /** Nothing went wrong: no threshold was crossed, nothing stopped the run. */
  readonly passed: boolean;
  /** What `gharial run` would have ended with; 0 if it passed. */
  readonly exitCode: number;
  /** Why it did not pass. */
  readonly error: GharialError | undefined;
  /** Setup and teardown included; what rates per second divide by. */
  readonly durationMs: number;
  readonly vusActive: number;
  readonly vusInitialized: number;
  readonly iterationsCompleted: number;
  readonly iterationsInterrupted: number;
  readonly metrics: Metrics;
  readonly checks: readonly CheckResult[];
  readonly thresholds: readonly ThresholdResult[];
  /** What setup() returned. */
  readonly setupData: unknown;
  /** What the run had, defaults included, as `exec.test.options` shows it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of outputs that could not hand over everything. */
  readonly losses: readonly OutputLoss[];
  /** What handleSummary() returned, by `stdout`, `stderr` or path; nothing is written. */
  readonly summaryFiles: Readonly<Record<string, string | ArrayBuffer>> | undefined;
  readonly #report: RunReport;

  constructor(report: RunReport, { error, summaryFiles }: EngineResult) {
    const { aggregate, durationMs, counts, options, setupData, losses, thresholds } = report;
    this.passed = error === undefined;
    this.exitCode = error?.exitCode ?? 0;
    this.error = error;
    this.durationMs = durationMs;
    this.vusActive = counts.vusActive;
    this.vusInitialized = counts.vusInitialized;
    this.iterationsCompleted = counts.iterationsCompleted;
    this.iterationsInterrupted = counts.iterationsInterrupted;
    this.metrics = readMetrics(aggregate, durationMs);
    this.checks = aggregate.checks();
    this.thresholds = thresholdResults(thresholds);
    this.setupData = setupData;
    this.options = toTestOptions(options);
    this.losses = losses;
    this.summaryFiles = summaryFiles;
    this.#report = report;
  }

  /**
   * A metric, or the part of it whose samples have all of these tags:
   * `result.metric('ws_connecting', { scenario: 'chat' }).percentile(99.9)`. Cost: one pass over all series.
   * @throws GharialError METRIC_UNKNOWN
   */
  metric<Name extends BuiltinName>(
    name: Name,
    tags?: Readonly<Record<string, string>>,
  ): BuiltinMetrics[Name];
  metric(name: string, tags?: Readonly<Record<string, string>>): MetricValues;
  metric(name: string, tags: Readonly<Record<string, string>> = {}): MetricValues {
    return readMetric(this.#report.aggregate, name, tags, this.durationMs);
  }

  /** The end-of-test summary that `gharial run` prints. */
  summaryText({
    mode = 'compact',
    hasColors = false,
  }: {
    readonly mode?: 'compact' | 'full';
    readonly hasColors?: boolean;
  } = {}): string {
    return renderSummary(summaryModelOf(this.#report), { mode, hasColors });
  }
}

function thresholdResults(thresholds: ThresholdSet | undefined): ThresholdResult[] {
  return (thresholds?.metrics ?? []).flatMap(({ view, states }) =>
    states.map(({ spec, isOk, value }) => ({
      metric: view.name,
      threshold: spec.threshold,
      passed: isOk,
      value: value ?? Number.NaN,
    })),
  );
}
