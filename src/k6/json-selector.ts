/**
 * The selectors of `res.json(selector)`: the path syntax of GJSON on a parsed value.
 *
 * Supported: keys with wildcards (`*`, `?`) and escapes, array indexes, `#`, `#.path`, queries
 * `#(a=="b")` and `#(…)#`, pipes, and the modifiers @this, @valid, @reverse, @keys, @values, @flatten.
 * Source: the syntax page of github.com/tidwall/gjson.
 */
import { NativeError } from './script-error.ts';

const OPERATORS = ['==', '!=', '<=', '>=', '!%', '<', '>', '%', '='] as const;
type Operator = (typeof OPERATORS)[number];

interface Query {
  readonly path: string;
  /** undefined = the path exists. */
  readonly operator: Operator | undefined;
  readonly operand: unknown;
  readonly isForAll: boolean;
}

/** One step of a path, and what follows it. */
interface Step {
  readonly text: string;
  readonly rest: string;
  /** The rest follows a pipe: it applies to the whole result. */
  readonly isPiped: boolean;
}

/**
 * The value a selector leads to; undefined if there is none.
 *
 * @throws NativeError for GJSON syntax that is not supported here.
 */
export function selectJson(value: unknown, selector: string): unknown {
  if (selector === '') return value;
  if (selector.startsWith('@')) return selectModified(value, selector);
  if (selector.startsWith('{') || selector.startsWith('[')) {
    throw new NativeError(`json(): multipaths are not supported, got ${JSON.stringify(selector)}`);
  }
  const step = firstStep(selector);
  if (step.text.startsWith('#') && Array.isArray(value)) return selectElements(value, step);
  const found = child(value, step.text);
  return found === undefined || step.rest === '' ? found : selectJson(found, step.rest);
}

/** Cuts at the first dot or pipe outside of escapes, quotes and parentheses. */
function firstStep(path: string): Step {
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < path.length; index++) {
    const char = path[index];
    if (char === '\\') index++;
    else if (char === '"' && depth > 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (depth === 0 && (char === '.' || char === '|')) {
      const rest = path.slice(index + 1);
      return { text: path.slice(0, index), rest, isPiped: char === '|' };
    }
  }
  return { text: path, rest: '', isPiped: false };
}

const WILDCARD = /(?<!\\)(?:\\\\)*[*?]/;
const INDEX = /^\d+$/;

function withoutEscapes(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text;
}

function child(value: unknown, text: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return INDEX.test(text) ? value[Number(text)] : undefined;
  const members: Readonly<Record<string, unknown>> = value as Record<string, unknown>; // parsed JSON
  if (WILDCARD.test(text)) {
    const pattern = wildcardPattern(text);
    const key = Object.keys(members).find((name) => pattern.test(name));
    return key === undefined ? undefined : members[key];
  }
  const key = withoutEscapes(text);
  return Object.hasOwn(members, key) ? members[key] : undefined;
}

function wildcardPattern(text: string): RegExp {
  const source = text.replace(/\\(.)|([*?])|([^*?\\]+)/g, (_, escaped, wildcard, plain) => {
    if (wildcard !== undefined) return wildcard === '*' ? '[^]*' : '[^]';
    return String(escaped ?? plain).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

function selectElements(elements: readonly unknown[], step: Step): unknown {
  const { text, rest, isPiped } = step;
  if (text === '#') {
    if (rest === '') return elements.length;
    return isPiped ? selectJson(elements.length, rest) : mapElements(elements, rest);
  }
  const query = parseQuery(text);
  if (!query.isForAll) {
    const found = elements.find((element) => matches(element, query));
    return found === undefined ? undefined : selectJson(found, rest);
  }
  const found = elements.filter((element) => matches(element, query));
  if (rest === '') return found;
  return isPiped ? selectJson(found, rest) : mapElements(found, rest);
}

/** `#.name`: what the path gives for each element; a pipe in it ends the mapping. */
function mapElements(elements: readonly unknown[], path: string): unknown {
  const pipe = pipeIn(path);
  const mapped = elements
    .map((element) => selectJson(element, pipe === undefined ? path : path.slice(0, pipe)))
    .filter((value) => value !== undefined);
  return pipe === undefined ? mapped : selectJson(mapped, path.slice(pipe + 1));
}

function pipeIn(path: string): number | undefined {
  let offset = 0;
  for (;;) {
    const step = firstStep(path.slice(offset));
    const end = offset + step.text.length;
    if (end >= path.length) return undefined;
    if (step.isPiped) return end;
    offset = end + 1;
  }
}

function parseQuery(text: string): Query {
  const match = /^#\((.*)\)(#?)$/s.exec(text);
  if (match === null) throw new NativeError(`json(): malformed query ${JSON.stringify(text)}`);
  const [, body = '', all] = match;
  const isForAll = all === '#';
  const at = operatorIn(body);
  if (at === undefined) {
    return { path: body.trim(), operator: undefined, operand: undefined, isForAll };
  }
  const operand = toOperand(body.slice(at.index + at.operator.length).trim());
  return { path: body.slice(0, at.index).trim(), operator: at.operator, operand, isForAll };
}

function operatorIn(body: string): { index: number; operator: Operator } | undefined {
  let depth = 0;
  for (let index = 0; index < body.length; index++) {
    const char = body[index];
    if (char === '\\') index++;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (depth === 0) {
      const operator = OPERATORS.find((candidate) => body.startsWith(candidate, index));
      if (operator !== undefined) return { index, operator };
    }
  }
  return undefined;
}

function toOperand(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // GJSON takes bare words for strings
  }
}

function matches(element: unknown, { path, operator, operand }: Query): boolean {
  const value = path === '' ? element : selectJson(element, path);
  if (value === undefined) return false;
  return operator === undefined || compare(value, operator, operand);
}

function compare(value: unknown, operator: Operator, operand: unknown): boolean {
  switch (operator) {
    case '==':
    case '=':
      return value === operand;
    case '!=':
      return value !== operand;
    case '%':
    case '!%': {
      if (typeof value !== 'string' || typeof operand !== 'string') return false;
      return wildcardPattern(operand).test(value) === (operator === '%');
    }
    default:
      break;
  }
  const isNumeric = typeof value === 'number' && typeof operand === 'number';
  const isText = typeof value === 'string' && typeof operand === 'string';
  if (!isNumeric && !isText) return false;
  if (operator === '<') return value < operand;
  if (operator === '<=') return value <= operand;
  if (operator === '>') return value > operand;
  return value >= operand;
}

const MODIFIERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  '@this': (value) => value,
  '@valid': (value) => value,
  '@reverse': (value) => {
    if (Array.isArray(value)) return value.toReversed();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).reverse());
  },
  '@keys': (value) => (typeof value === 'object' && value !== null ? Object.keys(value) : []),
  '@values': (value) => (typeof value === 'object' && value !== null ? Object.values(value) : []),
  '@flatten': (value) => (Array.isArray(value) ? value.flat() : value),
};

function selectModified(value: unknown, selector: string): unknown {
  const { text, rest } = firstStep(selector);
  const modify = Object.hasOwn(MODIFIERS, text) ? MODIFIERS[text] : undefined;
  if (modify === undefined) {
    throw new NativeError(`json(): the modifier ${JSON.stringify(text)} is not supported`);
  }
  return selectJson(modify(value), rest);
}
