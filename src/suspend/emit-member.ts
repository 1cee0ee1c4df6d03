/** Reads of members that may suspend: accessors, private members with twins, `then` and `bind`. */
import type * as acorn from 'acorn';
import { type Emitter, type Frame, isNode, placed, whole } from './frame.ts';
import type { Rope } from './rope.ts';

/** `object.member` where the object is in a variable. */
export function memberOf(
  e: Emitter,
  node: acorn.MemberExpression,
  object: string,
  frame: Frame,
): Rope {
  const { property } = node;
  if (isNode(property, 'PrivateIdentifier')) return privateRead(e, property, object, frame);
  if (e.blocks(node, frame)) {
    const open = placed(`(yield* ${e.helper('gt')}(${object},`, property.start);
    return [open, keyOf(e, node, frame), '))'];
  }
  if (isGated(e, node)) return [e.helper('tf'), `(${object},`, keyOf(e, node, frame), ')'];
  if (isBind(e, node)) return `${e.helper('bf')}(${object})`;
  if (node.computed) return [object, '[', e.emit(property, frame), ']'];
  return [object, '.', whole(property)];
}

/** The key of a member access as an expression. */
export function keyOf(e: Emitter, node: acorn.MemberExpression, frame: Frame): Rope {
  if (node.computed) return e.argument(node.property, frame);
  return JSON.stringify(isNode(node.property, 'Identifier') ? node.property.name : '');
}

/** `.bind`: what it binds has a twin if the function has. */
export function isBind(e: Emitter, node: acorn.MemberExpression): boolean {
  if (!e.program.suspends || node.computed) return false;
  return isNode(node.property, 'Identifier') && node.property.name === 'bind';
}

/** `.then`, `.catch` and `.finally` of promises are looked up through the gate. */
export function isGated(e: Emitter, node: acorn.MemberExpression): boolean {
  const { property } = node;
  if (!e.program.gatesPromises || node.computed || !isNode(property, 'Identifier')) return false;
  return /^(?:then|catch|finally)$/.test(property.name);
}

function privateRead(
  e: Emitter,
  property: acorn.PrivateIdentifier,
  object: string,
  frame: Frame,
): Rope {
  const twins = e.privateTwins(property.name);
  if (twins?.method !== undefined) {
    // A private method cannot be stamped when its class is made: nobody can reach it then.
    return [
      e.helper(twins.marker ?? 'm'),
      `(${object}.`,
      whole(property),
      `,${object}.#${twins.method})`,
    ];
  }
  if (twins?.get !== undefined && frame.canSuspend) {
    return placed(`(yield* ${object}.#${twins.get}())`, property.start);
  }
  return [object, '.', whole(property)];
}

/** A member read of a private member with a twin, or through an accessor that may suspend. */
export function emitMember(e: Emitter, node: acorn.MemberExpression, frame: Frame): Rope {
  if (isNode(node.object, 'Super')) return memberOf(e, node, frame.superText ?? 'super', frame);
  return onObject(e, node, frame, (object) => memberOf(e, node, object, frame));
}

/** Puts the object of a member access into a variable and goes on with that. */
export function onObject(
  e: Emitter,
  node: acorn.MemberExpression,
  frame: Frame,
  use: (object: string) => Rope,
): Rope {
  const object = frame.temps.take();
  const rope: Rope = [`(${object}=`, e.argument(node.object, frame), ',', use(object), ')'];
  frame.temps.release(1);
  return rope;
}

/** True when reading the member needs more than the native access. */
export function isSpecialMember(e: Emitter, node: acorn.MemberExpression, frame: Frame): boolean {
  if (isNode(node.object, 'Super')) return frame.superText !== undefined && e.blocks(node, frame);
  if (isNode(node.property, 'PrivateIdentifier')) {
    const twins = e.privateTwins(node.property.name);
    return twins?.method !== undefined || (frame.canSuspend && twins?.get !== undefined);
  }
  return e.blocks(node, frame);
}
