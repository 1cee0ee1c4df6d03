/**
 * What the flow rules talk about: units with their functions, classes, property reads and calls, and
 * what an abstract value stands for. Descriptions only; the rules are in the other `flow-*.ts`.
 */
import type * as acorn from 'acorn';
import type { ClassNode, FunctionNode } from './analysis-result.ts';
import { type Home, type Place, Value } from './flow-graph.ts';
import type { HostInfo } from './flow-host.ts';
import type { Owner } from './scope.ts';

/** Name of the unit of what the bundler itself adds. */
export const HELPER_UNIT = 'esbuild';

/** The functions, properties and calls of one package, or of the user's own files. */
export interface Unit {
  readonly kind: 'unit';
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
  readonly rest: Place;
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

export interface ObjectInfo {
  /** Fields of a namespace are not merged into the unit's. */
  readonly kind: 'object' | 'namespace' | 'prototype';
  readonly unit: Unit;
}

interface GeneratorInfo {
  readonly kind: 'generator';
  readonly info: FunctionInfo;
}

interface ResolverInfo {
  readonly kind: 'resolver';
  /** Where the promise is that the resolver settles. */
  readonly target: Place;
}

/** Everything a value can stand for. */
export type Meaning =
  | FunctionInfo
  | ClassInfo
  | ObjectInfo
  | Unit
  | GeneratorInfo
  | ResolverInfo
  | HostInfo;

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

/** A property read. */
export interface Load {
  readonly unit: Unit;
  readonly object: Place;
  readonly key: string;
  readonly result: Place;
  /** What is read gets called at once. */
  readonly isCallee: boolean;
  readonly seen: Set<Value>;
}

/** Why a function or class suspends: the value whose call may block. */
export type Cause = Value | string;

export function newValue(meaning: Meaning): Value {
  return new Value(meaning);
}

/** What `value` stands for. */
export function meaningOf(value: Value): Meaning {
  return value.what as Meaning; // the graph knows kinds only; all values are made with a Meaning
}

/** The unit a value was written in; none for what is the host's or JavaScript's own. */
export function unitOf(meaning: Meaning): Unit | undefined {
  switch (meaning.kind) {
    case 'unit':
      return meaning;
    case 'generator':
      return meaning.info.unit;
    case 'host':
    case 'resolver':
      return undefined;
    default:
      return meaning.unit;
  }
}
