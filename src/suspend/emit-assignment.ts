/**
 * Declarations, assignments and updates: targets behind accessors that may suspend, patterns over
 * iterators that may, and the names that anonymous functions take from where they are put.
 */
import type * as acorn from 'acorn';
import { emitFunctionExpression } from './emit-function.ts';
import { keyOf } from './emit-member.ts';
import { between, type Emitter, type Frame, isNode, placed, whole } from './frame.ts';
import type { Rope } from './rope.ts';

/** `let a = x, b = y`. */
export function emitVariables(e: Emitter, node: acorn.VariableDeclaration, frame: Frame): Rope {
  const parts: [acorn.Node, Rope][] = [];
  for (const declarator of node.declarations) {
    parts.push([declarator, emitDeclarator(e, declarator, frame)]);
  }
  return between(node, parts);
}

function emitDeclarator(e: Emitter, node: acorn.VariableDeclarator, frame: Frame): Rope {
  const { id, init } = node;
  if (!init) return e.emit(id, frame);
  if (!isNode(id, 'Identifier')) {
    const value = e.argument(init, frame);
    const isSpecial = isNode(id, 'ArrayPattern') && e.blocks(id, frame);
    return between(node, [
      [id, e.emit(id, frame)],
      [init, isSpecial ? destructured(e, id, value) : value],
    ]);
  }
  const binding = e.program.scopes.bindingOf.get(id);
  const twin = binding && e.program.staticTwins.get(binding);
  if (
    twin === undefined ||
    !(isNode(init, 'ArrowFunctionExpression') || isNode(init, 'FunctionExpression')) ||
    !e.isLowered(init)
  ) {
    return between(node, [[init, e.named(init, frame, { text: id.name })]]);
  }
  // `f = ...` becomes `$c$f = <twin>, f = <wrapper>`: calls by name need no look-up.
  return emitStaticFunction(e, init, frame, id.name, twin.name);
}

/** A constant that holds a lowered function: twin and wrapper as two declarators. */
function emitStaticFunction(
  e: Emitter,
  node: acorn.ArrowFunctionExpression | acorn.FunctionExpression,
  frame: Frame,
  name: string,
  twinName: string,
): Rope {
  const made = emitFunctionExpression(e, node, frame, { text: name });
  // The wrapper is made first inside one expression; its twin is read back once.
  return [`${name}=`, made, `,${twinName}=${e.helper('tw')}(${name},"")`];
}

/** `pattern = default`. */
export function emitDefault(e: Emitter, node: acorn.AssignmentPattern, frame: Frame): Rope {
  const hint = isNode(node.left, 'Identifier') ? { text: node.left.name } : undefined;
  const right = e.named(node.right, frame, hint);
  return between(node, [
    [node.left, e.emit(node.left, frame)],
    [node.right, right],
  ]);
}

/** `a = x`, `a += x`, `a ??= x`. */
export function emitAssignment(e: Emitter, node: acorn.AssignmentExpression, frame: Frame): Rope {
  const special = specialAssignment(e, node, frame);
  if (special !== undefined) return special;
  const { left, right, operator } = node;
  const isNaming = operator === '=' || /^(?:&&|\|\||\?\?)=$/.test(operator);
  const hint = isNaming && isNode(left, 'Identifier') ? { text: left.name } : undefined;
  const target = isNode(left, 'MemberExpression') ? e.children(left, frame) : e.emit(left, frame);
  if (isNode(left, 'ArrayPattern') && e.blocks(left, frame)) {
    const value = frame.temps.take();
    const source = e.argument(right, frame);
    frame.temps.release(1);
    return [
      `(${value}=`,
      source,
      ',',
      between(node, [
        [left, target],
        [right, destructured(e, left, value)],
      ]),
      `,${value})`,
    ];
  }
  return between(node, [
    [left, target],
    [right, e.named(right, frame, hint)],
  ]);
}

/** The values of an iterator that may suspend, for the pattern that takes them. */
function destructured(e: Emitter, pattern: acorn.ArrayPattern, value: Rope): Rope {
  const last = pattern.elements[pattern.elements.length - 1];
  const count = isNode(last, 'RestElement') ? 'Infinity' : String(pattern.elements.length);
  return [placed(`(yield* ${e.helper('ds')}(`, pattern.start), value, `,${count}))`];
}

/** True when writing the member may suspend. */
function isSpecialTarget(e: Emitter, node: acorn.MemberExpression, frame: Frame): boolean {
  if (!frame.canSuspend) return false;
  if (isNode(node.object, 'Super') && frame.superText === undefined) return false;
  if (isNode(node.property, 'PrivateIdentifier')) {
    const twins = e.privateTwins(node.property.name);
    return twins?.get !== undefined || twins?.set !== undefined;
  }
  return e.blocks(node, frame);
}

/** A write through an accessor that may suspend, or undefined when the native form will do. */
function specialAssignment(
  e: Emitter,
  node: acorn.AssignmentExpression,
  frame: Frame,
): Rope | undefined {
  const target = node.left as acorn.Node;
  if (!isNode(target, 'MemberExpression') || !isSpecialTarget(e, target, frame)) return undefined;
  return place(e, target, frame, ({ read, write, value }) => {
    const operator = node.operator.slice(0, -1);
    const right = e.argument(node.right, frame);
    if (operator === '') return write(right);
    if (operator === '&&') return ['(', read, '&&', write(right), ')'];
    if (operator === '||') return ['(', read, '||', write(right), ')'];
    if (operator === '??') return ['(', read, '??', write(right), ')'];
    return [`(${value}=`, read, ',', write([`${value}${operator}(`, right, ')']), ')'];
  });
}

/** `o.x++` through an accessor that may suspend, or undefined. */
export function emitUpdate(
  e: Emitter,
  node: acorn.UpdateExpression,
  frame: Frame,
): Rope | undefined {
  const target = node.argument as acorn.Node;
  if (!isNode(target, 'MemberExpression') || !isSpecialTarget(e, target, frame)) return undefined;
  return place(e, target, frame, ({ read, write, value }) => {
    const step = e.helper(node.operator === '++' ? 'inc' : 'dec');
    if (node.prefix) return write([`${step}(`, read, ')']);
    const old: Rope = [`(${value}=${e.helper('num')}(`, read, ')'];
    return [old, ',', write(`${step}(${value})`), `,${value})`];
  });
}

interface Place {
  readonly read: Rope;
  readonly write: (value: Rope) => Rope;
  /** A variable for the value in between. */
  readonly value: string;
}

/** Object and key of an assignment target, evaluated once. */
function place(
  e: Emitter,
  target: acorn.MemberExpression,
  frame: Frame,
  use: (place: Place) => Rope,
): Rope {
  const [object, key, value] = [frame.temps.take(), frame.temps.take(), frame.temps.take()];
  const from = isNode(target.object, 'Super')
    ? (frame.superText ?? 'super')
    : e.argument(target.object, frame);
  const start: Rope = [`(${object}=`, from, ','];
  let rope: Rope;
  if (isNode(target.property, 'PrivateIdentifier')) {
    const twins = e.privateTwins(target.property.name);
    const access: Rope = [`${object}.`, whole(target.property)];
    const read = twins?.get === undefined ? access : `(yield* ${object}.#${twins.get}())`;
    const write = (right: Rope): Rope =>
      twins?.set === undefined
        ? ['(', access, '=', right, ')']
        : [`(${value}=`, right, `,yield* ${object}.#${twins.set}(${value}),${value})`];
    rope = [start, use({ read, write, value }), ')'];
  } else {
    const at = target.property.start;
    const read = placed(`(yield* ${e.helper('gt')}(${object},${key}))`, at);
    const write = (right: Rope): Rope => [
      placed(`(yield* ${e.helper('st')}(${object},${key},`, at),
      right,
      '))',
    ];
    const body = use({ read, write, value });
    rope = [start, `${key}=`, keyOf(e, target, frame), ',', body, ')'];
  }
  frame.temps.release(3);
  return rope;
}
