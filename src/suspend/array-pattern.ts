/** Which array patterns may take all their values before they write the first target. */
import type * as acorn from 'acorn';

/**
 * True for patterns of names, holes, a rest and constant defaults. In others, writing one target may run code that
 * could tell in which order values were taken; these stay as they are.
 */
export function takesValuesFirst(pattern: acorn.Node): pattern is acorn.ArrayPattern {
  const node = pattern as acorn.AnyNode;
  return node.type === 'ArrayPattern' && node.elements.every(isSilentTarget);
}

function isSilentTarget(target: acorn.Pattern | null): boolean {
  switch (target?.type) {
    case undefined:
    case 'Identifier':
      return true;
    case 'RestElement':
      return target.argument.type === 'Identifier';
    case 'AssignmentPattern':
      return target.left.type === 'Identifier' && target.right.type === 'Literal';
    default:
      return false;
  }
}
