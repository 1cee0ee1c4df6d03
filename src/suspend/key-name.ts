/** Names that non-computed property keys give. */
import type * as acorn from 'acorn';
import { isNode, type NameHint } from './frame.ts';

/** The property name of a key that is not computed, with `#` for private names. */
export function keyName(key: acorn.Node): string | undefined {
  if (isNode(key, 'Identifier')) return key.name;
  if (isNode(key, 'Literal')) return String(key.bigint ?? key.value);
  if (isNode(key, 'PrivateIdentifier')) return `#${key.name}`;
  return undefined;
}

/** The name a non-computed key gives to an anonymous function. */
export function keyHint(key: acorn.Node): NameHint {
  const text = keyName(key);
  return text === undefined ? undefined : { text };
}
