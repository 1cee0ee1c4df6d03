/** From slices to the lines of a chart. */
import type { MetricType } from '../../metrics/definition.ts';
import { type Unit, unitOf } from './format.ts';
import type { ClientSlice, Store } from './store.ts';

export interface Line {
  readonly label: string;
  readonly unit: Unit;
  /** Index into the palette. */
  readonly colour: number;
  readonly dash?: readonly number[];
  readonly width?: number;
  /** Not shown unless asked for. */
  readonly isHiddenAtFirst?: boolean;
  /** Filled below. */
  readonly isArea?: boolean;
  readonly values: readonly (number | null)[];
}

/** What a chart shows: its lines, or in words why there are none. */
export interface Drawing {
  readonly lines: readonly Line[];
  readonly empty: string;
  /** What there is to say of what is shown: the filter does not apply. */
  readonly note: string;
}

/** Fields of a trend as lines, by the index of their column. */
const TREND_LINES = [
  { field: 1, label: 'p50', colour: 0, width: 2 },
  { field: 2, label: 'p90', colour: 2, width: 1.5 },
  { field: 3, label: 'p95', colour: 4, width: 2 },
  { field: 4, label: 'p99', colour: 1, width: 1.5, dash: [6, 3] },
  { field: 5, label: 'max', colour: 7, width: 1, dash: [2, 3], isHiddenAtFirst: true },
] as const;
const P95_FIELD = 3;

/** The values of a slice by their own type: per second, a share, the last, or p95. */
export function valuesOf(store: Store, slice: ClientSlice): (number | null)[] {
  const { columns, info } = slice;
  const [first, second] = columns;
  if (info.type === 'counter') return perSecond(store, first);
  if (info.type === 'rate') {
    return fill(store, (index) => {
      const count = second?.[index] ?? 0;
      return count === 0 ? null : (first?.[index] ?? 0) / count;
    });
  }
  const column = columns[info.type === 'trend' ? P95_FIELD : 0];
  return fill(store, (index) => known(column?.[index]));
}

/** One metric as a chart of its own. `splitBy`: a line for each value of that tag. */
export function drawMetric(store: Store, metric: string, splitBy: string | undefined): Drawing {
  const whole = store.whole(metric);
  if (whole === undefined) return nothing('No samples yet.');
  const { type, contains } = whole.info;
  const unit = unitOf(type, contains);
  if (splitBy !== undefined) {
    const slices = store.slicesBy(metric, splitBy).sort(byValue);
    return {
      lines: slices.map((slice, index) => ({
        label: slice.info.value === '' ? '(empty)' : (slice.info.value ?? ''),
        unit,
        colour: index,
        values: valuesOf(store, slice),
      })),
      empty: '',
      note: store.foldedTags.includes(splitBy)
        ? 'Not all values are shown: there are too many.'
        : '',
    };
  }
  const found = store.find(metric);
  if (found === undefined || found.kind === 'none') return nothing(noSamples(store));
  return {
    lines: linesOf(store, found.slice, type, unit),
    empty: '',
    note: found.isWhole ? filterNote(store) : '',
  };
}

/** Several metrics in one chart, one line each. */
export function drawTogether(
  store: Store,
  wanted: readonly { readonly metric: string; readonly label: string; readonly colour?: number }[],
): Drawing {
  const lines: Line[] = [];
  const present = wanted.filter(({ metric }) => store.hasBuiltin(metric));
  if (present.length === 0) return nothing('No samples yet.');
  let isWhole = false;
  for (const [index, { metric, label, colour = index }] of present.entries()) {
    const found = store.find(metric);
    if (found?.kind !== 'slice') continue;
    isWhole ||= found.isWhole;
    const { type, contains } = found.slice.info;
    const values = valuesOf(store, found.slice);
    lines.push({ label, unit: unitOf(type, contains), colour, values, width: 2 });
  }
  if (lines.length === 0) return nothing(noSamples(store));
  return { lines, empty: '', note: isWhole ? filterNote(store) : '' };
}

function linesOf(store: Store, slice: ClientSlice, type: MetricType, unit: Unit): Line[] {
  if (type !== 'trend') {
    const label = { counter: 'per second', rate: 'share', gauge: 'value' }[type];
    const isArea = type !== 'rate'; // its axis need not begin at 0
    return [{ label, unit, colour: 0, width: 2, isArea, values: valuesOf(store, slice) }];
  }
  return TREND_LINES.map(({ field, ...line }) => ({
    ...line,
    unit,
    values: fill(store, (index) => known(slice.columns[field]?.[index])),
  }));
}

function byValue({ info: a }: ClientSlice, { info: b }: ClientSlice): number {
  return (a.value ?? '') < (b.value ?? '') ? -1 : 1;
}

function perSecond(store: Store, column: Float64Array | undefined): (number | null)[] {
  return fill(store, (index) => {
    const before = index === 0 ? 0 : (store.times[index - 1] ?? 0);
    const seconds = (store.times[index] ?? 0) - before;
    return seconds <= 0 ? null : (column?.[index] ?? 0) / seconds;
  });
}

function fill(store: Store, read: (index: number) => number | null): (number | null)[] {
  const values = new Array<number | null>(store.count);
  for (let index = 0; index < store.count; index++) values[index] = read(index);
  return values;
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function nothing(empty: string): Drawing {
  return { lines: [], empty, note: '' };
}

function noSamples({ filter }: Store): string {
  return filter === undefined
    ? 'No samples yet.'
    : `No samples with ${filter.tag} = ${filter.value}.`;
}

function filterNote({ filter }: Store): string {
  return filter === undefined ? '' : `Whole run: these samples have no tag “${filter.tag}”.`;
}
