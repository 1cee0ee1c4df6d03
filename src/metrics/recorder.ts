/**
 * Takes the samples of one worker: adds each to its series in place, no object and no message per sample.
 *
 * A series is a metric with a tag set, known by a small integer. The state is deltas since the last
 * snapshot, in shared arrays (see snapshot.ts), so nothing of it is lost with a worker that hangs.
 * Everything here is bounded: series, exact values per tick, bucket slots, raw samples per batch.
 */
import { nowMs } from '../base/clock.ts';
import { bucketOf } from './bucket.ts';
import type { Metric, MetricType } from './metric.ts';
import { EXACT_VALUES_MAX } from './sketch.ts';
import {
  encodeSnapshot,
  FIELDS,
  Field,
  HEADS,
  Head,
  type RawSamples,
  type RecorderBuffers,
  type SeriesDefinition,
  SLOT,
  type Snapshot,
} from './snapshot.ts';
import type { TagSet } from './tag-set.ts';

/** Where a recorder announces what the other side must know to read its snapshots. */
export interface RecorderPort {
  /** A new series; called before any snapshot that holds it. */
  defineSeries(definition: SeriesDefinition): void;
  /** The live arrays, at the start and whenever one of them was replaced by a larger one. */
  shareBuffers(buffers: RecorderBuffers): void;
  /** Something that the user should know, at most once per cause. */
  warn(message: string): void;
  /**
   * A full batch of raw samples, if capture is on. False = not taken: further samples are dropped and
   * counted until `takeSamples()` is called.
   */
  acceptSamples?(samples: RawSamples): boolean;
}

export interface RecorderOptions {
  readonly workerId: number;
  /** When recording begins, epoch ms. */
  readonly startMs: number;
  /** Raw samples per batch; 0 = no capture. */
  readonly samplesPerBatch?: number;
  /** Exact values sent per trend series over the run. */
  readonly exactMax?: number;
  readonly seriesMax?: number;
  /** Exact values per tick, all series together. */
  readonly logMax?: number;
  /** Slots of the bucket table, a power of two. */
  readonly slotsMax?: number;
}

const SERIES_FIRST = 64;
const SERIES_MAX = 200_000;
const LOG_FIRST = 256;
const LOG_MAX = 1 << 16;
const SLOTS_FIRST = 256;
const SLOTS_MAX = 1 << 20;

const Kind = { counter: 0, gauge: 1, rate: 2, trend: 3 } as const satisfies Record<
  MetricType,
  number
>;

export class Recorder {
  readonly #workerId: number;
  readonly #port: RecorderPort;
  readonly #exactMax: number;
  readonly #seriesMax: number;
  readonly #logMax: number;
  readonly #slotsMax: number;
  readonly #capture: SampleCapture | undefined;

  /** Series ids by metric id, then by tag set id. */
  readonly #ids: Map<number, number>[] = [];
  #seriesCount = 0;
  #kinds: Uint8Array = new Uint8Array(SERIES_FIRST);
  /** Exact values already sent or logged, per trend series. */
  #exactSent: Int32Array = new Int32Array(SERIES_FIRST);
  #hasWarned = false;

  #head = sharedFloats(HEADS);
  #stats = sharedFloats(SERIES_FIRST * FIELDS);
  #touched = sharedInts(SERIES_FIRST);
  #logSeries = sharedInts(LOG_FIRST);
  #logValues = sharedFloats(LOG_FIRST);
  #table = sharedInts(SLOTS_FIRST * SLOT);
  #slotMask = SLOTS_FIRST - 1;
  #slotsUsable = usable(SLOTS_FIRST);

  constructor(options: RecorderOptions, port: RecorderPort) {
    this.#workerId = options.workerId;
    this.#port = port;
    this.#exactMax = options.exactMax ?? EXACT_VALUES_MAX;
    this.#seriesMax = options.seriesMax ?? SERIES_MAX;
    this.#logMax = options.logMax ?? LOG_MAX;
    this.#slotsMax = options.slotsMax ?? SLOTS_MAX;
    const perBatch = options.samplesPerBatch ?? 0;
    if (perBatch > 0) this.#capture = new SampleCapture(options.workerId, perBatch, port);
    this.#head[Head.fromMs] = options.startMs;
    this.#share();
  }

  /**
   * The series of a metric with tags; made and announced at the first call. Cost: one Map lookup.
   * Past the bound on series, all further tag sets of a metric share its series without tags.
   */
  series(metric: Metric, tags: TagSet): number {
    let ids = this.#ids[metric.id];
    if (ids === undefined) {
      ids = new Map();
      this.#ids[metric.id] = ids;
    }
    const known = ids.get(tags.id);
    if (known !== undefined) return known;
    const bare = tags.space.empty;
    if (this.#seriesCount >= this.#seriesMax && tags !== bare) {
      this.#warnSeries();
      return this.series(metric, bare);
    }
    const id = this.#seriesCount++;
    ids.set(tags.id, id);
    if (id === this.#kinds.length) this.#growSeries();
    this.#kinds[id] = Kind[metric.type];
    const { name, type, contains } = metric;
    this.#port.defineSeries({ id, metric: { name, type, contains }, tags: tags.entries() });
    return id;
  }

  /**
   * Adds a sample. `value` must not be NaN (RangeError: the caller has let it through). `timeMs` is epoch
   * ms; it decides a gauge's last value and goes into raw samples. Allocates nothing.
   */
  add(series: number, value: number, timeMs: number, metadata?: ReadonlyMap<string, string>): void {
    if (Number.isNaN(value)) throw new RangeError('a sample must be a number, got NaN');
    const stats = this.#stats;
    const at = series * FIELDS;
    const count = stats[at] ?? 0;
    if (count === 0) this.#touch(series, at, value);
    stats[at] = count + 1;
    const kind = this.#kinds[series];
    if (kind === Kind.counter) {
      stats[at + Field.sum] = (stats[at + Field.sum] ?? 0) + value;
    } else if (kind === Kind.trend) {
      stats[at + Field.sum] = (stats[at + Field.sum] ?? 0) + value;
      if (value < (stats[at + Field.min] ?? 0)) stats[at + Field.min] = value;
      if (value > (stats[at + Field.max] ?? 0)) stats[at + Field.max] = value;
      this.#distribute(series, value);
    } else if (kind === Kind.rate) {
      if (value !== 0) stats[at + Field.sum] = (stats[at + Field.sum] ?? 0) + 1;
    } else {
      if (value < (stats[at + Field.min] ?? 0)) stats[at + Field.min] = value;
      if (value > (stats[at + Field.max] ?? 0)) stats[at + Field.max] = value;
      if (timeMs >= (stats[at + Field.lastTimeMs] ?? 0)) {
        stats[at + Field.last] = value;
        stats[at + Field.lastTimeMs] = timeMs;
      }
    }
    this.#capture?.add(series, value, timeMs, metadata);
  }

  /** One more of a counter, now. Cost: as `add`; the clock is read only if raw samples are captured. */
  count(series: number, metadata: ReadonlyMap<string, string>): void {
    this.add(series, 1, this.#capture === undefined ? 0 : nowMs(), metadata);
  }

  /** The deltas since the last snapshot, which end here. Post it with `transferablesOf`. */
  snapshot(tick: number, toMs: number): Snapshot {
    const head = this.#head;
    const snapshot = encodeSnapshot(this.#buffers(), {
      workerId: this.#workerId,
      tick,
      toMs,
    });
    for (const series of snapshot.series) {
      this.#stats.fill(0, series * FIELDS, (series + 1) * FIELDS);
    }
    if ((head[Head.slots] ?? 0) > 0) this.#table.fill(0);
    head[Head.touched] = 0;
    head[Head.logged] = 0;
    head[Head.slots] = 0;
    head[Head.lostValues] = 0;
    head[Head.fromMs] = toMs;
    return snapshot;
  }

  /** The raw samples gathered so far, or undefined if there are none. */
  takeSamples(): RawSamples | undefined {
    return this.#capture?.take();
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  #touch(series: number, at: number, value: number): void {
    const touched = this.#head[Head.touched] ?? 0;
    this.#touched[touched] = series;
    this.#head[Head.touched] = touched + 1;
    this.#stats[at + Field.min] = value;
    this.#stats[at + Field.max] = value;
    // So that the first sample of a gauge counts whatever its time is.
    this.#stats[at + Field.lastTimeMs] = Number.NEGATIVE_INFINITY;
  }

  /** A trend's value: logged exactly while the series is young, else counted in its bucket. */
  #distribute(series: number, value: number): void {
    const sent = this.#exactSent[series] ?? 0;
    if (sent < this.#exactMax) {
      const logged = this.#head[Head.logged] ?? 0;
      if (logged < this.#logValues.length || this.#growLog()) {
        this.#logSeries[logged] = series;
        this.#logValues[logged] = value;
        this.#head[Head.logged] = logged + 1;
        this.#exactSent[series] = sent + 1;
        return;
      }
    }
    this.#count(series + 1, bucketOf(value), 1);
  }

  /** Counts in the bucket table; linear probing. */
  #count(owner: number, key: number, count: number): void {
    const table = this.#table;
    const mask = this.#slotMask;
    let slot = hash(owner, key) & mask;
    for (;;) {
      const at = slot * SLOT;
      const found = table[at];
      if (found === owner && table[at + 1] === key) {
        table[at + 2] = (table[at + 2] ?? 0) + count;
        return;
      }
      if (found === 0) break;
      slot = (slot + 1) & mask;
    }
    const slots = this.#head[Head.slots] ?? 0;
    if (slots >= this.#slotsUsable) {
      if (this.#growTable()) this.#count(owner, key, count);
      else this.#head[Head.lostValues] = (this.#head[Head.lostValues] ?? 0) + count;
      return;
    }
    const at = slot * SLOT;
    table[at] = owner;
    table[at + 1] = key;
    table[at + 2] = count;
    this.#head[Head.slots] = slots + 1;
  }

  #growSeries(): void {
    const capacity = this.#kinds.length * 2;
    this.#kinds = grown(this.#kinds, new Uint8Array(capacity));
    this.#exactSent = grown(this.#exactSent, new Int32Array(capacity));
    this.#stats = grown(this.#stats, sharedFloats(capacity * FIELDS));
    this.#touched = grown(this.#touched, sharedInts(capacity));
    this.#share();
  }

  #growLog(): boolean {
    const capacity = this.#logValues.length * 2;
    if (capacity > this.#logMax) return false;
    this.#logSeries = grown(this.#logSeries, sharedInts(capacity));
    this.#logValues = grown(this.#logValues, sharedFloats(capacity));
    this.#share();
    return true;
  }

  #growTable(): boolean {
    const slots = (this.#slotMask + 1) * 2;
    if (slots > this.#slotsMax) return false;
    const old = this.#table;
    this.#table = sharedInts(slots * SLOT);
    this.#slotMask = slots - 1;
    this.#slotsUsable = usable(slots);
    this.#head[Head.slots] = 0;
    for (let at = 0; at < old.length; at += SLOT) {
      const owner = old[at] ?? 0;
      if (owner !== 0) this.#count(owner, old[at + 1] ?? 0, old[at + 2] ?? 0);
    }
    this.#share();
    return true;
  }

  #share(): void {
    this.#port.shareBuffers(this.#buffers());
  }

  #buffers(): RecorderBuffers {
    return {
      head: this.#head,
      stats: this.#stats,
      touched: this.#touched,
      logSeries: this.#logSeries,
      logValues: this.#logValues,
      table: this.#table,
    };
  }

  #warnSeries(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#port.warn(
      `there are more than ${this.#seriesMax} time series; samples of further ones are counted without their tags`,
    );
  }
}

/** Raw samples of the current batch, for outputs that want every sample. */
class SampleCapture {
  readonly #workerId: number;
  readonly #perBatch: number;
  readonly #port: RecorderPort;
  #series: Int32Array<ArrayBuffer>;
  #values: Float64Array<ArrayBuffer>;
  #timesMs: Float64Array<ArrayBuffer>;
  #metadataIndexes: Int32Array<ArrayBuffer>;
  #metadata: (readonly (readonly [string, string])[])[] = [];
  #indexOf = new Map<ReadonlyMap<string, string>, number>();
  #used = 0;
  #dropped = 0;
  /** The full batch was refused: wait for `take()` instead of offering it again for each sample. */
  #isRefused = false;

  constructor(workerId: number, perBatch: number, port: RecorderPort) {
    this.#workerId = workerId;
    this.#perBatch = perBatch;
    this.#port = port;
    this.#series = new Int32Array(perBatch);
    this.#values = new Float64Array(perBatch);
    this.#timesMs = new Float64Array(perBatch);
    this.#metadataIndexes = new Int32Array(perBatch);
  }

  add(
    series: number,
    value: number,
    timeMs: number,
    metadata: ReadonlyMap<string, string> | undefined,
  ): void {
    if (this.#used === this.#perBatch && !this.#offer()) {
      this.#dropped++;
      return;
    }
    const at = this.#used++;
    this.#series[at] = series;
    this.#values[at] = value;
    this.#timesMs[at] = timeMs;
    this.#metadataIndexes[at] =
      metadata === undefined || metadata.size === 0 ? 0 : this.#indexMetadata(metadata);
  }

  take(): RawSamples | undefined {
    if (this.#used === 0) return undefined;
    const samples = this.#batch();
    this.#reset();
    return samples;
  }

  #offer(): boolean {
    if (this.#isRefused) return false;
    this.#isRefused = this.#port.acceptSamples?.(this.#batch()) !== true;
    if (!this.#isRefused) this.#reset();
    return !this.#isRefused;
  }

  #batch(): RawSamples {
    const used = this.#used;
    return {
      workerId: this.#workerId,
      series: this.#series.slice(0, used),
      values: this.#values.slice(0, used),
      timesMs: this.#timesMs.slice(0, used),
      metadataIndexes: this.#metadataIndexes.slice(0, used),
      metadata: this.#metadata,
      droppedSamples: this.#dropped,
    };
  }

  #reset(): void {
    this.#used = 0;
    this.#dropped = 0;
    this.#isRefused = false;
    this.#metadata = [];
    this.#indexOf = new Map();
  }

  /** Metadata maps are immutable, so one object is one entry of the batch's table. */
  #indexMetadata(metadata: ReadonlyMap<string, string>): number {
    let index = this.#indexOf.get(metadata);
    if (index === undefined) {
      index = this.#metadata.push([...metadata]);
      this.#indexOf.set(metadata, index);
    }
    return index;
  }
}

/** Three quarters full keeps probe sequences short. */
function usable(slots: number): number {
  return slots - (slots >> 2);
}

function hash(owner: number, key: number): number {
  const mixed = Math.imul(owner, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function sharedFloats(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

function sharedInts(length: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
