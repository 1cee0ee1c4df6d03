/** Iterators: what `for-of`, spreads and array patterns call, and what `yield` gives them. */
import type * as acorn from 'acorn';
import type { SyntaxWalk } from './analyze-walk.ts';
import { Demand, ELEMENT, NOWHERE, type Place } from './flow-graph.ts';

export class Iteration {
  readonly #walk: SyntaxWalk;

  constructor(walk: SyntaxWalk) {
    this.#walk = walk;
  }

  /** `site` resumes the iterator of what `source` gives, which is at `iterable`. */
  iterate(site: acorn.Node, iterable: Place, source: acorn.Node): void {
    const walk = this.#walk;
    if (walk.keys.isNativeObject(source as acorn.AnyNode)) return;
    const { graph, calls } = walk.flow;
    const { unit, owner } = walk.frame;
    const callee = walk.newPlace();
    for (const key of ['next', 'return', '@@iterator']) {
      graph.flow(walk.load(iterable, key), callee);
    }
    if (unit.isUser) graph.flow(unit.generators, callee);
    graph.supply(callee, iterable, Demand.Functions, Demand.Functions);
    const receiver = iterable;
    calls.add({ site, owner, unit, callee, receiver, args: [], result: NOWHERE, isNative: true });
  }

  yield(node: acorn.YieldExpression): Place {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    const value = node.argument ? walk.visit(node.argument) : NOWHERE;
    const { functionInfo } = walk.frame;
    const elements = walk.unitField(ELEMENT);
    graph.flow(value, elements);
    if (functionInfo?.generator) {
      graph.flow(value, objects.field(functionInfo.generator, ELEMENT));
    }
    if (node.delegate && node.argument && value !== NOWHERE) {
      this.iterate(node, value, node.argument);
      graph.flow(walk.load(value, ELEMENT), elements);
    }
    return elements;
  }
}
