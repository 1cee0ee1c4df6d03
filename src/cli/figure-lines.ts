/** The live figures of a run as lines of text. Pure; who draws cuts them to the width of the terminal. */
import { formatBytes, formatShare, formatTime, formatValue } from '../output/summary-format.ts';
import type { Figures, ThresholdFigure } from './live-figures.ts';
import { padTo } from './terminal-width.ts';

const ERROR_KINDS_MAX = 4;
const GAP = '  ';

export interface FigureOptions {
  /** Connections that are open now. */
  readonly socketsOpen: number;
  readonly isColored: boolean;
  /** Lines for thresholds at most; crossed ones come first. */
  readonly thresholdsMax: number;
}

/** One line per kind of figure; none for what there is nothing of. */
export function figureLines(figures: Figures, options: FigureOptions): string[] {
  const rows: [label: string, text: string][] = [];
  if (figures.hasSockets) rows.push(['sockets', socketsText(figures, options)]);
  for (const { label, sketch } of figures.times) {
    const shares = [50, 95, 99].map(
      (percent) => `p${percent} ${formatTime(sketch.percentile(percent), '')}`,
    );
    rows.push([label, [...shares, `max ${formatTime(sketch.max, '')}`].join(GAP)]);
  }
  if (figures.errors.length > 0) {
    rows.push(['errors', red(errorsText(figures), options.isColored)]);
  }
  const labelColumns = Math.max(0, ...rows.map(([label]) => label.length));
  return [
    ...rows.map(([label, text]) => `${padTo(label, labelColumns)}${GAP}${text}`),
    ...thresholdLines(figures.thresholds, options),
  ];
}

function socketsText({ perSecond }: Figures, { socketsOpen }: FigureOptions): string {
  const rate = (value: number): string =>
    `${value < 10 ? value.toFixed(1) : value.toFixed(0)} msg/s`;
  return [
    `${socketsOpen} open`,
    `in ${rate(perSecond.ws_msgs_received)}, ${formatBytes(Math.round(perSecond.data_received))}/s`,
    `out ${rate(perSecond.ws_msgs_sent)}, ${formatBytes(Math.round(perSecond.data_sent))}/s`,
  ].join(GAP);
}

function errorsText({ errors }: Figures): string {
  const shown = errors.slice(0, ERROR_KINDS_MAX).map(({ text, count }) => `${count} × ${text}`);
  const hidden = errors.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`${hidden} more kinds`] : [])].join(' · ');
}

function thresholdLines(
  thresholds: readonly ThresholdFigure[],
  { thresholdsMax, isColored }: FigureOptions,
): string[] {
  const fits = thresholds.length <= thresholdsMax;
  const shown = fits ? thresholds : thresholds.slice(0, Math.max(0, thresholdsMax - 1));
  const lines = shown.map((threshold) => {
    const { metric, expression, isOk, value } = threshold;
    const got = value === undefined ? 'nothing to compare yet' : valueText(threshold, value);
    const mark = value === undefined ? '•' : isOk ? '✓' : '✗';
    const text = `${mark} ${metric} ${expression}${GAP}${got}`;
    return isOk ? text : red(text, isColored);
  });
  const hidden = thresholds.slice(shown.length);
  if (hidden.length === 0 || thresholdsMax === 0) return lines;
  const crossed = hidden.filter(({ isOk }) => !isOk).length;
  const more = `… ${hidden.length} more thresholds, ${crossed} of them crossed`;
  return [...lines, crossed > 0 ? red(more, isColored) : more];
}

function valueText({ type, contains, method }: ThresholdFigure, value: number): string {
  if (type === 'rate') return formatShare(value);
  const text = formatValue(value, contains, '');
  return type === 'counter' && method === 'rate' ? `${text}/s` : text;
}

function red(text: string, isColored: boolean): string {
  return isColored ? `\u001b[31m${text}\u001b[0m` : text;
}
