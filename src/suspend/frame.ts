/**
 * What the emitter knows while it walks: the program-wide facts and the function it is in.
 */
import type * as acorn from 'acorn';
import type { AnalysisResult, FunctionNode } from './analysis-result.ts';
import type { Rope } from './rope.ts';
import type { Binding, ScopeTree } from './scope.ts';

/** Generated local variables of one emitted function, taken and given back like a stack. */
export class Temps {
  readonly #prefix: string;
  #used = 0;
  #max = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  take(): string {
    const name = this.#prefix + this.#used++;
    if (this.#used > this.#max) this.#max = this.#used;
    return name;
  }

  release(count: number): void {
    this.#used -= count;
  }

  get isUsed(): boolean {
    return this.#max > 0;
  }

  /** `let a,b;` for everything ever taken, or nothing. */
  declaration(): string {
    if (this.#max === 0) return '';
    return `let ${Array.from({ length: this.#max }, (_, i) => this.#prefix + i).join(',')};`;
  }
}

/** The derived constructor twin that code is in: its `super()` and `this` are not the native ones. */
export interface DerivedConstructor {
  /** Variable that holds `{ self }`. */
  readonly holder: string;
  readonly classVariable: string;
  readonly newTargetVariable: string;
  /** Expression that gives the coroutine function of the field initialisers, if there are any. */
  readonly fields: string | undefined;
}

/** The emitted function that code is in. Undefined texts mean: the native construct works as it is. */
export interface Frame {
  /** The emitted function is a generator twin: `yield*` may be used. */
  readonly canSuspend: boolean;
  /** `await` becomes a marked yield. */
  readonly isAsync: boolean;
  /** The user's own `yield` becomes a marked yield. */
  readonly isGenerator: boolean;
  readonly thisText: string | undefined;
  readonly argumentsText: string | undefined;
  readonly newTargetText: string | undefined;
  readonly superText: string | undefined;
  /** A plain function that stands for `super(...)` (an arrow function in a native derived constructor). */
  readonly superCallText: string | undefined;
  readonly derived: DerivedConstructor | undefined;
  /** Inside the native constructor of a derived class: `this` may not be read ahead of time. */
  readonly isNativeDerived: boolean;
  readonly temps: Temps;
}

/** How a constant name can be called without a look-up at run time. */
export interface StaticTwin {
  readonly name: string;
  /** `async`: the twin is the bare body, which the async driver has to run. */
  readonly kind: 'function' | 'async';
}

/** Names (without `#`) of the private generator methods that are twins of a private member. */
export interface PrivateTwins {
  method?: string;
  /** Runtime helper that stamps the method. */
  marker?: string;
  get?: string;
  set?: string;
}

/** A name for an anonymous function: known text, or a variable that holds the property key. */
export type NameHint = { readonly text: string } | { readonly variable: string } | undefined;

export interface Program {
  readonly source: string;
  readonly prefix: string;
  readonly scopes: ScopeTree;
  readonly analysis: AnalysisResult;
  readonly staticTwins: ReadonlyMap<Binding, StaticTwin>;
  /** Free names that live on the per-VU global object. */
  readonly globalNames: ReadonlySet<string>;
  readonly globalObject: string;
  /** Something in the program can suspend. */
  readonly suspends: boolean;
  /** Async functions are lowered and promise callbacks gated. */
  readonly gatesPromises: boolean;
  /** Tests: every twin begins with a forced suspension. */
  readonly probes: boolean;
  /** Temps of code that has no function body of its own to declare them in. */
  readonly programTemps: Temps;
  /** Something in [start, end) has to be rewritten even in a plain function. */
  isDirty(node: acorn.Node): boolean;
  nextId(): number;
}

/** The emitter as its parts see it. */
export interface Emitter {
  readonly program: Program;
  /** Name of a runtime helper or generated variable. */
  helper(name: string): string;
  emit(node: acorn.Node, frame: Frame): Rope;
  /** As `emit`, in parentheses if the expression is a sequence. */
  argument(node: acorn.Node, frame: Frame): Rope;
  /** An expression that takes a name from its context if it is an anonymous function or class. */
  named(node: acorn.Node, frame: Frame, hint: NameHint): Rope;
  /** Arguments of a call, without parentheses. */
  argumentList(nodes: readonly acorn.Node[], frame: Frame): Rope;
  /** Children rewritten, everything between verbatim. */
  children(node: acorn.Node, frame: Frame): Rope;
  /** The statements of a block or function body, from `start` to `end`. */
  statements(
    list: readonly acorn.Node[],
    frame: Frame,
    start: number,
    end: number,
    isFunctionTop: boolean,
  ): Rope;
  isLowered(node: FunctionNode): boolean;
  /** The node suspends here: it is may-block and the frame can. */
  blocks(node: acorn.Node, frame: Frame): boolean;
  /** Twins of a private member of the classes around, if it is lowered: names without `#`. */
  privateTwins(name: string): PrivateTwins | undefined;
  /** Runs `body` inside a class whose lowered private members are `twins`. */
  inClass<T>(twins: ReadonlyMap<string, PrivateTwins | undefined>, body: () => T): T;
}

export function plainFrame(prefix: string): Frame {
  return {
    canSuspend: false,
    isAsync: false,
    isGenerator: false,
    thisText: undefined,
    argumentsText: undefined,
    newTargetText: undefined,
    superText: undefined,
    superCallText: undefined,
    derived: undefined,
    isNativeDerived: false,
    temps: new Temps(prefix),
  };
}

/** True when plain code in this frame cannot be copied verbatim. */
export function rewritesEverything(frame: Frame): boolean {
  return (
    frame.canSuspend ||
    frame.isAsync ||
    frame.isGenerator ||
    frame.thisText !== undefined ||
    frame.argumentsText !== undefined ||
    frame.newTargetText !== undefined ||
    frame.superText !== undefined ||
    frame.derived !== undefined
  );
}

export function slice(start: number, end: number): Rope {
  return { start, end };
}

export function whole(node: acorn.Node): Rope {
  return { start: node.start, end: node.end };
}

/** A node with given ropes in the places of some children, verbatim around them. */
export function between(node: acorn.Node, parts: readonly (readonly [acorn.Node, Rope])[]): Rope {
  const rope: Rope[] = [];
  let at = node.start;
  for (const [child, text] of parts) {
    rope.push(slice(at, child.start), text);
    at = child.end;
  }
  rope.push(slice(at, node.end));
  return rope;
}

/** Generated text that errors and frames attribute to a place of the source. */
export function placed(text: string, at: number): Rope {
  return { text, at };
}

/** The text of an expression that was generated in one piece, undefined for one that stays as written. */
export function generatedText(rope: Rope): string | undefined {
  if (typeof rope === 'string') return rope;
  return 'text' in rope ? rope.text : undefined;
}

export function isNode<T extends acorn.AnyNode['type']>(
  node: acorn.Node | null | undefined,
  type: T,
): node is Extract<acorn.AnyNode, { type: T }> {
  return node?.type === type;
}
