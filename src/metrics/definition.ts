/** What a metric is, apart from any registry. */

export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend';

/** What a value stands for: a plain number, milliseconds, or bytes. */
export type ValueType = 'default' | 'time' | 'data';

/** What identifies a metric across threads. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: MetricType;
  readonly contains: ValueType;
}
