/**
 * Construction by coroutines: `new` of classes whose constructor may suspend, `super()` into them, and
 * of functions with a twin.
 */
import { BlockingError } from './blocking-error.ts';
import type { Coroutine } from './op.ts';
import {
  type Construction,
  getConstruction,
  getTwin,
  getTwinKind,
  readsNewTarget,
} from './stamp.ts';

type Constructor = new (...args: unknown[]) => object;

/** What a derived constructor knows of its object: nothing before `super()`. */
export interface Holder {
  self: object | undefined;
}

/** First argument that tells a stub constructor to make the bare object only. */
export const BARE = Object.freeze(Object.create(null)) as object;

let pendingNewTarget: unknown;

/** `new.target` of the function whose twin begins to run now. */
export function takeNewTarget(): unknown {
  const target = pendingNewTarget;
  pendingNewTarget = undefined;
  return target;
}

export function giveNewTarget(target: unknown): void {
  pendingNewTarget = target;
}

/** True when `new value(...)` would not be refused. */
export function isConstructor(value: unknown): value is Constructor {
  if (typeof value !== 'function') return false;
  try {
    Reflect.construct(Object, [], value);
    return true;
  } catch {
    // The only cause is that `value` has no [[Construct]] (or a proxy that throws: then the real call will).
    return false;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** True when `new target()` may suspend. */
export function canConstruct(target: object): boolean {
  if (getConstruction(target) !== undefined) return true;
  return getTwinKind(target) === 'function' && Object.hasOwn(target, 'prototype');
}

/** The coroutine of `new target(...args)` with `newTarget`, or undefined if the native one will do. */
export function constructTwin(
  target: object,
  args: readonly unknown[],
  newTarget: unknown,
): Coroutine | undefined {
  const mark = getConstruction(target);
  if (typeof mark === 'function') return mark(newTarget, args);
  if (mark !== undefined) return constructClass(target as Constructor, mark, args, newTarget);
  if (getTwinKind(target) === 'function' && Object.hasOwn(target, 'prototype')) {
    return constructFunction(target, args, newTarget);
  }
  return undefined;
}

/** `Reflect.construct` as a coroutine. */
export function* construct(
  target: Constructor,
  args: readonly unknown[],
  newTarget: unknown,
): Coroutine<object> {
  const twin = constructTwin(target, args, newTarget);
  if (twin !== undefined) return (yield* twin) as object;
  const made = Reflect.construct(target, args, newTarget as Constructor);
  if (target !== newTarget && made instanceof Error) takeStack(made, newTarget);
  return made;
}

/** V8 leaves out the frames down to the class that is made, and never meets it: its twin is on the stack. */
function takeStack(error: Error, newTarget: unknown): void {
  const { prototype } = newTarget as Constructor;
  // Else the constructor gave back an error that was there before.
  if (Object.getPrototypeOf(error) !== prototype || !Object.isExtensible(error)) return;
  const mark = getConstruction(newTarget as object);
  if (mark === undefined || typeof mark === 'function') Error.captureStackTrace(error);
  else Error.captureStackTrace(error, mark.twin);
}

function* constructClass(
  target: Constructor,
  mark: Construction,
  args: readonly unknown[],
  newTarget: unknown,
): Coroutine {
  if (mark.isDerived) return yield* constructDerived(target, newTarget, args);
  const self = Reflect.construct(target, [BARE], newTarget as Constructor);
  return yield* constructBase(target, self, newTarget, args);
}

function constructionOf(target: object): Construction {
  const mark = getConstruction(target);
  if (mark === undefined || typeof mark === 'function') throw new TypeError('not a lowered class');
  return mark;
}

/** The body of a base class's constructor on the bare object. */
export function* constructBase(
  target: object,
  self: object,
  newTarget: unknown,
  args: readonly unknown[],
): Coroutine<object> {
  const { twin } = constructionOf(target);
  const result = yield* twin.call(self, target, newTarget, args, undefined);
  return isObject(result) ? result : self;
}

/** The body of a derived class's constructor. */
export function* constructDerived(
  target: object,
  newTarget: unknown,
  args: readonly unknown[],
): Coroutine<object> {
  const holder: Holder = { self: undefined };
  const { twin } = constructionOf(target);
  const result = yield* twin.call(undefined, target, newTarget, args, holder);
  if (isObject(result)) return result;
  if (result !== undefined) {
    throw new TypeError('Derived constructors may only return object or undefined');
  }
  return selfOf(holder);
}

/** `super(...args)` of a derived class: the parent's object with the class's own private members. */
export function* constructSuper(
  parent: unknown,
  target: Constructor,
  newTarget: unknown,
  args: readonly unknown[],
): Coroutine<object> {
  if (!isConstructor(parent)) {
    throw new TypeError(
      `Super constructor ${describe(parent)} of anonymous class is not a constructor`,
    );
  }
  const self = yield* construct(parent, args, newTarget);
  if (constructionOf(target).mustInstall) install(target, self, newTarget);
  return self;
}

function describe(value: unknown): string {
  return typeof value === 'function' ? value.toString() : String(value);
}

class Overridden {
  constructor(_self: object) {
    // biome-ignore lint/correctness/noConstructorReturn: puts private members on an existing object
    return _self;
  }
}

/**
 * Puts the private members of a derived class on an object. While it does, the class's parent is one
 * that gives back the object: the real one has already run.
 */
function install(target: Constructor, self: object, newTarget: unknown): void {
  const parent: unknown = Object.getPrototypeOf(target);
  Object.setPrototypeOf(target, Overridden);
  try {
    Reflect.construct(target, [BARE, self], newTarget as Constructor);
  } finally {
    Object.setPrototypeOf(target, parent as object | null);
  }
}

/** `this` in a derived constructor. */
export function selfOf(holder: Holder): object {
  if (holder.self === undefined) {
    throw new ReferenceError(
      "Must call super constructor in derived class before accessing 'this' or returning from derived constructor",
    );
  }
  return holder.self;
}

/** Binds `this` after `super()`. */
export function bindSelf(holder: Holder, self: object): object {
  if (holder.self !== undefined) {
    throw new ReferenceError('Super constructor may only be called once');
  }
  holder.self = self;
  return self;
}

function* constructFunction(
  target: object,
  args: readonly unknown[],
  newTarget: unknown,
): Coroutine<object> {
  const twin = getTwin(target);
  if (twin === undefined) throw new BlockingError('new');
  const prototype: unknown = Reflect.get(newTarget as object, 'prototype');
  const self = Object.create(isObject(prototype) ? prototype : Object.prototype) as object;
  const coroutine = twin.apply(self, [...args]);
  if (readsNewTarget(target)) giveNewTarget(newTarget);
  const result = yield* coroutine;
  return isObject(result) ? result : self;
}
