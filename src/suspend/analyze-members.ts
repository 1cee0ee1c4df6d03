/** Member expressions: `object.key`, `object[key]`, `super.key` and `module.exports`, read, written or called. */
import type * as acorn from 'acorn';
import type { Accessors, MemberAccess } from './analyze-accessors.ts';
import { type SyntaxWalk, unwrap } from './analyze-walk.ts';
import { NOWHERE, type Place } from './flow-graph.ts';
import type { Binding } from './scope.ts';

/** What a call calls, on what, and under which property name. */
export interface Callee {
  readonly callee: Place;
  readonly receiver: Place;
  readonly name: string | undefined;
}

export class Members {
  readonly #walk: SyntaxWalk;
  readonly #accessors: Accessors;
  /** `module` parameters of wrapped modules, with the place of their `exports`. */
  readonly #moduleExports = new Map<Binding, Place>();

  constructor(walk: SyntaxWalk, accessors: Accessors) {
    this.#walk = walk;
    this.#accessors = accessors;
  }

  read(node: acorn.MemberExpression): Place {
    return this.access(node, true, false).result;
  }

  access(
    node: acorn.MemberExpression,
    isRead: boolean,
    isWrite: boolean,
    isCallee = false,
  ): MemberAccess {
    const walk = this.#walk;
    const { frame } = walk;
    const key = walk.keys.staticKey(node.property, node.computed);
    const exported = this.exportsOf(node);
    if (exported !== undefined) {
      return { node, frame, object: NOWHERE, key, isRead, isWrite, result: exported };
    }
    const object = node.object.type === 'Super' ? this.#superObject() : walk.visit(node.object);
    if (node.computed) walk.visit(node.property);
    let result = NOWHERE;
    if (isRead && object !== NOWHERE && !walk.keys.isNativeMember(node, key)) {
      result = walk.load(object, key, isCallee);
    }
    const access: MemberAccess = { node, frame, object, key, isRead, isWrite, result };
    this.#accessors.note(access);
    return access;
  }

  #superObject(): Place {
    const { flow, frame } = this.#walk;
    const { ofClass, isStatic, unit } = frame;
    if (ofClass) return isStatic ? ofClass.superPlace : flow.objects.parents(ofClass.instance);
    // `super` in a method of an object literal: some property of the unit.
    const place = this.#walk.newPlace();
    flow.graph.offer(place, unit.value);
    return place;
  }

  callee(node: acorn.Node): Callee {
    const inner = unwrap(node);
    if (inner.type === 'MemberExpression') {
      const { object, key, result } = this.access(inner, true, false, true);
      const receiver = inner.object.type === 'Super' ? this.#walk.frame.thisPlace : object;
      return { callee: result, receiver, name: key };
    }
    return { callee: this.#walk.visit(inner), receiver: NOWHERE, name: undefined };
  }

  /** Inside a wrapped module, `exports` of the parameter `module` is at `place`. */
  setExports(module: Binding, place: Place): void {
    this.#moduleExports.set(module, place);
  }

  /** The place of `module.exports` inside a wrapped module; undefined for any other member. */
  exportsOf(node: acorn.MemberExpression): Place | undefined {
    if (node.computed || node.object.type !== 'Identifier') return undefined;
    if (node.property.type !== 'Identifier' || node.property.name !== 'exports') return undefined;
    const binding = this.#walk.scopes.bindingOf.get(node.object);
    return binding && this.#moduleExports.get(binding);
  }
}
