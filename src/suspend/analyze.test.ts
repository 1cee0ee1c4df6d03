import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as acorn from 'acorn';
import type { BlockingTable } from './analysis-result.ts';
import { analyze, type FlowAnalysisResult } from './analyze.ts';
import { resolveScopes } from './scope.ts';

const HTTP = { get: { blocks: true, returns: 'Response' }, post: { blocks: true } };
const K6 = {
  sleep: { blocks: true },
  group: { callsBack: true },
  check: { callsBackProperties: true },
};

/** A part of the k6 modules, as the host describes them. */
const TABLE: BlockingTable = {
  modules: {
    k6: { named: K6, default: { type: 'k6' } },
    'k6/ws': { named: { connect: { blocks: true, callsBack: true } }, default: { type: 'ws' } },
    'k6/http': { named: HTTP, default: { type: 'http' } },
    'k6/net/grpc': { named: { Client: { constructs: 'Client' } }, default: { type: 'grpc' } },
  },
  types: {
    k6: K6,
    ws: { connect: { blocks: true, callsBack: true } },
    http: HTTP,
    Response: { submitForm: { blocks: true, returns: 'Response' } },
    grpc: { Client: { constructs: 'Client' } },
    Client: { connect: { blocks: true }, invoke: { blocks: true } },
  },
};

/** A line `// @unit name` starts the code of another unit. */
function unitAtMarkers(code: string): (position: number) => string {
  const marks = [...code.matchAll(/\/\/ @unit (\S+)/g)].map((m) => ({ at: m.index, name: m[1] }));
  return (position) => marks.findLast(({ at }) => at <= position)?.name ?? '.';
}

interface Found {
  /** Names of the suspendable functions, sorted; functions without a name are `(anonymous)`. */
  readonly names: string[];
  readonly result: FlowAnalysisResult;
  /** Source text of the may-block nodes. */
  readonly sites: string[];
}

function find(code: string, stepsBase?: number): Found {
  const program = acorn.parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const result = analyze(
    program,
    { code, blocking: TABLE, unitAt: unitAtMarkers(code) },
    resolveScopes(program),
    ...(stepsBase === undefined ? [] : [{ stepsBase, stepsPerPlace: 0 }]),
  );
  const names = [...result.why.values()].map((why) => why.split(' -> ')[0] ?? '');
  const sites = [...result.mayBlock].map(({ start, end }) => code.slice(start, end));
  return { names: names.sort(), result, sites };
}

/** Names of the functions that suspend, apart from anonymous ones. */
function named(code: string): string[] {
  return find(code).names.filter((name) => !name.startsWith('(anonymous'));
}

describe('analyze, user code', () => {
  it('finds nothing where nothing blocks', () => {
    const { names, sites } = find(`
      import { check } from 'k6';
      import { Trend } from 'k6/metrics';
      const trend = new Trend('t');
      class A { run(f) { return [1].map(f); } }
      export default function () {
        check({ a: 1 }, { ok: (x) => x.a === 1 });
        setTimeout(() => trend.add(new A().run((x) => x)), 1);
      }`);
    assert.deepEqual(names, []);
    assert.deepEqual(sites, []);
  });

  it('marks callers up to the entry point, and no function beside them', () => {
    const names = named(`
      import { sleep } from 'k6';
      function helper() { sleep(1); }
      function run() { helper(); }
      function pure(x) { return x.map((y) => y + 1); }
      export default function main() { pure([1]); run(); }`);
    assert.deepEqual(names, ['helper', 'main', 'run']);
  });

  it('explains why a function suspends', () => {
    const { result } = find(`
      import http from 'k6/http';
      function helper() { return http.get('x'); }
      export default function main() { helper(); }`);
    assert.ok([...result.why.values()].includes('main -> helper -> k6/http.get'));
  });

  it('leaves a callback that blocks only later out of its caller', () => {
    const names = named(`
      import { sleep } from 'k6';
      const later = () => sleep(1);
      function schedule() { setTimeout(later, 1); Promise.resolve().then(later); }
      function register(socket) { socket.on('open', later); socket.addEventListener('message', later); }
      export default function main() { schedule(); register({}); }`);
    assert.deepEqual(names, ['later']);
  });

  it('suspends in ws.connect, not in the handlers that only talk', () => {
    const names = named(`
      import ws from 'k6/ws';
      import { sleep } from 'k6';
      export default function main() {
        ws.connect('u', {}, function session(socket) {
          socket.on('open', function open() { socket.send('x'); });
          socket.on('message', function message() { sleep(1); });
        });
      }`);
    assert.deepEqual(names, ['main', 'message']);
  });

  it('suspends in group and check only with callbacks that block', () => {
    const names = named(`
      import { group, check, sleep } from 'k6';
      function quiet() { group('q', () => 1); check(1, { ok: () => true }); }
      function loud() { group('l', () => sleep(1)); }
      function checked() { check(1, { ok: () => sleep(1) === undefined }); }
      export default function main() { quiet(); }`);
    assert.deepEqual(names, ['checked', 'loud', 'ok']);
  });

  it('finds group behind a wrapper', () => {
    const names = named(`
      import { group, sleep } from 'k6';
      function step(name, fn) { return group(name, fn); }
      function a() { step('a', () => sleep(1)); }
      function b() { step('b', () => 1); }
      function c() { return 1; }`);
    assert.deepEqual(names, ['a', 'b', 'step']);
  });

  it('reaches blocking methods of host objects through values and, if lost, by name', () => {
    const { names } = find(`
      import http from 'k6/http';
      import grpc from 'k6/net/grpc';
      const client = new grpc.Client();
      function submit(res) { return res.submitForm({}); }
      function call() { client.invoke('m'); }
      function other() { return JSON.parse('1').body; }
      export default function main() { submit(JSON.parse('{}')); call(); }`);
    assert.deepEqual(names, ['call', 'main', 'submit']);
  });

  it('takes namespace, default and dynamic imports and require for the host module', () => {
    const names = named(`
      import * as k6 from 'k6';
      import { default as http } from 'k6/http';
      function a() { k6.sleep(1); }
      function b() { k6.default.sleep(1); }
      function c() { http['get'](1); }
      function d(m) { http[m](1); }
      function e() { require('k6').sleep(1); }
      function f() { __require("k6").sleep(1); }
      async function g() { (await import('k6')).sleep(1); }
      function h() { return k6.randomSeed; }`);
    assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('never marks async generators, but marks what is called in them', () => {
    const { names, sites } = find(`
      import { sleep } from 'k6';
      async function* ag() { sleep(1); yield 1; }
      async function main() { for await (const x of ag()) x; }`);
    assert.deepEqual(names, []);
    assert.deepEqual(sites, ['sleep(1)']);
  });

  it('does not suspend where a generator is only made', () => {
    const { names, sites } = find(`
      import { sleep } from 'k6';
      function* numbers() { sleep(1); yield 1; }
      function make() { return numbers(); }
      function use() { for (const x of make()) x; }`);
    assert.deepEqual(names, ['numbers', 'use']);
    assert.ok(sites.some((site) => site.startsWith('for (')));
  });

  it('keeps loops over arrays plain although some iterator blocks', () => {
    const names = named(`
      import { sleep } from 'k6';
      function* numbers() { sleep(1); yield 1; }
      function use() { for (const x of numbers()) x; }
      function sum() { const list = [1, 2]; let n = 0; for (const x of list) n += x; return n; }
      function keys(o) { for (const k of Object.keys(o)) k; }`);
    assert.deepEqual(names, ['numbers', 'use']);
  });

  it('makes constructors and classes suspend for fields, bodies and parents', () => {
    const { result, names } = find(`
      import { sleep } from 'k6';
      class Field { x = sleep(1); }
      class Body { constructor() { sleep(1); } }
      class Child extends Body {}
      class Explicit extends Field { constructor() { super(); } }
      class Plain { constructor() { this.f = () => sleep(1); } g = () => sleep(1); }
      function make() { return new Child(); }
      function quiet() { return new Plain(); }`);
    const classes = [...result.suspendableClasses].map((node) => node.id?.name);
    assert.deepEqual(classes.sort(), ['Body', 'Child', 'Explicit', 'Field']);
    assert.ok(names.includes('make'));
    assert.ok(!names.includes('quiet'));
    assert.ok(names.includes('Explicit.constructor'));
    assert.ok(!names.includes('Plain.constructor'));
  });

  it('marks reads and writes of accessors that block, by name', () => {
    const { sites, names } = find(`
      import { sleep } from 'k6';
      class Page { get title() { sleep(1); return ''; } set title(x) { this.t = x; } get size() { return 1; } }
      function read(p) { return p.title; }
      function write(p) { p.title = 1; }
      function other(p) { return p.size; }`);
    assert.deepEqual(names, ['Page.title', 'read']);
    assert.ok(sites.includes('p.title'));
  });

  it('suspends in JSON.stringify only when a toJSON blocks', () => {
    const stringify = 'function save(x) { return JSON.stringify(x); }';
    const withBlocking = `import { sleep } from 'k6'; class A { toJSON() { sleep(1); } } ${stringify}`;
    const without = `import { sleep } from 'k6'; class A { toJSON() { return 1; } } ${stringify}`;
    assert.deepEqual(named(withBlocking), ['A.toJSON', 'save']);
    assert.deepEqual(named(without), []);
  });

  it('keeps numeric reads apart from properties under names', () => {
    const names = named(`
      import { sleep } from 'k6';
      const actions = { wait() { sleep(1); } };
      const list = [(x) => x];
      function numeric() { for (let i = 0; i < list.length; i++) list[i](i); return list[0](1); }
      function unknown(k) { return actions[k](); }`);
    assert.deepEqual(names, ['unknown', 'wait']);
  });

  it('leaves calls on known native objects alone whatever user code calls its methods', () => {
    const names = named(`
      import http from 'k6/http';
      class Api { get(u) { return http.get(u); } push(u) { return http.post(u); } map(u) { return this.get(u); } }
      const cache = new Map();
      function lookup(k) { const list = []; list.push(cache.get(k)); return list.map((x) => x + 1); }
      function fetchIt(api) { return api.get('x'); }`);
    assert.deepEqual(names, ['Api.get', 'Api.map', 'Api.push', 'fetchIt']);
  });

  it('follows functions through throw and catch, promises and await', () => {
    const names = named(`
      import { sleep } from 'k6';
      function thrower() { throw () => sleep(1); }
      function catcher() { try { thrower(); } catch (f) { f(); } }
      async function awaiter() { const f = await Promise.resolve(() => sleep(1)); f(); }
      function none() { try { none(); } catch { return 1; } }`);
    assert.deepEqual(names, ['awaiter', 'catcher']);
  });

  it('reports blocking at the top level', () => {
    assert.equal(find(`import { sleep } from 'k6'; sleep(1);`).result.programBlocks, true);
    assert.equal(
      find(`import { sleep } from 'k6'; function f() { sleep(1); }`).result.programBlocks,
      false,
    );
  });
});

describe('analyze, packages', () => {
  it('does not let names of one unit taint those of another', () => {
    const names = named(`
      // @unit lib
      class Store { get(k) { return k; } run(f) { return f(); } }
      function useStore(s) { return s.get(1) + s.run(() => 2); }
      // @unit .
      import http from 'k6/http';
      class Api { get(u) { return http.get(u); } run() { return this.get('x'); } }
      export default function main() { useStore(new Store()); new Api().run(); }`);
    assert.deepEqual(names, ['Api.get', 'Api.run', 'main']);
  });

  it('touches in a package only what receives a blocking callback', () => {
    const names = named(`
      // @unit lib
      function each(list, f) { for (let i = 0; i < list.length; i++) call(f, list[i]); }
      function call(f, x) { return f(x); }
      function parse(text) { return text.split(',').map((x) => trim(x)); }
      function trim(x) { return x.trim(); }
      const lib = { each, parse, some(f) { return f; } };
      // @unit .
      import { sleep } from 'k6';
      export default function main() { lib.parse('a'); lib.each([1], (x) => sleep(x)); }`);
    assert.deepEqual(names, ['call', 'each', 'main']);
  });

  it('follows a wrapper that a package gives back', () => {
    const names = named(`
      // @unit lib
      function once(f) { let done = false; return function wrapped(...args) { if (!done) { done = true; return f.apply(this, args); } }; }
      function other(f) { return f; }
      // @unit .
      import { sleep } from 'k6';
      const slow = once(() => sleep(1));
      const quick = other(() => 1);
      function a() { slow(); }
      function b() { quick(); }`);
    assert.deepEqual(names, ['a', 'wrapped']);
  });

  it('sees a blocking function in an options object, whatever the package does with the object', () => {
    const names = named(`
      // @unit lib
      class Runner {
        constructor(options) { this.options = options; Object.assign(this, options); }
        start() { this.options.onStart(); }
        copied() { const o = { ...this.options }; o.onEnd(); }
        direct() { this.onExtra(); }
        idle() { return this.options.name; }
      }
      // @unit .
      import { sleep } from 'k6';
      export default function main() {
        const r = new Runner({ name: 'n', onStart: () => sleep(1), onEnd: () => sleep(2), onExtra: () => sleep(3) });
        r.start(); r.copied(); r.direct(); r.idle();
      }`);
    assert.deepEqual(names, [
      'Runner.copied',
      'Runner.direct',
      'Runner.start',
      'main',
      'onEnd',
      'onExtra',
      'onStart',
    ]);
  });

  it('lets a package call blocking methods of a user subclass', () => {
    const names = named(`
      // @unit lib
      class Base { start() { return this.run(); } stop() { return this.name; } name = 'x'; }
      // @unit .
      import { sleep } from 'k6';
      class Mine extends Base { run() { sleep(1); } }
      export default function main() { const m = new Mine(); m.start(); m.stop(); }`);
    assert.deepEqual(names, ['Base.start', 'Mine.run', 'main']);
  });

  it('follows methods that a package writes under computed names', () => {
    const names = named(`
      // @unit lib
      import http from 'k6/http';
      class Session {}
      ['get', 'post'].forEach((m) => { Session.prototype[m] = function send(u) { return http[m](u); }; });
      const table = {};
      function remember(k, v) { table[k] = v; return table.known; }
      // @unit .
      export default function main() { const s = new Session(); s.get('x'); remember('a', 1); }`);
    assert.ok(names.includes('main'));
    assert.ok(!names.includes('remember'));
  });

  it('finds an object of a package whose way got lost', () => {
    const names = named(`
      // @unit lib
      class List { visit(f) { f(1); } count() { return 1; } }
      const make = () => new List();
      // @unit .
      import { sleep } from 'k6';
      function all(list) { list.visit((x) => sleep(x)); }
      export default function main() { all(JSON.parse('1') || globalThis.list); }`);
    assert.deepEqual(names, ['List.visit', 'all', 'main']);
  });

  it('treats a package as blocking throughout when it loses a blocking callback', () => {
    const { result, names } = find(`
      // @unit lib
      function run(f, name) { return external.table[name](f); }
      function other() { return run(1); }
      // @unit .
      import { sleep } from 'k6';
      export default function main() { run(() => sleep(1)); }`);
    assert.deepEqual([...result.widened.keys()], ['lib']);
    assert.ok(names.includes('other'));
  });

  it('treats a package as blocking throughout when user code hands it a callback nobody takes', () => {
    const { result, sites } = find(`
      // @unit lib
      const registry = {};
      function define(name, make) { registry[name] = make(); }
      define('deep', () => ({ run: (f) => f() }));
      const lib = { part: (name) => registry[name] };
      // @unit .
      import { sleep } from 'k6';
      export default function main() { lib.part('deep').exec(() => sleep(1)); }`);
    assert.deepEqual([...result.widened.keys()], ['lib']);
    assert.ok(sites.includes("lib.part('deep').exec(() => sleep(1))"));
  });

  it('gives up on what exceeds the budget, and says so', () => {
    const code = `
      // @unit lib
      function a(f) { return b(f); } function b(f) { return c(f); } function c(f) { return f(); } function d() {}
      // @unit .
      import { sleep } from 'k6';
      function pure() { return 1; }
      export default function main() { a(() => sleep(1)); }`;
    const all = find(code, 1);
    assert.ok(all.result.widened.has('.'));
    assert.ok(all.names.includes('d') && all.names.includes('pure'));
    assert.equal(find(code).result.widened.size, 0);
  });

  it('understands esbuild module wrappers and export maps across units', () => {
    const names = named(`
      var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };
      var __toESM = (mod) => ({ ...mod, default: mod });
      var __export = (target, all) => { for (var name in all) Object.defineProperty(target, name, { get: all[name] }); };
      // @unit cjs
      var require_cjs = __commonJS({ "cjs.js"(exports, module) {
        module.exports = { retry: function retry(f) { return f(); }, pure: function pure(x) { return x; } };
      } });
      // @unit esm
      var esm_exports = {};
      __export(esm_exports, { twice: () => twice, idle: () => idle });
      function twice(f) { f(); f(); }
      function idle(f) { return f; }
      // @unit .
      import { sleep } from 'k6';
      var import_cjs = __toESM(require_cjs());
      export default function main() { import_cjs.default.retry(() => sleep(1)); import_cjs.pure(1); esm_exports.twice(() => sleep(1)); esm_exports.idle(1); }`);
    assert.deepEqual(names, ['main', 'retry', 'twice']);
  });

  it('marks the bundler helper when a module body blocks', () => {
    const { names, result } = find(`
      var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };
      var require_a = __commonJS({ "a.js"(exports) { exports.x = require('k6').sleep(1); } });
      var a = require_a();`);
    assert.deepEqual(names, ['__require', 'module a.js']);
    assert.equal(result.programBlocks, true);
  });
});
