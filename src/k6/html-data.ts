/** The `data-*` attributes of an element by camel-case keys, as jQuery reads them. */
import type { Element } from './html-document.ts';
import { attributeOf } from './html-form.ts';

/** JSON, numbers and booleans become values. */
function dataValue(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  if (text !== '' && String(Number(text)) === text) return Number(text);
  if (!/^(?:\{[\s\S]*\}|\[[\s\S]*\])$/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // no JSON after all
  }
}

const DATA_PREFIX = 'data-';

function toDataAttribute(key: string): string {
  return DATA_PREFIX + key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function toDataKey(attribute: string): string {
  return attribute
    .slice(DATA_PREFIX.length)
    .replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** The value of a key; all of them without a key. */
export function dataOf(element: Element, key: unknown): unknown {
  if (key !== undefined) {
    const text = attributeOf(element, toDataAttribute(String(key)));
    return text === undefined ? undefined : dataValue(text);
  }
  const entries = Object.entries(element.attribs)
    .filter(([name]) => name.startsWith(DATA_PREFIX))
    .map(([name, text]) => [toDataKey(name), dataValue(text)]);
  return Object.fromEntries(entries) as unknown;
}
