/** The module `k6/metrics`: Counter, Gauge, Rate, Trend. */
import type { Metric, MetricType } from '../metrics/metric.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { withScriptTags } from './sample-tags.ts';
import { NativeError } from './script-error.ts';

/** Longer values are shortened in warnings. */
const SHOWN_CHARS_MAX = 100;

function shorten(text: string): string {
  if (text.length <= SHOWN_CHARS_MAX) return text;
  const half = SHOWN_CHARS_MAX / 2;
  return `${text.slice(0, half)}... omitting ${text.length - SHOWN_CHARS_MAX} characters ...${text.slice(-half)}`;
}

/** A sample value as scripts may give it; NaN if it is none. */
function sampleValue(value: unknown): number {
  if (value === undefined || value === null) return Number.NaN;
  return Number(value);
}

function explainValue(metric: Metric, args: readonly unknown[]): string {
  const what =
    args.length === 0
      ? `no value was provided for metric '${metric.name}'`
      : `'${shorten(String(args[0]))}' is an invalid value for metric '${metric.name}'`;
  return `${what}, a number or a boolean value is expected`;
}

function addSample(host: VuHost, metric: Metric, args: readonly unknown[]): boolean {
  if (host.phase === 'init') {
    throw new NativeError('Adding to metrics in the init context is not supported');
  }
  const [given, tags] = args;
  if (typeof given === 'bigint') throw new TypeError('Cannot convert a BigInt value to a number');
  const value = sampleValue(given);
  if (Number.isNaN(value)) {
    const message = explainValue(metric, args);
    if (host.isThrowing) throw new NativeError(message);
    host.log('warning', message);
    return false;
  }
  let tagSet = host.tags;
  try {
    tagSet = withScriptTags(tagSet, tags);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new NativeError(`cannot add tags for the '${metric.name}' custom metric: ${detail}`);
  }
  host.record(host.series(metric, tagSet), value);
  return true;
}

function metricClass(host: VuHost, className: string, type: MetricType): unknown {
  // A function, not a class: k6 scripts may leave out `new`.
  const create = function (this: unknown, name: unknown, isTime: unknown): object {
    if (host.phase !== 'init') {
      throw new NativeError('metrics must be declared in the init context');
    }
    let metric: Metric;
    try {
      metric = host.registry.declare(String(name), type, isTime ? 'time' : 'default');
    } catch (error) {
      throw new NativeError(error instanceof Error ? error.message : String(error));
    }
    const target: object =
      new.target === undefined ? Object.create(create.prototype) : Object(this);
    Object.defineProperty(target, 'name', { value: metric.name, enumerable: true });
    Object.defineProperty(target, 'add', {
      value: (...args: unknown[]): boolean => addSample(host, metric, args),
      enumerable: true,
    });
    return target;
  };
  Object.defineProperty(create, 'name', { value: className });
  return create;
}

/** `k6/metrics` bound to one VU. */
export function createMetricsModule(host: VuHost): ScriptModule {
  const named = {
    Counter: metricClass(host, 'Counter', 'counter'),
    Gauge: metricClass(host, 'Gauge', 'gauge'),
    Rate: metricClass(host, 'Rate', 'rate'),
    Trend: metricClass(host, 'Trend', 'trend'),
  };
  return { named, default: named };
}
