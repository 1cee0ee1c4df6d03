/**
 * What a worker's recorder hands to the main thread: deltas since the last tick, and raw samples.
 *
 * The recorder's live state is a handful of shared arrays with a fixed layout. Encoding reads only
 * those, so the main thread can encode the last deltas of a worker that no longer answers.
 */
import type { MetricDefinition } from './metric.ts';

/** What a series id of one worker means. Sent before the first snapshot that uses it. */
export interface SeriesDefinition {
  /** Counts from 0 in its worker. */
  readonly id: number;
  readonly metric: MetricDefinition;
  /** Sorted by key. */
  readonly tags: readonly (readonly [string, string])[];
}

/** Fields of one series in `stats` arrays. */
export const Field = {
  /** Samples. */
  count: 0,
  /** Sum of values; for a rate, the number of non-zero ones. */
  sum: 1,
  min: 2,
  max: 3,
  /** Value with the latest time (gauges only), and that time in epoch ms. */
  last: 4,
  lastTimeMs: 5,
} as const;
export const FIELDS = 6;

/** Numbers in the header array. */
export const Head = {
  /** Series with samples since the last snapshot. */
  touched: 0,
  /** Entries of the value log. */
  logged: 1,
  /** Occupied slots of the bucket table. */
  slots: 2,
  /** Trend values that found no room; they are in count, sum, min and max all the same. */
  lostValues: 3,
  /** When this delta began, epoch ms. */
  fromMs: 4,
} as const;
export const HEADS = 8;

/** One slot of the bucket table: series + 1 (0 = free), key, count. */
export const SLOT = 3;

/** The live state of one recorder. Shared memory; replaced as a whole when an array grows. */
export interface RecorderBuffers {
  readonly head: Float64Array<SharedArrayBuffer>;
  readonly stats: Float64Array<SharedArrayBuffer>;
  /** Ids of touched series, in order of their first sample. */
  readonly touched: Int32Array<SharedArrayBuffer>;
  /** Exact trend values: series ids and values. */
  readonly logSeries: Int32Array<SharedArrayBuffer>;
  readonly logValues: Float64Array<SharedArrayBuffer>;
  /** Open-addressed bucket counts of trends past their exact values. */
  readonly table: Int32Array<SharedArrayBuffer>;
}

/** One worker's deltas of one tick. */
export interface Snapshot {
  readonly workerId: number;
  /** Counts from 1 in its worker, without gaps. */
  readonly tick: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Ids of the series that follow in `stats`. */
  readonly series: Int32Array<ArrayBuffer>;
  /** FIELDS numbers per series. */
  readonly stats: Float64Array<ArrayBuffer>;
  readonly logSeries: Int32Array<ArrayBuffer>;
  readonly logValues: Float64Array<ArrayBuffer>;
  /** Triples of series id, bucket key, count. */
  readonly buckets: Int32Array<ArrayBuffer>;
  readonly lostValues: number;
}

/** Raw samples of one worker, column by column, in order of arrival. */
export interface RawSamples {
  readonly workerId: number;
  readonly series: Int32Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** Epoch ms with a fraction. */
  readonly timesMs: Float64Array<ArrayBuffer>;
  /** Index into `metadata` + 1; 0 = none. */
  readonly metadataIndexes: Int32Array<ArrayBuffer>;
  readonly metadata: readonly (readonly (readonly [string, string])[])[];
  /** Samples lost since the batch before, because full batches were not taken in time. */
  readonly droppedSamples: number;
}

export interface SnapshotKey {
  readonly workerId: number;
  readonly tick: number;
  readonly toMs: number;
}

/** What to pass as the transfer list when a snapshot or samples are posted. */
export function transferablesOf(message: Snapshot | RawSamples): ArrayBuffer[] {
  return 'stats' in message
    ? [
        message.series.buffer,
        message.stats.buffer,
        message.logSeries.buffer,
        message.logValues.buffer,
        message.buckets.buffer,
      ]
    : [
        message.series.buffer,
        message.values.buffer,
        message.timesMs.buffer,
        message.metadataIndexes.buffer,
      ];
}

/**
 * Copies the deltas out of a recorder's arrays, which stay as they are.
 *
 * The recorder calls it for each tick. The main thread may call it for a worker that no longer
 * answers, **after** that worker was terminated: earlier, the worker could send the same deltas itself.
 * Whatever numbers it finds, it reads within the arrays.
 */
export function encodeSnapshot(buffers: RecorderBuffers, key: SnapshotKey): Snapshot {
  const { head, stats, touched, logSeries, logValues, table } = buffers;
  const touchedCount = clamp(head[Head.touched], touched.length);
  const series = new Int32Array(touched.subarray(0, touchedCount));
  const compact = new Float64Array(touchedCount * FIELDS);
  for (let index = 0; index < touchedCount; index++) {
    const at = (series[index] ?? 0) * FIELDS;
    for (let field = 0; field < FIELDS; field++) {
      compact[index * FIELDS + field] = stats[at + field] ?? 0;
    }
  }
  const logged = clamp(head[Head.logged], logValues.length);
  return {
    ...key,
    fromMs: head[Head.fromMs] ?? 0,
    series,
    stats: compact,
    logSeries: new Int32Array(logSeries.subarray(0, logged)),
    logValues: new Float64Array(logValues.subarray(0, logged)),
    buckets: compactTable(table, clamp(head[Head.slots], table.length / SLOT)),
    lostValues: head[Head.lostValues] ?? 0,
  };
}

function compactTable(
  table: Int32Array<SharedArrayBuffer>,
  occupied: number,
): Int32Array<ArrayBuffer> {
  const buckets = new Int32Array(occupied * SLOT);
  let used = 0;
  for (let at = 0; at < table.length && used < buckets.length; at += SLOT) {
    const owner = table[at] ?? 0;
    if (owner === 0) continue;
    buckets[used++] = owner - 1;
    buckets[used++] = table[at + 1] ?? 0;
    buckets[used++] = table[at + 2] ?? 0;
  }
  return used === buckets.length ? buckets : buckets.slice(0, used);
}

function clamp(value: number | undefined, max: number): number {
  return Math.min(max, Math.max(0, Math.trunc(value ?? 0)));
}
