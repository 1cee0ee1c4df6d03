/**
 * Getters and setters. A member access is a call if its name has an accessor somewhere, which is known
 * only when the whole program has been seen: accesses are kept until then.
 */
import type * as acorn from 'acorn';
import { type Frame, GETTER, SETTER, type SyntaxWalk } from './analyze-walk.ts';
import { DYNAMIC, NOWHERE, type Place, type Value } from './flow-graph.ts';
import { memberNamesOfGivenTypes } from './flow-host.ts';
import type { FunctionInfo } from './flow-model.ts';
import { isPrimitiveMethod, nativeMethod } from './flow-natives.ts';

/** A member read or write. */
export interface MemberAccess {
  readonly node: acorn.MemberExpression;
  readonly frame: Frame;
  readonly object: Place;
  readonly key: string;
  readonly isRead: boolean;
  readonly isWrite: boolean;
  readonly result: Place;
}

export class Accessors {
  readonly #walk: SyntaxWalk;
  readonly #names = new Set<string>();
  readonly #userNames = new Set<string>();
  readonly #accesses: MemberAccess[] = [];

  constructor(walk: SyntaxWalk) {
    this.#walk = walk;
  }

  /** An accessor written in a literal or class: a getter's result is the property's value, a setter's parameter what is written to it. */
  define(holder: Value, kind: 'get' | 'set', key: string, info: FunctionInfo): void {
    const { objects, graph } = this.#walk.flow;
    const { unit } = this.#walk.frame;
    this.add(key);
    unit.definedKeys.add(key);
    for (const object of [holder, unit.value]) {
      const property = objects.field(object, key);
      if (kind === 'get') {
        graph.flow(info.value.origin, objects.field(object, GETTER + key));
        graph.flow(info.returned, property);
      } else {
        graph.flow(info.value.origin, objects.field(object, SETTER + key));
        graph.flow(property, info.params[0] ?? NOWHERE);
      }
    }
  }

  /** Some object has a getter or setter of this name. */
  add(key: string): void {
    this.#names.add(key);
    if (this.#walk.frame.unit.isUser) this.#userNames.add(key);
  }

  /** An access that may turn out to be a call. */
  note(access: MemberAccess): void {
    if (access.object !== NOWHERE && !isPrimitiveMethod(access.key)) this.#accesses.push(access);
  }

  /** The whole program has been seen. */
  finish(): void {
    if (this.#names.size > 0) for (const access of this.#accesses) this.#meet(access);
    this.#finishHostNames();
  }

  /** Calls of the accessors that `access` can mean. */
  #meet(access: MemberAccess): void {
    const { key, frame } = access;
    const hasName = this.#names.has(key);
    if (!frame.unit.isUser) {
      if (hasName) this.#call(access, key);
    } else if (key === DYNAMIC) {
      for (const name of this.#userNames) this.#call(access, name);
    } else {
      const isUnknown = this.#names.has(DYNAMIC);
      if (hasName || isUnknown) this.#call(access, key);
      if (isUnknown) this.#call(access, DYNAMIC);
    }
  }

  #call(access: MemberAccess, name: string): void {
    if (access.isRead) this.#callOne(access, GETTER + name, access.result);
    if (access.isWrite) this.#callOne(access, SETTER + name, NOWHERE);
  }

  #callOne({ node, frame, object }: MemberAccess, key: string, result: Place): void {
    const { owner, unit } = frame;
    const { reads, calls } = this.#walk.flow;
    const callee = reads.load(unit, object, key);
    const receiver = object;
    calls.add({ site: node, owner, unit, callee, receiver, args: [], result, isNative: true });
  }

  /** User code that lost track of a host object still calls its blocking methods by their names. */
  #finishHostNames(): void {
    const { flow, context } = this.#walk;
    const names = memberNamesOfGivenTypes(context.blocking);
    if (names.size === 0) return;
    for (const { key, frame, result } of this.#accesses) {
      if (!frame.unit.isUser || result === NOWHERE || nativeMethod(key)) continue;
      const host = names.get(key);
      if (host) flow.graph.put(result, flow.hosts.newValue(host));
    }
  }
}
