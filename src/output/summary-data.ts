/**
 * The one model behind everything said at the end of a run: text, handleSummary data, export file.
 *
 * Built once from the aggregate; the writers of the formats only lay it out.
 */
import { createHash } from 'node:crypto';
import type { Aggregate, CheckResult } from '../metrics/aggregate.ts';
import { isBeyondK6, type Metric, type MetricDefinition } from '../metrics/metric.ts';
import { readSink, type Sink } from '../metrics/sink.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { OutputLoss } from './output.ts';

export interface SummaryInput {
  readonly aggregate: Aggregate;
  /** Already evaluated for the end; undefined with `--no-thresholds`. */
  readonly thresholds: ThresholdSet | undefined;
  /** What rates per second divide by: setup and teardown included, as in k6. */
  readonly durationMs: number;
  /** `avg min med max count p(N)`, validated. */
  readonly trendStats: readonly string[];
  /** '' = each value in the unit that suits it. */
  readonly timeUnit: '' | 's' | 'ms' | 'us';
  /** What setup() returned, parsed; undefined if nothing. */
  readonly setupData: unknown;
  /** Of outputs; default none. */
  readonly losses?: readonly OutputLoss[];
}

export interface SummaryThreshold {
  /** As written. */
  readonly source: string;
  /** Left side: `p(95)`. */
  readonly label: string;
  readonly isOk: boolean;
  /** What the limit was compared with. */
  readonly value: number;
}

export interface SummaryMetric extends MetricDefinition {
  /** With `{suffix}` if it is a sub-metric. */
  readonly fullName: string;
  readonly suffix: string | undefined;
  readonly isBuiltin: boolean;
  /**
   * counter count, rate · gauge value, min, max · rate rate, passes, fails · trend the chosen stats and
   * those of the machine-readable layout (see chosenValues).
   */
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds: readonly SummaryThreshold[];
}

export interface SummaryCheck {
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** What can be said about the run as a whole, a scenario or a group. */
export interface SummarySection {
  /** All checks together; undefined if there were none. */
  readonly checkTotals: { readonly passes: number; readonly fails: number } | undefined;
  /** Checks by name, in order of first sight. */
  readonly checks: readonly SummaryCheck[];
  /** Sorted by name, sub-metrics after their metric. */
  readonly metrics: readonly SummaryMetric[];
  readonly groups: readonly SummaryGroup[];
}

export interface SummaryGroup extends SummarySection {
  readonly name: string;
  /** `::outer::inner` */
  readonly path: string;
}

/** The tree of groups and checks in k6's older layout, over all scenarios. */
export interface GroupNode {
  readonly name: string;
  readonly path: string;
  /** MD5 of the path. */
  readonly id: string;
  readonly groups: readonly GroupNode[];
  readonly checks: readonly (SummaryCheck & { readonly path: string; readonly id: string })[];
}

export interface SummaryModel {
  readonly durationMs: number;
  readonly trendStats: readonly string[];
  readonly timeUnit: SummaryInput['timeUnit'];
  readonly setupData: unknown;
  /** The whole run; the only section with sub-metrics. Its `groups` are those of the scenario "default". */
  readonly total: SummarySection;
  /** Scenarios not called "default", sorted by name. */
  readonly scenarios: readonly (SummarySection & { readonly name: string })[];
  readonly rootGroup: GroupNode;
  /** What outputs could not hand over; empty after a good run. */
  readonly losses: readonly OutputLoss[];
}

/** What trends have in the machine-readable layout, whatever stats are chosen. */
export const MACHINE_STATS = ['avg', 'max', 'med', 'min', 'p(90)', 'p(95)'] as const;

const GROUP_SEPARATOR = '::';
const DEFAULT_SCENARIO = 'default';
/** k6 runs setup() and teardown() in groups of these names and leaves them out. */
const LIFECYCLE_GROUPS = new Set(['setup', 'teardown']);

/** Cost: one pass over all series, once per run. */
export function buildSummary(input: SummaryInput): SummaryModel {
  const { aggregate, durationMs, trendStats, timeUnit, setupData, losses = [] } = input;
  const parts = aggregate.collect((tags) => {
    const scenario = scenarioOf(tags);
    return [sectionKey(scenario), sectionKey(scenario, tags.get('group') ?? '')];
  });
  const scenarioNames = new Set(aggregate.series.map(({ tags }) => scenarioOf(tags)));
  const sectionsOf = (scenario: string) => groupSections(input, parts, scenario);
  return {
    durationMs,
    trendStats,
    timeUnit,
    setupData,
    total: {
      ...checksOf(aggregate.checks(), aggregate.total(checksMetric(aggregate)).sink),
      metrics: totalMetrics(input),
      groups: sectionsOf(DEFAULT_SCENARIO),
    },
    scenarios: [...scenarioNames]
      .filter((name) => name !== DEFAULT_SCENARIO)
      .sort()
      .map((name) => ({
        name,
        ...checksOf(
          aggregate.checks((tags) => scenarioOf(tags) === name),
          parts.get(sectionKey(name))?.get(checksMetric(aggregate)),
        ),
        metrics: sectionMetrics(input, parts.get(sectionKey(name))),
        groups: sectionsOf(name),
      })),
    rootGroup: rootGroup(aggregate),
    losses,
  };
}

/** A number of a sink by the name of a trend stat or value: `avg`, `p(99.9)`, `rate`. */
export function readStat(sink: Sink, stat: string, durationMs: number): number | undefined {
  const percent = /^p\((.+)\)$/.exec(stat)?.[1];
  return percent === undefined
    ? readSink(sink, stat, durationMs)
    : readSink(sink, 'p', durationMs, Number(percent));
}

/** A metric's values without the stats of trends that nobody chose. */
export function chosenValues(
  model: SummaryModel,
  { type, values }: SummaryMetric,
): Readonly<Record<string, number>> {
  if (type !== 'trend') return values;
  return Object.fromEntries(model.trendStats.map((stat) => [stat, values[stat] ?? 0]));
}

/** Samples without the tag (setup, teardown, the tag turned off) belong to no named scenario. */
function scenarioOf(tags: TagSet): string {
  return tags.get('scenario') ?? DEFAULT_SCENARIO;
}

function sectionKey(scenario: string, group?: string): string {
  return JSON.stringify(group === undefined ? [scenario] : [scenario, group]);
}

function valuesOf(sink: Sink, input: SummaryInput): Record<string, number> {
  const stats = {
    counter: ['count', 'rate'],
    gauge: ['value', 'min', 'max'],
    rate: ['rate', 'passes', 'fails'],
    trend: [...MACHINE_STATS, ...input.trendStats],
  }[sink.type];
  return Object.fromEntries(
    stats.map((stat) => [stat, readStat(sink, stat, input.durationMs) ?? 0]),
  );
}

/** Metrics with samples that a k6 user expects in lists of all metrics. */
export function k6Metrics(aggregate: Aggregate): Metric[] {
  return aggregate.observed().filter((metric) => !isBeyondK6(metric));
}

/** Metrics that have samples or thresholds, and the sub-metrics that do. */
function totalMetrics(input: SummaryInput): SummaryMetric[] {
  const { aggregate, thresholds } = input;
  const judged = new Map<string, SummaryThreshold[]>();
  const wanted = new Set(k6Metrics(aggregate));
  for (const { view, states } of thresholds?.metrics ?? []) {
    wanted.add(view.metric);
    const list = states.map(({ expression, isOk, value }) => ({
      source: expression.source,
      label: expression.label,
      isOk,
      value: value ?? 0,
    }));
    judged.set(view.name, [...(judged.get(view.name) ?? []), ...list]);
  }
  return [...wanted].sort(byName).flatMap((metric) => {
    const submetrics = aggregate
      .submetrics(metric)
      .filter(({ sink, name }) => sink.count > 0 || judged.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return [aggregate.total(metric), ...submetrics].map((view) => ({
      ...definitionOf(metric),
      fullName: view.name,
      suffix: view.suffix,
      values: valuesOf(view.sink, input),
      thresholds: judged.get(view.name) ?? [],
    }));
  });
}

function sectionMetrics(
  input: SummaryInput,
  sinks: ReadonlyMap<Metric, Sink> | undefined,
): SummaryMetric[] {
  return [...(sinks ?? [])]
    .filter(([metric]) => !isBeyondK6(metric))
    .sort(([a], [b]) => byName(a, b))
    .map(([metric, sink]) => ({
      ...definitionOf(metric),
      fullName: metric.name,
      suffix: undefined,
      values: valuesOf(sink, input),
      thresholds: [],
    }));
}

function checksMetric(aggregate: Aggregate): Metric {
  return aggregate.registry.define('checks', 'rate');
}

function definitionOf({ name, type, contains, isBuiltin }: Metric): Omit<Metric, 'id'> {
  return { name, type, contains, isBuiltin };
}

/** Totals come from the metric itself: without the system tag `check` there is no list, but a total. */
function checksOf(
  results: readonly CheckResult[],
  sink: Sink | undefined,
): Pick<SummarySection, 'checks' | 'checkTotals'> {
  const byCheck = new Map<string, { name: string; passes: number; fails: number }>();
  for (const { name, passes, fails } of results) {
    const check = byCheck.get(name) ?? { name, passes: 0, fails: 0 };
    byCheck.set(name, check);
    check.passes += passes;
    check.fails += fails;
  }
  const checkTotals =
    sink?.type === 'rate' && sink.count > 0
      ? { passes: sink.passes, fails: sink.count - sink.passes }
      : undefined;
  return { checks: [...byCheck.values()], checkTotals };
}

/** Groups of one scenario as a tree; a sample counts in its innermost group only. */
function groupSections(
  input: SummaryInput,
  parts: ReadonlyMap<string, ReadonlyMap<Metric, Sink>>,
  scenario: string,
): SummaryGroup[] {
  const { aggregate } = input;
  const paths = new Set<string>();
  for (const { tags, sink } of aggregate.series) {
    if (sink.count > 0 && scenarioOf(tags) === scenario) paths.add(tags.get('group') ?? '');
  }
  const build = (node: PathNode): SummaryGroup => ({
    name: node.name,
    path: node.path,
    ...checksOf(
      aggregate.checks(
        (tags) => scenarioOf(tags) === scenario && (tags.get('group') ?? '') === node.path,
      ),
      parts.get(sectionKey(scenario, node.path))?.get(checksMetric(aggregate)),
    ),
    metrics: sectionMetrics(input, parts.get(sectionKey(scenario, node.path))),
    groups: node.children.map(build),
  });
  return pathTree(paths)
    .children.filter(({ name }) => !LIFECYCLE_GROUPS.has(name))
    .map(build);
}

/** Groups and checks over all scenarios, as a tree. Cost: one pass over all series. */
export function rootGroup(aggregate: Aggregate): GroupNode {
  const checks = aggregate.checks();
  const withChecks = new Set(checks.map(({ group }) => group));
  const paths = new Set<string>();
  for (const { tags, sink } of aggregate.series) {
    const group = tags.get('group') ?? '';
    const top = group.split(GROUP_SEPARATOR)[1] ?? '';
    const isLifecycle = LIFECYCLE_GROUPS.has(top) && tags.get('scenario') === undefined;
    if (sink.count > 0 && (!isLifecycle || withChecks.has(group))) paths.add(group);
  }
  const build = (node: PathNode): GroupNode => ({
    name: node.name,
    path: node.path,
    id: md5(node.path),
    groups: node.children.map(build),
    checks: checks
      .filter(({ group }) => group === node.path)
      .map(({ name, passes, fails }) => {
        const path = `${node.path}${GROUP_SEPARATOR}${name}`;
        return { name, path, id: md5(path), passes, fails };
      }),
  });
  return build(pathTree(paths));
}

interface PathNode {
  readonly name: string;
  readonly path: string;
  readonly children: PathNode[];
}

/** A tree of all paths with their parents, in order of first sight. */
function pathTree(paths: Iterable<string>): PathNode {
  const root: PathNode = { name: '', path: '', children: [] };
  for (const path of paths) {
    if (path === '') continue;
    // A path not made by group() (a user's own `group` tag) is one group of that name.
    const names = path.startsWith(GROUP_SEPARATOR)
      ? path.slice(GROUP_SEPARATOR.length).split(GROUP_SEPARATOR)
      : [path];
    let node = root;
    let prefix = path.startsWith(GROUP_SEPARATOR) ? GROUP_SEPARATOR : '';
    for (const name of names) {
      prefix += name;
      let child = node.children.find((known) => known.path === prefix);
      if (child === undefined) {
        child = { name, path: prefix, children: [] };
        node.children.push(child);
      }
      node = child;
      prefix += GROUP_SEPARATOR;
    }
  }
  return root;
}

function byName(a: MetricDefinition, b: MetricDefinition): number {
  return a.name < b.name ? -1 : 1;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
