/** Selection: nodes of a document and k6's jQuery-like methods on them. Never changes the document. */
import type { Coroutine, CoroutineHost } from '../suspend/op.ts';
import { callUser, hostFunction } from '../suspend/runtime.ts';
import { dataOf } from './html-data.ts';
import {
  type AnyNode,
  childrenOf,
  descendantsOf,
  type Element,
  elementChildrenOf,
  innerHtmlOf,
  isElement,
  parentElementOf,
  predicateOf,
  textOf,
} from './html-document.ts';
import { HtmlElement, nodeBehind } from './html-element.ts';
import { wrapNode } from './html-element-kinds.ts';
import { attributeOf, controlValue, type FormValue, formValuesOf } from './html-form.ts';

type UserFunction = (this: unknown, ...args: unknown[]) => unknown;
type NodeTest = (node: AnyNode) => boolean;
type Step = (node: AnyNode) => Element | undefined;

let nodesOf: (selection: Selection) => readonly AnyNode[];

/** A selector, a Selection or an Element, as a test of nodes. */
function testOf(method: string, what: unknown): NodeTest {
  if (typeof what === 'string') {
    const matches = predicateOf(what);
    return (node) => isElement(node) && matches(node);
  }
  const nodes = new Set(nodesIn(method, what));
  return (node) => nodes.has(node);
}

/** Those of a Selection, or that of an Element. */
function nodesIn(method: string, what: unknown): readonly AnyNode[] {
  if (what instanceof Selection) return nodesOf(what);
  const single = nodeBehind(what);
  if (single !== undefined) return [single];
  throw new TypeError(`${method}() takes a selector, a Selection, an Element or a function`);
}

/** `undefined` lets everything pass. */
function optionalTest(method: string, what: unknown): NodeTest {
  return what === undefined ? () => true : testOf(method, what);
}

function nextElementOf(node: AnyNode): Element | undefined {
  let next = node.next;
  while (next !== null && !isElement(next)) next = next.next;
  return next ?? undefined;
}

function previousElementOf(node: AnyNode): Element | undefined {
  let previous = node.prev;
  while (previous !== null && !isElement(previous)) previous = previous.prev;
  return previous ?? undefined;
}

/** All elements that a step leads to, again and again; up to one that `isEnd`. */
function* walk(node: AnyNode, step: Step, isEnd: NodeTest = () => false): Generator<Element> {
  for (let at = step(node); at !== undefined && !isEnd(at); at = step(at)) yield at;
}

/** The position that an index means in a list; from the end if it is negative. */
function position(index: unknown, length: number): number {
  const value = Math.trunc(Number(index)) || 0;
  return value < 0 ? Math.max(length + value, 0) : Math.min(value, length);
}

export class Selection {
  readonly #nodes: readonly AnyNode[];
  readonly #from: Selection | undefined;

  // These call the script back and may be blocked by it; they are defined below.
  declare readonly each: (handler: unknown) => unknown;
  declare readonly map: (mapper: unknown) => unknown;
  declare readonly filter: (what: unknown) => unknown;
  declare readonly not: (what: unknown) => unknown;
  declare readonly is: (what: unknown) => unknown;

  static {
    nodesOf = (selection) => selection.#nodes;
  }

  /** @param from the Selection that leads here: an empty one knows its document by it. */
  constructor(nodes: Iterable<AnyNode>, from?: Selection) {
    this.#nodes = [...new Set(nodes)];
    this.#from = this.#nodes.length === 0 ? from : undefined;
  }

  get #document(): AnyNode | undefined {
    let [node] = this.#nodes;
    if (node === undefined) return this.#from === undefined ? undefined : this.#from.#document;
    while (node.parent !== null) node = node.parent;
    return node;
  }

  /** Elements of the document that a selector matches. */
  #matching(selector: string): readonly AnyNode[] {
    const document = this.#document;
    return document === undefined ? [] : [...descendantsOf(document)].filter(predicateOf(selector));
  }

  #derive(expand: (node: AnyNode) => Iterable<AnyNode>, test: NodeTest = () => true): Selection {
    const nodes: AnyNode[] = [];
    for (const node of this.#nodes)
      for (const other of expand(node)) if (test(other)) nodes.push(other);
    return new Selection(nodes, this);
  }

  // ---- where to ------------------------------------------------------------------------------

  find(what?: unknown): Selection {
    return this.#derive(descendantsOf, testOf('find', what));
  }

  children(what?: unknown): Selection {
    return this.#derive(elementChildrenOf, optionalTest('children', what));
  }

  contents(): Selection {
    return this.#derive(childrenOf);
  }

  closest(what?: unknown): Selection {
    const test = testOf('closest', what);
    return this.#derive((node) => {
      if (test(node)) return [node];
      for (const up of walk(node, parentElementOf)) if (test(up)) return [up];
      return [];
    });
  }

  parent(what?: unknown): Selection {
    const step: Step = parentElementOf;
    return this.#derive(
      (node) => {
        const parent = step(node);
        return parent === undefined ? [] : [parent];
      },
      optionalTest('parent', what),
    );
  }

  parents(what?: unknown): Selection {
    return this.#derive((node) => walk(node, parentElementOf), optionalTest('parents', what));
  }

  parentsUntil(until?: unknown, what?: unknown): Selection {
    return this.#until('parentsUntil', parentElementOf, until, what);
  }

  next(what?: unknown): Selection {
    return this.#step('next', nextElementOf, what);
  }

  nextAll(what?: unknown): Selection {
    return this.#derive((node) => walk(node, nextElementOf), optionalTest('nextAll', what));
  }

  nextUntil(until?: unknown, what?: unknown): Selection {
    return this.#until('nextUntil', nextElementOf, until, what);
  }

  prev(what?: unknown): Selection {
    return this.#step('prev', previousElementOf, what);
  }

  prevAll(what?: unknown): Selection {
    return this.#derive((node) => walk(node, previousElementOf), optionalTest('prevAll', what));
  }

  prevUntil(until?: unknown, what?: unknown): Selection {
    return this.#until('prevUntil', previousElementOf, until, what);
  }

  siblings(what?: unknown): Selection {
    const others = (node: AnyNode): Element[] =>
      node.parent === null ? [] : elementChildrenOf(node.parent).filter((other) => other !== node);
    return this.#derive(others, optionalTest('siblings', what));
  }

  #step(method: string, step: Step, what: unknown): Selection {
    return this.#derive(
      (node) => {
        const target = step(node);
        return target === undefined ? [] : [target];
      },
      optionalTest(method, what),
    );
  }

  #until(method: string, step: Step, until: unknown, what: unknown): Selection {
    const isEnd: NodeTest = until === undefined ? () => false : testOf(method, until);
    return this.#derive((node) => walk(node, step, isEnd), optionalTest(method, what));
  }

  /** These, and those that a selector finds in the document; or those of a Selection, or an Element. */
  add(what?: unknown): Selection {
    const others = typeof what === 'string' ? this.#matching(what) : nodesIn('add', what);
    return new Selection([...this.#nodes, ...others], this);
  }

  // ---- which of them -------------------------------------------------------------------------

  eq(index?: unknown): Selection {
    const at = Math.trunc(Number(index)) || 0;
    const node = this.#nodes.at(at);
    return new Selection(node === undefined ? [] : [node], this);
  }

  first(): Selection {
    return this.eq(0);
  }

  last(): Selection {
    return this.eq(-1);
  }

  slice(start?: unknown, end?: unknown): Selection {
    const { length } = this.#nodes;
    const to = end === undefined ? length : position(end, length);
    return new Selection(this.#nodes.slice(position(start, length), to), this);
  }

  /** Those with a descendant that matches. */
  has(what?: unknown): Selection {
    const test = testOf('has', what);
    return this.#derive((node) => {
      for (const below of descendantsOf(node)) if (test(below)) return [node];
      return [];
    });
  }

  // ---- what they hold ------------------------------------------------------------------------

  size(): number {
    return this.#nodes.length;
  }

  /**
   * Of the first node: its position among its sibling elements, or among those of the document that a
   * selector matches. Of a Selection's first node or an Element: its position in this. -1 for none.
   */
  index(what?: unknown): number {
    const [node] = this.#nodes;
    if (node === undefined) return -1;
    if (what === undefined) return [...walk(node, previousElementOf)].length;
    if (typeof what === 'string') return this.#matching(what).indexOf(node);
    const [other] = nodesIn('index', what);
    return other === undefined ? -1 : this.#nodes.indexOf(other);
  }

  get(index?: unknown): HtmlElement | HtmlElement[] | undefined {
    if (index === undefined) return this.#nodes.map(wrapNode);
    const node = this.#nodes.at(Math.trunc(Number(index)) || 0);
    return node === undefined ? undefined : wrapNode(node);
  }

  toArray(): Selection[] {
    return this.#nodes.map((node) => new Selection([node]));
  }

  /** An attribute of the first node, or `missing`. */
  attr(name?: unknown, missing?: unknown): unknown {
    const element = this.#firstElement;
    return element === undefined ? missing : (attributeOf(element, String(name)) ?? missing);
  }

  text(): string {
    return this.#nodes.map(textOf).join('');
  }

  /** The content of the first node as HTML. */
  html(): string | undefined {
    const [node] = this.#nodes;
    return node === undefined ? undefined : innerHtmlOf(node);
  }

  /** The value of the first control; an array for a list with several choices. */
  val(): string | string[] | undefined {
    const element = this.#firstElement;
    return element === undefined ? undefined : controlValue(element);
  }

  /** A `data-*` value of the first node by its camel-case key; all of them without a key. */
  data(key?: unknown): unknown {
    const element = this.#firstElement;
    return element === undefined ? undefined : dataOf(element, key);
  }

  serializeArray(): FormValue[] {
    return formValuesOf(this.#nodes.filter(isElement));
  }

  serializeObject(): Record<string, string> {
    return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value]));
  }

  /** URL-encoded, in document order. */
  serialize(): string {
    const pairs = this.serializeArray().map(({ name, value }): [string, string] => [name, value]);
    return new URLSearchParams(pairs).toString();
  }

  get #firstElement(): Element | undefined {
    const [node] = this.#nodes;
    return node !== undefined && isElement(node) ? node : undefined;
  }

  toString(): string {
    return '[object html.Selection]';
  }
}

function* testNodes(
  method: string,
  nodes: readonly AnyNode[],
  what: unknown,
): Coroutine<boolean[]> {
  if (typeof what !== 'function') return nodes.map(testOf(method, what));
  const results: boolean[] = [];
  for (const [index, node] of nodes.entries()) {
    const args = [index, new Selection([node])];
    results.push(Boolean(yield* callUser(what as UserFunction, undefined, args)));
  }
  return results;
}

function callbackOf(method: string, value: unknown): UserFunction {
  if (typeof value === 'function') return value as UserFunction; // border to script values
  throw new TypeError(`${method}() takes a function`);
}

/** Methods are found on the prototype of all VUs: they take the host that calls them from no one. */
const NO_HOST: CoroutineHost = {
  isBlocked: false,
  defer: unreachable,
  spawn: unreachable,
  reportBlocking: unreachable,
};

function unreachable(): never {
  throw new Error('methods of a Selection run in the coroutine of their caller');
}

function defineMethod(
  name: string,
  body: (nodes: readonly AnyNode[], argument: unknown, self: Selection) => Coroutine,
): void {
  const value = hostFunction(NO_HOST, name, 1, function* (this: unknown, argument: unknown) {
    if (!(this instanceof Selection)) throw new TypeError('Illegal invocation');
    return yield* body(nodesOf(this), argument, this);
  });
  Object.defineProperty(Selection.prototype, name, { value, writable: true, configurable: true });
}

defineMethod('each', function* (nodes, handler, self) {
  const callback = callbackOf('each', handler);
  for (const [index, node] of nodes.entries()) {
    yield* callUser(callback, undefined, [index, wrapNode(node)]);
  }
  return self;
});

defineMethod('map', function* (nodes, mapper) {
  const callback = callbackOf('map', mapper);
  const results: unknown[] = [];
  for (const [index, node] of nodes.entries()) {
    results.push(yield* callUser(callback, undefined, [index, new Selection([node])]));
  }
  return results;
});

defineMethod('filter', function* (nodes, what, self) {
  const results = yield* testNodes('filter', nodes, what);
  return new Selection(
    nodes.filter((_node, index) => results[index] === true),
    self,
  );
});

defineMethod('not', function* (nodes, what, self) {
  const results = yield* testNodes('not', nodes, what);
  return new Selection(
    nodes.filter((_node, index) => results[index] !== true),
    self,
  );
});

defineMethod('is', function* (nodes, what) {
  const results = yield* testNodes('is', nodes, what);
  return results.includes(true);
});

/** Here because an Element cannot know of Selections, which are made of Elements. */
function selection(this: unknown): Selection {
  const node = nodeBehind(this);
  if (node === undefined) throw new TypeError('Illegal invocation');
  return new Selection([node]);
}
Object.defineProperty(HtmlElement.prototype, 'selection', {
  value: selection,
  writable: true,
  configurable: true,
});
