/**
 * Calls, constructions, member accesses and optional chains that may suspend.
 *
 * The rule of all forms: every operand is evaluated once, in the source's order; arguments appear once;
 * the callee's twin is looked up before the arguments are evaluated and called after.
 */
import type * as acorn from 'acorn';
import { type Emitter, type Frame, isNode, placed, whole } from './frame.ts';
import type { Rope } from './rope.ts';

/** What becomes of a callee: its value, and the receiver's text if the call has one. */
type Use = (target: Rope, self: string | undefined) => Rope;

/** `f(x)`, `o.m(x)`, `super(x)`: a call that may suspend. */
export function emitCall(e: Emitter, node: acorn.CallExpression, frame: Frame): Rope {
  const direct = staticCall(e, node, frame);
  if (direct !== undefined) return direct;
  return reference(e, node.callee, frame, (target, self) =>
    checkedCall(e, frame, target, self, node.callee, () => e.argumentList(node.arguments, frame)),
  );
}

/** `new C(x)` that may suspend. */
export function emitNew(e: Emitter, node: acorn.NewExpression, frame: Frame): Rope {
  const [callee, args, twin] = [frame.temps.take(), frame.temps.take(), frame.temps.take()];
  const name = JSON.stringify(calleeName(e, node.callee));
  const rope: Rope = [
    `(${callee}=`,
    e.argument(node.callee, frame),
    `,${args}=[`,
    e.argumentList(node.arguments, frame),
    placed(
      `],(${twin}=${e.helper('cn')}(${callee},${name}))===undefined?` +
        `${e.helper('nw')}(${callee},${args},${name}):yield* ${twin}(${callee},${args}))`,
      node.start,
    ),
  ];
  frame.temps.release(3);
  return rope;
}

/** A tagged template whose tag may suspend. The template object stays that of its place in the source. */
export function emitTagged(e: Emitter, node: acorn.TaggedTemplateExpression, frame: Frame): Rope {
  return reference(e, node.tag, frame, (target, self) =>
    checkedCall(e, frame, target, self, node.tag, () => [
      '...',
      e.helper('tpl'),
      e.emit(node.quasi, frame),
    ]),
  );
}

/** Where V8 says that a call is: at the name of a method, at the start of anything else. */
function callPosition(callee: acorn.Node): number {
  return isNode(callee, 'MemberExpression') ? callee.property.start : callee.start;
}

/** `target` yields the callee. */
function checkedCall(
  e: Emitter,
  frame: Frame,
  target: Rope,
  self: string | undefined,
  calleeNode: acorn.Node,
  args: () => Rope,
): Rope {
  const name = JSON.stringify(calleeName(e, calleeNode));
  const at = callPosition(calleeNode);
  const [callee, twin] = [frame.temps.take(), frame.temps.take()];
  const list = args();
  frame.temps.release(2);
  const receiver = self === undefined ? '(' : `.call(${self}${isEmpty(list) ? '' : ','}`;
  return [
    `(${callee}=`,
    target,
    `,${twin}=${e.helper('co')}(${callee},${name}),`,
    placed(`${callee}=(${twin}===undefined?${callee}:${twin})${receiver}`, at),
    list,
    placed(`),${twin}===undefined?${callee}:yield* ${callee})`, at),
  ];
}

function isEmpty(rope: Rope): boolean {
  return Array.isArray(rope) && rope.length === 0;
}

/** A call of a constant name whose twin is known: no look-up. */
function staticCall(e: Emitter, node: acorn.CallExpression, frame: Frame): Rope | undefined {
  if (!isNode(node.callee, 'Identifier')) return undefined;
  const binding = e.program.scopes.bindingOf.get(node.callee);
  const twin = binding && e.program.staticTwins.get(binding);
  if (twin === undefined) return undefined;
  const isAsync = twin.kind === 'async';
  const open = isAsync ? `(yield* ${e.helper('ta')}(${twin.name}(` : `(yield* ${twin.name}(`;
  const list = e.argumentList(node.arguments, frame);
  return [placed(open, node.start), list, placed(isAsync ? ')))' : '))', node.start)];
}

/** Evaluates a callee to its value and receiver, keeping the receiver of member and chain callees. */
function reference(e: Emitter, callee: acorn.Node, frame: Frame, use: Use): Rope {
  if (isNode(callee, 'ChainExpression')) return chainReference(e, callee, frame, use);
  if (!isNode(callee, 'MemberExpression')) return use(detached(e, callee, frame), undefined);
  if (isNode(callee.object, 'Super')) {
    return use(e.emit(callee, frame), frame.thisText ?? 'this');
  }
  const object = frame.temps.take();
  const rope: Rope = [
    `(${object}=`,
    e.argument(callee.object, frame),
    ',',
    use(memberOf(e, callee, object, frame), object),
    ')',
  ];
  frame.temps.release(1);
  return rope;
}

function detached(e: Emitter, callee: acorn.Node, frame: Frame): Rope {
  return e.argument(callee, frame);
}

/** `object.member` where the object is in a variable. */
function memberOf(e: Emitter, node: acorn.MemberExpression, object: string, frame: Frame): Rope {
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
function keyOf(e: Emitter, node: acorn.MemberExpression, frame: Frame): Rope {
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
  const object = frame.temps.take();
  const rope: Rope = [
    `(${object}=`,
    e.argument(node.object, frame),
    ',',
    memberOf(e, node, object, frame),
    ')',
  ];
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
export function emitAssignment(
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

type Link = acorn.MemberExpression | acorn.CallExpression;

/** The links of an optional chain, first to last, and the expression it starts from. */
function linksOf(chain: acorn.Node): { base: acorn.Node; links: Link[] } {
  const links: Link[] = [];
  let base: acorn.Node = chain;
  for (;;) {
    if (isNode(base, 'MemberExpression')) {
      links.unshift(base);
      base = base.object;
    } else if (isNode(base, 'CallExpression') && !isNode(base.callee, 'Super')) {
      links.unshift(base);
      base = base.callee;
    } else return { base, links };
  }
}

/** True when some link of the chain itself (not only an operand of it) is special. */
export function isSpecialChain(e: Emitter, node: acorn.ChainExpression, frame: Frame): boolean {
  return linksOf(node.expression).links.some((link) =>
    link.type === 'CallExpression'
      ? e.blocks(link, frame)
      : isSpecialMember(e, link, frame) || isGated(e, link) || isBind(e, link),
  );
}

/** An optional chain with a link that may suspend; `isDelete`: `delete a?.b`. */
export function emitChain(
  e: Emitter,
  node: acorn.ChainExpression,
  frame: Frame,
  isDelete = false,
): Rope {
  return ['(', chainBody(e, node, frame, isDelete, (value) => value), ')'];
}

/** An optional chain as a callee, `(a?.b)(c)`: the receiver survives the parentheses. */
function chainReference(e: Emitter, node: acorn.ChainExpression, frame: Frame, use: Use): Rope {
  const [callee, self] = [frame.temps.take(), frame.temps.take()];
  const chain = chainBody(e, node, frame, false, (value, receiver) => [
    `(${self}=${receiver ?? 'undefined'},`,
    value,
    ')',
  ]);
  const rope: Rope = [`(${self}=undefined,${callee}=(`, chain, '),', use(callee, self), ')'];
  frame.temps.release(2);
  return rope;
}

function chainBody(
  e: Emitter,
  node: acorn.ChainExpression,
  frame: Frame,
  isDelete: boolean,
  end: (value: Rope, receiver: string | undefined) => Rope,
): Rope {
  const { base, links } = linksOf(node.expression);
  const short = isDelete ? 'true' : 'undefined';
  let taken = 0;
  const take = (): string => {
    taken++;
    return frame.temps.take();
  };
  const parts: Rope[] = [];
  let receiver: string | undefined;
  let value: Rope;
  let isFirstSuper = false;
  if (isNode(base, 'Super')) {
    isFirstSuper = true;
    value = '';
  } else if (isNode(base, 'ChainExpression') && links[0]?.type === 'CallExpression') {
    const [callee, self] = [take(), take()];
    const chain = chainBody(e, base, frame, false, (inner, of) => [
      `(${self}=${of ?? 'undefined'},`,
      inner,
      ')',
    ]);
    parts.push(`(${self}=undefined,${callee}=(`, chain, '),false)||');
    value = callee;
    receiver = self;
  } else value = e.argument(base, frame);
  const guard = (): void => {
    const held = take();
    parts.push(`(${held}=`, value, `)==null?${short}:`);
    value = held;
  };
  links.forEach((link, index) => {
    if (isFirstSuper && index === 0 && link.type === 'MemberExpression') {
      value = e.emit(link, frame);
      receiver = frame.thisText ?? 'this';
      return;
    }
    if (link.optional) guard();
    if (link.type === 'MemberExpression') {
      const isLast = index === links.length - 1;
      if (isDelete && isLast) {
        value = ['delete ', held(parts, value, take), memberAccess(e, link, frame)];
        return;
      }
      const object = held(parts, value, take);
      receiver = object;
      value = memberOf(e, link, object, frame);
      return;
    }
    const args = (): Rope => e.argumentList(link.arguments, frame);
    const self = receiver;
    receiver = undefined;
    if (e.blocks(link, frame)) {
      value = checkedCall(e, frame, value, self, link.callee, args);
      return;
    }
    const callee = typeof value === 'string' && self === undefined ? value : undefined;
    if (callee !== undefined) value = [callee, '(', args(), ')'];
    else if (self === undefined) value = ['(0,', value, ')(', args(), ')'];
    else {
      const fn = take();
      const list = args();
      value = [`(${fn}=`, value, `,${e.helper('call')}(${fn},${self},[`, list, ']))'];
    }
  });
  const rope: Rope = [parts, end(value, receiver)];
  frame.temps.release(taken);
  return rope;
}

/** Puts a value into a variable, in front of what follows; a variable stays as it is. */
function held(parts: Rope[], value: Rope, take: () => string): string {
  if (typeof value === 'string' && /^[\w$]+$/.test(value)) return value;
  const name = take();
  // `(x=value,0)||`: evaluates and goes on.
  parts.push(`(${name}=`, value, ',false)||');
  return name;
}

function memberAccess(e: Emitter, node: acorn.MemberExpression, frame: Frame): Rope {
  if (node.computed) return ['[', e.emit(node.property, frame), ']'];
  return ['.', whole(node.property)];
}

/** What an error message calls the callee: as V8 does, the source text of simple names. */
function calleeName(e: Emitter, callee: acorn.Node): string {
  if (isNode(callee, 'Identifier')) return callee.name;
  if (isNode(callee, 'ThisExpression')) return 'this';
  if (isNode(callee, 'MemberExpression')) {
    const object = calleeName(e, callee.object);
    if (!callee.computed) {
      return `${object}.${e.program.source.slice(callee.property.start, callee.property.end)}`;
    }
    return `${object}[...]`;
  }
  return '(intermediate value)';
}
