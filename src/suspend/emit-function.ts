/**
 * Functions that may suspend: a wrapper (the function the program sees; native callers run it to its
 * end synchronously) and a generator twin with the only copy of the body.
 */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import {
  type Emitter,
  type Frame,
  isNode,
  type NameHint,
  plainFrame,
  slice,
  Temps,
} from './frame.ts';
import { mayWait } from './may-wait.ts';
import type { Rope } from './rope.ts';

/** Parameters and body (with braces) of an emitted function. */
export interface Parts {
  readonly params: Rope;
  readonly body: Rope;
}

export interface PartsOptions {
  /** Generated statements in front of the body. */
  readonly prologue?: Rope;
  /** Take the parameters out of this expression (an array) inside the body. */
  readonly argumentsFrom?: string;
  /** Keep parameters and body out of the scope of the prologue. */
  readonly isPrologueApart?: boolean;
  /** What `super` is in parameters, which are evaluated before the prologue. */
  readonly superInParams?: string;
  /** It cannot be called with `new`. */
  readonly isMethod?: boolean;
}

/** A fresh frame for the inside of a function; arrow functions keep the texts of `outer`. */
export function innerFrame(e: Emitter, node: FunctionNode, outer: Frame, isTwin: boolean): Frame {
  const isArrow = node.type === 'ArrowFunctionExpression';
  const base = isArrow ? outer : plainFrame(e.program.prefix);
  return {
    ...base,
    canSuspend: isTwin,
    isAsync: isTwin && node.async,
    isGenerator: isTwin && node.generator,
    temps: new Temps(e.program.prefix),
  };
}

/** A function that is not lowered, rewritten inside where needed. */
export function emitPlainFunction(e: Emitter, node: FunctionNode, frame: Frame): Rope {
  const inner = innerFrame(e, node, frame, false);
  return plainBody(e, node, inner);
}

/** Everything of a plain function from its start, with declarations of the temps it turned out to need. */
export function plainBody(e: Emitter, node: FunctionNode, inner: Frame): Rope {
  const paramsFrame = { ...inner, temps: e.program.programTemps };
  const head: Rope[] = [];
  let at = node.start;
  for (const param of node.params) {
    head.push(slice(at, param.start), e.emit(param, paramsFrame));
    at = param.end;
  }
  head.push(slice(at, node.body.start));
  if (node.body.type === 'BlockStatement') {
    const { body } = node.body;
    const text = e.statements(body, inner, node.body.start + 1, node.body.end - 1, true);
    return [head, '{', inner.temps.declaration(), text, '}'];
  }
  const text = e.emit(node.body, inner);
  if (!inner.temps.isUsed) return [head, text, slice(node.body.end, node.end)];
  return [head, `{${inner.temps.declaration()}return `, text, slice(node.body.end, node.end), '}'];
}

/** Parameters and body of a twin. */
export function twinParts(
  e: Emitter,
  node: FunctionNode,
  inner: Frame,
  options: PartsOptions = {},
): Parts {
  const rest = `${e.program.prefix}a`;
  // Parameters of a generator are evaluated when it is called, where nothing can wait.
  const atCall = node.generator ? { ...inner, canSuspend: false, isGenerator: false } : inner;
  const paramsFrame =
    options.superInParams === undefined ? atCall : { ...atCall, superText: options.superInParams };
  let params = parameterList(e, node, paramsFrame);
  let unpack: Rope = '';
  const from = options.argumentsFrom;
  const isSimple = node.params.every((param) => param.type === 'Identifier');
  const isNewable = options.isMethod !== true && readsNewTarget(e, node);
  const mustMove =
    (node.async && !isSimple) ||
    inner.temps.isUsed ||
    node.params.some((param) => mayWait(e, param)) ||
    from !== undefined ||
    (isNewable && !isSimple) ||
    options.isPrologueApart === true;
  if (mustMove && !node.generator) {
    const declare = redeclaresParameter(e, node) || isSimple ? 'var' : 'let';
    unpack = node.params.length === 0 ? '' : [`${declare} [`, params, `]=${from ?? rest};`];
    params = from === undefined ? `...${rest}` : '';
  }
  const newTarget = isNewable ? `const ${inner.newTargetText}=${e.helper('nt')}();` : '';
  const probe = e.program.probes && inner.canSuspend ? `yield* ${e.helper('probe')}();` : '';
  let body: Rope;
  if (node.body.type === 'BlockStatement') {
    const { start, end } = node.body;
    const text = e.statements(node.body.body, inner, start + 1, end - 1, true);
    body = unpack === '' ? text : ['{', text, '}'];
  } else body = ['return ', e.argument(node.body, inner), ';'];
  const start: Rope = [inner.temps.declaration(), newTarget, options.prologue ?? ''];
  const inside: Rope = [probe, unpack, body];
  return { params, body: ['{', start, options.isPrologueApart ? ['{', inside, '}'] : inside, '}'] };
}

function parameterList(e: Emitter, node: FunctionNode, inner: Frame): Rope {
  const list: Rope[] = [];
  node.params.forEach((param, index) => {
    if (index > 0) list.push(',');
    list.push(e.emit(param, inner));
  });
  return list;
}

function redeclaresParameter(e: Emitter, node: FunctionNode): boolean {
  const scope = e.program.scopes.scopeOf.get(node);
  if (scope === undefined) return false;
  for (const binding of scope.bindings.values()) {
    if (binding.kind === 'param' && binding.declarations.length > 1) return true;
  }
  return false;
}

/** `$p0,$p1` for as many parameters as `length` counts, and a rest if the twin may want more. */
export function stubParameters(e: Emitter, node: FunctionNode): { list: string; spread: string } {
  const names: string[] = [];
  for (const param of node.params) {
    if (param.type === 'AssignmentPattern' || param.type === 'RestElement') break;
    names.push(`${e.program.prefix}p${names.length}`);
  }
  const hasMore = names.length < node.params.length;
  const all = hasMore ? [...names, `...${e.program.prefix}r`] : names;
  return { list: names.join(','), spread: all.join(',') };
}

/** The helper that runs a twin's iterator for a native caller. */
function runner(e: Emitter, node: FunctionNode): string {
  return e.helper(node.async ? 'as' : 's');
}

/** The helper that ties wrapper and twin together. */
export function marker(e: Emitter, node: FunctionNode): string {
  if (node.async) return e.helper('ma');
  if (readsNewTarget(e, node)) return e.helper('mn');
  return e.helper(node.generator ? 'mg' : 'm');
}

/** Body of a wrapper that is not an arrow function; `twin` is an expression for the generator function. */
export function stubBody(e: Emitter, node: FunctionNode, twin: string, isMethod: boolean): string {
  const call = `${twin}.apply(this,arguments)`;
  if (node.generator) return `{return ${e.helper('gen')}(${twin},${call})}`;
  if (!isMethod && readsNewTarget(e, node)) return `{return ${e.helper('sn')}(${call},new.target)}`;
  return `{return ${runner(e, node)}(${call})}`;
}

/** Only functions that can be called with `new` have to be told about it. */
function readsNewTarget(e: Emitter, node: FunctionNode): boolean {
  if (node.type === 'ArrowFunctionExpression' || node.async || node.generator) return false;
  return e.program.scopes.facts.get(node)?.usesNewTarget === true;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Name of a twin function in stack traces. */
function twinName(e: Emitter, name: string | undefined): string {
  return name !== undefined && IDENTIFIER.test(name) ? ` ${e.helper('f')}$${name}` : '';
}

/** A lowered function or arrow expression. `hint` names it if it has no name of its own. */
export function emitFunctionExpression(
  e: Emitter,
  node: acorn.FunctionExpression | acorn.ArrowFunctionExpression,
  frame: Frame,
  hint: NameHint,
): Rope {
  const ownName = node.type === 'FunctionExpression' ? node.id?.name : undefined;
  const name = ownName ?? (hint !== undefined && 'text' in hint ? hint.text : undefined);
  const id = e.program.nextId();
  const isSelfNamed = ownName !== undefined && refersToItself(e, node);
  const variable = `${e.helper('g')}${id}`;
  const twin = isSelfNamed ? selfTwinName(e, node, variable) : variable;
  const { frame: inner, captures } = captureContext(e, node, frame, id);
  const generator = twinFunction(e, node, inner, name);
  const wrapper = wrapperExpression(e, node, twin, name, ownName !== undefined);
  const marked = `${marker(e, node)}(${wrapper},${twin})`;
  const names = captures.map(([captured]) => captured).join(',');
  const values = captures.map(([, value]) => value).join(',');
  let rope: Rope;
  if (isSelfNamed) {
    // The name is a constant of the twin's surroundings, as it is of a named function expression's.
    rope = [`(()=>{const ${twin}=`, generator, `,${ownName}=${marked};return ${ownName}})()`];
  } else if (names === '') rope = [`(${twin}=>${marked})(`, generator, ')'];
  else {
    rope = [`((${names})=>{const ${twin}=`, generator, `;return ${marked}})(${values})`];
  }
  if (hint !== undefined && 'variable' in hint && ownName === undefined) {
    return [`${e.helper('nm')}(`, rope, `,${hint.variable})`];
  }
  return rope;
}

/** `function* name(params){...}`, or with a factory around it when `new.target` is used. */
function twinFunction(
  e: Emitter,
  node: FunctionNode,
  inner: Frame,
  name: string | undefined,
): Rope {
  const { params, body } = twinParts(e, node, inner);
  return [`function*${twinName(e, name)}(`, params, ')', body];
}

function refersToItself(e: Emitter, node: acorn.Node): boolean {
  if (!isNode(node, 'FunctionExpression') || !node.id) return false;
  const binding = e.program.scopes.bindingOf.get(node.id);
  const hasEval = e.program.scopes.facts.get(node)?.hasDirectEval === true;
  return hasEval || (binding !== undefined && binding.references.length > 0);
}

/** Inside the function its own name is a static twin, if it has one. */
function selfTwinName(e: Emitter, node: acorn.Node, otherwise: string): string {
  if (!isNode(node, 'FunctionExpression') || !node.id) return otherwise;
  const binding = e.program.scopes.bindingOf.get(node.id);
  const known = binding && e.program.staticTwins.get(binding);
  return known?.name ?? otherwise;
}

/** The frame of a twin and, for arrow functions, what has to be captured around it. */
export function captureContext(
  e: Emitter,
  node: FunctionNode,
  frame: Frame,
  id: number,
): { frame: Frame; captures: (readonly [string, string])[] } {
  let inner = innerFrame(e, node, frame, true);
  const captures: (readonly [string, string])[] = [];
  if (readsNewTarget(e, node)) inner = { ...inner, newTargetText: `${e.helper('n')}${id}` };
  if (node.type !== 'ArrowFunctionExpression') return { frame: inner, captures };
  const facts = e.program.scopes.facts.get(node);
  const texts: { -readonly [K in keyof Frame]?: Frame[K] } = {};
  const capture = (kind: string, value: string): string => {
    const variable = `${e.helper(kind)}${id}`;
    captures.push([variable, value]);
    return variable;
  };
  if (facts?.usesThis && frame.thisText === undefined) {
    texts.thisText = frame.isNativeDerived ? `${capture('t', '()=>this')}()` : capture('t', 'this');
  }
  if (facts?.usesArguments && frame.argumentsText === undefined) {
    texts.argumentsText = capture('r', 'arguments');
  }
  if (facts?.usesNewTarget && frame.newTargetText === undefined) {
    texts.newTargetText = capture('n', 'new.target');
  }
  if (facts?.usesSuper && frame.superText === undefined) {
    if (frame.isNativeDerived && frame.superCallText === undefined) {
      texts.superCallText = capture('x', '(...a)=>super(...a)');
    }
    texts.superText = capture('u', `${e.helper('sr')}(k=>super[k],(k,v)=>super[k]=v)`);
  }
  return { frame: { ...inner, ...texts }, captures };
}

/** The expression that makes the wrapper; `twin` is the variable that holds the generator function. */
export function wrapperExpression(
  e: Emitter,
  node: FunctionNode,
  twin: string,
  name: string | undefined,
  isNamed: boolean,
  isMethod = false,
): string {
  const { list, spread } = stubParameters(e, node);
  const key = `[${JSON.stringify(name ?? '')}]`;
  if (node.type === 'ArrowFunctionExpression') {
    const arrow = `(${spread})=>${runner(e, node)}(${twin}(${spread}))`;
    return name === undefined ? arrow : `({${key}:${arrow}})${key}`;
  }
  const body = stubBody(e, node, twin, isMethod);
  // A method has neither a prototype of its own nor [[Construct]].
  if (isMethod || node.async || node.generator) return `({${key}(${list})${body}})${key}`;
  if (isNamed || name === undefined) return `function ${isNamed ? name : ''}(${list})${body}`;
  return `({${key}:function(${list})${body}})${key}`;
}

/** A lowered function declaration: what stands in its place and what goes to the top of its list. */
export function emitFunctionDeclaration(
  e: Emitter,
  node: acorn.FunctionDeclaration | acorn.AnonymousFunctionDeclaration,
  frame: Frame,
  name: string,
  declare: 'var' | 'let' | 'function',
): { place: Rope; top: string } {
  const twin = `${e.helper('c')}$${name}`;
  const { frame: inner } = captureContext(e, node, frame, e.program.nextId());
  const { params, body } = twinParts(e, node, inner);
  const generator: Rope = [`function* ${twin}(`, params, ')', body];
  const isSpecial = node.async || node.generator;
  if (isSpecial && declare !== 'function') {
    const wrapper = wrapperExpression(e, node, twin, name, false);
    return { place: generator, top: `${declare} ${name}=${marker(e, node)}(${wrapper},${twin});` };
  }
  const { list } = stubParameters(e, node);
  const text = `function ${name}(${list})${stubBody(e, node, twin, false)}`;
  return { place: [text, generator], top: `${marker(e, node)}(${name},${twin});` };
}
