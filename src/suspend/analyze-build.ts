/**
 * Translates a program into flow rules, one walk, one place per name or expression that can hold a
 * function. Syntax lives here; what values do lives in `analyze-flow.ts`.
 */
import type * as acorn from 'acorn';
import type { AnalyzeContext, ClassNode, FunctionNode } from './analysis-result.ts';
import { HELPER_UNIT, isHelperDefinition, moduleBodyOf } from './analyze-bundle.ts';
import { CallBuilder } from './analyze-calls.ts';
import type { Argument, ClassInfo, Flow, FunctionInfo, Unit } from './analyze-flow.ts';
import { Demand, DYNAMIC, ELEMENT, METHOD, NOWHERE, type Place, Value } from './analyze-graph.ts';
import { hostImport, hostNamespace, memberNamesOfGivenTypes } from './analyze-host.ts';
import { Keys } from './analyze-keys.ts';
import {
  isGlobalObject,
  isGlobalThis,
  isPrimitiveMethod,
  nativeMethod,
} from './analyze-natives.ts';
import { type Frame, GETTER, SETTER, type SyntaxWalk, THROWN, unwrap } from './analyze-walk.ts';
import { takesValuesFirst } from './array-pattern.ts';
import {
  type Binding,
  forEachChild,
  isClass,
  isFunction,
  type Scope,
  type ScopeTree,
} from './scope.ts';

/** A member read or write, kept until it is known which names have accessors. */
interface MemberAccess {
  readonly node: acorn.MemberExpression;
  readonly frame: Frame;
  readonly object: Place;
  readonly key: string;
  readonly isRead: boolean;
  readonly isWrite: boolean;
  readonly result: Place;
}

/** Puts everything the program can do with functions into `flow`; `flow.graph.solve()` runs it. */
export function buildFlow(
  program: acorn.Program,
  scopes: ScopeTree,
  context: AnalyzeContext,
  flow: Flow,
): void {
  new FlowBuilder(program, scopes, context, flow);
}

class FlowBuilder implements SyntaxWalk {
  readonly flow: Flow;
  readonly context: AnalyzeContext;
  readonly scopes: ScopeTree;
  readonly #places = new Map<Binding, Place>();
  readonly #foreignPlaces = new Map<Binding, Map<Unit, Place>>();
  readonly #names = new Map<acorn.Node, string>();
  readonly #units = new Map<acorn.Node, Unit>();
  readonly #bindingUnits = new Map<Binding, Unit>();
  readonly #accessors = new Set<string>();
  readonly #userAccessors = new Set<string>();
  readonly #accesses: MemberAccess[] = [];
  frame: Frame;
  readonly #staticMembers = new Set<acorn.Node>();
  readonly moduleRunners = new Set<Binding>();
  readonly moduleFields = new Map<Binding, Place>();
  readonly keys: Keys;
  readonly #calls: CallBuilder;

  constructor(program: acorn.Program, scopes: ScopeTree, context: AnalyzeContext, flow: Flow) {
    this.flow = flow;
    this.context = context;
    this.scopes = scopes;
    this.keys = new Keys(scopes);
    this.#calls = new CallBuilder(this);
    this.frame = {
      owner: program,
      unit: flow.unit('.'),
      thisPlace: NOWHERE,
      returned: NOWHERE,
      functionInfo: undefined,
      ofClass: undefined,
      isStatic: false,
      isTop: true,
    };
    for (const statement of program.body) this.#assignUnits(statement);
    for (const statement of program.body) {
      const isTop = !isHelperDefinition(statement);
      this.#within({ ...this.frame, unit: this.#unitOf(statement), isTop }, () => {
        this.visit(statement);
      });
    }
    this.#finishAccesses();
    this.#finishHostNames();
    flow.finishLoads();
  }

  /** Bindings of the top level get their unit before anything refers to them. */
  #assignUnits(statement: acorn.AnyNode): void {
    const unit = isHelperDefinition(statement)
      ? this.flow.unit(HELPER_UNIT)
      : this.flow.unit(this.context.unitAt(statement.start));
    this.#units.set(statement, unit);
    const node =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? (statement.declaration as acorn.AnyNode | null | undefined)
        : statement;
    if (!node) return;
    if (node.type === 'VariableDeclaration') {
      for (const { id, init } of node.declarations) {
        if (id.type !== 'Identifier') continue;
        const binding = this.scopes.bindingOf.get(id);
        if (!binding) continue;
        if (unit.name === HELPER_UNIT) {
          this.#bindingUnits.set(binding, unit);
          continue;
        }
        // `var require_x = __commonJS({...})` belongs to the file it wraps.
        const body = init && moduleBodyOf(init);
        if (body) this.moduleRunners.add(binding);
        const at = body ? firstPosition(body) : id.start;
        this.#bindingUnits.set(binding, this.flow.unit(this.context.unitAt(at)));
      }
    } else if ((isFunction(node) || isClass(node)) && node.id) {
      const binding = this.scopes.bindingOf.get(node.id);
      if (binding) this.#bindingUnits.set(binding, unit);
    }
  }

  isHelperBinding(binding: Binding): boolean {
    return this.#bindingUnits.get(binding)?.name === HELPER_UNIT;
  }

  #unitOf(node: acorn.AnyNode): Unit {
    return this.#units.get(node) ?? this.frame.unit;
  }

  #placeOf(binding: Binding): Place {
    let place = this.#places.get(binding);
    if (place === undefined) {
      const { home } = this.#bindingUnits.get(binding) ?? this.frame.unit;
      place = this.flow.graph.newPlace(home);
      this.#places.set(binding, place);
    }
    return place;
  }

  /** A binding as seen from the current unit: across units it is also "something of that unit". */
  #refer(binding: Binding): Place {
    const place = this.#placeOf(binding);
    const home = this.#bindingUnits.get(binding);
    const { unit } = this.frame;
    if (home === undefined || home === unit) return place;
    let perUnit = this.#foreignPlaces.get(binding);
    if (perUnit === undefined) {
      perUnit = new Map();
      this.#foreignPlaces.set(binding, perUnit);
    }
    let seen = perUnit.get(unit);
    if (seen === undefined) {
      const { graph } = this.flow;
      seen = graph.newPlace(this.frame.unit.home);
      perUnit.set(unit, seen);
      graph.flowAcross(place, seen);
      graph.offer(seen, home.value);
      home.entrances.push(seen);
      unit.refersTo.add(home);
    }
    return seen;
  }

  #identifier(node: acorn.Identifier): Place {
    const binding = this.scopes.bindingOf.get(node);
    if (binding) return this.#refer(binding);
    const ofFunction = this.scopes.argumentsOf.get(node);
    if (ofFunction) {
      const info = this.flow.infoOf.get(ofFunction);
      return info ? this.#arrayOf(info.argumentElements) : NOWHERE;
    }
    if (node.name === 'undefined' || isGlobalObject(node.name)) return NOWHERE;
    if (isGlobalThis(node.name)) {
      const place = this.flow.graph.newPlace(this.frame.unit.home);
      this.flow.graph.offer(place, this.flow.globals.value);
      return place;
    }
    return this.flow.field(this.flow.globals.value, node.name);
  }

  /** A fresh array whose elements are at `elements`. */
  #arrayOf(elements: Place): Place {
    const { graph } = this.flow;
    const { unit } = this.frame;
    const place = graph.newPlace(this.frame.unit.home);
    const value = this.flow.newObject(place, unit);
    graph.flow(elements, this.flow.field(value, ELEMENT));
    graph.flow(elements, this.flow.field(unit.value, ELEMENT));
    return place;
  }

  #within<T>(frame: Frame, run: () => T): T {
    const outer = this.frame;
    this.frame = frame;
    try {
      return run();
    } finally {
      this.frame = outer;
    }
  }

  join(...places: Place[]): Place {
    const live = places.filter((place) => place !== NOWHERE);
    if (live.length <= 1) return live[0] ?? NOWHERE;
    const place = this.flow.graph.newPlace(this.frame.unit.home);
    for (const from of live) this.flow.graph.flow(from, place);
    return place;
  }

  name(node: acorn.Node | null | undefined, name: string): void {
    if (node && (isFunction(node) || isClass(node))) this.#names.set(node, name);
  }

  visitAll(nodes: readonly (acorn.Node | null | undefined)[]): void {
    for (const node of nodes) if (node) this.visit(node);
  }

  /** Visits a node; for an expression, gives the place of its value. */
  visit(anyNode: acorn.Node): Place {
    const node = anyNode as acorn.AnyNode;
    const { graph } = this.flow;
    switch (node.type) {
      case 'Identifier':
        return this.#identifier(node);
      case 'Literal':
      case 'TemplateElement':
      case 'MetaProperty':
      case 'BreakStatement':
      case 'ContinueStatement':
        return NOWHERE;
      case 'ThisExpression':
        return this.frame.thisPlace;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.functionValue(node, undefined).value.origin;
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node);
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations) {
          if (!init) continue;
          if (id.type === 'Identifier') {
            this.name(init, id.name);
            this.keys.rememberConstant(id, init);
          }
          const value = this.visit(init);
          if (takesValuesFirst(id)) this.iterate(id, value, init);
          this.#assign(id, value);
        }
        return NOWHERE;
      case 'ReturnStatement':
        if (node.argument) graph.flow(this.visit(node.argument), this.frame.returned);
        return NOWHERE;
      case 'ThrowStatement':
        graph.flow(this.visit(node.argument), this.unitField(THROWN));
        return NOWHERE;
      case 'CatchClause':
        if (node.param) this.#assign(node.param, this.unitField(THROWN));
        this.visit(node.body);
        return NOWHERE;
      case 'ForOfStatement':
        this.#forOf(node);
        return NOWHERE;
      case 'ForInStatement':
        if (node.left.type !== 'VariableDeclaration') this.#assign(node.left, NOWHERE);
        this.visit(node.right);
        this.visit(node.body);
        return NOWHERE;
      case 'LabeledStatement':
        return this.visit(node.body);
      case 'ImportDeclaration':
        this.#import(node);
        return NOWHERE;
      case 'ExportAllDeclaration':
        return NOWHERE;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.visit(node.declaration);
        return NOWHERE;
      case 'ExportDefaultDeclaration':
        this.name(node.declaration, 'default');
        this.visit(node.declaration);
        return NOWHERE;
      case 'SequenceExpression': {
        let last = NOWHERE;
        for (const expression of node.expressions) last = this.visit(expression);
        return last;
      }
      case 'ConditionalExpression': {
        this.visit(node.test);
        return this.join(this.visit(node.consequent), this.visit(node.alternate));
      }
      case 'LogicalExpression':
        return this.join(this.visit(node.left), this.visit(node.right));
      case 'AssignmentExpression':
        return this.#assignment(node);
      case 'UpdateExpression':
        if (node.argument.type === 'MemberExpression') this.#member(node.argument, true, true);
        return NOWHERE;
      case 'MemberExpression':
        return this.#member(node, true, false).result;
      case 'ChainExpression':
        return this.visit(node.expression);
      case 'ParenthesizedExpression':
        return this.visit(node.expression);
      case 'AwaitExpression':
        return this.visit(node.argument);
      case 'YieldExpression':
        return this.#yield(node);
      case 'CallExpression':
        return this.#calls.call(node);
      case 'NewExpression':
        return this.#calls.construct(node);
      case 'TaggedTemplateExpression': {
        const { callee, receiver } = this.callee(node.tag);
        const args: Argument[] = [{ place: NOWHERE, isCallable: false }];
        for (const expression of node.quasi.expressions) args.push(this.argument(expression));
        return this.#calls.emitCall(node, callee, receiver, args).result;
      }
      case 'ImportExpression': {
        const { source } = node;
        this.visit(source);
        return source.type === 'Literal' ? this.hostModule(source.value) : NOWHERE;
      }
      case 'ArrayExpression':
        return this.#array(node);
      case 'ObjectExpression':
        return this.#object(node).place;
      default:
        forEachChild(node, (child) => this.visit(child));
        return NOWHERE;
    }
  }

  unitField(key: string): Place {
    return this.flow.field(this.frame.unit.value, key);
  }

  /**
   * `value` goes into a pattern: a declaration, a parameter or the left side of `=`.
   * @param isLiteral the value is a function written out right here.
   */
  #assign(pattern: acorn.Node, value: Place, isLiteral = false): void {
    const node = pattern as acorn.AnyNode;
    const { graph } = this.flow;
    switch (node.type) {
      case 'Identifier': {
        const binding = this.scopes.bindingOf.get(node);
        if (binding) graph.flow(value, this.#placeOf(binding));
        else graph.flow(value, this.flow.field(this.flow.globals.value, node.name));
        return;
      }
      case 'MemberExpression': {
        const exported = this.#moduleExports(node);
        if (exported !== undefined) {
          graph.flow(value, exported);
          return;
        }
        const { object, key: written } = this.#member(node, false, true);
        const isMethod = written === DYNAMIC && isLiteral && !this.frame.unit.isUser;
        const key = isMethod ? METHOD : written;
        if (object === NOWHERE) {
          // `Array.prototype.x = f` and the like.
          graph.flow(value, this.unitField(key));
        } else {
          this.flow.store(this.frame.unit, object, key, value);
        }
        return;
      }
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') {
            this.#assign(property.argument, value);
            continue;
          }
          if (property.computed) this.visit(property.key);
          const key = this.keys.staticKey(property.key, property.computed);
          this.#assign(property.value, this.flow.load(this.frame.unit, value, key));
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) {
          if (!element) continue;
          if (element.type === 'RestElement') this.#assign(element.argument, value);
          else this.#assign(element, this.flow.load(this.frame.unit, value, ELEMENT));
        }
        return;
      case 'RestElement':
        this.#assign(node.argument, value);
        return;
      case 'AssignmentPattern': {
        if (node.left.type === 'Identifier') this.name(node.right, node.left.name);
        this.#assign(node.left, this.join(value, this.visit(node.right)));
        return;
      }
      case 'VariableDeclaration':
        for (const { id } of node.declarations) this.#assign(id, value);
        return;
      default:
        this.visit(node);
    }
  }

  #assignment(node: acorn.AssignmentExpression): Place {
    const { left, right, operator } = node;
    if (left.type === 'Identifier') this.name(right, left.name);
    if (left.type === 'MemberExpression') {
      this.name(right, this.keys.staticKey(left.property, left.computed));
    }
    if (operator === '=') {
      if (this.#isCopy(node)) return NOWHERE;
      const value = this.visit(right);
      if (takesValuesFirst(left)) this.iterate(left, value, right);
      this.#assign(left, value, isFunction(right));
      return value;
    }
    const isLogical = operator === '||=' || operator === '&&=' || operator === '??=';
    const value = this.visit(right);
    if (left.type === 'MemberExpression') {
      const { object, key, result } = this.#member(left, true, true);
      if (!isLogical) return NOWHERE;
      this.flow.store(this.frame.unit, object, key, value);
      return this.join(result, value);
    }
    if (!isLogical) return NOWHERE;
    this.#assign(left, value);
    return left.type === 'Identifier' ? this.#identifier(left) : value;
  }

  /** `to[k] = from[k]`: the properties of one object become those of the other. */
  #isCopy({ left, right }: acorn.AssignmentExpression): boolean {
    if (left.type !== 'MemberExpression' || right.type !== 'MemberExpression') return false;
    if (!left.computed || !right.computed) return false;
    if (left.property.type !== 'Identifier' || right.property.type !== 'Identifier') return false;
    const binding = this.scopes.bindingOf.get(left.property);
    if (!binding || binding !== this.scopes.bindingOf.get(right.property)) return false;
    if (this.keys.isNumeric(left.property)) return false;
    const target = this.visit(left.object);
    const source = this.visit(right.object);
    this.flow.mix(this.frame.unit, target, source);
    return true;
  }

  #member(
    node: acorn.MemberExpression,
    isRead: boolean,
    isWrite: boolean,
    isCallee = false,
  ): MemberAccess {
    const frame = this.frame;
    const key = this.keys.staticKey(node.property, node.computed);
    const exported = this.#moduleExports(node);
    if (exported !== undefined) {
      return { node, frame, object: NOWHERE, key, isRead, isWrite, result: exported };
    }
    let object: Place;
    if (node.object.type === 'Super') object = this.#superObject();
    else object = this.visit(node.object);
    if (node.computed) this.visit(node.property);
    let result = NOWHERE;
    if (isRead && object !== NOWHERE && !this.keys.isNativeMember(node, key)) {
      result = this.flow.load(frame.unit, object, key, isCallee);
    }
    const access: MemberAccess = { node, frame, object, key, isRead, isWrite, result };
    if (object !== NOWHERE && !isPrimitiveMethod(key)) this.#accesses.push(access);
    return access;
  }

  #superObject(): Place {
    const { ofClass, isStatic, unit } = this.frame;
    if (ofClass) {
      return isStatic ? ofClass.superPlace : this.flow.parents(ofClass.instance);
    }
    // `super` in a method of an object literal: some property of the unit.
    const place = this.flow.graph.newPlace(this.frame.unit.home);
    this.flow.graph.offer(place, unit.value);
    return place;
  }

  #array(node: acorn.ArrayExpression): Place {
    const { flow, unit } = { flow: this.flow, unit: this.frame.unit };
    const place = flow.graph.newPlace(this.frame.unit.home);
    const value = flow.newObject(place, unit);
    for (const element of node.elements) {
      if (!element) continue;
      if (element.type === 'SpreadElement') {
        const source = this.visit(element.argument);
        flow.graph.flow(source, flow.parents(value));
        flow.graph.flow(flow.load(unit, source, ELEMENT), flow.field(unit.value, ELEMENT));
        this.iterate(element, source, element.argument);
        continue;
      }
      const item = this.visit(element);
      if (item === NOWHERE) continue;
      flow.graph.flow(item, flow.field(value, ELEMENT));
      flow.graph.flow(item, flow.field(unit.value, ELEMENT));
    }
    return place;
  }

  #object(node: acorn.ObjectExpression): { place: Place; properties: Place[] } {
    const flow = this.flow;
    const { unit } = this.frame;
    const place = flow.graph.newPlace(this.frame.unit.home);
    const value = flow.newObject(place, unit);
    const properties: Place[] = [];
    const isExports = isExportMap(node);
    for (const property of node.properties) {
      if (property.type === 'SpreadElement') {
        const source = this.visit(property.argument);
        flow.graph.flow(source, flow.parents(value));
        flow.graph.flow(source, unit.mixed);
        if (source !== NOWHERE) properties.push(flow.load(unit, source, DYNAMIC));
        continue;
      }
      if (property.computed) this.visit(property.key);
      const key = this.keys.staticKey(property.key, property.computed);
      this.name(property.value, key);
      this.keys.noteProperty(key, property.value);
      if (property.kind !== 'init') {
        const info = this.functionValue(property.value as FunctionNode, undefined, place);
        this.#accessor(unit, value, property.kind, key, info);
        continue;
      }
      const method = isFunction(property.value)
        ? this.functionValue(property.value, undefined, place)
        : undefined;
      const item = method ? method.value.origin : this.visit(property.value);
      unit.definedKeys.add(key);
      if (isExports && method) {
        flow.graph.flow(method.returned, flow.field(value, key));
        flow.graph.flow(method.returned, flow.field(unit.value, key));
      }
      if (item === NOWHERE) continue;
      properties.push(item);
      if (key === '__proto__') flow.graph.flow(item, flow.parents(value));
      flow.graph.flow(item, flow.field(value, key));
      flow.graph.flow(item, flow.field(unit.value, key));
    }
    return { place, properties };
  }

  /** A getter's result is the property's value; a setter's parameter is what is written to it. */
  #accessor(unit: Unit, holder: Value, kind: 'get' | 'set', key: string, info: FunctionInfo): void {
    const flow = this.flow;
    this.addAccessor(key);
    unit.definedKeys.add(key);
    for (const object of [holder, unit.value]) {
      const property = flow.field(object, key);
      if (kind === 'get') {
        flow.graph.flow(info.value.origin, flow.field(object, GETTER + key));
        flow.graph.flow(info.returned, property);
      } else {
        flow.graph.flow(info.value.origin, flow.field(object, SETTER + key));
        flow.graph.flow(property, info.params[0] ?? NOWHERE);
      }
    }
  }

  addAccessor(key: string): void {
    this.#accessors.add(key);
    if (this.frame.unit.isUser) this.#userAccessors.add(key);
  }

  /** Member accesses whose name has an accessor somewhere become calls of it. */
  #finishAccesses(): void {
    if (this.#accessors.size === 0) return;
    const unknown: readonly string[] = this.#accessors.has(DYNAMIC) ? [DYNAMIC] : [];
    for (const access of this.#accesses) {
      const { key, frame } = access;
      if (!frame.unit.isUser) {
        if (this.#accessors.has(key)) this.#accessorCalls(access, [key]);
      } else if (key === DYNAMIC) {
        this.#accessorCalls(access, this.#userAccessors);
      } else if (this.#accessors.has(key) || unknown.length > 0) {
        this.#accessorCalls(access, [key, ...unknown]);
      }
    }
  }

  #accessorCalls(access: MemberAccess, names: Iterable<string>): void {
    const { node, frame, object, isRead, isWrite, result } = access;
    for (const name of names) {
      if (isRead) this.#accessorCall(node, frame, object, GETTER + name, result);
      if (isWrite) this.#accessorCall(node, frame, object, SETTER + name, NOWHERE);
    }
  }

  #accessorCall(
    node: acorn.MemberExpression,
    frame: Frame,
    object: Place,
    key: string,
    result: Place,
  ): void {
    this.flow.call({
      site: node,
      owner: frame.owner,
      unit: frame.unit,
      callee: this.flow.load(frame.unit, object, key),
      receiver: object,
      args: [],
      result,
      isNative: true,
    });
  }

  /** User code that lost track of a host object still calls its blocking methods by their names. */
  #finishHostNames(): void {
    const names = memberNamesOfGivenTypes(this.context.blocking);
    if (names.size === 0) return;
    for (const { key, frame, result } of this.#accesses) {
      if (!frame.unit.isUser || result === NOWHERE || nativeMethod(key)) continue;
      const host = names.get(key);
      if (host) this.flow.graph.put(result, this.flow.newHost(host));
    }
  }

  functionValue(
    node: FunctionNode,
    ofClass: ClassInfo | undefined,
    thisOrigin?: Place,
  ): FunctionInfo {
    const flow = this.flow;
    const { graph } = flow;
    const outer = this.frame;
    const unit = outer.isTop ? flow.unit(this.context.unitAt(firstPosition(node))) : outer.unit;
    const isArrow = node.type === 'ArrowFunctionExpression';
    const what: { -readonly [K in keyof FunctionInfo]: FunctionInfo[K] } = {
      kind: 'function',
      node,
      name: node.id?.name ?? this.#names.get(node) ?? '(anonymous)',
      unit,
      value: undefined as unknown as Value,
      params: [],
      rest: graph.newPlace(unit.home),
      argumentElements: graph.newPlace(unit.home),
      thisPlace: isArrow ? outer.thisPlace : graph.newPlace(unit.home),
      returned: graph.newPlace(unit.home),
      instance: undefined,
      instancePlace: NOWHERE,
      generator: undefined,
      ofClass: undefined,
    };
    const info: FunctionInfo = what;
    what.value = new Value(info);
    graph.originate(graph.newPlace(unit.home), info.value, Demand.Functions);
    if (ofClass && isConstructor(node, ofClass)) what.ofClass = ofClass;
    if (node.generator) {
      what.generator = new Value({ kind: 'generator', info } as { kind: 'generator' });
      graph.originate(graph.newPlace(unit.home), what.generator, Demand.Functions);
    }
    flow.infoOf.set(node, info);
    unit.functions.push(info);
    const selfName = node.id && this.scopes.bindingOf.get(node.id);
    if (selfName) graph.flow(info.value.origin, this.#placeOf(selfName));
    const carrier = info.ofClass ? info.ofClass.value : info.value;
    if (thisOrigin !== undefined && !isArrow) graph.flow(thisOrigin, info.thisPlace);
    graph.use(info.returned, { onTaint: () => graph.taint(info.value) });
    if (!isArrow) graph.wake(info.thisPlace, carrier, Demand.Functions);
    graph.wake(info.rest, carrier, Demand.Functions);
    graph.wake(info.argumentElements, carrier, Demand.Functions);
    const inner: Frame = {
      owner: node,
      unit,
      thisPlace: info.thisPlace,
      returned: info.returned,
      functionInfo: info,
      ofClass: isArrow ? outer.ofClass : ofClass,
      isStatic: isArrow ? outer.isStatic : this.#isStaticMember(node),
      isTop: false,
    };
    this.#within(inner, () => {
      for (const param of node.params) this.#parameter(param, info, carrier);
      if (node.body.type === 'BlockStatement') this.visitAll(node.body.body);
      else graph.flow(this.visit(node.body), info.returned);
    });
    return info;
  }

  #parameter(param: acorn.Pattern, info: FunctionInfo, carrier: Value): void {
    const { graph } = this.flow;
    if (param.type === 'RestElement') {
      this.#assign(param.argument, this.#arrayOf(info.rest));
      return;
    }
    const place = graph.newPlace(info.unit.home);
    info.params.push(place);
    graph.wake(place, carrier, info.unit.isUser ? Demand.Units : Demand.Functions);
    this.#assign(param, place);
  }

  #isStaticMember(node: acorn.Node): boolean {
    return this.#staticMembers.has(node);
  }

  #class(node: ClassNode): Place {
    const flow = this.flow;
    const { graph } = flow;
    const { unit } = this.frame;
    const superPlace = node.superClass ? this.visit(node.superClass) : NOWHERE;
    const what: { -readonly [K in keyof ClassInfo]: ClassInfo[K] } = {
      kind: 'class',
      node,
      name: node.id?.name ?? this.#names.get(node) ?? '(anonymous class)',
      unit,
      value: undefined as unknown as Value,
      instance: undefined as unknown as Value,
      prototype: undefined as unknown as Value,
      instancePlace: graph.newPlace(this.frame.unit.home),
      superPlace,
      implicitArguments: graph.newPlace(this.frame.unit.home),
      constructorInfo: undefined,
    };
    const info: ClassInfo = what;
    what.value = new Value(info);
    graph.originate(graph.newPlace(this.frame.unit.home), info.value, Demand.Functions);
    what.instance = flow.newObject(info.instancePlace, unit);
    what.prototype = flow.newPrototype(info.instance, unit);
    flow.classes.push(info);
    graph.wake(info.implicitArguments, info.value, Demand.Functions);
    graph.wake(info.instancePlace, info.value, Demand.Objects);
    for (const name of this.#classNames(node)) {
      graph.flow(info.value.origin, this.#placeOf(name));
    }
    for (const member of node.body.body) this.#classMember(info, member);
    flow.inherit(info);
    // An instance with a blocking method travels with `new` of its class.
    graph.use(info.instancePlace, { onTaint: () => graph.taint(info.value) });
    if (!info.constructorInfo && superPlace !== NOWHERE) {
      flow.call({
        site: undefined,
        owner: this.frame.owner,
        unit,
        callee: superPlace,
        receiver: info.instancePlace,
        args: [{ place: info.implicitArguments, isSpread: true, isCallable: true }],
        result: NOWHERE,
        constructs: true,
      });
    }
    return info.value.origin;
  }

  #classNames(node: ClassNode): Binding[] {
    const names: Binding[] = [];
    const outer = node.id && this.scopes.bindingOf.get(node.id);
    if (outer) names.push(outer);
    const scope: Scope | undefined = this.scopes.scopeOf.get(node);
    const inner = node.id && scope?.bindings.get(node.id.name);
    if (inner && inner !== outer) names.push(inner);
    return names;
  }

  #classMember(info: ClassInfo, member: acorn.ClassBody['body'][number]): void {
    const flow = this.flow;
    const frame = this.frame;
    if (member.type === 'StaticBlock') {
      const inner = this.#initialiserFrame(info, member, true);
      this.#within(inner, () => this.visitAll(member.body));
      return;
    }
    if (member.computed) this.visit(member.key);
    const key = this.keys.staticKey(member.key, member.computed);
    const holder = member.static ? info.value : info.instance;
    const holderPlace = member.static ? info.value.origin : info.instancePlace;
    if (member.type === 'PropertyDefinition') {
      flow.classOfField.set(member, info);
      const { value } = member;
      frame.unit.definedKeys.add(key);
      if (!value) return;
      this.name(value, key);
      const inner = this.#initialiserFrame(info, member, member.static);
      const item = this.#within(inner, () => this.visit(value));
      flow.graph.flow(item, flow.field(holder, key));
      flow.graph.flow(item, flow.field(frame.unit.value, key));
      return;
    }
    this.name(member.value, `${info.name}.${key}`);
    if (member.static) this.#staticMembers.add(member.value);
    const method = this.functionValue(member.value, info, holderPlace);
    const owner = member.static ? info.value : info.prototype;
    if (member.kind === 'constructor') {
      info.constructorInfo = method;
    } else if (member.kind === 'method') {
      frame.unit.definedKeys.add(key);
      flow.graph.flow(method.value.origin, flow.field(owner, key));
      flow.graph.flow(method.value.origin, flow.field(frame.unit.value, key));
    } else {
      this.#accessor(frame.unit, owner, member.kind, key, method);
    }
  }

  #initialiserFrame(
    info: ClassInfo,
    owner: acorn.PropertyDefinition | acorn.StaticBlock,
    isStatic: boolean,
  ): Frame {
    return {
      owner,
      unit: this.frame.unit,
      thisPlace: isStatic ? info.value.origin : info.instancePlace,
      returned: NOWHERE,
      functionInfo: undefined,
      ofClass: info,
      isStatic,
      isTop: false,
    };
  }

  #forOf(node: acorn.ForOfStatement): void {
    const right = this.visit(node.right);
    const elements = this.join(
      this.flow.load(this.frame.unit, right, ELEMENT),
      // A hand-written iterator gives `{ value }`.
      this.flow.load(this.frame.unit, right, 'value'),
      right,
    );
    if (node.left.type === 'VariableDeclaration') {
      for (const { id } of node.left.declarations) this.#assign(id, elements);
    } else {
      this.#assign(node.left, elements);
    }
    if (!node.await) this.iterate(node, right, node.right);
    this.visit(node.body);
  }

  iterate(site: acorn.Node, iterable: Place, source: acorn.Node): void {
    if (this.keys.isNativeObject(source as acorn.AnyNode)) return;
    const flow = this.flow;
    const { unit, owner } = this.frame;
    const callee = flow.graph.newPlace(this.frame.unit.home);
    for (const key of ['next', 'return', '@@iterator']) {
      flow.graph.flow(flow.load(unit, iterable, key), callee);
    }
    if (unit.isUser) flow.graph.flow(unit.generators, callee);
    flow.graph.supply(callee, iterable, Demand.Functions, Demand.Functions);
    flow.call({
      site,
      owner,
      unit,
      callee,
      receiver: iterable,
      args: [],
      result: NOWHERE,
      isNative: true,
    });
  }

  #yield(node: acorn.YieldExpression): Place {
    const value = node.argument ? this.visit(node.argument) : NOWHERE;
    const flow = this.flow;
    const { functionInfo, unit } = this.frame;
    const elements = flow.field(unit.value, ELEMENT);
    flow.graph.flow(value, elements);
    if (functionInfo?.generator) {
      flow.graph.flow(value, flow.field(functionInfo.generator, ELEMENT));
    }
    if (node.delegate && node.argument && value !== NOWHERE) {
      this.iterate(node, value, node.argument);
      flow.graph.flow(flow.load(unit, value, ELEMENT), elements);
    }
    return elements;
  }

  #import(node: acorn.ImportDeclaration): void {
    const specifier = node.source.value;
    if (typeof specifier !== 'string') return;
    const { modules } = this.context.blocking;
    const table = Object.hasOwn(modules, specifier) ? modules[specifier] : undefined;
    if (!table) return;
    for (const spec of node.specifiers) {
      const binding = this.scopes.bindingOf.get(spec.local);
      if (!binding) continue;
      const imported =
        spec.type === 'ImportDefaultSpecifier'
          ? 'default'
          : spec.type === 'ImportSpecifier'
            ? spec.imported.type === 'Identifier'
              ? spec.imported.name
              : String(spec.imported.value)
            : undefined;
      const host =
        imported === undefined
          ? hostNamespace(specifier, table)
          : hostImport(specifier, table, imported);
      if (host) this.flow.graph.put(this.#placeOf(binding), this.flow.newHost(host));
    }
  }

  hostModule(specifier: unknown): Place {
    const { modules } = this.context.blocking;
    if (typeof specifier !== 'string' || !Object.hasOwn(modules, specifier)) return NOWHERE;
    const table = modules[specifier];
    if (!table) return NOWHERE;
    const place = this.flow.graph.newPlace(this.frame.unit.home);
    this.flow.graph.put(place, this.flow.newHost(hostNamespace(specifier, table)));
    return place;
  }

  argument(node: acorn.Node): Argument {
    const expression = node as acorn.AnyNode;
    if (expression.type === 'SpreadElement') {
      const source = this.visit(expression.argument);
      const place = this.flow.load(this.frame.unit, source, ELEMENT);
      this.iterate(expression, source, expression.argument);
      return { place, isSpread: true, isCallable: true };
    }
    if (expression.type === 'ObjectExpression') {
      const { place, properties } = this.#object(expression);
      return { place, properties, isCallable: false };
    }
    const place = this.visit(expression);
    const isCallable = place !== NOWHERE && expression.type !== 'ArrayExpression';
    return { place, isCallable };
  }

  callee(node: acorn.Node): { callee: Place; receiver: Place; name: string | undefined } {
    const inner = unwrap(node);
    if (inner.type === 'MemberExpression') {
      const { object, key, result } = this.#member(inner, true, false, true);
      const receiver = inner.object.type === 'Super' ? this.frame.thisPlace : object;
      return { callee: result, receiver, name: key };
    }
    return { callee: this.visit(inner), receiver: NOWHERE, name: undefined };
  }

  /** `module.exports` inside a wrapped module has a place of its own. */
  #moduleExports(node: acorn.MemberExpression): Place | undefined {
    if (node.computed || node.object.type !== 'Identifier') return undefined;
    if (node.property.type !== 'Identifier' || node.property.name !== 'exports') return undefined;
    const binding = this.scopes.bindingOf.get(node.object);
    return binding && this.moduleFields.get(binding);
  }
}

/**
 * `{ name: () => binding, … }`, which bundlers pass to the helper that defines a module's exports
 * (esbuild's `__export`, rolldown's `__exportAll`, webpack's `n.d`): readers see the bindings.
 */
function isExportMap(node: acorn.ObjectExpression): boolean {
  return (
    node.properties.length > 0 &&
    node.properties.every(
      (property) =>
        property.type === 'Property' &&
        property.value.type === 'ArrowFunctionExpression' &&
        property.value.params.length === 0 &&
        (property.value.body.type === 'Identifier' ||
          property.value.body.type === 'MemberExpression'),
    )
  );
}

function isConstructor(node: FunctionNode, info: ClassInfo): boolean {
  return info.node.body.body.some(
    (member) =>
      member.type === 'MethodDefinition' && member.kind === 'constructor' && member.value === node,
  );
}

/** A position inside the function's own file, even when a bundler wrote the wrapper around it. */
function firstPosition(node: acorn.Node): number {
  if (!isFunction(node) || node.body.type !== 'BlockStatement') return node.start;
  return node.body.body[0]?.start ?? node.start;
}
