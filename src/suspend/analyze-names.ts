/**
 * Bindings: which unit each belongs to, where its values are, and what an identifier means. Across
 * units a binding is also "something of that unit", so that its way need not be followed.
 */
import type * as acorn from 'acorn';
import { firstPosition, isHelperDefinition, moduleBodyOf } from './analyze-bundle.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { NOWHERE, type Place } from './flow-graph.ts';
import { HELPER_UNIT, type Unit } from './flow-model.ts';
import { isGlobalObject, isGlobalThis } from './flow-natives.ts';
import { type Binding, isClass, isFunction } from './scope.ts';

export class Names {
  readonly #walk: SyntaxWalk;
  /** Units of the bindings of the top level; those of others are where they are met. */
  readonly #units = new Map<Binding, Unit>();
  readonly #places = new Map<Binding, Place>();
  readonly #foreignPlaces = new Map<Binding, Map<Unit, Place>>();
  readonly #moduleRunners = new Set<Binding>();

  constructor(walk: SyntaxWalk) {
    this.#walk = walk;
  }

  /**
   * The unit of a statement of the top level. To be called for all of them before anything is visited:
   * the bindings they declare get their units.
   */
  unitOfStatement(statement: acorn.AnyNode): Unit {
    const { flow, context } = this.#walk;
    const unit = isHelperDefinition(statement)
      ? flow.unit(HELPER_UNIT)
      : flow.unit(context.unitAt(statement.start));
    const node =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? (statement.declaration as acorn.AnyNode | null | undefined)
        : statement;
    if (!node) return unit;
    if (node.type === 'VariableDeclaration') {
      for (const declarator of node.declarations) this.#declare(declarator, unit);
    } else if ((isFunction(node) || isClass(node)) && node.id) {
      const binding = this.#walk.scopes.bindingOf.get(node.id);
      if (binding) this.#units.set(binding, unit);
    }
    return unit;
  }

  #declare({ id, init }: acorn.VariableDeclarator, unit: Unit): void {
    const { flow, context, scopes } = this.#walk;
    if (id.type !== 'Identifier') return;
    const binding = scopes.bindingOf.get(id);
    if (!binding) return;
    if (unit.name === HELPER_UNIT) {
      this.#units.set(binding, unit);
      return;
    }
    // `var require_x = __commonJS({...})` belongs to the file it wraps.
    const body = init && moduleBodyOf(init);
    if (body) this.#moduleRunners.add(binding);
    const at = body ? firstPosition(body) : id.start;
    this.#units.set(binding, flow.unit(context.unitAt(at)));
  }

  /** The binding is a function the bundler added. */
  isHelper(binding: Binding): boolean {
    return this.#units.get(binding)?.name === HELPER_UNIT;
  }

  /** `require_x()`, `init_x()`: the callee runs a module wrapped by the bundler. */
  isModuleRunner(callee: acorn.AnyNode): boolean {
    if (callee.type !== 'Identifier') return false;
    const binding = this.#walk.scopes.bindingOf.get(callee);
    return binding !== undefined && this.#moduleRunners.has(binding);
  }

  /** Where the values of a binding are, for its own unit. */
  placeOf(binding: Binding): Place {
    let place = this.#places.get(binding);
    if (place === undefined) {
      const { home } = this.#units.get(binding) ?? this.#walk.frame.unit;
      place = this.#walk.flow.graph.newPlace(home);
      this.#places.set(binding, place);
    }
    return place;
  }

  /** The place of an identifier's value, as seen from the current unit. */
  value(node: acorn.Identifier): Place {
    const { flow, scopes, frame } = this.#walk;
    const binding = scopes.bindingOf.get(node);
    if (binding) return this.#refer(binding);
    const ofFunction = scopes.argumentsOf.get(node);
    if (ofFunction) {
      const info = flow.marks.infoOf.get(ofFunction);
      return info ? flow.objects.newArray(info.argumentElements, frame.unit) : NOWHERE;
    }
    if (node.name === 'undefined' || isGlobalObject(node.name)) return NOWHERE;
    if (isGlobalThis(node.name)) {
      const place = this.#walk.newPlace();
      flow.graph.offer(place, flow.globals.value);
      return place;
    }
    return this.#global(node);
  }

  /** What is assigned to an identifier goes here. */
  target(node: acorn.Identifier): Place {
    const binding = this.#walk.scopes.bindingOf.get(node);
    return binding ? this.placeOf(binding) : this.#global(node);
  }

  #global(node: acorn.Identifier): Place {
    const { flow } = this.#walk;
    return flow.objects.field(flow.globals.value, node.name);
  }

  #refer(binding: Binding): Place {
    const place = this.placeOf(binding);
    const home = this.#units.get(binding);
    const { unit } = this.#walk.frame;
    if (home === undefined || home === unit) return place;
    let perUnit = this.#foreignPlaces.get(binding);
    if (perUnit === undefined) {
      perUnit = new Map();
      this.#foreignPlaces.set(binding, perUnit);
    }
    let seen = perUnit.get(unit);
    if (seen === undefined) {
      const { graph } = this.#walk.flow;
      seen = this.#walk.newPlace();
      perUnit.set(unit, seen);
      graph.flowAcross(place, seen);
      graph.offer(seen, home.value);
      home.entrances.push(seen);
      unit.refersTo.add(home);
    }
    return seen;
  }
}
