/** What was measured, as programs read it: plain numbers, and percentiles of trends. */
import { GharialError } from '../base/errors.ts';
import type { Aggregate, MetricView } from '../metrics/aggregate.ts';
import type { BUILTIN_METRICS } from '../metrics/builtin.ts';
import type { Metric, MetricType, ValueType } from '../metrics/metric.ts';
import {
  type CounterSink,
  createSink,
  type GaugeSink,
  mergeSink,
  type RateSink,
  readSink,
  type Sink,
} from '../metrics/sink.ts';
import type { Sketch } from '../metrics/sketch.ts';

interface CommonValues {
  /** What a value stands for: a plain number, milliseconds, or bytes. */
  readonly contains: ValueType;
  /** How often something was added; 0 = nothing was measured. */
  readonly samples: number;
}

/** Adds up, like `ws_msgs_sent`. */
export interface CounterValues extends CommonValues {
  readonly type: 'counter';
  /** The sum. */
  readonly count: number;
  /** The sum per second of the run. */
  readonly rate: number;
}

/** Keeps the latest value, like `vus`. NaN without samples. */
export interface GaugeValues extends CommonValues {
  readonly type: 'gauge';
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** How many of the samples were not zero, like `checks`. */
export interface RateValues extends CommonValues {
  readonly type: 'rate';
  /** 0 to 1; NaN without samples. */
  readonly rate: number;
  readonly passes: number;
  readonly fails: number;
}

/**
 * A distribution, like `ws_connecting`. All are NaN without samples, so that no comparison holds by accident.
 * Percentiles are those of the summary and of thresholds: exact up to 8192 values, within 0.4 % beyond.
 */
export class TrendValues implements CommonValues {
  readonly type = 'trend';
  readonly contains: ValueType;
  readonly samples: number;
  readonly avg: number;
  readonly min: number;
  readonly med: number;
  readonly max: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly #sketch: Sketch;

  /** @param sketch is kept, and must not change any more. */
  constructor(contains: ValueType, sketch: Sketch) {
    this.contains = contains;
    this.#sketch = sketch;
    this.samples = sketch.count;
    const isEmpty = sketch.count === 0;
    this.avg = isEmpty ? Number.NaN : sketch.avg;
    this.min = isEmpty ? Number.NaN : sketch.min;
    this.max = isEmpty ? Number.NaN : sketch.max;
    this.med = this.percentile(50);
    this.p90 = this.percentile(90);
    this.p95 = this.percentile(95);
    this.p99 = this.percentile(99);
  }

  /**
   * The value below which so many percent of the values lie.
   * @param percent 0 to 100, else a RangeError.
   */
  percentile(percent: number): number {
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(`percentile: got ${percent}; expected 0 to 100`);
    }
    return this.samples === 0 ? Number.NaN : this.#sketch.percentile(percent);
  }
}

export type MetricValues = CounterValues | GaugeValues | RateValues | TrendValues;

type ValuesOf<T extends MetricType> = Extract<MetricValues, { readonly type: T }>;

/**
 * The metrics that need no script to define them. They are always there, with or without samples; those that
 * k6 has not give way to metrics of the script that have their names, whatever their types.
 */
export type BuiltinMetrics = {
  readonly [M in (typeof BUILTIN_METRICS)[number] as M['name']]: ValuesOf<M['type']>;
};

/**
 * Metrics by name; sub-metrics that thresholds are about by their full name: `ws_connecting{scenario:chat}`.
 */
export type Metrics = BuiltinMetrics & { readonly [name: string]: MetricValues | undefined };

/** All metrics of an aggregate as they are now. Cost: a copy of each trend's distribution. */
export function readMetrics(aggregate: Aggregate, durationMs: number): Metrics {
  const views = aggregate.registry
    .all()
    .flatMap((metric): MetricView[] => [aggregate.total(metric), ...aggregate.submetrics(metric)]);
  const values = views.map(({ name, metric, sink }) => {
    const copy = createSink(metric.type);
    mergeSink(copy, sink);
    return [name, valuesOf(metric, copy, durationMs)];
  });
  return Object.fromEntries(values) as Metrics; // the registry has all built-in ones
}

/**
 * One metric, or the part of it whose samples have all these tags.
 * @throws GharialError METRIC_UNKNOWN
 */
export function readMetric(
  aggregate: Aggregate,
  name: string,
  tags: Readonly<Record<string, string>>,
  durationMs: number,
): MetricValues {
  const metric = aggregate.registry.get(name);
  if (metric === undefined) {
    const known = aggregate.registry.all().map((other) => other.name);
    throw new GharialError(
      'METRIC_UNKNOWN',
      `the run has no metric ${JSON.stringify(name)}; it has ${known.join(', ')}`,
      { hint: 'a custom metric must be made in the init context of the script' },
    );
  }
  const filter = Object.entries(tags);
  const sink = createSink(metric.type);
  for (const series of aggregate.series) {
    if (series.metric === metric && series.tags.matches(filter)) mergeSink(sink, series.sink);
  }
  return valuesOf(metric, sink, durationMs);
}

function valuesOf({ contains }: Metric, sink: Sink, durationMs: number): MetricValues {
  switch (sink.type) {
    case 'counter':
      return counterValues(contains, sink, durationMs);
    case 'gauge':
      return gaugeValues(contains, sink);
    case 'rate':
      return rateValues(contains, sink);
    case 'trend':
      return new TrendValues(contains, sink);
  }
}

function counterValues(contains: ValueType, sink: CounterSink, durationMs: number): CounterValues {
  const rate = readSink(sink, 'rate', durationMs) ?? 0;
  return { type: 'counter', contains, samples: sink.count, count: sink.sum, rate };
}

function gaugeValues(contains: ValueType, sink: GaugeSink): GaugeValues {
  const { count, value, min, max } = sink;
  const numbers = count === 0 ? NO_GAUGE : { value, min, max };
  return { type: 'gauge', contains, samples: count, ...numbers };
}

const NO_GAUGE = { value: Number.NaN, min: Number.NaN, max: Number.NaN };

function rateValues(contains: ValueType, { count, passes }: RateSink): RateValues {
  const rate = count === 0 ? Number.NaN : passes / count;
  return { type: 'rate', contains, samples: count, rate, passes, fails: count - passes };
}
