/**
 * What the page knows: the run's facts and state, and its history in arrays of fixed size, so that memory
 * stays the same however long the page is open.
 */
import {
  type Cell,
  emptyCell,
  FIELDS_OF,
  type HistoryRow,
  INTERVALS_MAX,
  type RunFacts,
  type RunState,
  type RunView,
  type SameTag,
  type SliceHistory,
  type SliceInfo,
} from '../protocol.ts';

export type Link = 'connecting' | 'live' | 'lost' | 'over' | 'report';

export interface Filter {
  readonly tag: string;
  readonly value: string;
}

/** Seconds of the run. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface ClientSlice {
  readonly info: SliceInfo;
  /** One array per field; NaN = no sample. */
  readonly columns: readonly Float64Array[];
}

/** What a filter finds of a metric. */
export type Found =
  | { readonly kind: 'slice'; readonly slice: ClientSlice; readonly isWhole: boolean }
  | { readonly kind: 'none' };

export class Store {
  facts: RunFacts | undefined;
  state: RunState | undefined;
  link: Link = 'connecting';
  intervalMs = 1000;
  count = 0;
  /** Ends of intervals, seconds. */
  readonly times = new Float64Array(INTERVALS_MAX);
  slices: ClientSlice[] = [];
  sameTags: readonly SameTag[] = [];
  foldedTags: readonly string[] = [];
  filter: Filter | undefined;
  range: Range | undefined;
  /** Grows with every change of what charts show. */
  version = 0;
  #byMetric = new Map<string, ClientSlice[]>();
  readonly #listeners = new Set<() => void>();

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  setView({ facts, state, history }: RunView): void {
    this.facts = facts;
    this.state = state;
    this.intervalMs = history.intervalMs;
    this.count = Math.min(INTERVALS_MAX, history.timesMs.length);
    for (let index = 0; index < this.count; index++) {
      this.times[index] = (history.timesMs[index] ?? 0) / 1000;
    }
    this.slices = [];
    this.#byMetric = new Map();
    for (const slice of history.slices) this.#addSlice(slice);
    this.sameTags = history.sameTags;
    this.foldedTags = history.foldedTags;
    this.changed();
  }

  /** Adds an interval; `state` follows with an event of its own, which draws. */
  addRow(row: HistoryRow): void {
    if (this.count >= INTERVALS_MAX) return; // the server sends longer intervals now
    for (const slice of row.newSlices) this.#addSlice(slice);
    const at = this.count;
    this.times[at] = row.timeMs / 1000;
    for (const { info, columns } of this.slices) {
      for (const [field, column] of columns.entries()) {
        column[at] = emptyCell(info.type, field) ?? Number.NaN;
      }
    }
    for (const [id = -1, ...values] of row.cells) {
      const slice = this.slices[id ?? -1];
      for (const [field, value] of values.entries()) {
        const column = slice?.columns[field];
        if (column !== undefined) column[at] = value ?? Number.NaN;
      }
    }
    if (row.sameTags !== undefined) this.sameTags = row.sameTags;
    this.foldedTags = row.foldedTags;
    this.count++;
  }

  setState(state: RunState): void {
    this.state = state;
    this.changed();
  }

  setLink(link: Link): void {
    if (this.link === link) return;
    this.link = link;
    this.changed();
  }

  setFilter(filter: Filter | undefined): void {
    this.filter = filter;
    this.changed();
  }

  setRange(range: Range | undefined): void {
    this.range = range;
    this.changed();
  }

  changed(): void {
    this.version++;
    for (const onChange of this.#listeners) onChange();
  }

  /** Length of the run as far as it is shown, seconds. */
  get lastTime(): number {
    return this.count === 0 ? 0 : (this.times[this.count - 1] ?? 0);
  }

  metricNames(): string[] {
    return [...this.#byMetric.keys()];
  }

  whole(metric: string): ClientSlice | undefined {
    return this.#byMetric.get(metric)?.[0];
  }

  /** A built-in metric of that name has samples. */
  hasBuiltin(metric: string): boolean {
    return this.whole(metric)?.info.isCustom === false;
  }

  /** The slices of a metric by the values of a tag. */
  slicesBy(metric: string, tag: string): ClientSlice[] {
    return (this.#byMetric.get(metric) ?? []).filter(({ info }) => info.tag === tag);
  }

  tagsOf(metric: string): string[] {
    const tags = (this.#byMetric.get(metric) ?? []).flatMap(({ info }) => info.tag ?? []);
    return [...new Set(tags)].sort();
  }

  /** Tags and values that can be a filter. */
  filters(): Map<string, string[]> {
    const values = new Map<string, Set<string>>();
    for (const { info } of this.slices) {
      if (info.tag === undefined || info.value === undefined) continue;
      const known = values.get(info.tag) ?? new Set();
      values.set(info.tag, known.add(info.value));
    }
    return new Map(
      [...values].sort().map(([tag, set]) => [tag, [...set].sort()] as [string, string[]]),
    );
  }

  /** The part of a metric that the filter asks for. Without such a tag, that is the whole. */
  find(metric: string): Found | undefined {
    const whole = this.whole(metric);
    if (whole === undefined) return undefined;
    const { filter } = this;
    if (filter === undefined) return { kind: 'slice', slice: whole, isWhole: true };
    const { tag, value } = filter;
    const slice = this.slicesBy(metric, tag).find(({ info }) => info.value === value);
    if (slice !== undefined) return { kind: 'slice', slice, isWhole: false };
    const same = this.sameTags.find(([name, key]) => name === metric && key === tag);
    if (same !== undefined) {
      return same[2] === value ? { kind: 'slice', slice: whole, isWhole: false } : { kind: 'none' };
    }
    const isTagged = this.tagsOf(metric).includes(tag);
    return isTagged ? { kind: 'none' } : { kind: 'slice', slice: whole, isWhole: true };
  }

  /** Everything, as a report embeds it. */
  toView(): RunView | undefined {
    const { facts, state, intervalMs, count, sameTags, foldedTags } = this;
    if (facts === undefined || state === undefined) return undefined;
    const cellsOf = (column: Float64Array): Cell[] =>
      Array.from(column.subarray(0, count), (cell) => (Number.isNaN(cell) ? null : cell));
    return {
      kind: 'report',
      facts,
      state,
      history: {
        intervalMs,
        timesMs: Array.from(this.times.subarray(0, count), (time) => Math.round(time * 1000)),
        slices: this.slices.map(({ info, columns }) => ({
          ...info,
          columns: columns.map(cellsOf),
        })),
        sameTags,
        foldedTags,
      },
    };
  }

  #addSlice({ columns, ...info }: SliceHistory): void {
    const own = FIELDS_OF[info.type].map((_, field) => toColumn(columns[field] ?? []));
    const slice = { info, columns: own };
    this.slices[info.id] = slice;
    const siblings = this.#byMetric.get(info.metric) ?? [];
    this.#byMetric.set(info.metric, siblings);
    // The row after a view may bring slices that the view had already.
    const known = siblings.findIndex((sibling) => sibling.info.id === info.id);
    if (known >= 0) siblings[known] = slice;
    else if (info.tag === undefined) siblings.unshift(slice);
    else siblings.push(slice);
  }
}

function toColumn(cells: readonly Cell[]): Float64Array {
  const column = new Float64Array(INTERVALS_MAX);
  for (let index = 0; index < Math.min(INTERVALS_MAX, cells.length); index++) {
    column[index] = cells[index] ?? Number.NaN;
  }
  return column;
}
