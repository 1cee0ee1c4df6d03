/**
 * What those who translate a part of the syntax into flow rules need of the walk: where it is, how it
 * goes on, and short forms for rules about the unit it is in.
 */
import type * as acorn from 'acorn';
import type { AnalyzeContext } from './analysis-result.ts';
import type { Keys } from './analyze-keys.ts';
import type { Flow } from './flow.ts';
import type { Place } from './flow-graph.ts';
import type { ClassInfo, FunctionInfo, Unit } from './flow-model.ts';
import type { Owner, ScopeTree } from './scope.ts';

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

export interface SyntaxWalk {
  readonly flow: Flow;
  readonly scopes: ScopeTree;
  readonly context: AnalyzeContext;
  readonly keys: Keys;
  /** Where the walk is. */
  readonly frame: Frame;
  /** Runs `run` with the walk in another frame. */
  within<T>(frame: Frame, run: () => T): T;
  /** Visits a node; for an expression, gives the place of its value. */
  visit(node: acorn.Node): Place;
  visitAll(nodes: readonly (acorn.Node | null | undefined)[]): void;
  /** Gives a function or class without a name of its own one for reports. */
  name(node: acorn.Node | null | undefined, name: string): void;
  givenName(node: acorn.Node): string | undefined;
  /** A place of the current unit. */
  newPlace(): Place;
  /** Where the values of all these places are. */
  join(...places: Place[]): Place;
  /** A property read by the current unit. @param isCallee what is read gets called at once. */
  load(object: Place, key: string, isCallee?: boolean): Place;
  /** A property write by the current unit. */
  store(object: Place, key: string, value: Place): void;
  /** A property of the current unit. */
  unitField(key: string): Place;
}

/** Without parentheses and the wrapper of optional chains. */
export function unwrap(node: acorn.Node): acorn.AnyNode {
  let inner = node as acorn.AnyNode;
  while (inner.type === 'ChainExpression' || inner.type === 'ParenthesizedExpression') {
    inner = inner.expression as acorn.AnyNode;
  }
  return inner;
}
