/**
 * What can be measured: metrics and the registry that names them.
 *
 * Every thread has a registry of its own. Built-in metrics come first and in the same order, so their
 * ids are equal everywhere; ids of custom metrics are not (init code may branch), so whatever crosses
 * threads carries the name, never the id alone.
 */
import { GharialError } from '../base/errors.ts';
import { BUILTIN_METRICS } from './builtin.ts';
import type { MetricDefinition, MetricType, ValueType } from './definition.ts';

export type { MetricDefinition, MetricType, ValueType } from './definition.ts';

/** A metric of one thread's registry. `id` counts from 0 without gaps. */
export interface Metric extends MetricDefinition {
  readonly id: number;
}

/** 2 to 129 characters, as k6 has it (its message speaks of "up to 128"). */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/;

/** All metrics of one thread: the built-in ones, then what the script defines. */
export class MetricRegistry {
  readonly #byName = new Map<string, Metric>();
  readonly #all: Metric[] = [];

  constructor() {
    for (const { name, type, contains } of BUILTIN_METRICS) this.define(name, type, contains);
  }

  /**
   * Registers a metric, or returns the one that exists with the same name, type and value type.
   *
   * Errors (texts as in k6): METRIC_NAME_INVALID; METRIC_CONFLICT if the name is taken by another
   * type or value type.
   */
  define(name: string, type: MetricType, contains: ValueType = 'default'): Metric {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      assertSame(known, type, contains);
      return known;
    }
    if (!NAME.test(name)) {
      throw new GharialError(
        'METRIC_NAME_INVALID',
        `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
      );
    }
    const metric: Metric = { id: this.#all.length, name, type, contains };
    this.#byName.set(name, metric);
    this.#all.push(metric);
    return metric;
  }

  get(name: string): Metric | undefined {
    return this.#byName.get(name);
  }

  /** All metrics in order of their ids. */
  all(): readonly Metric[] {
    return this.#all;
  }
}

function assertSame(known: Metric, type: MetricType, contains: ValueType): void {
  if (known.type !== type) {
    throw new GharialError(
      'METRIC_CONFLICT',
      `metric '${known.name}' already exists but with type ${known.type}, instead of ${type}`,
    );
  }
  if (known.contains !== contains) {
    throw new GharialError(
      'METRIC_CONFLICT',
      `metric '${known.name}' already exists but with a value type ${known.contains}, instead of ${contains}`,
    );
  }
}
