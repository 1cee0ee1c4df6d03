/** Functions: their parameters, `this`, what they return, and when they start to travel as values. */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import type { Assignments } from './analyze-assignments.ts';
import { firstPosition } from './analyze-bundle.ts';
import type { Names } from './analyze-names.ts';
import type { Frame, SyntaxWalk } from './analyze-walk.ts';
import { Demand, NOWHERE, type Place, Value } from './flow-graph.ts';
import { type ClassInfo, type FunctionInfo, newValue, type Unit } from './flow-model.ts';

/** What a function is a method of. */
export interface MethodHome {
  /** The object whose method it is: what `this` can be even if nobody is seen calling it. */
  readonly thisOrigin?: Place;
  readonly ofClass?: ClassInfo;
  readonly isConstructor?: boolean;
  readonly isStatic?: boolean;
}

export class Functions {
  readonly #walk: SyntaxWalk;
  readonly #names: Names;
  readonly #assignments: Assignments;

  constructor(walk: SyntaxWalk, names: Names, assignments: Assignments) {
    this.#walk = walk;
    this.#names = names;
    this.#assignments = assignments;
  }

  /** The function a node stands for; its body is visited. */
  value(node: FunctionNode, home: MethodHome = {}): FunctionInfo {
    const { flow, scopes } = this.#walk;
    const { graph } = flow;
    const info = this.#describe(node, home);
    const isArrow = node.type === 'ArrowFunctionExpression';
    graph.originate(graph.newPlace(info.unit.home), info.value, Demand.Functions);
    if (node.generator) {
      info.generator = newValue({ kind: 'generator', info });
      graph.originate(graph.newPlace(info.unit.home), info.generator, Demand.Functions);
    }
    flow.marks.infoOf.set(node, info);
    info.unit.functions.push(info);
    const selfName = node.id && scopes.bindingOf.get(node.id);
    if (selfName) graph.flow(info.value.origin, this.#names.placeOf(selfName));
    const carrier = info.ofClass ? info.ofClass.value : info.value;
    if (home.thisOrigin !== undefined && !isArrow) graph.flow(home.thisOrigin, info.thisPlace);
    graph.use(info.returned, { onTaint: () => graph.taint(info.value) });
    if (!isArrow) graph.wake(info.thisPlace, carrier, Demand.Functions);
    graph.wake(info.rest, carrier, Demand.Functions);
    graph.wake(info.argumentElements, carrier, Demand.Functions);
    this.#walk.within(this.#frameOf(info, home), () => {
      for (const param of node.params) this.#parameter(param, info, carrier);
      if (node.body.type === 'BlockStatement') this.#walk.visitAll(node.body.body);
      else graph.flow(this.#walk.visit(node.body), info.returned);
    });
    return info;
  }

  #describe(node: FunctionNode, home: MethodHome): FunctionInfo {
    const { flow, frame } = this.#walk;
    const unit = this.#unitOf(node);
    const newPlace = (): Place => flow.graph.newPlace(unit.home);
    const isArrow = node.type === 'ArrowFunctionExpression';
    return Value.describedBy(
      (value): FunctionInfo => ({
        kind: 'function',
        node,
        name: node.id?.name ?? this.#walk.givenName(node) ?? '(anonymous)',
        unit,
        value,
        params: [],
        rest: newPlace(),
        argumentElements: newPlace(),
        thisPlace: isArrow ? frame.thisPlace : newPlace(),
        returned: newPlace(),
        instance: undefined,
        instancePlace: NOWHERE,
        generator: undefined,
        ofClass: home.isConstructor ? home.ofClass : undefined,
      }),
    );
  }

  #unitOf(node: FunctionNode): Unit {
    const { flow, context, frame } = this.#walk;
    return frame.isTop ? flow.unit(context.unitAt(firstPosition(node))) : frame.unit;
  }

  #frameOf(info: FunctionInfo, home: MethodHome): Frame {
    const outer = this.#walk.frame;
    const isArrow = info.node.type === 'ArrowFunctionExpression';
    return {
      owner: info.node,
      unit: info.unit,
      thisPlace: info.thisPlace,
      returned: info.returned,
      functionInfo: info,
      ofClass: isArrow ? outer.ofClass : home.ofClass,
      isStatic: isArrow ? outer.isStatic : home.isStatic === true,
      isTop: false,
    };
  }

  /** @param carrier the value that brings the function to its callers. */
  #parameter(param: acorn.Pattern, info: FunctionInfo, carrier: Value): void {
    const { graph, objects } = this.#walk.flow;
    if (param.type === 'RestElement') {
      this.#assignments.assign(param.argument, objects.newArray(info.rest, info.unit));
      return;
    }
    const place = graph.newPlace(info.unit.home);
    info.params.push(place);
    graph.wake(place, carrier, info.unit.isUser ? Demand.Units : Demand.Functions);
    this.#assignments.assign(param, place);
  }
}
