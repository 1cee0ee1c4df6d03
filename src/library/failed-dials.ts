/** A test whose connections all failed can pass its thresholds: there was nothing to cross them. That is told. */
import type { Aggregate } from '../metrics/aggregate.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import { EndCause } from '../websocket/api.ts';

const REASONS_SHOWN = 3;

/**
 * What to warn of when not one of the connections of a run was opened and some threshold had no samples; undefined
 * otherwise. Without thresholds a failed connection is the script's to report, as in k6.
 */
export function failedDialsWarning(
  aggregate: Aggregate,
  thresholds: ThresholdSet | undefined,
): string | undefined {
  const isVacuous = thresholds?.metrics.some(({ view }) => view.sink.count === 0) === true;
  if (!isVacuous) return undefined;
  const failures = new Map<string, number>();
  let openedCount = sumOf(aggregate, 'ws_sessions');
  for (const { metric, tags, sink } of aggregate.series) {
    const cause = tags.get('cause') ?? '';
    if (metric.name !== 'ws_sockets_closed' || !metric.isBuiltin || sink.type !== 'counter')
      continue;
    if (!cause.startsWith('dial-')) continue;
    openedCount -= sink.sum;
    if (cause === EndCause.dialAborted) continue;
    const reason = tags.get('reason') ?? cause;
    failures.set(reason, (failures.get(reason) ?? 0) + sink.sum);
  }
  if (openedCount > 0 || failures.size === 0) return undefined;
  const reasons = [...failures].toSorted(([, a], [, b]) => b - a);
  const shown = reasons.slice(0, REASONS_SHOWN).map(([reason, count]) => `${reason}: ${count}`);
  if (reasons.length > shown.length) shown.push('…');
  const count = reasons.reduce((sum, [, one]) => sum + one, 0);
  return `no connection was opened, ${count} failed (${shown.join(', ')}): thresholds without samples count as passed`;
}

function sumOf(aggregate: Aggregate, name: string): number {
  const metric = aggregate.registry.get(name);
  const sink = metric === undefined ? undefined : aggregate.total(metric).sink;
  return sink?.type === 'counter' ? sink.sum : 0;
}
