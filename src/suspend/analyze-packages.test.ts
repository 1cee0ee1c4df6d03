/**
 * Real packages, bundled with a script that blocks: only what receives something that blocks may
 * change, and the work must stay in proportion. Times are printed, not asserted.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as acorn from 'acorn';
import { build } from 'esbuild';
import type { BlockingTable } from './analysis-result.ts';
import { analyze, type FlowAnalysisResult } from './analyze.ts';
import { resolveScopes } from './scope.ts';

const HTTP = { get: { blocks: true, returns: 'Response' } };
const TABLE: BlockingTable = {
  modules: {
    k6: { named: { sleep: { blocks: true }, group: { callsBack: true } } },
    'k6/http': { named: HTTP, default: { type: 'http' } },
  },
  types: { http: HTTP, Response: { submitForm: { blocks: true, returns: 'Response' } } },
};

interface Measured {
  readonly result: FlowAnalysisResult;
  /** Suspendable functions per package, '.' for the script. */
  readonly perPackage: Readonly<Record<string, number>>;
  readonly functions: number;
}

/** Bundles and analyses; esbuild's comments before each module tell the packages apart. */
async function measure(t: TestContext, script: string): Promise<Measured> {
  const output = await build({
    stdin: {
      contents: script,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      sourcefile: 'script.js',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['k6', 'k6/*'],
    write: false,
    logLevel: 'silent',
  });
  const code = output.outputFiles[0]?.text ?? '';
  const marks = [
    ...code.matchAll(/^(?:\/\/|var require_\S+ = __commonJS\(\{\s+") ?(\S+\.\w+)/gm),
  ].map(({ index, 1: file }) => ({
    at: index,
    unit: /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file ?? '')?.[1] ?? '.',
  }));
  const unitAt = (position: number): string => {
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((marks[middle]?.at ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return marks[low - 1]?.unit ?? 'esbuild';
  };
  const program = acorn.parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const startMs = performance.now();
  const scopes = resolveScopes(program);
  const result = analyze(program, { code, blocking: TABLE, unitAt }, scopes);
  const tookMs = performance.now() - startMs;
  const perPackage: Record<string, number> = {};
  for (const { start } of result.suspendable) {
    const unit = unitAt(start);
    perPackage[unit] = (perPackage[unit] ?? 0) + 1;
  }
  const functions = scopes.functions.length;
  t.diagnostic(
    `${Math.round(code.length / 1000)} KB, ${functions} functions, ${result.steps} steps, ${tookMs.toFixed(0)} ms`,
  );
  return { result, perPackage, functions };
}

describe('analyze, real packages', () => {
  it('leaves packages alone that receive no blocking callback', async (t) => {
    const { perPackage, result, functions } = await measure(
      t,
      `import { sleep, group } from 'k6';
      import fc from 'fast-check';
      import * as acorn from 'acorn';
      import { WebSocket } from 'ws';
      const waits = { get() { sleep(1); }, on() { sleep(2); }, map: () => sleep(3) };
      export default function () {
        acorn.parse('1 + 1', { ecmaVersion: 2022 });
        const [n] = fc.sample(fc.integer(), 1);
        const socket = new WebSocket('ws://127.0.0.1');
        socket.on('message', () => sleep(n));
        group('g', () => waits.get());
        for (const k in waits) waits[k]();
      }`,
    );
    assert.deepEqual(Object.keys(perPackage), ['.']);
    assert.equal(result.widened.size, 0);
    assert.ok(result.steps < 20 * functions, `${result.steps} steps`);
  });

  it('does not follow a blocking subclass into the package further than it is called', async (t) => {
    const { perPackage } = await measure(
      t,
      `import { sleep } from 'k6';
      import http from 'k6/http';
      import WebSocket from 'ws';
      class Client extends WebSocket { wait() { sleep(1); } get(u) { return http.get(u); } }
      export default function () { const c = new Client('ws://x'); c.on('open', () => c.wait()); c.get('x'); }`,
    );
    assert.deepEqual(perPackage, { '.': 4 });
  });

  it('marks what calls a blocking callback, here the tokenizer and what drives it', async (t) => {
    const { perPackage, result } = await measure(
      t,
      `import { sleep } from 'k6';
      import * as acorn from 'acorn';
      export default function () { acorn.parse('1', { ecmaVersion: 2022, onToken: () => sleep(1) }); }`,
    );
    assert.equal(perPackage['.'], 2);
    assert.ok((perPackage['acorn'] ?? 0) > 20);
    assert.equal(result.widened.size, 0);
  });

  it('gives up within its budget on a package that passes the callback everywhere', async (t) => {
    const { perPackage, result, functions } = await measure(
      t,
      `import { sleep } from 'k6';
      import fc from 'fast-check';
      export default function () { fc.assert(fc.property(fc.integer(), (x) => { sleep(x); })); }`,
    );
    assert.equal(perPackage['.'], 2);
    assert.ok(result.widened.has('fast-check') || (perPackage['fast-check'] ?? 0) > 0);
    assert.ok(result.steps < 300 * functions, `${result.steps} steps`);
  });
});
