/**
 * The series of a run as a server of metrics knows them: by the metric and its labels.
 *
 * Servers drop empty labels and restrict names, so that several of our series may become one of theirs;
 * their samples are added up, else they would overwrite each other.
 */
import type { Aggregate, AggregateSeries } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import { createSink, mergeSink, type Sink } from '../metrics/sink.ts';
import type { TagSet } from '../metrics/tag-set.ts';

export type Labels = readonly (readonly [string, string])[];

export class ExportedSeries {
  readonly metric: Metric;
  readonly labels: Labels;
  readonly #members: AggregateSeries[] = [];

  constructor(metric: Metric, labels: Labels) {
    this.metric = metric;
    this.labels = labels;
  }

  add(member: AggregateSeries): void {
    this.#members.push(member);
  }

  /** Samples so far. */
  get count(): number {
    return this.#members.reduce((sum, { sink }) => sum + sink.count, 0);
  }

  /** End of the last tick that had samples, epoch ms. */
  get updatedMs(): number {
    return this.#members.reduce((latest, { updatedMs }) => Math.max(latest, updatedMs), 0);
  }

  /** All samples so far; to be read, not changed. */
  sink(): Sink {
    const [first, second] = this.#members;
    if (first !== undefined && second === undefined) return first.sink;
    const merged = createSink(this.metric.type);
    for (const { sink } of this.#members) mergeSink(merged, sink);
    return merged;
  }
}

export class SeriesExport {
  readonly #labelsOf: (tags: TagSet) => Labels;
  readonly #byIdentity = new Map<string, ExportedSeries>();
  /** Series of the aggregate that have been taken in. */
  #known = 0;

  constructor(labelsOf: (tags: TagSet) => Labels) {
    this.#labelsOf = labelsOf;
  }

  /** The series that have samples. Each call must be given the same aggregate. */
  seriesOf(aggregate: Aggregate): ExportedSeries[] {
    for (const member of aggregate.series.slice(this.#known)) {
      const labels = this.#labelsOf(member.tags);
      const identity = JSON.stringify([member.metric.name, labels]);
      let series = this.#byIdentity.get(identity);
      if (series === undefined) {
        series = new ExportedSeries(member.metric, labels);
        this.#byIdentity.set(identity, series);
      }
      series.add(member);
    }
    this.#known = aggregate.series.length;
    return [...this.#byIdentity.values()].filter(({ count }) => count > 0);
  }
}

/** Of the run so far. */
export function countSamples(all: readonly ExportedSeries[]): number {
  return all.reduce((sum, { count }) => sum + count, 0);
}
