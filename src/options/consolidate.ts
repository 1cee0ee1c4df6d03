/**
 * Merges the sources of options into the one set a run works with: defaults < config file < script <
 * environment < command line, shortcuts turned into scenarios, everything checked. All faults are
 * reported together; nothing downstream reads a source or a default again.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import { DEFAULT_DNS } from './dns.ts';
import { activeFeatures, FEATURES, featureTags } from './features.ts';
import { configFault } from './parse.ts';
import { resolveScenario, type ScenarioConfig, type ScenarioSpec } from './scenario.ts';
import {
  fillSequence,
  formatSegment,
  formatSegmentSequence,
  isSameSegment,
  WHOLE_SEGMENT,
} from './segment.ts';
import { checkTrendStat } from './special-kinds.ts';
import { DEFAULT_SYSTEM_TAGS, knownSystemTags } from './system-tags.ts';
import { OPTION_ROWS, type Section } from './table.ts';
import type { Layer, LayerValues, Options, Origin, RunSettings, Warning } from './values.ts';

export interface ConsolidateInput {
  /** Sources, lowest precedence first. */
  readonly layers: readonly Layer[];
  /** Names of the functions the script exports; undefined = not checked. */
  readonly exportedFunctions: readonly string[] | undefined;
  readonly defaultUserAgent: string;
}

/** Properties of which a layer that sets one drops all those of lower layers. */
const EXECUTION_GROUP = ['durationMs', 'iterations', 'stages', 'scenarios'] as const;
type ExecutionProperty = (typeof EXECUTION_GROUP)[number];

/**
 * Merges and checks the options of a test.
 * @throws GharialError OPTION_INVALID, exit code 104, with every fault found.
 */
export function consolidate(input: ConsolidateInput): {
  readonly options: Options;
  readonly warnings: readonly Warning[];
} {
  const { values, origins, warnings } = mergeLayers(input.layers);
  const conflicts = findConflicts(values);
  if (conflicts.length > 0) throw configFault(conflicts, true);
  values.summaryTrendStats?.forEach(checkTrendStat);
  const specs = deriveScenarios(values, warnings);
  const { configs, faults } = resolveScenarios(specs, input.exportedFunctions);
  if ((values.setupTimeoutMs ?? 1) <= 0) faults.push('setupTimeout must be positive');
  faults.push(...segmentFaults(values));
  if (faults.length > 0) throw configFault(faults);
  warnings.push(...unsupportedWarnings(values, ['test']));
  const options = applyDefaults(values, origins, configs, input.defaultUserAgent);
  return { options: deepFreeze(options), warnings };
}

/**
 * The settings of the run, which need no script. Later layers win, each value as a whole.
 * @param defaults values that depend on the command.
 */
export function resolveSettings(
  layers: readonly Layer[],
  defaults: { readonly includesSystemEnvVars: boolean },
): { readonly settings: RunSettings; readonly warnings: readonly Warning[] } {
  const { values } = mergeLayers(layers);
  const settings: RunSettings = {
    address: values.address ?? '',
    config: values.config,
    logFormat: values.logFormat ?? '',
    logOutput: values.logOutput ?? 'stderr',
    noColor: values.noColor ?? false,
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
    profilingEnabled: values.profilingEnabled ?? false,
    secretSource: values.secretSource ?? [],
    consoleOutput: values.consoleOutput ?? '',
    localIPs: values.localIPs ?? '',
    tlsSessionReuse: values.tlsSessionReuse ?? false,
    wsRedirects: values.wsRedirects ?? 0,
    wsConnectTimeoutMs: values.wsConnectTimeoutMs,
    wsHandshakeTimeoutMs: values.wsHandshakeTimeoutMs,
    wsCloseTimeoutMs: values.wsCloseTimeoutMs,
    wsDebug: values.wsDebug ?? '',
    wsDebugVus: values.wsDebugVus ?? '',
    wsDebugSecrets: values.wsDebugSecrets ?? false,
    includeSystemEnvVars: values.includeSystemEnvVars ?? defaults.includesSystemEnvVars,
    compatibilityMode: values.compatibilityMode ?? 'extended',
    type: values.type ?? '',
    env: values.env ?? [],
    noThresholds: values.noThresholds ?? false,
    summaryMode: values.summaryMode ?? 'compact',
    summaryExport: values.summaryExport ?? '',
    newMachineReadableSummary: values.newMachineReadableSummary ?? false,
    tracesOutput: values.tracesOutput ?? 'none',
    out: values.out ?? [],
    linger: values.linger ?? false,
    noUsageReport: values.noUsageReport ?? false,
    features: values.features ?? [],
    webDashboard: values.webDashboard ?? false,
    report: values.report ?? '',
    collectors: values.collectors ?? {},
    workers: values.workers ?? 0,
    suspend: values.suspend ?? 'auto',
    updateLock: values.updateLock ?? false,
  };
  if (settings.workers < 0) {
    throw new GharialError(
      'OPTION_INVALID',
      `workers: got ${settings.workers}; expected 0 (chosen for the test) or a number of threads`,
      { exitCode: ExitCode.invalidConfig },
    );
  }
  return {
    settings: deepFreeze(settings),
    warnings: [
      ...unsupportedWarnings(values, ['run', 'global']),
      ...featureWarnings(settings),
      ...deprecationWarnings(settings),
    ],
  };
}

interface Merged {
  readonly values: LayerValues;
  readonly origins: Partial<Record<keyof LayerValues, Origin>>;
  readonly warnings: Warning[];
}

function mergeLayers(layers: readonly Layer[]): Merged {
  let values: LayerValues = { dns: {} };
  const chosen = layers.findLast((layer) => layer.values.features !== undefined)?.values ?? {};
  const isMergingTags = activeFeatures(chosen).includes('merge-run-tags');
  const origins: Partial<Record<keyof LayerValues, Origin>> = {};
  const warnings: Warning[] = [];
  for (const { origin, values: layer } of layers) {
    if (EXECUTION_GROUP.some((property) => layer[property] !== undefined)) {
      if (hasEntries(values.scenarios) && layer.scenarios === undefined) {
        warnings.push({
          message: `"${origin}" level configuration overrode scenarios configuration entirely`,
        });
      }
      for (const property of EXECUTION_GROUP) delete origins[property];
      values = withoutExecution(values);
    }
    const { stages, tags } = layer;
    values = {
      ...values,
      ...layer,
      ...(isMergingTags && tags !== undefined ? { tags: { ...values.tags, ...tags } } : {}),
      dns: { ...values.dns, ...layer.dns },
      ...(stages === undefined
        ? {}
        : { stages: stages.filter(({ durationMs }) => durationMs !== undefined) }),
    };
    for (const property of Object.keys(layer)) origins[property as keyof LayerValues] = origin;
  }
  return { values, origins, warnings };
}

function withoutExecution(values: LayerValues): LayerValues {
  const kept: { -readonly [K in ExecutionProperty]?: LayerValues[K] } & LayerValues = { ...values };
  for (const property of EXECUTION_GROUP) delete kept[property];
  return kept;
}

function findConflicts(values: LayerValues): readonly string[] {
  const hasIterations = values.iterations !== undefined;
  const hasDuration = values.durationMs !== undefined;
  const hasStages = (values.stages ?? []).length > 0;
  const hasScenarios = hasEntries(values.scenarios);
  const faults: string[] = [];
  const check = (isBoth: boolean, first: string, second: string): void => {
    if (isBoth) {
      faults.push(`using \`${first}\` and \`${second}\` options simultaneously is not allowed`);
    }
  };
  check(hasIterations && hasStages, 'iterations', 'stages');
  check(hasIterations && hasScenarios, 'iterations', 'scenarios');
  check(hasDuration && hasStages, 'duration', 'stages');
  check(hasDuration && hasScenarios, 'duration', 'scenarios');
  check(hasStages && hasScenarios, 'stages', 'scenarios');
  if (hasDuration && (values.durationMs ?? 0) <= 0) {
    faults.push(
      '`duration` option should be more than 0, for infinite duration use the externally-controlled executor',
    );
  }
  return faults;
}

/** The scenarios that the shortcuts `vus`, `iterations`, `duration` and `stages` stand for. */
function deriveScenarios(
  values: LayerValues,
  warnings: Warning[],
): Readonly<Record<string, ScenarioSpec>> {
  const { vus, iterations, durationMs, stages, scenarios } = values;
  const vusField = vus === undefined ? {} : { vus };
  if (iterations !== undefined) {
    const limit = durationMs === undefined ? {} : { maxDurationMs: durationMs };
    return defaultScenario('shared-iterations', { ...vusField, iterations, ...limit });
  }
  if (durationMs !== undefined) return defaultScenario('constant-vus', { ...vusField, durationMs });
  if (stages !== undefined && stages.length > 0) {
    const start = vus === undefined ? {} : { startVUs: vus };
    return defaultScenario('ramping-vus', { ...start, stages });
  }
  if (vus !== undefined) {
    if (hasEntries(scenarios)) {
      warnings.push({ message: `\`vus=${vus}\` overrides scenarios configuration` });
    }
    return defaultScenario('shared-iterations', { vus, iterations: vus });
  }
  if (scenarios !== undefined && hasEntries(scenarios)) return scenarios;
  for (const [name, value] of Object.entries({ stages, scenarios })) {
    if (value === undefined) continue;
    warnings.push({
      message: `\`${name}\` was explicitly set to an empty value, running the script with 1 iteration in 1 VU`,
    });
  }
  return defaultScenario('per-vu-iterations', {});
}

function defaultScenario(
  executor: ScenarioConfig['executor'],
  fields: ScenarioSpec['fields'],
): Readonly<Record<string, ScenarioSpec>> {
  return { default: { executor, fields } };
}

function resolveScenarios(
  specs: Readonly<Record<string, ScenarioSpec>>,
  exportedFunctions: readonly string[] | undefined,
): { readonly configs: readonly ScenarioConfig[]; readonly faults: string[] } {
  const configs: ScenarioConfig[] = [];
  const faults: string[] = [];
  for (const [name, spec] of Object.entries(specs)) {
    const resolved = resolveScenario(name, spec);
    if (resolved.config !== undefined) configs.push(resolved.config);
    if (resolved.faults.length > 0) {
      faults.push(`scenario ${name} has configuration errors: ${resolved.faults.join(', ')}`);
    }
    const exec = spec.fields.exec ?? 'default';
    if (exec !== '' && exportedFunctions !== undefined && !exportedFunctions.includes(exec)) {
      faults.push(`executor ${name}: function '${exec}' not found in exports`);
    }
  }
  return { configs: configs.sort(byStart), faults };
}

/** The order of scenarios everywhere: start time, then name. */
function byStart(a: ScenarioConfig, b: ScenarioConfig): number {
  return a.startTimeMs - b.startTimeMs || (a.name < b.name ? -1 : 1);
}

function segmentFaults({ executionSegment, executionSegmentSequence }: LayerValues): string[] {
  if (executionSegmentSequence === undefined) return [];
  const segment = executionSegment ?? WHOLE_SEGMENT;
  const sequence = fillSequence(executionSegmentSequence);
  if (sequence.some((member) => isSameSegment(member, segment))) return [];
  return [
    `provided segment ${formatSegment(segment)} can't be found in sequence ${formatSegmentSequence(sequence)}`,
  ];
}

function featureWarnings({ features }: RunSettings): Warning[] {
  const known: readonly string[] = FEATURES;
  return features
    .filter((name) => !known.includes(name))
    .map((name) => ({
      level: 'error',
      message: 'Unknown feature flag',
      error: `${JSON.stringify(name)} has no effect; there are ${FEATURES.join(', ')}`,
    }));
}

function deprecationWarnings({ compatibilityMode }: RunSettings): Warning[] {
  if (compatibilityMode !== 'experimental_enhanced') return [];
  return [
    { message: 'The compatibility mode experimental_enhanced is deprecated; leave the option out' },
  ];
}

function unsupportedWarnings(values: LayerValues, sections: readonly Section[]): Warning[] {
  return OPTION_ROWS.filter(
    (row) =>
      row.support === 'not-supported' &&
      sections.includes(row.section) &&
      values[row.property] !== undefined &&
      String(row.toJson(values)) !== row.defaultText,
  ).map((row) => ({
    message: `The option ${row.key} is not supported and has no effect${row.note === '' ? '' : `: ${row.note}`}`,
  }));
}

function applyDefaults(
  values: LayerValues,
  origins: Merged['origins'],
  scenarios: readonly ScenarioConfig[],
  defaultUserAgent: string,
): Options {
  return {
    paused: values.paused ?? false,
    vus: values.vus,
    durationMs: values.durationMs,
    iterations: values.iterations,
    stages: values.stages,
    executionSegment: values.executionSegment,
    executionSegmentSequence: values.executionSegmentSequence,
    noSetup: values.noSetup ?? false,
    setupTimeoutMs: values.setupTimeoutMs ?? 60_000,
    noTeardown: values.noTeardown ?? false,
    teardownTimeoutMs: values.teardownTimeoutMs ?? 60_000,
    handleSummaryTimeoutMs: values.handleSummaryTimeoutMs ?? 120_000,
    rps: values.rps ?? 0,
    dns: { ...DEFAULT_DNS, ...values.dns },
    maxRedirects: values.maxRedirects ?? 10,
    userAgent: values.userAgent ?? defaultUserAgent,
    batch: values.batch ?? 20,
    batchPerHost: values.batchPerHost ?? 6,
    httpDebug: values.httpDebug ?? '',
    insecureSkipTLSVerify: values.insecureSkipTLSVerify ?? false,
    tlsCipherSuites: values.tlsCipherSuites,
    tlsVersion: values.tlsVersion,
    tlsAuth: values.tlsAuth,
    throw: values.throw ?? false,
    thresholds: values.thresholds ?? {},
    blacklistIPs: values.blacklistIPs ?? [],
    blockHostnames: values.blockHostnames ?? [],
    hosts: values.hosts ?? {},
    noConnectionReuse: values.noConnectionReuse ?? false,
    noVUConnectionReuse: values.noVUConnectionReuse ?? false,
    minIterationDurationMs: values.minIterationDurationMs ?? 0,
    ext: values.ext,
    cloud: values.cloud,
    summaryTrendStats: values.summaryTrendStats ?? DEFAULT_TREND_STATS,
    summaryTimeUnit: values.summaryTimeUnit ?? '',
    systemTags: knownSystemTags(values.systemTags ?? DEFAULT_SYSTEM_TAGS),
    tags: { ...values.tags, ...featureTags(activeFeatures(values)) },
    metricSamplesBufferSize: values.metricSamplesBufferSize ?? 1000,
    noCookiesReset: values.noCookiesReset ?? false,
    discardResponseBodies: values.discardResponseBodies ?? false,
    scenarios,
    given: values,
    origins,
  };
}

export const DEFAULT_TREND_STATS: readonly string[] = [
  'avg',
  'min',
  'med',
  'max',
  'p(90)',
  'p(95)',
];

function hasEntries(record: object | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
