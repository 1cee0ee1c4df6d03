/**
 * Thresholds of a run: bound to views of the aggregate, evaluated in this one place.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import type { Aggregate, MetricView } from './aggregate.ts';
import { parseSelector } from './selector.ts';
import { readSink } from './sink.ts';
import {
  assertSupported,
  holds,
  parseExpression,
  type ThresholdExpression,
} from './threshold-expression.ts';

/** One threshold as the options give it. */
export interface ThresholdSpec {
  readonly threshold: string;
  readonly abortOnFail: boolean;
  /** Failures do not abort before this time of the run; undefined = at once. */
  readonly delayAbortEvalMs: number | undefined;
}

/** Metric selectors and their thresholds, as in `options.thresholds`. */
export type ThresholdSpecs = Readonly<Record<string, readonly ThresholdSpec[]>>;

/** A threshold and how it stands. */
export interface ThresholdState {
  readonly spec: ThresholdSpec;
  readonly expression: ThresholdExpression;
  /** At the last evaluation; true before the first. */
  readonly isOk: boolean;
  /** The aggregate compared at the last evaluation, undefined before the first. */
  readonly value: number | undefined;
}

/** All thresholds of one metric or sub-metric. */
export interface MetricThresholds {
  readonly view: MetricView;
  readonly states: readonly ThresholdState[];
}

export interface Verdict {
  /** Full names of metrics with a crossed threshold, sorted. */
  readonly failed: readonly string[];
  /** A crossed threshold asks for the run to stop now. */
  readonly isAborting: boolean;
}

export class ThresholdSet {
  readonly #metrics: BoundThresholds[];

  /**
   * Parses all thresholds and makes the sub-metrics they are about. The script's metrics must be in the
   * aggregate's registry. Errors: THRESHOLD_INVALID with k6's texts, exit code 104.
   */
  constructor(aggregate: Aggregate, specs: ThresholdSpecs) {
    this.#metrics = Object.entries(specs).map(([selector, list]) => {
      const parsed = list.map((spec) => ({ spec, expression: parseExpression(spec.threshold) }));
      const view = selectView(aggregate, selector);
      for (const { expression } of parsed) {
        assertSupported(expression, selector, view.metric.type);
      }
      const states = parsed.map((part) => ({ ...part, isOk: true, value: undefined }));
      return { view, states };
    });
  }

  /** In the order of the options. */
  get metrics(): readonly MetricThresholds[] {
    return this.#metrics;
  }

  /**
   * Compares all thresholds with the aggregate. k6's rules without samples: before the end nothing is
   * evaluated; at the end a rate metric passes and others count as 0.
   *
   * @param elapsedMs time of the run so far: divides counters' rates and is compared with delayAbortEval.
   */
  evaluate(elapsedMs: number, isFinal: boolean): Verdict {
    const failed: string[] = [];
    let isAborting = false;
    for (const { view, states } of this.#metrics) {
      const { sink } = view;
      if (sink.count === 0 && !isFinal) continue;
      const isVacuous = sink.count === 0 && sink.type === 'rate';
      for (const state of states) {
        const { method, percent } = state.expression;
        state.value = readSink(sink, method, elapsedMs, percent) ?? 0;
        state.isOk = isVacuous || holds(state.expression, state.value);
        if (state.isOk || !state.spec.abortOnFail) continue;
        const delayMs = state.spec.delayAbortEvalMs;
        if (delayMs === undefined || elapsedMs > delayMs) isAborting = true;
      }
      if (states.some(({ isOk }) => !isOk)) failed.push(view.name);
    }
    return { failed: failed.sort(), isAborting };
  }
}

/**
 * The view that a selector names; a sub-metric is made if need be. Errors: THRESHOLD_INVALID. With
 * `--no-thresholds` the engine still calls it for every selector, and only warns.
 */
export function selectView(aggregate: Aggregate, selector: string): MetricView {
  const { name, suffix, filter } = parseSelector(selector);
  const metric = aggregate.registry.get(name);
  if (metric === undefined) {
    throw new GharialError(
      'THRESHOLD_INVALID',
      `invalid threshold defined on ${selector}; reason: no metric name ${JSON.stringify(name)} found`,
      {
        exitCode: ExitCode.invalidConfig,
        hint: 'a custom metric must be made in the init context (outside of functions)',
      },
    );
  }
  return suffix === undefined
    ? aggregate.total(metric)
    : aggregate.addSubmetric(metric, suffix, filter);
}

/** What to tell the user of crossed thresholds: when they end the run early, or at its end. */
export function crossedMessage(failed: readonly string[], isAborting: boolean): string {
  const names = `thresholds on metrics '${failed.join(', ')}'`;
  return isAborting
    ? `${names} were crossed; at least one has abortOnFail enabled, stopping test prematurely`
    : `${names} have been crossed`;
}

interface BoundThresholds {
  readonly view: MetricView;
  readonly states: {
    readonly spec: ThresholdSpec;
    readonly expression: ThresholdExpression;
    isOk: boolean;
    value: number | undefined;
  }[];
}
