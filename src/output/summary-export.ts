/**
 * The file of `--summary-export`: k6's oldest layout, groups and checks keyed by name.
 */
import {
  chosenValues,
  type GroupNode,
  type SummaryMetric,
  type SummaryModel,
} from './summary-data.ts';
import { lossData } from './summary-handle.ts';

/**
 * The text of the file, indented by four blanks. Under `thresholds`, **true means crossed**: k6 writes it
 * so, and scripts in CI rely on it.
 */
export function exportSummary(model: SummaryModel): string {
  const data = {
    root_group: groupData(model.rootGroup),
    metrics: Object.fromEntries(
      model.total.metrics.map((metric) => [metric.fullName, metricData(model, metric)]),
    ),
    ...(model.setupData === undefined ? {} : { setup_data: model.setupData }),
    ...lossData(model),
  };
  return toExportText(data);
}

/** Any summary object as k6 writes it to a file. */
export function toExportText(data: Record<string, unknown>): string {
  return JSON.stringify(data, null, 4);
}

function groupData({ name, path, id, groups, checks }: GroupNode): Record<string, unknown> {
  return {
    name,
    path,
    id,
    groups: Object.fromEntries(groups.map((group) => [group.name, groupData(group)])),
    checks: Object.fromEntries(checks.map((check) => [check.name, check])),
  };
}

function metricData(model: SummaryModel, metric: SummaryMetric): Record<string, unknown> {
  const { type, thresholds } = metric;
  const values = chosenValues(model, metric);
  const { rate, ...others } = values;
  return {
    ...(type === 'rate' ? { ...others, value: rate } : values),
    ...(thresholds.length === 0
      ? {}
      : { thresholds: Object.fromEntries(thresholds.map(({ source, isOk }) => [source, !isOk])) }),
  };
}
