/** Form controls: their values, and what submitting them would send. */
import { descendantsOf, type Element, parentElementOf, textOf } from './html-document.ts';

const CONTROL_TAGS: ReadonlySet<string> = new Set(['input', 'select', 'textarea', 'keygen']);
const UNSENT_TYPES: ReadonlySet<string> = new Set(['submit', 'button', 'image', 'reset', 'file']);
const CHECKED_TYPES: ReadonlySet<string> = new Set(['checkbox', 'radio']);

export interface FormValue {
  readonly name: string;
  readonly value: string;
}

/** An attribute, undefined if it is absent. */
export function attributeOf(element: Element, name: string): string | undefined {
  return Object.hasOwn(element.attribs, name) ? element.attribs[name] : undefined;
}

export function hasAttribute(element: Element, name: string): boolean {
  return Object.hasOwn(element.attribs, name);
}

export function descendantsNamed(element: Element, names: readonly string[]): Element[] {
  return [...descendantsOf(element)].filter(({ name }) => names.includes(name));
}

export function optionsOf(select: Element): Element[] {
  return descendantsNamed(select, ['option']);
}

export function optionValue(option: Element): string {
  return attributeOf(option, 'value') ?? textOf(option).trim().replace(/\s+/g, ' ');
}

/** The selected options; of a list with one choice and none marked, the first, as a browser does. */
export function selectedOptionsOf(select: Element): Element[] {
  const options = optionsOf(select);
  const marked = options.filter((option) => hasAttribute(option, 'selected'));
  if (hasAttribute(select, 'multiple')) return marked;
  const last = marked.at(-1) ?? options.find((option) => !hasAttribute(option, 'disabled'));
  return last === undefined ? [] : [last];
}

/** The value of a control: an array for a list with several choices, undefined if it has none. */
export function controlValue(element: Element): string | string[] | undefined {
  switch (element.name) {
    case 'select': {
      const values = selectedOptionsOf(element).map(optionValue);
      return hasAttribute(element, 'multiple') ? values : values[0];
    }
    case 'option':
      return optionValue(element);
    case 'textarea':
      return textOf(element);
    default:
      return attributeOf(element, 'value');
  }
}

/** The control is disabled, by itself or by a fieldset around it. */
function isDisabled(element: Element): boolean {
  if (hasAttribute(element, 'disabled')) return true;
  for (let up = parentElementOf(element); up !== undefined; up = parentElementOf(up)) {
    if (up.name === 'fieldset' && hasAttribute(up, 'disabled')) return true;
  }
  return false;
}

function isSent(element: Element): boolean {
  if (!CONTROL_TAGS.has(element.name) || !attributeOf(element, 'name')) return false;
  const type = (attributeOf(element, 'type') ?? '').toLowerCase();
  if (isDisabled(element) || UNSENT_TYPES.has(type)) return false;
  return !CHECKED_TYPES.has(type) || hasAttribute(element, 'checked');
}

/** What would be sent of forms and controls, in document order. */
export function formValuesOf(elements: readonly Element[]): FormValue[] {
  const controls = elements.flatMap((element) =>
    element.name === 'form' ? [...descendantsOf(element)] : [element],
  );
  return controls.filter(isSent).flatMap((control) => {
    const name = attributeOf(control, 'name') ?? '';
    const isBox = CHECKED_TYPES.has((attributeOf(control, 'type') ?? '').toLowerCase());
    const value = controlValue(control) ?? (isBox ? 'on' : control.name === 'select' ? [] : '');
    return [value].flat().map((one) => ({ name, value: one.replace(/\r?\n/g, '\r\n') }));
  });
}
