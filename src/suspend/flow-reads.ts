/**
 * Property reads: what comes out when the object is a host object, something of another unit, or an
 * object whose properties are known one by one.
 *
 * Properties are merged per unit (an npm package, or the user's own files): a property name of a unit
 * is one place. A name of another unit is seen only through a value that comes from there, which keeps
 * `get` of one package apart from `get` of the next. In user code unknown keys mean every property of
 * the unit; in packages they mean elements and other unknown keys only.
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
import type { HostInfo, HostValues } from './flow-host.ts';
import { type Load, meaningOf, type Unit, unitOf } from './flow-model.ts';
import { isPrimitiveMethod } from './flow-natives.ts';
import type { Objects } from './flow-objects.ts';

/** Reading one of these from a suspended generator gives something that resumes it. */
const ITERATOR_KEYS: ReadonlySet<string> = new Set(['next', 'return', 'throw', '@@iterator']);

export class Reads {
  readonly #graph: FlowGraph;
  readonly #objects: Objects;
  readonly #hosts: HostValues;
  readonly #units: ReadonlyMap<string, Unit>;
  readonly #byKey = new Map<string, Load[]>();
  /** Reads of packages under names that may yet turn out to be those of computed methods. */
  readonly #late: Load[] = [];

  constructor(
    graph: FlowGraph,
    objects: Objects,
    hosts: HostValues,
    units: ReadonlyMap<string, Unit>,
  ) {
    this.#graph = graph;
    this.#objects = objects;
    this.#hosts = hosts;
    this.#units = units;
  }

  /** A property read. @param isCallee what is read gets called at once. */
  load(unit: Unit, object: Place, key: string, isCallee = false): Place {
    const result = this.#graph.newPlace(unit.home);
    if (object !== NOWHERE) this.#add({ unit, object, key, result, isCallee, seen: new Set() });
    return result;
  }

  #add(load: Load): void {
    const { unit, object, key, result } = load;
    const graph = this.#graph;
    const ofUnit = (name: string): void =>
      graph.flow(this.#objects.field(unit.value, name), result);
    if (key === DYNAMIC || key === ELEMENT) {
      if (unit.isUser && key === DYNAMIC) graph.flow(this.#objects.anyField(unit.value), result);
      ofUnit(ELEMENT);
      ofUnit(DYNAMIC);
      if (key === DYNAMIC) ofUnit(METHOD);
    } else {
      ofUnit(key);
      if (!unit.isUser) this.#late.push(load);
      else if (!isPrimitiveMethod(key)) ofUnit(DYNAMIC);
    }
    graph.supply(result, object, Demand.Units, Demand.Units);
    graph.use(object, { onValue: (value) => this.#from(load, value) });
    const sameKey = this.#byKey.get(key);
    if (sameKey === undefined) this.#byKey.set(key, [load]);
    else sameKey.push(load);
    unit.loads.push(load);
  }

  /**
   * To be called when the whole program has been seen. In a package, a name that nothing in it writes
   * literally may be one of its methods that were written under computed names. (Other values under
   * computed names are taken for tables and caches.)
   */
  finish(): void {
    for (const { unit, key, result } of this.#late) {
      if (unit.definedKeys.has(key) || isPrimitiveMethod(key)) continue;
      this.#graph.flow(this.#objects.field(unit.value, METHOD), result);
    }
    this.#late.length = 0;
  }

  #from(load: Load, value: Value): void {
    const { key, result, unit } = load;
    const graph = this.#graph;
    if (load.seen.has(value)) return;
    load.seen.add(value);
    const what = meaningOf(value);
    switch (what.kind) {
      case 'host':
        this.#fromHost(load, what, value);
        return;
      case 'resolver':
        return;
      case 'unit':
        graph.put(result, value);
        if (what !== unit) this.#fromUnit(load, what);
        return;
      case 'generator':
        if (ITERATOR_KEYS.has(key)) graph.put(result, value);
        graph.flow(this.#objects.field(value, ELEMENT), result);
        return;
      case 'prototype':
        // Packages that walk the properties of an object do not see the methods of its class.
        if (key === DYNAMIC && !load.isCallee && !unit.isUser) return;
        break;
      case 'function':
      case 'class':
        if (key === 'prototype') graph.flow(this.#objects.instancePlace(what), result);
        if (key === 'call' || key === 'apply') graph.put(result, value);
        break;
      default:
    }
    // Properties of the unit's own values are merged already; only what they inherit can be foreign.
    const isOwn = what.unit === unit && what.kind !== 'namespace';
    if (isOwn && value.parents === undefined && !unit.isUser) return;
    if (!isOwn) this.#fromObject(load, value, what.unit);
    const use = { onValue: (parent: Value) => this.#from(load, parent) };
    value.parentUses.push(use);
    if (value.parents !== undefined) graph.use(value.parents, use);
  }

  /** A read from "something of that unit". */
  #fromUnit({ key, result }: Load, { value, isUser, definedKeys }: Unit): void {
    const graph = this.#graph;
    const objects = this.#objects;
    if (key === DYNAMIC && isUser) {
      graph.flow(objects.anyField(value), result);
      return;
    }
    graph.flow(objects.field(value, key), result);
    if (key === DYNAMIC || key === ELEMENT) {
      for (const other of [ELEMENT, DYNAMIC, METHOD]) {
        graph.flow(objects.field(value, other), result);
      }
    } else if (!definedKeys.has(key) && !isPrimitiveMethod(key)) {
      graph.flow(objects.field(value, isUser ? DYNAMIC : METHOD), result);
    }
  }

  /** A read from an object whose properties are known one by one. */
  #fromObject({ key, result }: Load, value: Value, home: Unit): void {
    const graph = this.#graph;
    const objects = this.#objects;
    if (key === DYNAMIC) {
      graph.flow(objects.anyField(value), result);
      return;
    }
    graph.flow(objects.field(value, key), result);
    if (key === ELEMENT) {
      graph.flow(objects.field(value, DYNAMIC), result);
    } else if (!isPrimitiveMethod(key) && (home.isUser || !home.definedKeys.has(key))) {
      graph.flow(objects.field(value, home.isUser ? DYNAMIC : METHOD), result);
    }
  }

  #fromHost({ key, result, unit }: Load, host: HostInfo, value: Value): void {
    const give = (name: string): void => {
      const member = this.#hosts.member(value, host, name);
      if (member !== undefined) this.#graph.put(result, member);
    };
    if (key === DYNAMIC) {
      // A package that inspects a response does not call its methods under computed names.
      if (!unit.isUser && host.isReturned) return;
      for (const name of this.#hosts.memberNames(host)) give(name);
    } else if (key !== ELEMENT) {
      give(key);
    } else if (host.isReturned) {
      // `http.batch()[0]`: element of a list is treated as the list.
      this.#graph.put(result, value);
    }
  }

  /** Properties of `value` were copied into objects of `unit`: every read in it may now be a read from it. */
  mixIn(unit: Unit, value: Value): void {
    const what = meaningOf(value);
    if (what.kind === 'resolver' || what.kind === 'generator') return;
    if (unitOf(what) === unit || unit.mixedValues.has(value)) return;
    unit.mixedValues.add(value);
    for (const load of unit.loads) this.#from(load, value);
  }

  /** A property of a unit became tainted: reads of that name elsewhere have to learn whose objects they read. */
  announceProperty(unit: Unit, key: string): void {
    if (key === METHOD) {
      this.#announceMethods(unit);
      return;
    }
    for (const wanted of key === DYNAMIC ? [key, ELEMENT] : [key, DYNAMIC]) {
      const loads = this.#byKey.get(wanted);
      if (loads === undefined) continue;
      for (const load of loads) {
        if (load.unit === unit) continue;
        if (wanted === DYNAMIC && key !== DYNAMIC && key !== ELEMENT && !load.unit.isUser) continue;
        this.#graph.demand(load.object, Demand.Units);
      }
    }
  }

  /** Methods under computed names: any name the unit does not define may mean one. */
  #announceMethods(unit: Unit): void {
    for (const other of this.#units.values()) {
      if (other === unit) continue;
      for (const { key, object } of other.loads) {
        if (unit.definedKeys.has(key) || isPrimitiveMethod(key)) continue;
        this.#graph.demand(object, Demand.Units);
      }
    }
  }
}
