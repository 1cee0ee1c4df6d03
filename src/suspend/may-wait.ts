/** Which parts of a program wait themselves, functions in them aside. */
import type * as acorn from 'acorn';
import { type Emitter, isNode } from './frame.ts';
import { forEachChild, isClass, isFunction } from './scope.ts';

/** True when evaluating the node may suspend: it has a may-block node outside every function in it. */
export function mayWait(e: Emitter, node: acorn.Node): boolean {
  if (e.program.analysis.mayBlock.has(node)) return true;
  if (isFunction(node)) return false;
  if (isNode(node, 'MemberExpression') && isNode(node.property, 'PrivateIdentifier')) {
    const twins = e.privateTwins(node.property.name);
    if (twins?.get !== undefined || twins?.set !== undefined) return true;
  }
  // Instance fields are evaluated by the constructor, not where the class stands.
  if (isNode(node, 'PropertyDefinition') && !node.static) {
    return node.computed && mayWait(e, node.key);
  }
  let found = false;
  forEachChild(node, (child) => {
    found ||= mayWait(e, child);
  });
  return found;
}

/** The same for the initialiser of a field, or for a static block. */
export function initialiserMayWait(
  e: Emitter,
  member: acorn.PropertyDefinition | acorn.StaticBlock,
): boolean {
  const parts = member.type === 'StaticBlock' ? member.body : member.value ? [member.value] : [];
  return parts.some((part) => !isClass(part) && mayWait(e, part));
}
