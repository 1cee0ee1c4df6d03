/**
 * The merged state of a run: all workers' snapshots added up, once, on the main thread.
 *
 * Thresholds, summary, outputs and dashboard all read this. Totals of metrics and of sub-metrics are kept
 * up to date with each snapshot; other views (a group, a scenario) are merged from series when asked for.
 */
import { assert } from '../base/assert.ts';
import { GharialError } from '../base/errors.ts';
import { type Metric, MetricRegistry } from './metric.ts';
import { addDelta, createSink, mergeSink, type Sink } from './sink.ts';
import { EXACT_VALUES_MAX, type ExactLimit, Sketch } from './sketch.ts';
import { FIELDS, type SeriesDefinition, SLOT, type Snapshot } from './snapshot.ts';
import { type TagSet, TagSpace } from './tag-set.ts';

/** One metric with one tag set, over all workers. */
export interface AggregateSeries {
  /** Counts from 0, in order of first sight. */
  readonly id: number;
  readonly metric: Metric;
  readonly tags: TagSet;
  readonly sink: Sink;
  /** End of the last snapshot that had samples of it, epoch ms; 0 = none yet. */
  readonly updatedMs: number;
}

/** A series, for those who keep numbers of their own about it. */
export interface FollowedSeries extends AggregateSeries {
  /** From now on its samples are added to that sink too, which is of the metric's type. */
  addSink(sink: Sink): void;
}

/** A metric, or the part of one that a tag filter selects. */
export interface MetricView {
  readonly metric: Metric;
  /** `name` or `name{suffix}`. */
  readonly name: string;
  /** As written between the braces; undefined for the metric itself. */
  readonly suffix: string | undefined;
  /** Pairs that a sample must all have. */
  readonly filter: readonly (readonly [string, string])[];
  readonly sink: Sink;
}

/** Ticks of a worker that never arrived, first and last included. */
export interface Gap {
  readonly workerId: number;
  readonly firstTick: number;
  readonly lastTick: number;
}

/** One check in one group, over all other tags. */
export interface CheckResult {
  readonly group: string;
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** Exact values kept over all trend series together: 8 MB. */
const EXACT_VALUES_TOTAL = 1 << 20;
/** However many series there are, each may keep so many: no more than its buckets would take. */
const EXACT_VALUES_MIN = 128;

export class Aggregate {
  readonly registry = new MetricRegistry();
  readonly #space: TagSpace;
  readonly #series: MergedSeries[] = [];
  readonly #byMetric = new Map<Metric, Map<TagSet, MergedSeries>>();
  /** Series by worker id, then by the worker's own series id. */
  readonly #workers = new Map<number, MergedSeries[]>();
  readonly #lastTick = new Map<number, number>();
  readonly #totals = new Map<Metric, MetricView>();
  readonly #submetrics = new Map<Metric, MetricView[]>();
  readonly #gaps: Gap[] = [];
  readonly #followers: ((series: FollowedSeries) => void)[] = [];
  /** Of metrics and sub-metrics: few, so each may keep many values. */
  readonly #viewLimit: ExactLimit;
  /** Of single series: lowered as they become many. */
  readonly #seriesLimit: ExactLimit;
  #sketches = 0;
  #lostValues = 0;
  #workersMs = 0;

  constructor(options: { exactMax?: number; warn?: (message: string) => void } = {}) {
    this.#viewLimit = { exactMax: options.exactMax ?? EXACT_VALUES_MAX };
    this.#seriesLimit = { ...this.#viewLimit };
    this.#space = new TagSpace(options.warn);
  }

  /** Makes a worker's series known. Errors: METRIC_CONFLICT if workers disagree on a metric. */
  defineSeries(workerId: number, definition: SeriesDefinition): void {
    const { name, type, contains } = definition.metric;
    const metric = this.registry.define(name, type, contains);
    const tags = this.#space.from(definition.tags);
    let ids = this.#workers.get(workerId);
    if (ids === undefined) {
      ids = [];
      this.#workers.set(workerId, ids);
    }
    ids[definition.id] = this.#seriesOf(metric, tags);
  }

  /** The series behind a worker's id, for outputs that get raw samples. */
  seriesOf(workerId: number, id: number): AggregateSeries {
    return this.#seriesOfWorker(workerId, id);
  }

  /**
   * Adds a worker's deltas. False if that tick (or a later one) of the worker is in already: nothing is
   * counted twice. Skipped ticks become gaps. Cost: per touched series, logged value and bucket, times
   * the views it belongs to (itself, the metric, matching sub-metrics).
   */
  merge(snapshot: Snapshot): boolean {
    const { workerId, tick, series, stats, logSeries, logValues, buckets } = snapshot;
    const last = this.#lastTick.get(workerId) ?? 0;
    if (tick <= last) return false;
    if (tick > last + 1) this.#gaps.push({ workerId, firstTick: last + 1, lastTick: tick - 1 });
    this.#lastTick.set(workerId, tick);
    if (workerId >= 0) this.#workersMs = Math.max(this.#workersMs, snapshot.toMs);
    for (const [index, id] of series.entries()) {
      const merged = this.#seriesOfWorker(workerId, id);
      merged.updatedMs = snapshot.toMs;
      for (const sink of merged.sinks) addDelta(sink, stats, index * FIELDS);
    }
    for (const [index, id] of logSeries.entries()) {
      const value = logValues[index] ?? 0;
      for (const sketch of this.#seriesOfWorker(workerId, id).sketches) sketch.addValue(value);
    }
    for (let at = 0; at < buckets.length; at += SLOT) {
      const merged = this.#seriesOfWorker(workerId, buckets[at] ?? 0);
      const key = buckets[at + 1] ?? 0;
      const count = buckets[at + 2] ?? 0;
      for (const sketch of merged.sketches) sketch.addBucket(key, count);
    }
    this.#lostValues += snapshot.lostValues;
    return true;
  }

  /**
   * Keeps a running total of the samples that have all pairs of `filter`. The same filter on the same
   * metric gives the same view, whatever its spelling.
   */
  addSubmetric(
    metric: Metric,
    suffix: string,
    filter: readonly (readonly [string, string])[],
  ): MetricView {
    this.#assertOwn(metric);
    const siblings = this.#submetrics.get(metric) ?? [];
    this.#submetrics.set(metric, siblings);
    const tags = this.#space.from(filter);
    const known = siblings.find((view) => this.#space.from(view.filter) === tags);
    if (known !== undefined) return known;
    const view = this.#createView(metric, suffix, filter);
    siblings.push(view);
    for (const series of this.#byMetric.get(metric)?.values() ?? []) {
      if (!series.tags.matches(filter)) continue;
      mergeSink(view.sink, series.sink);
      series.addSink(view.sink);
    }
    return view;
  }

  /**
   * Calls back for every series, at once for those there are, later before the first sample of one is
   * added. What the callback adds as sinks costs each sample as much as a sub-metric.
   */
  follow(onSeries: (series: FollowedSeries) => void): void {
    this.#followers.push(onSeries);
    for (const series of this.#series) onSeries(series);
  }

  /** The running total of a metric of this aggregate's registry (made when first asked for). */
  total(metric: Metric): MetricView {
    this.#assertOwn(metric);
    let view = this.#totals.get(metric);
    if (view === undefined) {
      view = this.#createView(metric, undefined, []);
      this.#totals.set(metric, view);
    }
    return view;
  }

  /** Sub-metrics of a metric, in order of their definition. */
  submetrics(metric: Metric): readonly MetricView[] {
    return this.#submetrics.get(metric) ?? [];
  }

  /** Metrics with samples, in order of the first one. */
  observed(): Metric[] {
    return [...this.#byMetric.keys()].filter((metric) => this.total(metric).sink.count > 0);
  }

  /** All series in order of first sight. */
  get series(): readonly AggregateSeries[] {
    return this.#series;
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /**
   * Up to when the workers' samples are in, epoch ms; 0 = none are. The main thread's own recorder (its id
   * is negative) is always up to date.
   */
  get workersMs(): number {
    return this.#workersMs;
  }

  /** Trend values missing from percentiles (they are in count, avg, min, max) since tables were full. */
  get lostValues(): number {
    return this.#lostValues;
  }

  /**
   * Merges series by a key of the caller's making, per metric, in order of first sight; a series may have
   * several keys or none. Empty series are left out. One pass over all series.
   */
  collect(keysOf: (tags: TagSet) => readonly string[]): Map<string, Map<Metric, Sink>> {
    const collected = new Map<string, Map<Metric, Sink>>();
    for (const { metric, tags, sink } of this.#series) {
      if (sink.count === 0) continue;
      for (const key of keysOf(tags)) {
        let sinks = collected.get(key);
        if (sinks === undefined) {
          sinks = new Map();
          collected.set(key, sinks);
        }
        let into = sinks.get(metric);
        if (into === undefined) {
          into = createSink(metric.type, this.#viewLimit);
          sinks.set(metric, into);
        }
        mergeSink(into, sink);
      }
    }
    return collected;
  }

  /** Results per group and check, in order of first sight; other tags are summed up. */
  checks(isWanted: (tags: TagSet) => boolean = () => true): CheckResult[] {
    const results = new Map<string, { group: string; name: string; sink: Sink }>();
    const metric = this.registry.get('checks');
    const all = metric === undefined ? undefined : this.#byMetric.get(metric);
    for (const { tags, sink } of all?.values() ?? []) {
      const name = tags.get('check');
      if (name === undefined || sink.count === 0 || !isWanted(tags)) continue;
      const group = tags.get('group') ?? '';
      // Neither part can contain "::", so the pair is unambiguous.
      const key = `${group}::${name}`;
      let result = results.get(key);
      if (result === undefined) {
        result = { group, name, sink: createSink('rate') };
        results.set(key, result);
      }
      mergeSink(result.sink, sink);
    }
    return [...results.values()].map(({ group, name, sink }) => {
      const passes = sink.type === 'rate' ? sink.passes : 0;
      return { group, name, passes, fails: sink.count - passes };
    });
  }

  /** Metrics of other threads' registries look the same but are others. */
  #assertOwn(metric: Metric): void {
    assert(this.registry.get(metric.name) === metric, `${metric.name} is of another registry`);
  }

  #seriesOf(metric: Metric, tags: TagSet): MergedSeries {
    let byTags = this.#byMetric.get(metric);
    if (byTags === undefined) {
      byTags = new Map();
      this.#byMetric.set(metric, byTags);
    }
    let series = byTags.get(tags);
    if (series === undefined) {
      series = new MergedSeries(this.#series.length, metric, tags, this.#createSeriesSink(metric));
      series.addSink(this.total(metric).sink);
      for (const view of this.submetrics(metric)) {
        if (tags.matches(view.filter)) series.addSink(view.sink);
      }
      byTags.set(tags, series);
      this.#series.push(series);
      for (const onSeries of this.#followers) onSeries(series);
    }
    return series;
  }

  #seriesOfWorker(workerId: number, id: number): MergedSeries {
    const series = this.#workers.get(workerId)?.[id];
    if (series === undefined) {
      throw new GharialError(
        'SERIES_UNKNOWN',
        `series ${id} of worker ${workerId} was never defined`,
      );
    }
    return series;
  }

  #createView(
    metric: Metric,
    suffix: string | undefined,
    filter: readonly (readonly [string, string])[],
  ): MetricView {
    const name = suffix === undefined ? metric.name : `${metric.name}{${suffix}}`;
    return { metric, name, suffix, filter, sink: createSink(metric.type, this.#viewLimit) };
  }

  #createSeriesSink(metric: Metric): Sink {
    if (metric.type === 'trend') {
      this.#sketches++;
      const share = Math.floor(EXACT_VALUES_TOTAL / this.#sketches);
      this.#seriesLimit.exactMax = Math.min(
        this.#viewLimit.exactMax,
        Math.max(EXACT_VALUES_MIN, share),
      );
    }
    return createSink(metric.type, this.#seriesLimit);
  }
}

class MergedSeries implements FollowedSeries {
  readonly id: number;
  readonly metric: Metric;
  readonly tags: TagSet;
  readonly sink: Sink;
  /** Everything that a sample of this series counts in, itself first. */
  readonly sinks: Sink[];
  /** The same, if it is a trend. */
  readonly sketches: Sketch[] = [];
  updatedMs = 0;

  constructor(id: number, metric: Metric, tags: TagSet, sink: Sink) {
    this.id = id;
    this.metric = metric;
    this.tags = tags;
    this.sink = sink;
    this.sinks = [];
    this.addSink(sink);
  }

  addSink(sink: Sink): void {
    this.sinks.push(sink);
    if (sink instanceof Sketch) this.sketches.push(sink);
  }
}
