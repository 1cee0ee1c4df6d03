/**
 * What can be told of keys and objects from syntax alone: static property names, numbers, symbols, and
 * expressions whose value is an object of JavaScript's own.
 */
import type * as acorn from 'acorn';
import { DYNAMIC, ELEMENT } from './flow-graph.ts';
import { isGlobalObject, isPrimitiveMethod, nativeMethod } from './flow-natives.ts';
import { type Binding, isConstant, type ScopeTree } from './scope.ts';

export class Keys {
  readonly #scopes: ScopeTree;
  readonly #constantInits = new Map<Binding, acorn.AnyNode>();
  readonly #symbolProperties = new Set<string>();
  readonly #counters = new Map<Binding, boolean>();

  constructor(scopes: ScopeTree) {
    this.#scopes = scopes;
  }

  /** `const x = init`: what is known of `init` is known of `x`. */
  rememberConstant(id: acorn.Identifier, init: acorn.Node): void {
    const binding = this.#scopes.bindingOf.get(id);
    if (binding && isConstant(binding)) this.#constantInits.set(binding, init as acorn.AnyNode);
  }

  /** A property of an object literal: `{ kName: Symbol('…') }` makes `kName` the name of a symbol. */
  noteProperty(name: string, value: acorn.AnyNode): void {
    if (this.#isSymbolCall(value)) this.#symbolProperties.add(name);
  }

  /** The name of a property key, ELEMENT for a number, DYNAMIC when it is not known. */
  staticKey(key: acorn.Node, isComputed: boolean): string {
    const node = key as acorn.AnyNode;
    if (!isComputed) {
      if (node.type === 'Identifier') return node.name;
      if (node.type === 'PrivateIdentifier') return `#${node.name}`;
    }
    switch (node.type) {
      case 'Literal':
        if (typeof node.value === 'number') return ELEMENT;
        return typeof node.value === 'string' ? node.value : DYNAMIC;
      case 'TemplateLiteral':
        if (node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? DYNAMIC;
        return DYNAMIC;
      case 'MemberExpression':
        if (
          !node.computed &&
          node.object.type === 'Identifier' &&
          node.object.name === 'Symbol' &&
          node.property.type === 'Identifier'
        ) {
          return `@@${node.property.name}`;
        }
        return this.isNumeric(node) ? ELEMENT : DYNAMIC;
      case 'Identifier': {
        const binding = this.#scopes.bindingOf.get(node);
        const init = binding && this.#constantInits.get(binding);
        if (init?.type === 'Literal' && typeof init.value === 'string') return init.value;
        if (binding && this.#isSymbolName(binding, init)) return `@@${binding.name}`;
        return this.isNumeric(node) ? ELEMENT : DYNAMIC;
      }
      default:
        return this.isNumeric(node) ? ELEMENT : DYNAMIC;
    }
  }

  /** A member of JavaScript's own that no script function can stand behind. */
  isNativeMember(node: acorn.MemberExpression, key: string): boolean {
    if (!nativeMethod(key) && !isPrimitiveMethod(key)) return false;
    return this.isNativeObject(node.object as acorn.AnyNode, 0);
  }

  isNativeObject(node: acorn.AnyNode, depth = 0): boolean {
    switch (node.type) {
      case 'Literal':
      case 'TemplateLiteral':
      case 'ArrayExpression':
        return true;
      case 'NewExpression':
        return (
          node.callee.type === 'Identifier' &&
          isGlobalObject(node.callee.name) &&
          !this.#scopes.bindingOf.has(node.callee)
        );
      case 'CallExpression': {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return false;
        if (callee.object.name !== 'Object' || this.#scopes.bindingOf.has(callee.object)) {
          return false;
        }
        const key = this.staticKey(callee.property, callee.computed);
        return key === 'keys' || key === 'values' || key === 'entries';
      }
      case 'Identifier': {
        const binding = this.#scopes.bindingOf.get(node);
        if (!binding) return isGlobalObject(node.name);
        const init = this.#constantInits.get(binding);
        return init !== undefined && depth < 3 && this.isNativeObject(init, depth + 1);
      }
      default:
        return false;
    }
  }

  /** `const kName = Symbol('…')`, or `const { kName } = …` where `{ kName: Symbol('…') }` was seen. */
  #isSymbolName(binding: Binding, init: acorn.AnyNode | undefined): boolean {
    if (init !== undefined) return this.#isSymbolCall(init);
    return this.#symbolProperties.has(binding.name) && isConstant(binding);
  }

  #isSymbolCall(node: acorn.AnyNode): boolean {
    if (node.type !== 'CallExpression') return false;
    let { callee } = node;
    if (callee.type === 'MemberExpression' && callee.object.type === 'Identifier') {
      callee = callee.object;
    }
    return (
      callee.type === 'Identifier' &&
      callee.name === 'Symbol' &&
      !this.#scopes.bindingOf.has(callee)
    );
  }

  /** The expression is a number by its syntax: arithmetic, a counter, a length. */
  isNumeric(anyNode: acorn.Node): boolean {
    const node = anyNode as acorn.AnyNode;
    switch (node.type) {
      case 'Literal':
        return typeof node.value === 'number';
      case 'UpdateExpression':
        return true;
      case 'UnaryExpression':
        return node.operator === '-' || node.operator === '+' || node.operator === '~';
      case 'BinaryExpression':
        if ('-*/%|&^'.includes(node.operator) || node.operator === '**') return true;
        if (node.operator === '>>' || node.operator === '>>>' || node.operator === '<<')
          return true;
        return node.operator === '+' && this.isNumeric(node.left) && this.isNumeric(node.right);
      case 'MemberExpression':
        return (
          !node.computed && node.property.type === 'Identifier' && node.property.name === 'length'
        );
      case 'CallExpression': {
        const { callee } = node;
        return (
          callee.type === 'MemberExpression' &&
          callee.object.type === 'Identifier' &&
          callee.object.name === 'Math' &&
          !this.#scopes.bindingOf.has(callee.object)
        );
      }
      case 'Identifier':
        return this.#isCounter(node);
      default:
        return false;
    }
  }

  /** A variable that starts as a number and is only counted up or down (`for (let i = 0; …; i++)`). */
  #isCounter(node: acorn.Identifier): boolean {
    const binding = this.#scopes.bindingOf.get(node);
    if (binding?.declarations.length !== 1) return false;
    const init = this.#constantInits.get(binding);
    if (init) return init.type !== 'Identifier' && this.isNumeric(init);
    let known = this.#counters.get(binding);
    if (known === undefined) {
      known = this.#isLoopCounter(binding);
      this.#counters.set(binding, known);
    }
    return known;
  }

  #isLoopCounter(binding: Binding): boolean {
    const loop = binding.scope.node;
    if (loop.type !== 'ForStatement') return false;
    const { init, update } = loop as acorn.ForStatement;
    if (init?.type !== 'VariableDeclaration') return false;
    const declarator = init.declarations.find(
      ({ id }) => id.type === 'Identifier' && id.name === binding.name,
    );
    const first = declarator?.init;
    if (!first || first.type === 'Identifier' || !this.isNumeric(first)) return false;
    if (update?.type !== 'UpdateExpression' && update?.type !== 'AssignmentExpression')
      return false;
    return binding.writes.length <= 1;
  }
}
