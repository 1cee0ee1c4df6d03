/**
 * HTML text to a tree, and back. What a browser adds to a document is added here too: html, head and
 * body, and the tbody of a table; k6 scripts select by them.
 *
 * The parser and the selector engine are loaded at the first use: scripts without HTML must not wait
 * for them.
 */
import { createRequire } from 'node:module';
import type { AnyNode, ChildNode, Document, Element, ParentNode, Text } from 'domhandler';

export type { AnyNode, Document, Element, ParentNode };

interface Library {
  readonly parser: typeof import('htmlparser2');
  readonly nodes: typeof import('domhandler');
  readonly selectors: typeof import('css-select');
}

let loaded: Library | undefined;

/** Cost: about 40 ms once per thread. */
function library(): Library {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    loaded = {
      parser: require('htmlparser2') as Library['parser'],
      nodes: require('domhandler') as Library['nodes'],
      selectors: require('css-select') as Library['selectors'],
    };
  }
  return loaded;
}

export const NodeType = { element: 1, text: 3, comment: 8, document: 9, doctype: 10 } as const;

export function isElement(node: AnyNode): node is Element {
  return node.type === 'tag' || node.type === 'script' || node.type === 'style';
}

export function isText(node: AnyNode): node is Text {
  return node.type === 'text';
}

export function childrenOf(node: AnyNode): readonly ChildNode[] {
  return 'children' in node ? node.children : [];
}

export function elementChildrenOf(node: AnyNode): Element[] {
  return childrenOf(node).filter(isElement);
}

/** Elements below a node, in document order. */
export function* descendantsOf(node: AnyNode): Generator<Element> {
  for (const child of childrenOf(node)) {
    if (!isElement(child)) continue;
    yield child;
    yield* descendantsOf(child);
  }
}

/** The parent, if it is an element. */
export function parentElementOf(node: AnyNode): Element | undefined {
  const { parent } = node;
  return parent !== null && isElement(parent) ? parent : undefined;
}

export function textOf(node: AnyNode): string {
  if (isText(node)) return node.data;
  return childrenOf(node).map(textOf).join('');
}

/** Parses a document or a fragment; never fails. */
export function parseDocument(text: string): Document {
  const document = library().parser.parseDocument(text);
  addStructure(document);
  addTableBodies(document);
  return document;
}

const HEAD_TAGS: ReadonlySet<string> = new Set(
  'title meta link base script style noscript template'.split(' '),
);

function isTag(node: AnyNode, name: string): node is Element {
  return isElement(node) && node.name === name;
}

/** Makes `nodes` the children of `parent`. */
function adopt(parent: ParentNode, nodes: readonly ChildNode[]): void {
  parent.children = [...nodes];
  parent.children.forEach((node, index) => {
    node.parent = parent;
    node.prev = parent.children[index - 1] ?? null;
    node.next = parent.children[index + 1] ?? null;
  });
}

function addStructure(document: Document): void {
  const { nodes } = library();
  const found = document.children.find((node) => isTag(node, 'html'));
  const html = found ?? new nodes.Element('html', {});
  const outside: ChildNode[] = [];
  const loose: ChildNode[] = [];
  for (const node of document.children) {
    if (node === html) loose.push(...html.children);
    else if (node.type === 'directive' || node.type === 'comment') outside.push(node);
    else loose.push(node);
  }
  const head = loose.find((node) => isTag(node, 'head')) ?? new nodes.Element('head', {});
  const body = loose.find((node) => isTag(node, 'body')) ?? new nodes.Element('body', {});
  const inHead: ChildNode[] = [...(head as Element).children];
  const inBody: ChildNode[] = [];
  let isBeforeBody = true;
  for (const node of loose) {
    if (node === head) continue;
    if (node === body) {
      isBeforeBody = false;
      inBody.push(...body.children);
    } else if (isBeforeBody && isText(node) && node.data.trim() === '') {
      // White space between the parts of a document is dropped.
    } else if (isBeforeBody && isElement(node) && HEAD_TAGS.has(node.name)) {
      inHead.push(node);
    } else {
      isBeforeBody = false;
      inBody.push(node);
    }
  }
  adopt(head as Element, inHead);
  adopt(body as Element, inBody);
  adopt(html as Element, [head, body]);
  adopt(document, [...outside, html]);
}

function addTableBodies(document: Document): void {
  const { nodes } = library();
  for (const table of [...descendantsOf(document)]) {
    if (table.name !== 'table' || !table.children.some((node) => isTag(node, 'tr'))) continue;
    const children: ChildNode[] = [];
    let body: Element | undefined;
    let rows: ChildNode[] = [];
    for (const node of table.children) {
      if (isTag(node, 'tr')) {
        if (body === undefined) {
          body = new nodes.Element('tbody', {});
          rows = [];
          children.push(body);
        }
        rows.push(node);
        adopt(body, rows);
      } else if (body !== undefined && !isElement(node)) {
        rows.push(node);
        adopt(body, rows);
      } else {
        body = undefined;
        children.push(node);
      }
    }
    adopt(table, children);
  }
}

type Predicate = (element: Element) => boolean;

const NOTHING: Predicate = () => false;
/** Selectors recur; a script has few. */
const PREDICATES_MAX = 256;
const predicates = new Map<string, Predicate>();

/** Tests elements against a selector. One that cannot be parsed matches nothing, as in k6. */
export function predicateOf(selector: string): Predicate {
  const known = predicates.get(selector);
  if (known !== undefined) return known;
  const predicate = compile(selector);
  if (predicates.size >= PREDICATES_MAX) predicates.clear();
  predicates.set(selector, predicate);
  return predicate;
}

function compile(selector: string): Predicate {
  // Relative selectors have no element to start from.
  if (selector.trim() === '' || /^\s*[>+~]/.test(selector)) return NOTHING;
  try {
    return library().selectors.compile<AnyNode, Element>(selector);
  } catch {
    return NOTHING;
  }
}

const VOID_TAGS: ReadonlySet<string> = new Set(
  'area base br col embed hr img input keygen link meta param source track wbr'.split(' '),
);
const RAW_TAGS: ReadonlySet<string> = new Set(
  'iframe noembed noframes noscript plaintext script style xmp'.split(' '),
);
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  '\r': '&#13;',
};

function escapeText(text: string): string {
  return text.replace(/[&'<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

/** A node as HTML, with entities written as k6 writes them. */
export function outerHtmlOf(node: AnyNode): string {
  if (isText(node)) {
    const parent = parentElementOf(node);
    return parent !== undefined && RAW_TAGS.has(parent.name) ? node.data : escapeText(node.data);
  }
  if (node.type === 'comment') return `<!--${node.data}-->`;
  if (node.type === 'directive') {
    return `<${node.data.replace(/^!doctype/i, '!DOCTYPE')}>`;
  }
  if (!isElement(node)) return innerHtmlOf(node);
  const attributes = Object.entries(node.attribs).map(
    ([name, value]) => ` ${name}="${escapeText(value)}"`,
  );
  const tag = `${node.name}${attributes.join('')}`;
  if (VOID_TAGS.has(node.name)) return `<${tag}/>`;
  return `<${tag}>${innerHtmlOf(node)}</${node.name}>`;
}

export function innerHtmlOf(node: AnyNode): string {
  return childrenOf(node).map(outerHtmlOf).join('');
}
