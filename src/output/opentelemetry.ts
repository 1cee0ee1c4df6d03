/**
 * `--out opentelemetry`: the run's metrics by OTLP, over gRPC or HTTP, under k6's names.
 *
 * Every export holds all series with their values from the beginning of the run on (cumulative
 * temporality), so that a lost export costs resolution, not counts.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
import { nowMs } from '../base/clock.ts';
import { VERSION } from '../base/version.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { Metric, ValueType } from '../metrics/metric.ts';
import type { Sink } from '../metrics/sink.ts';
import type { Sketch } from '../metrics/sketch.ts';
import { type BucketRange, SCALE, toExponentialBuckets } from './exponential-buckets.ts';
import { countSamples, type ExportedSeries, type Labels, SeriesExport } from './exported-series.ts';
import { GrpcTransport } from './grpc-transport.ts';
import { HttpSender } from './http-sender.ts';
import { OPENTELEMETRY_NAME, type OpenTelemetrySettings } from './opentelemetry-settings.ts';
import type { Output, OutputLosses, RunInfo, RunResult } from './output.ts';
import { ProtobufWriter } from './protobuf.ts';
import { PushInterval } from './push-interval.ts';
import { toMicroseconds } from './sample-time.ts';

const HEADERS = { 'User-Agent': 'gharial', 'Content-Type': 'application/x-protobuf' } as const;
const TIMEOUT_MS = 10_000;
/** Of one request. */
const SERIES_PER_BATCH = 5000;
const CUMULATIVE = 2;
const UNITS: Readonly<Record<ValueType, string>> = { time: 'ms', data: 'By', default: '' };
/** Upper borders that OpenTelemetry's SDKs, and so k6, have by default. */
const BORDERS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

export class OpenTelemetryOutput implements Output {
  readonly needs = 'aggregate';
  readonly description: string;
  readonly #settings: OpenTelemetrySettings;
  readonly #sender: HttpSender;
  readonly #interval: PushInterval;
  readonly #clock: () => number;
  readonly #export = new SeriesExport((tags) => tags.entries().filter(([, value]) => value !== ''));
  #startMs = 0;

  constructor(
    settings: OpenTelemetrySettings,
    warn: (message: string) => void,
    clock: () => number = nowMs,
  ) {
    const { protocol, url, tls, exportIntervalMs } = settings;
    const isInsecureGrpc = protocol === 'grpc' && url.protocol === 'http:';
    this.#settings = settings;
    this.#clock = clock;
    this.#interval = new PushInterval(exportIntervalMs);
    this.#sender = new HttpSender({
      name: OPENTELEMETRY_NAME,
      timeoutMs: TIMEOUT_MS,
      concurrency: 1,
      tls,
      ...(protocol === 'grpc' ? { transport: new GrpcTransport(url, tls) } : {}),
      warn,
    });
    const target = protocol === 'grpc' ? url.host : `${url.origin}${url.pathname}`;
    this.description = `opentelemetry (${protocol}${isInsecureGrpc ? ' (insecure)' : ''}, ${target})`;
  }

  start({ startMs }: RunInfo): void {
    this.#startMs = startMs;
  }

  onTick(aggregate: Aggregate): void {
    if (this.#interval.isDue(this.#clock())) this.#push(aggregate);
  }

  async stop({ aggregate }: RunResult): Promise<void> {
    this.#push(aggregate);
    await this.#sender.close();
  }

  get losses(): OutputLosses | undefined {
    return this.#sender.losses;
  }

  #push(aggregate: Aggregate): void {
    const all = this.#export.seriesOf(aggregate);
    const total = { samplesTotal: countSamples(all) };
    for (let at = 0; at < all.length; at += SERIES_PER_BATCH) {
      const body = this.#encode(all.slice(at, at + SERIES_PER_BATCH));
      const { url, headers } = this.#settings;
      const isLast = at + SERIES_PER_BATCH >= all.length;
      const batch = { url, headers: { ...headers, ...HEADERS }, body };
      this.#sender.send(isLast ? { ...batch, ...total } : batch);
    }
  }

  /** An ExportMetricsServiceRequest. */
  #encode(all: readonly ExportedSeries[]): Uint8Array {
    const { serviceName, serviceVersion } = this.#settings;
    const writer = new ProtobufWriter();
    writer.message(1, () => {
      writer.message(1, () => {
        writeAttributes(writer, 1, [
          ['service.name', serviceName],
          ['service.version', serviceVersion],
        ]);
      });
      writer.message(2, () => {
        writer.message(1, () => {
          writer.string(1, 'k6');
          writer.string(2, VERSION);
        });
        for (const [metric, members] of byMetric(all)) {
          writer.message(2, () => this.#writeMetric(writer, metric, members));
        }
      });
    });
    return writer.finish();
  }

  #writeMetric(writer: ProtobufWriter, metric: Metric, members: readonly ExportedSeries[]): void {
    const { name, type, contains } = metric;
    const isExponential = this.#settings.histogram === 'base2_exponential_bucket_histogram';
    const fullName = `${this.#settings.metricPrefix}${name}${type === 'rate' ? '.total' : ''}`;
    writer.string(1, fullName);
    if (UNITS[contains] !== '') writer.string(3, UNITS[contains]);
    writer.message(dataField(type, isExponential), () => {
      for (const { labels, sink } of members.map(readSeries)) {
        this.#writePoints(writer, labels, sink, isExponential);
      }
      if (type !== 'gauge') writer.uint(2, CUMULATIVE);
      if (type === 'counter' || type === 'rate') writer.uint(3, 1);
    });
  }

  #writePoints(writer: ProtobufWriter, labels: Labels, sink: Sink, isExponential: boolean): void {
    switch (sink.type) {
      case 'counter':
        this.#writeNumber(writer, labels, () => writer.double(4, sink.sum));
        return;
      case 'gauge':
        this.#writeNumber(writer, labels, () => writer.double(4, sink.value));
        return;
      case 'rate':
        for (const [condition, count] of [
          ['nonzero', sink.passes],
          ['zero', sink.count - sink.passes],
        ] as const) {
          if (count === 0) continue;
          const own: Labels = [...labels, ['condition', condition]];
          this.#writeNumber(writer, own, () => writer.fixed64(6, BigInt(count)));
        }
        return;
      case 'trend':
        writer.message(1, () => {
          writeAttributes(writer, isExponential ? 1 : 9, labels);
          this.#writeTimes(writer);
          if (isExponential) writeExponentialHistogram(writer, sink);
          else writeHistogram(writer, sink);
        });
    }
  }

  /** A NumberDataPoint. */
  #writeNumber(writer: ProtobufWriter, labels: Labels, writeValue: () => void): void {
    writer.message(1, () => {
      this.#writeTimes(writer);
      writeValue();
      writeAttributes(writer, 7, labels);
    });
  }

  #writeTimes(writer: ProtobufWriter): void {
    writer.fixed64(2, toNanoseconds(this.#startMs));
    writer.fixed64(3, toNanoseconds(this.#clock()));
  }
}

/** The field of a Metric that tells its kind. */
function dataField(type: Metric['type'], isExponential: boolean): number {
  if (type === 'gauge') return 5;
  if (type === 'trend') return isExponential ? 10 : 9;
  return 7;
}

function byMetric(all: readonly ExportedSeries[]): Map<Metric, ExportedSeries[]> {
  const groups = new Map<Metric, ExportedSeries[]>();
  for (const series of all) {
    const group = groups.get(series.metric);
    if (group === undefined) groups.set(series.metric, [series]);
    else group.push(series);
  }
  return groups;
}

function readSeries(series: ExportedSeries): { labels: Labels; sink: Sink } {
  return { labels: series.labels, sink: series.sink() };
}

function writeAttributes(writer: ProtobufWriter, field: number, labels: Labels): void {
  for (const [key, value] of labels) {
    writer.message(field, () => {
      writer.string(1, key);
      writer.message(2, () => writer.string(1, value));
    });
  }
}

function writeHistogram(writer: ProtobufWriter, sketch: Sketch): void {
  const counts = new Array<number>(BORDERS.length + 1).fill(0);
  let count = 0;
  sketch.forEachValue((value, times) => {
    const border = BORDERS.findIndex((upper) => value <= upper);
    const index = border < 0 ? BORDERS.length : border;
    counts[index] = (counts[index] ?? 0) + times;
    count += times;
  });
  writer.fixed64(4, BigInt(count));
  writer.double(5, sketch.sum);
  writer.packedFixed64(6, counts);
  writer.packedDoubles(7, BORDERS);
  writer.double(11, sketch.min);
  writer.double(12, sketch.max);
}

function writeExponentialHistogram(writer: ProtobufWriter, sketch: Sketch): void {
  const { count, zeroCount, positive, negative } = toExponentialBuckets(sketch);
  writer.fixed64(4, BigInt(count));
  writer.double(5, sketch.sum);
  writer.sint(6, SCALE);
  writer.fixed64(7, BigInt(zeroCount));
  writeBuckets(writer, 8, positive);
  writeBuckets(writer, 9, negative);
  writer.double(12, sketch.min);
  writer.double(13, sketch.max);
}

function writeBuckets(
  writer: ProtobufWriter,
  field: number,
  { offset, counts }: BucketRange,
): void {
  if (counts.length === 0) return;
  writer.message(field, () => {
    writer.sint(1, offset);
    writer.packedUints(2, counts);
  });
}

function toNanoseconds(timeMs: number): bigint {
  return BigInt(toMicroseconds(timeMs)) * 1000n;
}
