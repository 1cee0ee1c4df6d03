/**
 * What some kinds of elements have besides the methods of all: one table from tag names to methods.
 * Each method is a function of the node; `wrap` makes script objects of the nodes it gives.
 */
import {
  type AnyNode,
  descendantsOf,
  type Element,
  elementChildrenOf,
  innerHtmlOf,
  isElement,
  parentElementOf,
  textOf,
} from './html-document.ts';
import { HtmlElement, nodeBehind } from './html-element.ts';
import {
  attributeOf,
  descendantsNamed,
  hasAttribute,
  optionsOf,
  optionValue,
  selectedOptionsOf,
} from './html-form.ts';

type Property = (element: Element) => unknown;
type Properties = Readonly<Record<string, Property>>;

const text =
  (name: string, missing = ''): Property =>
  (element) =>
    attributeOf(element, name) ?? missing;
const flag =
  (name: string): Property =>
  (element) =>
    hasAttribute(element, name);
const number =
  (name: string, missing: number): Property =>
  (element) => {
    const value = Number.parseFloat(attributeOf(element, name) ?? '');
    return Number.isNaN(value) ? missing : value;
  };
const words =
  (name: string): Property =>
  (element) =>
    (attributeOf(element, name) ?? '').split(/\s+/).filter((word) => word !== '');

function ancestorNamed(element: Element, names: readonly string[]): Element | undefined {
  let up = parentElementOf(element);
  while (up !== undefined && !names.includes(up.name)) up = parentElementOf(up);
  return up;
}

function rootOf(element: Element): AnyNode {
  let node: AnyNode = element;
  while (node.parent !== null) node = node.parent;
  return node;
}

function firstInDocument(element: Element, test: (other: Element) => boolean): Element | undefined {
  for (const other of descendantsOf(rootOf(element))) if (test(other)) return other;
  return undefined;
}

/** The form that a control belongs to: named by its id, or around it. */
function ownerForm(element: Element): Element | undefined {
  const id = attributeOf(element, 'form');
  if (id === undefined) return ancestorNamed(element, ['form']);
  return firstInDocument(
    element,
    (other) => other.name === 'form' && attributeOf(other, 'id') === id,
  );
}

function labelsOf(element: Element): Element[] {
  const id = attributeOf(element, 'id');
  const around = ancestorNamed(element, ['label']);
  return [...descendantsOf(rootOf(element))].filter(
    (other) =>
      other.name === 'label' &&
      (other === around || (id !== undefined && attributeOf(other, 'for') === id)),
  );
}

const CONTROLS = [
  'button',
  'fieldset',
  'input',
  'keygen',
  'object',
  'output',
  'select',
  'textarea',
];

/** `get` or `post`, as forms have it. */
const method =
  (attribute: string, element: (control: Element) => Element | undefined): Property =>
  (control) => {
    const given = attributeOf(control, attribute);
    const owner = element(control);
    const value = given ?? (owner === undefined ? '' : (attributeOf(owner, 'method') ?? ''));
    return value.toLowerCase() === 'post' ? 'post' : 'get';
  };

const submission =
  (attribute: string, ofForm: string, missing: string): Property =>
  (control) => {
    const form = ownerForm(control);
    return (
      attributeOf(control, attribute) ??
      (form === undefined ? undefined : attributeOf(form, ofForm)) ??
      missing
    );
  };

const FORM_FIELD: Properties = {
  form: ownerForm,
  formAction: submission('formaction', 'action', ''),
  formEnctype: submission('formenctype', 'enctype', 'application/x-www-form-urlencoded'),
  formMethod: method('formmethod', ownerForm),
  formNoValidate: flag('formnovalidate'),
  formTarget: submission('formtarget', 'target', ''),
  labels: labelsOf,
  name: text('name'),
  disabled: flag('disabled'),
};

/** Where only a path is given, the parts before it are empty. */
const RELATIVE_BASE = 'http://relative.invalid';
type UrlPart =
  | 'hash'
  | 'host'
  | 'hostname'
  | 'origin'
  | 'password'
  | 'pathname'
  | 'port'
  | 'protocol'
  | 'search'
  | 'username';
const PARTS_OF_RELATIVE: ReadonlySet<UrlPart> = new Set<UrlPart>(['hash', 'pathname', 'search']);

function urlPart(part: UrlPart): Property {
  return (element) => {
    const href = attributeOf(element, 'href');
    if (href === undefined) return '';
    if (URL.canParse(href)) return new URL(href)[part];
    const isGiven = PARTS_OF_RELATIVE.has(part) && URL.canParse(href, RELATIVE_BASE);
    return isGiven ? new URL(href, RELATIVE_BASE)[part] : '';
  };
}

const LINK: Properties = {
  hash: urlPart('hash'),
  host: urlPart('host'),
  hostname: urlPart('hostname'),
  href: text('href'),
  origin: urlPart('origin'),
  password: urlPart('password'),
  pathname: urlPart('pathname'),
  port: urlPart('port'),
  protocol: urlPart('protocol'),
  rel: text('rel'),
  relList: words('rel'),
  search: urlPart('search'),
  target: text('target'),
  text: textOf,
  type: text('type'),
  username: urlPart('username'),
};

const rowsOf = (element: Element): Element[] => descendantsNamed(element, ['tr']);
const childNamed =
  (name: string): Property =>
  (element) =>
    elementChildrenOf(element).find((child) => child.name === name);
const SECTION: Properties = { rows: rowsOf };
const CELLS = ['td', 'th'];

function indexIn(
  owner: Element | undefined,
  list: (of: Element) => Element[],
  item: Element,
): number {
  return owner === undefined ? -1 : list(owner).indexOf(item);
}

const CELL: Properties = {
  cellIndex: (cell) =>
    indexIn(
      parentElementOf(cell),
      (row) => elementChildrenOf(row).filter(({ name }) => CELLS.includes(name)),
      cell,
    ),
  colSpan: number('colspan', 1),
  rowSpan: number('rowspan', 1),
  headers: text('headers'),
};
const COLUMN: Properties = { span: number('span', 1) };
const MEDIA: Properties = {
  src: text('src'),
  textTracks: (element) => descendantsNamed(element, ['track']),
};
const MODIFICATION: Properties = { cite: text('cite'), dateTime: text('datetime') };
const LEGEND: Properties = {
  form: (element) => ownerForm(ancestorNamed(element, ['fieldset']) ?? element),
};

function optionIndex(option: Element): number {
  return indexIn(ancestorNamed(option, ['select', 'datalist']), optionsOf, option);
}

/** Elements that a map shows: those whose `usemap` names it. */
function imagesOf(map: Element): Element[] {
  const name = `#${attributeOf(map, 'name') ?? ''}`;
  return [...descendantsOf(rootOf(map))].filter(
    (other) => ['img', 'object'].includes(other.name) && attributeOf(other, 'usemap') === name,
  );
}

function controlOf(label: Element): Element | undefined {
  const id = attributeOf(label, 'for');
  if (id === undefined) return descendantsNamed(label, CONTROLS)[0];
  return firstInDocument(
    label,
    (other) => CONTROLS.includes(other.name) && attributeOf(other, 'id') === id,
  );
}

const progressMax = number('max', 1);
const progressValue = number('value', 0);

const KINDS: Readonly<Record<string, Properties>> = {
  a: LINK,
  area: LINK,
  audio: MEDIA,
  base: { href: text('href'), target: text('target') },
  button: {
    ...FORM_FIELD,
    type: text('type', 'submit'),
    value: (button) => attributeOf(button, 'value') ?? innerHtmlOf(button),
  },
  canvas: { height: number('height', 150), width: number('width', 300) },
  col: COLUMN,
  colgroup: COLUMN,
  data: { value: text('value') },
  datalist: { options: optionsOf },
  del: MODIFICATION,
  embed: { height: text('height'), src: text('src'), type: text('type'), width: text('width') },
  fieldset: {
    disabled: flag('disabled'),
    elements: (set) => descendantsNamed(set, CONTROLS),
    form: ownerForm,
    name: text('name'),
    type: () => 'fieldset',
    validity: () => undefined,
  },
  form: {
    action: text('action'),
    elements: (form) => descendantsNamed(form, CONTROLS),
    enctype: text('enctype', 'application/x-www-form-urlencoded'),
    length: (form) => descendantsNamed(form, CONTROLS).length,
    method: method('method', () => undefined),
    name: text('name'),
    target: text('target'),
  },
  iframe: { height: text('height'), name: text('name'), src: text('src'), width: text('width') },
  img: {
    alt: text('alt'),
    height: number('height', 0),
    name: text('name'),
    src: text('src'),
    width: number('width', 0),
  },
  input: {
    ...FORM_FIELD,
    checked: flag('checked'),
    multiple: flag('multiple'),
    placeholder: text('placeholder'),
    readOnly: flag('readonly'),
    required: flag('required'),
    type: text('type', 'text'),
    value: text('value'),
  },
  ins: MODIFICATION,
  keygen: { ...FORM_FIELD, type: () => 'keygen' },
  label: {
    control: controlOf,
    form: (label) => ownerForm(controlOf(label) ?? label),
    htmlFor: text('for'),
  },
  legend: LEGEND,
  li: { type: text('type'), value: number('value', 0) },
  link: {
    href: text('href'),
    media: text('media'),
    rel: text('rel'),
    relList: words('rel'),
    type: text('type'),
  },
  map: {
    areas: (map) => descendantsNamed(map, ['area']),
    images: imagesOf,
    name: text('name'),
  },
  meta: { content: text('content'), httpEquiv: text('http-equiv'), name: text('name') },
  meter: {
    labels: labelsOf,
    max: number('max', 1),
    min: number('min', 0),
    value: number('value', 0),
  },
  object: { data: text('data'), form: ownerForm, name: text('name'), type: text('type') },
  ol: { reversed: flag('reversed'), start: number('start', 1), type: text('type') },
  optgroup: { disabled: flag('disabled'), label: text('label') },
  option: {
    disabled: flag('disabled'),
    form: (option) => ownerForm(ancestorNamed(option, ['select']) ?? option),
    index: optionIndex,
    label: (option) => attributeOf(option, 'label') ?? textOf(option),
    selected: flag('selected'),
    text: textOf,
    value: optionValue,
  },
  output: {
    defaultValue: textOf,
    form: ownerForm,
    labels: labelsOf,
    name: text('name'),
    value: textOf,
  },
  param: { name: text('name'), value: text('value') },
  progress: {
    labels: labelsOf,
    max: progressMax,
    position: (bar) =>
      hasAttribute(bar, 'value') ? Number(progressValue(bar)) / Number(progressMax(bar)) : -1,
    value: progressValue,
  },
  q: { cite: text('cite') },
  script: {
    async: flag('async'),
    defer: flag('defer'),
    src: text('src'),
    text: textOf,
    type: text('type'),
  },
  select: {
    disabled: flag('disabled'),
    form: ownerForm,
    labels: labelsOf,
    length: (select) => optionsOf(select).length,
    multiple: flag('multiple'),
    name: text('name'),
    options: optionsOf,
    selectedIndex: (select) => {
      const [first] = selectedOptionsOf(select);
      return first === undefined ? -1 : optionsOf(select).indexOf(first);
    },
    selectedOptions: selectedOptionsOf,
    size: (select) => number('size', hasAttribute(select, 'multiple') ? 4 : 1)(select),
    type: (select) => (hasAttribute(select, 'multiple') ? 'select-multiple' : 'select-one'),
    value: (select) => {
      const [first] = selectedOptionsOf(select);
      return first === undefined ? '' : optionValue(first);
    },
  },
  source: { media: text('media'), src: text('src'), type: text('type') },
  style: { media: text('media'), type: text('type', 'text/css') },
  table: {
    caption: childNamed('caption'),
    rows: rowsOf,
    tBodies: (table) => elementChildrenOf(table).filter(({ name }) => name === 'tbody'),
    tFoot: childNamed('tfoot'),
    tHead: childNamed('thead'),
  },
  tbody: SECTION,
  td: CELL,
  textarea: {
    ...FORM_FIELD,
    defaultValue: textOf,
    length: (area) => Buffer.byteLength(textOf(area)),
    placeholder: text('placeholder'),
    type: () => 'textarea',
    value: textOf,
  },
  tfoot: SECTION,
  th: CELL,
  thead: SECTION,
  time: { dateTime: text('datetime') },
  title: { text: textOf },
  tr: {
    cells: (row) => elementChildrenOf(row).filter(({ name }) => CELLS.includes(name)),
    rowIndex: (row) => indexIn(ancestorNamed(row, ['table']), rowsOf, row),
    sectionRowIndex: (row) => indexIn(parentElementOf(row), rowsOf, row),
  },
  track: {
    kind: text('kind', 'subtitles'),
    label: text('label'),
    src: text('src'),
    srclang: text('srclang'),
  },
  ul: { type: text('type') },
  video: {
    ...MEDIA,
    height: number('height', 0),
    poster: text('poster'),
    width: number('width', 0),
  },
};

type ElementClass = new (node: AnyNode, wrap: typeof wrapNode) => HtmlElement;

/** Classes by tag, made at the first element of the kind. */
const classes = new Map<string, ElementClass>();

function classOf(tag: string): ElementClass {
  const properties = Object.hasOwn(KINDS, tag) ? KINDS[tag] : undefined;
  if (properties === undefined) return HtmlElement;
  const known = classes.get(tag);
  if (known !== undefined) return known;
  const kind = class extends HtmlElement {};
  for (const [name, property] of Object.entries(properties)) {
    const value = {
      [name](this: unknown): unknown {
        const node = nodeBehind(this);
        if (node === undefined || !isElement(node)) throw new TypeError('Illegal invocation');
        return wrapResult(property(node));
      },
    }[name];
    Object.defineProperty(kind.prototype, name, { value, writable: true, configurable: true });
  }
  classes.set(tag, kind);
  return kind;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'parent' in value && 'type' in value;
}

function wrapResult(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(wrapResult);
  return isNode(result) ? wrapNode(result) : result;
}

/** The script's object for a node. */
export function wrapNode(node: AnyNode): HtmlElement {
  const Class = isElement(node) ? classOf(node.name) : HtmlElement;
  return new Class(node, wrapNode);
}
