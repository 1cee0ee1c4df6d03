/**
 * Our stand-in for `https://jslib.k6.io/k6-summary/<version>/index.js`: what `handleSummary` gets, as
 * the text that k6 printed before 1.0, and as a JUnit report of the thresholds.
 *
 * It becomes part of the bundle of the script that imports the URL: script code, self-contained.
 */
interface Metric {
  readonly type: 'counter' | 'gauge' | 'rate' | 'trend';
  readonly contains: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

interface Group {
  readonly name: string;
  readonly groups: readonly Group[];
  readonly checks: readonly {
    readonly name: string;
    readonly passes: number;
    readonly fails: number;
  }[];
}

interface SummaryData {
  readonly root_group: Group;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly options?: {
    readonly summaryTrendStats?: readonly string[];
    readonly summaryTimeUnit?: string;
    readonly noColor?: boolean;
  };
}

interface TextOptions {
  /** Put before every line; a space if not given. */
  readonly indent?: string;
  /** True unless the run was told to have no colours. */
  readonly enableColors?: boolean;
  readonly summaryTrendStats?: readonly string[];
  readonly summaryTimeUnit?: string;
}

type Style = 'green' | 'red' | 'cyan' | 'faintCyan' | 'faint';
type Paint = (text: string, style: Style) => string;

const SGR: Readonly<Record<Style, string>> = {
  green: '32',
  red: '31',
  cyan: '36',
  faintCyan: '36;2',
  faint: '2',
};
const DEFAULT_STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'];
/** Dots behind the longest name. */
const DOTS_MIN = 3;

/** Groups and checks as a tree, then all metrics, sorted. */
export function textSummary(data: SummaryData, options: TextOptions = {}): string {
  const indent = options.indent ?? ' ';
  const hasColors = options.enableColors ?? data.options?.noColor !== true;
  const paint: Paint = (text, style) =>
    hasColors ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text;
  const stats = options.summaryTrendStats ?? data.options?.summaryTrendStats ?? DEFAULT_STATS;
  const timeUnit = options.summaryTimeUnit ?? data.options?.summaryTimeUnit ?? '';
  return [
    ...groupLines(data.root_group, `${indent}    `, paint),
    ...metricLines(data.metrics, `${indent}  `, { stats, timeUnit, paint }),
  ].join('\n');
}

function groupLines(group: Group, indent: string, paint: Paint): string[] {
  const isRoot = group.name === '';
  const inner = isRoot ? indent : `${indent}  `;
  const lines = isRoot ? [] : [`${indent}█ ${group.name}`, ''];
  for (const { name, passes, fails } of group.checks) {
    if (fails === 0) {
      lines.push(paint(`${inner}✓ ${name}`, 'green'));
      continue;
    }
    const percent = Math.floor((100 * passes) / (passes + fails));
    lines.push(
      paint(`${inner}✗ ${name}\n${inner} ↳  ${percent}% — ✓ ${passes} / ✗ ${fails}`, 'red'),
    );
  }
  if (group.checks.length > 0) lines.push('');
  return [...lines, ...group.groups.flatMap((child) => groupLines(child, inner, paint))];
}

interface MetricStyle {
  readonly stats: readonly string[];
  readonly timeUnit: string;
  readonly paint: Paint;
}

function metricLines(
  metrics: SummaryData['metrics'],
  indent: string,
  { stats, timeUnit, paint }: MetricStyle,
): string[] {
  const rows = Object.entries(metrics)
    .sort(([a], [b]) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map(([name, metric]) => ({
      label: labelOf(name),
      metric,
      cells: cellsOf(metric, stats, timeUnit),
    }));
  const labelWidth = Math.max(0, ...rows.map(({ label }) => label.length)) + DOTS_MIN;
  const trends = rows.filter(({ metric }) => metric.type === 'trend').map(({ cells }) => cells);
  const others = rows.filter(({ metric }) => metric.type !== 'trend').map(({ cells }) => cells);
  const widths = { trend: columnWidths(trends), other: columnWidths(others) };

  return rows.map(({ label, metric, cells }) => {
    const isTrend = metric.type === 'trend';
    const columns = isTrend ? widths.trend : widths.other;
    const values = cells.map((cell, at) => {
      const isLast = at === cells.length - 1;
      const padding = isLast ? '' : ' '.repeat((columns[at] ?? 0) - cell.length + 1);
      const [stat, value] = isTrend ? cell.split('=') : [];
      if (value !== undefined) return `${stat}=${paint(value, 'cyan')}${padding}`;
      return `${paint(cell, at === 0 ? 'cyan' : 'faintCyan')}${padding}`;
    });
    const dots = paint(`${'.'.repeat(labelWidth - label.length)}:`, 'faint');
    return `${indent}${markOf(metric, paint)} ${label}${dots} ${values.join('')}`;
  });
}

/** A sub-metric follows its metric. */
function sortKey(name: string): string {
  return name.replace('{', '\u0000{');
}

/** `http_reqs{scenario:a,url:/}` becomes an indented `{ scenario:a, url:/ }` below `http_reqs`. */
function labelOf(name: string): string {
  const suffix = /\{(.*)\}$/.exec(name)?.[1];
  return suffix === undefined ? name : `  { ${suffix} }`;
}

function markOf({ thresholds }: Metric, paint: Paint): string {
  if (thresholds === undefined) return ' ';
  return Object.values(thresholds).every(({ ok }) => ok) ? paint('✓', 'green') : paint('✗', 'red');
}

function cellsOf(metric: Metric, stats: readonly string[], timeUnit: string): string[] {
  const { type, values } = metric;
  const show = (stat: string): string => humanizeValue(values[stat] ?? 0, metric, timeUnit);
  switch (type) {
    case 'counter':
      return [show('count'), `${show('rate')}/s`];
    case 'gauge':
      return [show('value'), `min=${show('min')}`, `max=${show('max')}`];
    case 'rate':
      return [show('rate'), `✓ ${values['passes'] ?? 0}`, `✗ ${values['fails'] ?? 0}`];
    case 'trend':
      return stats.map((stat) => `${stat}=${stat === 'count' ? values[stat] : show(stat)}`);
  }
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return widths;
}

/** A value of a metric in the unit that suits it; `timeUnit` is `s`, `ms`, `us` or nothing. */
export function humanizeValue(value: number, metric: Metric, timeUnit = ''): string {
  // Cut off, not rounded: 99.999 % of checks are not all of them.
  if (metric.type === 'rate') return `${(Math.trunc(value * 10_000) / 100).toFixed(2)}%`;
  if (metric.contains === 'data') return humanizeBytes(value);
  if (metric.contains === 'time') return humanizeTime(value, timeUnit);
  return String(Number(value.toFixed(6)));
}

function humanizeBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  if (bytes < 10) return `${Number(bytes.toFixed(6))} B`;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3 + 1e-12));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

function humanizeTime(ms: number, timeUnit: string): string {
  if (timeUnit === 's') return `${(ms / 1000).toFixed(2)}s`;
  if (timeUnit === 'ms') return `${ms.toFixed(2)}ms`;
  if (timeUnit === 'us') return `${(ms * 1000).toFixed(2)}µs`;
  const cut = (value: number): number => Math.trunc(value * 100) / 100;
  if (ms === 0) return '0s';
  if (ms < 0) return `-${humanizeTime(-ms, '')}`;
  if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`;
  if (ms < 1) return `${cut(ms * 1000)}µs`;
  if (ms < 1000) return `${cut(ms)}ms`;
  if (ms < 60_000) return `${cut(ms / 1000)}s`;
  const minutes = Math.trunc(ms / 60_000);
  const rest = `${minutes % 60}m${Math.trunc((ms % 60_000) / 1000)}s`;
  return minutes < 60 ? rest : `${Math.trunc(minutes / 60)}h${rest}`;
}

interface JUnitOptions {
  /** Name of the suite. */
  readonly name?: string;
  /** `classname` of every case. */
  readonly classname?: string;
}

/** One test case for each threshold. */
export function jUnit(data: SummaryData, options: JUnitOptions = {}): string {
  const name = escapeXml(options.name ?? 'k6 thresholds');
  const classname =
    options.classname === undefined ? '' : ` classname="${escapeXml(options.classname)}"`;
  let failures = 0;
  const cases: string[] = [];
  for (const [metric, { thresholds = {} }] of Object.entries(data.metrics)) {
    for (const [expression, { ok }] of Object.entries(thresholds)) {
      const head = `<testcase name="${escapeXml(`${metric} - ${expression}`)}"${classname}`;
      cases.push(ok ? `${head} />` : `${head}><failure message="failed" /></testcase>`);
      if (!ok) failures++;
    }
  }
  const counts = `tests="${cases.length}" failures="${failures}"`;
  return [
    '<?xml version="1.0"?>',
    `<testsuites ${counts}>`,
    `<testsuite name="${name}" ${counts}>`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;');
}
