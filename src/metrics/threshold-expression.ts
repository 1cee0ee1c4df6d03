/**
 * The expressions of thresholds: `aggregation operator number`, k6's grammar and error texts.
 */
import { ExitCode, GharialError } from '../base/errors.ts';
import type { MetricType } from './metric.ts';

/** In the order in which k6 tries them. */
const OPERATORS = ['<=', '<', '>=', '>', '===', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];

export interface ThresholdExpression {
  /** As written. */
  readonly source: string;
  /** Left side as written, trimmed: `avg`, `p(99.9)`. */
  readonly label: string;
  /** `count`, `rate`, `value`, `avg`, `min`, `max`, `med` or `p`. */
  readonly method: string;
  /** 0 to 100, of `p` only. */
  readonly percent: number | undefined;
  readonly operator: Operator;
  readonly limit: number;
}

const METHODS = new Set(['count', 'rate', 'value', 'avg', 'min', 'max', 'med']);

const METHODS_BY_TYPE: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['count', 'rate'],
  gauge: ['value'],
  rate: ['rate'],
  trend: ['avg', 'min', 'max', 'med', 'p(N)'],
};

/** A threshold that cannot be understood. */
export class ThresholdSyntaxError extends GharialError {
  /** Where in the expression, in UTF-16 units from 0. */
  readonly position: number;

  constructor(message: string, source: string, position: number) {
    super('THRESHOLD_INVALID', message, {
      exitCode: ExitCode.invalidConfig,
      hint: `at character ${position + 1} of ${JSON.stringify(source)}; examples: "p(95)<500", "avg<=200", "rate>0.95", "count<100"`,
    });
    this.position = position;
  }
}

/** Parses an expression; whether the metric's type has the aggregation is for `assertSupported`. */
export function parseExpression(source: string): ThresholdExpression {
  const { left, operator, right, at } = split(source);
  const label = left.trim();
  const { method, percent } = parseMethod(source, left, label);
  const limit = parseLimit(source, right.trim(), at + leadingBlanks(right));
  return { source, label, method, percent, operator, limit };
}

/** Errors: THRESHOLD_INVALID if a metric of this type has no such aggregation. */
export function assertSupported(
  expression: ThresholdExpression,
  metricName: string,
  type: MetricType,
): void {
  const supported = METHODS_BY_TYPE[type];
  const wanted = expression.method === 'p' ? 'p(N)' : expression.method;
  if (supported.includes(wanted)) return;
  throw new ThresholdSyntaxError(
    `invalid threshold ${JSON.stringify(expression.source)} applied on metric ${metricName}; reason: unsupported aggregation method ${expression.method} on metric of type ${type}. supported aggregation methods for this metric are: ${supported.join(', ')}`,
    expression.source,
    leadingBlanks(expression.source),
  );
}

/** Whether the value satisfies the threshold. */
export function holds(expression: ThresholdExpression, value: number): boolean {
  const { operator, limit } = expression;
  switch (operator) {
    case '<=':
      return value <= limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
    case '===':
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
  }
}

function split(source: string): { left: string; operator: Operator; right: string; at: number } {
  for (const operator of OPERATORS) {
    const index = source.indexOf(operator);
    if (index < 0) continue;
    const at = index + operator.length;
    const right = source.slice(at);
    if (right.trim() !== '') return { left: source.slice(0, index), operator, right, at };
  }
  throw new ThresholdSyntaxError(
    `failed parsing threshold expression ${JSON.stringify(source)}; reason: malformed threshold expression`,
    source,
    source.length,
  );
}

function parseMethod(
  source: string,
  left: string,
  label: string,
): { method: string; percent: number | undefined } {
  if (METHODS.has(label)) return { method: label, percent: undefined };
  const fail = (reason: string): never => {
    throw new ThresholdSyntaxError(
      `failed parsing threshold expression's ${JSON.stringify(source)} left hand side; reason: ${reason}`,
      source,
      leadingBlanks(left),
    );
  };
  const inner = /^p\((.*)\)$/.exec(label)?.[1];
  if (inner === undefined) return fail('failed parsing method from expression');
  const percent = parseFloatStrictly(inner);
  if (percent === undefined || !(percent >= 0 && percent <= 100)) {
    return fail('malformed percentile value, provide a number between 0 and 100');
  }
  return { method: 'p', percent };
}

function parseLimit(source: string, text: string, position: number): number {
  const limit = parseFloatStrictly(text);
  if (limit !== undefined && (Number.isFinite(limit) || /inf|nan/i.test(text))) return limit;
  const reason = limit === undefined ? 'invalid syntax' : 'value out of range';
  throw new ThresholdSyntaxError(
    // "expresion" is k6's spelling; users match on the text.
    `failed parsing threshold expresion's ${JSON.stringify(source)} right hand side; reason: strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${reason}`,
    source,
    position,
  );
}

/** A decimal number with optional exponent, or an infinity or NaN by name; nothing around it. */
function parseFloatStrictly(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named === null) return undefined;
  if (named[2]?.toLowerCase() === 'nan') return named[1] === '' ? Number.NaN : undefined;
  return named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function leadingBlanks(text: string): number {
  return text.length - text.trimStart().length;
}
