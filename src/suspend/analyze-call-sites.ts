/** What every kind of call is made of: its arguments, and the rule for a call at this point of the walk. */
import type * as acorn from 'acorn';
import type { Iteration } from './analyze-iteration.ts';
import type { Literals } from './analyze-literals.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { spread } from './flow-calls.ts';
import { ELEMENT, NOWHERE, type Place } from './flow-graph.ts';
import type { Argument, CallShape } from './flow-model.ts';

export class CallSites {
  readonly #walk: SyntaxWalk;
  readonly #literals: Literals;
  readonly #iteration: Iteration;

  constructor(walk: SyntaxWalk, literals: Literals, iteration: Iteration) {
    this.#walk = walk;
    this.#literals = literals;
    this.#iteration = iteration;
  }

  arguments(nodes: readonly acorn.Node[]): Argument[] {
    return nodes.map((node) => this.#argument(node as acorn.AnyNode));
  }

  #argument(node: acorn.AnyNode): Argument {
    if (node.type === 'SpreadElement') {
      const source = this.#walk.visit(node.argument);
      const place = this.#walk.load(source, ELEMENT);
      this.#iteration.iterate(node, source, node.argument);
      return spread(place);
    }
    if (node.type === 'ObjectExpression') {
      const { place, properties } = this.#literals.object(node);
      return { place, properties, isCallable: false };
    }
    const place = this.#walk.visit(node);
    const isCallable = place !== NOWHERE && node.type !== 'ArrayExpression';
    return { place, isCallable };
  }

  /** The elements of a list that is passed as one argument, as arguments. */
  elementsOf(list: Argument | undefined): Argument[] {
    return list ? [spread(this.#walk.load(list.place, ELEMENT))] : [];
  }

  /** A call; gives the place of its result. */
  call(
    site: acorn.Node,
    callee: Place,
    receiver: Place,
    args: readonly Argument[],
    extra: Pick<CallShape, 'constructs' | 'isNative' | 'calleeName' | 'runsModule'> = {},
  ): Place {
    const { unit, owner } = this.#walk.frame;
    const result = this.#walk.newPlace();
    this.#walk.flow.calls.add({ site, owner, unit, callee, receiver, args, result, ...extra });
    return result;
  }

  /**
   * Native code calls `callee`, which returns to `result`.
   * @param site the node that waits; undefined when it is called as a later job.
   */
  callBack(
    site: acorn.Node | undefined,
    callee: Place,
    args: readonly Argument[],
    result: Place,
    receiver: Place = NOWHERE,
    constructs = false,
  ): void {
    const { unit, owner } = this.#walk.frame;
    if (callee === NOWHERE) return;
    const isNative = true;
    const shape = { site, owner, unit, callee, receiver, args, result, constructs, isNative };
    this.#walk.flow.calls.add(shape);
  }
}
