/** Names of Go types that k6 shows for script values in its messages. */

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
