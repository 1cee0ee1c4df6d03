/** From what the script told about itself to the options of the run, and the metrics they are about. */
import type { ProbeResult } from '../bridge/messages.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import { metadataTagIn } from '../metrics/selector.ts';
import { selectView, ThresholdSet } from '../metrics/threshold.ts';
import { consolidate } from '../options/consolidate.ts';
import type { Options, Warning } from '../options/values.ts';
import { exportedFunctionsOf, scriptOptionsOf } from './probe.ts';
import type { RunRequest } from './run-contract.ts';

type Warn = (warning: Warning) => void;

/** @throws GharialError OPTION_INVALID, SCRIPT_EXPORTS */
export function settleOptions(
  { lowerLayers, upperLayers, defaultUserAgent, archivedOptions }: RunRequest,
  probe: ProbeResult,
  warn: Warn,
): Options {
  const script = scriptOptionsOf(probe, archivedOptions);
  const exportedFunctions = exportedFunctionsOf(probe);
  const { options, warnings } = consolidate({
    layers: [...lowerLayers, script.layer, ...upperLayers],
    exportedFunctions,
    defaultUserAgent,
  });
  [...script.warnings, ...warnings].forEach(warn);
  return options;
}

/**
 * Makes the metrics of the script known to the aggregate, and the parts of metrics that thresholds, or k6's
 * summary, are about.
 * @returns the thresholds; undefined with `--no-thresholds`, when faulty ones are only warned of.
 * @throws GharialError THRESHOLD_INVALID
 */
export function defineMetrics(
  { settings }: RunRequest,
  aggregate: Aggregate,
  { thresholds, systemTags }: Options,
  probe: ProbeResult,
  warn: Warn,
): ThresholdSet | undefined {
  for (const { name, type, contains } of probe.metrics) {
    if (aggregate.registry.get(name)?.isBuiltin === true) warn({ message: takenName(name) });
    aggregate.registry.declare(name, type, contains);
  }
  const bound = settings.noThresholds ? undefined : new ThresholdSet(aggregate, thresholds);
  for (const selector of Object.keys(thresholds)) {
    if (bound !== undefined || tryView(aggregate, selector, warn)) warnOfMetadata(selector, warn);
  }
  // k6 tells the duration of good answers apart, asked or not.
  if (systemTags.includes('expected_response')) {
    selectView(aggregate, 'http_req_duration{expected_response:true}');
  }
  return bound;
}

function takenName(name: string): string {
  return `the script declares a metric '${name}': what gharial measures under that name is left out`;
}

function warnOfMetadata(selector: string, warn: Warn): void {
  const tag = metadataTagIn(selector);
  if (tag === undefined) return;
  warn({
    message: `The threshold on ${selector} matches no sample: ${tag} is metadata of samples, not a tag`,
  });
}

/** False if the selector is faulty, which is warned of. */
function tryView(aggregate: Aggregate, selector: string, warn: Warn): boolean {
  try {
    selectView(aggregate, selector);
    return true;
  } catch (error) {
    warn({ message: error instanceof Error ? error.message : String(error) });
    return false;
  }
}
