/**
 * The oracle: whatever works when every call may suspend (`all`) works when the analysis decides
 * (`auto`), and leaves the trace of the program as written. A missed function shows as a BlockingError.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOriginal, runTransformed } from './testing/harness.ts';

/** Programs by what they show; each has `block` (waits, gives its argument) and `log`. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'a function called through a computed property': `
    const steps = { a() { return block(1); }, b() { return 2; } };
    export default function () { for (const name of ['a', 'b']) log(steps[name]()); }`,
  'a function stored under a computed property': `
    const steps = {};
    for (const name of ['x', 'y']) steps[name] = (v) => block(name + v);
    export default function () { log(steps.x(1), steps['y'](2)); }`,
  'methods generated from a list of names, called by native names': `
    const api = {};
    ['get', 'post', 'map'].forEach((m) => { api[m] = (u) => block(m + u); });
    export default function () { log(api.get('a'), api.post('b'), api.map('c')); }`,
  'closures passed around': `
    const twice = (f) => (x) => f(f(x));
    const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
    export default function () { log(twice((x) => block(x + 1))(1), compose((x) => x * 2, (x) => block(x + 3))(4)); }`,
  'curry, retry and partial application': `
    const curry = (f) => (a) => (b) => f(a, b);
    function retry(fn, n) { for (let i = 0; ; i++) { try { return fn(i); } catch (e) { if (i >= n) throw e; log('again', e); } } }
    const partial = (f, ...head) => (...tail) => f(...head, ...tail);
    export default function () {
      log(curry((a, b) => block(a + b))(1)(2));
      log(retry((i) => { if (i < 2) blockThrow('e' + i); return block(i); }, 3));
      log(partial((a, b, c) => block([a, b, c].join('')), 'x', 'y')('z'));
    }`,
  'call, apply, bind and Reflect': `
    function f(a, b) { return block(this.k + a + b); }
    export default function () {
      const o = { k: 'k' };
      log(f.call(o, 1, 2), f.apply(o, [3, 4]), Reflect.apply(f, o, [5, 6]));
      log(f.bind(o, 7)(8), f.bind(o)(9, 0));
    }`,
  'a bound callback shifts parameters': `
    function run(name, cb) { return cb(name); }
    export default function () { const r = run.bind(null, 'n'); log(r((x) => block(x + '!'))); }`,
  'classes with inheritance and super calls': `
    class Base { constructor(n) { this.n = n; } hello() { return this.word() + this.n; } word() { return 'base'; } }
    class Child extends Base { word() { return block('child') + super.word(); } }
    export default function () { log(new Child(1).hello(), new Base(2).hello()); }`,
  'a constructor that blocks, with and without an explicit child constructor': `
    class A { constructor(x) { this.x = block(x); } }
    class B extends A {}
    class C extends A { constructor(y) { super(y + 1); this.y = y; } }
    export default function () { log(new A(1).x, new B(2).x, new C(3).x, new C(3).y); }`,
  'a field initialiser that blocks': `
    class A { x = block(5); y = this.x + 1; }
    class B extends A { z = this.y + 1; }
    function make(K) { return new K(); }
    export default function () { const b = make(B); log(b.x, b.y, b.z, make(A).y); }`,
  'a host function that may be among its own arguments': `
    function timed(...args) { return args[0](...args.slice(1)); }
    function shifted() { const a = Array.from(arguments); const f = a.shift(); return f.apply(null, a); }
    const steps = [[each, (x) => log('step', block(x)), 1]];
    export default function () {
      timed(each, (x) => log(block(x)), 1, 2); shifted(each, (x) => log(block(x)), 3);
      for (const [f, ...a] of steps) f(...a);
      try { each(each, 1); } catch (e) { log(e.name); }
    }`,
  'static fields and blocks': `
    function helper(x) { return block(x); }
    class Single { static instance = new Single(); static { this.late = helper('late'); } constructor() { this.t = block('t'); } }
    const make = (x) => class { static x = helper(x); static { block(0); this.y = x; } };
    export default function () {
      const C = make(2); class L { static z = new (class { v = helper('v'); })().v; }
      log(Single.instance.t, Single.late, C.x, C.y, L.z, [3, 4].map((x) => make(x).x).join());
    }`,
  'an arrow in a field': `
    class Page { go = () => block(this.k); k = 3; }
    export default function () { const { go } = new Page(); log(go()); }`,
  'private and static methods': `
    class S { static #secret(x) { return block(x); } static open(x) { return S.#secret(x); } #own(x) { return S.open(x) + 1; } run(x) { return this.#own(x); } }
    export default function () { log(S.open(1), new S().run(2)); }`,
  'a class made in a function, and a mixin': `
    const Loud = (K) => class extends K { say() { return super.say() + block('!'); } };
    class Quiet { say() { return 'hi'; } }
    export default function () { log(new (Loud(Quiet))().say(), new (Loud(Loud(Quiet)))().say()); }`,
  'functions used as constructors, with prototype methods': `
    function User(n) { this.n = block(n); }
    User.prototype.hello = function () { return block('hi ') + this.n; };
    export default function () { log(new User('bob').hello()); }`,
  'Object.create and delegation': `
    const proto = { greet() { return block('hi ' + this.name); } };
    export default function () { const o = Object.create(proto); o.name = 'o'; log(o.greet()); }`,
  'getters and setters': `
    class P { #v = 1; get v() { return block(this.#v); } set v(x) { this.#v = block(x); } }
    const o = { get t() { return block('t'); } };
    export default function () { const p = new P(); p.v = 4; log(p.v, o.t); p.v += 2; log(p.v); }`,
  'a getter defined with defineProperty': `
    const o = {}; Object.defineProperty(o, 'x', { get() { return block(9); } });
    export default function () { log(o.x); }`,
  'a getter that gives a blocking function': `
    const o = { get f() { return (x) => block(x); } };
    export default function () { log(o.f(3)); }`,
  'native callbacks': `
    export default function () {
      log([1, 2].map((x) => block(x * 2)), [3, 4].filter((x) => block(x > 3)), [1, 2, 3].reduce((a, b) => a + block(b), 0));
      log([3, 1, 2].sort((a, b) => block(a - b)), 'abc'.replace(/b/, (m) => block(m + m)), [[1], [2]].flatMap((x) => block(x)));
      new Map([[1, 2]]).forEach((v, k) => log(block(k), v));
      new Set([7]).forEach((v) => log(block(v)));
      log(Array.from([1, 2], (x) => block(x + 1)), JSON.parse('{"a":1}', (k, v) => block(v)));
    }`,
  'functions kept in arrays, maps and sets': `
    const list = [(x) => block(x), (x) => x];
    const map = new Map([['a', (x) => block('m' + x)]]);
    map.set('b', (x) => block('n' + x));
    const set = new Set(); set.add((x) => block('s' + x));
    export default function () {
      for (let i = 0; i < list.length; i++) log(list[i](i));
      for (const f of list) log(f('o'));
      log(map.get('a')(1), map.get('b')(2));
      for (const [k, f] of map) log(k, f(3));
      for (const f of set) log(f(4));
      const [first] = list; log(first('d'), list.at(-1)('e'), list.slice(0, 1)[0]('f'));
      list.forEach((f, i) => log(f(i)));
      log([...map.values()].map((f) => f(5)));
    }`,
  'functions in objects walked by entries, values and keys': `
    const o = { a: (x) => block(x + 1), b: (x) => block(x + 2) };
    export default function () {
      for (const [k, f] of Object.entries(o)) log(k, f(1));
      Object.values(o).forEach((f) => log(f(2)));
      for (const k in o) log(o[k](3));
      Object.keys(o).map((k) => o[k]).forEach((f) => log(f(4)));
      const copy = Object.fromEntries(Object.entries(o).map(([k, f]) => [k, (x) => f(x) * 10])); log(copy.a(1), copy['b'](1));
    }`,
  'spread, rest and Object.assign': `
    const base = { run: () => block('run') };
    const more = { ...base, extra: 1 }; const assigned = Object.assign({}, base);
    const { extra, ...rest } = more;
    const call = (...fns) => fns.map((f) => f());
    export default function () { log(more.run(), assigned.run(), rest.run(), call(base.run, () => block('x'))); }`,
  'arguments and spread calls': `
    function invoke() { return arguments[0](arguments[1]); }
    function forward(...args) { return invoke(...args); }
    export default function () { log(invoke((x) => block(x), 1), forward((x) => block(x + 1), 1), invoke.apply(null, [(x) => block(x + 2), 1])); }`,
  'destructured parameters with defaults': `
    function run({ before = () => block('b'), after } = {}, [x, f] = [1, (v) => block(v)]) { return [before(), after && after(), f(x)]; }
    export default function () { log(run(), run({ after: () => block('a') }), run({ before: () => 0 }, [2, (v) => block(-v)])); }`,
  'default parameters that block': `
    function f(x = block(3), y = x + block(1)) { return x + y; }
    export default function () { log(f(), f(1), f(1, 1)); }`,
  generators: `
    function* numbers(n) { for (let i = 0; i < n; i++) yield block(i); }
    function* outer() { yield 'start'; yield* numbers(2); return block('end'); }
    export default function () {
      for (const x of numbers(3)) log(x);
      for (const x of outer()) log(x);
      const g = numbers(2); log(g.next().value, g.next().value, g.next().done);
    }`,
  'a hand-written iterator': `
    class Range { constructor(n) { this.n = n; } [Symbol.iterator]() { let i = 0; const n = this.n; return { next: () => ({ done: i >= n, value: block(i++) }), return: () => { log('closed'); return {}; } }; } }
    export default function () { for (const x of new Range(3)) { log(x); if (x === 1) break; } }`,
  'values of generators are functions': `
    function* fns() { yield (x) => block(x); yield (x) => -x; }
    export default function () { for (const f of fns()) log(f(1)); }`,
  'async functions and promises': `
    async function load(x) { const v = block(x); await null; return block(v + 1); }
    const arrow = async (x) => (await load(x)) + block(1);
    export default async function () {
      log(await load(1), await arrow(2));
      await Promise.all([load(3), arrow(4)].map(async (p) => log(block(await p))));
      await Promise.resolve(5).then((x) => log(block(x)));
      await new Promise((resolve) => { block(1); resolve(); }).finally(() => log(block('f')));
      try { await (async () => blockThrow('bad'))(); } catch (e) { log('caught', e); }
    }`,
  'a function given by a promise': `
    export default async function () { const f = await Promise.resolve((x) => block(x)); log(f(3)); const g = await new Promise((ok) => ok((x) => block(-x))); log(g(4)); }`,
  'later jobs': `
    export default function () { later(() => log('later', block(1))); log('now', block(2)); }`,
  'an event emitter of its own': `
    class Emitter { #handlers = {}; on(name, fn) { (this.#handlers[name] ??= []).push(fn); return this; } emit(name, ...args) { for (const fn of this.#handlers[name] ?? []) fn(...args); } }
    export default function () { const e = new Emitter(); e.on('m', (x) => log('got', block(x))).on('m', (x) => log(x)); e.emit('m', 1); e.emit('none'); }`,
  'handlers assigned as properties': `
    class Sock { open() { this.onopen?.('o'); if (this.onclose) this.onclose(); } }
    export default function () { const s = new Sock(); s.onopen = (x) => log(block(x)); s['onclose'] = () => log(block('c')); s.open(); }`,
  'a CommonJS module as esbuild wraps it': `
    var __getOwnPropNames = Object.getOwnPropertyNames; var __create = Object.create; var __defProp = Object.defineProperty;
    var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };
    var __toESM = (mod, isNodeMode, target) => ({ ...mod, default: mod });
    var require_lib = __commonJS({ "lib.js"(exports, module) { exports.wait = (x) => block(x); exports.wrap = function (f) { return (x) => f(x); }; } });
    var require_fn = __commonJS({ "fn.js"(exports, module) { var lib = require_lib(); module.exports = function (x) { return lib.wait(x) + 1; }; } });
    var import_lib = __toESM(require_lib()); var import_fn = __toESM(require_fn());
    export default function () { log(import_lib.wait(1), import_lib.default.wrap((x) => block(x))(2), (0, import_fn.default)(3)); }`,
  'a CommonJS module whose body blocks': `
    var __getOwnPropNames = Object.getOwnPropertyNames;
    var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };
    var require_lib = __commonJS({ "lib.js"(exports, module) { exports.x = block(4); } });
    var lib = require_lib();
    export default function () { log(lib.x); }`,
  'a namespace object with getters, as esbuild makes it': `
    var __defProp = Object.defineProperty;
    var __export = (target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); };
    var steps_exports = {}; __export(steps_exports, { login: () => login, logout: () => logout });
    function login() { return block('in'); } function logout() { return 'out'; }
    export default function () { for (const k of ['login', 'logout']) log(steps_exports[k]()); log(steps_exports.login()); }`,
  'the host module under other names': `
    const hosts = { block }; const wait = block; const { block: again } = hosts;
    export default function () { log(hosts.block(1), wait(2), again(3), [block][0](4), (0, block)(5), (true ? block : log)(6)); }`,
  'a host object and its methods': `
    const c = client; const get = client.get; const pick = (k) => client[k];
    export default function () { log(client.get(1), c['get'](2), get(3), pick('get')(4)); }`,
  'host callbacks': `
    const group = (n, f) => each(f, n);
    export default function () { log(group(2, (i) => block(i)), group(1, () => 0), each(block, 2)); each((i) => each((k) => log(block(i + k)), 2), 2); }`,
  'top-level blocking': `
    const init = block(3); const list = [1, 2].map((x) => block(x));
    export default function () { log(init, list); }`,
  'tagged templates': `
    const tag = (s, ...v) => block(s.join('|') + v.map((f) => f()).join());
    export default function () { log(tag\`a\${() => block(1)}b\`); }`,
  'try, finally and throw of functions': `
    function f() { try { throw (x) => block(x); } catch (g) { return g(1); } finally { log(block('fin')); } }
    export default function () { log(f()); try { throw { run: () => block('r') }; } catch ({ run }) { log(run()); } }`,
  'optional calls and chains': `
    const o = { a: { f: (x) => block(x) }, n: null };
    export default function () { log(o?.a?.f?.(1), o.n?.f(2), o.a['f']?.(3), (o?.a.f)(4)); }`,
  'logical assignment and conditional callees': `
    let f; const o = {};
    export default function () { f ||= (x) => block(x); o.g ??= (x) => block(-x); log(f(1), o.g(2), (f && o.g)(3), (null ?? f)(4)); }`,
  'recursion and mutual recursion': `
    function even(n) { return n === 0 ? block(true) : odd(n - 1); } function odd(n) { return n === 0 ? false : even(n - 1); }
    export default function () { log(even(4), odd(3)); }`,
  'functions hoisted out of blocks and switches': `
    export default function () { switch (block(1)) { case 1: log(f(2)); function f(x) { return block(x); } } { log(g(3)); function g(x) { return block(x); } } }`,
  'symbols as keys': `
    const kRun = Symbol('run'); const o = { [kRun]() { return block('s'); } };
    class K { [kRun]() { return block('k'); } static [Symbol.for('x')]() { return block('x'); } }
    export default function () { log(o[kRun](), new K()[kRun](), K[Symbol.for('x')]()); }`,
  'toJSON that blocks': `
    class J { toJSON() { return block({ a: 1 }); } }
    export default function () { log(JSON.stringify({ j: new J() }), JSON.stringify(new J())); }`,
  'memoised and lazily created functions': `
    const cache = new Map();
    const memo = (k, make) => { if (!cache.has(k)) cache.set(k, make()); return cache.get(k); };
    export default function () { log(memo('a', () => (x) => block(x))(1), memo('a', null)(2)); }`,
  'a pipeline built step by step': `
    class Pipe { steps = []; use(f) { this.steps.push(f); return this; } run(x) { let i = 0; const next = (v) => (this.steps[i] ? this.steps[i++](v, next) : v); return next(x); } }
    export default function () { log(new Pipe().use((v, next) => next(block(v + 1))).use((v, next) => next(v * 2) + 1).run(1)); }`,
  'a scheduler with weighted scenarios': `
    const scenarios = [{ weight: 1, exec: () => block('a') }, { weight: 3, exec: () => block('b') }];
    const pick = (i) => scenarios[Math.floor(i) % scenarios.length];
    export default function (i) { const { exec } = pick(i); log(exec(), pick(1).exec()); }`,
  'global variables': `
    globalThis.helper = (x) => block(x);
    export default function () { log(globalThis.helper(1)); globalThis['other'] = () => block(2); log(globalThis.other()); }`,
  'a proxy and a weak map': `
    const priv = new WeakMap(); class A { constructor() { priv.set(this, { f: () => block('w') }); } f() { return priv.get(this).f(); } }
    const p = new Proxy({ go: () => block('p') }, {});
    export default function () { log(new A().f(), p.go()); }`,
  'a comma callee, an immediately called function, a named function expression': `
    export default function () {
      log((0, (x) => block(x))(1), (function () { return block(2); })(), (() => block(3))());
      log((function fact(n) { return n <= 1 ? block(1) : n * fact(n - 1); })(4));
    }`,
  'labels, loops and closures over loop variables': `
    export default function () { const fs = []; outer: for (let i = 0; i < 3; i++) { for (const k of [1, 2]) { if (block(k) === 2) continue outer; fs.push(() => block(i + k)); } } log(fs.map((f) => f())); }`,
  'event names looked up in a table': `
    const on = { open(s) { return block('o' + s); }, message: (s) => block('m' + s) };
    const dispatch = ({ type, data }) => (on[type] ?? ((x) => x))(data);
    export default function () { log(dispatch({ type: 'open', data: 1 }), dispatch({ type: 'message', data: 2 }), dispatch({ type: 'x', data: 3 })); }`,
  'Object.defineProperty with a value, Reflect.get and Reflect.construct': `
    const o = Object.defineProperty({}, 'f', { value: (x) => block(x) });
    class A { constructor(x) { this.x = block(x); } }
    export default function () { log(o.f(1), Reflect.get(o, 'f')(2), Reflect.construct(A, [3]).x); }`,
  'accessor reads under computed names': `
    const o = { get slow() { return block('s'); }, fast: 'f' };
    export default function () { for (const k of ['slow', 'fast']) log(o[k]); }`,
  'chained methods on native names': `
    class Query { constructor(v) { this.v = v; } map(f) { return new Query(this.v.map(f)); } filter(f) { return new Query(this.v.filter(f)); } get() { return block(this.v); } }
    export default function () { log(new Query([1, 2, 3]).map((x) => x + 1).filter((x) => block(x > 2)).get()); }`,
  'a thenable of its own': `
    class Task { constructor(f) { this.f = f; } then(cb) { return cb(this.f()); } }
    export default function () { log(new Task(() => block(1)).then((x) => block(x + 1))); }`,
  'a native method under another name': `
    const each2 = Function.prototype.call.bind([].forEach); export default function () { each2([1], (x) => log(block(x))); }`,
  'a native method taken out by destructuring': `
    const { forEach } = Array.prototype; export default function () { forEach.call([1], (x) => log(block(x))); [].map.call('ab', (c) => log(block(c))); }`,
  'native methods under computed names': `
    const map = (xs, f) => xs['map'](f); const how = 'map'; export default function () { log(map([1], (x) => block(x))); log([2][how]((x) => block(x))); for (const k of ['map','filter']) log([1][k]((x)=>block(x))); }`,
  'toString called by name': `
    const o = { toString() { return block('s'); } }; export default function () { log(o.toString()); }`,
  'nested patterns': `
    const { a: { b: [f] } } = { a: { b: [(x) => block(x)] } }; export default function () { log(f(1)); }`,
  'a static async factory': `
    class A { static async make() { const a = new A(); await a.init(); return a; } async init() { this.v = block(1); } } export default async function () { log((await A.make()).v); }`,
  'iterators of arrays and maps': `
    export default function () { const it = [1,2][Symbol.iterator](); log(it.next().value); const m = new Map([[1,(x)=>block(x)]]).entries(); log(m.next().value[1](3)); }`,
  'objects passed to callbacks': `
    export default function () { const w = { f: (x) => block(x) }; with_(w, (o) => log(o.f(1))); function with_(o, g) { return g(o); } }`,
  'async iteration beside blocking': `
    const handler = { async *[Symbol.asyncIterator]() { yield 1; } }; export default async function () { for await (const x of handler) log(block(x)); }`,
  'flattened lists of functions': `
    export default function () { const fs = { a: [() => block(1)] }; log(structured(fs)); function structured(o) { return Object.values(o).flat().map((f) => f()); } }`,
  'a registry of sets in a map': `
    const reg = new Map(); function on(n, f) { const l = reg.get(n) ?? new Set(); l.add(f); reg.set(n, l); } on('a', () => log(block(1))); export default function () { reg.get('a').forEach((f) => f()); for (const [, s] of reg) for (const f of s) f(); }`,
  'a proxy that makes methods': `
    const wait = { for: (x) => block(x) }; const api = new Proxy({}, { get: (_, k) => (x) => wait.for(k + x) }); export default function () { log(api.hello(1)); }`,
  'a function created on first use': `
    let cb; export function setup() {} export default function () { cb = cb ?? ((x) => block(x)); go(); function go() { log(cb(2)); } }`,
  'a queue of functions': `
    const Q = []; const enqueue = (...f) => Q.push(...f); export default function () { enqueue(() => log(block(1)), () => log(2)); let f; while ((f = Q.shift())) f(); }`,
  'a generator as the iterator of a class': `
    class Q { *[Symbol.iterator]() { yield block(1); yield 2; } } export default function () { for (const x of new Q()) log(x); }`,
  'destructured results': `
    export default function () { const [a, b] = [() => block(1), () => 2].map((f) => f()); log(a, b); }`,
  'computed keys in literals': `
    const o = { ['run' + 1]: () => block(1) }; export default function () { log(o.run1()); }`,
  'methods that call siblings through a closure': `
    const make = () => { const self = { go: () => self.inner(), inner: () => block(4) }; return self; }; export default function () { log(make().go()); }`,
  'the getter of a property descriptor': `
    export default function () { const d = Object.getOwnPropertyDescriptor({ get x() { return block(1); } }, 'x'); log(d.get()); }`,
  'a lazily replaced getter': `
    const lazy = { get client() { const v = { go: () => block(1) }; Object.defineProperty(this, 'client', { value: v }); return v; } }; export default function () { log(lazy.client.go(), lazy.client.go()); }`,
  'a function made from text': `
    export default function () { const f = new Function('x', 'return x'); log(f(block(1))); }`,
  'sorting, grouping and searching': `
    export default function () { log([3,1].toSorted((a, b) => block(a - b)), Object.groupBy ? 1 : 1, [1].findLast((x) => block(x)), [[1,[2]]].flat(2)); }`,
  'a subclass of Error': `
    class E extends Error { constructor(m) { super(m); this.v = block(m); } } export default function () { try { throw new E('x'); } catch (e) { log(e.v, e.message); } }`,
  'a subclass of Array': `
    class L extends Array { each(f) { for (const x of this) f(x); } } export default function () { const l = new L(); l.push(1, 2); l.each((x) => log(block(x))); l.forEach((x) => log(block(x))); }`,
  'a subclass of Map': `
    class M extends Map { get(k) { return block(super.get(k)); } } export default function () { const m = new M(); m.set('a', 1); log(m.get('a')); }`,
  'a plain thenable': `
    export default function () { const p = { then(ok) { ok(block(3)); } }; p.then((v) => log(v)); }`,
  'chained assignment': `
    const k = {}; k.a = k.b = k['c'] = (x) => block(x); export default function () { log(k.a(1), k.b(2), k.c(3)); }`,
  'a symbol under two names': `
    const s = Symbol(); const t = s; const o = { [t]: () => block(1) }; export default function () { log(o[s]()); }`,
  'a namespace as TypeScript emits it': `
    var N; (function (N) { N.go = (x) => block(x); })(N || (N = {})); export default function () { log(N.go(1)); }`,
  'a self-reference': `
    const f = function self(n) { return n ? self(n - 1) : block(n); }; export default function () { log(f(3)); }`,
  'a copied object': `
    export default function () { const o = JSON.parse('{"a":1}'); o.f = () => block(1); const c = structuredCloneLike(o); log(c.f()); function structuredCloneLike(x) { const y = {}; for (const k in x) y[k] = x[k]; return y; } }`,
  'spreads of generators that block': `
    function* numbers(n) { try { for (let i = 0; i < n; i++) yield block(i); } finally { log('closed', n); } }
    const rest = (...xs) => xs;
    export default function () {
      log([...numbers(2), 'and', ...numbers(3), ...'ab', ...new Set([7])], Math.max(...numbers(4)), rest('x', ...numbers(2), block('y')));
      log(new Array(...numbers(3)), [...[1], ...(block(0), numbers(1))], { ...[...numbers(2)] });
      log(new Set(numbers(2)).size, new Map([...numbers(2)].map((x) => [x, x])).size, Array.from(numbers(3), (x) => block(x * 2)));
    }`,
  'array patterns over generators that block': `
    function* numbers(n) { try { for (let i = 0; i < n; i++) yield block(i); return log('end'); } finally { log('closed', n); } }
    const [early, , third = 'none'] = numbers(2);
    export default function () {
      const [a, b] = numbers(4); log(a, b, early, third);
      const [c, ...rest] = numbers(4); log(c, rest);
      let x, y; const o = {}; const all = numbers(2);
      log(([x, y = 'd'] = all) === all, x, y); [o.y] = [block(7)]; log(o);
      const [] = numbers(1); const [p, [q]] = [block(1), [2]]; log(p, q);
      for (const [k, v] of Object.entries({ k: block('v') })) log(k, v);
      try { const [z] = block(5); log(z); } catch (e) { log(e.name); }
    }`,
  'spreads of hand-written iterators': `
    const range = { [Symbol.iterator]() { let i = 0; return { next() { return i < 3 ? { value: block(i++), done: false } : { done: true } }, return() { log('closed'); return {}; } }; } };
    export default function () { log([...range]); const [a] = range; log(a, Math.min(...range)); }`,
  'an object that is its own iterator': `
    export default function () { const it = { from: 1, to: 3, [Symbol.iterator]() { return this; }, next() { return this.from <= this.to ? { value: block(this.from++), done: false } : { done: true }; } }; for (const v of it) log(v); }`,
  'a decorator': `
    function dec(t, k, d) { const o = d.value; d.value = function (...a) { return o.apply(this, a); }; return d; } class A { m(x) { return block(x); } } Object.defineProperty(A.prototype, 'm', dec(A.prototype, 'm', Object.getOwnPropertyDescriptor(A.prototype, 'm'))); export default function () { log(new A().m(2)); }`,
  'a pipeline made by reduce': `
    const pipe = (...fs) => fs.reduce((f, g) => (x) => g(f(x))); export default function () { log(pipe((x) => x + 1, (x) => block(x), (x) => x * 2)(1)); }`,
  'workers that share a queue': `
    async function worker(id, q) { for (let j; (j = q.shift());) { await null; log(id, block(j)); } } export default async function () { const q = [1,2,3]; await Promise.all([worker('a', q), worker('b', q)]); }`,
};

/** Works only where the analysis finds the accessor; `all` goes by names in literals and classes. */
const AUTO_ONLY: ReadonlySet<string> = new Set(['a getter defined with defineProperty']);

describe('auto', () => {
  for (const [name, body] of Object.entries(PROGRAMS)) {
    it(`suspends ${name}`, async () => {
      const code = `import { block, blockThrow, each, client } from 'host';\n${body}`;
      const expected = await runOriginal(code, 2);
      assert.ok(expected.length > 0, 'the program leaves a trace');
      for (const mode of ['all', 'auto'] as const) {
        if (mode === 'all' && AUTO_ONLY.has(name)) continue;
        const traces = await runTransformed(code, { mode, iterations: 2 });
        for (const trace of traces) assert.deepEqual(trace, expected, mode);
      }
    });
  }
});
