/**
 * `--out experimental-prometheus-rw`: the run's series by Prometheus remote write 1.0, under k6's names.
 *
 * A push holds the series that had samples since the last one, with their values from the beginning of the
 * run on, so that a push that was lost costs resolution, not counts: the next one holds all series then.
 *
 * k6-diff: `…_count` of a time trend is the number of samples; k6 divides it by 1000.
 * k6-diff: characters that Prometheus refuses in names of labels become `_`; it refuses k6's whole push.
 *
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import { nowMs } from '../base/clock.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import { readSink } from '../metrics/sink.ts';
import type { Sketch } from '../metrics/sketch.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import { type BucketRange, SCALE, toExponentialBuckets } from './exponential-buckets.ts';
import { countSamples, type ExportedSeries, type Labels, SeriesExport } from './exported-series.ts';
import { HttpSender } from './http-sender.ts';
import type { Output, OutputLosses, RunResult } from './output.ts';
import { PROMETHEUS_NAME, type PrometheusSettings } from './prometheus-settings.ts';
import { ProtobufWriter } from './protobuf.ts';
import { PushInterval } from './push-interval.ts';
import { compressSnappy } from './snappy.ts';

const HEADERS = {
  'User-Agent': 'gharial-prometheus-rw-output',
  'Content-Encoding': 'snappy',
  'Content-Type': 'application/x-protobuf',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
} as const;
const TIMEOUT_MS = 5000;
/** Of one request. */
const SERIES_PER_BATCH = 5000;
/** A NaN of its own: "there is no more of this series". */
const STALE_MARKER = 0x7ff0000000000002n;
const UNIT_SUFFIXES = { time: '_seconds', data: '_bytes', default: '' } as const;

/** What has been sent of a series. */
interface Sent {
  readonly count: number;
  readonly timestampMs: number;
}

export class PrometheusOutput implements Output {
  readonly needs = 'aggregate';
  readonly description: string;
  readonly #settings: PrometheusSettings;
  readonly #sender: HttpSender;
  readonly #interval: PushInterval;
  readonly #clock: () => number;
  readonly #export = new SeriesExport(labelsOf);
  readonly #sent = new Map<ExportedSeries, Sent>();
  #lostBatches = 0;

  constructor(
    settings: PrometheusSettings,
    warn: (message: string) => void,
    clock: () => number = nowMs,
  ) {
    const { url, tls, pushIntervalMs } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#interval = new PushInterval(pushIntervalMs);
    this.#sender = new HttpSender({
      name: PROMETHEUS_NAME,
      timeoutMs: TIMEOUT_MS,
      // Samples of a series must arrive in the order of their times.
      concurrency: 1,
      tls,
      warn,
    });
    this.description = `Prometheus remote write (${url.origin}${url.pathname})`;
  }

  start(): void {}

  onTick(aggregate: Aggregate): void {
    if (this.#interval.isDue(this.#clock())) this.#push(aggregate);
  }

  async stop({ aggregate }: RunResult): Promise<void> {
    this.#push(aggregate);
    if (this.#settings.hasStaleMarkers) this.#sendStaleMarkers();
    await this.#sender.close();
  }

  get losses(): OutputLosses | undefined {
    return this.#sender.losses;
  }

  #push(aggregate: Aggregate): void {
    const { lostBatches } = this.#sender;
    const isBehind = lostBatches > this.#lostBatches;
    this.#lostBatches = lostBatches;
    const all = this.#export.seriesOf(aggregate);
    const due = all.filter((series) => isBehind || this.#sent.get(series)?.count !== series.count);
    this.#send(due, (writer, series) => this.#writeSeries(writer, series), countSamples(all));
  }

  /** A millisecond after the last sample of each series. */
  #sendStaleMarkers(): void {
    this.#send([...this.#sent.keys()], (writer, { metric, labels }) => {
      const timestampMs = Math.floor(this.#clock()) + 1;
      for (const name of this.#namesOf(metric)) {
        writeSeries(writer, name, labels, () => {
          writer.message(2, () => {
            writer.fixed64(1, STALE_MARKER);
            writer.uint(2, timestampMs);
          });
        });
      }
    });
  }

  #send(
    all: readonly ExportedSeries[],
    write: (writer: ProtobufWriter, series: ExportedSeries) => void,
    samplesTotal?: number,
  ): void {
    const { url, headers } = this.#settings;
    for (let at = 0; at < all.length; at += SERIES_PER_BATCH) {
      const writer = new ProtobufWriter();
      for (const series of all.slice(at, at + SERIES_PER_BATCH)) write(writer, series);
      const body = compressSnappy(writer.finish());
      const batch = { url, headers: { ...headers, ...HEADERS }, body };
      const isLast = at + SERIES_PER_BATCH >= all.length;
      this.#sender.send(isLast && samplesTotal !== undefined ? { ...batch, samplesTotal } : batch);
    }
  }

  #writeSeries(writer: ProtobufWriter, series: ExportedSeries): void {
    const { metric, labels, count } = series;
    const sent = this.#sent.get(series);
    const isNew = sent === undefined || sent.count !== count;
    // Another value needs another time: Prometheus keeps the first of each millisecond.
    const timestampMs = isNew
      ? Math.max(Math.floor(series.updatedMs), (sent?.timestampMs ?? 0) + 1)
      : sent.timestampMs;
    this.#sent.set(series, { count, timestampMs });
    const sink = series.sink();
    const names = this.#namesOf(metric);
    if (sink.type === 'trend' && this.#settings.usesNativeHistograms) {
      const [name = ''] = names;
      writeSeries(writer, name, labels, () => {
        writer.message(4, () => writeHistogram(writer, sink, unitOf(metric), timestampMs));
      });
      return;
    }
    const values =
      sink.type === 'trend'
        ? this.#settings.trendStats.map(
            ({ read, hasUnit }) => read(sink) * (hasUnit ? unitOf(metric) : 1),
          )
        : [readSink(sink, VALUE_NAMES[sink.type], 0) ?? 0];
    for (const [index, name] of names.entries()) {
      writeSeries(writer, name, labels, () => {
        writer.message(2, () => {
          writer.double(1, values[index] ?? 0);
          writer.uint(2, timestampMs);
        });
      });
    }
  }

  /** Of the Prometheus series that a series of ours becomes. */
  #namesOf({ name, type, contains }: Metric): string[] {
    switch (type) {
      case 'counter':
        return [`k6_${name}_total`];
      case 'gauge':
        return [`k6_${name}`];
      case 'rate':
        return [`k6_${name}_rate`];
      case 'trend':
        return this.#settings.usesNativeHistograms
          ? [`k6_${name}${UNIT_SUFFIXES[contains]}`]
          : this.#settings.trendStats.map(({ suffix }) => `k6_${name}_${suffix}`);
    }
  }
}

const VALUE_NAMES = { counter: 'count', gauge: 'value', rate: 'rate' } as const;

/** Seconds are Prometheus's unit of time. */
function unitOf({ contains }: Metric): number {
  return contains === 'time' ? 0.001 : 1;
}

/** Non-empty tags under names that Prometheus takes; of equal names the first stays. */
function labelsOf(tags: TagSet): Labels {
  const labels = new Map<string, string>();
  for (const [key, value] of tags.entries()) {
    const name = key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    if (value !== '' && !labels.has(name)) labels.set(name, value);
  }
  return [...labels];
}

/** A TimeSeries of a WriteRequest; labels are to be in order of their names. */
function writeSeries(
  writer: ProtobufWriter,
  name: string,
  labels: Labels,
  writeValue: () => void,
): void {
  const all = [['__name__', name] as const, ...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  writer.message(1, () => {
    for (const [key, value] of all) {
      writer.message(1, () => {
        writer.string(1, key);
        writer.string(2, value);
      });
    }
    writeValue();
  });
}

/** A Histogram with integer counts; its buckets are told as differences. */
function writeHistogram(
  writer: ProtobufWriter,
  sketch: Sketch,
  unit: number,
  timestampMs: number,
): void {
  const { count, zeroCount, positive, negative } = toExponentialBuckets(sketch, unit);
  writer.uint(1, count);
  writer.double(3, sketch.sum * unit);
  writer.sint(4, SCALE);
  writer.double(5, Number.MIN_VALUE);
  writer.uint(6, zeroCount);
  writeBuckets(writer, negative, 8, 9);
  writeBuckets(writer, positive, 11, 12);
  writer.uint(15, timestampMs);
}

function writeBuckets(
  writer: ProtobufWriter,
  { offset, counts }: BucketRange,
  spansField: number,
  deltasField: number,
): void {
  if (counts.length === 0) return;
  writer.message(spansField, () => {
    // Prometheus numbers a bucket by its upper border.
    writer.sint(1, offset + 1);
    writer.uint(2, counts.length);
  });
  writer.packedSints(
    deltasField,
    counts.map((times, index) => times - (counts[index - 1] ?? 0)),
  );
}
