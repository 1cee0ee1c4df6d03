/**
 * Runs a program twice: as written with blocking functions that really block (they compute their
 * result at once), and transformed with blocking functions that suspend, on several interleaved VUs.
 * Both must leave the same trace.
 */
import type { BlockingTable } from '../analysis-result.ts';
import { type Coroutine, type CoroutineHost, Op, type Resumer } from '../op.ts';
import { type CompiledProgram, callUser, compileProgram, hostFunction, leaf } from '../runtime.ts';
import { type SuspendMode, transformProgram } from '../transform.ts';

/** The test module: `block(x)` waits and gives x, `blockThrow(e)` waits and throws, `each(fn, n)` calls back. */
export const HOST_TABLE: BlockingTable = {
  modules: {
    host: {
      named: {
        block: { blocks: true },
        blockThrow: { blocks: true },
        each: { callsBack: true },
        client: { type: 'Client' },
      },
      default: { type: 'Host' },
    },
  },
  types: {
    Host: { block: { blocks: true }, each: { callsBack: true } },
    Client: { get: { blocks: true } },
  },
};

export interface RunOptions {
  readonly mode: SuspendMode;
  readonly probes?: boolean;
  readonly vus?: number;
  readonly iterations?: number;
}

type Trace = string[];
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** One blocking call in flight; the harness ends them in turn. */
class WaitOp extends Op {
  readonly #world: World;
  readonly #end: (resumer: Resumer) => void;

  constructor(world: World, end: (resumer: Resumer) => void) {
    super();
    this.#world = world;
    this.#end = end;
  }

  start(resumer: Resumer): void {
    this.#world.ready.push(() => this.#end(resumer));
  }

  cancel(): void {}
}

/** What the interleaved VUs share: the operations that can end. */
class World {
  readonly ready: (() => void)[] = [];

  async run(): Promise<void> {
    for (;;) {
      // All promise reactions get their chance while everything else waits.
      await nextMacrotask();
      const next = this.ready.shift();
      if (next !== undefined) next();
      if (next === undefined && this.ready.length === 0) return;
    }
  }
}

/** A VU with nothing but what coroutines need. */
export class TestVu implements CoroutineHost {
  readonly #world: World;
  readonly #jobs: (() => Coroutine | undefined)[] = [];
  readonly reported: Error[] = [];
  readonly #blocked = new Set<Coroutine>();
  #isDraining = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Callbacks of `later` that did not run yet. */
  timers = 0;

  get isIdle(): boolean {
    return this.#blocked.size === 0 && this.#jobs.length === 0 && this.timers === 0;
  }

  get isBlocked(): boolean {
    return this.#blocked.size > 0;
  }

  defer(job: () => Coroutine | undefined): void {
    this.#jobs.push(job);
  }

  spawn(coroutine: Coroutine, resumer: Resumer): void {
    this.#step(coroutine, resumer, () => coroutine.next());
  }

  reportBlocking(error: Error): void {
    this.reported.push(error);
  }

  #step(coroutine: Coroutine, resumer: Resumer, advance: () => IteratorResult<Op, unknown>): void {
    this.#blocked.delete(coroutine);
    let step: IteratorResult<Op, unknown>;
    try {
      step = advance();
    } catch (error) {
      resumer.fail(error);
      this.#drain();
      return;
    }
    if (step.done === true) {
      resumer.ok(step.value);
      this.#drain();
      return;
    }
    // Waiting for a promise is not blocking: the function is over, the VU runs its event loop.
    if (step.value instanceof IdleOp) this.#drain();
    else this.#blocked.add(coroutine);
    const again = (next: () => IteratorResult<Op, unknown>): void => {
      this.#world.ready.push(() => this.#step(coroutine, resumer, next));
    };
    step.value.start({
      ok: (value) => again(() => coroutine.next(value)),
      fail: (error) =>
        again(() => {
          if (coroutine.throw === undefined) throw error;
          return coroutine.throw(error);
        }),
    });
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    while (!this.isBlocked) {
      const job = this.#jobs.shift();
      if (job === undefined) break;
      const coroutine = job();
      if (coroutine !== undefined) this.spawn(coroutine, { ok() {}, fail() {} });
    }
    this.#isDraining = false;
  }
}

const GLOBALS = ['log', 'later', 'globalThis'] as const;

/** Trace of the program as written. */
export async function runOriginal(code: string, iterations = 1): Promise<Trace> {
  const trace: Trace = [];
  const output = transformProgram({
    code,
    fileName: 'file:///original.js',
    blocking: { modules: {}, types: {} },
    mode: 'auto',
    instanceGlobals: GLOBALS,
  });
  const named = {
    block: (value: unknown) => value,
    blockThrow: (error: unknown) => {
      throw error;
    },
    each(fn: AnyFunction, count: number) {
      const results: unknown[] = [];
      for (let i = 0; i < count; i++) results.push(fn(i));
      return results;
    },
    client: { get: (value: unknown) => value },
    missing: undefined,
  };
  const world = new World();
  const vu = new TestVu(world);
  const values = globals(trace, world, vu);
  const program = compileProgram(output.code, 'file:///original.js');
  try {
    const made = await program.instantiate(vu, () => ({ named, default: named }), ...values);
    const main = (made as { default?: AnyFunction }).default;
    for (let i = 0; i < iterations && main !== undefined; i++) {
      const value = main(i);
      trace.push(`= ${show(value instanceof Promise ? await value : value)}`);
      await world.run();
    }
  } catch (error) {
    trace.push(`! ${show(error)}`);
  }
  await world.run();
  return trace;
}

/** Traces of the transformed program, one per VU. */
export async function runTransformed(code: string, options: RunOptions): Promise<Trace[]> {
  const output = transformProgram({
    code,
    fileName: 'file:///transformed.js',
    blocking: HOST_TABLE,
    mode: options.mode,
    instanceGlobals: GLOBALS,
    ...(options.probes === undefined ? {} : { probes: options.probes }),
  });
  const world = new World();
  const program = compileProgram(output.code, 'file:///transformed.js');
  const traces: Trace[] = [];
  for (let i = 0; i < (options.vus ?? 2); i++) {
    const trace: Trace = [];
    traces.push(trace);
    const vu = new TestVu(world);
    const named = hostModule(world, vu);
    const importer = (): unknown => ({ named, default: named });
    const made = (): unknown => program.instantiate(vu, importer, ...globals(trace, world, vu));
    vu.spawn(iterate(vu, program.kind, made, trace, options.iterations ?? 1), {
      ok() {},
      fail: (error) => trace.push(`! ${show(error)}`),
    });
  }
  await world.run();
  return traces;
}

/** What a program logged, as values: transformed in mode `auto`, run once on one VU. */
export async function runCode(code: string): Promise<unknown[][]> {
  const output = transformProgram({
    code,
    fileName: 'file:///script.js',
    blocking: HOST_TABLE,
    mode: 'auto',
    instanceGlobals: ['log', 'globalThis'],
  });
  const seen: unknown[][] = [];
  const own: Record<string, unknown> = {};
  await runCompiled(output, () => [(...values: unknown[]) => void seen.push(values), own]);
  return seen;
}

/** Runs the default function of a program once, on one VU that has `globals`. */
export async function runCompiled(
  source: CompiledProgram | { readonly code: string },
  makeGlobals: (vu: TestVu) => unknown[],
): Promise<TestVu> {
  const program = 'code' in source ? compileProgram(source.code, 'file:///script.js') : source;
  const world = new World();
  const vu = new TestVu(world);
  const named = hostModule(world, vu);
  const made = (): unknown =>
    program.instantiate(vu, () => ({ named, default: named }), ...makeGlobals(vu));
  let failure: { readonly error: unknown } | undefined;
  vu.spawn(iterate(vu, program.kind, made, [], 1), {
    ok() {},
    fail(error) {
      failure = { error };
    },
  });
  await world.run();
  if (failure !== undefined) throw failure.error;
  return vu;
}

function* iterate(
  vu: TestVu,
  kind: string,
  instantiate: () => unknown,
  trace: Trace,
  iterations: number,
): Generator<Op, unknown, unknown> {
  let made = instantiate();
  if (kind === 'coroutine') made = yield* made as Generator<Op, unknown, unknown>;
  else if (kind === 'async') made = yield* idle(made as Promise<unknown>);
  const main = (made as { default?: AnyFunction }).default;
  for (let i = 0; i < iterations && main !== undefined; i++) {
    let value = yield* callUser(main, undefined, [i]);
    if (value instanceof Promise) value = yield* idle(value);
    trace.push(`= ${show(value)}`);
    // The iteration is over when nothing of it is left to do.
    do yield* idle(nextMacrotask());
    while (!vu.isIdle);
  }
  return undefined;
}

/** All reactions that can run have run. */
function nextMacrotask(): Promise<unknown> {
  return new Promise((resolve) => setImmediate(resolve));
}

class IdleOp extends Op {
  readonly #promise: Promise<unknown>;

  constructor(promise: Promise<unknown>) {
    super();
    this.#promise = promise;
  }

  start(resumer: Resumer): void {
    this.#promise.then(
      (value) => resumer.ok(value),
      (error) => resumer.fail(error),
    );
  }

  cancel(): void {}
}

/** Waits for a promise while the VU counts as free. */
function* idle(promise: Promise<unknown>): Generator<Op, unknown, unknown> {
  return yield* new IdleOp(promise);
}

function hostModule(world: World, vu: CoroutineHost): Record<string, unknown> {
  return {
    block: leaf(vu, 'block', (_self, [value]) => new WaitOp(world, (resumer) => resumer.ok(value))),
    blockThrow: leaf(
      vu,
      'blockThrow',
      (_self, [error]) => new WaitOp(world, (resumer) => resumer.fail(error)),
    ),
    each: hostFunction(vu, 'each', 2, function* (fn: AnyFunction, count: number): Coroutine {
      const results: unknown[] = [];
      for (let i = 0; i < count; i++) results.push(yield* callUser(fn, undefined, [i]));
      return results;
    }),
    client: {
      get: leaf(vu, 'client.get', (_self, [value]) => {
        return new WaitOp(world, (resumer) => resumer.ok(value));
      }),
    },
  };
}

/** `log` and `later` (a macrotask) of one VU, and its global object. */
function globals(trace: Trace, world: World, vu: TestVu): unknown[] {
  const log = (...values: unknown[]): void => {
    trace.push(values.map(show).join(' '));
  };
  const later = (fn: AnyFunction): void => {
    vu.timers++;
    world.ready.push(() => {
      vu.timers--;
      const run = (): Coroutine => callUser(fn, undefined, []);
      if (vu.isBlocked) vu.defer(run);
      else vu.spawn(run(), { ok() {}, fail: (error) => trace.push(`! ${show(error)}`) });
    });
  };
  const own: Record<string, unknown> = Object.create(globalThis) as Record<string, unknown>;
  own['globalThis'] = own;
  return [log, later, own];
}

/** A value as text that tells values apart. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${Array.from(value, show).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Map) return `Map${show([...value])}`;
  if (value instanceof Set) return `Set${show([...value])}`;
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${show(item)}`);
  return `{${entries.join(', ')}}`;
}
