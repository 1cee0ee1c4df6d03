/** Classes: members, fields, static blocks, and the constructor that nobody wrote. */
import type * as acorn from 'acorn';
import type { ClassNode } from './analysis-result.ts';
import type { Accessors } from './analyze-accessors.ts';
import type { Functions } from './analyze-functions.ts';
import type { Names } from './analyze-names.ts';
import type { Frame, SyntaxWalk } from './analyze-walk.ts';
import { spread } from './flow-calls.ts';
import { Demand, NOWHERE, type Place, Value } from './flow-graph.ts';
import type { ClassInfo } from './flow-model.ts';
import type { Binding } from './scope.ts';

export class Classes {
  readonly #walk: SyntaxWalk;
  readonly #names: Names;
  readonly #functions: Functions;
  readonly #accessors: Accessors;

  constructor(walk: SyntaxWalk, names: Names, functions: Functions, accessors: Accessors) {
    this.#walk = walk;
    this.#names = names;
    this.#functions = functions;
    this.#accessors = accessors;
  }

  /** The class a node stands for. */
  value(node: ClassNode): Place {
    const { flow } = this.#walk;
    const { graph } = flow;
    const superPlace = node.superClass ? this.#walk.visit(node.superClass) : NOWHERE;
    const info = this.#describe(node, superPlace);
    graph.originate(this.#walk.newPlace(), info.value, Demand.Functions);
    graph.wake(info.implicitArguments, info.value, Demand.Functions);
    graph.wake(info.instancePlace, info.value, Demand.Objects);
    for (const name of this.#bindings(node)) {
      graph.flow(info.value.origin, this.#names.placeOf(name));
    }
    for (const member of node.body.body) this.#member(info, member);
    flow.inherit(info);
    // An instance with a blocking method travels with `new` of its class.
    graph.use(info.instancePlace, { onTaint: () => graph.taint(info.value) });
    if (!info.constructorInfo && superPlace !== NOWHERE) this.#implicitConstructor(info);
    return info.value.origin;
  }

  #describe(node: ClassNode, superPlace: Place): ClassInfo {
    const { objects } = this.#walk.flow;
    const { unit } = this.#walk.frame;
    const instancePlace = this.#walk.newPlace();
    const instance = objects.newObject(instancePlace, unit);
    return Value.describedBy(
      (value): ClassInfo => ({
        kind: 'class',
        node,
        name: node.id?.name ?? this.#walk.givenName(node) ?? '(anonymous class)',
        unit,
        value,
        instance,
        prototype: objects.newPrototype(instance, unit),
        instancePlace,
        superPlace,
        implicitArguments: this.#walk.newPlace(),
        constructorInfo: undefined,
      }),
    );
  }

  /** The names of the class: around it, and inside it. */
  #bindings(node: ClassNode): Binding[] {
    const { scopes } = this.#walk;
    const names: Binding[] = [];
    const outer = node.id && scopes.bindingOf.get(node.id);
    if (outer) names.push(outer);
    const inner = node.id && scopes.scopeOf.get(node)?.bindings.get(node.id.name);
    if (inner && inner !== outer) names.push(inner);
    return names;
  }

  #implicitConstructor(info: ClassInfo): void {
    const { flow, frame } = this.#walk;
    flow.calls.add({
      site: undefined,
      owner: frame.owner,
      unit: frame.unit,
      callee: info.superPlace,
      receiver: info.instancePlace,
      args: [spread(info.implicitArguments)],
      result: NOWHERE,
      constructs: true,
    });
  }

  #member(info: ClassInfo, member: acorn.ClassBody['body'][number]): void {
    const walk = this.#walk;
    if (member.type === 'StaticBlock') {
      const inner = this.#initialiserFrame(info, member, true);
      walk.within(inner, () => walk.visitAll(member.body));
      return;
    }
    if (member.computed) walk.visit(member.key);
    const key = walk.keys.staticKey(member.key, member.computed);
    if (member.type === 'PropertyDefinition') this.#field(info, member, key);
    else this.#method(info, member, key);
  }

  #field(info: ClassInfo, member: acorn.PropertyDefinition, key: string): void {
    const walk = this.#walk;
    const { unit } = walk.frame;
    walk.flow.marks.classOfField.set(member, info);
    unit.definedKeys.add(key);
    const { value } = member;
    if (!value) return;
    walk.name(value, key);
    const inner = this.#initialiserFrame(info, member, member.static);
    const item = walk.within(inner, () => walk.visit(value));
    walk.flow.objects.define(member.static ? info.value : info.instance, unit, key, item);
  }

  #method(info: ClassInfo, member: acorn.MethodDefinition, key: string): void {
    const walk = this.#walk;
    const { unit } = walk.frame;
    walk.name(member.value, `${info.name}.${key}`);
    const method = this.#functions.value(member.value, {
      thisOrigin: member.static ? info.value.origin : info.instancePlace,
      ofClass: info,
      isConstructor: member.kind === 'constructor',
      isStatic: member.static,
    });
    const holder = member.static ? info.value : info.prototype;
    if (member.kind === 'constructor') {
      info.constructorInfo = method;
    } else if (member.kind === 'method') {
      unit.definedKeys.add(key);
      walk.flow.objects.define(holder, unit, key, method.value.origin);
    } else {
      this.#accessors.define(holder, member.kind, key, method);
    }
  }

  #initialiserFrame(
    info: ClassInfo,
    owner: acorn.PropertyDefinition | acorn.StaticBlock,
    isStatic: boolean,
  ): Frame {
    const { marks } = this.#walk.flow;
    if (isStatic) marks.ownerOfStatic.set(owner, this.#walk.frame.owner);
    return {
      owner,
      unit: this.#walk.frame.unit,
      thisPlace: isStatic ? info.value.origin : info.instancePlace,
      returned: NOWHERE,
      functionInfo: undefined,
      ofClass: info,
      isStatic,
      isTop: false,
    };
  }
}
