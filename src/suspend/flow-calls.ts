/**
 * Calls and construction: what goes into the function that is called and what comes out, once it is
 * known which one that is. The callee can be a function or class of the program, a host member, or
 * something of another unit. Knows no syntax; `analyze-calls.ts` translates that.
 */
import type * as acorn from 'acorn';
import {
  Demand,
  DYNAMIC,
  ELEMENT,
  type FlowGraph,
  NOWHERE,
  type Place,
  type Value,
} from './flow-graph.ts';
import type { HostInfo, HostValues } from './flow-host.ts';
import type { Marks } from './flow-marks.ts';
import {
  type Argument,
  type Call,
  type CallShape,
  type ClassInfo,
  type FunctionInfo,
  meaningOf,
  type Unit,
} from './flow-model.ts';
import type { Objects } from './flow-objects.ts';
import type { Reads } from './flow-reads.ts';

export class Calls {
  readonly #graph: FlowGraph;
  readonly #objects: Objects;
  readonly #reads: Reads;
  readonly #hosts: HostValues;
  readonly #marks: Marks;
  /** Calls with an argument that leads to something that blocks, in the order in which that was found. */
  readonly tainted: Call[] = [];
  /** What host functions have called back, by the place of the program. */
  readonly #calledBack = {
    argument: new Map<acorn.Node, Set<Place>>(),
    properties: new Map<acorn.Node, Set<Place>>(),
  };

  constructor(graph: FlowGraph, objects: Objects, reads: Reads, hosts: HostValues, marks: Marks) {
    this.#graph = graph;
    this.#objects = objects;
    this.#reads = reads;
    this.#hosts = hosts;
    this.#marks = marks;
  }

  add(shape: CallShape): Call {
    const call: Call = {
      ...shape,
      linked: new Set(),
      hasTaintedArgument: false,
      isResolved: shape.isNative === true,
      wasLookedUp: false,
      isAssumed: false,
    };
    const graph = this.#graph;
    call.unit.calls.push(call);
    const wantCallee = () => graph.demand(call.callee, Demand.Functions);
    for (const arg of call.args) {
      if (arg.place === NOWHERE) continue;
      graph.use(arg.place, {
        onTaint: () => {
          if (!call.hasTaintedArgument) {
            call.hasTaintedArgument = true;
            this.tainted.push(call);
          }
          wantCallee();
        },
      });
    }
    if (call.receiver !== NOWHERE) graph.use(call.receiver, { onTaint: wantCallee });
    graph.use(call.callee, { onValue: (value) => this.#reach(call, value) });
    const forUnits = call.unit.isUser ? Demand.Functions : Demand.Units;
    graph.supply(call.result, call.callee, forUnits, Demand.Functions);
    return call;
  }

  #reach(call: Call, value: Value): void {
    const what = meaningOf(value);
    if (value.blocks && (what.kind !== 'class' || call.constructs)) {
      const isModule = what.kind === 'unit' && call.runsModule;
      if (!isModule && call.site !== undefined) this.#marks.site(call.site, call.owner, value);
    }
    if (call.linked.has(value)) return;
    call.linked.add(value);
    switch (what.kind) {
      case 'function':
        call.isResolved = true;
        if (call.constructs) this.#link(call, what, this.#objects.instancePlace(what));
        this.#link(call, what, call.receiver);
        return;
      case 'class':
        if (!call.constructs) return;
        call.isResolved = true;
        this.#construct(call, what);
        return;
      case 'host':
        call.isResolved = true;
        this.#callHost(call, what);
        return;
      case 'resolver':
        call.isResolved = true;
        for (const { place } of call.args) this.#graph.flow(place, what.target);
        return;
      case 'unit':
        this.#callForeign(call, what);
        return;
      case 'generator':
        call.isResolved = true;
        return;
      default:
    }
  }

  #link(call: Call, info: FunctionInfo, thisPlace: Place): void {
    const graph = this.#graph;
    this.#passArguments(call.args, info);
    if (info.node.type !== 'ArrowFunctionExpression') graph.flow(thisPlace, info.thisPlace);
    if (call.constructs) graph.flow(thisPlace, call.result);
    if (info.generator) graph.flow(info.generator.origin, call.result);
    graph.flow(info.returned, call.result);
  }

  #passArguments(args: readonly Argument[], info: FunctionInfo): void {
    const graph = this.#graph;
    let isSpread = false;
    args.forEach((arg, index) => {
      isSpread ||= arg.isSpread === true;
      if (arg.place === NOWHERE) return;
      if (isSpread) {
        for (const param of info.params) graph.flow(arg.place, param);
        graph.flow(arg.place, info.rest);
      } else {
        graph.flow(arg.place, info.params[index] ?? info.rest);
      }
      graph.flow(arg.place, info.argumentElements);
    });
  }

  #construct(call: Call, info: ClassInfo): void {
    const graph = this.#graph;
    graph.flow(info.instancePlace, call.result);
    if (info.constructorInfo) {
      // The receiver of `super()`: the child's instance.
      graph.flow(call.receiver, info.constructorInfo.thisPlace);
      this.#passArguments(call.args, info.constructorInfo);
      graph.flow(info.constructorInfo.returned, call.result);
    } else {
      for (const { place } of call.args) graph.flow(place, info.implicitArguments);
    }
  }

  #callHost(call: Call, { member }: HostInfo): void {
    if (member === undefined) return;
    const given = call.constructs ? member.constructs : member.returns;
    if (given !== undefined) this.#graph.put(call.result, this.#hosts.ofType(given));
    // A host function may give back what it was given.
    if (call.unit.isUser) for (const { place } of call.args) this.#graph.flow(place, call.result);
    if (!member.callsBack && !member.callsBackProperties) return;
    const passed = call.args.map(({ place }) => spread(place));
    const hasLiteral = call.args.some(({ properties }) => properties !== undefined);
    for (const arg of call.args) {
      if (member.callsBack && arg.isCallable && this.#isNew(call, arg.place, 'argument')) {
        this.#callBack(call, arg.place, passed);
      }
      if (!member.callsBackProperties || !this.#isNew(call, arg.place, 'properties')) continue;
      if (arg.properties) {
        for (const property of arg.properties) this.#callBack(call, property, passed);
      } else if (!hasLiteral && arg.place !== NOWHERE) {
        this.#callBack(call, this.#reads.load(call.unit, arg.place, DYNAMIC), passed);
      }
    }
  }

  /**
   * False if a host function at this place of the program has called back what is at `callee`: one that may be among
   * its own arguments (`f(...args)` with `group` in `args`) would be followed for ever.
   */
  #isNew(call: Call, callee: Place, what: 'argument' | 'properties'): boolean {
    if (callee === NOWHERE) return true;
    const node = call.site ?? call.owner;
    let places = this.#calledBack[what].get(node);
    if (places === undefined) {
      places = new Set();
      this.#calledBack[what].set(node, places);
    }
    if (places.has(callee)) return false;
    places.add(callee);
    return true;
  }

  /** The callee calls its arguments with each other, their elements and elements of the unit. */
  callBackArguments(call: Call): void {
    const { unit, args } = call;
    const passed = [this.#objects.field(unit.value, ELEMENT), call.receiver, call.result];
    for (const { place } of args) passed.push(place, this.#reads.load(unit, place, ELEMENT));
    const list = passed.filter((place) => place !== NOWHERE).map(spread);
    for (const arg of args) if (arg.isCallable) this.#callBack(call, arg.place, list);
  }

  /** The function behind `call` calls `callee`; what that returns, `call` may return. */
  #callBack(call: Call, callee: Place, args: readonly Argument[]): void {
    const { site, owner, unit, result } = call;
    this.add({ site, owner, unit, callee, receiver: NOWHERE, args, result, isNative: true });
  }

  /** `f.bind(t, a)`: later arguments come `count` positions further on. */
  shiftParameters(target: Place, count: number): void {
    this.#graph.use(target, {
      onValue: (value) => {
        const what = meaningOf(value);
        if (what.kind !== 'function') return;
        what.params.forEach((param, index) => {
          this.#graph.flow(param, what.params[index + count] ?? what.rest);
        });
      },
    });
  }

  /** The callee is something of another unit that is not known more exactly (yet). */
  #callForeign(call: Call, foreign: Unit): void {
    const graph = this.#graph;
    graph.put(call.result, foreign.value);
    for (const { place } of call.args) {
      // Whatever the unit gives to the callback may block too.
      if (foreign.widened !== undefined) graph.demand(place, Demand.Functions);
      graph.use(place, {
        onValue: (arg) => {
          const what = meaningOf(arg);
          if (what.kind !== 'function' || what.unit === foreign) return;
          for (const param of what.params) graph.put(param, foreign.value);
        },
      });
    }
  }
}

/** From here on, every argument may be what is at `place`. */
export function spread(place: Place): Argument {
  return { place, isSpread: true, isCallable: true };
}
