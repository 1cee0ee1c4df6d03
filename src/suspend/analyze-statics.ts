/** `Object.assign(…)`, `Promise.all(…)`, `Reflect.apply(…)` and the other statics that move values. */
import type * as acorn from 'acorn';
import type { Accessors } from './analyze-accessors.ts';
import type { CallSites } from './analyze-call-sites.ts';
import type { Functions } from './analyze-functions.ts';
import type { NativeCalls } from './analyze-native-calls.ts';
import { GETTER, SETTER, type SyntaxWalk, THROWN } from './analyze-walk.ts';
import { DYNAMIC, ELEMENT, METHOD, NOWHERE, type Place } from './flow-graph.ts';
import type { Argument } from './flow-model.ts';
import { isGlobalObject } from './flow-natives.ts';
import { isFunction } from './scope.ts';

export class Statics {
  readonly #walk: SyntaxWalk;
  readonly #sites: CallSites;
  readonly #natives: NativeCalls;
  readonly #functions: Functions;
  readonly #accessors: Accessors;

  constructor(
    walk: SyntaxWalk,
    sites: CallSites,
    natives: NativeCalls,
    functions: Functions,
    accessors: Accessors,
  ) {
    this.#walk = walk;
    this.#sites = sites;
    this.#natives = natives;
    this.#functions = functions;
    this.#accessors = accessors;
  }

  /** The callee is a member of one of JavaScript's own global objects. */
  isStatic(target: acorn.MemberExpression): boolean {
    const { object } = target;
    return (
      object.type === 'Identifier' &&
      isGlobalObject(object.name) &&
      !this.#walk.scopes.bindingOf.has(object)
    );
  }

  call(node: acorn.CallExpression, target: acorn.MemberExpression): Place {
    const walk = this.#walk;
    if (target.computed) walk.visit(target.property);
    const object = target.object.type === 'Identifier' ? target.object.name : '';
    const name = `${object}.${walk.keys.staticKey(target.property, target.computed)}`;
    if (name === 'Object.defineProperty') return this.#defineProperty(node);
    const args = this.#sites.arguments(node.arguments);
    const result = walk.newPlace();
    if (this.#ofObject(name, node, args, result)) return result;
    if (this.#ofFunctions(name, node, args, result)) return result;
    if (object === 'Object' || object === 'Array') walk.flow.graph.flow(placeAt(args, 0), result);
    return result;
  }

  /** Statics that move properties and elements. @returns whether `name` is one. */
  #ofObject(
    name: string,
    node: acorn.CallExpression,
    args: readonly Argument[],
    result: Place,
  ): boolean {
    const walk = this.#walk;
    const { graph, objects, writes } = walk.flow;
    const { unit } = walk.frame;
    const first = placeAt(args, 0);
    switch (name) {
      case 'Object.assign':
        for (const arg of args.slice(1)) {
          if (arg.isSpread) for (const other of args) writes.mix(unit, first, other.place);
          else writes.mix(unit, first, arg.place);
          graph.flow(arg.place, result);
        }
        graph.flow(first, result);
        return true;
      case 'Object.create':
        graph.flow(first, objects.parents(objects.newObject(result, unit)));
        graph.flow(placeAt(args, 1), unit.mixed);
        return true;
      case 'Object.setPrototypeOf':
        writes.mix(unit, first, placeAt(args, 1));
        graph.flow(first, result);
        graph.flow(placeAt(args, 1), unit.mixed);
        return true;
      case 'Object.getOwnPropertyDescriptor':
        this.#descriptor(node.arguments[1], first, result);
        return true;
      case 'Object.values':
      case 'Object.entries':
      case 'Object.getOwnPropertyDescriptors': {
        const values = walk.load(first, DYNAMIC);
        objects.define(objects.newObject(result, unit), unit, ELEMENT, values);
        return true;
      }
      case 'Object.fromEntries': {
        const values = walk.load(first, ELEMENT);
        objects.define(objects.newObject(result, unit), unit, DYNAMIC, values);
        return true;
      }
      case 'Reflect.get':
        graph.flow(walk.load(first, DYNAMIC), result);
        return true;
      case 'Reflect.set':
        walk.store(first, DYNAMIC, placeAt(args, 2));
        return true;
      case 'Array.of':
        for (const { place } of args) graph.flow(place, walk.unitField(ELEMENT));
        return true;
      default:
        return false;
    }
  }

  /** Statics that call what they are given, now or later. @returns whether `name` is one. */
  #ofFunctions(
    name: string,
    node: acorn.CallExpression,
    args: readonly Argument[],
    result: Place,
  ): boolean {
    const walk = this.#walk;
    const { graph } = walk.flow;
    const first = placeAt(args, 0);
    switch (name) {
      case 'Reflect.apply': {
        const receiver = placeAt(args, 1);
        const list = this.#sites.elementsOf(args[2]);
        this.#sites.callBack(node, first, list, result, receiver);
        const [method] = node.arguments;
        if (method) this.#natives.borrowed(node, method, receiver, list, result);
        return true;
      }
      case 'Reflect.construct': {
        const list = this.#sites.elementsOf(args[1]);
        this.#sites.callBack(node, first, list, result, NOWHERE, true);
        return true;
      }
      case 'Array.from':
        this.#natives.iterates(node, args);
        this.#mapped(node, args, result);
        return true;
      case 'Object.groupBy':
      case 'Map.groupBy':
        this.#mapped(node, args, result);
        return true;
      case 'JSON.parse':
        this.#natives.method(node, { callsBack: true }, NOWHERE, args.slice(1), result);
        return true;
      case 'JSON.stringify':
        this.#natives.method(node, { callsBack: true }, NOWHERE, args.slice(1), result);
        this.#toJson(node, first);
        return true;
      case 'Promise.resolve':
      case 'Promise.all':
      case 'Promise.race':
      case 'Promise.any':
      case 'Promise.allSettled':
        graph.flow(first, result);
        return true;
      case 'Promise.reject':
        graph.flow(first, walk.unitField(THROWN));
        return true;
      case 'process.nextTick':
        this.#sites.callBack(undefined, first, args.slice(1), NOWHERE);
        return true;
      default:
        return false;
    }
  }

  /** The first argument goes through the callback, the second. */
  #mapped(node: acorn.CallExpression, args: readonly Argument[], result: Place): void {
    const source = placeAt(args, 0);
    const method = { callsBack: true, givesReturned: true };
    this.#walk.flow.graph.flow(source, result);
    this.#natives.method(node, method, source, args.slice(1), result);
  }

  #toJson(node: acorn.CallExpression, value: Place): void {
    const walk = this.#walk;
    const { graph } = walk.flow;
    const callee = walk.newPlace();
    graph.flow(walk.load(value, 'toJSON'), callee);
    if (walk.frame.unit.isUser) graph.flow(walk.unitField('toJSON'), callee);
    this.#sites.callBack(node, callee, [], NOWHERE, value);
  }

  #descriptor(key: acorn.Node | undefined, object: Place, result: Place): void {
    const walk = this.#walk;
    const { objects } = walk.flow;
    const { unit } = walk.frame;
    const name = key ? walk.keys.staticKey(key, true) : DYNAMIC;
    const descriptor = objects.newObject(result, unit);
    const put = (part: string, from: string): void => {
      objects.define(descriptor, unit, part, walk.load(object, from));
    };
    put('value', name);
    put('get', name === DYNAMIC ? DYNAMIC : GETTER + name);
    put('set', name === DYNAMIC ? DYNAMIC : SETTER + name);
  }

  /** `Object.defineProperty(o, 'n', { value, get, set })`, also the getters of bundlers' exports. */
  #defineProperty(node: acorn.CallExpression): Place {
    const walk = this.#walk;
    const [target, key, descriptor] = node.arguments;
    const object = target ? walk.visit(target) : NOWHERE;
    if (key) walk.visit(key);
    const name = key ? walk.keys.staticKey(key, true) : DYNAMIC;
    if (descriptor?.type !== 'ObjectExpression') {
      const place = descriptor ? walk.visit(descriptor) : NOWHERE;
      walk.store(object, name, walk.load(place, 'value'));
      walk.store(object, GETTER + name, walk.load(place, 'get'));
      walk.store(object, SETTER + name, walk.load(place, 'set'));
      this.#accessors.add(name);
      return object;
    }
    for (const property of descriptor.properties) {
      if (property.type === 'SpreadElement') walk.visit(property.argument);
      else this.#defineBy(property, object, name);
    }
    return object;
  }

  /** One property of a descriptor that is written out. */
  #defineBy(property: acorn.Property, object: Place, name: string): void {
    const walk = this.#walk;
    const { unit } = walk.frame;
    const part = walk.keys.staticKey(property.key, property.computed);
    walk.name(property.value, name);
    if (!isFunction(property.value) || (part !== 'get' && part !== 'set')) {
      const value = walk.visit(property.value);
      const isMethod = name === DYNAMIC && isFunction(property.value) && !unit.isUser;
      if (part === 'value') walk.store(object, isMethod ? METHOD : name, value);
      else if (part === 'get') walk.store(object, GETTER + name, value);
      return;
    }
    const info = this.#functions.value(property.value, { thisOrigin: object });
    this.#accessors.add(name);
    unit.definedKeys.add(name);
    if (part === 'get') {
      walk.store(object, GETTER + name, info.value.origin);
      walk.store(object, name, info.returned);
    } else {
      walk.store(object, SETTER + name, info.value.origin);
      walk.flow.graph.flow(walk.load(object, name), info.params[0] ?? NOWHERE);
    }
  }
}

function placeAt(args: readonly Argument[], index: number): Place {
  return args[index]?.place ?? NOWHERE;
}
