/**
 * Calls: of script functions, of JavaScript's own, and of the helpers that bundlers write. What is
 * passed, who is called back, what comes out.
 */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import { type HelperName, IMPORT_HELPERS, moduleBodyOf } from './analyze-bundle.ts';
import type { Argument, CallShape } from './analyze-flow.ts';
import { Demand, DYNAMIC, ELEMENT, METHOD, NOWHERE, type Place, Value } from './analyze-graph.ts';
import {
  isCollection,
  isDeferringGlobal,
  isGlobalObject,
  isPrimitiveMethod,
  type NativeMethod,
  nativeMethod,
} from './analyze-natives.ts';
import { GETTER, SETTER, type SyntaxWalk, THROWN, unwrap } from './analyze-walk.ts';
import { isFunction } from './scope.ts';

/** `list[name](f)`: may be any method that calls back. */
const ANY_METHOD: NativeMethod = {
  callsBack: true,
  givesElements: true,
  givesReceiver: true,
  givesReturned: true,
};

export class CallBuilder {
  readonly #walk: SyntaxWalk;

  constructor(walk: SyntaxWalk) {
    this.#walk = walk;
  }

  call(node: acorn.CallExpression): Place {
    const { callee: calleeNode } = node;
    if (calleeNode.type === 'Super') return this.#superCall(node);
    if (calleeNode.type === 'Identifier') {
      const helper = this.#helper(calleeNode);
      if (helper !== undefined) return this.#helperCall(node, helper);
      if (!this.#walk.scopes.bindingOf.has(calleeNode))
        return this.#globalCall(node, calleeNode.name);
    }
    const target = unwrap(calleeNode);
    if (target.type === 'MemberExpression' && this.#isStaticOfGlobal(target)) {
      return this.#staticCall(node, target);
    }
    const { callee, receiver, name } = this.#walk.callee(calleeNode);
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    const isUnknown = name === DYNAMIC && this.#walk.frame.unit.isUser;
    const native = isUnknown ? ANY_METHOD : nativeMethod(name ?? '');
    const isNative =
      native !== undefined ||
      (name !== undefined && isPrimitiveMethod(name)) ||
      this.#isHostName(node);
    const { result } = this.emitCall(node, callee, receiver, args, {
      isNative,
      calleeName: name,
      runsModule: this.#isModuleRunner(calleeNode),
    });
    if (name === 'call' || name === 'apply' || name === 'bind') {
      this.#reflective(node, name, receiver, args, result);
      if (target.type === 'MemberExpression' && name !== 'bind') {
        const list = name === 'call' ? args.slice(1) : this.#elementsOf(args[1]);
        this.#borrowed(node, target.object, args[0]?.place ?? NOWHERE, list, result);
      }
    } else if (native) {
      this.#native(node, native, receiver, args, result);
      if (native.resumes && this.#walk.frame.unit.isUser) {
        this.#walk.flow.graph.flow(this.#walk.frame.unit.generators, callee);
      }
    }
    return result;
  }

  construct(node: acorn.NewExpression): Place {
    const { callee: calleeNode } = node;
    const flow = this.#walk.flow;
    if (calleeNode.type === 'Identifier' && !this.#walk.scopes.bindingOf.has(calleeNode)) {
      const { name } = calleeNode;
      const args = node.arguments.map((arg) => this.#walk.argument(arg));
      if (name === 'Promise') return this.#newPromise(node, args);
      const result = flow.graph.newPlace(this.#walk.frame.unit.home);
      if (name === 'Proxy') this.#proxyReads(args);
      if (isCollection(name) || name === 'Proxy' || name === 'WeakRef') {
        // Also an object of its own, to which elements can be added.
        flow.newObject(result, this.#walk.frame.unit);
        for (const { place } of args) flow.graph.flow(place, result);
        if (name === 'Array') {
          for (const { place } of args) flow.graph.flow(place, this.#walk.unitField(ELEMENT));
        } else if (isCollection(name)) this.#iterates(node, args);
        return result;
      }
      if (isGlobalObject(name)) return NOWHERE;
      const callee = this.#walk.visit(calleeNode);
      return this.emitCall(node, callee, NOWHERE, args, { constructs: true, isNative: true })
        .result;
    }
    const { callee, name } = this.#walk.callee(calleeNode);
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    return this.emitCall(node, callee, NOWHERE, args, { constructs: true, calleeName: name })
      .result;
  }

  /** A native that goes through the iterator of its first argument. */
  #iterates(node: acorn.NewExpression | acorn.CallExpression, args: readonly Argument[]): void {
    const [source] = node.arguments;
    const [items] = args;
    if (source && items) this.#walk.iterate(node, items.place, source);
  }

  /** What the `get` trap of a proxy returns can come out of any read. */
  #proxyReads(args: readonly Argument[]): void {
    const flow = this.#walk.flow;
    const { unit } = this.#walk.frame;
    const [target, handler] = args;
    if (!target || !handler) return;
    const returned = flow.graph.newPlace(unit.home);
    const passed = [{ place: target.place, isSpread: true, isCallable: true }];
    const trap = flow.load(unit, handler.place, 'get');
    const { owner } = this.#walk.frame;
    flow.call({
      site: undefined,
      owner,
      unit,
      callee: trap,
      receiver: handler.place,
      args: passed,
      result: returned,
      isNative: true,
    });
    flow.graph.flow(returned, this.#walk.unitField(unit.isUser ? DYNAMIC : METHOD));
  }

  emitCall(
    site: acorn.Node | undefined,
    callee: Place,
    receiver: Place,
    args: readonly Argument[],
    extra: Partial<CallShape> = {},
  ): { result: Place } {
    const { unit, owner } = this.#walk.frame;
    const result = this.#walk.flow.graph.newPlace(this.#walk.frame.unit.home);
    this.#walk.flow.call({ site, owner, unit, callee, receiver, args, result, ...extra });
    return { result };
  }

  /** `require_x()`, `init_x()`: the callee runs a module wrapped by the bundler. */
  #isModuleRunner(callee: acorn.Node): boolean {
    if (callee.type !== 'Identifier') return false;
    const binding = this.#walk.scopes.bindingOf.get(callee as acorn.Identifier);
    return binding !== undefined && this.#walk.moduleRunners.has(binding);
  }

  /** The callee is an import: host code that the table says nothing about, or that it knows. */
  #isHostName(node: acorn.CallExpression): boolean {
    let root = unwrap(node.callee);
    while (root.type === 'MemberExpression') root = unwrap(root.object);
    return root.type === 'Identifier' && this.#walk.scopes.bindingOf.get(root)?.kind === 'import';
  }

  #superCall(node: acorn.CallExpression): Place {
    const { ofClass, thisPlace } = this.#walk.frame;
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    if (!ofClass) return NOWHERE;
    const extra = { constructs: true, isNative: true };
    this.emitCall(node, ofClass.superPlace, ofClass.instancePlace, args, extra);
    return thisPlace;
  }

  /** What a native method does with its receiver, arguments and callbacks. */
  #native(
    node: acorn.Node,
    method: NativeMethod,
    receiver: Place,
    args: readonly Argument[],
    result: Place,
  ): void {
    const flow = this.#walk.flow;
    const { graph } = flow;
    const { unit } = this.#walk.frame;
    const calls = method.callsBack || method.defers;
    let elements = NOWHERE;
    if (calls || method.givesElements) {
      elements =
        receiver === NOWHERE ? flow.field(unit.value, ELEMENT) : flow.load(unit, receiver, ELEMENT);
    }
    if (method.stores && receiver !== NOWHERE) {
      for (const { place } of args) flow.store(unit, receiver, ELEMENT, place);
    }
    if (method.givesElements) graph.flow(elements, result);
    if (method.givesReceiver) graph.flow(receiver, result);
    if (method.givesArguments) for (const { place } of args) graph.flow(place, result);
    if (!calls) return;
    const returned = graph.newPlace(this.#walk.frame.unit.home);
    const passed: Argument[] = [elements, receiver, returned]
      .filter((place) => place !== NOWHERE)
      .map((place) => ({ place, isSpread: true, isCallable: true }));
    if (method.givesArguments) for (const arg of args) passed.push({ ...arg, isSpread: true });
    for (const arg of args) {
      if (!arg.isCallable) continue;
      this.#callBack(method.callsBack ? node : undefined, arg.place, passed, returned);
    }
    if (method.givesReturned) {
      graph.flow(returned, result);
      graph.flow(returned, flow.field(unit.value, ELEMENT));
    }
  }

  #callBack(
    site: acorn.Node | undefined,
    callee: Place,
    args: readonly Argument[],
    result: Place,
    receiver: Place = NOWHERE,
    constructs = false,
  ): void {
    const { unit, owner } = this.#walk.frame;
    if (callee === NOWHERE) return;
    this.#walk.flow.call({
      site,
      owner,
      unit,
      callee,
      receiver,
      args,
      result,
      constructs,
      isNative: true,
    });
  }

  /** `f.call(t, a)`, `f.apply(t, as)`, `f.bind(t, a)`: the receiver is what gets called. */
  #reflective(
    node: acorn.Node,
    name: 'call' | 'apply' | 'bind',
    target: Place,
    args: readonly Argument[],
    result: Place,
  ): void {
    const thisPlace = args[0]?.place ?? NOWHERE;
    if (name === 'apply') {
      this.#callBack(node, target, this.#elementsOf(args[1]), result, thisPlace);
      return;
    }
    const passed = args.slice(1);
    if (name === 'call') {
      this.#callBack(node, target, passed, result, thisPlace);
      return;
    }
    const { graph } = this.#walk.flow;
    graph.flow(target, result);
    this.#callBack(undefined, target, passed, NOWHERE, thisPlace);
    if (passed.length > 0) this.#walk.flow.shiftParameters(target, passed.length);
  }

  /** `[].forEach.call(list, f)`, `f.call.call(g)`: a native method is what gets called. */
  #borrowed(
    node: acorn.Node,
    method: acorn.Node,
    receiver: Place,
    args: readonly Argument[],
    result: Place,
  ): void {
    const member = unwrap(method);
    if (member.type !== 'MemberExpression') return;
    const key = this.#walk.keys.staticKey(member.property, member.computed);
    const native = nativeMethod(key);
    if (native) this.#native(node, native, receiver, args, result);
    else if (key === 'call') {
      this.#callBack(node, receiver, args.slice(1), result, args[0]?.place ?? NOWHERE);
    } else if (key === 'apply') {
      this.#callBack(node, receiver, this.#elementsOf(args[1] ?? args[0]), result);
    }
  }

  #elementsOf(list: Argument | undefined): Argument[] {
    if (!list) return [];
    const place = this.#walk.flow.load(this.#walk.frame.unit, list.place, ELEMENT);
    return [{ place, isSpread: true, isCallable: true }];
  }

  #globalCall(node: acorn.CallExpression, name: string): Place {
    if (name === 'require') {
      const [specifier] = node.arguments;
      if (specifier?.type === 'Literal') return this.#walk.hostModule(specifier.value);
    }
    const callee = this.#walk.visit(node.callee);
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    if (isDeferringGlobal(name)) {
      const [callback, , ...passed] = args;
      if (callback) this.#callBack(undefined, callback.place, passed, NOWHERE);
    }
    const { result } = this.emitCall(node, callee, NOWHERE, args, { isNative: true });
    if (name === 'Object' || name === 'Array') {
      for (const { place } of args) this.#walk.flow.graph.flow(place, result);
    }
    return result;
  }

  #isStaticOfGlobal(target: acorn.MemberExpression): boolean {
    const { object } = target;
    return (
      object.type === 'Identifier' &&
      isGlobalObject(object.name) &&
      !this.#walk.scopes.bindingOf.has(object)
    );
  }

  /** `Object.assign(…)`, `Promise.all(…)`, `Reflect.apply(…)` and the other statics that move values. */
  #staticCall(node: acorn.CallExpression, target: acorn.MemberExpression): Place {
    const flow = this.#walk.flow;
    const { graph } = flow;
    const { unit } = this.#walk.frame;
    if (target.computed) this.#walk.visit(target.property);
    const object = target.object.type === 'Identifier' ? target.object.name : '';
    const name = `${object}.${this.#walk.keys.staticKey(target.property, target.computed)}`;
    if (name === 'Object.defineProperty') return this.#defineProperty(node);
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    const at = (index: number): Place => args[index]?.place ?? NOWHERE;
    const result = graph.newPlace(this.#walk.frame.unit.home);
    switch (name) {
      case 'Object.assign':
        for (const arg of args.slice(1)) {
          if (arg.isSpread) for (const other of args) flow.mix(unit, at(0), other.place);
          else flow.mix(unit, at(0), arg.place);
          graph.flow(arg.place, result);
        }
        graph.flow(at(0), result);
        break;
      case 'Object.create':
      case 'Object.setPrototypeOf': {
        if (name === 'Object.create') {
          const value = flow.newObject(result, unit);
          graph.flow(at(0), flow.parents(value));
        } else {
          flow.mix(unit, at(0), at(1));
          graph.flow(at(0), result);
        }
        graph.flow(at(1), unit.mixed);
        break;
      }
      case 'Object.getOwnPropertyDescriptor': {
        const key = node.arguments[1];
        const property = key ? this.#walk.keys.staticKey(key, true) : DYNAMIC;
        const descriptor = flow.newObject(result, unit);
        const put = (part: string, from: string): void => {
          const place = flow.load(unit, at(0), from);
          graph.flow(place, flow.field(descriptor, part));
          graph.flow(place, flow.field(unit.value, part));
        };
        put('value', property);
        put('get', property === DYNAMIC ? DYNAMIC : GETTER + property);
        put('set', property === DYNAMIC ? DYNAMIC : SETTER + property);
        break;
      }
      case 'Object.values':
      case 'Object.entries':
      case 'Object.getOwnPropertyDescriptors': {
        const values = flow.load(unit, at(0), DYNAMIC);
        graph.flow(values, flow.field(unit.value, ELEMENT));
        const list = flow.newObject(result, unit);
        graph.flow(values, flow.field(list, ELEMENT));
        break;
      }
      case 'Object.fromEntries': {
        const values = flow.load(unit, at(0), ELEMENT);
        const made = flow.newObject(result, unit);
        graph.flow(values, flow.field(made, DYNAMIC));
        graph.flow(values, flow.field(unit.value, DYNAMIC));
        break;
      }
      case 'Reflect.apply': {
        const list = this.#elementsOf(args[2]);
        this.#callBack(node, at(0), list, result, at(1));
        const [method] = node.arguments;
        if (method) this.#borrowed(node, method, at(1), list, result);
        break;
      }
      case 'Reflect.construct':
        this.#callBack(node, at(0), this.#elementsOf(args[1]), result, NOWHERE, true);
        break;
      case 'Reflect.get':
        graph.flow(flow.load(unit, at(0), DYNAMIC), result);
        break;
      case 'Reflect.set':
        flow.store(unit, at(0), DYNAMIC, at(2));
        break;
      case 'Array.from':
        this.#iterates(node, args);
        graph.flow(at(0), result);
        this.#native(node, { callsBack: true, givesReturned: true }, at(0), args.slice(1), result);
        break;
      case 'Object.groupBy':
      case 'Map.groupBy':
        graph.flow(at(0), result);
        this.#native(node, { callsBack: true, givesReturned: true }, at(0), args.slice(1), result);
        break;
      case 'Array.of':
        for (const { place } of args) graph.flow(place, flow.field(unit.value, ELEMENT));
        break;
      case 'JSON.parse':
        this.#native(node, { callsBack: true }, NOWHERE, args.slice(1), result);
        break;
      case 'JSON.stringify': {
        this.#native(node, { callsBack: true }, NOWHERE, args.slice(1), result);
        const values = this.#walk.join(at(0), NOWHERE);
        const callee = graph.newPlace(this.#walk.frame.unit.home);
        graph.flow(flow.load(unit, values, 'toJSON'), callee);
        if (unit.isUser) graph.flow(flow.field(unit.value, 'toJSON'), callee);
        this.#callBack(node, callee, [], NOWHERE, values);
        break;
      }
      case 'Promise.resolve':
      case 'Promise.all':
      case 'Promise.race':
      case 'Promise.any':
      case 'Promise.allSettled':
        graph.flow(at(0), result);
        break;
      case 'Promise.reject':
        graph.flow(at(0), this.#walk.unitField(THROWN));
        break;
      case 'process.nextTick':
        this.#callBack(undefined, at(0), args.slice(1), NOWHERE);
        break;
      default:
        if (object === 'Object' || object === 'Array') graph.flow(at(0), result);
    }
    return result;
  }

  /** `Object.defineProperty(o, 'n', { value, get, set })`, also the getters of bundlers' exports. */
  #defineProperty(node: acorn.CallExpression): Place {
    const flow = this.#walk.flow;
    const { unit } = this.#walk.frame;
    const [target, key, descriptor] = node.arguments;
    const object = target ? this.#walk.visit(target) : NOWHERE;
    if (key) this.#walk.visit(key);
    const name = key ? this.#walk.keys.staticKey(key, true) : DYNAMIC;
    if (descriptor?.type !== 'ObjectExpression') {
      const place = descriptor ? this.#walk.visit(descriptor) : NOWHERE;
      flow.store(unit, object, name, flow.load(unit, place, 'value'));
      flow.store(unit, object, GETTER + name, flow.load(unit, place, 'get'));
      flow.store(unit, object, SETTER + name, flow.load(unit, place, 'set'));
      this.#walk.addAccessor(name);
      return object;
    }
    for (const property of descriptor.properties) {
      if (property.type === 'SpreadElement') {
        this.#walk.visit(property.argument);
        continue;
      }
      const part = this.#walk.keys.staticKey(property.key, property.computed);
      this.#walk.name(property.value, name);
      if (!isFunction(property.value) || (part !== 'get' && part !== 'set')) {
        const value = this.#walk.visit(property.value);
        const isMethod = name === DYNAMIC && isFunction(property.value) && !unit.isUser;
        if (part === 'value') flow.store(unit, object, isMethod ? METHOD : name, value);
        else if (part === 'get') flow.store(unit, object, GETTER + name, value);
        continue;
      }
      const info = this.#walk.functionValue(property.value, undefined, object);
      this.#walk.addAccessor(name);
      unit.definedKeys.add(name);
      if (part === 'get') {
        flow.store(unit, object, GETTER + name, info.value.origin);
        flow.store(unit, object, name, info.returned);
      } else {
        flow.store(unit, object, SETTER + name, info.value.origin);
        flow.graph.flow(flow.load(unit, object, name), info.params[0] ?? NOWHERE);
      }
    }
    return object;
  }

  #newPromise(node: acorn.NewExpression, args: readonly Argument[]): Place {
    const { graph } = this.#walk.flow;
    const result = graph.newPlace(this.#walk.frame.unit.home);
    const executor = args[0];
    if (!executor) return result;
    const resolve = graph.newPlace(this.#walk.frame.unit.home);
    const resolver = new Value({ kind: 'resolver', target: result } as { kind: 'resolver' });
    graph.originate(resolve, resolver, Demand.Functions);
    graph.supply(result, resolve, Demand.Functions, Demand.Functions);
    graph.supply(result, executor.place, Demand.Functions, Demand.Functions);
    this.#callBack(node, executor.place, [{ place: resolve, isCallable: true }], NOWHERE);
    return result;
  }

  #helper(callee: acorn.Identifier): HelperName | undefined {
    const binding = this.#walk.scopes.bindingOf.get(callee);
    if (binding !== undefined && binding.scope.kind !== 'program') return undefined;
    const name = IMPORT_HELPERS.get(callee.name);
    if (name !== undefined || binding === undefined) return name;
    return this.#walk.isHelperBinding(binding) ? 'other' : undefined;
  }

  #helperCall(node: acorn.CallExpression, helper: HelperName): Place {
    const flow = this.#walk.flow;
    const { unit } = this.#walk.frame;
    switch (helper) {
      case 'require': {
        const [specifier] = node.arguments;
        if (specifier?.type === 'Literal') return this.#walk.hostModule(specifier.value);
        this.#walk.visitAll(node.arguments);
        return NOWHERE;
      }
      case 'commonJs':
      case 'lazyModule': {
        const body = moduleBodyOf(node);
        if (!body) break;
        return this.#wrappedModule(node, body, helper);
      }
      case 'toModule': {
        const args = node.arguments.map((arg) => this.#walk.argument(arg));
        const module = args[0]?.place ?? NOWHERE;
        return flow.newNamespace(module, unit);
      }
      case 'copy': {
        const args = node.arguments.map((arg) => this.#walk.argument(arg));
        const target = args[0]?.place ?? NOWHERE;
        for (const { place } of args.slice(1)) flow.mix(unit, target, place);
        return target;
      }
      case 'define': {
        // __publicField(object, key, value)
        const [target, key, value] = node.arguments;
        const object = target ? this.#walk.visit(target) : NOWHERE;
        if (key) this.#walk.visit(key);
        if (value) this.#walk.name(value, key ? this.#walk.keys.staticKey(key, true) : '');
        const place = value ? this.#walk.visit(value) : NOWHERE;
        flow.store(unit, object, key ? this.#walk.keys.staticKey(key, true) : DYNAMIC, place);
        return place;
      }
      case 'same': {
        const args = node.arguments.map((arg) => this.#walk.argument(arg));
        return args[0]?.place ?? NOWHERE;
      }
      case 'decorate':
        return this.#decorate(node);
      case 'other':
        return this.#otherHelper(node);
    }
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    return this.emitCall(node, this.#walk.visit(node.callee), NOWHERE, args).result;
  }

  /** `__decorateClass([d, …], target, key)`: the method becomes what the decorators make of it. */
  #decorate(node: acorn.CallExpression): Place {
    const flow = this.#walk.flow;
    const { unit } = this.#walk.frame;
    const [decorators, target, key] = node.arguments;
    const list = decorators ? this.#walk.visit(decorators) : NOWHERE;
    const object = target ? this.#walk.visit(target) : NOWHERE;
    const name = key ? this.#walk.keys.staticKey(key, true) : undefined;
    for (const other of node.arguments.slice(2)) this.#walk.visit(other);
    const returned = flow.graph.newPlace(unit.home);
    const descriptor = flow.graph.newPlace(unit.home);
    const passed = [object, descriptor].map((place) => ({
      place,
      isSpread: true,
      isCallable: true,
    }));
    this.#callBack(undefined, flow.load(unit, list, ELEMENT), passed, returned);
    if (name === undefined) {
      flow.graph.flow(object, returned);
      return returned;
    }
    const value = flow.newObject(descriptor, unit);
    const method = flow.load(unit, object, name);
    flow.graph.flow(method, flow.field(value, 'value'));
    flow.graph.flow(method, flow.field(unit.value, 'value'));
    const decorated = this.#walk.join(returned, descriptor);
    flow.store(unit, object, name, flow.load(unit, decorated, 'value'));
    return returned;
  }

  /** A helper whose meaning is not known here: it may call its arguments and give any of them back. */
  #otherHelper(node: acorn.CallExpression): Place {
    const flow = this.#walk.flow;
    const { unit, owner } = this.#walk.frame;
    const args = node.arguments.map((arg) => this.#walk.argument(arg));
    const result = flow.graph.newPlace(unit.home);
    for (const { place } of args) flow.graph.flow(place, result);
    const callee = NOWHERE;
    const call = flow.call({
      site: node,
      owner,
      unit,
      callee,
      receiver: NOWHERE,
      args,
      result,
      isNative: true,
    });
    flow.callBackArguments(call);
    return result;
  }

  /** `__commonJS({ "path"(exports, module) {…} })`: calling the result runs the body once. */
  #wrappedModule(node: acorn.CallExpression, body: FunctionNode, helper: HelperName): Place {
    const flow = this.#walk.flow;
    const { graph } = flow;
    this.#walk.name(body, `module ${moduleName(node)}`);
    const exported = graph.newPlace(this.#walk.frame.unit.home);
    const param = body.params[1];
    const binding = param?.type === 'Identifier' && this.#walk.scopes.bindingOf.get(param);
    if (binding) this.#walk.moduleFields.set(binding, exported);
    const info = this.#walk.functionValue(body, undefined);
    if (helper === 'commonJs') {
      flow.newObject(exported, info.unit);
      graph.flow(exported, info.params[0] ?? NOWHERE);
      graph.flow(exported, info.returned);
    }
    this.#walk.flow.wrappers.push({ helper: node.callee, body: info });
    return info.value.origin;
  }
}

function moduleName(node: acorn.CallExpression): string {
  const [modules] = node.arguments;
  if (modules?.type !== 'ObjectExpression') return '';
  const [property] = modules.properties;
  if (property?.type !== 'Property') return '';
  const { key } = property;
  if (key.type === 'Literal') return String(key.value);
  return key.type === 'Identifier' ? key.name : '';
}
