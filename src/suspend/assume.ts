/**
 * The analyses without data flow: `all` takes every call for a blocking one that is not known to be
 * harmless; `force` (for tests) takes everything.
 */
import type * as acorn from 'acorn';
import type { AnalysisResult, ClassNode, FunctionNode } from './analysis-result.ts';
import { takesValuesFirst } from './array-pattern.ts';
import { NATIVE_PARENTS, PURE_GLOBALS, PURE_NAMESPACES } from './builtins.ts';
import { isNode } from './frame.ts';
import { forEachChild, isClass, isFunction, type ScopeTree } from './scope.ts';

/** What runs a piece of code: a function, an instance field initialiser, or the program. */
type Owner = FunctionNode | acorn.PropertyDefinition | acorn.Program;

export function assumeBlocking(
  program: acorn.Program,
  scopes: ScopeTree,
  source: string,
  isForced: boolean,
): AnalysisResult {
  return new Assumption(program, scopes, source, isForced).result();
}

class Assumption {
  readonly #program: acorn.Program;
  readonly #scopes: ScopeTree;
  readonly #isForced: boolean;
  readonly #iteratorsBlock: boolean;
  readonly #jsonBlocks: boolean;
  readonly #mayBlock = new Set<acorn.Node>();
  readonly #owners = new Set<Owner>();
  /** Member accesses by name, for the accessors that turn out to suspend. */
  readonly #members = new Map<string, { node: acorn.Node; owner: Owner }[]>();
  readonly #accessors: { name: string; fn: FunctionNode }[] = [];
  readonly #classOf = new Map<FunctionNode, ClassNode>();

  constructor(program: acorn.Program, scopes: ScopeTree, source: string, isForced: boolean) {
    this.#program = program;
    this.#scopes = scopes;
    this.#isForced = isForced;
    this.#iteratorsBlock =
      isForced || scopes.functions.some((fn) => fn.generator) || /Symbol\.iterator/.test(source);
    this.#jsonBlocks = isForced || /\btoJSON\b/.test(source);
  }

  result(): AnalysisResult {
    for (const statement of this.#program.body) this.#visit(statement, this.#program);
    this.#spreadAccessors();
    const suspendable = new Set<FunctionNode>();
    for (const fn of this.#scopes.functions) {
      if (fn.async && fn.generator) continue;
      if (this.#isForced || this.#owners.has(fn)) suspendable.add(fn);
    }
    const suspendableClasses = this.#classes(suspendable);
    return {
      suspendable,
      suspendableClasses,
      mayBlock: this.#mayBlock,
      programBlocks: this.#isForced || this.#owners.has(this.#program),
      why: new Map(),
    };
  }

  #mark(node: acorn.Node, owner: Owner): void {
    this.#mayBlock.add(node);
    this.#owners.add(owner);
  }

  #visit(anyNode: acorn.Node, owner: Owner): void {
    const node = anyNode as acorn.AnyNode;
    let inner = owner;
    if (isFunction(node)) inner = node;
    switch (node.type) {
      case 'CallExpression':
        if (this.#isForced ? !isEval(node) : this.#callBlocks(node)) this.#mark(node, owner);
        this.#markSpreads(node.arguments, owner);
        break;
      case 'NewExpression':
        if (this.#isForced || !this.#isFree(node.callee, PURE_GLOBALS)) this.#mark(node, owner);
        this.#markSpreads(node.arguments, owner);
        break;
      case 'TaggedTemplateExpression':
        this.#mark(node, owner);
        break;
      case 'ForOfStatement':
        if (!node.await && this.#iteratorsBlock) this.#mark(node, owner);
        break;
      case 'ArrayExpression':
        this.#markSpreads(node.elements, owner);
        break;
      case 'VariableDeclarator':
        if (node.init) this.#markPattern(node.id, owner);
        break;
      case 'AssignmentExpression':
        this.#markPattern(node.left, owner);
        break;
      case 'YieldExpression':
        if (node.delegate && isFunction(owner) && !owner.async) this.#mark(node, owner);
        break;
      case 'MemberExpression':
        this.#noteMember(node, owner);
        break;
      case 'Property':
        if (node.kind !== 'init' && isNode(node.value, 'FunctionExpression')) {
          this.#noteAccessor(node.key, node.computed, node.value);
        }
        break;
      case 'MethodDefinition':
        if (node.kind === 'get' || node.kind === 'set') {
          this.#noteAccessor(node.key, node.computed, node.value);
        }
        break;
      case 'PropertyDefinition':
        if (node.computed) this.#visit(node.key, owner);
        if (node.value) this.#visit(node.value, node.static ? owner : node);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        for (const member of node.body.body) {
          if (member.type === 'MethodDefinition' && member.kind === 'constructor') {
            this.#classOf.set(member.value, node);
          }
        }
        break;
    }
    forEachChild(node, (child) => this.#visit(child, inner));
  }

  #markSpreads(nodes: readonly (acorn.Node | null)[], owner: Owner): void {
    if (!this.#iteratorsBlock) return;
    for (const node of nodes) if (isNode(node, 'SpreadElement')) this.#mark(node, owner);
  }

  #markPattern(node: acorn.Node, owner: Owner): void {
    if (this.#iteratorsBlock && takesValuesFirst(node)) this.#mark(node, owner);
  }

  #isFree(node: acorn.Node, names: ReadonlySet<string>): boolean {
    return isNode(node, 'Identifier') && names.has(node.name) && !this.#scopes.bindingOf.has(node);
  }

  #callBlocks(node: acorn.CallExpression): boolean {
    const { callee } = node;
    if (isEval(node)) return false;
    if (this.#isFree(callee, PURE_GLOBALS)) return false;
    if (isNode(callee, 'Super')) return true;
    if (!isNode(callee, 'MemberExpression') || callee.computed) return true;
    if (!isNode(callee.property, 'Identifier')) return true;
    const { name } = callee.property;
    if (this.#isFree(callee.object, PURE_NAMESPACES)) return false;
    if (this.#isFree(callee.object, OBJECT)) return name === 'groupBy';
    if (this.#isFree(callee.object, JSON_NAME)) {
      if (name === 'parse') return node.arguments.length > 1;
      return node.arguments.length > 1 || this.#jsonBlocks;
    }
    return true;
  }

  #noteMember(node: acorn.MemberExpression, owner: Owner): void {
    const { property } = node;
    let name: string | undefined;
    if (!node.computed && isNode(property, 'Identifier')) name = property.name;
    else if (node.computed && isNode(property, 'Literal')) name = String(property.value);
    // Any accessor may be behind a computed name.
    name ??= ANY_NAME;
    const list = this.#members.get(name);
    if (list === undefined) this.#members.set(name, [{ node, owner }]);
    else list.push({ node, owner });
  }

  #noteAccessor(key: acorn.Node, isComputed: boolean, fn: FunctionNode): void {
    if (isNode(key, 'PrivateIdentifier')) return;
    if (isComputed && !isNode(key, 'Literal')) this.#accessors.push({ name: ANY_NAME, fn });
    else if (isNode(key, 'Identifier')) this.#accessors.push({ name: key.name, fn });
    else if (isNode(key, 'Literal')) this.#accessors.push({ name: String(key.value), fn });
  }

  /** A read of a suspending accessor's name may suspend; which may make more accessors suspend. */
  #spreadAccessors(): void {
    const done = new Set<string>();
    for (let changed = true; changed; ) {
      changed = false;
      for (const { name, fn } of this.#accessors) {
        if (done.has(name) || !(this.#isForced || this.#owners.has(fn))) continue;
        done.add(name);
        changed = true;
        for (const { node, owner } of this.#membersThatMean(name)) this.#mark(node, owner);
      }
    }
  }

  #membersThatMean(name: string): readonly { node: acorn.Node; owner: Owner }[] {
    if (name === ANY_NAME) return [...this.#members.values()].flat();
    return [...(this.#members.get(name) ?? []), ...(this.#members.get(ANY_NAME) ?? [])];
  }

  #classes(suspendable: Set<FunctionNode>): Set<ClassNode> {
    const found = new Set<ClassNode>();
    const constructors = new Map<ClassNode, FunctionNode>();
    for (const [fn, cls] of this.#classOf) constructors.set(cls, fn);
    for (const cls of this.#scopes.classes) {
      const body = constructors.get(cls);
      const isNativeParent = cls.superClass && this.#isFree(cls.superClass, NATIVE_PARENTS);
      const isOverOther = cls.superClass && !isNativeParent;
      const hasBlockingField = cls.body.body.some(
        (m) => m.type === 'PropertyDefinition' && !m.static && this.#owners.has(m),
      );
      // `super()` alone does not make the constructor of a native's subclass suspend.
      const hasBlockingBody =
        body !== undefined && suspendable.has(body) && this.#blocksBeyondSuper(body);
      if (this.#isForced || isOverOther || hasBlockingField || hasBlockingBody) {
        found.add(cls);
        if (body !== undefined) suspendable.add(body);
      } else if (body !== undefined) suspendable.delete(body);
    }
    return found;
  }

  #blocksBeyondSuper(fn: FunctionNode): boolean {
    let found = false;
    const visit = (node: acorn.Node): void => {
      if (found) return;
      if (isNode(node, 'CallExpression') && isNode(node.callee, 'Super')) {
        for (const argument of node.arguments) visit(argument);
        return;
      }
      if (this.#mayBlock.has(node)) {
        found = true;
        return;
      }
      if (isFunction(node) || isClass(node)) return;
      forEachChild(node, visit);
    };
    for (const param of fn.params) visit(param);
    visit(fn.body);
    return found;
  }
}

/** Stands for a name that only the run will tell; no property is called so by accident. */
const ANY_NAME = '[computed]';

const OBJECT: ReadonlySet<string> = new Set(['Object']);
const JSON_NAME: ReadonlySet<string> = new Set(['JSON']);

function isEval(node: acorn.CallExpression): boolean {
  return isNode(node.callee, 'Identifier') && node.callee.name === 'eval';
}
