/**
 * The distribution of a trend: exact while small, then a mergeable sketch.
 *
 * Count, sum, min and max are exact always. Percentiles are exact (k6's interpolation) up to
 * `limit.exactMax` values; beyond that values are counted in buckets and a percentile is within 0.39 %
 * of the exact one. Merging is addition: neither order nor grouping of merges changes a percentile.
 * A sketch of one value costs about 100 bytes, a bucketed one 1 KB per power of two that it touches.
 */
import { BUCKETS_PER_OCTAVE, bucketOf, bucketValue } from './bucket.ts';

/** How many values a sketch may keep; shared by many sketches and lowered when there are more of them. */
export interface ExactLimit {
  exactMax: number;
}

/** k6's answers stay exact up to this many values of one metric. */
export const EXACT_VALUES_MAX = 8192;

const OCTAVE_SHIFT = Math.log2(BUCKETS_PER_OCTAVE);
const FIRST_CAPACITY = 4;

/** Buckets in order of value, with the number of values up to and including each. */
interface Ranking {
  readonly keys: readonly number[];
  readonly upTo: readonly number[];
}

export class Sketch {
  readonly type = 'trend';
  readonly #limit: ExactLimit;
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Exact values in order of arrival; undefined once bucketed. */
  #values: Float64Array | undefined = new Float64Array(0);
  /** Values in the distribution: equals count unless a worker lost some. */
  #ranked = 0;
  #octaves: Map<number, Float64Array> | undefined;
  #sorted: Float64Array | undefined;
  #ranking: Ranking | undefined;

  constructor(limit: ExactLimit = { exactMax: EXACT_VALUES_MAX }) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }
  get sum(): number {
    return this.#sum;
  }
  /** 0 when empty, as k6 shows it. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }
  get max(): number {
    return this.#count === 0 ? 0 : this.#max;
  }
  get avg(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }
  /** True while percentiles are exact. */
  get isExact(): boolean {
    return this.#values !== undefined;
  }

  /** Adds one value (not NaN). */
  add(value: number): void {
    this.addStats(1, value, value, value);
    this.addValue(value);
  }

  /** Adds to count, sum, min and max only; the values themselves follow by addValue and addBucket. */
  addStats(count: number, sum: number, min: number, max: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#sum += sum;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }

  /** Adds a value to the distribution only. */
  addValue(value: number): void {
    let values = this.#values;
    const used = this.#ranked;
    if (values !== undefined && used < this.#limit.exactMax) {
      if (used === values.length) values = this.#grow(values);
      values[used] = value;
      this.#ranked = used + 1;
      this.#sorted = undefined;
      return;
    }
    this.addBucket(bucketOf(value), 1);
  }

  /** Adds `count` values of one bucket to the distribution only. */
  addBucket(key: number, count: number): void {
    const octaves = this.#octaves ?? this.#toBuckets();
    const octave = key >> OCTAVE_SHIFT;
    let counts = octaves.get(octave);
    if (counts === undefined) {
      counts = new Float64Array(BUCKETS_PER_OCTAVE);
      octaves.set(octave, counts);
    }
    const at = key & (BUCKETS_PER_OCTAVE - 1);
    counts[at] = (counts[at] ?? 0) + count;
    this.#ranked += count;
    this.#ranking = undefined;
  }

  /** Adds everything another sketch holds; the other stays as it is. */
  merge(other: Sketch): void {
    this.addStats(other.#count, other.#sum, other.#min, other.#max);
    const values = other.#values;
    if (values !== undefined) {
      // The length is read first: a sketch may be merged into itself.
      const used = other.#ranked;
      for (let index = 0; index < used; index++) this.addValue(values[index] ?? 0);
      return;
    }
    for (const [octave, counts] of other.#octaves ?? []) {
      for (const [at, count] of counts.entries()) {
        if (count > 0) this.addBucket((octave << OCTAVE_SHIFT) | at, count);
      }
    }
  }

  /** Empties it, for the next interval. */
  clear(): void {
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    this.#values ??= new Float64Array(0);
    this.#ranked = 0;
    this.#octaves = undefined;
    this.#sorted = undefined;
    this.#ranking = undefined;
  }

  /**
   * The value below which `percent` (0 to 100) of the values lie: linear interpolation between the
   * two nearest ranks, position (percent / 100) · (n − 1). 0 when empty.
   */
  percentile(percent: number): number {
    const count = this.#ranked;
    if (count === 0) return 0;
    const position = (percent / 100) * (count - 1);
    const below = Math.floor(position);
    const low = this.#valueAt(below);
    const high = this.#valueAt(Math.ceil(position));
    // Equal first: the difference of two infinities is no number.
    return low === high ? low : low + (high - low) * (position - below);
  }

  /**
   * Shows the distribution, in no order: each exact value by itself, bucketed ones by the middle of their
   * bucket with their number. Cost: one call per value, or per bucket.
   */
  forEachValue(visit: (value: number, count: number) => void): void {
    const values = this.#values;
    if (values !== undefined) {
      for (let index = 0; index < this.#ranked; index++) visit(values[index] ?? 0, 1);
      return;
    }
    for (const [octave, counts] of this.#octaves ?? []) {
      for (const [at, count] of counts.entries()) {
        if (count > 0) visit(bucketValue((octave << OCTAVE_SHIFT) | at), count);
      }
    }
  }

  #valueAt(rank: number): number {
    if (this.#values !== undefined) {
      this.#sorted ??= this.#values.slice(0, this.#ranked).sort();
      return this.#sorted[rank] ?? 0;
    }
    if (rank === 0) return this.#min;
    if (rank === this.#ranked - 1) return this.#max;
    this.#ranking ??= this.#rank();
    const { keys, upTo } = this.#ranking;
    let low = 0;
    let high = keys.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 0) > rank) high = middle;
      else low = middle + 1;
    }
    return Math.min(this.#max, Math.max(this.#min, bucketValue(keys[low] ?? 0)));
  }

  #rank(): Ranking {
    const keys: number[] = [];
    const upTo: number[] = [];
    let total = 0;
    const octaves = [...(this.#octaves ?? [])].sort(([a], [b]) => a - b);
    for (const [octave, counts] of octaves) {
      for (const [at, count] of counts.entries()) {
        if (count === 0) continue;
        total += count;
        keys.push((octave << OCTAVE_SHIFT) | at);
        upTo.push(total);
      }
    }
    return { keys, upTo };
  }

  #grow(values: Float64Array): Float64Array {
    const grown = new Float64Array(Math.max(FIRST_CAPACITY, values.length * 2));
    grown.set(values);
    this.#values = grown;
    return grown;
  }

  #toBuckets(): Map<number, Float64Array> {
    const values = this.#values ?? new Float64Array(0);
    const used = this.#ranked;
    this.#values = undefined;
    this.#sorted = undefined;
    this.#ranked = 0;
    const octaves = new Map<number, Float64Array>();
    this.#octaves = octaves;
    for (let index = 0; index < used; index++) this.addBucket(bucketOf(values[index] ?? 0), 1);
    return octaves;
  }
}
