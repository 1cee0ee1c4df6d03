/**
 * Property writes and copies of whole objects. A write goes to the object and, merged, to the unit that
 * writes; what another unit's object gets under a known name becomes that unit's property too.
 */
import {
  Demand,
  DYNAMIC,
  ELEMENT,
  type FlowGraph,
  METHOD,
  NOWHERE,
  type Place,
  type Value,
} from './flow-graph.ts';
import { meaningOf, newValue, type Unit, unitOf } from './flow-model.ts';
import type { Objects } from './flow-objects.ts';

export class Writes {
  readonly #graph: FlowGraph;
  readonly #objects: Objects;

  constructor(graph: FlowGraph, objects: Objects) {
    this.#graph = graph;
    this.#objects = objects;
  }

  store(unit: Unit, object: Place, key: string, stored: Place): void {
    if (!isUnknown(key)) unit.definedKeys.add(key);
    if (stored === NOWHERE || object === NOWHERE) return;
    const graph = this.#graph;
    graph.flow(stored, this.#objects.field(unit.value, key));
    if (unit.isUser) graph.use(stored, { onTaint: () => graph.demand(object, Demand.Objects) });
    graph.use(object, { onValue: (value) => this.#into(value, unit, key, stored) });
  }

  #into(value: Value, unit: Unit, key: string, stored: Place): void {
    const graph = this.#graph;
    const objects = this.#objects;
    const what = meaningOf(value);
    const home = unitOf(what);
    if (home === undefined || what === unit) return;
    if (key === 'prototype' && what.kind === 'function') {
      const place = objects.instancePlace(what);
      if (place !== NOWHERE && what.instance) graph.flow(stored, objects.parents(what.instance));
    }
    if (home === unit || what.kind === 'unit') {
      graph.flow(stored, objects.field(value, key));
    } else if (isUnknown(key)) {
      graph.flow(stored, objects.field(this.#foreignWrites(value, unit), key));
    } else {
      objects.define(value, home, key, stored);
    }
  }

  /** Holds what `unit` writes under unknown keys into an object of another unit. */
  #foreignWrites(value: Value, unit: Unit): Value {
    if (value.foreignWrites === undefined) {
      value.foreignWrites = newValue({ kind: 'object', unit });
      this.#graph.put(this.#objects.parents(value), value.foreignWrites);
    }
    return value.foreignWrites;
  }

  /** Properties of `source` become properties of `target`: spread, `Object.assign`, copy loops. */
  mix(unit: Unit, target: Place, source: Place): void {
    if (source === NOWHERE) return;
    const graph = this.#graph;
    graph.flow(source, unit.mixed);
    graph.use(source, { onTaint: () => graph.demand(target, Demand.Objects) });
    graph.use(target, {
      onValue: (value) => {
        const { kind } = value.what;
        if (kind === 'object' || kind === 'function' || kind === 'class') {
          graph.flow(source, this.#objects.parents(value));
        }
      },
    });
  }
}

function isUnknown(key: string): boolean {
  return key === DYNAMIC || key === ELEMENT || key === METHOD;
}
