/**
 * Objects and where their properties are: one place per value and name, what a value inherits from,
 * and what `new` of a function gives. Who reads and writes them: `flow-reads.ts`, `flow-writes.ts`.
 */
import {
  Demand,
  ELEMENT,
  type FlowGraph,
  type Home,
  NOWHERE,
  type Place,
  type Value,
} from './flow-graph.ts';
import {
  type ClassInfo,
  type FunctionInfo,
  meaningOf,
  newValue,
  type Unit,
  unitOf,
} from './flow-model.ts';

/** The home of what belongs to no unit. */
const NO_HOME: Home = 0;

export class Objects {
  readonly #graph: FlowGraph;
  readonly #onTaintedProperty: (unit: Unit, key: string) => void;

  /** @param onTaintedProperty something that leads to a blocking call is in this property of the unit. */
  constructor(graph: FlowGraph, onTaintedProperty: (unit: Unit, key: string) => void) {
    this.#graph = graph;
    this.#onTaintedProperty = onTaintedProperty;
  }

  field(value: Value, key: string): Place {
    let place = value.fields.get(key);
    if (place !== undefined) return place;
    const what = meaningOf(value);
    place = this.#graph.newPlace(homeOf(value));
    value.fields.set(key, place);
    if (value.anyField !== undefined) this.#graph.flow(place, value.anyField);
    const onTaint =
      what.kind === 'unit'
        ? () => this.#onTaintedProperty(what, key)
        : () => this.#graph.taint(value);
    this.#graph.use(place, { onTaint });
    return place;
  }

  /** A place that holds whatever any property of `value` holds. */
  anyField(value: Value): Place {
    if (value.anyField === undefined) {
      value.anyField = this.#graph.newPlace(homeOf(value));
      for (const place of [...value.fields.values()]) this.#graph.flow(place, value.anyField);
    }
    return value.anyField;
  }

  /** `item` becomes a property of `value`, an object written in `unit`, and so of the unit. */
  define(value: Value, unit: Unit, key: string, item: Place): void {
    this.#graph.flow(item, this.field(value, key));
    this.#graph.flow(item, this.field(unit.value, key));
  }

  parents(value: Value): Place {
    if (value.parents === undefined) {
      value.parents = this.#graph.newPlace(homeOf(value));
      this.#graph.use(value.parents, { onTaint: () => this.#graph.taint(value) });
      for (const use of value.parentUses) this.#graph.use(value.parents, use);
    }
    return value.parents;
  }

  /** An object or array literal, or another place where an object comes into being. */
  newObject(place: Place, unit: Unit): Value {
    const value = newValue({ kind: 'object', unit });
    this.#graph.originate(place, value, Demand.Objects);
    return value;
  }

  /** A fresh array whose elements are at `elements`. */
  newArray(elements: Place, unit: Unit): Place {
    const place = this.#graph.newPlace(unit.home);
    this.define(this.newObject(place, unit), unit, ELEMENT, elements);
    return place;
  }

  /** A class's prototype object: what its instances inherit. */
  newPrototype(instance: Value, unit: Unit): Value {
    const value = newValue({ kind: 'prototype', unit });
    this.#graph.put(this.parents(instance), value);
    return value;
  }

  /** The namespace of a module in CommonJS form: everything the module has, and the module as `default`. */
  newNamespace(module: Place, unit: Unit): Place {
    const place = this.#graph.newPlace(unit.home);
    const value = newValue({ kind: 'namespace', unit });
    this.#graph.originate(place, value, Demand.Units);
    this.#graph.flow(module, this.parents(value));
    this.#graph.flow(module, this.field(value, 'default'));
    return place;
  }

  /** What `new` of a function or class gives; NOWHERE for functions that cannot be constructed. */
  instancePlace(what: FunctionInfo | ClassInfo): Place {
    if (what.kind === 'class') return what.instancePlace;
    if (what.node.type === 'ArrowFunctionExpression' || what.ofClass) return NOWHERE;
    if (what.instance === undefined) {
      what.instancePlace = this.#graph.newPlace(what.unit.home);
      what.instance = this.newObject(what.instancePlace, what.unit);
      this.#graph.flow(what.instancePlace, what.thisPlace);
    }
    return what.instancePlace;
  }
}

/** The home of a value's properties. */
function homeOf(value: Value): Home {
  return unitOf(meaningOf(value))?.home ?? NO_HOME;
}
