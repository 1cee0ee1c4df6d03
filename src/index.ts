/** gharial as a library: docs/library.md. */
export { ExitCode, GharialError } from './base/errors.ts';
export type {
  BuiltinMetrics,
  CounterValues,
  GaugeValues,
  Metrics,
  MetricValues,
  RateValues,
  TrendValues,
} from './library/metric-values.ts';
export { type InlineScript, type Run, type RunSettings, run } from './library/run.ts';
export type { RunResult, Snapshot, ThresholdResult } from './library/run-state.ts';
export type { LogRecord } from './output/log-format.ts';
export type {
  Output,
  OutputLoss,
  OutputLosses,
  RunInfo as OutputRunInfo,
  RunResult as OutputRunResult,
  SampleBatch,
} from './output/output.ts';
export type { CreateOutput, OutputContext } from './output/package-output.ts';
