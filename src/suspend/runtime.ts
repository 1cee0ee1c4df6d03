/**
 * The host's side of suspension: blocking functions, functions that call back, calls into user code,
 * and the compiled program.
 */
import { Script } from 'node:vm';
import { BlockingError, isSynchronous, runSync } from './blocking-error.ts';
import type { Coroutine, CoroutineHost, Op } from './op.ts';
import { createRealm, type Realm } from './realm.ts';
import { getTwin, getTwinKind, putTwin, type Twin } from './stamp.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** The suspendable side of a script (or host) function: a coroutine of its value, same receiver and arguments. */
export type FunctionTwin = (this: unknown, ...args: unknown[]) => Coroutine;

/** The twin of a function; undefined for functions that cannot suspend (call those directly). */
export function twinOf(fn: unknown): FunctionTwin | undefined {
  if (typeof fn !== 'function') return undefined;
  return getTwin(fn) as FunctionTwin | undefined;
}

/** True for `async` functions of the script, lowered or not. */
export function isAsyncFunction(fn: unknown): boolean {
  if (typeof fn !== 'function') return false;
  if (getTwinKind(fn) === 'async') return true;
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}

/** Calls a function of the script from a coroutine of the host. */
export function* callUser(
  fn: AnyFunction,
  thisArg: unknown,
  args: readonly unknown[],
): Generator<Op, unknown, unknown> {
  const twin = twinOf(fn);
  if (twin !== undefined) return yield* twin.apply(thisArg, [...args]);
  return Reflect.apply(fn, thisArg, [...args]);
}

/**
 * A blocking function of the host.
 *
 * @param make checks the arguments (may throw into the script) and makes the operation to wait for.
 *   Called where nothing can be suspended, the function throws a BlockingError, which the host gets too.
 */
export function leaf(
  host: CoroutineHost,
  name: string,
  make: (thisArg: unknown, args: readonly unknown[]) => Op,
): AnyFunction {
  const refuse = (): never => {
    const error = new BlockingError(name);
    host.reportBlocking(error);
    throw error;
  };
  const short = shortName(name);
  const fn = {
    [short](): never {
      return refuse();
    },
  }[short] as AnyFunction;
  putTwin(
    fn,
    function (this: unknown, ...args: unknown[]): Op {
      if (isSynchronous()) refuse();
      return make(this, args);
    } as unknown as Twin,
    'host',
  );
  return fn;
}

/**
 * A function of the host that calls back into the script, or waits in the middle, written as a
 * coroutine. From native code it runs synchronously.
 */
export function hostFunction<A extends unknown[]>(
  _host: CoroutineHost,
  name: string,
  length: number,
  body: (this: unknown, ...args: A) => Coroutine,
): AnyFunction {
  const short = shortName(name);
  const fn = {
    [short](this: unknown, ...args: unknown[]): unknown {
      return runSync(body.apply(this, args as A));
    },
  }[short] as AnyFunction;
  Object.defineProperty(fn, 'length', { value: length, configurable: true });
  putTwin(fn, body as unknown as Twin, 'host');
  return fn;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** How a program runs for one VU. */
export type ProgramKind =
  /** `instantiate` returns the namespace. */
  | 'plain'
  /** It returns a coroutine of the namespace. */
  | 'coroutine'
  /** It returns a promise of the namespace (top-level await). */
  | 'async';

export interface CompiledProgram {
  readonly kind: ProgramKind;
  /**
   * Runs the program for one VU.
   *
   * @param importModule gives the host module of a specifier.
   * @param globals values of the per-VU globals, in the order the transform was given their names.
   */
  instantiate(
    host: CoroutineHost,
    importModule: (specifier: string) => unknown,
    ...globals: readonly unknown[]
  ): unknown;
}

let realm: Realm | undefined;

/** Compiles the output of the transform; once per thread. Errors and frames carry `fileName`. */
export function compileProgram(code: string, fileName: string): CompiledProgram {
  realm ??= createRealm(globalThis);
  const factory: unknown = new Script(code, { filename: fileName }).runInThisContext();
  return (factory as (realm: Realm) => CompiledProgram)(realm);
}
