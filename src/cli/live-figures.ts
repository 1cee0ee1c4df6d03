/**
 * The figures of a running test that matter for sockets, from the merged aggregate: an output like others.
 * It keeps what it needs for rates per second, and is read when something is drawn.
 */
import { nowMs } from '../base/clock.ts';
import type { Aggregate, AggregateSeries } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import type { Sketch } from '../metrics/sketch.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { Output, RunInfo } from '../output/output.ts';
import { isUnwantedEnd } from '../websocket/unwanted-end.ts';

/** Per second, over the last tick. */
const RATES = ['ws_msgs_received', 'ws_msgs_sent', 'data_received', 'data_sent'] as const;
type RateName = (typeof RATES)[number];
/** Trends in this order, then the script's own times. */
const TIMES: readonly (readonly [name: string, label: string])[] = [
  ['ws_connecting', 'connect'],
  ['ws_ping', 'ping'],
  ['http_req_duration', 'http'],
];
/** Of the script's own trends, in order of first sight: most measure replies. */
const OWN_TIMES_MAX = 3;
const CLOSED = 'ws_sockets_closed';

export interface TimeFigure {
  readonly label: string;
  readonly sketch: Sketch;
}

/** A kind of error and how often it came. */
export interface ErrorFigure {
  readonly text: string;
  readonly count: number;
}

export interface ThresholdFigure {
  readonly metric: string;
  readonly expression: string;
  readonly isOk: boolean;
  /** What was compared; undefined before the first sample. */
  readonly value: number | undefined;
  readonly type: Metric['type'];
  readonly contains: Metric['contains'];
  /** `rate`, `p`, … */
  readonly method: string;
}

export interface Figures {
  /** A socket has been opened, or tried to. */
  readonly hasSockets: boolean;
  readonly perSecond: Readonly<Record<RateName, number>>;
  readonly times: readonly TimeFigure[];
  /** Most frequent first. */
  readonly errors: readonly ErrorFigure[];
  /** Crossed ones first, else in the order of the options. */
  readonly thresholds: readonly ThresholdFigure[];
}

export class LiveFigures implements Output {
  readonly description = 'terminal';
  readonly needs = 'aggregate';
  #info: RunInfo | undefined;
  #lastMs = 0;
  /** Of the last tick, if it was asked for. */
  #figures: Figures | undefined;
  readonly #lastSums = new Map<RateName, number>();
  readonly #perSecond: Record<RateName, number> = {
    ws_msgs_received: 0,
    ws_msgs_sent: 0,
    data_received: 0,
    data_sent: 0,
  };

  start(info: RunInfo): void {
    this.#info = info;
    this.#lastMs = nowMs();
  }

  onTick(aggregate: Aggregate): void {
    this.#figures = undefined;
    const timeMs = nowMs();
    const seconds = (timeMs - this.#lastMs) / 1000;
    this.#lastMs = timeMs;
    for (const name of RATES) {
      const sum = sumOf(aggregate, name);
      const added = sum - (this.#lastSums.get(name) ?? 0);
      this.#perSecond[name] = seconds > 0 ? added / seconds : 0;
      this.#lastSums.set(name, sum);
    }
  }

  stop(): void {}

  /** As of the last tick; undefined before the outputs have started. Cost: one pass over all series per tick. */
  read(): Figures | undefined {
    if (this.#info === undefined) return undefined;
    const { aggregate, thresholds } = this.#info;
    this.#figures ??= {
      hasSockets: sumOf(aggregate, 'ws_sessions') > 0,
      perSecond: { ...this.#perSecond },
      times: timesOf(aggregate),
      errors: errorsOf(aggregate),
      thresholds: thresholdsOf(thresholds),
    };
    return this.#figures;
  }
}

function sumOf(aggregate: Aggregate, name: string): number {
  const metric = aggregate.registry.get(name);
  const sink = metric === undefined ? undefined : aggregate.total(metric).sink;
  return sink?.type === 'counter' ? sink.sum : 0;
}

function timesOf(aggregate: Aggregate): TimeFigure[] {
  const known = TIMES.flatMap(([name, label]) => timeOf(aggregate, name, label));
  const builtin = new Set<string>([...TIMES.map(([name]) => name), ...HIDDEN_TIMES]);
  const own = aggregate
    .observed()
    .filter(({ name, type, contains, isBuiltin }) => {
      return type === 'trend' && contains === 'time' && !(isBuiltin && builtin.has(name));
    })
    .slice(0, OWN_TIMES_MAX)
    .flatMap(({ name }) => timeOf(aggregate, name, name));
  return [...known, ...own];
}

/** Built-in times that say how long the script took, not how fast the server answered, and parts of others. */
const HIDDEN_TIMES = [
  'iteration_duration',
  'group_duration',
  'ws_session_duration',
  'ws_dns_lookup',
  'ws_tcp_connecting',
  'ws_tls_handshaking',
  'ws_upgrading',
  'grpc_req_duration',
  'http_req_blocked',
  'http_req_connecting',
  'http_req_tls_handshaking',
  'http_req_sending',
  'http_req_waiting',
  'http_req_receiving',
];

function timeOf(aggregate: Aggregate, name: string, label: string): TimeFigure[] {
  const metric = aggregate.registry.get(name);
  const sink = metric === undefined ? undefined : aggregate.total(metric).sink;
  return sink?.type === 'trend' && sink.count > 0 ? [{ label, sketch: sink }] : [];
}

function errorsOf(aggregate: Aggregate): ErrorFigure[] {
  const counts = new Map<string, number>();
  const add = (text: string, count: number): void => {
    if (count > 0) counts.set(text, (counts.get(text) ?? 0) + count);
  };
  const closed = aggregate.registry.get(CLOSED);
  if (closed?.isBuiltin === true && aggregate.total(closed).sink.count > 0) {
    for (const series of aggregate.series) {
      if (series.metric === closed) add(...closeOf(series));
    }
  }
  const failed = aggregate.registry.get('http_req_failed');
  const sink = failed === undefined ? undefined : aggregate.total(failed).sink;
  if (sink?.type === 'rate') add('HTTP request failed', sink.passes);
  add('iteration dropped', sumOf(aggregate, 'dropped_iterations'));
  return [...counts]
    .map(([text, count]) => ({ text, count }))
    .toSorted((a, b) => b.count - a.count);
}

/** How the connections of a series ended, and how many; 0 if that was no error. */
function closeOf({ tags, sink }: AggregateSeries): [text: string, count: number] {
  const cause = tags.get('cause') ?? '';
  const code = tags.get('code') ?? '';
  // A dial that failed has code 1006 too, which tells nothing.
  const spoken = cause.startsWith('dial-') ? '' : code;
  const words = [spoken, tags.get('reason') ?? cause].filter((word) => word !== '');
  const isError = sink.type === 'counter' && isUnwantedEnd(cause, code);
  return [words.join(' '), isError ? sink.sum : 0];
}

function thresholdsOf(thresholds: ThresholdSet | undefined): ThresholdFigure[] {
  const all = (thresholds?.metrics ?? []).flatMap(({ view, states }) =>
    states.map(({ spec, expression, isOk, value }) => ({
      metric: view.name,
      expression: spec.threshold.trim(),
      isOk,
      value: view.sink.count === 0 ? undefined : value,
      type: view.metric.type,
      contains: view.metric.contains,
      method: expression.method,
    })),
  );
  return all.toSorted((a, b) => Number(a.isOk) - Number(b.isOk));
}
