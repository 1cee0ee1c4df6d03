/**
 * Tags of samples: immutable sets of string pairs, interned per thread.
 *
 * Two equal sets of one space are the same object with the same small `id`, so series lookup is by
 * integer and never builds strings. Steps from set to set (`with`, `without`) are remembered, so the
 * hot path is one or two Map lookups. Memory is bounded: past the limits of the space, values of
 * high-cardinality keys fold into "other", with one warning.
 */

/** The value that stands for all values past the bound. */
export const FOLDED_VALUE = 'other';

export interface TagLimits {
  /** Interned sets in the space before folding begins. */
  readonly setsMax: number;
  /** Distinct values of one key before that key folds. */
  readonly valuesPerKeyMax: number;
  /** When the space is full, only keys with more values than this fold: `scenario`, `check` survive. */
  readonly foldableValuesMin: number;
}

export const DEFAULT_TAG_LIMITS: TagLimits = {
  setsMax: 250_000,
  valuesPerKeyMax: 100_000,
  foldableValuesMin: 64,
};

/** All tag sets of one thread. */
export class TagSpace {
  /** The set without tags, id 0. */
  readonly empty: TagSet;
  readonly #limits: TagLimits;
  readonly #warn: (message: string) => void;
  readonly #byCanonical = new Map<string, TagSet>();
  readonly #valuesOf = new Map<string, Set<string>>();
  #hasWarned = false;
  #count = 0;

  /** @param warn is called at most once, when folding begins. */
  constructor(warn: (message: string) => void = () => {}, limits: Partial<TagLimits> = {}) {
    this.#limits = { ...DEFAULT_TAG_LIMITS, ...limits };
    this.#warn = warn;
    this.empty = this.#create([], [], '');
  }

  /** Number of interned sets. */
  get size(): number {
    return this.#count;
  }

  /** The set with exactly these pairs; later pairs win. */
  from(pairs: Iterable<readonly [string, string]>): TagSet {
    let set = this.empty;
    for (const [key, value] of pairs) set = set.with(key, value);
    return set;
  }

  /**
   * Adds a pair to a set that has no such key (internal to TagSet).
   *
   * `isExact` tells whether the result holds the value asked for; only such steps may be remembered,
   * else the memory of steps would grow with every folded value.
   */
  extend(base: TagSet, key: string, value: string): { set: TagSet; isExact: boolean } {
    const kept = this.#admit(key, value);
    const at = insertionIndex(base.keys, key);
    const keys = base.keys.toSpliced(at, 0, key);
    const values = base.values.toSpliced(at, 0, kept);
    const canonical = canonicalOf(keys, values);
    const known = this.#byCanonical.get(canonical);
    if (known !== undefined) return { set: known, isExact: kept === value };
    if (this.#count < this.#limits.setsMax) {
      return { set: this.#create(keys, values, canonical), isExact: kept === value };
    }
    return { set: this.#folded(base, keys, values), isExact: false };
  }

  /** The set without the key at `index` (internal to TagSet). */
  shrink(base: TagSet, index: number): TagSet {
    const keys = base.keys.toSpliced(index, 1);
    const values = base.values.toSpliced(index, 1);
    const canonical = canonicalOf(keys, values);
    return (
      this.#byCanonical.get(canonical) ??
      (this.#count < this.#limits.setsMax
        ? this.#create(keys, values, canonical)
        : this.#folded(this.empty, keys, values))
    );
  }

  /** The value itself, or "other" if its key has too many values already. */
  #admit(key: string, value: string): string {
    let values = this.#valuesOf.get(key);
    if (values === undefined) {
      values = new Set();
      this.#valuesOf.set(key, values);
    }
    if (values.has(value)) return value;
    if (values.size >= this.#limits.valuesPerKeyMax) {
      this.#warnOnce(`tag '${key}' has more than ${this.#limits.valuesPerKeyMax} different values`);
      return FOLDED_VALUE;
    }
    values.add(value);
    return value;
  }

  /** A full space: folds the keys that vary; as the last resort gives `fallback`. */
  #folded(fallback: TagSet, keys: readonly string[], values: readonly string[]): TagSet {
    this.#warnOnce(`there are more than ${this.#limits.setsMax} different sets of tags`);
    const folded = values.map((value, index) =>
      (this.#valuesOf.get(keys[index] ?? '')?.size ?? 0) > this.#limits.foldableValuesMin
        ? FOLDED_VALUE
        : value,
    );
    const canonical = canonicalOf(keys, folded);
    const known = this.#byCanonical.get(canonical);
    if (known !== undefined) return known;
    // Folded sets get as much room again; beyond that nothing new is ever made.
    if (this.#count >= 2 * this.#limits.setsMax) return fallback;
    return this.#create(keys, folded, canonical);
  }

  #create(keys: readonly string[], values: readonly string[], canonical: string): TagSet {
    const set = new TagSet(this, this.#count++, keys, values);
    this.#byCanonical.set(canonical, set);
    return set;
  }

  #warnOnce(cause: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#warn(
      `${cause}; further ones are counted as '${FOLDED_VALUE}' to bound memory. ` +
        "Group dynamic addresses under one `name` tag, or remove the tag that varies (see the 'systemTags' option)",
    );
  }
}

/** An immutable set of tags. Compare by identity within one space. */
export class TagSet {
  readonly space: TagSpace;
  /** Counts from 0 in the space. */
  readonly id: number;
  /** Sorted by code unit. */
  readonly keys: readonly string[];
  /** `values[i]` belongs to `keys[i]`. */
  readonly values: readonly string[];
  // Most sets are left by one step only, so the Maps are made at the second one.
  #lastKey = '';
  #lastValue = '';
  #lastNext: TagSet | undefined;
  #next: Map<string, Map<string, TagSet>> | undefined;
  #shorter: Map<string, TagSet> | undefined;

  /** Only a TagSpace makes sets. */
  constructor(space: TagSpace, id: number, keys: readonly string[], values: readonly string[]) {
    this.space = space;
    this.id = id;
    this.keys = keys;
    this.values = values;
  }

  /** This set with the key set to the value. Cost: one comparison or two Map lookups when repeated. */
  with(key: string, value: string): TagSet {
    if (this.#lastNext !== undefined && this.#lastKey === key && this.#lastValue === value) {
      return this.#lastNext;
    }
    const known = this.#next?.get(key)?.get(value);
    if (known !== undefined) {
      this.#remember(key, value, known);
      return known;
    }
    const index = this.keys.indexOf(key);
    // By way of the shorter set: n values of a key then need n remembered steps, not n².
    if (index >= 0) return this.values[index] === value ? this : this.without(key).with(key, value);
    const { set, isExact } = this.space.extend(this, key, value);
    if (isExact) this.#addStep(key, value, set);
    return set;
  }

  /** This set without the key. */
  without(key: string): TagSet {
    const known = this.#shorter?.get(key);
    if (known !== undefined) return known;
    const index = this.keys.indexOf(key);
    if (index < 0) return this;
    const shorter = this.space.shrink(this, index);
    this.#shorter ??= new Map();
    this.#shorter.set(key, shorter);
    return shorter;
  }

  /** This set with all pairs of the record. */
  withAll(tags: Readonly<Record<string, string>>): TagSet {
    let set: TagSet = this;
    for (const key of Object.keys(tags)) set = set.with(key, tags[key] ?? '');
    return set;
  }

  get(key: string): string | undefined {
    const index = this.keys.indexOf(key);
    return index < 0 ? undefined : this.values[index];
  }

  /** Pairs sorted by key. Allocates. */
  entries(): [string, string][] {
    return this.keys.map((key, index) => [key, this.values[index] ?? '']);
  }

  /** True if this set has every pair of `filter`. */
  matches(filter: readonly (readonly [string, string])[]): boolean {
    return filter.every(([key, value]) => this.get(key) === value);
  }

  #remember(key: string, value: string, next: TagSet): void {
    this.#lastKey = key;
    this.#lastValue = value;
    this.#lastNext = next;
  }

  #addStep(key: string, value: string, next: TagSet): void {
    if (this.#lastNext !== undefined) {
      if (this.#next === undefined) {
        this.#next = new Map();
        this.#putStep(this.#next, this.#lastKey, this.#lastValue, this.#lastNext);
      }
      this.#putStep(this.#next, key, value, next);
    }
    this.#remember(key, value, next);
  }

  #putStep(
    steps: Map<string, Map<string, TagSet>>,
    key: string,
    value: string,
    next: TagSet,
  ): void {
    let byValue = steps.get(key);
    if (byValue === undefined) {
      byValue = new Map();
      steps.set(key, byValue);
    }
    byValue.set(value, next);
  }
}

function insertionIndex(keys: readonly string[], key: string): number {
  let index = 0;
  for (const known of keys) {
    if (known >= key) break;
    index++;
  }
  return index;
}

/** Unambiguous: lengths come first, so no value can imitate a separator. */
function canonicalOf(keys: readonly string[], values: readonly string[]): string {
  let text = '';
  for (const [index, key] of keys.entries()) {
    const value = values[index] ?? '';
    text += `${key.length}:${key}${value.length}:${value}`;
  }
  return text;
}
