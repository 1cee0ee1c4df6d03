/**
 * Calls of JavaScript's own methods and constructors: who calls whom back, what is kept, what comes
 * out. Which name means what is in `flow-natives.ts`; statics (`Object.assign`) in `analyze-statics.ts`.
 */
import type * as acorn from 'acorn';
import type { CallSites } from './analyze-call-sites.ts';
import type { Iteration } from './analyze-iteration.ts';
import { type SyntaxWalk, unwrap } from './analyze-walk.ts';
import { spread } from './flow-calls.ts';
import { Demand, DYNAMIC, ELEMENT, METHOD, NOWHERE, type Place } from './flow-graph.ts';
import { type Argument, newValue } from './flow-model.ts';
import { isCollection, type NativeMethod, nativeMethod } from './flow-natives.ts';

export class NativeCalls {
  readonly #walk: SyntaxWalk;
  readonly #sites: CallSites;
  readonly #iteration: Iteration;

  constructor(walk: SyntaxWalk, sites: CallSites, iteration: Iteration) {
    this.#walk = walk;
    this.#sites = sites;
    this.#iteration = iteration;
  }

  /** What a native method does with its receiver, arguments and callbacks. */
  method(
    node: acorn.Node,
    method: NativeMethod,
    receiver: Place,
    args: readonly Argument[],
    result: Place,
  ): void {
    const walk = this.#walk;
    const { graph } = walk.flow;
    const calls = method.callsBack || method.defers;
    let elements = NOWHERE;
    if (calls || method.givesElements) {
      elements = receiver === NOWHERE ? walk.unitField(ELEMENT) : walk.load(receiver, ELEMENT);
    }
    if (method.stores && receiver !== NOWHERE) {
      for (const { place } of args) walk.store(receiver, ELEMENT, place);
    }
    if (method.givesElements) graph.flow(elements, result);
    if (method.givesReceiver) graph.flow(receiver, result);
    if (method.givesArguments) for (const { place } of args) graph.flow(place, result);
    if (!calls) return;
    const returned = walk.newPlace();
    const passed = [elements, receiver, returned]
      .filter((place) => place !== NOWHERE)
      .map((place) => spread(place));
    if (method.givesArguments) for (const arg of args) passed.push({ ...arg, isSpread: true });
    for (const arg of args) {
      if (!arg.isCallable) continue;
      this.#sites.callBack(method.callsBack ? node : undefined, arg.place, passed, returned);
    }
    if (method.givesReturned) {
      graph.flow(returned, result);
      graph.flow(returned, walk.unitField(ELEMENT));
    }
  }

  /** `f.call(t, a)`, `f.apply(t, as)`, `f.bind(t, a)`: the receiver is what gets called. */
  reflective(
    node: acorn.Node,
    name: 'call' | 'apply' | 'bind',
    target: Place,
    args: readonly Argument[],
    result: Place,
  ): void {
    const thisPlace = args[0]?.place ?? NOWHERE;
    if (name === 'apply') {
      this.#sites.callBack(node, target, this.#sites.elementsOf(args[1]), result, thisPlace);
      return;
    }
    const passed = args.slice(1);
    if (name === 'call') {
      this.#sites.callBack(node, target, passed, result, thisPlace);
      return;
    }
    const { graph, calls } = this.#walk.flow;
    graph.flow(target, result);
    this.#sites.callBack(undefined, target, passed, NOWHERE, thisPlace);
    if (passed.length > 0) calls.shiftParameters(target, passed.length);
  }

  /** `[].forEach.call(list, f)`, `f.call.call(g)`: a native method is what gets called. */
  borrowed(
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
    if (native) this.method(node, native, receiver, args, result);
    else if (key === 'call') {
      this.#sites.callBack(node, receiver, args.slice(1), result, args[0]?.place ?? NOWHERE);
    } else if (key === 'apply') {
      this.#sites.callBack(node, receiver, this.#sites.elementsOf(args[1] ?? args[0]), result);
    }
  }

  /** `new Map(x)` and the others whose instances hold what they are given; undefined for any other name. */
  construct(node: acorn.NewExpression, name: string, args: readonly Argument[]): Place | undefined {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    if (name === 'Promise') return this.#promise(node, args);
    if (!isCollection(name) && name !== 'Proxy' && name !== 'WeakRef') return undefined;
    const result = walk.newPlace();
    if (name === 'Proxy') this.#proxyReads(args);
    // Also an object of its own, to which elements can be added.
    objects.newObject(result, walk.frame.unit);
    for (const { place } of args) graph.flow(place, result);
    if (name === 'Array') {
      for (const { place } of args) graph.flow(place, walk.unitField(ELEMENT));
    } else if (isCollection(name)) this.iterates(node, args);
    return result;
  }

  /** A native that goes through the iterator of its first argument. */
  iterates(node: acorn.NewExpression | acorn.CallExpression, args: readonly Argument[]): void {
    const [source] = node.arguments;
    const [items] = args;
    if (source && items) this.#iteration.iterate(node, items.place, source);
  }

  /** What the `get` trap of a proxy returns can come out of any read. */
  #proxyReads(args: readonly Argument[]): void {
    const walk = this.#walk;
    const [target, handler] = args;
    if (!target || !handler) return;
    const returned = walk.newPlace();
    const trap = walk.load(handler.place, 'get');
    this.#sites.callBack(undefined, trap, [spread(target.place)], returned, handler.place);
    const key = walk.frame.unit.isUser ? DYNAMIC : METHOD;
    walk.flow.graph.flow(returned, walk.unitField(key));
  }

  #promise(node: acorn.NewExpression, args: readonly Argument[]): Place {
    const { graph } = this.#walk.flow;
    const result = this.#walk.newPlace();
    const executor = args[0];
    if (!executor) return result;
    const resolve = this.#walk.newPlace();
    graph.originate(resolve, newValue({ kind: 'resolver', target: result }), Demand.Functions);
    graph.supply(result, resolve, Demand.Functions, Demand.Functions);
    graph.supply(result, executor.place, Demand.Functions, Demand.Functions);
    const passed = [{ place: resolve, isCallable: true }];
    this.#sites.callBack(node, executor.place, passed, NOWHERE);
    return result;
  }
}
