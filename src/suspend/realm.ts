/**
 * The helpers that transformed code calls, for one realm (the worker's own, or a vm context's).
 *
 * The names are short because they occur thousands of times in a bundle; the table below is their
 * only definition. Errors are those of the realm, so that `instanceof` holds in the script.
 */
import { Awaited, PromiseGate, promiseIntrinsics } from './async-run.ts';
import { isSynchronous, runSync } from './blocking-error.ts';
import {
  BARE,
  bindSelf,
  canConstruct,
  constructBase,
  constructDerived,
  constructSuper,
  constructTwin,
  giveNewTarget,
  type Holder,
  isConstructor,
  selfOf,
  takeNewTarget,
} from './construct.ts';
import { callMethod, Delegate, GeneratorObjects, Yielded } from './generator-object.ts';
import { AsyncIteration, destructure, iterate, spread } from './iteration.ts';
import { stampNatives } from './natives.ts';
import { type Coroutine, type CoroutineHost, Op, type Resumer } from './op.ts';
import {
  getStatics,
  getTwin,
  putConstruction,
  putStatics,
  putTwin,
  putWrapper,
  type Twin,
} from './stamp.ts';

/** Helpers in scope of the whole program, by the name the emitter uses (behind its prefix). */
export type Helpers = Readonly<Record<string, unknown>>;

export interface Realm {
  readonly helpers: Helpers;
  /** Helpers that belong to one VU: promise reactions. */
  helpersFor(host: CoroutineHost): Helpers;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Makes the helpers of a realm; puts invisible marks on the natives of it that call back. Once per realm. */
export function createRealm(realm: typeof globalThis): Realm {
  const intrinsics = promiseIntrinsics(realm);
  const evaluate = realm.Function;
  const generatorFunction = evaluate('return function*(){}')() as object;
  const asyncFunction = evaluate('return async function(){}')() as object;
  const generatorFunctionPrototype = Object.getPrototypeOf(generatorFunction) as {
    prototype: object;
  };
  const asyncFunctionPrototype = Object.getPrototypeOf(asyncFunction) as object;
  const generators = new GeneratorObjects(
    generatorFunctionPrototype,
    generatorFunctionPrototype.prototype,
  );
  const bind = realm.Function.prototype.bind;
  const { TypeError: RealmTypeError, ReferenceError: RealmReferenceError } = realm;
  stampNatives(realm);

  /** Sharing one prototype spares V8 a map and an object per closure on its first call. */
  const prepare = (twin: Twin): void => {
    twin.prototype = generators.prototype;
  };
  const mark = (wrapper: object, twin: Twin): object => {
    prepare(twin);
    putTwin(wrapper, twin);
    return wrapper;
  };
  const bindWithTwin = (fn: AnyFunction, args: readonly unknown[]): unknown => {
    const bound: unknown = Reflect.apply(bind, fn, args);
    const twin = getTwin(fn);
    const [self, ...first] = args;
    if (twin !== undefined) {
      putTwin(bound as object, (...rest) => twin.apply(self, [...first, ...rest]));
    }
    const isNewable = twin !== undefined || canConstruct(fn);
    if (isNewable && isConstructor(bound)) {
      putConstruction(bound, (newTarget, rest) =>
        constructTwin(fn, [...first, ...rest], newTarget === bound ? fn : newTarget),
      );
    }
    return bound;
  };

  const boundWithTwin = function (this: AnyFunction, ...args: unknown[]): unknown {
    return bindWithTwin(this, args);
  };

  const helpers: Record<string, unknown> = {
    // functions
    m: mark,
    mn(wrapper: object, twin: Twin): object {
      prepare(twin);
      putTwin(wrapper, twin, 'function', true);
      return wrapper;
    },
    mg(wrapper: object, twin: Twin): object {
      prepare(twin);
      putWrapper(twin, wrapper);
      generators.adopt(wrapper);
      return wrapper;
    },
    s: runSync,
    sn(coroutine: Coroutine, newTarget: unknown): unknown {
      giveNewTarget(newTarget);
      return runSync(coroutine);
    },
    nt: takeNewTarget,
    dn(fn: unknown): void {
      if (typeof fn !== 'function') return;
      helperName(fn, 'default');
      const twin = getTwin(fn);
      if (twin !== undefined) helperName(twin, 'default');
    },
    tw(fn: unknown, name: string): Twin {
      if (typeof fn === 'function') return getTwin(fn) ?? plainTwin(fn);
      return () => {
        throw new RealmTypeError(`${name} is not a function`);
      };
    },
    co(fn: unknown, name: string): unknown {
      if (typeof fn === 'function') return getTwin(fn);
      return () => {
        throw new RealmTypeError(`${name} is not a function`);
      };
    },
    call: (fn: AnyFunction, self: unknown, args: unknown[]): unknown =>
      Reflect.apply(fn, self, args),
    nm(fn: object, key: unknown): object {
      const name = typeof key === 'symbol' ? symbolName(key) : String(key);
      Object.defineProperty(fn, 'name', { value: name, configurable: true });
      return fn;
    },
    pk: (key: unknown): PropertyKey => (typeof key === 'symbol' ? key : toPropertyKey(key)),
    tpl: (...parts: unknown[]): unknown[] => parts,
    bf(object: unknown): unknown {
      const method: unknown = (object as { bind: unknown }).bind;
      return method === bind && typeof object === 'function' ? boundWithTwin : method;
    },
    bi(object: unknown, key: string, args: unknown[]): unknown {
      const method: unknown = (object as Record<string, unknown>)[key];
      if (method === bind && typeof object === 'function') {
        return bindWithTwin(object as AnyFunction, args);
      }
      if (typeof method !== 'function') {
        throw new RealmTypeError(`(intermediate value).${key} is not a function`);
      }
      return Reflect.apply(method, object, args);
    },
    probe: (): Iterable<Op> => (isSynchronous() ? [] : new Probe()),

    // names on the global object
    gc(global: object, name: string): object {
      if (!(name in global)) throw new RealmReferenceError(`${name} is not defined`);
      return global;
    },
    gv(global: Record<string, unknown>, name: string): unknown {
      if (!(name in global)) throw new RealmReferenceError(`${name} is not defined`);
      return global[name];
    },
    imp(module: { named: Readonly<Record<string, unknown>> }, name: string): unknown {
      return Object.hasOwn(module.named, name) ? module.named[name] : null;
    },
    ns: (module: { named: Readonly<Record<string, unknown>>; default: unknown }): object => ({
      ...module.named,
      default: module.default,
    }),
    di(importer: (specifier: string) => unknown, specifier: unknown): Promise<unknown> {
      const load = async (): Promise<unknown> => importer(String(specifier));
      return intrinsics.Promise.resolve(load()).then((module) =>
        Object.assign(Object.create(null) as object, (module as { named: object }).named, {
          default: (module as { default: unknown }).default,
        }),
      );
    },

    // objects and classes
    cp: copyMembers,
    da(
      object: object,
      key: unknown,
      kind: 'get' | 'set' | 'method',
      make: (home: object) => Twin | object,
    ): void {
      const name = typeof key === 'symbol' ? key : toPropertyKey(key);
      const made = make(object);
      if (kind === 'method') {
        if (Object.getOwnPropertyDescriptor(made, 'name')?.value === '') helperName(made, name);
        Object.defineProperty(object, name, {
          value: made,
          writable: true,
          enumerable: true,
          configurable: true,
        });
        return;
      }
      const accessor = accessorOf(kind, name, made as Twin);
      mark(accessor, made as Twin);
      Object.defineProperty(object, name, {
        [kind]: accessor,
        enumerable: true,
        configurable: true,
      });
    },
    cm(
      object: object,
      key: PropertyKey,
      kind: 'get' | 'set' | 'method',
      twin: Twin,
      stamp: (wrapper: object, twin: Twin) => object,
    ): void {
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      const fn: unknown = kind === 'method' ? descriptor?.value : descriptor?.[kind];
      if (typeof fn === 'function') stamp(fn, twin);
    },
    mc(cls: object, twin: Twin, isDerived: boolean, mustInstall: boolean): void {
      prepare(twin);
      putConstruction(cls, { twin, isDerived, mustInstall });
    },
    ms: putStatics,
    *rs(cls: object): Coroutine<object> {
      const statics = getStatics(cls);
      if (statics !== undefined) yield* statics.call(cls);
      return cls;
    },
    cn(target: unknown, name: string): unknown {
      if (typeof target !== 'function') throw new RealmTypeError(`${name} is not a constructor`);
      return canConstruct(target) ? constructCall : undefined;
    },
    nw(target: new (...args: unknown[]) => object, args: unknown[], name: string): object {
      if (!Object.hasOwn(target, 'prototype') && !isConstructor(target)) {
        throw new RealmTypeError(`${name} is not a constructor`);
      }
      return Reflect.construct(target, args);
    },
    cb: constructBase,
    cd: constructDerived,
    sc: constructSuper,
    gp: (cls: object): unknown => Object.getPrototypeOf(cls),
    bs: bindSelf,
    ck: selfOf,
    tok: BARE,
    df(object: object, key: PropertyKey, value: unknown): void {
      Object.defineProperty(object, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
    ph: (_key: PropertyKey): symbol => PLACEHOLDER,
    rm(cls: object): void {
      Reflect.deleteProperty(cls, PLACEHOLDER);
    },
    sh: (home: object, self: unknown): object => superReference(home, () => self),
    sd: (home: object, holder: Holder): object => superReference(home, () => selfOf(holder)),
    sr: (
      get: (key: PropertyKey) => unknown,
      set: (key: PropertyKey, value: unknown) => unknown,
    ): object =>
      new Proxy(Object.create(null) as object, {
        get: (_target, key) => get(key),
        set: (_target, key, value) => {
          set(key, value);
          return true;
        },
      }),
    ar(args: readonly unknown[]): unknown {
      return (
        function (this: unknown): unknown {
          // biome-ignore lint/complexity/noArguments: an arguments object is what is wanted
          return arguments;
        } as AnyFunction
      )(...args);
    },

    // accessors
    *gt(object: unknown, key: PropertyKey): Coroutine {
      const getter = accessorIn(object, key, 'get');
      if (getter !== undefined) return yield* getter.call(receiverOf(object));
      return (object as Record<PropertyKey, unknown>)[key];
    },
    *st(object: unknown, key: PropertyKey, value: unknown): Coroutine {
      const setter = accessorIn(object, key, 'set');
      if (setter !== undefined) yield* setter.call(receiverOf(object), value);
      else (object as Record<PropertyKey, unknown>)[key] = value;
      return value;
    },
    num: (value: unknown): unknown => (typeof value === 'bigint' ? value : toNumeric(value)),
    inc: (value: unknown): unknown => step(value, 1),
    dec: (value: unknown): unknown => step(value, -1),

    // generators and loops
    gen: (twin: object, body: Generator<Op | Yielded, unknown, unknown>): object =>
      generators.create(twin, body),
    yv: (value: unknown): Yielded => new Yielded(value),
    dl: (iterable: unknown): Delegate => new Delegate(iterable),
    io: iterate,
    sp: spread,
    ds: destructure,
    ia: (iterable: unknown): AsyncIteration => new AsyncIteration(iterable),
    aw: (value: unknown): Awaited => new Awaited(value),
  };

  const helpersFor = (host: CoroutineHost): Helpers => {
    const gate = new PromiseGate(host, intrinsics);
    type Body = Iterator<Op | Awaited, unknown, unknown>;
    return {
      as: (body: Body): Promise<unknown> => gate.startSync(body),
      ta: (body: Body): Coroutine => gate.start(body),
      tla: (body: Body): Promise<unknown> => gate.startTopLevel(body),
      ma(wrapper: object, body: Twin): object {
        prepare(body);
        Object.setPrototypeOf(wrapper, asyncFunctionPrototype);
        const twin = function (this: unknown, ...args: unknown[]): Coroutine {
          return gate.start(body.apply(this, args) as unknown as Body);
        };
        putTwin(wrapper, twin as Twin, 'async');
        return wrapper;
      },
      tf: (object: unknown, key: 'then' | 'catch' | 'finally'): unknown => gate.method(object, key),
      tc(object: unknown, key: 'then' | 'catch' | 'finally', args: unknown[]): unknown {
        const method = gate.method(object, key);
        if (typeof method !== 'function') {
          throw new RealmTypeError(`(intermediate value).${key} is not a function`);
        }
        return Reflect.apply(method, object, args);
      },
    };
  };
  return { helpers, helpersFor };
}

const PLACEHOLDER = Symbol('key');

function constructCall(target: object, args: readonly unknown[]): unknown {
  return constructTwin(target, args, target) ?? nativeConstruct(target, args);
}

function* nativeConstruct(target: object, args: readonly unknown[]): Coroutine {
  yield* [];
  return Reflect.construct(target as new (...args: unknown[]) => object, args);
}

/** A twin for a function that has none, so that a direct call may always delegate. */
function plainTwin(fn: object): Twin {
  return function* (this: unknown, ...args: unknown[]): Coroutine {
    return yield* callMethod(fn, this, args);
  } as Twin;
}

function symbolName(key: symbol): string {
  return key.description === undefined ? '' : `[${key.description}]`;
}

function helperName(fn: object, key: PropertyKey): void {
  const value = typeof key === 'symbol' ? symbolName(key) : String(key);
  Object.defineProperty(fn, 'name', { value, configurable: true });
}

function toPropertyKey(key: unknown): PropertyKey {
  // An object key is turned into a string (or symbol) exactly once.
  let found: PropertyKey = '';
  const probe = new Proxy(
    {},
    {
      has(_target, name) {
        found = name;
        return true;
      },
    },
  );
  void ((key as PropertyKey) in probe);
  return found;
}

function copyMembers(target: object, more: object): void {
  if (Object.getPrototypeOf(more) !== Object.prototype) {
    Object.setPrototypeOf(target, Object.getPrototypeOf(more) as object | null);
  }
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(more));
}

function accessorOf(kind: 'get' | 'set', key: PropertyKey, twin: Twin): object {
  const holder =
    kind === 'get'
      ? {
          get [key](): unknown {
            return runSync(twin.call(this));
          },
        }
      : {
          set [key](value: unknown) {
            runSync(twin.call(this, value));
          },
        };
  const accessor = Object.getOwnPropertyDescriptor(holder, key)?.[kind];
  if (accessor === undefined) throw new TypeError('an accessor was just defined');
  return accessor;
}

/** The twin of the accessor that `object[key]` would run, if it has one. */
function accessorIn(object: unknown, key: PropertyKey, kind: 'get' | 'set'): Twin | undefined {
  if (object === undefined || object === null) return undefined;
  let holder: object | null = superReferences.get(object as object)?.parent() ?? Object(object);
  while (holder !== null) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) {
      const accessor = descriptor[kind];
      return accessor === undefined ? undefined : getTwin(accessor);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return undefined;
}

function toNumeric(value: unknown): unknown {
  // `-(-x)` converts like `++` does: objects to primitives, big integers stay.
  const negative: unknown = -(value as number);
  return typeof negative === 'bigint' ? -negative : -(negative as number);
}

function step(value: unknown, by: 1 | -1): unknown {
  const numeric = toNumeric(value);
  return typeof numeric === 'bigint' ? numeric + BigInt(by) : (numeric as number) + by;
}

/** `super` as an object: reads and writes go to the home object's prototype with the right receiver. */
function superReference(home: object, self: () => unknown): object {
  const parent = (): object => {
    const found = Object.getPrototypeOf(home) as object | null;
    if (found === null) throw new TypeError("Cannot read properties of null (reading 'super')");
    return found;
  };
  const reference = new Proxy(Object.create(null) as object, {
    get: (_target, key) => Reflect.get(parent(), key, self()),
    set: (_target, key, value) => Reflect.set(parent(), key, value, self()),
    deleteProperty() {
      throw new ReferenceError('Unsupported reference to super');
    },
  });
  superReferences.set(reference, { parent, self });
  return reference;
}

interface SuperReference {
  parent(): object;
  self(): unknown;
}

const superReferences = new WeakMap<object, SuperReference>();

/** Whom an accessor reached through `super` is about. */
function receiverOf(object: unknown): unknown {
  const reference = superReferences.get(object as object);
  return reference === undefined ? object : reference.self();
}

/** A suspension that ends by itself: tests put one at the beginning of every twin. */
class Probe extends Op {
  start(resumer: Resumer): void {
    resumer.ok(undefined);
  }

  cancel(): void {}
}
