/**
 * What can be measured: metrics and the registry that names them.
 *
 * Every thread has a registry of its own. Built-in metrics come first and in the same order, so their
 * ids are equal everywhere; ids of custom metrics are not (init code may branch), so whatever crosses
 * threads carries the name, never the id alone.
 */
import { GharialError } from '../base/errors.ts';
import { BEYOND_K6, BUILTIN_METRICS } from './builtin.ts';
import type { MetricDefinition, MetricType, ValueType } from './definition.ts';

export type { MetricDefinition, MetricType, ValueType } from './definition.ts';

/** A metric of one thread's registry. `id` counts from 0 without gaps. */
export interface Metric extends MetricDefinition {
  readonly id: number;
  /** False for those of the script. */
  readonly isBuiltin: boolean;
}

/** True for a built-in metric that k6 has not: what imitates k6's lists of metrics leaves it out. */
export function isBeyondK6({ name, isBuiltin }: Metric): boolean {
  return isBuiltin && BEYOND_K6.has(name);
}

/** 2 to 129 characters, as k6 has it (its message speaks of "up to 128"). */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/;

/** All metrics of one thread: the built-in ones, then what the script defines. */
export class MetricRegistry {
  readonly #byName = new Map<string, Metric>();
  #count = 0;
  readonly #isSettled: boolean;

  /** @param declared the script's metrics, where they are known: then it can take no further built-in's name. */
  constructor(declared?: readonly MetricDefinition[]) {
    for (const definition of BUILTIN_METRICS) this.#add(definition, true);
    this.#isSettled = false;
    for (const { name, type, contains } of declared ?? []) this.declare(name, type, contains);
    this.#isSettled = declared !== undefined;
  }

  /**
   * `define`, for a metric of the script. In k6 the names beyond k6's built-in ones are free: here the script's
   * metric takes the place of the built-in one, which is not measured in that run.
   *
   * Errors: those of `define`; METRIC_CONFLICT for such a name if it comes after the built-in one is in use.
   */
  declare(name: string, type: MetricType, contains: ValueType = 'default'): Metric {
    const known = this.#byName.get(name);
    if (known === undefined || !isBeyondK6(known)) return this.define(name, type, contains);
    if (!this.#isSettled) return this.#add({ name, type, contains }, false);
    throw new GharialError(
      'METRIC_CONFLICT',
      `metric '${name}' is measured by gharial, unless the init code of VU 0 declares it too`,
    );
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
    return this.#add({ name, type, contains }, false);
  }

  get(name: string): Metric | undefined {
    return this.#byName.get(name);
  }

  /** All metrics that have their name, in order of first definition. */
  all(): readonly Metric[] {
    return [...this.#byName.values()];
  }

  #add({ name, type, contains }: MetricDefinition, isBuiltin: boolean): Metric {
    const metric: Metric = { id: this.#count++, name, type, contains, isBuiltin };
    this.#byName.set(name, metric);
    return metric;
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
