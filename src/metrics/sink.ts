/**
 * The four accumulators behind merged metrics, and the questions one may ask them.
 *
 * A sink belongs to the main thread; workers keep plain numbers (see recorder.ts). All of them merge by
 * addition, so a view over any set of series is the merge of their sinks.
 */
import type { MetricType } from './metric.ts';
import { type ExactLimit, Sketch } from './sketch.ts';
import { Field } from './snapshot.ts';

export class CounterSink {
  readonly type = 'counter';
  /** Samples. */
  count = 0;
  sum = 0;
}

export class GaugeSink {
  readonly type = 'gauge';
  count = 0;
  /** The value with the latest time; of equal times the one processed last. */
  value = 0;
  lastTimeMs: number = Number.NEGATIVE_INFINITY;
  min = 0;
  max = 0;
}

export class RateSink {
  readonly type = 'rate';
  /** Samples. */
  count = 0;
  /** Non-zero samples. */
  passes = 0;
}

export type Sink = CounterSink | GaugeSink | RateSink | Sketch;

export function createSink(type: MetricType, limit?: ExactLimit): Sink {
  switch (type) {
    case 'counter':
      return new CounterSink();
    case 'gauge':
      return new GaugeSink();
    case 'rate':
      return new RateSink();
    case 'trend':
      return new Sketch(limit);
  }
}

/** Adds one series' delta, FIELDS numbers from `at`. A trend's distribution follows separately. */
export function addDelta(sink: Sink, stats: Float64Array, at: number): void {
  const count = stats[at + Field.count] ?? 0;
  if (count === 0) return;
  const sum = stats[at + Field.sum] ?? 0;
  const min = stats[at + Field.min] ?? 0;
  const max = stats[at + Field.max] ?? 0;
  switch (sink.type) {
    case 'counter':
      sink.sum += sum;
      sink.count += count;
      return;
    case 'rate':
      sink.passes += sum;
      sink.count += count;
      return;
    case 'gauge':
      addGauge(
        sink,
        count,
        min,
        max,
        stats[at + Field.last] ?? 0,
        stats[at + Field.lastTimeMs] ?? 0,
      );
      return;
    case 'trend':
      sink.addStats(count, sum, min, max);
  }
}

/** Adds all of `from`, a sink of the same type; a different type adds nothing and is a programmer's error. */
export function mergeSink(into: Sink, from: Sink): void {
  if (into.type === 'counter' && from.type === 'counter') {
    into.count += from.count;
    into.sum += from.sum;
  } else if (into.type === 'rate' && from.type === 'rate') {
    into.count += from.count;
    into.passes += from.passes;
  } else if (into.type === 'gauge' && from.type === 'gauge') {
    if (from.count > 0) {
      addGauge(into, from.count, from.min, from.max, from.value, from.lastTimeMs);
    }
  } else if (into.type === 'trend' && from.type === 'trend') {
    into.merge(from);
  } else {
    throw new TypeError(`cannot merge a ${from.type} into a ${into.type}`);
  }
}

/** Empties a sink for the next interval; a gauge keeps its value. */
export function clearSink(sink: Sink): void {
  if (sink.type === 'trend') {
    sink.clear();
    return;
  }
  sink.count = 0;
  if (sink.type === 'counter') sink.sum = 0;
  else if (sink.type === 'rate') sink.passes = 0;
}

/**
 * One number of a sink, by the name k6 has for it: counter `count`, `rate`; gauge `value`, `min`, `max`;
 * rate `rate`, `passes`, `fails`; trend `avg`, `min`, `max`, `med`, `count`, `p` with `percent` 0 to 100.
 * An empty sink answers 0. Undefined if the type has no such number.
 *
 * @param durationMs what a counter's `rate` per second divides by; 0 gives rate 0.
 */
export function readSink(
  sink: Sink,
  method: string,
  durationMs: number,
  percent = 50,
): number | undefined {
  switch (sink.type) {
    case 'counter':
      if (method === 'count') return sink.sum;
      if (method === 'rate') return durationMs > 0 ? sink.sum / (durationMs / 1000) : 0;
      return undefined;
    case 'gauge':
      return method === 'value' || method === 'min' || method === 'max' ? sink[method] : undefined;
    case 'rate':
      if (method === 'rate') return sink.count === 0 ? 0 : sink.passes / sink.count;
      if (method === 'passes') return sink.passes;
      return method === 'fails' ? sink.count - sink.passes : undefined;
    case 'trend':
      return readTrend(sink, method, percent);
  }
}

function readTrend(sketch: Sketch, method: string, percent: number): number | undefined {
  switch (method) {
    case 'avg':
    case 'min':
    case 'max':
    case 'count':
      return sketch[method];
    case 'med':
      return sketch.percentile(50);
    case 'p':
      return sketch.percentile(percent);
    default:
      return undefined;
  }
}

function addGauge(
  into: GaugeSink,
  count: number,
  min: number,
  max: number,
  value: number,
  lastTimeMs: number,
): void {
  into.min = into.count === 0 ? min : Math.min(into.min, min);
  into.max = into.count === 0 ? max : Math.max(into.max, max);
  into.count += count;
  if (lastTimeMs >= into.lastTimeMs) {
    into.value = value;
    into.lastTimeMs = lastTimeMs;
  }
}
