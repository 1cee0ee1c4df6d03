/** Where values are put: declarations, assignments, patterns, heads of loops and parameters. */
import type * as acorn from 'acorn';
import type { Iteration } from './analyze-iteration.ts';
import type { Members } from './analyze-members.ts';
import type { Names } from './analyze-names.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { takesValuesFirst } from './array-pattern.ts';
import { DYNAMIC, ELEMENT, METHOD, NOWHERE, type Place } from './flow-graph.ts';
import { isFunction } from './scope.ts';

export class Assignments {
  readonly #walk: SyntaxWalk;
  readonly #names: Names;
  readonly #members: Members;
  readonly #iteration: Iteration;

  constructor(walk: SyntaxWalk, names: Names, members: Members, iteration: Iteration) {
    this.#walk = walk;
    this.#names = names;
    this.#members = members;
    this.#iteration = iteration;
  }

  /**
   * `value` goes into a pattern: a declaration, a parameter or the left side of `=`.
   * @param isLiteral the value is a function written out right here.
   */
  assign(pattern: acorn.Node, value: Place, isLiteral = false): void {
    const node = pattern as acorn.AnyNode;
    const walk = this.#walk;
    switch (node.type) {
      case 'Identifier':
        walk.flow.graph.flow(value, this.#names.target(node));
        return;
      case 'MemberExpression':
        this.#assignMember(node, value, isLiteral);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') {
            this.assign(property.argument, value);
            continue;
          }
          if (property.computed) walk.visit(property.key);
          const key = walk.keys.staticKey(property.key, property.computed);
          this.assign(property.value, walk.load(value, key));
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) {
          if (!element) continue;
          if (element.type === 'RestElement') this.assign(element.argument, value);
          else this.assign(element, walk.load(value, ELEMENT));
        }
        return;
      case 'RestElement':
        this.assign(node.argument, value);
        return;
      case 'AssignmentPattern':
        if (node.left.type === 'Identifier') walk.name(node.right, node.left.name);
        this.assign(node.left, walk.join(value, walk.visit(node.right)));
        return;
      case 'VariableDeclaration':
        for (const { id } of node.declarations) this.assign(id, value);
        return;
      default:
        walk.visit(node);
    }
  }

  #assignMember(node: acorn.MemberExpression, value: Place, isLiteral: boolean): void {
    const walk = this.#walk;
    const exported = this.#members.exportsOf(node);
    if (exported !== undefined) {
      walk.flow.graph.flow(value, exported);
      return;
    }
    const { object, key: written } = this.#members.access(node, false, true);
    const isMethod = written === DYNAMIC && isLiteral && !walk.frame.unit.isUser;
    const key = isMethod ? METHOD : written;
    if (object === NOWHERE) {
      // `Array.prototype.x = f` and the like.
      walk.flow.graph.flow(value, walk.unitField(key));
    } else {
      walk.store(object, key, value);
    }
  }

  declaration(node: acorn.VariableDeclaration): void {
    const walk = this.#walk;
    for (const { id, init } of node.declarations) {
      if (!init) continue;
      if (id.type === 'Identifier') {
        walk.name(init, id.name);
        walk.keys.rememberConstant(id, init);
      }
      const value = walk.visit(init);
      if (takesValuesFirst(id)) this.#iteration.iterate(id, value, init);
      this.assign(id, value);
    }
  }

  assignment(node: acorn.AssignmentExpression): Place {
    const walk = this.#walk;
    const { left, right, operator } = node;
    if (left.type === 'Identifier') walk.name(right, left.name);
    if (left.type === 'MemberExpression') {
      walk.name(right, walk.keys.staticKey(left.property, left.computed));
    }
    if (operator === '=') {
      if (this.#isCopy(node)) return NOWHERE;
      const value = walk.visit(right);
      if (takesValuesFirst(left)) this.#iteration.iterate(left, value, right);
      this.assign(left, value, isFunction(right));
      return value;
    }
    const isLogical = operator === '||=' || operator === '&&=' || operator === '??=';
    const value = walk.visit(right);
    if (left.type === 'MemberExpression') {
      const { object, key, result } = this.#members.access(left, true, true);
      if (!isLogical) return NOWHERE;
      walk.store(object, key, value);
      return walk.join(result, value);
    }
    if (!isLogical) return NOWHERE;
    this.assign(left, value);
    return left.type === 'Identifier' ? this.#names.value(left) : value;
  }

  /** `to[k] = from[k]`: the properties of one object become those of the other. */
  #isCopy({ left, right }: acorn.AssignmentExpression): boolean {
    const { flow, scopes, keys, frame } = this.#walk;
    if (left.type !== 'MemberExpression' || right.type !== 'MemberExpression') return false;
    if (!left.computed || !right.computed) return false;
    if (left.property.type !== 'Identifier' || right.property.type !== 'Identifier') return false;
    const binding = scopes.bindingOf.get(left.property);
    if (!binding || binding !== scopes.bindingOf.get(right.property)) return false;
    if (keys.isNumeric(left.property)) return false;
    const target = this.#walk.visit(left.object);
    const source = this.#walk.visit(right.object);
    flow.writes.mix(frame.unit, target, source);
    return true;
  }

  forOf(node: acorn.ForOfStatement): void {
    const walk = this.#walk;
    const right = walk.visit(node.right);
    const elements = walk.join(
      walk.load(right, ELEMENT),
      // A hand-written iterator gives `{ value }`.
      walk.load(right, 'value'),
      right,
    );
    this.assign(node.left, elements);
    if (!node.await) this.#iteration.iterate(node, right, node.right);
    walk.visit(node.body);
  }

  forIn(node: acorn.ForInStatement): void {
    if (node.left.type !== 'VariableDeclaration') this.assign(node.left, NOWHERE);
    this.#walk.visit(node.right);
    this.#walk.visit(node.body);
  }
}
