/**
 * `--out json[=file]`: every sample as a line of JSON, in k6's format.
 *
 * A `Metric` line comes before the first `Point` of a metric. Lines are built as strings from parts that are
 * fixed per series.
 */
import { formatDuration } from '../base/duration.ts';
import type { Aggregate, AggregateSeries } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import type { ThresholdSet, ThresholdSpec } from '../metrics/threshold.ts';
import type { Output, OutputLosses, RunInfo, SampleBatch, TextWriter } from './output.ts';
import { timeFormatter } from './sample-time.ts';
import { TextFile } from './text-file.ts';

export interface JsonOutputSettings {
  /** '' or '-' = stdout; a name that ends in `.gz` is compressed. */
  readonly path: string;
  readonly stdout: TextWriter;
  /** Runtime failures and lost samples. */
  readonly warn: (message: string) => void;
}

type Metadata = readonly (readonly [string, string])[];

export class JsonOutput implements Output {
  readonly needs = 'samples';
  readonly description: string;
  readonly #file: TextFile;
  #info: RunInfo | undefined;
  readonly #announced = new Set<Metric>();
  /** What is the same in all lines of a series: the text before the time and the tags. */
  readonly #parts = new Map<AggregateSeries, { readonly head: string; readonly tags: string }>();
  readonly #formatTime = timeFormatter();
  #metadata: Metadata | undefined;
  #metadataEnd = '';

  constructor(settings: JsonOutputSettings) {
    this.#file = new TextFile({ name: 'json', ...settings });
    this.description = this.#file.isStdout ? 'json(stdout)' : `json (${settings.path})`;
  }

  /** Errors: OUTPUT_FAILED if the file cannot be made. */
  start(info: RunInfo): void {
    this.#info = info;
    this.#file.open();
  }

  onSamples(batch: SampleBatch): void {
    this.#file.countDropped(batch.droppedSamples);
    for (const [index, series] of batch.series.entries()) {
      const { head, tags } = this.#parts.get(series) ?? this.#introduce(series);
      const time = this.#formatTime(batch.timesMs[index] ?? 0);
      const value = jsonNumber(batch.values[index] ?? 0);
      const end = this.#endOf(batch.metadataOf(index));
      this.#file.append(`${head}${time}","value":${value}${tags}${end}`, 1);
    }
  }

  onTick(): void {
    this.#file.flush();
  }

  stop(): void {
    this.#file.close();
  }

  get losses(): OutputLosses | undefined {
    return this.#file.losses;
  }

  /** The rest of a line; one text serves all samples of an iteration. */
  #endOf(metadata: Metadata | undefined): string {
    if (metadata === undefined || metadata.length === 0) return '}}\n';
    if (metadata !== this.#metadata) {
      this.#metadata = metadata;
      this.#metadataEnd = `,"metadata":${jsonRecord(metadata.toSorted(byKey))}}}\n`;
    }
    return this.#metadataEnd;
  }

  /** Prepares a series, and announces its metric if that is new. */
  #introduce(series: AggregateSeries): { head: string; tags: string } {
    const { metric, tags } = series;
    if (!this.#announced.has(metric)) {
      this.#announced.add(metric);
      const info = this.#info;
      this.#file.append(metricLine(metric, info?.aggregate, info?.thresholds));
    }
    const parts = {
      head: `{"metric":${JSON.stringify(metric.name)},"type":"Point","data":{"time":"`,
      tags: `,"tags":${jsonRecord(tags.entries())}`,
    };
    this.#parts.set(series, parts);
    return parts;
  }
}

/** The line that introduces a metric. */
function metricLine(
  metric: Metric,
  aggregate: Aggregate | undefined,
  thresholds: ThresholdSet | undefined,
): string {
  const { name, type, contains } = metric;
  const submetrics = (aggregate?.submetrics(metric) ?? []).map((view) => ({
    name: view.name,
    suffix: view.suffix,
    tags: Object.fromEntries(view.filter),
  }));
  const own = thresholds?.metrics.filter(({ view }) => view.name === name) ?? [];
  const specs = own.flatMap(({ states }) => states.map(({ spec }) => thresholdJson(spec)));
  const data = {
    name,
    type,
    contains,
    thresholds: specs,
    submetrics: submetrics.length === 0 ? null : submetrics,
  };
  return `${JSON.stringify({ type: 'Metric', data, metric: name })}\n`;
}

function thresholdJson(spec: ThresholdSpec): unknown {
  if (!spec.abortOnFail) return spec.threshold;
  const delayMs = spec.delayAbortEvalMs;
  return {
    threshold: spec.threshold,
    abortOnFail: true,
    delayAbortEval: delayMs === undefined ? null : formatDuration(delayMs),
  };
}

/** Written by hand: an object would put keys that look like numbers first. */
function jsonRecord(pairs: readonly (readonly [string, string])[]): string {
  const fields = pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${fields.join(',')}}`;
}

/** JSON has no infinities; they become null. */
function jsonNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null';
}

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
