/**
 * The history of a run: what every slice did in every interval, in bounded memory.
 *
 * Intervals are kept at several lengths at once: one period, two, four, and so on. Each length has its own
 * sinks, and a finished interval is merged into the next length's, so a percentile of a long interval is
 * that of all its samples. When there are too many intervals of one length, the next length is shown and
 * the finer numbers are dropped. Memory: twice INTERVALS_MAX numbers per field of a slice.
 */
import { assert } from '../base/assert.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import { clearSink, createSink, mergeSink, readSink, type Sink } from '../metrics/sink.ts';
import {
  type Cell,
  emptyCell,
  FIELDS_OF,
  type HistoryRow,
  INTERVALS_MAX,
  type RunHistoryData,
  type SliceHistory,
} from './protocol.ts';
import { type Slice, SliceSet } from './slices.ts';

const PERCENTS = [50, 90, 95, 99] as const;
/** Significant digits of percentiles; sketches are good for less. */
const DIGITS = 5;

/** Intervals of one length. */
interface Level {
  readonly timesMs: number[];
  /** Of the interval that is open: how many of the parts it is made of are in. */
  openParts: number;
}

interface SliceColumns {
  readonly slice: Slice;
  /** By level: what the open interval has so far. The first is the slice's own sink. */
  readonly sinks: Sink[];
  /** By level, by field. Empty for levels that were dropped. */
  readonly columns: Cell[][][];
}

/** What `addPeriod` has brought. */
export interface HistoryChange {
  /** The interval that has ended, if one of the shown length has. */
  readonly row: HistoryRow | undefined;
  /** The shown length has changed: all of `data()` is new. */
  readonly isRescaled: boolean;
}

export class RunHistory {
  readonly #periodMs: number;
  readonly #intervalsMax: number;
  readonly #slices: SliceSet;
  readonly #columns: SliceColumns[] = [];
  readonly #levels: Level[] = [createLevel()];
  #shown = 0;
  /** Slices from here on are not in any row yet. */
  #newFrom = 0;
  /** Version of the list of same tags that the last row brought. */
  #sameVersion = 0;

  constructor(
    aggregate: Aggregate,
    options: {
      readonly periodMs: number;
      readonly tagsShown?: readonly string[] | undefined;
      readonly intervalsMax?: number;
    },
  ) {
    this.#periodMs = options.periodMs;
    this.#intervalsMax = options.intervalsMax ?? INTERVALS_MAX;
    this.#slices = new SliceSet(
      aggregate,
      (slice, copyOf) => this.#addSlice(slice, copyOf),
      options.tagsShown,
    );
  }

  /** Of the intervals shown. */
  get intervalMs(): number {
    return this.#periodMs * 2 ** this.#shown;
  }

  get intervalCount(): number {
    return this.#levels[this.#shown]?.timesMs.length ?? 0;
  }

  /**
   * Ends a period: what was added since the last call.
   * @param timeMs since the start of the history.
   */
  addPeriod(timeMs: number): HistoryChange {
    let row: HistoryRow | undefined;
    for (let at = 0; at < this.#levels.length; at++) {
      const level = this.#level(at);
      level.openParts++;
      if (at > 0 && level.openParts < 2) break;
      level.openParts = 0;
      if (at + 1 === this.#levels.length) this.#levels.push(createLevel());
      const closed = this.#closeInterval(at, timeMs);
      if (at === this.#shown) row = closed;
    }
    if (this.intervalCount < this.#intervalsMax) return { row, isRescaled: false };
    this.#rescale();
    return { row: undefined, isRescaled: true };
  }

  /** Ends the run: the last interval may be shorter. */
  finish(timeMs: number): void {
    const shown = this.#level(this.#shown);
    if ((shown.timesMs.at(-1) ?? 0) >= timeMs) return;
    // What waits in finer levels belongs to the open interval of the shown one.
    for (let at = 0; at < this.#shown; at++) this.#pour(at);
    for (let at = this.#shown; at < this.#levels.length; at++) this.#closeInterval(at, timeMs);
  }

  /**
   * Everything, at the shown length; or, if that is more than `cellsMax` numbers, at the next length that
   * is not.
   */
  data(cellsMax = Number.POSITIVE_INFINITY): RunHistoryData {
    const fields = this.#columns.reduce((sum, { slice }) => sum + FIELDS_OF[slice.type].length, 0);
    let at = this.#shown;
    while (at + 2 < this.#levels.length && this.#level(at).timesMs.length * fields > cellsMax) at++;
    return {
      intervalMs: this.#periodMs * 2 ** at,
      timesMs: this.#level(at).timesMs,
      slices: this.#columns.map((columns) => historyOf(columns, at)),
      sameTags: this.#slices.sameTags,
      foldedTags: this.#slices.foldedTags,
    };
  }

  #level(at: number): Level {
    const level = this.#levels[at];
    assert(level !== undefined, `there is no level ${at}`);
    return level;
  }

  #addSlice(slice: Slice, copyOf: Slice | undefined): void {
    const model = copyOf === undefined ? undefined : this.#columns[copyOf.id];
    const { type } = slice;
    const sinks = this.#levels.map((_, at) => {
      const sink = at === 0 ? slice.sink : createSink(type, { exactMax: 0 });
      const before = model?.sinks[at];
      if (before !== undefined) mergeSink(sink, before);
      return sink;
    });
    const columns = this.#levels.map(({ timesMs }, at) =>
      FIELDS_OF[type].map((_, field): Cell[] => {
        if (at < this.#shown) return [];
        const before = model?.columns[at]?.[field];
        return before === undefined
          ? new Array<Cell>(timesMs.length).fill(emptyCell(type, field))
          : [...before];
      }),
    );
    this.#columns.push({ slice, sinks, columns });
  }

  /** Writes down what the level's sinks hold, and hands it on to the next level. */
  #closeInterval(at: number, timeMs: number): HistoryRow | undefined {
    const level = this.#level(at);
    const isKept = at >= this.#shown;
    const isShown = at === this.#shown;
    const newSlices = isShown
      ? this.#columns.slice(this.#newFrom).map((columns) => copyOf(historyOf(columns, at)))
      : [];
    if (isShown) this.#newFrom = this.#columns.length;
    const cells: Cell[][] = [];
    for (const columns of this.#columns) {
      const sink = this.#sinkOf(columns, at);
      const isEmpty = sink.count === 0;
      if (isKept) {
        const values = readCells(sink);
        const into = columns.columns[at] ?? [];
        for (const [field, value] of values.entries()) {
          into[field]?.push(isEmpty ? emptyCell(columns.slice.type, field) : value);
        }
        if (!isEmpty && isShown) cells.push([columns.slice.id, ...values]);
      }
    }
    this.#pour(at);
    if (!isKept) return undefined;
    level.timesMs.push(timeMs);
    const { version, sameTags, foldedTags } = this.#slices;
    const isChanged = version !== this.#sameVersion;
    if (isShown) this.#sameVersion = version;
    return { timeMs, newSlices, cells, foldedTags, sameTags: isChanged ? sameTags : undefined };
  }

  /** Moves what a level's sinks hold to the next level. */
  #pour(at: number): void {
    for (const columns of this.#columns) {
      const sink = this.#sinkOf(columns, at);
      if (sink.count === 0) continue;
      if (at + 1 < this.#levels.length) mergeSink(this.#sinkOf(columns, at + 1), sink);
      clearSink(sink);
    }
  }

  #sinkOf(columns: SliceColumns, at: number): Sink {
    let sink = columns.sinks[at];
    if (sink === undefined) {
      sink = createSink(columns.slice.type, { exactMax: 0 });
      columns.sinks[at] = sink;
      columns.columns[at] = FIELDS_OF[columns.slice.type].map(() => []);
    }
    return sink;
  }

  #rescale(): void {
    const dropped = this.#shown;
    this.#shown++;
    this.#newFrom = this.#columns.length;
    this.#level(dropped).timesMs.length = 0;
    for (const { columns } of this.#columns) {
      for (const column of columns[dropped] ?? []) column.length = 0;
    }
  }
}

function createLevel(): Level {
  return { timesMs: [], openParts: 0 };
}

function readCells(sink: Sink): number[] {
  switch (sink.type) {
    case 'counter':
      return [sink.sum];
    case 'gauge':
      return [sink.value];
    case 'rate':
      return [sink.passes, sink.count];
    case 'trend':
      return [
        sink.count,
        ...PERCENTS.map((percent) => round(readSink(sink, 'p', 0, percent) ?? 0)),
        round(sink.max),
      ];
  }
}

function round(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

function historyOf({ slice, columns }: SliceColumns, at: number): SliceHistory {
  const { sink: _, ...info } = slice;
  return { ...info, columns: columns[at] ?? [] };
}

/** The arrays grow: what is sent later must not. */
function copyOf(history: SliceHistory): SliceHistory {
  return { ...history, columns: history.columns.map((column) => [...column]) };
}
