/** One number of a trend that a server of metrics gets as a series of its own. */
import type { Sketch } from '../metrics/sketch.ts';

export interface TrendStat {
  /** As part of a name: `avg`, `p95`, `p999` of `p(99.9)`. */
  readonly suffix: string;
  /** False for a number of samples, which has no unit. */
  readonly hasUnit: boolean;
  read(sketch: Sketch): number;
}

const PLAIN = ['avg', 'min', 'max', 'sum', 'count'] as const;

/** Undefined if there is no such stat. */
export function parseTrendStat(text: string): TrendStat | undefined {
  const plain = PLAIN.find((name) => name === text);
  if (plain !== undefined) {
    return { suffix: plain, hasUnit: plain !== 'count', read: (sketch) => sketch[plain] };
  }
  if (text === 'med') {
    return { suffix: 'med', hasUnit: true, read: (sketch) => sketch.percentile(50) };
  }
  const [, digits] = /^p\((\d+(?:\.\d+)?)\)$/.exec(text) ?? [];
  const percent = Number(digits);
  if (digits === undefined || percent > 100) return undefined;
  return {
    suffix: `p${digits.replace('.', '')}`,
    hasUnit: true,
    read: (sketch) => sketch.percentile(percent),
  };
}
