import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runOriginal, runTransformed } from './testing/harness.ts';

/** Random programs: `f0`…`f3` call only functions before them, loops are short, so that all of them end. */
const NAMES = ['a', 'b', 'c'] as const;

/** Labels may not be nested under one name. */
let labels = 0;

const name = fc.constantFrom(...NAMES);

const grammar = fc.letrec<{ expression: string; statement: string; block: string }>((tie) => {
  const [e, s] = [tie('expression'), tie('statement')];
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      name,
      fc.integer({ min: 0, max: 9 }).map(String),
      e.map((x) => `block(${x})`),
      fc
        .tuple(e, e, fc.constantFrom('+', '-', '<', '===', '&&', '||', ','))
        .map(([x, y, op]) => `(${x} ${op} ${y})`),
      fc.tuple(e, e, e).map(([x, y, z]) => `(${x} ? ${y} : ${z})`),
      fc.tuple(name, e).map(([x, y]) => `(${x} = ${y})`),
      fc.tuple(name, e).map(([x, y]) => `(${x} += ${y})`),
      e.map((x) => `call(${x})`),
      fc.tuple(e, e).map(([x, y]) => `((p, q = block(${x})) => p + q + ${x})(${y})`),
      e.map((x) => `[1, 2].map((p) => block(p) + ${x}).length`),
      e.map((x) => `{ k: ${x}, m() { return block(this.k) } }`).map((x) => `(${x}).m()`),
      fc.tuple(e, e).map(([x, y]) => `new Thing(${x}).add(${y})`),
      e.map((x) => `\`<\${${x}}>\`.length`),
      e.map((x) => `[...take(steps(${x}))].length`),
      fc.tuple(e, e).map(([x, y]) => `Math.max(...steps(${x}), ${y}, ...[...steps(1), ${x}])`),
      fc.tuple(e, name, name).map(([x, y, z]) => `([${y}, ${z} = 4] = steps(${x})).next().done`),
      e.map((x) => `new Set(steps(${x})).size`),
      fc.tuple(e, e).map(([x, y]) => `Array.from(steps(${x}), (p) => block(p) + ${y}).length`),
      e.map((x) => `({ p: ${x} })?.p`),
    ),
    statement: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      e.map((x) => `log(${x});`),
      e.map((x) => `let d = ${x}; log(d);`).map((x) => `{ ${x} }`),
      fc.tuple(e, tie('block'), tie('block')).map(([x, y, z]) => `if (${x}) ${y} else ${z}`),
      fc
        .tuple(tie('block'), tie('block'))
        .map(([x, y]) => `try ${x} catch (x) { log('caught', x) } finally ${y}`),
      e.map((x) => `{ const [p, ...q] = steps(${x}); log(p, q); }`),
      e.map((x) => `try { throw block(${x}) } catch (x) { log(x) }`),
      fc
        .tuple(e, tie('block'))
        .map(([x, y]) => `for (let i = 0; i < 2; i++) { if (${x}) continue; ${y} }`),
      fc.tuple(e, tie('block')).map(([x, y]) => `for (const g of steps(${x})) { log(g); ${y} }`),
      fc.tuple(e, e, s).map(([x, y, z]) => `switch (${x}) { case ${y}: ${z} default: log('d') }`),
      tie('block').map((x) => `(() => ${x})();`),
      fc.tuple(e, s).map(([x, y]) => `out${labels}: { if (${x}) break out${labels++}; ${y} }`),
      e.map((x) => `return ${x};`).map((x) => `if (--fuel < 0) { ${x} }`),
    ),
    block: fc.array(s, { maxLength: 3 }).map((list) => `{ ${list.join('\n')} }`),
  };
});

const program = fc.tuple(grammar.block, grammar.expression, grammar.block).map(
  ([helper, field, main]) => `
import { block } from 'host';
let [a, b, c, fuel, depth] = [1, 2, 3, 20, 0];
class Base { constructor(x) { this.x = block(x); } }
class Thing extends Base { y = block(2); constructor(x) { super(x); this.z = this.y; } add(n) { return this.x + this.z + block(n); } }
function* steps(x) { try { yield block(x); yield 1; } finally { log('closed', block(0)); } }
function take(list) { const taken = []; for (const x of list) { taken.push(x); if (taken.length > 1) break; } return taken; }
function call(x) { if (depth > 2 || --fuel < 0) return 0; depth++; try { return helper(x); } finally { depth--; } }
function helper(x) { const o = ${field}; ${helper} return o; }
export default function main() { ${main} return [a, b, c]; }`,
);

test('random programs leave the same trace whether calls block or suspend', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.constantFrom('auto', 'all', 'force'),
      fc.boolean(),
      async (code, mode, probes) => {
        const expected = await runOriginal(code);
        for (const trace of await runTransformed(code, { mode, probes })) {
          assert.deepEqual(trace, expected);
        }
      },
    ),
    { numRuns: 150 },
  );
});
