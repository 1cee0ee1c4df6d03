/** How Go, and so k6's messages, show values of a script. */

const INT64_LIMIT = 2n ** 63n;

/** A number as Go prints it once it is an int64: whole, and within its limits. */
export function goIntegerText(value: number): string {
  if (value >= Number(INT64_LIMIT)) return String(INT64_LIMIT - 1n);
  if (value <= -Number(INT64_LIMIT)) return String(-INT64_LIMIT);
  return String(BigInt(Math.trunc(value)));
}

/** A number as Go's `%.2f` prints it. */
export function goFixedText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  // From 1e21 on toFixed has an exponent, and there are no fractions.
  return Math.abs(value) < 1e21 ? value.toFixed(2) : `${BigInt(value)}.00`;
}

/** The Go type k6 converts a script value to, as its messages print it. */
export function goTypeName(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'string':
    case 'symbol':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return '*big.Int';
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int64' : 'float64';
    case 'function':
      return 'func(sobek.FunctionCall) sobek.Value';
    default:
      if (value === null) return '<nil>';
      if (Array.isArray(value)) return '[]interface {}';
      return value instanceof Date ? 'time.Time' : 'map[string]interface {}';
  }
}
