/**
 * Marks on function objects that nobody else can see: private names put there by return override.
 *
 * Not symbol properties: those are inherited by subclasses, tunnel through proxies (past an `apply`
 * trap) and show in reflection. A proxy or a bound function has no mark of its own.
 */
import type { Coroutine } from './op.ts';

/** The suspendable side of a function: same receiver and arguments, gives a coroutine of its value. */
// biome-ignore lint/suspicious/noExplicitAny: a border to script functions of any signature
export type Twin = (this: any, ...args: any[]) => Coroutine;

export type TwinKind = 'function' | 'async' | 'host';

class Overridden {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the private names go on the target
    return target;
  }
}

class TwinMark extends Overridden {
  #twin: Twin;
  #kind: TwinKind;
  #readsNewTarget: boolean;

  private constructor(target: object, twin: Twin, kind: TwinKind, readsNewTarget: boolean) {
    super(target);
    this.#twin = twin;
    this.#kind = kind;
    this.#readsNewTarget = readsNewTarget;
  }

  static put(target: object, twin: Twin, kind: TwinKind, readsNewTarget: boolean): void {
    if (!(#twin in target)) new TwinMark(target, twin, kind, readsNewTarget);
  }

  static twin(target: object): Twin | undefined {
    return #twin in target ? target.#twin : undefined;
  }

  static kind(target: object): TwinKind | undefined {
    return #kind in target ? target.#kind : undefined;
  }

  static readsNewTarget(target: object): boolean {
    return #readsNewTarget in target && target.#readsNewTarget;
  }
}

/** How a class is constructed by a coroutine. */
export interface Construction {
  /** The constructor's body: `(class, new.target, arguments, holder)`, `this` the object of a base class. */
  readonly twin: Twin;
  readonly isDerived: boolean;
  /** A derived class has private members that must be put on the parent's object. */
  readonly mustInstall: boolean;
}

class ConstructionMark extends Overridden {
  #construction: Construction | NativeConstruction;

  constructor(target: object, construction: Construction | NativeConstruction) {
    super(target);
    this.#construction = construction;
  }

  static get(target: object): Construction | NativeConstruction | undefined {
    return #construction in target ? target.#construction : undefined;
  }
}

/** Construction of a native class that calls back (`new Promise(executor)`). */
export type NativeConstruction = (
  newTarget: unknown,
  args: readonly unknown[],
) => Coroutine | undefined;

class StaticsMark extends Overridden {
  #statics: Twin;

  constructor(target: object, statics: Twin) {
    super(target);
    this.#statics = statics;
  }

  static get(target: object): Twin | undefined {
    return #statics in target ? target.#statics : undefined;
  }
}

class WrapperMark extends Overridden {
  #wrapper: object;

  constructor(target: object, wrapper: object) {
    super(target);
    this.#wrapper = wrapper;
  }

  static get(target: object): object | undefined {
    return #wrapper in target ? target.#wrapper : undefined;
  }
}

/** Ties a function to its twin; the first tie stays. */
export function putTwin(
  target: object,
  twin: Twin,
  kind: TwinKind = 'function',
  readsNewTarget = false,
): void {
  TwinMark.put(target, twin, kind, readsNewTarget);
}

/** Cost: one private-name check, ~20 ns. */
export const getTwin = TwinMark.twin;
export const getTwinKind = TwinMark.kind;
export const readsNewTarget = TwinMark.readsNewTarget;

export function putConstruction(target: object, value: Construction | NativeConstruction): void {
  if (ConstructionMark.get(target) === undefined) new ConstructionMark(target, value);
}
export const getConstruction = ConstructionMark.get;

export function putStatics(target: object, statics: Twin): void {
  new StaticsMark(target, statics);
}
export const getStatics = StaticsMark.get;

/** From the generator function behind a user's generator function to the function the program sees. */
export function putWrapper(target: object, wrapper: object): void {
  if (WrapperMark.get(target) === undefined) new WrapperMark(target, wrapper);
}
export const getWrapper = WrapperMark.get;
