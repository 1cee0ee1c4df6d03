/**
 * The object that a script's handleSummary gets: k6's legacy layout, or its machine-readable one.
 */
import { VERSION } from '../base/version.ts';
import {
  chosenValues,
  MACHINE_STATS,
  type SummaryMetric,
  type SummaryModel,
  type SummarySection,
} from './summary-data.ts';
import { isShown } from './summary-text.ts';

export interface LegacyFacts {
  readonly isStdOutTTY: boolean;
  readonly isStdErrTTY: boolean;
  readonly noColor: boolean;
}

/** The default argument of handleSummary. Plain data, safe to serialise. */
export function legacySummary(model: SummaryModel, facts: LegacyFacts): Record<string, unknown> {
  const metrics = model.total.metrics.map((metric) => {
    const { fullName, type, contains, thresholds } = metric;
    const data = { type, contains, values: chosenValues(model, metric) };
    const oks = thresholds.map(({ source, isOk }) => [source, { ok: isOk }]);
    return [fullName, oks.length === 0 ? data : { ...data, thresholds: Object.fromEntries(oks) }];
  });
  return {
    root_group: model.rootGroup,
    options: {
      summaryTrendStats: model.trendStats,
      summaryTimeUnit: model.timeUnit,
      noColor: facts.noColor,
    },
    state: {
      isStdOutTTY: facts.isStdOutTTY,
      isStdErrTTY: facts.isStdErrTTY,
      testRunDurationMs: model.durationMs,
    },
    metrics: Object.fromEntries(metrics),
    ...(model.setupData === undefined ? {} : { setup_data: model.setupData }),
    ...lossData(model),
  };
}

/** What outputs have lost: a key beside k6's, only if there is something to tell. */
export function lossData({ losses }: SummaryModel): Record<string, unknown> {
  if (losses.length === 0) return {};
  return {
    output_losses: losses.map(({ output, batchesLost, batches, samplesLost, reason }) => ({
      output,
      batches_lost: batchesLost,
      batches,
      samples_lost: samplesLost,
      reason,
    })),
  };
}

export interface MachineReadableFacts {
  readonly mode: 'compact' | 'full';
  /** Source text of the script. */
  readonly script: string;
  /** k6 version whose layout this is, e.g. "2.2.0". */
  readonly k6Version: string;
  /** Epoch ms. */
  readonly generatedMs: number;
}

/**
 * The argument of handleSummary, and the exported file, with `--new-machine-readable-summary`.
 *
 * k6-diff: `thresholds`, `groups` and `scenarios` stand beside k6's keys under `results`, and trends have
 * all chosen stats beside k6's six.
 */
export function machineReadableSummary(
  model: SummaryModel,
  facts: MachineReadableFacts,
): Record<string, unknown> {
  const sectionOf = (section: SummarySection) => sectionData(model, section, facts.mode);
  return {
    version: '1.0.0',
    metadata: {
      generated_at: new Date(facts.generatedMs).toISOString(),
      k6_version: facts.k6Version,
      gharial_version: VERSION,
    },
    ...lossData(model),
    config: { script: facts.script, execution: 'local', duration: model.durationMs / 1000 },
    results: {
      ...sectionOf(model.total),
      thresholds: model.total.metrics.flatMap(({ fullName, thresholds }) =>
        thresholds.map(({ source, isOk, value }) => ({
          metric: fullName,
          source,
          ok: isOk,
          value,
        })),
      ),
      scenarios: model.scenarios.map((scenario) => ({
        name: scenario.name,
        ...sectionOf(scenario),
      })),
    },
  };
}

function sectionData(
  model: SummaryModel,
  section: SummarySection,
  mode: MachineReadableFacts['mode'],
): Record<string, unknown> {
  return {
    checks: checksData(section),
    metrics: section.metrics
      .filter((metric) => isShown(metric, mode))
      .map((metric) => ({
        name: metric.fullName,
        type: metric.type,
        contains: metric.contains,
        values: machineValues(model, metric),
      })),
    groups: section.groups.map((group) => ({
      name: group.name,
      path: group.path,
      ...sectionData(model, group, mode),
    })),
  };
}

function checksData({ checkTotals, checks }: SummarySection): Record<string, unknown> {
  if (checkTotals === undefined) return { metrics: [], results: [] };
  const { passes, fails } = checkTotals;
  const total = passes + fails;
  const share = (name: string, matches: number) => ({
    name,
    type: 'rate',
    contains: 'default',
    values: { matches, total, rate: matches / total },
  });
  return {
    metrics: [
      { name: 'checks_total', type: 'counter', contains: 'default', values: { count: total } },
      share('checks_failed', fails),
      share('checks_succeeded', passes),
    ],
    results: checks,
  };
}

function machineValues(model: SummaryModel, metric: SummaryMetric): Record<string, number> {
  const { values } = metric;
  switch (metric.type) {
    case 'counter': {
      const { count = 0 } = values;
      return { count };
    }
    case 'gauge':
      return { ...values };
    case 'rate': {
      const { passes = 0, fails = 0, rate = 0 } = values;
      return { matches: passes, total: passes + fails, rate };
    }
    case 'trend': {
      // `p(90)` is spelled p90 there, `p(99.9)` likewise p99.9.
      const stats = new Set([...MACHINE_STATS, ...model.trendStats]);
      return Object.fromEntries(
        [...stats].map((stat) => [stat.replace(/^p\((.+)\)$/, 'p$1'), values[stat] ?? 0]),
      );
    }
  }
}
