/**
 * Calls and `new`, by what their callee looks like: a helper of the bundler, a global or a static of
 * JavaScript's own, `super`, or any expression.
 */
import type * as acorn from 'acorn';
import type { BundleCalls } from './analyze-bundle-calls.ts';
import type { CallSites } from './analyze-call-sites.ts';
import type { Imports } from './analyze-imports.ts';
import type { Members } from './analyze-members.ts';
import type { Names } from './analyze-names.ts';
import type { NativeCalls } from './analyze-native-calls.ts';
import type { Statics } from './analyze-statics.ts';
import { type SyntaxWalk, unwrap } from './analyze-walk.ts';
import { DYNAMIC, NOWHERE, type Place } from './flow-graph.ts';
import type { Argument } from './flow-model.ts';
import {
  isDeferringGlobal,
  isGlobalObject,
  isPrimitiveMethod,
  type NativeMethod,
  nativeMethod,
} from './flow-natives.ts';

/** `list[name](f)`: may be any method that calls back. */
const ANY_METHOD: NativeMethod = {
  callsBack: true,
  givesElements: true,
  givesReceiver: true,
  givesReturned: true,
};

/** Those who know one kind of callee each. */
export interface CallKinds {
  readonly names: Names;
  readonly members: Members;
  readonly imports: Imports;
  readonly sites: CallSites;
  readonly natives: NativeCalls;
  readonly statics: Statics;
  readonly bundle: BundleCalls;
}

export class CallBuilder {
  readonly #walk: SyntaxWalk;
  readonly #kinds: CallKinds;

  constructor(walk: SyntaxWalk, kinds: CallKinds) {
    this.#walk = walk;
    this.#kinds = kinds;
  }

  call(node: acorn.CallExpression): Place {
    const { bundle, statics } = this.#kinds;
    const { callee } = node;
    if (callee.type === 'Super') return this.#superCall(node);
    if (callee.type === 'Identifier') {
      const helper = bundle.helper(callee);
      if (helper !== undefined) return bundle.call(node, helper);
      if (!this.#walk.scopes.bindingOf.has(callee)) return this.#globalCall(node, callee.name);
    }
    const target = unwrap(callee);
    if (target.type === 'MemberExpression' && statics.isStatic(target)) {
      return statics.call(node, target);
    }
    return this.#anyCall(node, target);
  }

  /** @param target the callee without parentheses. */
  #anyCall(node: acorn.CallExpression, target: acorn.AnyNode): Place {
    const { names, members, sites, natives } = this.#kinds;
    const { flow, frame } = this.#walk;
    const { callee, receiver, name } = members.callee(node.callee);
    const args = sites.arguments(node.arguments);
    const isUnknown = name === DYNAMIC && frame.unit.isUser;
    const native = isUnknown ? ANY_METHOD : nativeMethod(name ?? '');
    const isNative =
      native !== undefined ||
      (name !== undefined && isPrimitiveMethod(name)) ||
      this.#isHostName(node);
    const result = sites.call(node, callee, receiver, args, {
      isNative,
      calleeName: name,
      runsModule: names.isModuleRunner(node.callee),
    });
    if (name === 'call' || name === 'apply' || name === 'bind') {
      natives.reflective(node, name, receiver, args, result);
      if (target.type === 'MemberExpression' && name !== 'bind') {
        const list = name === 'call' ? args.slice(1) : sites.elementsOf(args[1]);
        natives.borrowed(node, target.object, args[0]?.place ?? NOWHERE, list, result);
      }
    } else if (native) {
      natives.method(node, native, receiver, args, result);
      if (native.resumes && frame.unit.isUser) flow.graph.flow(frame.unit.generators, callee);
    }
    return result;
  }

  construct(node: acorn.NewExpression): Place {
    const { callee } = node;
    if (callee.type === 'Identifier' && !this.#walk.scopes.bindingOf.has(callee)) {
      return this.#constructGlobal(node, callee);
    }
    const { members, sites } = this.#kinds;
    const { callee: place, name } = members.callee(callee);
    const args = sites.arguments(node.arguments);
    return sites.call(node, place, NOWHERE, args, { constructs: true, calleeName: name });
  }

  #constructGlobal(node: acorn.NewExpression, callee: acorn.Identifier): Place {
    const { sites, natives } = this.#kinds;
    const args = sites.arguments(node.arguments);
    const made = natives.construct(node, callee.name, args);
    if (made !== undefined) return made;
    if (isGlobalObject(callee.name)) return NOWHERE;
    const place = this.#walk.visit(callee);
    return sites.call(node, place, NOWHERE, args, { constructs: true, isNative: true });
  }

  tagged(node: acorn.TaggedTemplateExpression): Place {
    const { members, sites } = this.#kinds;
    const { callee, receiver } = members.callee(node.tag);
    const strings: Argument = { place: NOWHERE, isCallable: false };
    const args = [strings, ...sites.arguments(node.quasi.expressions)];
    return sites.call(node, callee, receiver, args);
  }

  #superCall(node: acorn.CallExpression): Place {
    const { sites } = this.#kinds;
    const { ofClass, thisPlace } = this.#walk.frame;
    const args = sites.arguments(node.arguments);
    if (!ofClass) return NOWHERE;
    const extra = { constructs: true, isNative: true };
    sites.call(node, ofClass.superPlace, ofClass.instancePlace, args, extra);
    return thisPlace;
  }

  #globalCall(node: acorn.CallExpression, name: string): Place {
    const { imports, sites } = this.#kinds;
    if (name === 'require') {
      const [specifier] = node.arguments;
      if (specifier?.type === 'Literal') return imports.namespace(specifier.value);
    }
    const callee = this.#walk.visit(node.callee);
    const args = sites.arguments(node.arguments);
    if (isDeferringGlobal(name)) {
      const [callback, , ...passed] = args;
      if (callback) sites.callBack(undefined, callback.place, passed, NOWHERE);
    }
    const result = sites.call(node, callee, NOWHERE, args, { isNative: true });
    if (name === 'Object' || name === 'Array') {
      for (const { place } of args) this.#walk.flow.graph.flow(place, result);
    }
    return result;
  }

  /** The callee is an import: host code that the table says nothing about, or that it knows. */
  #isHostName(node: acorn.CallExpression): boolean {
    let root = unwrap(node.callee);
    while (root.type === 'MemberExpression') root = unwrap(root.object);
    return root.type === 'Identifier' && this.#walk.scopes.bindingOf.get(root)?.kind === 'import';
  }
}
