/**
 * `--out json[=file]`: every sample as a line of JSON, in k6's format.
 *
 * A `Metric` line comes before the first `Point` of a metric. Lines are built as strings from parts that are
 * fixed per series and written in large chunks, synchronously: a slow disk holds up the merge, and the
 * bounded batches of the workers then drop samples, which is counted and reported.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { formatDuration } from '../base/duration.ts';
import { GharialError } from '../base/errors.ts';
import type { Aggregate, AggregateSeries } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import type { ThresholdSet, ThresholdSpec } from '../metrics/threshold.ts';
import type { Output, RunInfo, SampleBatch, TextWriter } from './output.ts';

export interface JsonOutputSettings {
  /** '' or '-' = stdout; a name that ends in `.gz` is compressed. */
  readonly path: string;
  readonly stdout: TextWriter;
  /** Runtime failures and lost samples. */
  readonly warn: (message: string) => void;
}

/** Written at once when so much has gathered, and at each tick. */
const CHUNK_CHARS = 1 << 18;

type Metadata = readonly (readonly [string, string])[];

export class JsonOutput implements Output {
  readonly needs = 'samples';
  readonly description: string;
  readonly #settings: JsonOutputSettings;
  #info: RunInfo | undefined;
  #file: number | undefined;
  #chunk = '';
  #droppedSamples = 0;
  #isBroken = false;
  readonly #announced = new Set<Metric>();
  /** What is the same in all lines of a series: the text before the time and the tags. */
  readonly #parts = new Map<AggregateSeries, { readonly head: string; readonly tags: string }>();
  readonly #formatTime = timeFormatter();
  #metadata: Metadata | undefined;
  #metadataEnd = '';

  constructor(settings: JsonOutputSettings) {
    this.#settings = settings;
    this.description = this.#isStdout ? 'json(stdout)' : `json (${settings.path})`;
  }

  /** Errors: OUTPUT_FAILED if the file cannot be made. */
  start(info: RunInfo): void {
    this.#info = info;
    if (this.#isStdout) return;
    try {
      this.#file = openSync(this.#settings.path, 'w');
    } catch (error) {
      throw new GharialError(
        'OUTPUT_FAILED',
        `could not create the 'json' output: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  onSamples(batch: SampleBatch): void {
    this.#droppedSamples += batch.droppedSamples;
    for (const [index, series] of batch.series.entries()) {
      const { head, tags } = this.#parts.get(series) ?? this.#introduce(series);
      const time = this.#formatTime(batch.timesMs[index] ?? 0);
      const value = jsonNumber(batch.values[index] ?? 0);
      const end = this.#endOf(batch.metadataOf(index));
      this.#chunk += `${head}${time}","value":${value}${tags}${end}`;
      if (this.#chunk.length >= CHUNK_CHARS) this.#flush();
    }
  }

  onTick(): void {
    this.#flush();
  }

  stop(): void {
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#droppedSamples > 0) {
      this.#settings.warn(
        `the json output lost ${this.#droppedSamples} samples, since it could not be written fast enough`,
      );
    }
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

  get #isStdout(): boolean {
    return this.#settings.path === '' || this.#settings.path === '-';
  }

  /** Prepares a series, and announces its metric if that is new. */
  #introduce(series: AggregateSeries): { head: string; tags: string } {
    const { metric, tags } = series;
    if (!this.#announced.has(metric)) {
      this.#announced.add(metric);
      const info = this.#info;
      this.#chunk += metricLine(metric, info?.aggregate, info?.thresholds);
    }
    const parts = {
      head: `{"metric":${JSON.stringify(metric.name)},"type":"Point","data":{"time":"`,
      tags: `,"tags":${jsonRecord(tags.entries())}`,
    };
    this.#parts.set(series, parts);
    return parts;
  }

  #flush(): void {
    const text = this.#chunk;
    this.#chunk = '';
    if (text === '' || this.#isBroken) return;
    try {
      if (this.#file === undefined) this.#settings.stdout.write(text);
      else writeAll(this.#file, this.#encode(text));
    } catch (error) {
      this.#isBroken = true;
      this.#settings.warn(
        `the json output stopped: could not write ${this.#settings.path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Each chunk is a gzip member of its own; a sequence of members is a valid gzip file. */
  #encode(text: string): Buffer {
    return this.#settings.path.endsWith('.gz') ? gzipSync(text) : Buffer.from(text);
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

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/**
 * Epoch ms to RFC 3339 in UTC with as many decimals as needed, to the microsecond: a double holds no more
 * of a time of day. The text up to the second is kept, since samples come in order, more or less.
 */
function timeFormatter(): (timeMs: number) => string {
  let keptSecond = Number.NaN;
  let keptText = '';
  return (timeMs) => {
    const micros = Math.round(timeMs * 1000);
    const second = Math.floor(micros / 1e6);
    if (second !== keptSecond) {
      keptSecond = second;
      keptText = new Date(second * 1000).toISOString().slice(0, 19);
    }
    const fraction = micros - second * 1e6;
    if (fraction === 0) return `${keptText}Z`;
    return `${keptText}.${String(fraction + 1e6)
      .slice(1)
      .replace(/0+$/, '')}Z`;
  };
}
