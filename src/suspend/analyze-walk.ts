/** What the parts of the graph builder need of each other. */
import type * as acorn from 'acorn';
import type { AnalyzeContext, FunctionNode } from './analysis-result.ts';
import type { Argument, ClassInfo, Flow, FunctionInfo, Unit } from './analyze-flow.ts';
import type { Place } from './analyze-graph.ts';
import type { Keys } from './analyze-keys.ts';
import type { Binding, Owner, ScopeTree } from './scope.ts';

/** What code runs in: its unit, its function, what `this`, `return` and `super` mean there. */
export interface Frame {
  readonly owner: Owner;
  readonly unit: Unit;
  readonly thisPlace: Place;
  readonly returned: Place;
  readonly functionInfo: FunctionInfo | undefined;
  readonly ofClass: ClassInfo | undefined;
  readonly isStatic: boolean;
  /** Code of the top level: functions in it may belong to another unit than the code around them. */
  readonly isTop: boolean;
}

/** Key under which a unit keeps what it throws. */
export const THROWN = '[throw]';
/** Prefixes of the keys under which accessors of a name are kept. */
export const GETTER = 'get ';
export const SETTER = 'set ';

/** The walk over the syntax as seen by those who handle a part of it. */
export interface SyntaxWalk {
  readonly flow: Flow;
  readonly scopes: ScopeTree;
  readonly context: AnalyzeContext;
  readonly keys: Keys;
  /** Where the walk is. */
  readonly frame: Frame;
  /** Some object has a getter or setter of this name. */
  addAccessor(key: string): void;
  /** Bindings of `require_x` and `init_x`. */
  readonly moduleRunners: ReadonlySet<Binding>;
  /** `module` parameters of wrapped modules, with the place of their `exports`. */
  readonly moduleFields: Map<Binding, Place>;
  /** The binding is a function the bundler added. */
  isHelperBinding(binding: Binding): boolean;
  /** Visits a node; for an expression, gives the place of its value. */
  visit(node: acorn.Node): Place;
  visitAll(nodes: readonly (acorn.Node | null | undefined)[]): void;
  /** Gives a function or class without a name of its own one for reports. */
  name(node: acorn.Node | null | undefined, name: string): void;
  join(...places: Place[]): Place;
  argument(node: acorn.Node): Argument;
  /** `site` resumes the iterator of what `source` gives, which is at `iterable`. */
  iterate(site: acorn.Node, iterable: Place, source: acorn.Node): void;
  callee(node: acorn.Node): { callee: Place; receiver: Place; name: string | undefined };
  functionValue(
    node: FunctionNode,
    ofClass: ClassInfo | undefined,
    thisOrigin?: Place,
  ): FunctionInfo;
  /** A property of the current unit. */
  unitField(key: string): Place;
  /** The namespace of a host module, NOWHERE if nothing in it blocks. */
  hostModule(specifier: unknown): Place;
}

/** Without parentheses and the wrapper of optional chains. */
export function unwrap(node: acorn.Node): acorn.AnyNode {
  let inner = node as acorn.AnyNode;
  while (inner.type === 'ChainExpression' || inner.type === 'ParenthesizedExpression') {
    inner = inner.expression as acorn.AnyNode;
  }
  return inner;
}
