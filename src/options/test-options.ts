/** Options as JSON: what scripts see in `exec.test.options`, and what `inspect` prints. */
import { formatDuration } from '../base/duration.ts';
import { DEFAULT_TREND_STATS } from './consolidate.ts';
import { scenarioToJson } from './scenario.ts';
import { DEFAULT_SYSTEM_TAGS } from './system-tags.ts';
import { TEST_OPTION_ROWS } from './table.ts';
import type { LayerValues, Options } from './values.ts';

/** Shortcuts, which scripts see as the scenarios they stand for. */
const SHORTCUTS: readonly string[] = ['vus', 'iterations', 'duration', 'stages'];

/**
 * The consolidated options as `exec.test.options` has them: every key, unset = null, durations as
 * text, scenarios as they run, shortcuts left out. A new plain object; the caller freezes it.
 */
export function toTestOptions(options: Options): Record<string, unknown> {
  const json = valuesToJson({
    summaryTrendStats: DEFAULT_TREND_STATS,
    systemTags: DEFAULT_SYSTEM_TAGS,
    ...options.given,
  });
  for (const key of SHORTCUTS) delete json[key];
  json['scenarios'] = Object.fromEntries(
    options.scenarios.map(({ name, executor, given }) => [name, scenarioToJson(executor, given)]),
  );
  return structuredClone(json);
}

/**
 * The text `inspect` prints: the values of a source, every key, unset = null.
 * @param requirements what the execution needs, if asked for.
 */
export function toInspectJson(
  values: LayerValues,
  requirements?: { readonly totalDurationMs: number; readonly maxVUs: number },
): string {
  const json = valuesToJson(values);
  if (requirements !== undefined) {
    const { totalDurationMs } = requirements;
    json['totalDuration'] = Number.isFinite(totalDurationMs)
      ? formatDuration(totalDurationMs)
      : 'infinite';
    json['maxVUs'] = requirements.maxVUs;
  }
  return JSON.stringify(json, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The values of all sources merged, with the defaults k6 shows in them; shortcuts as they were given. */
export function mergedValues(options: Options): LayerValues {
  const { dns, setupTimeoutMs, teardownTimeoutMs, handleSummaryTimeoutMs } = options;
  const { summaryTrendStats, systemTags } = options;
  return {
    ...options.given,
    dns,
    setupTimeoutMs,
    teardownTimeoutMs,
    handleSummaryTimeoutMs,
    summaryTrendStats,
    systemTags,
  };
}

/** The same with the scenarios that run. */
export function consolidatedValues(options: Options): LayerValues {
  const scenarios = Object.fromEntries(
    options.scenarios.map(({ name, executor, given }) => [name, { executor, fields: given }]),
  );
  return { ...mergedValues(options), scenarios };
}

function valuesToJson(values: LayerValues): Record<string, unknown> {
  const all: LayerValues = { dns: {}, ...values };
  return Object.fromEntries(TEST_OPTION_ROWS.map((row) => [row.key, row.toJson(all)]));
}
