/**
 * The border between the may-block analysis and the emitter: what the host says blocks, and what the
 * analysis found out about a program. Both sides are written against these types only.
 */
import type * as acorn from 'acorn';

export type FunctionNode =
  | acorn.FunctionDeclaration
  | acorn.AnonymousFunctionDeclaration
  | acorn.FunctionExpression
  | acorn.ArrowFunctionExpression;

export type ClassNode =
  | acorn.ClassDeclaration
  | acorn.AnonymousClassDeclaration
  | acorn.ClassExpression;

/** What calling one member of a host module (or of a host object) may do. */
export interface HostMember {
  /** The call may suspend by itself (`sleep`, `ws.connect`). */
  readonly blocks?: boolean;
  /** It calls function arguments before it returns, and suspends with them (`group`, `ws.connect`). */
  readonly callsBack?: boolean;
  /** It calls functions found in properties of object arguments (`check`). */
  readonly callsBackProperties?: boolean;
  /** `BlockingTable.types` key of what a call returns (also: promise of, array of are not modelled). */
  readonly returns?: string;
  /** `BlockingTable.types` key of what `new` gives. */
  readonly constructs?: string;
  /** `BlockingTable.types` key of the member itself, when it is an object with members. */
  readonly type?: string;
}

/** Members by name; only those that block or lead to something that blocks need to be listed. */
export type HostMembers = Readonly<Record<string, HostMember>>;

export interface HostModuleTable {
  readonly named: HostMembers;
  /** The default export; usually the same members as `named`. */
  readonly default?: HostMember | undefined;
}

/** Everything of the host that can block, by module specifier. A module that is not listed never blocks. */
export interface BlockingTable {
  readonly modules: Readonly<Record<string, HostModuleTable>>;
  readonly types: Readonly<Record<string, HostMembers>>;
}

export interface AnalyzeContext {
  readonly code: string;
  readonly blocking: BlockingTable;
  /**
   * The unit (npm package, or '.' for the user's own files) of a position in `code`; '.' throughout
   * when nothing is known.
   */
  readonly unitAt: (position: number) => string;
}

export interface AnalysisResult {
  /**
   * Functions that get a twin. Never contains async generators. A class constructor is listed here as
   * its FunctionExpression and its class in `suspendableClasses`.
   */
  readonly suspendable: ReadonlySet<FunctionNode>;
  /** Classes whose construction may suspend: T constructor, may-block instance field, or implicit constructor over a T parent. */
  readonly suspendableClasses: ReadonlySet<ClassNode>;
  /**
   * Nodes at which the enclosing function (or the program) may suspend: CallExpression (also
   * `super()`, `JSON.stringify(x)` with a T toJSON), NewExpression, TaggedTemplateExpression,
   * ForOfStatement, YieldExpression with delegate, MemberExpression read or written through a T
   * accessor (the member node itself, not the assignment).
   * Import expressions and await are not listed. A node inside a field initialiser, a static block or
   * an async generator is listed too; the emitter lowers it or leaves it plain (error at the leaf).
   */
  readonly mayBlock: ReadonlySet<acorn.Node>;
  /** A statement outside every function contains a may-block node. */
  readonly programBlocks: boolean;
  /** Why a function suspends: a short chain such as `run -> helper -> sleep (k6)`, for --verbose. */
  readonly why: ReadonlyMap<FunctionNode, string>;
  /** Packages that count as blocking throughout, with the reason; '.' stands for the user's own files. */
  readonly widened?: ReadonlyMap<string, string>;
}

export type Analyze = (program: acorn.Program, context: AnalyzeContext) => AnalysisResult;
