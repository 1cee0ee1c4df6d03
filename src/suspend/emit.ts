/**
 * The emitter's spine: walks a program and rewrites what may suspend, copying everything else verbatim.
 *
 * Each construct with a rule of its own lives in a file of its own (`emit-call.ts`, `emit-class.ts` …);
 * this file decides who is asked. User expressions are never moved into a helper function: `yield`
 * could not cross it.
 */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import {
  emitAssignment,
  emitCall,
  emitChain,
  emitMember,
  emitNew,
  emitTagged,
  emitUpdate,
  isBind,
  isGated,
  isSpecialChain,
  isSpecialMember,
} from './emit-call.ts';
import { emitClass, emitClassDeclaration } from './emit-class.ts';
import {
  emitFunctionDeclaration,
  emitFunctionExpression,
  emitPlainFunction,
} from './emit-function.ts';
import { emitForOf, isSpecialLoop, labelledLoop } from './emit-loop.ts';
import { emitObject, isSpecialObject } from './emit-object.ts';
import {
  type Emitter,
  type Frame,
  isNode,
  type NameHint,
  type PrivateTwins,
  type Program,
  placed,
  rewritesEverything,
  slice,
  whole,
} from './frame.ts';
import { keyHint } from './key-name.ts';
import type { Placed, Rope, Slice } from './rope.ts';
import { forEachChild } from './scope.ts';

export function createEmitter(program: Program): Emitter {
  return new TreeEmitter(program);
}

type PrivateScope = ReadonlyMap<string, PrivateTwins | undefined>;

class TreeEmitter implements Emitter {
  readonly program: Program;
  readonly #classes: PrivateScope[] = [];
  /** Members that are assigned, not read, by the pattern or loop head they stand in. */
  readonly #targets = new WeakSet<acorn.Node>();

  constructor(program: Program) {
    this.program = program;
  }

  helper(name: string): string {
    return this.program.prefix + name;
  }

  isLowered(node: FunctionNode): boolean {
    const { analysis, gatesPromises } = this.program;
    return analysis.suspendable.has(node) || (gatesPromises && node.async && !node.generator);
  }

  blocks(node: acorn.Node, frame: Frame): boolean {
    return frame.canSuspend && this.program.analysis.mayBlock.has(node);
  }

  privateTwins(name: string): PrivateTwins | undefined {
    for (let i = this.#classes.length - 1; i >= 0; i--) {
      const names = this.#classes[i];
      if (names?.has(name)) return names.get(name);
    }
    return undefined;
  }

  inClass<T>(twins: PrivateScope, body: () => T): T {
    this.#classes.push(twins);
    const result = body();
    this.#classes.pop();
    return result;
  }

  argument(node: acorn.Node, frame: Frame): Rope {
    const rope = this.emit(node, frame);
    return node.type === 'SequenceExpression' ? ['(', rope, ')'] : rope;
  }

  argumentList(nodes: readonly acorn.Node[], frame: Frame): Rope {
    const list: Rope[] = [];
    nodes.forEach((node, index) => {
      if (index > 0) list.push(',');
      if (isNode(node, 'SpreadElement')) list.push(emitSpread(this, node, frame));
      else list.push(this.argument(node, frame));
    });
    return list;
  }

  named(node: acorn.Node, frame: Frame, hint: NameHint): Rope {
    if (
      isNode(node, 'ArrowFunctionExpression') ||
      (isNode(node, 'FunctionExpression') && !node.id)
    ) {
      if (this.isLowered(node)) return emitFunctionExpression(this, node, frame, hint);
    } else if (isNode(node, 'ClassExpression') && !node.id) {
      return emitClass(this, node, frame, hint);
    }
    return this.argument(node, frame);
  }

  emit(anyNode: acorn.Node, frame: Frame): Rope {
    if (!rewritesEverything(frame) && !this.program.isDirty(anyNode)) return whole(anyNode);
    const node = anyNode as acorn.AnyNode;
    this.#noteTargets(node);
    switch (node.type) {
      case 'Identifier':
        return this.#identifier(node, frame);
      case 'ThisExpression':
        return frame.thisText ?? whole(node);
      case 'Super':
        return frame.superText ?? whole(node);
      case 'MetaProperty':
        if (node.meta.name === 'import') return `${this.helper('import')}.meta`;
        return frame.newTargetText ?? whole(node);
      case 'ImportExpression':
        return [
          `${this.helper('di')}(${this.helper('import')},`,
          this.argument(node.source, frame),
          ')',
        ];
      case 'AwaitExpression':
        if (!frame.isAsync) break;
        return [
          placed(`(yield ${this.helper('aw')}(`, node.start),
          this.argument(node.argument, frame),
          '))',
        ];
      case 'YieldExpression':
        return this.#yield(node, frame);
      case 'CallExpression':
        return this.#call(node, frame);
      case 'NewExpression':
        if (this.blocks(node, frame)) return emitNew(this, node, frame);
        if (isNode(node.callee, 'Identifier')) {
          const callee = this.emit(node.callee, frame);
          if (typeof callee === 'string') {
            const list = this.argumentList(node.arguments, frame);
            return [whole({ ...node, end: node.start + 3 }), ` (${callee})(`, list, ')'];
          }
        }
        break;
      case 'TaggedTemplateExpression':
        if (this.blocks(node, frame)) return emitTagged(this, node, frame);
        break;
      case 'ChainExpression':
        if (isSpecialChain(this, node, frame)) return emitChain(this, node, frame);
        break;
      case 'MemberExpression':
        if (this.#targets.has(node)) break;
        if (isSpecialMember(this, node, frame)) return emitMember(this, node, frame);
        break;
      case 'UnaryExpression':
        return this.#unary(node, frame);
      case 'AssignmentExpression':
        return this.#assignment(node, frame);
      case 'UpdateExpression':
        return emitUpdate(this, node, frame) ?? this.children(node, frame);
      case 'AssignmentPattern': {
        const hint = isNode(node.left, 'Identifier') ? { text: node.left.name } : undefined;
        const right = this.named(node.right, frame, hint);
        return this.#between(node, [
          [node.left, this.emit(node.left, frame)],
          [node.right, right],
        ]);
      }
      case 'Property':
        return this.#property(node, frame);
      case 'ObjectExpression':
        if (isSpecialObject(this, node)) return emitObject(this, node, frame);
        break;
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        if (this.isLowered(node)) return emitFunctionExpression(this, node, frame, undefined);
        return emitPlainFunction(this, node, frame);
      case 'ClassExpression':
        return emitClass(this, node, frame, undefined);
      case 'FunctionDeclaration':
        return emitPlainFunction(this, node, frame);
      case 'ClassDeclaration':
        return emitClassDeclaration(this, node, frame, node.id?.name ?? 'default');
      case 'BlockStatement':
        return this.#list(node.body, frame, node.start + 1, node.end - 1);
      case 'StaticBlock':
        break;
      case 'SwitchStatement':
        return this.#switch(node, frame);
      case 'VariableDeclaration':
        return this.#variables(node, frame);
      case 'ForOfStatement':
        if (isSpecialLoop(this, node, frame)) return emitForOf(this, node, frame, '');
        break;
      case 'SpreadElement':
        return emitSpread(this, node, frame);
      case 'LabeledStatement':
        return labelledLoop(this, node, frame) ?? this.children(node, frame);
    }
    return this.children(node, frame);
  }

  children(node: acorn.Node, frame: Frame): Rope {
    const children: acorn.Node[] = [];
    let isSorted = true;
    forEachChild(node, (child) => {
      const last = children[children.length - 1];
      if (last !== undefined && last.start > child.start) isSorted = false;
      children.push(child);
    });
    if (!isSorted) children.sort((a, b) => a.start - b.start);
    const rope: Rope[] = [];
    let at = node.start;
    for (const child of children) {
      if (isNonReference(node, child)) continue;
      rope.push(slice(at, child.start), this.emit(child, frame));
      at = child.end;
    }
    rope.push(slice(at, node.end));
    return rope;
  }

  #noteTargets(node: acorn.AnyNode): void {
    const note = (target: acorn.Node | null): void => {
      if (isNode(target, 'MemberExpression') || isNode(target, 'Identifier')) {
        this.#targets.add(target);
      }
      if (isNode(target, 'AssignmentPattern') || isNode(target, 'RestElement')) {
        note(isNode(target, 'AssignmentPattern') ? target.left : target.argument);
      }
    };
    if (node.type === 'ArrayPattern') node.elements.forEach(note);
    else if (node.type === 'ObjectPattern') {
      for (const property of node.properties) {
        note(property.type === 'Property' ? property.value : property);
      }
    } else if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') note(node.left);
    else if (node.type === 'UpdateExpression') note(node.argument);
    else if (node.type === 'AssignmentExpression') note(node.left);
  }

  /** A node with given ropes in the places of some children, verbatim around them. */
  #between(node: acorn.Node, parts: readonly (readonly [acorn.Node, Rope])[]): Rope {
    const rope: Rope[] = [];
    let at = node.start;
    for (const [child, text] of parts) {
      rope.push(slice(at, child.start), text);
      at = child.end;
    }
    rope.push(slice(at, node.end));
    return rope;
  }

  #identifier(node: acorn.Identifier, frame: Frame): Rope {
    const { scopes, globalNames, globalObject } = this.program;
    if (frame.argumentsText !== undefined && scopes.argumentsOf.has(node))
      return frame.argumentsText;
    if (
      globalNames.has(node.name) &&
      !scopes.bindingOf.has(node) &&
      !scopes.argumentsOf.has(node)
    ) {
      const lookup = `(${globalObject},${JSON.stringify(node.name)})`;
      if (this.#targets.has(node)) return `${this.helper('gc')}${lookup}.${node.name}`;
      return `${this.helper('gv')}${lookup}`;
    }
    return whole(node);
  }

  #yield(node: acorn.YieldExpression, frame: Frame): Rope {
    if (!frame.isGenerator) return this.children(node, frame);
    const value = node.argument ? this.argument(node.argument, frame) : 'undefined';
    if (node.delegate) return [placed(`(yield* ${this.helper('dl')}(`, node.start), value, '))'];
    return [placed(`(yield ${this.helper('yv')}(`, node.start), value, '))'];
  }

  #call(node: acorn.CallExpression, frame: Frame): Rope {
    const { callee } = node;
    if (isNode(callee, 'Super')) return this.#superCall(node, frame);
    if (isNode(callee, 'Identifier') && callee.name === 'eval') return this.children(node, frame);
    if (this.blocks(node, frame)) return emitCall(this, node, frame);
    if (isNode(callee, 'MemberExpression')) {
      if (isNode(callee.object, 'Super') && frame.superText !== undefined) {
        const self = frame.thisText ?? 'this';
        const list = this.argumentList(node.arguments, frame);
        return [`${this.helper('call')}(`, this.emit(callee, frame), `,${self},[`, list, '])'];
      }
      const isPrivate = isNode(callee.property, 'PrivateIdentifier');
      if (!isNode(callee.object, 'Super')) {
        if (isGated(this, callee)) return this.#plainMemberCall(node, callee, frame, 'tc');
        if (isBind(this, callee)) return this.#plainMemberCall(node, callee, frame, 'bi');
        if (!isPrivate && isSpecialMember(this, callee, frame)) return emitCall(this, node, frame);
      }
    }
    return this.children(node, frame);
  }

  /** `o.then(x)` as `helper(o,"then",[x])`. */
  #plainMemberCall(
    node: acorn.CallExpression,
    callee: acorn.MemberExpression,
    frame: Frame,
    helper: string,
  ): Rope {
    const { property } = callee;
    const key = isNode(property, 'Identifier') ? JSON.stringify(property.name) : '""';
    return [
      placed(`${this.helper(helper)}(`, property.start),
      this.argument(callee.object, frame),
      `,${key},[`,
      this.argumentList(node.arguments, frame),
      '])',
    ];
  }

  #superCall(node: acorn.CallExpression, frame: Frame): Rope {
    const list = this.argumentList(node.arguments, frame);
    if (frame.superCallText !== undefined) return [`${frame.superCallText}(`, list, ')'];
    if (frame.derived === undefined) return this.children(node, frame);
    const { holder, classVariable, newTargetVariable, fields } = frame.derived;
    const parent = `${this.helper('gp')}(${classVariable})`;
    // In an arrow function that is not lowered, the parent runs to its end synchronously.
    const wait = frame.canSuspend ? 'yield* ' : this.helper('s');
    const made: Rope = [
      placed(`${this.helper('bs')}(${holder},${wait}(`, node.start),
      `${this.helper('sc')}(${parent},${classVariable},${newTargetVariable},[`,
      list,
      '])))',
    ];
    if (fields === undefined) return ['(', made, ')'];
    return ['(', made, `,${wait}(${fields}.call(${holder}.self)),${holder}.self)`];
  }

  #unary(node: acorn.UnaryExpression, frame: Frame): Rope {
    const { argument } = node;
    if (node.operator === 'typeof' && isNode(argument, 'Identifier')) {
      const text = this.emit(argument, frame);
      if (typeof text === 'string' && this.program.globalNames.has(argument.name)) {
        return `typeof ${this.program.globalObject}.${argument.name}`;
      }
      return this.#between(node, [[argument, text]]);
    }
    if (node.operator === 'delete') {
      if (isNode(argument, 'MemberExpression')) {
        return this.#between(node, [[argument, this.children(argument, frame)]]);
      }
      if (isNode(argument, 'ChainExpression') && isSpecialChain(this, argument, frame)) {
        return emitChain(this, argument, frame, true);
      }
      const text = this.emit(argument, frame);
      // A name in the place of `this` or `new.target` may not be deleted, a value may.
      if (typeof text === 'string') return this.#between(node, [[argument, `(0,${text})`]]);
    }
    return this.children(node, frame);
  }

  #assignment(node: acorn.AssignmentExpression, frame: Frame): Rope {
    const special = emitAssignment(this, node, frame);
    if (special !== undefined) return special;
    const { left, right, operator } = node;
    const isNaming = operator === '=' || /^(?:&&|\|\||\?\?)=$/.test(operator);
    const hint = isNaming && isNode(left, 'Identifier') ? { text: left.name } : undefined;
    const target = isNode(left, 'MemberExpression')
      ? this.children(left, frame)
      : this.emit(left, frame);
    if (isNode(left, 'ArrayPattern') && this.blocks(left, frame)) {
      const value = frame.temps.take();
      const source = this.argument(right, frame);
      frame.temps.release(1);
      return [
        `(${value}=`,
        source,
        ',',
        this.#between(node, [
          [left, target],
          [right, destructured(this, left, value)],
        ]),
        `,${value})`,
      ];
    }
    return this.#between(node, [
      [left, target],
      [right, this.named(right, frame, hint)],
    ]);
  }

  #property(node: acorn.Property | acorn.AssignmentProperty, frame: Frame): Rope {
    const { key, value } = node as acorn.Property;
    if (node.shorthand) {
      const target = isNode(value as acorn.Node, 'AssignmentPattern')
        ? (value as unknown as acorn.AssignmentPattern).left
        : value;
      const isRewritten = typeof this.emit(target, frame) === 'string';
      return [isRewritten ? [whole(key), ':'] : '', this.emit(value, frame)];
    }
    if (node.kind !== 'init' || node.method) {
      // Methods and accessors that are lowered are written by the object literal.
      const keyText = node.computed ? this.emit(key, frame) : whole(key);
      return [
        slice(node.start, key.start),
        keyText,
        slice(key.end, value.start),
        emitPlainFunction(this, value as acorn.FunctionExpression, frame),
      ];
    }
    if (!node.computed) {
      return this.#between(node, [[value, this.named(value, frame, keyHint(key))]]);
    }
    if (!needsKeyVariable(this, value)) {
      return this.#between(node, [
        [key, this.emit(key, frame)],
        [value, this.named(value, frame, undefined)],
      ]);
    }
    const variable = frame.temps.take();
    const keyText: Rope = [`${variable}=${this.helper('pk')}(`, this.argument(key, frame), ')'];
    const valueText = this.named(value, frame, { variable });
    frame.temps.release(1);
    return this.#between(node, [
      [key, keyText],
      [value, valueText],
    ]);
  }

  #variables(node: acorn.VariableDeclaration, frame: Frame): Rope {
    const parts: [acorn.Node, Rope][] = [];
    for (const declarator of node.declarations) {
      parts.push([declarator, this.#declarator(declarator, frame)]);
    }
    return this.#between(node, parts);
  }

  #declarator(node: acorn.VariableDeclarator, frame: Frame): Rope {
    const { id, init } = node;
    if (!init) return this.emit(id, frame);
    if (!isNode(id, 'Identifier')) {
      const value = this.argument(init, frame);
      const isSpecial = isNode(id, 'ArrayPattern') && this.blocks(id, frame);
      return this.#between(node, [
        [id, this.emit(id, frame)],
        [init, isSpecial ? destructured(this, id, value) : value],
      ]);
    }
    const binding = this.program.scopes.bindingOf.get(id);
    const twin = binding && this.program.staticTwins.get(binding);
    if (
      twin === undefined ||
      !(isNode(init, 'ArrowFunctionExpression') || isNode(init, 'FunctionExpression')) ||
      !this.isLowered(init)
    ) {
      return this.#between(node, [[init, this.named(init, frame, { text: id.name })]]);
    }
    // `f = ...` becomes `$c$f = <twin>, f = <wrapper>`: calls by name need no look-up.
    return emitStaticFunction(this, init, frame, id.name, twin.name);
  }

  #list(list: readonly acorn.Node[], frame: Frame, start: number, end: number): Rope {
    return ['{', this.statements(list, frame, start, end, false), '}'];
  }

  statements(
    list: readonly acorn.Node[],
    frame: Frame,
    start: number,
    end: number,
    isFunctionTop: boolean,
  ): Rope {
    const tops: string[] = [];
    const rope: Rope[] = [];
    let at = start;
    for (const node of list) {
      rope.push(
        slice(at, node.start),
        this.listed(node, frame, isFunctionTop ? 'var' : 'let', tops),
      );
      at = node.end;
    }
    rope.push(slice(at, end));
    return [tops.join(''), rope];
  }

  /** A statement of a list; function declarations add to `tops` what must run before the list. */
  listed(
    node: acorn.Node,
    frame: Frame,
    declare: 'var' | 'let' | 'function',
    tops: string[],
  ): Rope {
    if (isNode(node, 'FunctionDeclaration') && node.id && this.isLowered(node)) {
      const parts = emitFunctionDeclaration(this, node, frame, node.id.name, declare);
      tops.push(parts.top);
      return parts.place;
    }
    const rope = this.emit(node, frame);
    if (node.type !== 'ExpressionStatement') return rope;
    const first = firstText(rope);
    // The source may rely on a line break where a generated parenthesis would continue the line above.
    return first !== undefined && first !== '' && /^[([`]/.test(first) ? [';', rope] : rope;
  }

  #switch(node: acorn.SwitchStatement, frame: Frame): Rope {
    const tops: string[] = [];
    const cases: { start: Rope; body: Rope[] }[] = [];
    let at = node.cases[0]?.start ?? node.end;
    for (const item of node.cases) {
      const head: Rope[] = [slice(at, item.start)];
      const body: Rope[] = [];
      const colon = item.consequent[0]?.start ?? item.end;
      if (item.test) {
        head.push(slice(item.start, item.test.start), this.emit(item.test, frame));
        head.push(slice(item.test.end, colon));
      } else head.push(slice(item.start, colon));
      at = colon;
      for (const statement of item.consequent) {
        body.push(slice(at, statement.start), this.listed(statement, frame, 'function', tops));
        at = statement.end;
      }
      cases.push({ start: head, body });
      at = Math.max(at, item.consequent.length === 0 ? item.end : at);
    }
    const first = node.cases[0]?.start ?? node.end;
    const discriminant = this.#between({ type: 'head', start: node.start, end: first }, [
      [node.discriminant, this.emit(node.discriminant, frame)],
    ]);
    if (node.cases.length === 0) return this.children(node, frame);
    const top = tops.join('');
    return [discriminant, cases.map(({ start, body }) => [start, top, body]), slice(at, node.end)];
  }
}

/** `...x` in an array or in arguments. */
function emitSpread(e: Emitter, node: acorn.SpreadElement, frame: Frame): Rope {
  const value = e.argument(node.argument, frame);
  if (!e.blocks(node, frame)) return ['...', value];
  return [placed(`...(yield* ${e.helper('sp')}(`, node.start), value, '))'];
}

/** The values of an iterator that may suspend, for the pattern that takes them. */
function destructured(e: Emitter, pattern: acorn.ArrayPattern, value: Rope): Rope {
  const last = pattern.elements[pattern.elements.length - 1];
  const count = isNode(last, 'RestElement') ? 'Infinity' : String(pattern.elements.length);
  return [placed(`(yield* ${e.helper('ds')}(`, pattern.start), value, `,${count}))`];
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

function needsKeyVariable(e: Emitter, value: acorn.Node): boolean {
  if (isNode(value, 'ArrowFunctionExpression')) return e.isLowered(value);
  if (isNode(value, 'FunctionExpression')) return !value.id && e.isLowered(value);
  return isNode(value, 'ClassExpression') && !value.id;
}

/** Child identifiers that are names, not references. */
function isNonReference(parent: acorn.Node, child: acorn.Node): boolean {
  switch (parent.type) {
    case 'MemberExpression':
      return (
        (parent as acorn.MemberExpression).property === child &&
        !(parent as acorn.MemberExpression).computed
      );
    case 'LabeledStatement':
      return (parent as acorn.LabeledStatement).label === child;
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return true;
    default:
      return false;
  }
}

/** Generated text at the start of a rope: '' for an empty rope, undefined if it starts verbatim. */
function firstText(rope: Rope): string | undefined {
  if (typeof rope === 'string') return rope;
  if (!Array.isArray(rope)) {
    const part = rope as Slice | Placed;
    if ('text' in part) return part.text;
    return part.start === part.end ? '' : undefined;
  }
  for (const part of rope) {
    const text = firstText(part);
    if (text !== '') return text;
  }
  return '';
}
