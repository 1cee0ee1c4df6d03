/**
 * InfluxDB's line protocol: `measurement,tag=value field=value timestamp`.
 *
 * It has no place for infinities, and none for line breaks and final backslashes in names and tags: those
 * points are left out, those characters become spaces or go.
 *
 * @see https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
 */
import type { AggregateSeries } from '../metrics/aggregate.ts';

export type InfluxFieldKind = 'string' | 'bool' | 'float' | 'int';

/** What all points of a series have in common. */
export interface SeriesLine {
  /** Measurement and tags. */
  readonly head: string;
  /** Fields that sort before `value`, with a comma behind; and those after it, with a comma before. */
  readonly fieldsBefore: string;
  readonly fieldsAfter: string;
}

/** @param fieldKinds tags that are written as fields instead. */
export function seriesLine(
  series: AggregateSeries,
  fieldKinds: ReadonlyMap<string, InfluxFieldKind>,
): SeriesLine {
  let head = escapeName(series.metric.name, /[, ]/g);
  let fieldsBefore = '';
  let fieldsAfter = '';
  for (const [key, value] of series.tags.entries()) {
    const kind = fieldKinds.get(key);
    if (kind === undefined) {
      if (value !== '') head += `,${escapeKey(key)}=${escapeKey(value)}`;
      continue;
    }
    const text = fieldText(value, kind);
    if (text === undefined) continue;
    if (key < 'value') fieldsBefore += `${escapeKey(key)}=${text},`;
    else fieldsAfter += `,${escapeKey(key)}=${text}`;
  }
  return { head, fieldsBefore, fieldsAfter };
}

/** Undefined if the tag's value is not of that kind. */
function fieldText(value: string, kind: InfluxFieldKind): string | undefined {
  switch (kind) {
    case 'string':
      return `"${value.replace(/["\\]/g, '\\$&')}"`;
    case 'bool':
      return /^(true|false)$/.test(value) ? value : undefined;
    case 'int':
      return /^-?\d{1,18}$/.test(value) ? `${BigInt(value)}i` : undefined;
    case 'float':
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value) ? value : undefined;
  }
}

/** Of tag keys, tag values and field keys. */
function escapeKey(text: string): string {
  return escapeName(text, /[,= ]/g);
}

function escapeName(text: string, special: RegExp): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(/\\+$/, '')
    .replace(special, '\\$&');
}
