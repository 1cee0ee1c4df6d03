/**
 * Calls, constructions and optional chains, those that may suspend among them.
 *
 * The rule of all forms: every operand is evaluated once, in the source's order; arguments appear once;
 * the callee's twin is looked up before the arguments are evaluated and called after.
 */
import type * as acorn from 'acorn';
import { isBind, isGated, isSpecialMember, memberOf, onObject } from './emit-member.ts';
import { type Emitter, type Frame, generatedText, isNode, placed, whole } from './frame.ts';
import type { Rope } from './rope.ts';

/** What becomes of a callee: its value, and the receiver's text if the call has one. */
type Use = (target: Rope, self: string | undefined) => Rope;

/** Any call. */
export function emitCall(e: Emitter, node: acorn.CallExpression, frame: Frame): Rope {
  const { callee } = node;
  if (isNode(callee, 'Super')) return superCall(e, node, frame);
  if (isNode(callee, 'Identifier') && callee.name === 'eval') return e.children(node, frame);
  if (e.blocks(node, frame)) return suspendingCall(e, node, frame);
  if (isNode(callee, 'MemberExpression')) {
    if (isNode(callee.object, 'Super') && frame.superText !== undefined) {
      const self = frame.thisText ?? 'this';
      const list = e.argumentList(node.arguments, frame);
      return [`${e.helper('call')}(`, e.emit(callee, frame), `,${self},[`, list, '])'];
    }
    const isPrivate = isNode(callee.property, 'PrivateIdentifier');
    if (!isNode(callee.object, 'Super')) {
      if (isGated(e, callee)) return plainMemberCall(e, node, callee, frame, 'tc');
      if (isBind(e, callee)) return plainMemberCall(e, node, callee, frame, 'bi');
      if (!isPrivate && isSpecialMember(e, callee, frame)) return suspendingCall(e, node, frame);
    }
  }
  return e.children(node, frame);
}

/** `o.then(x)` as `helper(o,"then",[x])`. */
function plainMemberCall(
  e: Emitter,
  node: acorn.CallExpression,
  callee: acorn.MemberExpression,
  frame: Frame,
  helper: string,
): Rope {
  const { property } = callee;
  const key = isNode(property, 'Identifier') ? JSON.stringify(property.name) : '""';
  return [
    placed(`${e.helper(helper)}(`, property.start),
    e.argument(callee.object, frame),
    `,${key},[`,
    e.argumentList(node.arguments, frame),
    '])',
  ];
}

function superCall(e: Emitter, node: acorn.CallExpression, frame: Frame): Rope {
  const list = e.argumentList(node.arguments, frame);
  if (frame.superCallText !== undefined) return [`${frame.superCallText}(`, list, ')'];
  if (frame.derived === undefined) return e.children(node, frame);
  const { holder, classVariable, newTargetVariable, fields } = frame.derived;
  const parent = `${e.helper('gp')}(${classVariable})`;
  // In an arrow function that is not lowered, the parent runs to its end synchronously.
  const wait = frame.canSuspend ? 'yield* ' : e.helper('s');
  const made: Rope = [
    placed(`${e.helper('bs')}(${holder},${wait}(`, node.start),
    `${e.helper('sc')}(${parent},${classVariable},${newTargetVariable},[`,
    list,
    '])))',
  ];
  if (fields === undefined) return ['(', made, ')'];
  return ['(', made, `,${wait}(${fields}.call(${holder}.self)),${holder}.self)`];
}

/** `f(x)`, `o.m(x)`: a call that may suspend. */
function suspendingCall(e: Emitter, node: acorn.CallExpression, frame: Frame): Rope {
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

/** `...x` in an array or in arguments. */
export function emitSpread(e: Emitter, node: acorn.SpreadElement, frame: Frame): Rope {
  const value = e.argument(node.argument, frame);
  if (!e.blocks(node, frame)) return ['...', value];
  return [placed(`...(yield* ${e.helper('sp')}(`, node.start), value, '))'];
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
  if (!isNode(callee, 'MemberExpression')) return use(e.argument(callee, frame), undefined);
  if (isNode(callee.object, 'Super')) {
    return use(e.emit(callee, frame), frame.thisText ?? 'this');
  }
  return onObject(e, callee, frame, (object) => use(memberOf(e, callee, object, frame), object));
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
    if (generatedText(value) !== undefined && self === undefined) value = [value, '(', args(), ')'];
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
