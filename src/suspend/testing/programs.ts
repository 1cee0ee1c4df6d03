/** Small programs, one language feature each, that must run the same whether calls block or suspend. */
const HEAD = "import { block, blockThrow, each, client } from 'host';\n";

function program(body: string): string {
  return `${HEAD}${body}`;
}

/** A program whose default function has this body. */
function main(body: string, before = ''): string {
  return program(`${before}\nexport default function main() {\n${body}\n}`);
}

export const PROGRAMS: Readonly<Record<string, string>> = {
  // ---- calls and evaluation order
  'calls functions before they are declared': main(
    'return early(2); function early(x) { return block(x) + 1 }',
  ),
  'evaluates operands from left to right': main(`
    const order = [];
    const n = (x) => { order.push(x); return block(x) };
    const r = n(1) + n(2) * n(3) - (n(4), n(5));
    log(order, r);`),
  'evaluates the callee before the arguments': main(`
    let f = (x) => block(x) + ' old';
    const r = f((f = (x) => block(x) + ' new', block('arg')));
    log(r, f('again'));`),
  'reads a compound target before the right side': main(`
    const o = { n: 1 };
    o.n += (o.n = 10, block(5));
    let s = 'a';
    s += block('b') + (s = 'z', block('c'));
    const a = [1, 2]; let i = 0;
    a[i++] += block(i);
    log(o, s, a, i);`),
  'keeps the receiver of method calls': main(`
    const o = { n: 3, m(x) { return this.n + block(x) }, deep: { n: 4, m() { return block(this.n) } } };
    log(o.m(1), o['m'](2), o.deep.m(), (o.m)(5), (0, o.deep).m());`),
  'spreads arguments': main(`
    function f(a, b, ...rest) { return [block(a), b, rest] }
    log(f(...[1, 2, 3], 4, ...block([5, 6])));
    log(Math.max(...[block(1), block(7)]));`),
  'short circuits logical operators': main(`
    log(block(0) && block(1), block(0) || block(2), block(null) ?? block(3));
    let a = null, b = 1, c = 0;
    a ??= block(4); b &&= block(5); c ||= block(6);
    log(a, b, c, block(true) ? block('yes') : block('no'));`),
  'follows optional chains': main(`
    const o = { m(x) { return { v: block(x), self: this === o } }, none: null, list: [(x) => block(x)] };
    log(o?.m(1)?.v, o.none?.m(block('never')), o.missing?.(block('never')), o.m?.(2).self);
    log(o?.list?.[block(0)](9), o.none?.a.b.c(block('never')).d, (o?.m)(3).self);
    const u = undefined;
    log(u?.[block('never')], delete o?.none, delete u?.x, o);`),
  'throws the native errors for wrong callees': main(`
    const o = { x: 1 };
    const tries = [() => o.y(block(1)), () => o.x(block(2)), () => o.y.z(block(3)), () => new o.x(block(4)),
      () => nothing(block(5))];
    for (const t of tries) { try { block(0); t() } catch (e) { log(e.name, e.message.replace(/\\(0 , (.*)\\)/, '$1')) } }
    try { const z = block(undefined); z() } catch (e) { log(e) }`),
  'evaluates arguments before it finds that the callee is none': main(`
    const order = [];
    try { const f = block(5); f(order.push('arg')) } catch (e) { log(order, e) }`),
  'calls tagged templates with one template object per place': main(`
    const seen = new Set();
    const tag = (parts, ...values) => { seen.add(parts); return parts.raw.join('|') + block(values.join()) };
    for (let i = 0; i < 3; i++) log(tag\`a\${i}b\\n\${block(i)}c\`);
    const o = { p: 'x', t(parts) { return this.p + block(parts[0]) } };
    log(o.t\`yes\`, seen.size);`),
  'applies unary operators to results': main(`
    log(typeof block(1), -block(2), !block(3), ~block(4), void block(5), +block('6'), typeof block(undefined));
    const o = { a: 1 }; log(delete o[block('a')], o, block('k') in { k: 1 });`),
  'builds literals in order': main(`
    const order = [];
    const t = (x) => { order.push(x); return block(x) };
    log({ [t('a')]: t(1), b: t(2), ...t({ c: 3 }), [t('d')]: t(4) }, [t(5), , t(6), ...t([7, 8])], order);
    log(\`x\${t(9)}y\${t(10)}\`);`),
  'runs sequences and commas': main(`
    const r = (block(1), block(2), block(3));
    log(r, [(block(4), block(5))], each(((block(0)), (x) => block(x)), 2));
    for (let i = 0, j = block(2); i < j; i++, block(i)) log(i);`),

  // ---- functions
  'keeps name, length and kind of functions': main(`
    function decl(a, b) { return block(a) }
    const arrow = (a, b = 1, ...c) => block(a);
    const expr = function (a) { return block(a) };
    const named = function inner(a, b, c) { return block(a) };
    const o = { m(a) { return block(a) }, ['comp' + 'uted']: (a, b) => block(a), async am() { block(1) }, *gm(a) { block(1) } };
    for (const f of [decl, arrow, expr, named, o.m, o.computed, o.am, o.gm])
      log(f.name, f.length, typeof f, Object.hasOwn(f, 'prototype'));
    log([() => block(1)][0].name, (function () { block(1) }).name);`),
  'refuses to construct arrows and methods': main(`
    const arrow = () => block(1), o = { m() { block(1) } };
    for (const f of [arrow, o.m]) { try { new f(block(0)); log('made') } catch (e) { log(e.name) } }`),
  'passes this and arguments through': main(`
    function f() { return [this === undefined ? 'none' : this.v, arguments.length, [...arguments].map((x) => block(x))] }
    log(f(1, 2), f.call({ v: 7 }, 3), f.apply({ v: 8 }, [4, 5]), f.bind({ v: 9 }, 6)(7));
    function g() { return (() => [this.q, arguments[0], block(1)])() }
    log(g.call({ q: 1 }, 'a'));`),
  'gives arrows the context around them': main(`
    const o = { n: 5, m(...args) {
      const one = () => { block(0); const two = () => [this.n, arguments.length, block(new.target)]; return two() };
      return one();
    } };
    log(o.m(1, 2, 3));
    function F() { this.t = (() => { block(0); return new.target === F })() }
    log(new F().t);`),
  'evaluates default parameters that block': main(`
    const order = [];
    const t = (x) => { order.push(x); return block(x) };
    function f(a = t(1), { b = t(2), c } = t({ c: 3 }), [d = t(4)] = [], ...e) { return [a, b, c, d, e] }
    log(f(), f(9, {}, [8], 7, 6), order, f.length);
    const g = (x, y = x + block(1), z = () => x + y) => z() + block(y);
    log(g(1), g(1, 5));
    function h(a, b = a) { var a = block(3); return [a, b] }
    log(h(1));`),
  'destructures with defaults that block': main(`
    const { a = block(1), b: { c = block(2) } = {}, ...rest } = block({ x: 3, y: 4 });
    const [d = block(5), , e = block(6), ...f] = block([undefined, 0, 7, 8, 9]);
    let g, h; ({ g = block(10), [block('k')]: h } = { k: block(11) });
    const o = {}; [o.p, o[block('q')] = block(12)] = [13];
    log(a, c, rest, d, e, f, g, h, o);`),
  'closes over variables that change during a wait': main(`
    let n = 0;
    const inc = () => { const was = n; n++; return block(was) };
    log(inc(), inc(), n);
    const fs = []; for (let i = 0; i < 3; i++) { fs.push(() => block(i)); i += block(0) }
    log(fs.map((f) => f()));
    const gs = []; for (const k in { a: 1, b: 2 }) gs.push(() => block(k));
    log(gs.map((f) => f()));`),
  recurses: main(`
    function fact(n) { return n < 2 ? block(1) : n * fact(n - 1) }
    const fib = (n) => n < 2 ? block(n) : fib(n - 1) + fib(n - 2);
    const even = function e(n) { return n === 0 ? block(true) : !e(n - 1) };
    log(fact(5), fib(7), even(4), even(5));`),
  'runs self-referring functions from native callers': main(`
    const f = function me(n) { return n > 1 ? me.call(null, n - 1) + 1 : typeof me }; log([3].map(new Proxy(f, {})));
    const g = function* me(n) { if (n > 0) { yield n; yield* me(n - 1) } }; log([...g(3)]);
    const h = async function me(n) { return n > 0 ? me(n - 1) : typeof block(me) }; return h(2);`),
  'curries and returns functions': main(`
    const add = (a) => (b) => (c) => block(a) + block(b) + block(c);
    log(add(1)(2)(3));
    function make() { let n = 0; return { inc: () => (n += block(1)), get: () => n } }
    const c = make(); c.inc(); c.inc(); log(c.get());`),
  'hoists functions out of blocks and switches': main(`
    { log(inBlock(1)); function inBlock(x) { return block(x) + 'b' } }
    switch (block(2)) { case 1: function a(x) { return block(x) } case 2: log(a('from two')); break; default: log('no') }
    switch (block('none')) { case block('no'): log(1); default: log('default'); case 'x': log(b(3));
    function b(x) { return block(x) } }`),
  'uses functions as values': main(`
    const table = { a: (x) => block(x) + 'a', b(x) { return block(x) + 'b' } };
    for (const k of Object.keys(table)) log(table[k](k));
    const m = new Map([[table.a, 1]]); log(m.get(table.a));
    const pick = (c) => c ? table.a : table.b; log(pick(true)(1), pick(false)(2));`),
  'lets a name be reassigned': main(`
    function f(x) { return block(x) + ' first' }
    log(f(1)); f = (x) => block(x) + ' second'; log(f(2));`),
  'shadows names': main(`
    const block2 = block; { const block = (x) => 'inner' + x; log(block(1)) } log(block2(2));
    function f(block) { return block(3) } log(f((x) => x * 2));`),
  'calls host functions through properties and variables': main(`
    const { get } = client; const c = client;
    log(client.get(1), c.get(2), client['get'](3), [client].map((x) => x.get(4)), [5].map(block));`),
  'calls back from the host': main(`
    log(each((i) => block(i) * 2, 3), each(function (i) { return i }, 2), each((i) => each((j) => block(i + j), 2), 2));`),

  // ---- statements
  'leaves loops with labels': main(`
    outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) {
      if (block(j) === 1) continue outer; if (i === 2) break outer; log(i, j) } }
    let n = 0; do { n += block(1); if (n === 2) continue } while (block(n) < 4); log(n);
    while (block(n) > 0) { n--; if (n === 1) break } log(n);
    found: { if (block(true)) break found; log('never') }`),
  'runs for-in over live objects': main(
    'const o = { a: 1, b: 2 }; for (const k in block(o)) log(k, block(o[k]));',
  ),
  'returns through finally': main(`
    function f() { try { return block(1) } finally { log('fin', block(2)) } }
    function g() { try { return block(1) } finally { return block(3) } }
    function h() { for (const x of [1, 2]) { try { block(x); continue } finally { log('loop', x) } } return 'end' }
    function k() { try { blockThrow(new Error('a')) } catch (e) { return block(e.message) } finally { block(0); log('k') } }
    log(f(), g(), h(), k());`),
  'throws through frames': main(`
    function deep(n) { if (n === 0) blockThrow(new RangeError('deep'));
    try { return deep(n - 1) } finally { log('up', block(n)) } }
    try { deep(3) } catch (e) { log(e) }
    try { try { blockThrow(1) } finally { blockThrow(2) } } catch (e) { log(e) }
    try { each(() => { throw block('x') }, 1) } catch (e) { log(e) }`),
  'catches with patterns and without': main(`
    try { blockThrow({ code: 5, list: [1] }) } catch ({ code, list: [first], more = block('d') }) { log(code, first, more) }
    try { blockThrow(1) } catch { log('bare', block(2)) }`),
  'switches over blocking cases': main(`
    const pick = (x) => { switch (block(x)) { case block(1): return 'one'; case block(2): log('two');
    case 3: log('fall'); break; default: return 'other' } return 'after' };
    log(pick(1), pick(2), pick(3), pick(4));`),
  'throws and returns results of calls': main(`
    const f = () => { throw block('thrown') }; try { f() } catch (e) { log(e) }
    if (block(false)) log('no'); else if (block(true)) log('yes');
    return block('value');`),

  // ---- objects and classes
  'reads and writes accessors': main(`
    const o = { _v: 1, get v() { return block(this._v) }, set v(x) { this._v = block(x) }, get ['w' + 1]() {
      return block('w') } };
    o.v = 5; o.v += 2; o.v++; ++o.v; o.v ||= 3; o.v &&= 9; o.v ??= 1; log(o.v, o.v--, o._v, o.w1, Object.keys(o));
    log(Object.getOwnPropertyDescriptor(o, 'v').get.name, o?.v, typeof o.v, delete o.v, o.v);`),
  'keeps the order of literals with accessors and methods': main(`
    const o = { a: block(1), get b() { return block(2) }, c: block(3), m() { return block(4) }, set b(x) { log('set',
      block(x)) }, ...block({ d: 5 }) };
    o.b = 9; log(Object.keys(o), o.b, o.m(), o.a, o.c, o.d);`),
  'looks super up in object literals': main(`
    const base = { m(x) { return 'base' + block(x) }, get g() { return 'g' + this.n } };
    const o = { __proto__: base, n: 1, m(x) { return super.m(block(x)) + this.n + super.g }, k() {
      const f = () => super.m(block(7));
    return f() } };
    log(o.m(1), o.k());`),
  'constructs classes': main(`
    class A { constructor(x, y = 2) { this.x = block(x); this.y = y;
    log(new.target === A, new.target.name) } m() { return block(this.x + this.y) } }
    const a = new A(1); log(a, a.m(), A.length, A.name, a.constructor === A, a instanceof A, Object.keys(a));
    try { A() } catch (e) { log(e.name) }`),
  'constructs subclasses': main(`
    class A { constructor(x) { this.a = block(x) } hi() { return 'A' + block(this.a) } static make(x) { return new this(x) } }
    class B extends A { constructor(x) { const y = block(x) + 1; super(y); this.b = block(3) } hi() { return super.hi() + 'B' } }
    class C extends B {} class D extends C { constructor(...r) { super(...r); this.d = new.target.name } }
    for (const K of [A, B, C, D]) { const o = K.make(1); log(o, o.hi(), o.constructor.name, o instanceof A) }`),
  'checks this before super': main(`
    class A { constructor() { block(1) } }
    class B extends A { constructor(k) { if (k === 1) { this.x = block(1) } if (k === 2) { super();
    super() } if (k === 3) return { own: block(3) }; if (k === 4) { super();
    return block(5) } if (k === 5) { const f = () => super(); f(); this.z = block(6) } } }
    for (let k = 0; k < 6; k++) { try { log(k, new B(k)) } catch (e) { log(k, e) } }`),
  'initialises fields with blocking calls': main(`
    const order = []; const t = (x) => { order.push(x); return block(x) };
    class A { a = t(1); ['b' + t('key')] = t(2); #p = t(3); f = () => [this.a, this.#p, t(4)]; static s = t(5); c;
    constructor() { t(6); this.sum = this.a + this.#p } get p() { return this.#p } }
    const x = new A(); log(x.a, x.bkey, x.f(), x.f.name, A.s, x.c, x.sum, x.p, Object.keys(x), order);`),
  'initialises fields of subclasses after super': main(`
    class A { a = block('a'); constructor() { log('A', this.b, block(1)) } }
    class B extends A { b = block('b') + this.a; #q = 5; constructor() { super();
    log('B', this.b, this.#q, B.has(this)) } static has(o) { return #q in o } }
    class C extends B { c = block(this.b); }
    log(new B(), new C(), B.has({}));`),
  'extends natives': main(`
    class MyError extends Error { constructor(m) { super(block(m)); this.code = block(5) } get name() { return 'MyError' } }
    class List extends Array { sum() { let s = 0; for (const x of this) s += block(x); return s } }
    const l = List.from([1, 2, 3]);
    log(new MyError('m') instanceof Error, new MyError('m').message, new MyError('x').code, l.sum(), l.length,
      l.map((x) => block(x) * 2) instanceof List);
    class M extends Map { get(k) { return block(super.get(k)) } } log(new M([[1, 2]]).get(1));`),
  'calls private members': main(`
    class A { #v = 1;
    #m(x) { return this.#v + block(x) } get #g() { return block(this.#v) } set #g(x) { this.#v = block(x) } static #s(x) {
      return block(x) }
      run() { this.#g = 5; this.#g += 2; this.#g++;
    return [this.#m(1), this.#g, A.#s(3), [1, 2].map(this.#m, this), this?.#m(9)] }
      static bad() { try { return ({}).#m } catch (e) { return e.name } } }
    log(new A().run(), A.bad());`),
  'runs static members and blocks': main(`
    const order = [];
    class A { static a = (order.push('a'), block(1));
    static m(x) { return block(x) + this.a } static { order.push('block'); this.b = this.m(2) } static #p = block(7);
    static p() { return A.#p } static get g() { return block('g') } static ['c' + block('x')] = 4; }
    log(A.a, A.b, A.p(), A.g, A.cx, A.name, order);
    const B = class { static n = block(3); static f = () => block(4) }; log(B.n, B.f(), B.name);`),
  'uses accessors and super of classes': main(`
    class A { get v() { return block(this._v ?? 1) } set v(x) { this._v = block(x) } static get s() { return block('s') } }
    class B extends A { get v() { return super.v * 10 } set v(x) { super.v = x + 1 } m() {
      return [1].map(() => super.v + block(0)) } }
    const b = new B(); log(b.v); b.v = 4; log(b._v, b.v, B.s, b.m());`),
  'makes classes in loops and mixins': main(`
    const ks = []; for (let i = 0; i < 2; i++) ks.push(class { v = block(i); m() { return block(this.v) + i } });
    log(ks.map((K) => new K().m()), ks.map((K) => K.name));
    const Mix = (B) => class extends B { mixed() { return block('mix') + this.base() } };
    class Base { base() { return block('base') } } class Full extends Mix(Base) {} log(new Full().mixed(), Full.name);
    const o = { K: class { m() { return block(1) } } };
    log(o.K.name, new o.K().m(), new (class { constructor() { this.a = block(2) } })());`),
  'gives computed and symbol members their names': main(`
    const s = Symbol('sym'); const k = () => block('key');
    class A { [k()](x) { return block(x) } [s]() { return block('s') } static [k() + 2]() {
      return block(3) } async [k() + 3]() { block(1) } }
    const a = new A(); log(a.key(1), a[s](), A.key2(), a.key.name, a[s].name, Object.getOwnPropertyNames(A.prototype));`),
  'constructs functions': main(`
    function F(x) { this.x = block(x); if (x === 9) return { other: block(1) }; if (!new.target) return 'called' }
    F.prototype.m = function () { return block(this.x) };
    log(new F(1).m(), new F(9), F.call({}, 2), new F(3) instanceof F, Reflect.construct(F, [4], Array) instanceof Array);
    function G() { if (!new.target) return new G(); this.ok = block(true) } log(G(), new G());
    const Bound = F.bind(null, 5); log(new Bound().x, new Bound() instanceof F);`),
  'keeps descriptors of members': main(`
    class A { m() { block(1) } static s() { block(1) } get g() { return block(1) } }
    const d = (o, k) => Object.entries(Object.getOwnPropertyDescriptor(o, k)).map(([n,
      v]) => n + ':' + typeof v + (typeof v === 'boolean' ? v : ''));
    log(d(A.prototype, 'm'), d(A, 's'), d(A.prototype, 'g'), Object.getOwnPropertyNames(A),
      Object.getOwnPropertyNames(A.prototype), A.prototype.m.name, A.prototype.m.length);`),
  'returns classes from blocking contexts': main(`
    class P { constructor() { this.t = new.target.name } }
    class Q extends (block(0), P) { constructor() { super(block(1)); } }
    log(new Q().t, new (block(Q))().t, new (class extends block(P) { m() { return block(3) } })().m());`),

  // ---- generators and iteration
  'yields around blocking calls': main(`
    function* g(n) { let got = yield block('start'); while (n-- > 0) { log('got', got);
    got = yield block(n) } return block('end') }
    const it = g(2); log(it.next('ignored'), it.next('a'), it.next('b'), it.next('c'), it.next());
    log(Object.prototype.toString.call(it), it[Symbol.iterator]() === it, typeof it.next);`),
  'iterates with for-of over blocking generators': main(`
    function* g() { try { yield block(1); yield block(2); yield block(3) } finally { log('closed', block('f')) } }
    for (const x of g()) { log(x); if (x === 2) break }
    for (const x of g()) log('all', x);
    const f = () => { for (const x of g()) if (x === 2) return block(x) }; log(f());
    try { for (const x of g()) throw block('out') } catch (e) { log(e) }
    outer: for (const a of g()) { for (const b of [1, 2]) { if (b === 2) continue outer; log(a, b) } }`),
  'delegates to other generators': main(`
    function* inner() { try { const a = yield block(1); log('a', a); const b = yield 2;
    return [a, b, block('r')] } catch (e) { log('inner', e); yield 'caught' } finally { log('fin') } }
    function* outer() { const r = yield* inner(); log('r', r); yield* [7, 8]; yield* block('xy') }
    let it = outer(); log(it.next(), it.next('A'), it.next('B'), it.next(), it.next(), it.next(), it.next());
    it = outer(); it.next(); log(it.throw(block('T')), it.return('R'), it.next());
    it = outer(); it.next(); log(it.return(block('early')), it.next());`),
  'returns and throws into generators': main(`
    function* g() { while (true) { try { yield block(1) } catch (e) { log('c', e, block(2)) } finally { log('f', block(3)) } } }
    const it = g(); log(it.next(), it.throw('x'), it.return(5), it.next(), it.return(6));
    function* h() { yield 1 } const ih = h(); log(ih.return(block(4)), ih.next());
    try { h().throw(block('first')) } catch (e) { log(e) }`),
  'iterates own iterators': main(`
    class Range { constructor(n) { this.n = n } [Symbol.iterator]() { let i = 0; const n = this.n; block(0);
    return { next: () => ({ done: i >= n, value: block(i++) }), return: () => { log('ret', block('x'));
    return {} } } } }
    for (const x of new Range(3)) log(x);
    for (const x of new Range(3)) { if (x === 1) break }
    let v; for (v of new Range(2)); log(v); const o = {}; for (o.p of new Range(2)); log(o);
    for ([v] of [[1], [block(2)]]) log(v);`),
  'gives each loop round its own variable': main(`
    function* g() { yield block(1); yield block(2) }
    const fs = []; for (const x of g()) fs.push(() => block(x)); log(fs.map((f) => f()));
    for (const { a = block('d'), b } of [{ a: 1, b: 2 }, { b: 3 }]) log(a, b); for (var z of g()) block(z); log(z);`),
  'runs generator methods and arrows in them': main(`
    class T { constructor() { this.items = [1, 2] } *[Symbol.iterator]() {
      for (const x of this.items) yield block(x) } *pairs(n) { const f = () => this.items.map((x) => block(x) * n);
    yield* f() } static *s() { yield block('s') } }
    const t = new T(); for (const x of t) log(x); for (const x of t.pairs(10)) log(x); for (const x of T.s()) log(x);
    const o = { *g() { yield block(this.n) }, n: 6 }; for (const x of o.g()) log(x);`),
  'refuses to run a generator inside itself': main(`
    let it; function* g() { try { it.next() } catch (e) { log(e.name) } yield block(1) } it = g(); log(it.next());`),
  'keeps generator prototypes': main(`
    function* g() { yield block(1) } g.prototype.extra = function () { return 'extra' };
    const it = g();
    log(it.extra(), it instanceof g, Object.getPrototypeOf(g) === Object.getPrototypeOf(function* () {}),
      g.prototype !== Object.prototype);
    try { new g() } catch (e) { log(e.name) }`),

  // ---- callbacks of natives
  'calls back from array methods': main(`
    const a = [3, 1, 2]; const f = (x) => block(x) > 1;
    log(a.map((x, i, all) => [block(x), i, all === a]), a.filter(f), a.some(f), a.every(f), a.find(f), a.findIndex(f),
      a.findLast(f), a.findLastIndex(f));
    a.forEach(function (x) { log(this.k, block(x)) }, { k: 'K' });
    log(a.reduce((s, x) => s + block(x)), a.reduce((s, x) => s + block(x), 10), a.reduceRight((s, x) => s + '-' + block(x)),
      a.flatMap((x) => [block(x), [x]]));
    try { [].reduce((s) => block(s)) } catch (e) { log(e) }`),
  'sorts with a blocking comparator': main(`
    const a = [5, 3, undefined, 9, 1, 1.5]; a[8] = 2;
    log(a.sort((x, y) => block(x) - block(y)), a.length, 7 in a);
    log([{ k: 1, n: 'a' }, { k: 0, n: 'b' }, { k: 1, n: 'c' }, { k: 0, n: 'd' }].sort((x,
      y) => block(x.k - y.k)).map((x) => x.n));
    log([3, 2, 1].toSorted?.((x, y) => block(x - y)));`),
  'skips holes and sees changes': main(`
    const a = [1, , 3]; log(a.map((x) => block(x) * 2), 1 in a.map((x) => block(x)));
    const b = [1, 2]; const seen = []; b.forEach((x) => { if (b.length < 5) b.push(block(x)); seen.push(x) }); log(b, seen);`),
  'calls back from Array.from': main(`
    log(Array.from([1, 2], (x, i) => block(x) + i), Array.from({ length: 2 }, (_, i) => block(i)), Array.from(new Set([1,
      2]), function (x) { return this.k + block(x) }, { k: 5 }));
    function* g() { yield block(1); yield block(2) } log(Array.from([g].map((f) => f().next().value), (x) => block(x)));`),
  'calls back from maps and sets': main(`
    new Map([['a', 1], ['b', 2]]).forEach((v, k, m) => log(v, block(k), m.size));
    const s = new Set([1]); s.forEach((v) => { if (v < 3) s.add(block(v + 1)) }); log(s);`),
  'calls back from typed arrays': main(`
    const t = new Uint8Array([3, 1, 2]);
    log([...t.map((x) => block(x) * 2)], [...t.filter((x) => block(x) > 1)], t.reduce((s, x) => s + block(x)),
      t.find((x) => block(x) < 3), t.some((x) => block(x) > 9), t.findLastIndex((x) => block(x) === 3));
    t.forEach((x, i) => log(i, block(x))); log([...t.sort((a, b) => block(b) - a)], [...t]);`),
  'calls back from string replacement': main(`
    log('a1b22c'.replace(/\\d+/g, (m, at) => '<' + block(m) + at + '>'), 'aXa'.replace('X', (m) => block(m.toLowerCase())),
      'x.y.z'.replaceAll('.', () => block('-')));
    log('2020-01'.replace(/(?<y>\\d+)-(?<m>\\d+)/, (...a) => block(a.at(-1).m + '/' + a.at(-1).y)), 'abc'.replace(/(b)(x)?/,
      (m, p, q) => block(p) + q));`),
  'calls back from JSON.parse': main(`
    log(JSON.parse('{"a":1,"b":{"c":[1,2]}}', function (k, v) { log(k, Array.isArray(this));
      return typeof v === 'number' ? block(v) + 1 : v }));
    log(JSON.parse('[1,2,3]', (k, v) => block(v) === 2 ? undefined : v));`),
  'calls back from JSON.stringify': main(`
    class D { constructor(v) { this.v = v } toJSON(key) { return { key, v: block(this.v) } } }
    log(JSON.stringify({ a: new D(1), b: [new D(2), undefined, () => 1], c: undefined, d: new Date(0), e: 'x"',
      f: new Number(3), [Symbol('s')]: 1 }));
    log(JSON.stringify([1, { a: 2 }], (k, v) => typeof v === 'number' ? block(v) * 2 : v), JSON.stringify({ a: new D(1),
      b: 1 }, ['a', 'v'], 2), JSON.stringify(new D(undefined)));
    const o = { toJSON() { return block(5) } }; log(JSON.stringify(o), JSON.stringify({ k: o }, null, '  '));
    const z = { toJSON() { return block(this) } }; z.z = z; try { JSON.stringify(z) } catch (e) { log(e.name) }`),
  'calls through Reflect, call and apply': main(`
    function f(a, b) { return [this?.k, block(a), b] }
    log(Reflect.apply(f, { k: 1 }, [2, 3]), f.call({ k: 4 }, 5, 6), f.apply(null, [7, 8]), f.apply({ k: 0 }),
      Function.prototype.call.call(f, { k: 9 }, 1, 2), Reflect.apply(Function.prototype.apply, f, [{ k: 2 }, [3, 4]]));
    class C { constructor(x) { this.x = block(x) } } log(Reflect.construct(C, [5]));`),
  'binds functions': main(`
    const o = { n: 2, m(a, b) { return this.n + block(a) + b } }; const b = o.m.bind(o, 10);
    log(b(1), b.name, b.length, [1, 2].map(o.m.bind({ n: 0 }, 1)), setup()(3));
    function setup() { return o.m.bind({ n: 100 }, 1) }`),
  'keeps proxies in front': main(`
    const p = new Proxy((x) => x + 1, { apply: (t, self, [x]) => t(x) * 10 }); log(p(block(1)));
    const q = new Proxy({}, { get: (t, k) => k + '!' }); log(q.abc, block(q.x));`),

  // ---- promises
  'waits in async functions without letting others in': main(`
    (async () => { log('a1', block(1)); await null; log('a2', block(2)); await null; log('a3') })();
    Promise.resolve().then(() => log('t1')).then(() => log('t2'));
    log('sync', block(3)); block(4); log('end');`),
  'orders reactions as natively': `${HEAD}
    export default async function () {
      const p = []; const out = (x) => p.push(x);
      const a = async (n) => { out(n + 1); await 0; out(n + 2); await 0; out(n + 3); return n };
      const q = [a(10), a(20), Promise.resolve().then(() => out('t1')).then(() => out('t2')).then(() => out('t3'))];
      log(block('w')); log(await Promise.all(q)); log(p);
    }`,
  'blocks in continuations and callbacks': `${HEAD}
    export default async function () {
      await null; log('c1', block(1));
      const r = await Promise.resolve(5).then((x) => block(x) + 1); log(r);
      await Promise.reject(new Error('r')).catch((e) => log(e.message, block(2)));
      await Promise.resolve(1).finally(() => log('fin', block(3)));
      try { await Promise.resolve().then(() => blockThrow(new Error('in then'))) } catch (e) { log(e) }
      log(await new Promise((resolve) => resolve(block(6))), await new Promise((_, j) => j(block(7))).catch((e) => e));
    }`,
  'rejects from async functions': `${HEAD}
    export default async function () {
      const f = async (x = blockThrow(new Error('default'))) => x; const g = async () => { throw block('thrown') };
      const h = async () => { try { await g() } catch (e) { log('c', e); return block('ok') } finally { log('f', block(1)) } };
      for (const t of [() => f(), g, h]) { try { log(await t()) } catch (e) { log('rejected', e) } }
      class A { async m(x) { await null; return this.v + block(x) } v = 1;
    static async s() { return block('s') } async #p() { return block('p') } p() { return this.#p() } }
      log(await new A().m(2), await A.s(), await new A().p(), A.prototype.m.constructor.name,
      (async () => {}).constructor === f.constructor);
    }`,
  'awaits in loops, arguments and literals': `${HEAD}
    export default async function () {
      const d = (x) => Promise.resolve(block(x));
      let s = 0; for (let i = 0; i < 3; i++) s += await d(i);
    log(s, [await d(1), block(2), await d(3)], { a: await d(4) }, block(await d(5)) + (await d(6)));
      for (const x of [d(1), d(2)]) log(await x); for await (const x of [d(7), 8]) log('fa', x);
      log(await Promise.all([1, 2].map(async (x) => { await null; return block(x) })), await Promise.race([d(1), d(2)]));
    }`,
  'closes async iterators': `${HEAD}
    export default async function () {
      const it = (n) => ({ [Symbol.asyncIterator]() { let i = 0; return { next: async () => ({ done: i >= n,
      value: block(i++) }), return: async () => { log('closed', block('r')); return {} } } } });
      for await (const x of it(3)) log(x); for await (const x of it(3)) { if (x === 1) break }
      try { for await (const x of it(2)) throw block('boom') } catch (e) { log(e) }
      for await (const x of (async function* () { yield 1; yield 2 })()) log('ag', x, block(x));
    }`,
  'gives thenables and subclasses their way': `${HEAD}
    export default async function () {
      const t = { then(ok) { ok('thenable') } }; log(await t, block(1));
      class P extends Promise {} log(P.resolve(1).then((x) => x) instanceof P, await P.resolve(2).then((x) => block(x)));
      const o = { then: (f) => f(block(4)), catch: () => 'own catch' }; log(o.catch(), await new Promise((r) => r(5)));
    }`,
  'runs timers when the VU is free': main(`
    later(() => log('timer', block('t'))); later(() => log('second')); log('a', block(1)); log('b', block(2));`),
  'shares an async arrow with its surroundings': `${HEAD}
    export default async function () {
      const o = { v: 3, async m() { const f = async (x) => { await null; return this.v + block(x) };
    return [await f(1), await (async () => arguments.length)()] } };
      log(await o.m('a', 'b'));
      const rec = async (n) => n === 0 ? [] : [...(await rec(n - 1)), block(n)]; log(await rec(3));
    }`,

  // ---- programs
  'blocks at top level': program(`
    const first = block('top'); let n = 0; class K { static v = block(5) } for (let i = 0; i < 2; i++) n += block(i);
    function helper(x) { return block(x) + first } log('init', n, K.v);
    export default () => log(helper('h'), first, K.v);`),
  'waits at top level': program(`
    const v = await Promise.resolve(block(1)); log('after', v); const w = block(2); await null; log(w);
    export default () => log('main', v, w, block(3));`),
  'exports in every form': program(`
    export const a = block(1), { b, c: [d] } = { b: 2, c: [3] };
    export function f() { return block(a) } export class K { m() { return block(d) } }
    export default function () { log(f(), new K().m(), b) } class L { static x = block(4) } export { L as other }; log(L.x);`),
  'lets scripts declare the names of globals': program(`
    const log2 = log; { const log = (x) => log2('inner', x); log(block(1)) } const later = (x) => block(x);
    export default () => { log2(later(2)); globalThis.shared = block(3);
    log2(shared, typeof shared, typeof nowhere, typeof process) ; shared += 4; log2(globalThis.shared);
    try { nowhere = 1 } catch (e) { log2(e) } try { nowhere } catch (e) { log2(e) } [shared] = [7];
    log2(shared, { shared }) };`),
  'uses names of the global object in every position': program(`
    globalThis.Thing = class { constructor(x) { this.x = x } }; globalThis.tag = function (parts) { return [this, parts[0]] };
    globalThis.count = 1; const list = [];
    export default () => {
      log(new Thing(block(1)).x, new Thing().x, tag\`t\`, tag?.(['o']), (0, tag)(['c']), tag(['d']), typeof tag, count++,
      ++count, count += block(2), count);
      for (count of [7, 8]) list.push(count); [count, list[0]] = [5, 6]; ({ count = block(9) } = {}); log(count, list, { count });
      class Sub extends Thing {} log(new Sub(3).x, new Sub(3) instanceof Thing, tag.name, delete globalThis.count, typeof count);
    };`),
  'runs CommonJS wrappers': program(`
    var __commonJS = (cb, mod) => () => (mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports);
    var require_x = __commonJS({ 'x.js'(exports, module) { exports.run = function (x) { return block(x) + 1 };
      module.exports.v = block(2) } });
    export default () => log(require_x().run(1), require_x().v);`),
  'evaluates strings': main(
    "const x = 1; log(eval('x + 1'), (0, eval)('1 + 1'), new Function('a', 'return a * 2')(block(3)));",
  ),
  'keeps class and function expressions named in place': main(`
    const o = { a: function () { return block(1) }, b: () => block(2), ['c']: class { m() { return block(3) } },
      'd-e': () => block(4), 5: () => block(5) };
    let x; x = () => block(1); let { y = () => block(2) } = {}; const [z = function () { block(3) }] = [];
    function p(q = () => block(4)) { return q.name }
    log(Object.values(o).map((f) => f.name), x.name, y.name, z.name, p());`),
  'walks a tree': main(`
    const tree = { v: 1, kids: [{ v: 2, kids: [] }, { v: 3, kids: [{ v: 4, kids: [] }] }] };
    const sum = (t) => block(t.v) + t.kids.map(sum).reduce((a, b) => a + b, 0);
    function* walk(t) { yield block(t.v); for (const k of t.kids) yield* walk(k) }
    const list = []; for (const v of walk(tree)) list.push(v); log(sum(tree), list);`),
  'retries and times out': main(`
    function retry(n, f) { for (let i = 1; ; i++) { try { return f(i) } catch (e) { log('try', i, e);
    if (i >= n) throw e; block(i) } } }
    log(retry(3, (i) => i < 3 ? blockThrow('no') : block('yes')));
    try { retry(2, () => blockThrow('never')) } catch (e) { log('gave up', e) }`),
  'relies on line breaks instead of semicolons': main(`
    let a = block(1)
    ;[a].forEach((x) => log(block(x)))
    const f = () => block(2)
    f()
    log(a)
    a++
    block(3)
    log(a)`),
};
