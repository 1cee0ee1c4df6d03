/**
 * Which parts of each metric have a history of their own: the metric as a whole and, for every tag whose
 * values differ, each value. Bounded in number; what is beyond is told.
 *
 * While all samples of a metric have the same value of a tag, that slice would equal the whole, so it is
 * made when a second value (or a series without the tag) turns up.
 */
import type { Aggregate, FollowedSeries } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import { createSink, type Sink } from '../metrics/sink.ts';
import type { SameTag, SliceInfo } from './protocol.ts';

/** Values of one tag of one metric that have a slice. */
const VALUES_PER_TAG_MAX = 12;
/** Slices of tag values over all metrics. */
const TAG_SLICES_MAX = 240;
/** An interval's percentiles are exact up to so many samples. */
const EXACT_LIMIT = { exactMax: 256 };

export interface Slice extends SliceInfo {
  /** What was added since somebody last emptied it. */
  readonly sink: Sink;
}

interface TagState {
  /** Slices by value; undefined while there is only one value, or where there was no room. */
  readonly values: Map<string, Slice | undefined>;
  isSplit: boolean;
}

interface MetricState {
  readonly metric: Metric;
  readonly whole: Slice;
  readonly series: FollowedSeries[];
  readonly tags: Map<string, TagState>;
}

export class SliceSet {
  readonly #metrics = new Map<Metric, MetricState>();
  readonly #tagsShown: ReadonlySet<string> | undefined;
  readonly #onSlice: (slice: Slice, copyOf: Slice | undefined) => void;
  readonly #folded = new Set<string>();
  #count = 0;
  #tagSlices = 0;
  #version = 0;

  /**
   * @param onSlice hears of every slice, before a sample is added to it. `copyOf`: until now it was equal
   *   to that one.
   * @param tagsShown tags to make slices for; undefined = all.
   */
  constructor(
    aggregate: Aggregate,
    onSlice: (slice: Slice, copyOf: Slice | undefined) => void,
    tagsShown?: readonly string[],
  ) {
    this.#onSlice = onSlice;
    this.#tagsShown = tagsShown === undefined ? undefined : new Set(tagsShown);
    aggregate.follow((series) => this.#add(series));
  }

  /** Tags of which some values have no slice, since there is no room. */
  get foldedTags(): string[] {
    return [...this.#folded].sort();
  }

  /** Changes with `sameTags`. */
  get version(): number {
    return this.#version;
  }

  /** Tags without slices, since all samples of the metric have one value. */
  get sameTags(): SameTag[] {
    const same: SameTag[] = [];
    for (const { whole, tags } of this.#metrics.values()) {
      for (const [key, { isSplit, values }] of tags) {
        const [value] = values.keys();
        if (!isSplit && value !== undefined) same.push([whole.metric, key, value]);
      }
    }
    return same;
  }

  #add(series: FollowedSeries): void {
    const { metric, tags } = series;
    let state = this.#metrics.get(metric);
    if (state === undefined) {
      state = {
        metric,
        whole: this.#create(metric, undefined, undefined, undefined),
        series: [],
        tags: new Map(),
      };
      this.#metrics.set(metric, state);
    }
    series.addSink(state.whole.sink);
    for (const [key, known] of state.tags) {
      if (tags.get(key) === undefined) this.#split(state, key, known);
    }
    for (const [key, value] of tags.entries()) this.#addValue(state, series, key, value);
    state.series.push(series);
  }

  #addValue(state: MetricState, series: FollowedSeries, key: string, value: string): void {
    if (this.#tagsShown?.has(key) === false) return;
    let tag = state.tags.get(key);
    if (tag === undefined) {
      // Earlier series of the metric are without the tag: then this is a part from the beginning.
      tag = { values: new Map(), isSplit: state.series.length > 0 };
      state.tags.set(key, tag);
      this.#version++;
    }
    if (!tag.values.has(value)) {
      if (tag.values.size > 0) this.#split(state, key, tag);
      // Values beyond the bound are not remembered: a tag may have thousands.
      if (tag.values.size >= VALUES_PER_TAG_MAX) {
        this.#folded.add(key);
        return;
      }
      const slice = tag.isSplit ? this.#createTagSlice(state, key, value, undefined) : undefined;
      tag.values.set(value, slice);
    }
    const slice = tag.values.get(value);
    if (slice !== undefined) series.addSink(slice.sink);
  }

  /** From now on the tag's first value is not the whole metric any more. */
  #split(state: MetricState, key: string, tag: TagState): void {
    if (tag.isSplit) return;
    tag.isSplit = true;
    this.#version++;
    for (const value of tag.values.keys()) {
      const slice = this.#createTagSlice(state, key, value, state.whole);
      tag.values.set(value, slice);
      if (slice === undefined) continue;
      for (const series of state.series) {
        if (series.tags.get(key) === value) series.addSink(slice.sink);
      }
    }
  }

  #createTagSlice(
    state: MetricState,
    key: string,
    value: string,
    copyOf: Slice | undefined,
  ): Slice | undefined {
    if (this.#tagSlices >= TAG_SLICES_MAX) {
      this.#folded.add(key);
      return undefined;
    }
    this.#tagSlices++;
    return this.#create(state.metric, key, value, copyOf);
  }

  #create(
    { name, type, contains, isBuiltin }: Metric,
    tag: string | undefined,
    value: string | undefined,
    copyOf: Slice | undefined,
  ): Slice {
    const slice: Slice = {
      id: this.#count++,
      metric: name,
      type,
      contains,
      isCustom: !isBuiltin,
      tag,
      value,
      sink: createSink(type, EXACT_LIMIT),
    };
    this.#onSlice(slice, copyOf);
    return slice;
  }
}
