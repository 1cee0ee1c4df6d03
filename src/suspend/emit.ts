/**
 * The emitter's spine: walks a program and rewrites what may suspend, copying everything else verbatim.
 *
 * Each construct with a rule of its own lives in a file of its own (`emit-call.ts`, `emit-class.ts` …);
 * this file decides who is asked. User expressions are never moved into a helper function: `yield`
 * could not cross it.
 */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import { emitAssignment, emitDefault, emitUpdate, emitVariables } from './emit-assignment.ts';
import {
  emitCall,
  emitChain,
  emitNew,
  emitSpread,
  emitTagged,
  isSpecialChain,
} from './emit-call.ts';
import { emitClass, emitClassDeclaration } from './emit-class.ts';
import { emitFunctionExpression, emitPlainFunction } from './emit-function.ts';
import { emitForOf, isSpecialLoop, labelledLoop } from './emit-loop.ts';
import { emitMember, isSpecialMember } from './emit-member.ts';
import { emitObject, emitProperty, isSpecialObject } from './emit-object.ts';
import { emitStatements, emitSwitch } from './emit-statement.ts';
import {
  between,
  type Emitter,
  type Frame,
  generatedText,
  isNode,
  type NameHint,
  type PrivateTwins,
  type Program,
  placed,
  rewritesEverything,
  slice,
  whole,
} from './frame.ts';
import type { Rope } from './rope.ts';
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
        return emitCall(this, node, frame);
      case 'NewExpression':
        if (this.blocks(node, frame)) return emitNew(this, node, frame);
        if (isNode(node.callee, 'Identifier')) {
          const callee = this.emit(node.callee, frame);
          if (generatedText(callee) !== undefined) {
            const list = this.argumentList(node.arguments, frame);
            return [whole({ ...node, end: node.start + 3 }), ' (', callee, ')(', list, ')'];
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
        return emitAssignment(this, node, frame);
      case 'UpdateExpression':
        return emitUpdate(this, node, frame) ?? this.children(node, frame);
      case 'AssignmentPattern':
        return emitDefault(this, node, frame);
      case 'Property':
        return emitProperty(this, node, frame);
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
        return ['{', this.statements(node.body, frame, node.start + 1, node.end - 1, false), '}'];
      case 'StaticBlock':
        break;
      case 'SwitchStatement':
        return emitSwitch(this, node, frame);
      case 'VariableDeclaration':
        return emitVariables(this, node, frame);
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

  statements(
    list: readonly acorn.Node[],
    frame: Frame,
    start: number,
    end: number,
    isFunctionTop: boolean,
  ): Rope {
    return emitStatements(this, list, frame, start, end, isFunctionTop);
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
      // The look-up throws for a name that nobody declared: there, says its frame.
      if (!this.#targets.has(node)) return placed(`${this.helper('gv')}${lookup}`, node.start);
      return placed(`${this.helper('gc')}${lookup}.${node.name}`, node.start);
    }
    return whole(node);
  }

  #yield(node: acorn.YieldExpression, frame: Frame): Rope {
    if (!frame.isGenerator) return this.children(node, frame);
    const value = node.argument ? this.argument(node.argument, frame) : 'undefined';
    if (node.delegate) return [placed(`(yield* ${this.helper('dl')}(`, node.start), value, '))'];
    return [placed(`(yield ${this.helper('yv')}(`, node.start), value, '))'];
  }

  #unary(node: acorn.UnaryExpression, frame: Frame): Rope {
    const { argument } = node;
    if (node.operator === 'typeof' && isNode(argument, 'Identifier')) {
      const text = this.emit(argument, frame);
      if (generatedText(text) !== undefined && this.program.globalNames.has(argument.name)) {
        return `typeof ${this.program.globalObject}.${argument.name}`;
      }
      return between(node, [[argument, text]]);
    }
    if (node.operator === 'delete') {
      if (isNode(argument, 'MemberExpression')) {
        return between(node, [[argument, this.children(argument, frame)]]);
      }
      if (isNode(argument, 'ChainExpression') && isSpecialChain(this, argument, frame)) {
        return emitChain(this, argument, frame, true);
      }
      const text = this.emit(argument, frame);
      // A name in the place of `this` or `new.target` may not be deleted, a value may.
      if (generatedText(text) !== undefined) return between(node, [[argument, ['(0,', text, ')']]]);
    }
    return this.children(node, frame);
  }
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
