/**
 * What may block, and what follows from it: a call that may block makes its function one that suspends,
 * calls of that function may block in turn. A unit that cannot be followed is *widened*: all of it may
 * block. Who calls whom is found elsewhere (`flow-calls.ts`).
 */
import type * as acorn from 'acorn';
import type { FlowGraph, Home } from './flow-graph.ts';
import type { Cause, ClassInfo, FunctionInfo, Unit } from './flow-model.ts';
import { isPrimitiveMethod } from './flow-natives.ts';
import type { Owner } from './scope.ts';

export class Marks {
  readonly suspendable = new Map<FunctionInfo, Cause>();
  readonly suspendableClasses = new Map<ClassInfo, Cause>();
  readonly mayBlock = new Set<acorn.Node>();
  programBlocks = false;
  /** Who suspends when code in the node does; filled as the program is walked. */
  readonly infoOf = new Map<acorn.Node, FunctionInfo>();
  readonly classOfField = new Map<acorn.Node, ClassInfo>();
  /** The code that runs static fields and blocks: that which the class stands in. */
  readonly ownerOfStatic = new Map<acorn.Node, Owner>();
  /** Module bodies that a bundler's helper runs, with the helper's name at the call. */
  readonly wrappers: { readonly helper: acorn.Node; readonly body: FunctionInfo }[] = [];
  readonly #graph: FlowGraph;
  readonly #units: ReadonlyMap<string, Unit>;

  constructor(graph: FlowGraph, units: ReadonlyMap<string, Unit>) {
    this.#graph = graph;
    this.#units = units;
  }

  /** The call at `site`, in the code of `owner`, may block. */
  site(site: acorn.Node, owner: Owner, cause: Cause): void {
    if (this.mayBlock.has(site)) return;
    this.mayBlock.add(site);
    this.#ownerBlocks(owner, cause);
  }

  #ownerBlocks(owner: Owner, cause: Cause): void {
    const outer = this.ownerOfStatic.get(owner);
    if (outer !== undefined) {
      this.#ownerBlocks(outer, cause);
      return;
    }
    switch (owner.type) {
      case 'Program':
        this.programBlocks = true;
        return;
      case 'StaticBlock':
      case 'PropertyDefinition': {
        const info = this.classOfField.get(owner);
        if (info) this.suspendClass(info, cause);
        return;
      }
      default: {
        const info = this.infoOf.get(owner);
        if (info) this.#suspend(info, cause);
      }
    }
  }

  #suspend(info: FunctionInfo, cause: Cause): void {
    if (this.suspendable.has(info)) return;
    if (info.node.async && info.node.generator) return;
    this.suspendable.set(info, cause);
    if (info.generator) {
      this.#graph.setBlocks(info.generator);
      this.#graph.put(info.unit.generators, info.generator);
      this.#graph.taint(info.value);
    } else if (info.ofClass) {
      this.suspendClass(info.ofClass, cause);
    } else {
      this.#graph.setBlocks(info.value);
    }
  }

  suspendClass(info: ClassInfo, cause: Cause): void {
    if (this.suspendableClasses.has(info)) return;
    this.suspendableClasses.set(info, cause);
    this.#graph.setBlocks(info.value);
    if (info.constructorInfo) this.#suspend(info.constructorInfo, cause);
  }

  /**
   * Everything in the unit may block; calls from outside into it too. Only code that runs while the
   * modules are loaded stays as it is in packages: nothing that blocks has been handed to them yet.
   */
  widen(unit: Unit, reason: string): void {
    if (unit.widened !== undefined) return;
    unit.widened = reason;
    const loading = new Set<acorn.Node>();
    if (!unit.isUser) for (const { body } of this.wrappers) loading.add(body.node);
    for (const info of unit.functions) if (!loading.has(info.node)) this.#suspend(info, reason);
    for (const call of unit.calls) {
      if (call.site === undefined || call.runsModule || loading.has(call.owner)) continue;
      if (call.owner.type === 'Program' && !unit.isUser) continue;
      if (call.calleeName !== undefined && isPrimitiveMethod(call.calleeName)) continue;
      this.site(call.site, call.owner, reason);
    }
    this.#graph.setBlocks(unit.value);
    for (const place of unit.entrances) this.#graph.put(place, unit.value);
  }

  /** A unit used up its budget: it and all it refers to are treated as blocking, and not followed further. */
  giveUp(home: Home): void {
    for (const unit of this.#units.values()) {
      if (unit.home === home) this.#freeze(unit, 'too tangled to be followed within the budget');
    }
    this.#graph.freeze(home);
  }

  #freeze(unit: Unit, reason: string): void {
    if (this.#graph.isFrozen(unit.home)) return;
    this.#graph.freeze(unit.home);
    this.widen(unit, reason);
    for (const other of unit.isUser ? this.#units.values() : unit.refersTo) {
      this.#freeze(other, `${reason} (${unit.name})`);
    }
  }
}
