/**
 * The rules by which values move: property reads and writes, calls, construction, host members.
 * Knows units, functions and classes, but no syntax; `analyze-build.ts` translates syntax into these.
 *
 * Properties are merged per unit (an npm package, or the user's own files): a property name of a unit
 * is one place. A name of another unit is seen only through a value that comes from there, which keeps
 * `get` of one package apart from `get` of the next. In user code unknown keys mean every property of
 * the unit; in packages they mean elements and other unknown keys only.
 */
import type * as acorn from 'acorn';
import type { BlockingTable, ClassNode, FunctionNode } from './analysis-result.ts';
import { HELPER_UNIT } from './analyze-bundle.ts';
import {
  Demand,
  DYNAMIC,
  ELEMENT,
  FlowGraph,
  type FlowLimits,
  type Home,
  METHOD,
  NOWHERE,
  type Place,
  Value,
} from './analyze-graph.ts';
import { type HostInfo, hostMember, hostMembers, hostOf } from './analyze-host.ts';
import { isPrimitiveMethod } from './analyze-natives.ts';
import type { Owner } from './scope.ts';

/** The functions, properties and calls of one package, or of the user's own files. */
export interface Unit {
  readonly name: string;
  /** The user's own code: unknown keys are followed everywhere. */
  readonly isUser: boolean;
  readonly home: Home;
  /** Units whose bindings this one refers to. */
  readonly refersTo: Set<Unit>;
  /** "Something that comes from this unit"; its fields are the unit's merged properties. */
  readonly value: Value;
  /** Names that the unit writes or defines literally. */
  readonly definedKeys: Set<string>;
  /** Objects of other units that were spread or copied into objects of this one. */
  readonly mixed: Place;
  readonly mixedValues: Set<Value>;
  /** Places in other units where something of this one is referred to. */
  readonly entrances: Place[];
  /** Iterators of suspendable generators written in this unit. */
  readonly generators: Place;
  readonly loads: Load[];
  readonly functions: FunctionInfo[];
  readonly calls: Call[];
  /** Why the whole unit is treated as blocking, if it is. */
  widened: string | undefined;
}

export interface FunctionInfo {
  readonly kind: 'function';
  readonly node: FunctionNode;
  readonly name: string;
  readonly unit: Unit;
  readonly value: Value;
  readonly params: Place[];
  /** Elements of the rest parameter and of `arguments`. */
  rest: Place;
  readonly argumentElements: Place;
  readonly thisPlace: Place;
  readonly returned: Place;
  /** What `new` of it gives; made on demand for functions, at once for classes. */
  instance: Value | undefined;
  instancePlace: Place;
  /** What calling a generator function gives. */
  generator: Value | undefined;
  readonly ofClass: ClassInfo | undefined;
}

export interface ClassInfo {
  readonly kind: 'class';
  readonly node: ClassNode;
  readonly name: string;
  readonly unit: Unit;
  readonly value: Value;
  readonly instance: Value;
  /** Holds the methods, which instances inherit. */
  readonly prototype: Value;
  readonly instancePlace: Place;
  readonly superPlace: Place;
  /** Arguments that go through an implicit constructor to the parent's. */
  readonly implicitArguments: Place;
  constructorInfo: FunctionInfo | undefined;
}

export interface Argument {
  readonly place: Place;
  /** The place holds elements of the argument list from here on, in unknown positions. */
  readonly isSpread?: boolean;
  /** Property values, when the argument is written as an object literal. */
  readonly properties?: readonly Place[] | undefined;
  /** Can be a function at all, judged by its syntax. */
  readonly isCallable: boolean;
}

export interface CallShape {
  /** The node that becomes may-block; undefined for calls that run as later jobs. */
  readonly site: acorn.Node | undefined;
  readonly owner: Owner;
  readonly unit: Unit;
  readonly callee: Place;
  readonly receiver: Place;
  readonly args: readonly Argument[];
  readonly result: Place;
  readonly constructs?: boolean;
  /** Property name of the callee, for calls that may have to be looked up in other units. */
  readonly calleeName?: string | undefined;
  /** The callee is known to be the host's or JavaScript's own. */
  readonly isNative?: boolean;
  /** Runs a bundled module's body, which blocks only if that very body does. */
  readonly runsModule?: boolean;
}

export interface Call extends CallShape {
  readonly linked: Set<Value>;
  hasTaintedArgument: boolean;
  isResolved: boolean;
  wasLookedUp: boolean;
  isAssumed: boolean;
}

export interface Load {
  readonly unit: Unit;
  readonly object: Place;
  readonly key: string;
  readonly result: Place;
  readonly isCallee: boolean;
  readonly seen: Set<Value>;
}

interface ObjectInfo {
  /** Fields of a namespace are not merged into the unit's. */
  readonly kind: 'object' | 'namespace' | 'prototype' | 'unit';
  readonly unit: Unit | undefined;
}

function objectInfo(kind: 'object' | 'namespace' | 'prototype', unit: Unit): ObjectInfo {
  return { kind, unit };
}

interface GeneratorInfo {
  readonly kind: 'generator';
  readonly info: FunctionInfo;
}

interface ResolverInfo {
  readonly kind: 'resolver';
  readonly target: Place;
}

type Meaning = FunctionInfo | ClassInfo | ObjectInfo | GeneratorInfo | ResolverInfo | HostInfo;

/** Why a function or class suspends: the value whose call may block. */
export type Cause = Value | string;

/** Reading one of these from a suspended generator gives something that resumes it. */
const ITERATOR_KEYS: ReadonlySet<string> = new Set(['next', 'return', 'throw', '@@iterator']);

export class Flow {
  readonly graph: FlowGraph;
  readonly blocking: BlockingTable;
  readonly units = new Map<string, Unit>();
  /** Properties of the global object. */
  readonly globals: Unit;
  readonly suspendable = new Map<FunctionInfo, Cause>();
  readonly suspendableClasses = new Map<ClassInfo, Cause>();
  readonly mayBlock = new Set<acorn.Node>();
  readonly infoOf = new Map<acorn.Node, FunctionInfo>();
  readonly classOfField = new Map<acorn.Node, ClassInfo>();
  readonly classes: ClassInfo[] = [];
  readonly taintedCalls: Call[] = [];
  /** Module bodies that a bundler's helper runs, with the helper's name at the call. */
  readonly wrappers: { readonly helper: acorn.Node; readonly body: FunctionInfo }[] = [];
  programBlocks = false;
  readonly #loadsByKey = new Map<string, Load[]>();
  readonly #lateLoads: Load[] = [];

  constructor(blocking: BlockingTable, limits: FlowLimits) {
    this.graph = new FlowGraph(limits, (home) => this.#giveUp(home));
    this.blocking = blocking;
    this.globals = this.#newUnit('<global>', false);
  }

  unit(name: string): Unit {
    let unit = this.units.get(name);
    if (unit === undefined) {
      unit = this.#newUnit(name, name === '.');
      this.units.set(name, unit);
      // What the helpers do is said where they are called; their bodies would only mix everything.
      if (name === HELPER_UNIT) this.graph.freeze(unit.home);
    }
    return unit;
  }

  #newUnit(name: string, isUser: boolean): Unit {
    const what: { kind: 'unit'; unit: Unit | undefined } = { kind: 'unit', unit: undefined };
    const value = new Value(what);
    const home = this.graph.newHome();
    const unit: Unit = {
      name,
      isUser,
      home,
      refersTo: new Set(),
      value,
      definedKeys: new Set(),
      mixed: this.graph.newPlace(home),
      mixedValues: new Set(),
      entrances: [],
      generators: this.graph.newPlace(home),
      loads: [],
      functions: [],
      calls: [],
      widened: undefined,
    };
    what.unit = unit;
    this.graph.use(unit.mixed, { onValue: (value) => this.#mixIn(unit, value) });
    return unit;
  }

  /* ---- properties ---- */

  field(value: Value, key: string): Place {
    let place = value.fields.get(key);
    if (place !== undefined) return place;
    const { unit, kind } = value.what as Meaning & { unit?: Unit };
    place = this.graph.newPlace(homeOf(value));
    value.fields.set(key, place);
    if (value.anyField !== undefined) this.graph.flow(place, value.anyField);
    if (kind === 'unit') {
      if (unit) this.graph.use(place, { onTaint: () => this.#announceProperty(unit, key) });
    } else {
      this.graph.use(place, { onTaint: () => this.graph.taint(value) });
    }
    return place;
  }

  /** A place that holds whatever any property of `value` holds. */
  anyField(value: Value): Place {
    if (value.anyField === undefined) {
      value.anyField = this.graph.newPlace(homeOf(value));
      for (const place of [...value.fields.values()]) this.graph.flow(place, value.anyField);
    }
    return value.anyField;
  }

  parents(value: Value): Place {
    if (value.parents === undefined) {
      value.parents = this.graph.newPlace(homeOf(value));
      this.graph.use(value.parents, { onTaint: () => this.graph.taint(value) });
      for (const use of value.parentUses) this.graph.use(value.parents, use);
    }
    return value.parents;
  }

  /** The namespace of a module in CommonJS form: everything the module has, and the module as `default`. */
  newNamespace(module: Place, unit: Unit): Place {
    const place = this.graph.newPlace(unit.home);
    const value = new Value(objectInfo('namespace', unit));
    this.graph.originate(place, value, Demand.Units);
    this.graph.flow(module, this.parents(value));
    this.graph.flow(module, this.field(value, 'default'));
    return place;
  }

  /** An object or array literal, or another place where an object comes into being. */
  newObject(place: Place, unit: Unit): Value {
    const value = new Value(objectInfo('object', unit));
    this.graph.originate(place, value, Demand.Objects);
    return value;
  }

  /** A class's prototype object: what its instances inherit. */
  newPrototype(instance: Value, unit: Unit): Value {
    const value = new Value(objectInfo('prototype', unit));
    this.graph.put(this.parents(instance), value);
    return value;
  }

  /** A property read. @param isCallee what is read gets called at once. */
  load(unit: Unit, object: Place, key: string, isCallee = false): Place {
    const result = this.graph.newPlace(unit.home);
    if (object !== NOWHERE) this.#addLoad({ unit, object, key, result, isCallee, seen: new Set() });
    return result;
  }

  #addLoad(load: Load): void {
    const { unit, object, key, result } = load;
    const { graph } = this;
    if (key === DYNAMIC || key === ELEMENT) {
      if (unit.isUser && key === DYNAMIC) graph.flow(this.anyField(unit.value), result);
      graph.flow(this.field(unit.value, ELEMENT), result);
      graph.flow(this.field(unit.value, DYNAMIC), result);
      if (key === DYNAMIC) graph.flow(this.field(unit.value, METHOD), result);
    } else {
      graph.flow(this.field(unit.value, key), result);
      if (unit.isUser) {
        if (!isPrimitiveMethod(key)) graph.flow(this.field(unit.value, DYNAMIC), result);
      } else {
        this.#lateLoads.push(load);
      }
    }
    graph.supply(result, object, Demand.Units, Demand.Units);
    graph.use(object, { onValue: (value) => this.#loadFrom(load, value) });
    const sameKey = this.#loadsByKey.get(key);
    if (sameKey === undefined) this.#loadsByKey.set(key, [load]);
    else sameKey.push(load);
    unit.loads.push(load);
  }

  /**
   * In a package, a name that nothing in it writes literally may be one of its methods that were
   * written under computed names. (Other values under computed names are taken for tables and caches.)
   */
  finishLoads(): void {
    for (const { unit, key, result } of this.#lateLoads) {
      if (unit.definedKeys.has(key) || isPrimitiveMethod(key)) continue;
      this.graph.flow(this.field(unit.value, METHOD), result);
    }
    this.#lateLoads.length = 0;
  }

  #loadFrom(load: Load, value: Value): void {
    const { key, result, unit } = load;
    const { graph } = this;
    if (load.seen.has(value)) return;
    load.seen.add(value);
    const what = value.what as Meaning;
    switch (what.kind) {
      case 'host':
        this.#loadHost(load, what, value);
        return;
      case 'resolver':
        return;
      case 'unit':
        if (what.unit === undefined) return;
        graph.put(result, value);
        if (what.unit !== unit) this.#readUnit(load, what.unit);
        return;
      case 'generator':
        if (ITERATOR_KEYS.has(key)) graph.put(result, value);
        graph.flow(this.field(value, ELEMENT), result);
        return;
      case 'prototype':
        // Packages that walk the properties of an object do not see the methods of its class.
        if (key === DYNAMIC && !load.isCallee && !unit.isUser) return;
        break;
      case 'function':
      case 'class':
        if (key === 'prototype') graph.flow(this.#instancePlace(what), result);
        if (key === 'call' || key === 'apply') graph.put(result, value);
        break;
      default:
    }
    // Properties of the unit's own values are merged already; only what they inherit can be foreign.
    const isOwn = what.unit === unit && what.kind !== 'namespace';
    if (isOwn && value.parents === undefined && !unit.isUser) return;
    if (!isOwn) this.#readFields(load, value, what.unit);
    const use = { onValue: (parent: Value) => this.#loadFrom(load, parent) };
    value.parentUses.push(use);
    if (value.parents !== undefined) {
      graph.use(value.parents, use);
    }
  }

  /** A read from "something of that unit". */
  #readUnit({ key, result }: Load, { value, isUser, definedKeys }: Unit): void {
    const { graph } = this;
    if (key === DYNAMIC && isUser) {
      graph.flow(this.anyField(value), result);
      return;
    }
    graph.flow(this.field(value, key), result);
    if (key === DYNAMIC || key === ELEMENT) {
      for (const other of [ELEMENT, DYNAMIC, METHOD]) graph.flow(this.field(value, other), result);
    } else if (!definedKeys.has(key) && !isPrimitiveMethod(key)) {
      graph.flow(this.field(value, isUser ? DYNAMIC : METHOD), result);
    }
  }

  /** A read from an object whose properties are known one by one. */
  #readFields({ key, result }: Load, value: Value, home: Unit | undefined): void {
    const { graph } = this;
    if (key === DYNAMIC) {
      graph.flow(this.anyField(value), result);
      return;
    }
    graph.flow(this.field(value, key), result);
    const ofUser = home === undefined || home.isUser;
    if (key === ELEMENT) {
      graph.flow(this.field(value, DYNAMIC), result);
    } else if (!isPrimitiveMethod(key) && (ofUser || !home.definedKeys.has(key))) {
      graph.flow(this.field(value, ofUser ? DYNAMIC : METHOD), result);
    }
  }

  #loadHost({ key, result, unit }: Load, host: HostInfo, value: Value): void {
    const members = hostMembers(this.blocking, host);
    if (key === DYNAMIC) {
      // A package that inspects a response does not call its methods under computed names.
      if (!unit.isUser && host.isReturned) return;
      for (const name of Object.keys(members)) this.#giveHost(result, value, host, name);
    } else if (key !== ELEMENT) {
      this.#giveHost(result, value, host, key);
    } else if (host.isReturned) {
      // `http.batch()[0]`: element of a list is treated as the list.
      this.graph.put(result, value);
    }
  }

  readonly #hostValues = new Map<Value, Map<string, Value>>();

  #giveHost(result: Place, value: Value, host: HostInfo, name: string): void {
    const member = hostMember(this.blocking, host, name);
    if (member === undefined) return;
    let known = this.#hostValues.get(value);
    if (known === undefined) {
      known = new Map();
      this.#hostValues.set(value, known);
    }
    let memberValue = known.get(name);
    if (memberValue === undefined) {
      memberValue = this.newHost(member);
      known.set(name, memberValue);
    }
    this.graph.put(result, memberValue);
  }

  readonly #hostTypes = new Map<string, Value>();

  /** One value per type, so that `res = res.submitForm()` comes to an end. */
  #hostOfType(type: string): Value {
    let value = this.#hostTypes.get(type);
    if (value === undefined) {
      value = this.newHost(hostOf(type, { type }, true));
      this.#hostTypes.set(type, value);
    }
    return value;
  }

  newHost(host: HostInfo): Value {
    const value = new Value(host);
    value.isTracked = true;
    value.isTainted = true;
    value.blocks = host.member?.blocks === true;
    return value;
  }

  store(unit: Unit, object: Place, key: string, stored: Place): void {
    if (key !== DYNAMIC && key !== ELEMENT && key !== METHOD) unit.definedKeys.add(key);
    if (stored === NOWHERE || object === NOWHERE) return;
    const { graph } = this;
    graph.flow(stored, this.field(unit.value, key));
    if (unit.isUser) graph.use(stored, { onTaint: () => graph.demand(object, Demand.Objects) });
    graph.use(object, {
      onValue: (value) => {
        const what = value.what as Meaning;
        if (what.kind === 'host' || what.kind === 'resolver') return;
        if (what.kind === 'unit' && what.unit === unit) return;
        if (key === 'prototype' && what.kind === 'function') {
          const place = this.#instancePlace(what);
          if (place !== NOWHERE && what.instance) graph.flow(stored, this.parents(what.instance));
        }
        const home = what.kind === 'generator' ? what.info.unit : what.unit;
        if (home === undefined || home === unit || what.kind === 'unit') {
          graph.flow(stored, this.field(value, key));
        } else if (key === DYNAMIC || key === ELEMENT || key === METHOD) {
          graph.flow(stored, this.field(this.#foreignWrites(value, unit), key));
        } else {
          graph.flow(stored, this.field(value, key));
          graph.flow(stored, this.field(home.value, key));
        }
      },
    });
  }

  /** Holds what `unit` writes under unknown keys into an object of another unit. */
  #foreignWrites(value: Value, unit: Unit): Value {
    if (value.foreignWrites === undefined) {
      value.foreignWrites = new Value(objectInfo('object', unit));
      this.graph.put(this.parents(value), value.foreignWrites);
    }
    return value.foreignWrites;
  }

  /** Properties of `source` become properties of `target`: spread, `Object.assign`, copy loops. */
  mix(unit: Unit, target: Place, source: Place): void {
    if (source === NOWHERE) return;
    const { graph } = this;
    graph.flow(source, unit.mixed);
    graph.use(source, { onTaint: () => graph.demand(target, Demand.Objects) });
    graph.use(target, {
      onValue: (value) => {
        const { kind } = value.what;
        if (kind === 'object' || kind === 'function' || kind === 'class') {
          graph.flow(source, this.parents(value));
        }
      },
    });
  }

  #mixIn(unit: Unit, value: Value): void {
    const what = value.what as Meaning;
    if (what.kind === 'resolver' || what.kind === 'generator') return;
    if (what.kind !== 'host' && what.unit === unit) return;
    if (unit.mixedValues.has(value)) return;
    unit.mixedValues.add(value);
    // Every read in the unit may now be a read from that value.
    for (const load of unit.loads) this.#loadFrom(load, value);
  }

  /** A property of a unit became tainted: reads of that name elsewhere have to learn whose objects they read. */
  #announceProperty(unit: Unit, key: string): void {
    if (key === METHOD) {
      this.#announceMethods(unit);
      return;
    }
    for (const wanted of key === DYNAMIC ? [key, ELEMENT] : [key, DYNAMIC]) {
      const loads = this.#loadsByKey.get(wanted);
      if (loads === undefined) continue;
      for (const load of loads) {
        if (load.unit === unit) continue;
        if (wanted === DYNAMIC && key !== DYNAMIC && key !== ELEMENT && !load.unit.isUser) continue;
        this.graph.demand(load.object, Demand.Units);
      }
    }
  }

  /** Methods under computed names: any name the unit does not define may mean one. */
  #announceMethods(unit: Unit): void {
    for (const other of this.units.values()) {
      if (other === unit) continue;
      for (const { key, object } of other.loads) {
        if (unit.definedKeys.has(key) || isPrimitiveMethod(key)) continue;
        this.graph.demand(object, Demand.Units);
      }
    }
  }

  /* ---- functions and classes ---- */

  #instancePlace(what: FunctionInfo | ClassInfo): Place {
    if (what.kind === 'class') return what.instancePlace;
    if (what.node.type === 'ArrowFunctionExpression' || what.ofClass) return NOWHERE;
    if (what.instance === undefined) {
      what.instancePlace = this.graph.newPlace(what.unit.home);
      what.instance = this.newObject(what.instancePlace, what.unit);
      this.graph.flow(what.instancePlace, what.thisPlace);
    }
    return what.instancePlace;
  }

  /** Parents of a class's instances follow whatever its `extends` clause can be. */
  inherit(info: ClassInfo): void {
    if (info.superPlace === NOWHERE) return;
    const { graph } = this;
    const instanceParents = this.parents(info.instance);
    graph.flow(info.superPlace, this.parents(info.value));
    graph.supply(instanceParents, info.superPlace, Demand.Units, Demand.Functions);
    // An instance of a foreign class's child is itself something of that unit.
    graph.supply(info.instancePlace, info.superPlace, Demand.Units, Demand.Functions);
    graph.use(info.superPlace, {
      onValue: (value) => {
        const what = value.what as Meaning;
        if (what.kind === 'class' || what.kind === 'function') {
          graph.flow(this.#instancePlace(what), instanceParents);
        } else if (what.kind === 'unit' || what.kind === 'host') {
          graph.put(instanceParents, value);
          graph.put(info.instancePlace, value);
        }
        if (!info.constructorInfo && value.blocks) this.suspendClass(info, value);
      },
    });
    // A foreign parent calls methods of the child through `this`.
    graph.use(info.instancePlace, {
      onTaint: () => graph.demand(info.superPlace, Demand.Functions),
    });
  }

  /* ---- calls ---- */

  call(shape: CallShape): Call {
    const call: Call = {
      ...shape,
      linked: new Set(),
      hasTaintedArgument: false,
      isResolved: shape.isNative === true,
      wasLookedUp: false,
      isAssumed: false,
    };
    const { graph } = this;
    call.unit.calls.push(call);
    const wantCallee = () => graph.demand(call.callee, Demand.Functions);
    for (const arg of call.args) {
      if (arg.place === NOWHERE) continue;
      graph.use(arg.place, {
        onTaint: () => {
          if (!call.hasTaintedArgument) {
            call.hasTaintedArgument = true;
            this.taintedCalls.push(call);
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
    const what = value.what as Meaning;
    if (value.blocks && (what.kind !== 'class' || call.constructs)) {
      if (what.kind !== 'unit' || !call.runsModule) this.#block(call, value);
    }
    if (call.linked.has(value)) return;
    call.linked.add(value);
    switch (what.kind) {
      case 'function':
        call.isResolved = true;
        if (call.constructs) this.#link(call, what, this.#instancePlace(what));
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
        for (const { place } of call.args) this.graph.flow(place, what.target);
        return;
      case 'unit':
        this.#callForeign(call, value);
        return;
      case 'generator':
        call.isResolved = true;
        return;
      default:
    }
  }

  #link(call: Call, info: FunctionInfo, thisPlace: Place): void {
    const { graph } = this;
    this.#passArguments(call.args, info);
    if (info.node.type !== 'ArrowFunctionExpression') graph.flow(thisPlace, info.thisPlace);
    if (call.constructs) graph.flow(thisPlace, call.result);
    if (info.generator) graph.flow(info.generator.origin, call.result);
    graph.flow(info.returned, call.result);
  }

  #passArguments(args: readonly Argument[], info: FunctionInfo): void {
    const { graph } = this;
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
    this.graph.flow(info.instancePlace, call.result);
    if (info.constructorInfo) {
      // The receiver of `super()`: the child's instance.
      this.graph.flow(call.receiver, info.constructorInfo.thisPlace);
      this.#passArguments(call.args, info.constructorInfo);
      this.graph.flow(info.constructorInfo.returned, call.result);
    } else {
      for (const { place } of call.args) this.graph.flow(place, info.implicitArguments);
    }
  }

  #callHost(call: Call, host: HostInfo): void {
    const { member } = host;
    if (member === undefined) return;
    const given = call.constructs ? member.constructs : member.returns;
    if (given !== undefined) {
      this.graph.put(call.result, this.#hostOfType(given));
    }
    // A host function may give back what it was given.
    if (call.unit.isUser) for (const { place } of call.args) this.graph.flow(place, call.result);
    if (!member.callsBack && !member.callsBackProperties) return;
    const passed = call.args.map(({ place }) => ({ place, isSpread: true, isCallable: true }));
    const callBack = (callee: Place) =>
      this.call({
        site: call.site,
        owner: call.owner,
        unit: call.unit,
        callee,
        receiver: NOWHERE,
        args: passed,
        result: call.result,
        isNative: true,
      });
    const hasLiteral = call.args.some(({ properties }) => properties !== undefined);
    for (const arg of call.args) {
      if (member.callsBack && arg.isCallable) callBack(arg.place);
      if (!member.callsBackProperties) continue;
      if (arg.properties) for (const property of arg.properties) callBack(property);
      else if (!hasLiteral && arg.place !== NOWHERE) {
        callBack(this.load(call.unit, arg.place, DYNAMIC));
      }
    }
  }

  /** The callee calls its arguments with each other, their elements and elements of the unit. */
  callBackArguments(call: Call): void {
    const { unit, owner, site, args, result } = call;
    const passed = [this.field(unit.value, ELEMENT), call.receiver, result];
    for (const { place } of args) passed.push(place, this.load(unit, place, ELEMENT));
    const spread = passed
      .filter((place) => place !== NOWHERE)
      .map((place) => ({ place, isSpread: true, isCallable: true }));
    for (const arg of args) {
      if (!arg.isCallable) continue;
      this.call({
        site,
        owner,
        unit,
        callee: arg.place,
        receiver: NOWHERE,
        args: spread,
        result,
        isNative: true,
      });
    }
  }

  /** `f.bind(t, a)`: later arguments come `count` positions further on. */
  shiftParameters(target: Place, count: number): void {
    this.graph.use(target, {
      onValue: (value) => {
        const what = value.what as Meaning;
        if (what.kind !== 'function') return;
        what.params.forEach((param, index) => {
          this.graph.flow(param, what.params[index + count] ?? what.rest);
        });
      },
    });
  }

  /** The callee is something of another unit that is not known more exactly (yet). */
  #callForeign(call: Call, value: Value): void {
    const { graph } = this;
    graph.put(call.result, value);
    const isWidened = (value.what as ObjectInfo).unit?.widened !== undefined;
    for (const { place } of call.args) {
      // Whatever the unit gives to the callback may block too.
      if (isWidened) graph.demand(place, Demand.Functions);
      graph.use(place, {
        onValue: (arg) => {
          const what = arg.what as Meaning;
          if (what.kind !== 'function' || what.unit.value === value) return;
          for (const param of what.params) graph.put(param, value);
        },
      });
    }
  }

  /* ---- what follows from a call that may block ---- */

  #block(call: Call, value: Value): void {
    if (call.site === undefined) return;
    this.markSite(call.site, call.owner, value);
  }

  markSite(site: acorn.Node, owner: Owner, cause: Cause): void {
    if (this.mayBlock.has(site)) return;
    this.mayBlock.add(site);
    switch (owner.type) {
      case 'Program':
        this.programBlocks = true;
        return;
      case 'PropertyDefinition': {
        const info = this.classOfField.get(owner);
        if (info && !owner.static) this.suspendClass(info, cause);
        return;
      }
      case 'StaticBlock':
        return;
      default: {
        const info = this.infoOf.get(owner);
        if (info) this.suspend(info, cause);
      }
    }
  }

  suspend(info: FunctionInfo, cause: Cause): void {
    if (this.suspendable.has(info)) return;
    if (info.node.async && info.node.generator) return;
    this.suspendable.set(info, cause);
    if (info.generator) {
      this.graph.setBlocks(info.generator);
      this.graph.put(info.unit.generators, info.generator);
      this.graph.taint(info.value);
    } else if (info.ofClass) {
      this.suspendClass(info.ofClass, cause);
    } else {
      this.graph.setBlocks(info.value);
    }
  }

  suspendClass(info: ClassInfo, cause: Cause): void {
    if (this.suspendableClasses.has(info)) return;
    this.suspendableClasses.set(info, cause);
    this.graph.setBlocks(info.value);
    if (info.constructorInfo) this.suspend(info.constructorInfo, cause);
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
    for (const info of unit.functions) if (!loading.has(info.node)) this.suspend(info, reason);
    for (const call of unit.calls) {
      if (call.site === undefined || call.runsModule || loading.has(call.owner)) continue;
      if (call.owner.type === 'Program' && !unit.isUser) continue;
      if (call.calleeName !== undefined && isPrimitiveMethod(call.calleeName)) continue;
      this.markSite(call.site, call.owner, reason);
    }
    this.graph.setBlocks(unit.value);
    for (const place of unit.entrances) this.graph.put(place, unit.value);
  }

  /** A unit used up its budget: it and all it refers to are treated as blocking, and not followed further. */
  #giveUp(home: Home): void {
    for (const unit of this.units.values()) {
      if (unit.home === home) this.#freeze(unit, 'too tangled to be followed within the budget');
    }
    this.graph.freeze(home);
  }

  #freeze(unit: Unit, reason: string): void {
    if (this.graph.isFrozen(unit.home)) return;
    this.graph.freeze(unit.home);
    this.widen(unit, reason);
    for (const other of unit.isUser ? this.units.values() : unit.refersTo) {
      this.#freeze(other, `${reason} (${unit.name})`);
    }
  }
}

/** The home of a value's properties. */
function homeOf(value: Value): Home {
  const what = value.what as Meaning;
  switch (what.kind) {
    case 'generator':
      return what.info.unit.home;
    case 'host':
    case 'resolver':
      return 0;
    default:
      return what.unit?.home ?? 0;
  }
}
