/** Numbers as people read them. The unit follows from what a metric contains. */
import type { MetricType, ValueType } from '../../metrics/definition.ts';

/** `time` is ms, `data` bytes, `share` 0…1; `…-rate` is per second. */
export type Unit = 'count' | 'count-rate' | 'time' | 'data' | 'data-rate' | 'share';

interface Step {
  /** The smallest value that is shown so. */
  readonly from: number;
  /** What one of it is. */
  readonly size: number;
  readonly name: string;
}

const TIME_STEPS: readonly Step[] = [
  { from: 60_000, size: 60_000, name: 'min' },
  { from: 1000, size: 1000, name: 's' },
  { from: 1, size: 1, name: 'ms' },
  { from: 0.001, size: 0.001, name: 'µs' },
];
const DATA_STEPS: readonly Step[] = [
  { from: 1e9, size: 1e9, name: 'GB' },
  { from: 1e6, size: 1e6, name: 'MB' },
  { from: 1e3, size: 1e3, name: 'kB' },
  { from: 1, size: 1, name: 'B' },
];
const COUNT_STEPS: readonly Step[] = [
  { from: 1e9, size: 1e9, name: 'G' },
  { from: 1e6, size: 1e6, name: 'M' },
  { from: 1e4, size: 1e3, name: 'k' },
];
const DIGITS = 3;

export function unitOf(type: MetricType, contains: ValueType): Unit {
  if (type === 'rate') return 'share';
  if (type === 'counter') return contains === 'data' ? 'data-rate' : 'count-rate';
  if (contains === 'time') return 'time';
  return contains === 'data' ? 'data' : 'count';
}

/** A value with its unit: `12.4 ms`, `3.1 MB/s`, `99.2 %`. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  switch (unit) {
    case 'time':
      return withStep(value, TIME_STEPS, 'ms', ' ');
    case 'data':
      return withStep(value, DATA_STEPS, 'B', ' ');
    case 'data-rate':
      return `${withStep(value, DATA_STEPS, 'B', ' ')}/s`;
    case 'share':
      return `${shortNumber(value * 100)} %`;
    case 'count-rate':
      return `${withStep(value, COUNT_STEPS, '', ' ')}/s`;
    default:
      return withStep(value, COUNT_STEPS, '', ' ');
  }
}

/** Labels of an axis: all in the step of the largest, so that they can be compared. */
export function axisLabels(values: readonly number[], unit: Unit): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  const steps = unit === 'time' ? TIME_STEPS : unit.startsWith('data') ? DATA_STEPS : COUNT_STEPS;
  if (unit === 'share') return values.map((value) => `${shortNumber(value * 100)} %`);
  const step = steps.find(({ from }) => largest >= from);
  const per = unit.endsWith('-rate') ? '/s' : '';
  const name = step?.name ?? (unit === 'time' ? 'ms' : unit.startsWith('data') ? 'B' : '');
  return values.map((value) => {
    if (value === 0) return '0';
    const number = trimmed(value / (step?.size ?? 1));
    const suffix = `${name}${per}`;
    return suffix === '' ? number : `${number}${name === '' ? '' : ' '}${suffix}`;
  });
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function withStep(value: number, steps: readonly Step[], base: string, gap: string): string {
  const size = Math.abs(value);
  const step = size === 0 ? undefined : (steps.find(({ from }) => size >= from) ?? steps.at(-1));
  const isBelow = step !== undefined && size < step.from && base === '';
  if (step === undefined || isBelow) return base === '' ? shortNumber(value) : `0${gap}${base}`;
  return `${shortNumber(value / step.size)}${gap}${step.name}`;
}

/** Three significant digits, all digits before the point. */
function shortNumber(value: number): string {
  if (Number.isInteger(value)) return groupDigits(String(value));
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : DIGITS - 1;
  const text = value.toFixed(size > 0 && size < 0.01 ? 4 : decimals);
  return groupDigits(text.includes('.') ? text.replace(/\.?0+$/, '') : text);
}

/** `1 234 567`, with spaces that do not break. */
function groupDigits(text: string): string {
  const [whole = '', rest] = text.split('.');
  const grouped =
    whole.replace('-', '').length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole;
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** All digits of a sum: `25 700`, `0.5`. */
export function formatCount(value: number): string {
  return groupDigits(String(Number(value.toFixed(2))));
}

/** Time of the run: `0:07`, `12:30`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

/** How long an interval is: `1 s`, `2 min`. */
export function formatInterval(ms: number): string {
  return formatValue(ms, 'time');
}

/** One number of a metric's totals, by the name the summary has for it. */
export function formatStat(
  stat: string,
  value: number | undefined,
  type: MetricType,
  contains: ValueType,
): string {
  if (value === undefined) return '–';
  if (type === 'rate') return stat === 'rate' ? formatValue(value, 'share') : formatCount(value);
  if (type === 'counter') {
    const isData = contains === 'data';
    if (stat === 'rate') return formatValue(value, isData ? 'data-rate' : 'count-rate');
    return isData ? formatValue(value, 'data') : formatCount(value);
  }
  if (stat === 'count') return formatCount(value);
  return formatValue(value, unitOf(type, contains));
}
