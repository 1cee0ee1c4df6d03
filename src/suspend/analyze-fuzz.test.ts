/**
 * Random programs that pass functions through everything a function can pass through, half of them
 * with part of their code in a package: under `auto` each leaves the trace it leaves unchanged.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Coroutine, CoroutineHost } from './op.ts';
import { Op, type Resumer } from './op.ts';
import { callUser, compileProgram, hostFunction, leaf } from './runtime.ts';
import { HOST_TABLE, runOriginal, show } from './testing/harness.ts';
import { transformProgram } from './transform.ts';

type Choose = (count: number) => number;
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What a package offers; every one of these is used as `lib.name`. */
const PACKAGE = `
  const same = (f) => f;
  function compose(f, g) { return (x) => f(g(x)); }
  function call(f, x) { return f(x); }
  const eachOf = (list, f) => { const out = []; for (let i = 0; i < list.length; i++) out.push(f(list[i])); return out; };
  function once(f) { let done = false, v; return function (...args) { if (!done) { done = true; v = f.apply(this, args); } return v; }; }
  class Box {
    constructor(f) { this.f = f; }
    get() { return this.f; }
    run(x) { return this.f(x); }
    map(g) { return new Box(compose(g, this.f)); }
  }
  class Emitter {
    constructor() { this.handlers = {}; }
    on(n, f) { (this.handlers[n] = this.handlers[n] || []).push(f); return this; }
    emit(n, x) { return (this.handlers[n] || []).map((f) => f(x)); }
  }
  class Runner { constructor(o) { this.o = Object.assign({}, o); } go(x) { return this.o.step(x); } any(k, x) { return this.o[k](x); } }
  class Base { run(x) { return this.step(x); } step(x) { return x; } }
  function fill(target, names, f) { names.forEach((n) => { target[n] = (x) => f(x); }); return target; }
  function* walk(list) { for (const f of list) yield f; }
  const lib = { same, compose, call, each: eachOf, once, Box, Emitter, Runner, Base, fill, walk };`;

/** An expression whose value is a function of one number. */
function functionExpression(choose: Choose, depth: number): string {
  const inner = (): string => functionExpression(choose, depth - 1);
  const n = choose(9);
  if (depth <= 0) {
    return (
      [`((x) => block(x + ${n}))`, `((x) => x * ${n})`, `plain${choose(2)}`, 'slow'][choose(4)] ??
      'slow'
    );
  }
  const forms: (() => string)[] = [
    () => `((g) => (x) => g(x) + 1)(${inner()})`,
    () => `((g) => function (x) { return g(x); })(${inner()})`,
    () => `lib.same(${inner()})`,
    () => `lib.compose(${inner()}, ${inner()})`,
    () => `lib.once(${inner()})`,
    () => `${inner()}.bind(null)`,
    () => `({ k: ${inner()}, l: ${inner()} })${['.k', "['l']", `[letter(${n % 2})]`][choose(3)]}`,
    () =>
      `[${inner()}, ${inner()}]${['[0]', `[${n} % 2]`, '.at(1)', '.slice(1)[0]', '.map((f) => f)[0]'][choose(5)]}`,
    () => `new Map([['a', ${inner()}]]).get('a')`,
    () => `Object.values({ a: ${inner()} })[0]`,
    () => `(${n} % 2 ? ${inner()} : ${inner()})`,
    () => `new lib.Box(${inner()})${['.get()', '.f', `.map(${inner()}).f`][choose(3)]}`,
    () => `((b) => (x) => b.run(x))(new lib.Box(${inner()}))`,
    () => `(() => ${inner()})()`,
    () => `(({ k }) => k)({ k: ${inner()} })`,
    () => `((...r) => r[0])(${inner()})`,
    () => `(function () { return arguments[0]; })(${inner()})`,
    () => `[...lib.walk([${inner()}])][0]`,
    () => `({ ...{ k: ${inner()} } }).k`,
    () => `Object.assign({}, { k: ${inner()} }).k`,
    () => `lib.fill({}, ['p', 'q'], ${inner()}).${['p', 'q'][choose(2)]}`,
    () => `((r) => (x) => r.go(x))(new lib.Runner({ step: ${inner()} }))`,
    () => `((r) => (x) => r.any('step', x))(new lib.Runner({ step: ${inner()} }))`,
    () =>
      `((g) => { class Mine extends lib.Base { step(x) { return g(x); } } const m = new Mine(); return (x) => m.run(x); })(${inner()})`,
    () =>
      `((g) => { class Own { #f = g; get f() { return this.#f; } } return new Own().f; })(${inner()})`,
    () => `((g) => { try { throw g; } catch (f) { return f; } })(${inner()})`,
    () => `((g) => ((x, f = g) => f(x)))(${inner()})`,
    () =>
      `((g) => (x) => { for (const v of (function* () { yield g(x); })()) return v; })(${inner()})`,
    () => `((g) => (x) => [x].map(g)[0])(${inner()})`,
    () => `((g) => (x) => Reflect.apply(g, null, [x]))(${inner()})`,
    () => `((g) => { const o = {}; o['m' + ${n}] = g; return o.m${n}; })(${inner()})`,
    () => `(store.k${n % 3} = ${inner()}, store.k${n % 3})`,
  ];
  return forms[choose(forms.length)]?.() ?? 'slow';
}

function statement(choose: Choose): string {
  const f = (): string => functionExpression(choose, choose(4));
  const n = choose(5);
  const forms: (() => string)[] = [
    () => `log(${f()}(${n}));`,
    () => `log([${n}, 1].map(${f()}));`,
    () => `log(lib.each([${n}], ${f()}));`,
    () => `log(lib.call(${f()}, ${n}));`,
    () =>
      `{ const e = new lib.Emitter(); e.on('a', ${f()}).on('b', ${f()}); log(e.emit('a', ${n}), e.emit('b', 1)); }`,
    () => `try { log(${f()}(${n})); } finally { log(${f()}(2)); }`,
    () => `list.push(${f()}); for (const g of list) log(g(${n}));`,
    () => `log(each(${f()}, 2));`,
    () => `{ const { f } = { f: ${f()} }; log(f(${n})); }`,
    () => `for (let i = 0; i < 2; i++) { const g = ${f()}; log(g(i)); }`,
    () => `store[key(${n})] = ${f()}; log(store[key(${n})](1));`,
    () => `[${f()}, ${f()}].forEach((g, i) => log(g(i)));`,
    () => `tagged.get = ${f()}; log(tagged.get(${n}));`,
  ];
  return forms[choose(forms.length)]?.() ?? '';
}

function program(choices: readonly number[]): string {
  let at = 0;
  const choose: Choose = (count) => {
    const choice = choices[at % choices.length] ?? 0;
    at++;
    return (choice + at) % count;
  };
  const statements = Array.from({ length: 1 + choose(4) }, () => statement(choose));
  return `// @unit lib
${PACKAGE}
// @unit .
import { block, each } from 'host';
const list = [], store = {}, tagged = {};
const key = (n) => 'k' + n;
const letter = (n) => (n ? 'l' : 'k');
function slow(x) { return block(x) - 1; }
function plain0(x) { return x; }
function plain1(x) { return x + 1; }
export default function () {
  ${statements.join('\n  ')}
}`;
}

/** A blocking call that is over at once. */
class DoneOp extends Op {
  readonly #value: unknown;

  constructor(value: unknown) {
    super();
    this.#value = value;
  }

  start(resumer: Resumer): void {
    resumer.ok(this.#value);
  }

  cancel(): void {}
}

function drive(coroutine: Coroutine): unknown {
  let step = coroutine.next();
  while (step.done !== true) {
    const op = step.value;
    let resumed: unknown;
    op.start({
      ok: (value) => {
        resumed = value;
      },
      fail: (error) => {
        throw error;
      },
    });
    step = coroutine.next(resumed);
  }
  return step.value;
}

function runAuto(code: string, hasUnits: boolean): string[] {
  const trace: string[] = [];
  const border = code.indexOf('// @unit .');
  const output = transformProgram({
    code,
    fileName: 'file:///fuzz.js',
    blocking: HOST_TABLE,
    mode: 'auto',
    instanceGlobals: ['log'],
    ...(hasUnits ? { unitAt: (position: number) => (position < border ? 'lib' : '.') } : {}),
  });
  const vu: CoroutineHost = {
    isBlocked: false,
    defer: (job) => {
      const coroutine = job();
      if (coroutine) drive(coroutine);
    },
    spawn: (coroutine, resumer) => resumer.ok(drive(coroutine)),
    reportBlocking: () => {},
  };
  const named = {
    block: leaf(vu, 'block', (_self, [value]) => new DoneOp(value)),
    each: hostFunction(vu, 'each', 2, function* (fn: AnyFunction, count: number): Coroutine {
      const results: unknown[] = [];
      for (let i = 0; i < count; i++) results.push(yield* callUser(fn, undefined, [i]));
      return results;
    }),
  };
  const log = (...values: unknown[]): void => {
    trace.push(values.map(show).join(' '));
  };
  const made = compileProgram(output.code, 'file:///fuzz.js').instantiate(
    vu,
    () => ({ named, default: named }),
    log,
  );
  try {
    const instance = output.kind === 'coroutine' ? drive(made as Coroutine) : made;
    const main = (instance as { default: AnyFunction }).default;
    trace.push(`= ${show(drive(callUser(main, undefined, [0])))}`);
  } catch (error) {
    trace.push(`! ${show(error)}`);
  }
  return trace;
}

it('suspends wherever functions come from', async () => {
  const runs = Number(process.env['FUZZ_RUNS'] ?? 150);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(10_000), { minLength: 8, maxLength: 40 }),
      fc.boolean(),
      async (choices, hasUnits) => {
        const code = program(choices);
        assert.deepEqual(
          runAuto(code, hasUnits),
          await runOriginal(code),
          code.slice(code.indexOf('export default')),
        );
      },
    ),
    { numRuns: runs, endOnFailure: process.env['FUZZ_SHRINK'] === undefined },
  );
});
