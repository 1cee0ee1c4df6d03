/**
 * Nodes of a document as scripts see them: k6's Element, whose DOM properties are methods. What only some
 * elements have (form controls, links, tables) is in `html-element-kinds.ts`.
 */
import {
  type AnyNode,
  childrenOf,
  descendantsOf,
  type Element,
  elementChildrenOf,
  innerHtmlOf,
  isElement,
  isText,
  NodeType,
  outerHtmlOf,
  parentElementOf,
  predicateOf,
  textOf,
} from './html-document.ts';
import { attributeOf, hasAttribute } from './html-form.ts';

const HTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';
const MATH_NAMESPACE = 'http://www.w3.org/1998/Math/MathML';

let nodeOf: (element: HtmlElement) => AnyNode;

/** Makes the script's object for a node. */
export type Wrap = (node: AnyNode) => HtmlElement;

/** An attribute of an element. */
class Attribute {
  readonly name: string;
  readonly value: string;
  readonly ownerElement: HtmlElement;

  constructor(name: string, value: string, ownerElement: HtmlElement) {
    this.name = name;
    this.value = value;
    this.ownerElement = ownerElement;
  }

  localName(): string {
    return this.name.slice(this.name.indexOf(':') + 1);
  }

  namespaceURI(): string {
    return '';
  }

  prefix(): string {
    const colon = this.name.indexOf(':');
    return colon === -1 ? '' : this.name.slice(0, colon);
  }
}

export class HtmlElement {
  readonly #node: AnyNode;
  readonly #wrap: Wrap;

  static {
    nodeOf = (element) => element.#node;
  }

  constructor(node: AnyNode, wrap: Wrap) {
    this.#node = node;
    this.#wrap = wrap;
  }

  get #element(): Element | undefined {
    return isElement(this.#node) ? this.#node : undefined;
  }

  #wrapOptional(node: AnyNode | null | undefined): HtmlElement | undefined {
    return node === null || node === undefined ? undefined : this.#wrap(node);
  }

  attributes(): Record<string, Attribute> {
    const attribs = this.#element?.attribs ?? {};
    const entries = Object.entries(attribs).map(([name, value]): [string, Attribute] => [
      name,
      new Attribute(name, value, this),
    ]);
    return Object.fromEntries(entries);
  }

  childElementCount(): number {
    return elementChildrenOf(this.#node).length;
  }

  childNodes(): HtmlElement[] {
    return childrenOf(this.#node).map(this.#wrap);
  }

  children(): HtmlElement[] {
    return elementChildrenOf(this.#node).map(this.#wrap);
  }

  classList(): string[] {
    return (this.className() ?? '').split(/\s+/).filter((name) => name !== '');
  }

  className(): string | undefined {
    return this.getAttribute('class');
  }

  contains(other?: unknown): boolean {
    if (!(other instanceof HtmlElement)) return false;
    for (let node: AnyNode | null = nodeOf(other); node !== null; node = node.parent) {
      if (node === this.#node) return true;
    }
    return false;
  }

  firstChild(): HtmlElement | undefined {
    return this.#wrapOptional(childrenOf(this.#node)[0]);
  }

  firstElementChild(): HtmlElement | undefined {
    return this.#wrapOptional(elementChildrenOf(this.#node)[0]);
  }

  getAttribute(name?: unknown): string | undefined {
    const element = this.#element;
    return element === undefined ? undefined : attributeOf(element, String(name));
  }

  getAttributeNode(name?: unknown): Attribute | undefined {
    const value = this.getAttribute(name);
    return value === undefined ? undefined : new Attribute(String(name), value, this);
  }

  getElementsByClassName(name?: unknown): HtmlElement[] {
    const wanted = String(name).split(/\s+/);
    return [...descendantsOf(this.#node)]
      .filter((element) => {
        const names = (attributeOf(element, 'class') ?? '').split(/\s+/);
        return wanted.every((one) => names.includes(one));
      })
      .map(this.#wrap);
  }

  getElementsByTagName(name?: unknown): HtmlElement[] {
    const tag = String(name).toLowerCase();
    return [...descendantsOf(this.#node)]
      .filter((element) => tag === '*' || element.name === tag)
      .map(this.#wrap);
  }

  hasAttribute(name?: unknown): boolean {
    const element = this.#element;
    return element !== undefined && hasAttribute(element, String(name));
  }

  hasAttributes(): boolean {
    return Object.keys(this.#element?.attribs ?? {}).length > 0;
  }

  hasChildNodes(): boolean {
    return childrenOf(this.#node).length > 0;
  }

  id(): string {
    return this.getAttribute('id') ?? '';
  }

  innerHTML(): string {
    return innerHtmlOf(this.#node);
  }

  isDefaultNamespace(): boolean {
    return this.namespaceURI() === HTML_NAMESPACE;
  }

  isEqualNode(other?: unknown): boolean {
    return other instanceof HtmlElement && outerHtmlOf(nodeOf(other)) === outerHtmlOf(this.#node);
  }

  isSameNode(other?: unknown): boolean {
    return other instanceof HtmlElement && nodeOf(other) === this.#node;
  }

  lang(): string | undefined {
    return this.getAttribute('lang');
  }

  lastChild(): HtmlElement | undefined {
    return this.#wrapOptional(childrenOf(this.#node).at(-1));
  }

  lastElementChild(): HtmlElement | undefined {
    return this.#wrapOptional(elementChildrenOf(this.#node).at(-1));
  }

  matches(selector?: unknown): boolean {
    const element = this.#element;
    return element !== undefined && predicateOf(String(selector))(element);
  }

  namespaceURI(): string {
    for (let node: AnyNode | null = this.#node; node !== null; node = node.parent) {
      if (!isElement(node)) continue;
      if (node.name === 'svg') return SVG_NAMESPACE;
      if (node.name === 'math') return MATH_NAMESPACE;
    }
    return HTML_NAMESPACE;
  }

  nextElementSibling(): HtmlElement | undefined {
    let node = this.#node.next;
    while (node !== null && !isElement(node)) node = node.next;
    return this.#wrapOptional(node);
  }

  nextSibling(): HtmlElement | undefined {
    return this.#wrapOptional(this.#node.next);
  }

  nodeName(): string {
    if (isElement(this.#node)) return this.#node.name;
    switch (this.nodeType()) {
      case NodeType.text:
        return '#text';
      case NodeType.comment:
        return '#comment';
      case NodeType.doctype:
        return 'html';
      default:
        return '#document';
    }
  }

  nodeType(): number | undefined {
    if (isElement(this.#node)) return NodeType.element;
    if (isText(this.#node)) return NodeType.text;
    if (this.#node.type === 'comment') return NodeType.comment;
    return this.#node.type === 'directive' ? NodeType.doctype : NodeType.document;
  }

  nodeValue(): string | undefined {
    const node = this.#node;
    return isText(node) || node.type === 'comment' ? node.data : undefined;
  }

  ownerDocument(): HtmlElement | undefined {
    let node: AnyNode = this.#node;
    while (node.parent !== null) node = node.parent;
    return node === this.#node ? undefined : this.#wrap(node);
  }

  parentElement(): HtmlElement | undefined {
    return this.#wrapOptional(parentElementOf(this.#node));
  }

  parentNode(): HtmlElement | undefined {
    return this.#wrapOptional(this.#node.parent);
  }

  previousElementSibling(): HtmlElement | undefined {
    let node = this.#node.prev;
    while (node !== null && !isElement(node)) node = node.prev;
    return this.#wrapOptional(node);
  }

  previousSibling(): HtmlElement | undefined {
    return this.#wrapOptional(this.#node.prev);
  }

  querySelector(selector?: unknown): HtmlElement | undefined {
    const matches = predicateOf(String(selector));
    for (const element of descendantsOf(this.#node)) {
      if (matches(element)) return this.#wrap(element);
    }
    return undefined;
  }

  querySelectorAll(selector?: unknown): HtmlElement[] {
    return [...descendantsOf(this.#node)].filter(predicateOf(String(selector))).map(this.#wrap);
  }

  textContent(): string {
    return this.nodeType() === NodeType.comment ? (this.nodeValue() ?? '') : textOf(this.#node);
  }

  toString(): string {
    return '[object html.Node]';
  }
}

/** The node behind a script's Element; undefined for anything else. */
export function nodeBehind(value: unknown): AnyNode | undefined {
  return value instanceof HtmlElement ? nodeOf(value) : undefined;
}
