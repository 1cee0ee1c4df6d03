/**
 * Our stand-in for `https://jslib.k6.io/k6chaijs/<version>/index.js`: `describe` is a group that catches
 * what is thrown in it, `expect` speaks Chai's BDD language and makes a check of every assertion.
 * Written from Chai's documented language (https://www.chaijs.com/api/bdd/); plugins are not supported.
 *
 * It becomes part of the bundle of the script that imports the URL: script code, self-contained.
 */
import { check, group } from 'k6';

/** Settings that scripts change; `chai.config` is this object. */
export const config = {
  /** Actual values are left out of the names of checks, so that these stay few. */
  aggregateChecks: true,
  /** Failed assertions are logged, with the values. */
  logFailures: false,
  /** Characters of a check's name. */
  truncateMsgThreshold: 300,
  /** Characters of a value in it. */
  truncateVariableThreshold: 100,
};

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

interface Chain {
  readonly value: unknown;
  readonly label: string | undefined;
  /** Words that change what follows: those of FLAGS and CHAINABLE. */
  readonly flags: ReadonlySet<string>;
  /** By how much the last assertion of a change found the value changed. */
  readonly delta?: number | undefined;
}

interface Outcome {
  readonly isMet: boolean;
  /** What was expected of the value, after "to": `be above 4`. */
  readonly words: string;
  /** What later assertions of the chain are about, if not the same value. */
  readonly value?: unknown;
  readonly delta?: number;
}

const LANGUAGE_CHAINS = [
  ...([
    'to',
    'be',
    'been',
    'is',
    'that',
    'which',
    'and',
    'has',
    'have',
    'with',
    'at',
    'of',
  ] as const),
  ...(['same', 'but', 'does', 'still', 'also'] as const),
];
const FLAGS = ['not', 'deep', 'nested', 'own', 'ordered', 'any', 'all', 'itself'] as const;

type Method = (chain: Chain, ...args: unknown[]) => Outcome;

/** Words that assert as soon as they are named. */
const PROPERTIES = {
  ok: ({ value }) => ({ isMet: Boolean(value), words: 'be truthy' }),
  true: ({ value }) => ({ isMet: value === true, words: 'be true' }),
  false: ({ value }) => ({ isMet: value === false, words: 'be false' }),
  null: ({ value }) => ({ isMet: value === null, words: 'be null' }),
  undefined: ({ value }) => ({ isMet: value === undefined, words: 'be undefined' }),
  NaN: ({ value }) => ({ isMet: Number.isNaN(value), words: 'be NaN' }),
  finite: ({ value }) => ({ isMet: Number.isFinite(value), words: 'be a finite number' }),
  exist: ({ value }) => ({ isMet: value !== null && value !== undefined, words: 'exist' }),
  arguments: ({ value }) => ({ isMet: tagOf(value) === 'Arguments', words: 'be arguments' }),
  empty: ({ value }) => ({ isMet: sizeOf(value) === 0, words: 'be empty' }),
  extensible: ({ value }) => ({ isMet: Object.isExtensible(value), words: 'be extensible' }),
  frozen: ({ value }) => ({ isMet: Object.isFrozen(value), words: 'be frozen' }),
  sealed: ({ value }) => ({ isMet: Object.isSealed(value), words: 'be sealed' }),
} satisfies Readonly<Record<string, Method>>;

/** Words that assert when they are called. */
const METHODS = {
  a: isA,
  an: isA,
  above: compare('be above', (actual, limit) => actual > limit),
  below: compare('be below', (actual, limit) => actual < limit),
  least: compare('be at least', (actual, limit) => actual >= limit),
  most: compare('be at most', (actual, limit) => actual <= limit),
  by: ({ delta }, expected) => {
    if (delta === undefined) throw new TypeError('by: follows change, increase or decrease');
    return { isMet: Math.abs(delta) === numberOf(expected), words: `change by ${show(expected)}` };
  },
  change: changes('change', (delta) => delta !== 0),
  closeTo: ({ value }, expected, delta) => ({
    isMet: Math.abs(numberOf(value) - numberOf(expected)) <= numberOf(delta),
    words: `be close to ${show(expected)} +/- ${show(delta)}`,
  }),
  decrease: changes('decrease', (delta) => delta < 0),
  equal: (chain, expected) =>
    chain.flags.has('deep')
      ? deepEqual(chain, expected)
      : { isMet: chain.value === expected, words: `equal ${show(expected)}` },
  eql: deepEqual,
  include,
  increase: changes('increase', (delta) => delta > 0),
  instanceof: ({ value }, type) => {
    if (typeof type !== 'function') throw new TypeError('instanceof: needs a constructor');
    return { isMet: value instanceof type, words: `be an instance of ${type.name}` };
  },
  keys: hasKeys,
  lengthOf: ({ value }, expected) => ({
    isMet: sizeOf(value) === expected,
    words: `have a length of ${show(expected)}`,
  }),
  match: ({ value }, pattern) => {
    if (!(pattern instanceof RegExp)) throw new TypeError('match: needs a regular expression');
    return { isMet: pattern.test(String(value)), words: `match ${pattern}` };
  },
  members: hasMembers,
  oneOf: (chain, list) => {
    const contains = chain.flags.has('contains');
    const isMet = itemsOf(list).some((item) =>
      contains ? include(chain, item).isMet : same(chain, chain.value, item),
    );
    return { isMet, words: `${contains ? 'contain' : 'be'} one of ${show(list)}` };
  },
  ownPropertyDescriptor: hasDescriptor,
  property: hasProperty,
  respondTo: ({ value, flags }, name) => {
    const isOfInstances = typeof value === 'function' && !flags.has('itself');
    const holder: unknown = isOfInstances ? value.prototype : value;
    const isMet = typeof Object(holder)[String(name)] === 'function';
    return { isMet, words: `respond to ${show(name)}` };
  },
  satisfy: ({ value }, predicate) => {
    if (typeof predicate !== 'function') throw new TypeError('satisfy: needs a function');
    return { isMet: Boolean(predicate(value)), words: `satisfy ${predicate.name || 'a function'}` };
  },
  string: ({ value }, part) => ({
    isMet: typeof value === 'string' && value.includes(String(part)),
    words: `contain ${show(part)}`,
  }),
  throw: throws,
  validJsonBody: ({ value }) => ({ isMet: hasJsonBody(value), words: 'have valid json body' }),
  within: ({ flags, value }, low, high) => {
    const actual = flags.has('length') ? sizeOf(value) : value;
    const isMet = numberOf(actual) >= numberOf(low) && numberOf(actual) <= numberOf(high);
    return { isMet, words: `${lengthWords(flags, 'be within')} ${show(low)}..${show(high)}` };
  },
} satisfies Readonly<Record<string, Method>>;

const ALIASES = {
  Arguments: 'arguments',
  approximately: 'closeTo',
  contain: 'include',
  contains: 'include',
  changes: 'change',
  decreases: 'decrease',
  eq: 'equal',
  equals: 'equal',
  eqls: 'eql',
  greaterThan: 'above',
  greaterThanOrEqual: 'least',
  gt: 'above',
  gte: 'least',
  haveOwnProperty: 'ownProperty',
  haveOwnPropertyDescriptor: 'ownPropertyDescriptor',
  includes: 'include',
  increases: 'increase',
  instanceOf: 'instanceof',
  key: 'keys',
  length: 'lengthOf',
  lessThan: 'below',
  lessThanOrEqual: 'most',
  lt: 'below',
  lte: 'most',
  matches: 'match',
  respondsTo: 'respondTo',
  satisfies: 'satisfy',
  throws: 'throw',
  Throw: 'throw',
} as const;
/** Methods that are words of the chain too, when not called: what the next word then knows. */
const CHAINABLE = {
  include: 'contains',
  lengthOf: 'length',
};

type Word =
  | (typeof LANGUAGE_CHAINS)[number]
  | (typeof FLAGS)[number]
  | keyof typeof PROPERTIES
  | keyof typeof METHODS
  | keyof typeof ALIASES
  | 'ownProperty';

/** A sentence that goes on: words behind dots, some of them called. */
export type Assertion = ((...args: unknown[]) => Assertion) & {
  readonly [W in Word]: Assertion;
};

/** Starts an assertion; `label` names the value in the check's name. */
export function expect(value: unknown, label?: string): Assertion {
  return link({ value, label, flags: new Set() });
}

/** An assertion that fails. */
expect.fail = (message = 'expect.fail()'): never => {
  check(null, { [cut(String(message), config.truncateMsgThreshold)]: () => false });
  throw new AssertionError(String(message));
};

/**
 * Runs `body` as a group. An assertion that fails, or anything else that is thrown, ends the body and is
 * a failed check; then the result is false.
 */
export function describe(name: string, body: () => void): boolean {
  let isPassed = true;
  group(name, () => {
    try {
      body();
    } catch (error) {
      isPassed = false;
      if (!(error instanceof AssertionError)) {
        const text = error instanceof Error ? error.message : String(error);
        check(null, {
          [cut(`Exception raised "${text}"`, config.truncateMsgThreshold)]: () => false,
        });
        console.error(`describe "${name}": ${text}`);
      }
    }
  });
  return isPassed;
}

const chai = { config, expect, describe, AssertionError };

export { chai };
export default chai;

/** The words that may follow; with `method`, a call asserts. */
function link(chain: Chain, method?: Method): Assertion {
  const call = (...args: unknown[]): Assertion => {
    if (method === undefined) throw new TypeError('this word of an assertion cannot be called');
    return link(conclude(chain, method(chain, ...args)));
  };
  const words = new Proxy(call, { get: (_target, word) => follow(chain, word) });
  return words as unknown as Assertion; // every word is answered by `follow`
}

function follow(chain: Chain, written: string | symbol): unknown {
  // Nobody waits for an assertion: it is no promise.
  if (typeof written === 'symbol' || written === 'then') return undefined;
  const word = entry<string>(ALIASES, written) ?? written;
  if (isOneOf(LANGUAGE_CHAINS, word)) return link(chain);
  if (isOneOf(FLAGS, word)) return link(withFlag(chain, word));
  const asserts = entry<Method>(PROPERTIES, word);
  if (asserts !== undefined) return link(conclude(chain, asserts(chain)));
  if (word === 'ownProperty') return link(withFlag(chain, 'own'), hasProperty);
  const method = entry<Method>(METHODS, word);
  if (method === undefined) throw new TypeError(`Invalid Chai property: ${written}`);
  // Called, `include` asserts; followed by another word, it changes that word's meaning.
  const flag = entry<string>(CHAINABLE, word);
  return link(flag === undefined ? chain : withFlag(chain, flag), method);
}

function entry<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function isOneOf(words: readonly string[], word: string): boolean {
  return words.includes(word);
}

function withFlag(chain: Chain, flag: string): Chain {
  return { ...chain, flags: new Set([...chain.flags, flag]) };
}

/** Makes the check and, if it failed, ends what runs. The flags hold for the rest of the chain. */
function conclude(chain: Chain, { isMet, words, ...rest }: Outcome): Chain {
  const { value, label } = chain;
  const isNegated = chain.flags.has('not');
  const isPassed = isMet !== isNegated;
  const subject = (shown: string): string => {
    if (words === 'have valid json body')
      return isNegated ? 'has no valid json body' : 'has valid json body';
    return `expected ${shown} to ${isNegated ? 'not ' : ''}${words}`;
  };
  const actual = show(value);
  // The name that the original gives to values without a label.
  const name = subject(config.aggregateChecks ? (label ?? '$' + '{this}') : (label ?? actual));
  check(null, { [cut(name.replaceAll('::', ': :'), config.truncateMsgThreshold)]: () => isPassed });
  if (!isPassed) {
    const message = `${label === undefined ? '' : `${label}: `}${subject(actual)}`;
    if (config.logFailures) console.warn(message);
    throw new AssertionError(message);
  }
  return { ...chain, value: 'value' in rest ? rest.value : value, delta: rest.delta };
}

// --- Assertions ---

const ARTICLES = /^[aeiou]/i;

function isA({ value }: Chain, type: unknown): Outcome {
  const name = String(type);
  const actual = value === null ? 'null' : typeof value === 'object' ? tagOf(value) : typeof value;
  const isMet = actual.toLowerCase() === name.toLowerCase();
  return { isMet, words: `be ${ARTICLES.test(name) ? 'an' : 'a'} ${name}` };
}

function compare(words: string, holds: (actual: number, limit: number) => boolean): Method {
  return ({ flags, value }, limit) => {
    const actual = flags.has('length') ? sizeOf(value) : value;
    const isMet = holds(numberOf(actual), numberOf(limit));
    return { isMet, words: `${lengthWords(flags, words)} ${show(limit)}` };
  };
}

/** "have a length above" instead of "be above". */
function lengthWords(flags: Chain['flags'], words: string): string {
  return flags.has('length') ? words.replace(/^be /, 'have a length ') : words;
}

function deepEqual({ value }: Chain, expected: unknown): Outcome {
  return { isMet: isEqual(value, expected), words: `deeply equal ${show(expected)}` };
}

function include(chain: Chain, expected: unknown): Outcome {
  const { value } = chain;
  const words = `${chain.flags.has('deep') ? 'deep ' : ''}include ${show(expected)}`;
  if (typeof value === 'string') return { isMet: value.includes(String(expected)), words };
  if (isCollection(value)) {
    const items = value instanceof Map ? [...value.values()] : itemsOf(value);
    return { isMet: items.some((item) => same(chain, item, expected)), words };
  }
  if (typeof expected !== 'object' || expected === null) {
    throw new TypeError(`include: ${show(value)} cannot include ${show(expected)}`);
  }
  const isMet = Object.entries(expected).every(([key, part]) => {
    const found = lookUp(chain, key);
    return found !== undefined && same(chain, found.value, part);
  });
  return { isMet, words };
}

function hasProperty(chain: Chain, name: unknown, ...expected: unknown[]): Outcome {
  const found = lookUp(chain, String(name));
  const kind = ['deep', 'nested', 'own'].filter((flag) => chain.flags.has(flag)).join(' ');
  const what = `have ${kind === '' ? '' : `${kind} `}property ${show(String(name))}`;
  if (expected.length === 0) {
    return { isMet: found !== undefined, words: what, value: found?.value };
  }
  const isMet = found !== undefined && same(chain, found.value, expected[0]);
  return { isMet, words: `${what} of ${show(expected[0])}`, value: found?.value };
}

function hasKeys(chain: Chain, ...args: unknown[]): Outcome {
  const { value, flags } = chain;
  const [first] = args;
  const wanted = Array.isArray(first)
    ? first
    : typeof first === 'object' && first !== null
      ? Object.keys(first)
      : args;
  const keys: unknown[] =
    value instanceof Map || value instanceof Set ? [...value.keys()] : Object.keys(Object(value));
  const names = wanted.map((key) =>
    value instanceof Map || value instanceof Set ? key : String(key),
  );
  const words = `have keys ${names.map(show).join(', ')}`;
  if (flags.has('any')) {
    return {
      isMet: names.some((key) => keys.includes(key)),
      words: words.replace('keys', 'any keys of'),
    };
  }
  const hasAll = names.every((key) => keys.includes(key));
  if (flags.has('contains')) return { isMet: hasAll, words: words.replace('have', 'contain') };
  return { isMet: hasAll && names.length === keys.length, words };
}

function hasMembers(chain: Chain, expected: unknown): Outcome {
  const left = [...itemsOf(chain.value)];
  const wanted = itemsOf(expected);
  if (chain.flags.has('ordered')) {
    const isStart = wanted.every((item, at) => at < left.length && same(chain, left[at], item));
    const isWhole = wanted.length === left.length;
    return chain.flags.has('contains')
      ? { isMet: isStart, words: `be an ordered superset of ${show(expected)}` }
      : { isMet: isStart && isWhole, words: `have the same ordered members as ${show(expected)}` };
  }
  const hasAll = wanted.every((item) => {
    const at = left.findIndex((own) => same(chain, own, item));
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  });
  if (chain.flags.has('contains'))
    return { isMet: hasAll, words: `be a superset of ${show(expected)}` };
  return {
    isMet: hasAll && left.length === 0,
    words: `have the same members as ${show(expected)}`,
  };
}

/** Each expectation is a constructor, the error itself, a part of its message, or a pattern for it. */
function throws({ value }: Chain, ...args: unknown[]): Outcome {
  if (typeof value !== 'function') throw new TypeError(`throw: ${show(value)} is not a function`);
  const expected = args.filter((one) => one !== undefined);
  const words = `throw ${expected.length === 0 ? 'an error' : expected.map(show).join(' with ')}`;
  try {
    value();
  } catch (error) {
    return { isMet: expected.every((one) => isSuchError(error, one)), words, value: error };
  }
  return { isMet: false, words };
}

function isSuchError(error: unknown, expected: unknown): boolean {
  if (typeof expected === 'function') return error instanceof expected;
  const message = error instanceof Error ? error.message : String(error);
  if (expected instanceof RegExp) return expected.test(message);
  return typeof expected === 'string' ? message.includes(expected) : error === expected;
}

/** What calling the value does to a property, or to what a function tells. */
function changes(verb: string, holds: (delta: number) => boolean): Method {
  return ({ value }, subject, name) => {
    if (typeof value !== 'function') {
      throw new TypeError(`${verb}: ${show(value)} is not a function`);
    }
    const read = (): unknown =>
      typeof subject === 'function' ? subject() : property(subject, String(name));
    const before = read();
    value();
    const after = read();
    const what = typeof subject === 'function' ? '' : ` ${show(String(name))}`;
    if (verb === 'change' && (typeof before !== 'number' || typeof after !== 'number')) {
      return { isMet: before !== after, words: `${verb}${what}` };
    }
    const delta = numberOf(after) - numberOf(before);
    return { isMet: holds(delta), words: `${verb}${what}`, delta };
  };
}

function hasDescriptor(chain: Chain, name: unknown, ...expected: unknown[]): Outcome {
  const found = Object.getOwnPropertyDescriptor(Object(chain.value), String(name));
  const words = `have own property descriptor for ${show(String(name))}`;
  const isMet = found !== undefined && (expected.length === 0 || isEqual(found, expected[0]));
  return { isMet, words, value: found };
}

/** Of an HTTP response. */
function hasJsonBody(response: unknown): boolean {
  const body: unknown = Object(response).body;
  const text = body instanceof ArrayBuffer ? new TextDecoder().decode(body) : body;
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// --- Values ---

/** A property by name, or with `nested` by a path such as `a.b[0]`. */
function lookUp({ value, flags }: Chain, name: string): { readonly value: unknown } | undefined {
  const path = flags.has('nested') ? name.split(/[.[\]]+/).filter((key) => key !== '') : [name];
  let current = value;
  for (const key of path) {
    if (current === null || current === undefined) return undefined;
    const holder = Object(current);
    if (flags.has('own') ? !Object.hasOwn(holder, key) : !(key in holder)) return undefined;
    current = holder[key];
  }
  return { value: current };
}

function property(value: unknown, key: string): unknown {
  return value === null || value === undefined ? undefined : Object(value)[key];
}

/** `Map`, `Date`, `Arguments` … */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function same({ flags }: Chain, one: unknown, other: unknown): boolean {
  return flags.has('deep') ? isEqual(one, other) : one === other;
}

function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  if (tagOf(one) !== tagOf(other)) return false;
  if (one instanceof Date) return one.getTime() === (other as Date).getTime();
  if (one instanceof RegExp) return String(one) === String(other);
  if (isCollection(one) && !Array.isArray(one)) return isEqual(itemsOf(one), itemsOf(other));
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => key in other && isEqual(Reflect.get(one, key), Reflect.get(other, key)))
  );
}

function isCollection(value: unknown): value is Iterable<unknown> {
  return (
    Array.isArray(value) ||
    value instanceof Map ||
    value instanceof Set ||
    (ArrayBuffer.isView(value) && Symbol.iterator in value)
  );
}

function itemsOf(value: unknown): readonly unknown[] {
  if (isCollection(value)) return [...value];
  throw new TypeError(`${show(value)} is no list`);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${show(value)} has no length`);
  if ('length' in value && typeof value.length === 'number') return value.length;
  return Object.keys(value).length;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Date) return Number(value);
  throw new TypeError(`${show(value)} is not a number`);
}

function show(value: unknown): string {
  let text = String(typeof value === 'symbol' ? value.toString() : '');
  if (typeof value === 'string') text = `'${value}'`;
  else if (value instanceof RegExp) text = String(value);
  else if (typeof value === 'function') text = value.name || 'a function';
  else if (typeof value === 'object' && value !== null) text = json(value);
  else if (typeof value !== 'symbol') text = String(value);
  return cut(text, config.truncateVariableThreshold);
}

function json(value: object): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // a cycle, or a BigInt
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}
