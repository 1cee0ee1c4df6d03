/**
 * The end-of-test summary as text, in k6's layout: byte for byte, but for faults not repeated.
 *
 * k6-diff: what outputs have lost is told in a section of its own, if there is something to tell;
 * a threshold on a stat missing from summaryTrendStats shows its value (k6 prints nothing);
 * a run without samples prints a summary (k6 fails); metrics of the script are never hidden, whatever
 * their names begin with (k6 hides those that begin like some built-in ones).
 */
import type { OutputLoss } from './output.ts';
import type { SummaryGroup, SummaryMetric, SummaryModel, SummarySection } from './summary-data.ts';
import { formatShare, formatValue, type TimeUnit } from './summary-format.ts';

export interface SummaryTextOptions {
  readonly mode: 'compact' | 'full';
  readonly hasColors: boolean;
}

/** Shown in neither mode: the checks block and the groups say the same. */
const HIDDEN = new Set(['checks', 'group_duration']);
/** Shown in full mode only. */
const DETAILS = new Set([
  'http_req_blocked',
  'http_req_connecting',
  'http_req_receiving',
  'http_req_sending',
  'http_req_tls_handshaking',
  'http_req_waiting',
]);

/** Sections of metrics in order; a metric goes by the beginning of its name, the script's own too. */
const METRIC_SECTIONS: readonly { readonly title: string; readonly prefixes: readonly string[] }[] =
  [
    {
      title: 'HTTP',
      prefixes: ['http_reqs', 'http_req_failed', 'http_req_duration', ...DETAILS],
    },
    {
      title: 'EXECUTION',
      prefixes: ['vus', 'iterations', 'iteration_duration', 'dropped_iterations'],
    },
    { title: 'NETWORK', prefixes: ['data_sent', 'data_received'] },
    { title: 'WEB_VITALS', prefixes: ['browser_web_vital_'] },
    { title: 'BROWSER', prefixes: ['browser_'] },
    { title: 'GRPC', prefixes: ['grpc_'] },
    { title: 'WEBSOCKET', prefixes: ['ws_'] },
  ];
const CUSTOM = 'CUSTOM';
const SECTION_ORDER = [
  CUSTOM,
  'HTTP',
  'EXECUTION',
  'NETWORK',
  'BROWSER',
  'WEB_VITALS',
  'GRPC',
  'WEBSOCKET',
];

const INDENT = '  ';
const MARK = { pass: '✓', fail: '✗', group: '█', subgroup: '↳', detail: '↳' } as const;

/** Metrics that the mode shows; the machine-readable summary has the same. */
export function isShown(metric: SummaryMetric, mode: SummaryTextOptions['mode']): boolean {
  if (!metric.isBuiltin) return true;
  return !HIDDEN.has(metric.name) && (mode === 'full' || !DETAILS.has(metric.name));
}

/** The whole text, from the two line breaks before it to the three empty lines after it. */
export function renderSummary(model: SummaryModel, options: SummaryTextOptions): string {
  const render: Render = { model, options, paint: options.hasColors ? colors : plain };
  const sections: string[] = [];
  const thresholds = thresholdBlocks(render);
  if (thresholds.length > 0) sections.push(titled(render, 'THRESHOLDS', thresholds));
  const total = sectionBlocks(render, model.total, INDENT.repeat(2));
  sections.push(
    titled(
      render,
      'TOTAL RESULTS',
      total.length > 0 ? total : [`${INDENT.repeat(2)}no samples were recorded`],
    ),
  );
  if (options.mode === 'full') {
    for (const group of model.total.groups) {
      sections.push(titled(render, `GROUP: ${group.name}`, groupBlocks(render, group, 2)));
    }
    for (const scenario of model.scenarios) {
      const blocks = [
        ...sectionBlocks(render, scenario, INDENT.repeat(2)),
        ...scenario.groups.flatMap((group) => subgroupBlocks(render, group, 2)),
      ];
      sections.push(titled(render, `SCENARIO: ${scenario.name}`, blocks));
    }
  }
  if (model.losses.length > 0) sections.push(titled(render, 'OUTPUTS', [lossLines(render)]));
  return `\n\n${sections.join('\n\n')}\n\n\n`;
}

interface Render {
  readonly model: SummaryModel;
  readonly options: SummaryTextOptions;
  readonly paint: Paint;
}

/** Wraps text in colours, or does nothing. */
interface Paint {
  bold(text: string): string;
  green(text: string): string;
  red(text: string): string;
  white(text: string): string;
  cyan(text: string): string;
  faintCyan(text: string): string;
  faint(text: string): string;
}

const plain: Paint = {
  bold: (text) => text,
  green: (text) => text,
  red: (text) => text,
  white: (text) => text,
  cyan: (text) => text,
  faintCyan: (text) => text,
  faint: (text) => text,
};

function sgr(codes: string): (text: string) => string {
  return (text) => `\u001b[${codes}m${text}\u001b[0m`;
}

const colors: Paint = {
  bold: sgr('1'),
  green: sgr('32'),
  red: sgr('31'),
  white: sgr('37'),
  cyan: sgr('36'),
  faintCyan: sgr('36;2'),
  faint: sgr('37;2'),
};

function titled({ paint }: Render, title: string, blocks: readonly string[]): string {
  return `${INDENT}${paint.bold(`${MARK.group} ${title}`)} \n\n${blocks.join('\n\n')}\n`;
}

function lossLines({ model, paint }: Render): string {
  const lines = model.losses.map((loss) => paint.red(`${MARK.fail} ${lossText(loss)}`));
  return lines.map((line) => `${INDENT.repeat(2)}${line}`).join('\n');
}

/** `InfluxDBv1 (http://…) lost 2 of 9 batches, 120 samples: connect ECONNREFUSED …`. */
export function lossText(loss: OutputLoss): string {
  const { output, batchesLost, batches, samplesLost, reason } = loss;
  const lost: string[] = [];
  if (batchesLost > 0) lost.push(`${batchesLost} of ${batches} batches`);
  if (samplesLost > 0) lost.push(`${samplesLost} samples`);
  const what = lost.length === 0 ? 'stopped before the end' : `lost ${lost.join(', ')}`;
  return `${output} ${what}${reason === '' ? '' : `: ${reason}`}`;
}

/** One block per metric with thresholds; a sub-metric stands under its metric if that has any. */
function thresholdBlocks(render: Render): string[] {
  const { metrics } = render.model.total;
  const judged = metrics.filter(({ thresholds }) => thresholds.length > 0);
  return judged.map((metric) => {
    const isNested =
      metric.suffix !== undefined &&
      judged.some(({ name, suffix }) => suffix === undefined && name === metric.name);
    const indent = INDENT.repeat(isNested ? 3 : 2);
    const title = isNested ? `{${metric.suffix}}` : metric.fullName;
    return [`${indent}${title}`, ...thresholdLines(render, metric, indent)].join('\n');
  });
}

function thresholdLines({ model, paint }: Render, metric: SummaryMetric, indent: string): string[] {
  return metric.thresholds.map(({ source, label, isOk, value }) => {
    const mark = isOk ? paint.green(MARK.pass) : paint.red(MARK.fail);
    const shown = showStat(metric, label, value, model.timeUnit);
    return `${indent}${mark} ${paint.white(`'${source.trim()}'`)} ${paint.white(`${label}=`)}${paint.cyan(shown)}`;
  });
}

/** One number of a metric by the name of the stat. */
function showStat(metric: SummaryMetric, stat: string, value: number, timeUnit: TimeUnit): string {
  if (metric.type === 'rate') return formatShare(value);
  if (metric.type === 'trend' && stat === 'count') return String(value);
  const shown = formatValue(value, metric.contains, timeUnit);
  return metric.type === 'counter' && stat === 'rate' ? `${shown}/s` : shown;
}

function groupBlocks(render: Render, group: SummaryGroup, level: number): string[] {
  return [
    ...sectionBlocks(render, group, INDENT.repeat(level)),
    ...group.groups.flatMap((inner) => subgroupBlocks(render, inner, level)),
  ];
}

function subgroupBlocks(render: Render, group: SummaryGroup, level: number): string[] {
  const title = render.paint.bold(`${MARK.subgroup} GROUP: ${group.name}`);
  return [`${INDENT.repeat(level)}${title} `, ...groupBlocks(render, group, level + 1)];
}

/** Checks, then one block per section of metrics. */
function sectionBlocks(render: Render, section: SummarySection, indent: string): string[] {
  const blocks = checkBlocks(render, section, indent);
  const shown = section.metrics.filter((metric) => isShown(metric, render.options.mode));
  const lines = metricLines(render, shown);
  for (const title of SECTION_ORDER) {
    const own = lines.filter(({ metric }) => metricSection(metric) === title);
    if (own.length === 0) continue;
    blocks.push(
      [render.paint.bold(title), ...own.map(({ text }) => text)]
        .map((line) => indent + line)
        .join('\n'),
    );
  }
  return blocks;
}

function metricSection({ name, isBuiltin }: SummaryMetric): string {
  const known = METRIC_SECTIONS.find(({ prefixes }) => prefixes.some((p) => name.startsWith(p)));
  return known?.title ?? (isBuiltin ? 'EXECUTION' : CUSTOM);
}

function checkBlocks(render: Render, section: SummarySection, indent: string): string[] {
  const { paint, model } = render;
  if (section.checkTotals === undefined) return [];
  const { passes, fails } = section.checkTotals;
  const total = passes + fails;
  const perSecond = model.durationMs > 0 ? total / (model.durationMs / 1000) : 0;
  const share = (count: number): Row => ({
    main: formatShare(count / total),
    extras: [`${count} out of ${total}`],
  });
  const rows: [string, Row][] = [
    [
      'checks_total',
      { main: String(total), extras: [`${formatValue(perSecond, 'default', '')}/s`] },
    ],
    ['checks_succeeded', share(passes)],
    ['checks_failed', share(fails)],
  ];
  const widths = measure(rows.map(([, row]) => row));
  const nameWidth = Math.max(...rows.map(([name]) => width(name)));
  const totals = rows.map(
    ([name, row]) => indent + dotted(paint, name, nameWidth) + layRow(paint, row, widths),
  );
  if (section.checks.length === 0) return [totals.join('\n')];
  const list = section.checks.flatMap((check) => {
    if (check.fails === 0) return [indent + paint.green(`${MARK.pass} ${check.name}`)];
    const percent = Math.floor((100 * check.passes) / (check.passes + check.fails));
    const detail = `${MARK.detail}  ${percent}% — ${MARK.pass} ${check.passes} / ${MARK.fail} ${check.fails}`;
    return [indent + paint.red(`${MARK.fail} ${check.name}`), indent + INDENT + paint.red(detail)];
  });
  return [totals.join('\n'), list.join('\n')];
}

/** A line's data: columns of a trend, or a main value with extras. */
type Row =
  | { readonly main: string; readonly extras: readonly string[] }
  | { readonly columns: readonly { readonly stat: string; readonly value: string }[] };

interface Widths {
  readonly main: number;
  readonly extras: readonly number[];
  readonly columns: readonly number[];
}

/** All metrics of a section (of the run, a scenario, a group) share one alignment. */
function metricLines(
  render: Render,
  metrics: readonly SummaryMetric[],
): { metric: SummaryMetric; text: string }[] {
  const rows = metrics.map((metric) => metricRow(render.model, metric));
  const widths = measure(rows);
  const names = metrics.map(({ name, suffix }) =>
    suffix === undefined ? name : `${INDENT}{ ${suffix} }`,
  );
  const nameWidth = Math.max(0, ...names.map(width));
  return metrics.map((metric, index) => {
    const row = rows[index] ?? { columns: [] };
    const text =
      dotted(render.paint, names[index] ?? '', nameWidth) + layRow(render.paint, row, widths);
    return { metric, text };
  });
}

function metricRow(model: SummaryModel, metric: SummaryMetric): Row {
  const show = (stat: string): string =>
    showStat(metric, stat, metric.values[stat] ?? 0, model.timeUnit);
  switch (metric.type) {
    case 'trend':
      return { columns: model.trendStats.map((stat) => ({ stat, value: show(stat) })) };
    case 'counter':
      return { main: show('count'), extras: [show('rate')] };
    case 'gauge':
      return { main: show('value'), extras: [`min=${show('min')}`, `max=${show('max')}`] };
    case 'rate': {
      const { passes = 0, fails = 0 } = metric.values;
      return { main: show('rate'), extras: [`${passes} out of ${passes + fails}`] };
    }
  }
}

function measure(rows: readonly Row[]): Widths {
  const widths = { main: 0, extras: [] as number[], columns: [] as number[] };
  const widen = (list: number[], index: number, text: string): void => {
    list[index] = Math.max(list[index] ?? 0, width(text));
  };
  for (const row of rows) {
    if ('columns' in row) {
      for (const [index, { value }] of row.columns.entries()) widen(widths.columns, index, value);
    } else {
      widths.main = Math.max(widths.main, width(row.main));
      for (const [index, extra] of row.extras.entries()) widen(widths.extras, index, extra);
    }
  }
  return widths;
}

function layRow(paint: Paint, row: Row, widths: Widths): string {
  if ('columns' in row) {
    return row.columns
      .map(({ stat, value }, index) => `${stat}=${paint.cyan(pad(value, widths.columns[index]))}`)
      .join(' ');
  }
  const [only, ...more] = row.extras;
  // A single extra ends the line as it is; several are columns.
  const extras =
    more.length === 0
      ? [only ?? '']
      : row.extras.map((extra, index) => pad(extra, widths.extras[index]));
  return `${paint.cyan(pad(row.main, widths.main))} ${extras.map(paint.faintCyan).join(' ')}`;
}

/** The name, at least three dots, and a colon. */
function dotted(paint: Paint, name: string, nameWidth: number): string {
  return `${name}${paint.faint(`${'.'.repeat(nameWidth - width(name) + 3)}:`)} `;
}

function pad(text: string, to = 0): string {
  return text + ' '.repeat(Math.max(0, to - width(text)));
}

/** In characters as read: `µ` is one. */
function width(text: string): number {
  return [...text.normalize('NFC')].length;
}
