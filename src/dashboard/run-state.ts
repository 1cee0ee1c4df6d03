/** Where a run stands, for page and report: read from the aggregate, as the end-of-test summary does. */
import type { Aggregate, MetricView } from '../metrics/aggregate.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import { readStat } from '../output/summary-data.ts';
import { isUnwantedEnd } from '../websocket/unwanted-end.ts';
import type { CheckInfo, CloseInfo, RunState, ThresholdInfo, TotalInfo } from './protocol.ts';

/** Lists on the page end here; what is beyond is counted. */
const CHECKS_MAX = 500;
const CLOSES_MAX = 100;
const STATS = {
  counter: ['count', 'rate'],
  gauge: ['value', 'min', 'max'],
  rate: ['rate', 'passes', 'fails'],
} as const;

/** What only the engine knows. */
export type Progress = Pick<
  RunState,
  'stage' | 'isPaused' | 'elapsedMs' | 'durationMsMax' | 'scenarios' | 'outcome'
>;

/** Cost: one pass over all series, and the percentiles of all metrics. */
export function readRunState(
  aggregate: Aggregate,
  thresholds: ThresholdSet | undefined,
  trendStats: readonly string[],
  progress: Progress,
): RunState {
  const checks = aggregate.checks();
  return {
    ...progress,
    thresholds: thresholds === undefined ? [] : thresholdsOf(thresholds),
    checks: checks.slice(0, CHECKS_MAX) satisfies CheckInfo[],
    checksLeftOut: Math.max(0, checks.length - CHECKS_MAX),
    closes: closesOf(aggregate),
    totals: totalsOf(aggregate, trendStats, progress.elapsedMs),
  };
}

function thresholdsOf(thresholds: ThresholdSet): ThresholdInfo[] {
  return thresholds.metrics.flatMap(({ view, states }) =>
    states.map(({ spec, expression, isOk, value }) => ({
      metric: view.name,
      expression: expression.source,
      label: expression.label,
      value: view.sink.count === 0 ? undefined : value,
      isOk,
      abortsOnFail: spec.abortOnFail,
      type: view.metric.type,
      contains: view.metric.contains,
    })),
  );
}

/** Most frequent first; undefined if the metric is the script's. */
function closesOf(aggregate: Aggregate): CloseInfo[] | undefined {
  const closed = aggregate.registry.get('ws_sockets_closed');
  if (closed?.isBuiltin !== true) return undefined;
  const closes = new Map<string, { -readonly [K in keyof CloseInfo]: CloseInfo[K] }>();
  for (const { metric, tags, sink } of aggregate.series) {
    if (metric !== closed || sink.count === 0) continue;
    const code = tags.get('code') ?? '';
    const cause = tags.get('cause') ?? '';
    const reason = tags.get('reason') ?? '';
    const key = JSON.stringify([code, cause, reason]);
    const close = closes.get(key) ?? {
      code,
      cause,
      reason,
      isError: isUnwantedEnd(cause, code),
      count: 0,
    };
    closes.set(key, close);
    close.count += sink.count;
  }
  return [...closes.values()].sort((a, b) => b.count - a.count).slice(0, CLOSES_MAX);
}

function totalsOf(
  aggregate: Aggregate,
  trendStats: readonly string[],
  elapsedMs: number,
): TotalInfo[] {
  return aggregate
    .observed()
    .flatMap((metric) => [
      aggregate.total(metric),
      ...aggregate.submetrics(metric).filter(({ sink }) => sink.count > 0),
    ])
    .map((view) => totalOf(view, trendStats, elapsedMs))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function totalOf(
  { name, metric, sink }: MetricView,
  trendStats: readonly string[],
  elapsedMs: number,
): TotalInfo {
  const { type, contains } = metric;
  const stats = type === 'trend' ? ['count', ...trendStats] : STATS[type];
  return {
    name,
    type,
    contains,
    isCustom: !metric.isBuiltin,
    values: Object.fromEntries(stats.map((stat) => [stat, readStat(sink, stat, elapsedMs) ?? 0])),
  };
}
