/**
 * What a build server wants to know of a run that has ended: which thresholds held, how checks went, and
 * whether the run itself failed.
 */
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { RunResult } from './output.ts';

export interface ThresholdFinding {
  /** `name` or `name{tag:value}`. */
  readonly metric: string;
  /** As in the options: `p(95)<500`. */
  readonly expression: string;
  readonly isOk: boolean;
  /** What was compared, with its unit: `612.5 ms`. */
  readonly got: string;
}

export interface CheckFinding {
  /** `outer ▸ inner`, or '' outside of groups. */
  readonly group: string;
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

export interface RunFindings {
  readonly thresholds: readonly ThresholdFinding[];
  readonly checks: readonly CheckFinding[];
  /** Why the run failed, if not by thresholds. */
  readonly fault: string | undefined;
}

export function findingsOf(
  { aggregate, error, failedThresholds }: RunResult,
  thresholds: ThresholdSet | undefined,
): RunFindings {
  return {
    thresholds: (thresholds?.metrics ?? []).flatMap(({ view, states }) =>
      states.map(({ spec, isOk, value, expression }) => ({
        metric: view.name,
        expression: spec.threshold,
        isOk,
        got: `${Number((value ?? 0).toFixed(6))}${unitOf(view.metric.contains, expression.method)}`,
      })),
    ),
    checks: aggregate.checks().map(({ group, name, passes, fails }) => ({
      group: group.split('::').filter(Boolean).join(' ▸ '),
      name,
      passes,
      fails,
    })),
    fault: isFault(error, failedThresholds) ? error.message : undefined,
  };
}

/** Crossed thresholds end a run with an error that says no more than they do. */
function isFault(error: Error | undefined, failed: readonly string[]): error is Error {
  if (error === undefined) return false;
  return !(failed.length > 0 && 'code' in error && error.code === 'THRESHOLDS_CROSSED');
}

function unitOf(contains: string, method: string): string {
  if (method === 'count') return '';
  return contains === 'time' ? ' ms' : '';
}
