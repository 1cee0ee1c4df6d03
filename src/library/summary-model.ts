/** From the report of a run to what is said of it: the model of the summary, and handleSummary's argument. */
import { nowMs } from '../base/clock.ts';
import { K6_LAYOUT_VERSION } from '../base/version.ts';
import type { RunReport } from '../engine/run-contract.ts';
import type { RunSettings } from '../options/values.ts';
import { buildSummary, type SummaryModel } from '../output/summary-data.ts';
import {
  type LegacyFacts,
  legacySummary,
  machineReadableSummary,
} from '../output/summary-handle.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';

const TIME_UNITS = ['s', 'ms', 'us'] as const;

/** Cost: one pass over all series. */
export function summaryModelOf(report: RunReport): SummaryModel {
  const { options, aggregate, thresholds, durationMs, setupData, losses } = report;
  return buildSummary({
    aggregate,
    thresholds,
    durationMs,
    trendStats: options.summaryTrendStats,
    timeUnit: TIME_UNITS.find((unit) => unit === options.summaryTimeUnit) ?? '',
    setupData,
    losses,
  });
}

/** The object handleSummary() gets. */
export function handleSummaryData(
  report: RunReport,
  settings: RunSettings,
  bundle: ScriptBundle,
  terminal: LegacyFacts,
): unknown {
  const model = summaryModelOf(report);
  if (settings.newMachineReadableSummary) return machineReadable(model, settings, bundle);
  // The key is there without a setup() as well; its value is then undefined.
  return { ...legacySummary(model, terminal), setup_data: model.setupData };
}

/** The layout of `--new-machine-readable-summary`. */
export function machineReadable(
  model: SummaryModel,
  settings: RunSettings,
  bundle: ScriptBundle,
): Record<string, unknown> {
  return machineReadableSummary(model, {
    mode: summaryTextMode(settings),
    script: bundle.sources[bundle.entryUrl] ?? '',
    k6Version: K6_LAYOUT_VERSION,
    generatedMs: nowMs(),
  });
}

export function summaryTextMode(settings: RunSettings): 'compact' | 'full' {
  return settings.summaryMode === 'full' ? 'full' : 'compact';
}
