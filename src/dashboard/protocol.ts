/**
 * What the live page and the HTML report are given: one model, as JSON. The page gets it piece by piece
 * over `/events`, the report has it embedded.
 *
 * Every figure here was made by the aggregate's own sinks: percentiles of an interval are those of the
 * samples in that interval, never an average of other percentiles.
 */
import type { MetricType, ValueType } from '../metrics/definition.ts';

/**
 * Numbers a slice has for each interval, in this order:
 * counter sum · gauge last value · rate passes, samples · trend samples, p50, p90, p95, p99, max.
 */
export const FIELDS_OF = {
  counter: ['sum'],
  gauge: ['value'],
  rate: ['passes', 'count'],
  trend: ['count', 'p50', 'p90', 'p95', 'p99', 'max'],
} as const satisfies Readonly<Record<MetricType, readonly string[]>>;

/** A metric, or its samples with one value of one tag. */
export interface SliceInfo {
  /** Counts from 0 in the run. */
  readonly id: number;
  readonly metric: string;
  readonly type: MetricType;
  readonly contains: ValueType;
  /** Made by the script. */
  readonly isCustom: boolean;
  /** Undefined for the metric as a whole. */
  readonly tag: string | undefined;
  readonly value: string | undefined;
}

/** Null: no sample in that interval. */
export type Cell = number | null;

/** What an interval without samples says: nothing was counted, and nothing else is known. */
export function emptyCell(type: MetricType, field: number): Cell {
  return type === 'gauge' || (type === 'trend' && field > 0) ? null : 0;
}

/** A slice with its numbers so far: one array per field, one entry per interval. */
export interface SliceHistory extends SliceInfo {
  readonly columns: readonly (readonly Cell[])[];
}

/** All samples of the metric so far have that value of the tag: the part equals the whole. */
export type SameTag = readonly [metric: string, tag: string, value: string];

/** Intervals shown at most: 20 minutes of seconds, 40 minutes of 2 s, and so on. */
export const INTERVALS_MAX = 1200;

/** Everything measured so far, in intervals of equal length. */
export interface RunHistoryData {
  /** Length of an interval: the period, doubled as often as needed to keep their number bounded. */
  readonly intervalMs: number;
  /** End of each interval, ms since the start of the history. */
  readonly timesMs: readonly number[];
  readonly slices: readonly SliceHistory[];
  readonly sameTags: readonly SameTag[];
  /** Tags of which some values are not shown by themselves, since there are too many. */
  readonly foldedTags: readonly string[];
}

/** One interval that has just ended. */
export interface HistoryRow {
  readonly timeMs: number;
  /** New slices, with numbers for all earlier intervals; a view may have brought them before. */
  readonly newSlices: readonly SliceHistory[];
  /** `[slice id, ...fields]`; a slice that is missing had no sample. */
  readonly cells: readonly (readonly Cell[])[];
  /** All of them, if there are new ones; else undefined. */
  readonly sameTags: readonly SameTag[] | undefined;
  readonly foldedTags: readonly string[];
}

export interface ThresholdInfo {
  /** With `{filter}`. */
  readonly metric: string;
  readonly expression: string;
  /** Undefined before there is a sample. */
  readonly value: number | undefined;
  readonly isOk: boolean;
  readonly abortsOnFail: boolean;
  readonly type: MetricType;
  readonly contains: ValueType;
  /** What the left side asks for: `p(95)`, `rate`. */
  readonly label: string;
}

export interface CheckInfo {
  /** `::outer::inner`; '' at the root. */
  readonly group: string;
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** Ended connections that ended alike. */
export interface CloseInfo {
  /** As the WHATWG's close event has it: 1006 if there was no Close frame. */
  readonly code: string;
  /** The engine's word: `peer-close`, `dial-failed`. */
  readonly cause: string;
  /** The peer's reason or the kind of error. */
  readonly reason: string;
  /** Nobody asked for it. */
  readonly isError: boolean;
  readonly count: number;
}

export interface ScenarioInfo {
  readonly name: string;
  /** As in the header of a run: `10 looping VUs for 30s`. */
  readonly description: string;
  readonly state: string;
  /** 0…1 */
  readonly fraction: number;
  /** `12 of 50 VUs`. */
  readonly figures: string;
}

/** A metric, or a sub-metric, over the whole run: the numbers of the end-of-test summary. */
export interface TotalInfo {
  readonly name: string;
  readonly type: MetricType;
  readonly contains: ValueType;
  readonly isCustom: boolean;
  /** counter count, rate · gauge value, min, max · rate rate, passes, fails · trend count and the trend stats. */
  readonly values: Readonly<Record<string, number>>;
}

export interface RunOutcome {
  readonly isOk: boolean;
  /** '' if all went well. */
  readonly message: string;
}

/** Where the run stands, and its totals. */
export interface RunState {
  readonly stage: string;
  readonly isPaused: boolean;
  readonly elapsedMs: number;
  /** The longest the run can take, graceful stops included. */
  readonly durationMsMax: number;
  readonly scenarios: readonly ScenarioInfo[];
  readonly thresholds: readonly ThresholdInfo[];
  readonly checks: readonly CheckInfo[];
  /** Checks beyond those listed. */
  readonly checksLeftOut: number;
  /** Undefined if they are not measured: the script has a metric of that name. */
  readonly closes: readonly CloseInfo[] | undefined;
  readonly totals: readonly TotalInfo[];
  /** Undefined while it goes on. */
  readonly outcome: RunOutcome | undefined;
}

/** A name and what it is, in words. */
export type Fact = readonly [name: string, value: string];

/** What is known of the run before it begins. */
export interface RunFacts {
  readonly script: string;
  readonly startMs: number;
  readonly command: string;
  readonly options: readonly Fact[];
  readonly environment: readonly Fact[];
  readonly trendStats: readonly string[];
  /** Why the run cannot be paused; undefined: it can. */
  readonly pauseRefusal: string | undefined;
}

/** All there is to show. */
export interface RunView {
  /** A report has no connection and needs none. */
  readonly kind: 'live' | 'report';
  readonly facts: RunFacts;
  readonly history: RunHistoryData;
  readonly state: RunState;
}

/** Events of `/events`, by name. */
export interface PageEvents {
  /** First of all, and again when the intervals have become longer. */
  readonly view: RunView;
  /** At the end of each interval. */
  readonly row: HistoryRow;
  /** Each period. */
  readonly state: RunState;
  /** The last one: the final state; nothing follows. */
  readonly end: RunView;
}
