import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockingError } from './blocking-error.ts';
import { isAsyncFunction, twinOf } from './runtime.ts';
import { HOST_TABLE, runCode, runCompiled } from './testing/harness.ts';
import { transformProgram } from './transform.ts';

const INPUT = {
  fileName: 'file:///script.js',
  blocking: HOST_TABLE,
  mode: 'auto',
  instanceGlobals: ['log'],
} as const;

test('leaves a program alone that imports nothing that blocks', () => {
  const code =
    'import { x } from "calm";\nfunction f(a) { return g(a, () => a) }\nexport { f as default };\n';
  const output = transformProgram({ ...INPUT, code, instanceGlobals: ['log', 'g'] });
  assert.equal(output.suspends, false);
  assert.equal(output.kind, 'plain');
  assert.ok(output.code.includes('function f(a) { return g(a, () => a) }'));
});

test('leaves functions alone that cannot suspend', () => {
  const calm = 'function calm(list) {\n  return list.map((x) => x * 2); // as it was\n}';
  const code = `import { block } from 'host';\n${calm}\nexport default () => block(calm([1]));\n`;
  const output = transformProgram({ ...INPUT, code });
  assert.equal(output.suspends, true);
  assert.ok(output.code.includes(calm));
});

test('reports kind, promises and top-level await', () => {
  const kindOf = (code: string) => {
    const { kind, usesPromises, hasTopLevelAwait } = transformProgram({ ...INPUT, code });
    return [kind, usesPromises, hasTopLevelAwait];
  };
  const head = "import { block } from 'host';\n";
  assert.deepEqual(kindOf(`${head}export default () => block(1)`), ['plain', false, false]);
  assert.deepEqual(kindOf(`${head}block(1)`), ['coroutine', false, false]);
  assert.deepEqual(kindOf(`${head}await 1; block(1)`), ['async', true, true]);
  assert.deepEqual(kindOf('await 1'), ['async', true, true]);
  assert.deepEqual(kindOf('export default async () => 1'), ['plain', true, false]);
});

test('refuses code that does not parse, with its position', () => {
  assert.throws(() => transformProgram({ ...INPUT, code: 'let x = ;' }), SyntaxError);
});

test('keeps its marks out of the reach of scripts', async () => {
  const seen = await run(`
    const f = () => block(1);
    class A { constructor() { block(1) } m() { block(2) } }
    class B extends A {}
    log(Reflect.ownKeys(f).join(), Reflect.ownKeys(A).join(), Reflect.ownKeys(A.prototype).join());
    log(Reflect.ownKeys([].map).join(), f);
    export default function () { log(f, B, new Proxy(f, {}), f.bind(null), [].forEach) }`);
  assert.equal(seen[0]?.[0], 'length,name');
  assert.equal(seen[0]?.[1], 'length,name,prototype');
  assert.equal(seen[0]?.[2], 'constructor,m');
  assert.equal(seen[1]?.[0], 'length,name');
  const [f, , proxy, bound] = seen[2] ?? [];
  assert.notEqual(twinOf(f), undefined);
  assert.equal(twinOf(proxy), undefined, 'a proxy has no twin');
  assert.notEqual(twinOf(bound), undefined, 'what is bound in transformed code has one');
  assert.equal(twinOf({}), undefined);
  assert.equal(
    twinOf(() => 1),
    undefined,
  );
});

test('tells async functions from others, lowered or not', async () => {
  const [values] = await run(`
    export default () => { log(async () => block(1), async function () {}, () => block(1), class { async m() {} }.prototype.m, 1) }`);
  assert.deepEqual(values?.map(isAsyncFunction), [true, true, false, true, false]);
  assert.equal(
    isAsyncFunction(async () => 1),
    true,
  );
  assert.equal(
    isAsyncFunction(function* () {}),
    false,
  );
});

test('gives missing names of a module as null and the namespace with its default', async () => {
  const seen = await runCode(
    "import { gone } from 'host'; import * as all from 'host'; import own from 'host'; export default () => log(gone, typeof all.default.block, own === all.default)",
  );
  assert.deepEqual(seen[0], [null, 'function', true]);
});

test('resolves undeclared names on the global object of the VU', async () => {
  const seen = await run(`
    export default () => {
      log(typeof process, typeof Buffer, typeof structuredClone);
      globalThis.mine = 5;
      log(mine, delete globalThis.mine, typeof mine);
      try { undeclared = 1 } catch (error) { log(error.name, error.message) }
    }`);
  assert.deepEqual(seen, [
    ['undefined', 'undefined', 'undefined'],
    [5, true, 'undefined'],
    ['ReferenceError', 'undeclared is not defined'],
  ]);
});

test('suspends a frame thousands of calls deep', async () => {
  const seen = await run(`
    function deep(n) { return n === 0 ? block('bottom') : deep(n - 1) }
    function endless() { return block(0) + endless() }
    export default () => {
      log(deep(1500));
      try { (function down() { return down() + block(1) })() } catch (error) { log(error.name) }
    }`);
  assert.deepEqual(seen, [['bottom'], ['RangeError']]);
});

const REFUSED: readonly (readonly [string, string, RegExp | undefined])[] = [
  ['string conversion', "'' + { toString() { return block(1) } }", /conversion/],
  ['valueOf', '+{ valueOf() { return block(1) } }', /conversion/],
  ['a proxy around a function', 'new Proxy(() => block(1), {})()', undefined],
  [
    'a nested pattern over a blocking iterator',
    'const [[a]] = [(function* () { yield block(1) })()]',
    undefined,
  ],
  ['a getter read by destructuring', 'const { a } = { get a() { return block(1) } }', undefined],
  ['Object.assign', 'Object.assign({}, { get a() { return block(1) } })', /assign/],
  [
    'a comparator of Intl',
    "'a'.localeCompare({ toString() { return block(1) } })",
    /localeCompare/,
  ],
  [
    'Symbol.toPrimitive',
    'Symbol.toPrimitive in {} || Number({ [Symbol.toPrimitive]: () => block(1) })',
    /Number/,
  ],
];

for (const [what, code, through] of REFUSED) {
  test(`refuses to block in ${what}, and tells the host even if the script swallows the error`, async () => {
    const source = `import { block } from 'host'; export default () => { try { ${code}; log('went on') } catch (e) { log(e) } }`;
    for (const mode of ['auto', 'all'] as const) {
      const output = transformProgram({ ...INPUT, mode, code: source });
      const seen: unknown[][] = [];
      const vu = await runCompiled(output, () => [
        (...values: unknown[]) => void seen.push(values),
      ]);
      const [error] = seen[0] ?? [];
      assert.ok(error instanceof BlockingError, `${mode}: ${String(error)}`);
      assert.equal(error.call, 'block');
      assert.match(error.message, /^block\(\) cannot wait here: /);
      if (through !== undefined) assert.match(error.through ?? '', through);
      assert.deepEqual(vu.reported, [error]);
    }
  });
}

test('refuses to block in code that was not transformed', async () => {
  const seen = await run(`
    export default () => { try { new Function('f', 'return f(1)')(block) } catch (e) { log(e.name, e.through, e.message) } }`);
  assert.equal(seen[0]?.[0], 'BlockingError');
  assert.equal(seen[0]?.[1], undefined);
  assert.match(String(seen[0]?.[2]), /new Function, or was missed .*--suspend all/);
});

function run(body: string): Promise<unknown[][]> {
  return runCode(`import { block } from 'host';\n${body}`);
}

test('forgets a dropped coroutine, and runs its finally blocks only when asked to', async () => {
  const seen: unknown[][] = [];
  const code = `import { block } from 'host';
    export function main() { try { inner() } finally { log('outer') } }
    function inner() { try { block(1) } finally { log('inner') } }`;
  let main: unknown;
  await runCompiled(
    transformProgram({ ...INPUT, code: `${code}; export default () => log(main)` }),
    () => [
      (...values: unknown[]) => {
        if (typeof values[0] === 'function') [main] = values;
        else seen.push(values);
      },
    ],
  );
  const start = () => {
    const coroutine = twinOf(main)?.call(undefined);
    assert.equal(coroutine?.next().done, false);
    return coroutine;
  };
  start();
  assert.deepEqual(seen, []);
  assert.deepEqual(start()?.return?.('gone'), { value: 'gone', done: true });
  assert.deepEqual(seen, [['inner'], ['outer']]);
});
