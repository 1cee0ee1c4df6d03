import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSync } from 'esbuild';
import { compileProgram } from './runtime.ts';
import { installStackMapping, mapPosition, userFrames } from './stack.ts';
import { HOST_TABLE, runCompiled } from './testing/harness.ts';
import { type SuspendMode, transformProgram } from './transform.ts';

const SOURCE = `import { block, each } from 'host';
interface Thing { readonly n: number }
declare const log: (...values: unknown[]) => void;
const fail = (thing: Thing): never => {
  block(thing.n);
  throw new TypeError('failed ' + thing.n);
};
class Page {
  private readonly base: number = 1;
  constructor(n: number) { if (block(n) === 9) fail({ n }); }
  fetch(n: number): number {
    block(n);
    return fail({ n: n + this.base });
  }
  async load(): Promise<void> {
    await null;
    block(1);
    this.fetch(7);
  }
}
function attempt(body: () => void): void {
  try { body(); } catch (error) { log(error); }
}
export default function () {
  attempt(() => fail({ n: 1 }));
  attempt(() => new Page(1).fetch(2));
  attempt(() => [1].forEach((n) => fail({ n })));
  attempt(() => { each((n: number) => fail({ n }), 1); });
  attempt(() => { new Page(9); });
  attempt(() => { \`\${{ toString() { return block(1); } }}\`; });
  attempt(() => { (undefined as never as Thing).n; });
  new Page(1).load().catch(log);
}
`;

let count = 0;

async function stacks(mode: SuspendMode, probes: boolean): Promise<string[][]> {
  const built = buildSync({
    stdin: { contents: SOURCE, sourcefile: 'script.ts', loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    sourcemap: 'external',
    outdir: '/out',
    external: ['host'],
  });
  const text = (end: string): string =>
    built.outputFiles.find((file) => file.path.endsWith(end))?.text ?? '';
  const map = JSON.parse(text('.map'));
  map.sources = ['file:///p/script.ts'];
  const fileName = `gharial:stack-test-${count++}`;
  const output = transformProgram({
    code: text('.js'),
    map,
    fileName,
    blocking: HOST_TABLE,
    mode,
    instanceGlobals: ['log'],
    probes,
  });
  installStackMapping({
    fileName,
    map: output.map as Parameters<typeof installStackMapping>[0]['map'],
  });
  const errors: Error[] = [];
  await runCompiled(compileProgram(output.code, fileName), () => [
    (error: Error) => void errors.push(error),
  ]);
  return errors.map((error) => (error.stack ?? '').split('\n').map((line) => line.trim()));
}

for (const mode of ['auto', 'all'] as const) {
  for (const probes of [false, true]) {
    test(`shows frames as the user wrote them (${mode}${probes ? ', suspended everywhere' : ''})`, async () => {
      const [direct, method, native, host, constructed, refused, plain, late] = await stacks(
        mode,
        probes,
      );
      const FAIL = 'at fail (file:///p/script.ts:6:9)';
      const end = ['at attempt (file:///p/script.ts:22:9)'];
      assert.deepEqual(direct, [
        'TypeError: failed 1',
        FAIL,
        'at file:///p/script.ts:25:17',
        ...end,
        'at default (file:///p/script.ts:25:3)',
      ]);
      assert.deepEqual(method?.slice(0, 4), [
        'TypeError: failed 3',
        FAIL,
        'at Page.fetch (file:///p/script.ts:13:12)',
        'at file:///p/script.ts:26:29',
      ]);
      assert.deepEqual(native?.slice(1, 4), [
        FAIL,
        'at file:///p/script.ts:27:36',
        'at file:///p/script.ts:27:21',
      ]);
      assert.deepEqual(host?.slice(1, 4), [
        FAIL,
        'at file:///p/script.ts:28:39',
        'at file:///p/script.ts:28:19',
      ]);
      assert.deepEqual(constructed?.slice(1, 4), [
        FAIL,
        'at new Page (file:///p/script.ts:10:48)',
        'at file:///p/script.ts:29:19',
      ]);
      assert.match(refused?.[0] ?? '', /^BlockingError: block\(\) cannot wait here/);
      assert.equal(refused?.[1], 'at toString (file:///p/script.ts:30:44)');
      assert.equal(plain?.[1], 'at file:///p/script.ts:31:49');
      assert.deepEqual(late?.slice(0, 4), [
        'TypeError: failed 8',
        FAIL,
        'at Page.fetch (file:///p/script.ts:13:12)',
        'at Page.load (file:///p/script.ts:18:10)',
      ]);
    });
  }
}

test('gives the frames of an error and of the caller as data', async () => {
  const fileName = 'gharial:frames-test';
  const code = 'function inner() { look() }\nexport default function () { inner() }\n';
  const output = transformProgram({
    code,
    fileName,
    blocking: { modules: {}, types: {} },
    mode: 'auto',
    instanceGlobals: ['look'],
  });
  installStackMapping({
    fileName,
    map: output.map as Parameters<typeof installStackMapping>[0]['map'],
  });
  const seen: unknown[] = [];
  await runCompiled(compileProgram(output.code, fileName), () => [
    () => seen.push(userFrames(), userFrames(new Error('x'))),
  ]);
  const expected = [
    { file: fileName, line: 1, column: 20, name: 'inner', isModule: false },
    { file: fileName, line: 2, column: 30, name: 'default', isModule: false },
  ];
  const [own, ofError] = seen as { name: string }[][];
  for (const frames of [own, ofError]) {
    assert.deepEqual(
      frames?.map((frame) => ({ ...frame, name: frame.name === '' ? 'default' : frame.name })),
      expected,
    );
  }
  assert.equal(mapPosition('file:///elsewhere.js', 1, 1), undefined);
});

test('survives errors whose name or message cannot be read', () => {
  const error = new Error('x');
  Object.defineProperty(error, 'message', {
    get() {
      throw new Error('no');
    },
  });
  installStackMapping({
    fileName: 'gharial:none',
    map: { version: 3, sources: [], names: [], mappings: '' },
  });
  assert.equal(typeof error.stack, 'string');
});
