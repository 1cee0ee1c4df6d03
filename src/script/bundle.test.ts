import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { type BundledModule, bundleScript } from './bundle.ts';
import { locate } from './source-position.ts';
import { evaluate, type TempProject, tempProject } from './testing/temp-project.ts';

const bundle = (project: TempProject, name = 'script.js'): Promise<BundledModule> =>
  bundleScript({ path: project.path(name), cwd: project.dir });

const bundleText = (project: TempProject, text: string, name = '-'): Promise<BundledModule> =>
  bundleScript({ path: project.path(name), text, cwd: project.dir });

async function failure(bundling: Promise<unknown>): Promise<GharialError> {
  try {
    await bundling;
  } catch (error) {
    assert.ok(error instanceof GharialError, String(error));
    assert.equal(error.exitCode, 107);
    return error;
  }
  assert.fail('bundling succeeded');
}

async function run(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  k6Modules: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const project = tempProject(t, files);
  return evaluate(project, (await bundle(project)).code, k6Modules);
}

test('k6 modules stay imports, whatever names are asked of them', async (t) => {
  const project = tempProject(t, {
    'script.js': `
      import ws from 'k6/ws';
      import { sleep, noSuchName } from 'k6';
      import * as metrics from 'k6/metrics';
      import unused from 'k6/http';
      export default () => [ws, sleep, noSuchName, metrics.Trend];`,
  });
  const { code, modules } = await bundle(project);
  assert.match(code, /import ws from "k6\/ws"/);
  assert.match(code, /import \{ sleep, noSuchName \} from "k6"/);
  assert.deepEqual(modules, ['k6', 'k6/metrics', 'k6/ws']);
});

test('a require of a k6 module stays a call and is listed', async (t) => {
  const project = tempProject(t, { 'script.js': `const http = require('k6/http'); http.get();` });
  const { code, modules } = await bundle(project);
  assert.match(code, /__require\("k6\/http"\)/);
  assert.deepEqual(modules, ['k6/http']);
});

test('local files are found with and without extension, as folder and by file URL', async (t) => {
  const project = tempProject(t, {
    'lib/a.js': 'export const a = 1;',
    'lib/b.ts': 'export const b: number = 2;',
    'lib/c/index.js': 'export const c = 3;',
    'd e.js': 'export const d = 4;',
  });
  project.write({
    'script.js': `
      import { a } from './lib/a';
      import { b } from './lib/b';
      import { c } from './lib/c';
      import { d } from '${project.url('d e.js')}';
      import { a as again } from '${project.path('lib/a.js')}';
      export default [a, b, c, d, again];`,
  });
  const { code, sources } = await bundle(project);
  const { default: found } = await evaluate(project, code);
  assert.deepEqual(found, [1, 2, 3, 4, 1]);
  assert.ok(Object.hasOwn(sources, project.url('d e.js')), Object.keys(sources).join());
});

test('npm packages are bundled by their browser and import conditions', async (t) => {
  const { default: found } = await run(t, {
    'node_modules/conditional/package.json': JSON.stringify({
      name: 'conditional',
      exports: { '.': { node: './node.js', browser: './browser.js', default: './other.js' } },
    }),
    'node_modules/conditional/node.js': `export default 'node'`,
    'node_modules/conditional/browser.js': `export default 'browser'`,
    'node_modules/conditional/other.js': `export default 'other'`,
    'node_modules/dual/package.json': JSON.stringify({
      name: 'dual',
      exports: { import: './esm.mjs', require: './cjs.cjs' },
    }),
    'node_modules/dual/esm.mjs': `export const kind = 'esm'`,
    'node_modules/dual/cjs.cjs': `exports.kind = 'cjs'`,
    'node_modules/@scope/old/package.json': JSON.stringify({ name: '@scope/old', main: 'main.js' }),
    'node_modules/@scope/old/main.js': `module.exports = process.env.NODE_ENV`,
    'script.js': `
      import conditional from 'conditional';
      import { kind } from 'dual';
      import old from '@scope/old';
      export default [conditional, kind, require('dual').kind, old];`,
  });
  assert.deepEqual(found, ['browser', 'esm', 'cjs', 'production']);
});

test('JSON files can be imported and required', async (t) => {
  const { default: found } = await run(t, {
    'data.json': '{"users": [1, 2]}',
    'script.js': `
      import data from './data.json';
      import { users } from './data.json';
      import typed from './data.json' with { type: 'json' };
      export default [data.users, users, typed.users, require('./data.json').users];`,
  });
  assert.deepEqual(found, [
    [1, 2],
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
});

test('a .ts file is TypeScript: enums, parameter properties, imports of types only', async (t) => {
  const project = tempProject(t, {
    'script.ts': `
      import { Options } from 'k6/options';
      enum Color { Red = 3 }
      class Point { constructor(readonly x: number) {} }
      export const options: Options = {};
      export default <number>Color.Red + new Point(4).x;`,
  });
  const { code, modules } = await bundle(project, 'script.ts');
  const { default: sum } = await evaluate(project, code);
  assert.equal(sum, 7);
  assert.deepEqual(modules, []);
});

test('TypeScript in a .js file is a syntax error that says what to do', async (t) => {
  const project = tempProject(t, { 'script.js': 'export const a = (b: number): number => b;\n' });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_SYNTAX');
  assert.ok(error.message.includes(`${project.url('script.js')}:1:`), error.message);
  assert.match(error.hint ?? '', /rename the file/);
});

test('a CommonJS entry file gives its exports as one object', async (t) => {
  const project = tempProject(t, {
    'lib.js': 'exports.one = 1;',
    'script.js': `
      const { one } = require('./lib');
      exports.options = { vus: one };
      exports.default = function () { return 'ran'; };`,
  });
  const bundled = await bundle(project);
  assert.equal(bundled.entryFormat, 'commonjs');
  const { default: exported } = await evaluate(project, bundled.code);
  assert.ok(typeof exported === 'object' && exported !== null);
  assert.deepEqual(Object.keys(exported), ['options', 'default']);
});

test('ESM and CommonJS mix: named and default imports of a CommonJS file, require in ESM', async (t) => {
  const { default: found } = await run(t, {
    'plain.js': 'module.exports = { one: 1 };',
    'babel.js': `exports.__esModule = true; exports.default = 'the default';`,
    'esm.js': 'export const two = 2;',
    'script.js': `
      import plain, { one, missing } from './plain.js';
      import babel from './babel.js';
      const { two } = require('./esm.js');
      export default [plain.one, one, missing, babel, two];`,
  });
  assert.deepEqual(found, [1, 1, undefined, 'the default', 2]);
});

test('what a file holds makes it CommonJS, not the type in package.json', async (t) => {
  const project = tempProject(t, {
    'package.json': '{"type": "module"}',
    'lib/helper.js': 'module.exports = { one: 1 };',
    'lib/esm.js': `import { one } from './helper.js'; export const two = one + 1;`,
    'script.js': `
      const { two } = require('./lib/esm.js');
      exports.default = () => two;`,
    'broken.js': `require('./lib/helper.js'); exports.a = 1; require('./nosuch.js');`,
  });
  const bundled = await bundle(project);
  assert.equal(bundled.entryFormat, 'commonjs');
  assert.deepEqual(bundled.warnings, []);
  assert.deepEqual([...bundled.map.sources].sort(), [
    project.url('lib/esm.js'),
    project.url('lib/helper.js'),
    project.url('script.js'),
  ]);
  // The result is an ES module again, and this project's type says so.
  const { default: exported } = await evaluate(project, bundled.code);
  assert.ok(typeof exported === 'object' && exported !== null && 'default' in exported);
  assert.ok(typeof exported.default === 'function');
  assert.equal(exported.default(), 2);
  const error = await failure(bundle(project, 'broken.js'));
  assert.ok(error.message.includes(`${project.url('broken.js')}:1:`), error.message);
});

test('a byte order mark does no harm', async (t) => {
  const { default: one } = await run(t, {
    'lib.js': '\ufeffexport const one = 1;',
    'script.js': `\ufeffimport { one } from './lib.js'; export default one;`,
  });
  assert.equal(one, 1);
});

test('a missing export of an ES module file is an error with its place', async (t) => {
  const project = tempProject(t, {
    'lib.js': 'export const there = 1;',
    'script.js': `import { there,\n  nope } from './lib.js';\nexport default nope;`,
  });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_SYNTAX');
  assert.match(error.message, /does not provide an export named "nope"/);
  assert.equal(error.hint, undefined);
  assert.ok(error.message.includes(`${project.url('script.js')}:2:3`), error.message);
});

test('top-level await, private members and dynamic imports of local files work', async (t) => {
  const { default: found } = await run(t, {
    'late.js': 'export const late = await Promise.resolve(5);',
    'script.js': `
      class Box { #value = 1; get value() { return this.#value; } }
      const { late } = await import('./late.js');
      export default [new Box().value, late];`,
  });
  assert.deepEqual(found, [1, 5]);
});

test('import.meta and dynamic imports of k6 modules are left to the runtime', async (t) => {
  const project = tempProject(t, {
    'script.js': `export default [import.meta.resolve('./x.json'), import('k6/ws')]`,
  });
  const { code, modules } = await bundle(project);
  assert.match(code, /\[import\.meta\.resolve\("\.\/x\.json"\), import\("k6\/ws"\)\]/);
  assert.deepEqual(modules, ['k6/ws']);
});

test('function names and class names stay', async (t) => {
  const { default: names } = await run(t, {
    'script.js': `
      function declared() {}
      const arrow = () => {};
      class Thing { method() {} }
      export default [declared, arrow, Thing, new Thing().method].map((f) => f.name);`,
  });
  assert.deepEqual(names, ['declared', 'arrow', 'Thing', 'method']);
});

test('code of a script that has side effects is kept, also where its value is unused', async (t) => {
  const { default: log } = await run(t, {
    'log.js': 'export const log = [];',
    'effect.js': `import { log } from './log.js'; log.push('effect');`,
    'script.js': `
      import { log } from './log.js';
      import './effect.js';
      log.push('script');
      const unused = log.push('initialiser');
      export default log;`,
  });
  assert.deepEqual(log, ['effect', 'script', 'initialiser']);
});

test('the map leads from the program back to each file', async (t) => {
  const project = tempProject(t, {
    'lib.ts': `// comment\nexport function fail(why: string): never {\n  throw new Error(why);\n}\n`,
    'script.js': `import { fail } from './lib.ts';\n\nexport default function () { fail('x'); }\n`,
  });
  const { code, map, sources } = await bundle(project);
  const lines = code.split('\n');
  const line = lines.findIndex((text) => text.includes('throw new Error')) + 1;
  const column = (lines[line - 1] ?? '').indexOf('throw') + 1;
  assert.deepEqual(locate(map, line, column), { url: project.url('lib.ts'), line: 3, column: 3 });
  assert.equal(sources[project.url('lib.ts')], readFileSync(project.path('lib.ts'), 'utf8'));
});

test('a syntax error shows file, line, column and the line with a caret', async (t) => {
  const project = tempProject(t, {
    'script.js': `export const options = { vus: 1 };\n\nexport default function () {\n  const é = ;\n}\n`,
  });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_SYNTAX');
  assert.equal(
    error.message,
    `SyntaxError: Unexpected ";" at ${project.url('script.js')}:4:13\n` +
      '  4 |   const é = ;\n' +
      '    |             ^',
  );
});

test('a syntax error in an imported file names that file', async (t) => {
  const project = tempProject(t, { 'lib/bad.js': 'let 1;', 'script.js': `import './lib/bad.js';` });
  const error = await failure(bundle(project));
  assert.ok(error.message.includes(`${project.url('lib/bad.js')}:1:5`), error.message);
});

test('a missing local file is reported with its importer', async (t) => {
  const project = tempProject(t, {
    'lib/a.js': `\n import x from './nosuch.js'; export default x;`,
    'script.js': `import './lib/a.js';`,
  });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_MODULE_NOT_FOUND');
  assert.match(
    error.message,
    /^The moduleSpecifier "\.\/nosuch\.js" couldn't be found on local disk\. Make sure that you've specified the right path to the file\./,
  );
  assert.ok(error.message.includes(`${project.url('lib/a.js')}:2:16`), error.message);
  assert.ok(error.message.includes(`2 |  import x from './nosuch.js'`), error.message);
});

test('a missing file is named as its file URL says', async (t) => {
  const project = tempProject(t, {});
  project.write({ 'script.js': `import '${project.url('nosuch.js')}';` });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_MODULE_NOT_FOUND');
  assert.ok(error.message.includes(`"${project.path('nosuch.js')}" couldn't be found`));
});

test('only the first few errors are shown', async (t) => {
  const imports = Array.from({ length: 8 }, (_, index) => `import './no${index}.js';`).join('\n');
  const project = tempProject(t, { 'script.js': imports });
  const error = await failure(bundle(project));
  assert.match(error.message, /no4\.js/);
  assert.doesNotMatch(error.message, /no5\.js/);
  assert.match(error.message, /\nand 3 more$/);
});

test('a package that is not installed is not recognised, with the command to install it', async (t) => {
  const project = tempProject(t, { 'script.js': `import _ from '@scope/lodash/fp'; _;` });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_MODULE_NOT_FOUND');
  assert.match(
    error.message,
    /^The moduleSpecifier "@scope\/lodash\/fp" couldn't be recognised as something k6 supports\./,
  );
  assert.match(error.hint ?? '', /npm install @scope\/lodash$/);
});

test('an address without https: gets the advice to write it out', async (t) => {
  const project = tempProject(t, { 'script.js': `import a from 'github.com/a/b/c.js'; a;` });
  const error = await failure(bundle(project));
  assert.match(
    error.message,
    /^The moduleSpecifier "github\.com\/a\/b\/c\.js" .* is no longer supported\./,
  );
  assert.match(error.hint ?? '', /whole address of the file: https:/);
});

for (const specifier of ['fs', 'node:fs']) {
  test(`Node's own module ${specifier} is refused with the reason`, async (t) => {
    const project = tempProject(t, { 'script.js': `import fs from '${specifier}'; fs;` });
    const error = await failure(bundle(project));
    assert.match(error.message, /couldn't be recognised/);
    assert.match(error.hint ?? '', /outside Node\.js/);
  });
}

test('unknown k6 modules are named together in the words of k6', async (t) => {
  const project = tempProject(t, {
    'script.js': `import a from 'k6/nosuch';\nimport b from 'k6/experimental/nope';\nrequire('k6/nosuch'); a, b;`,
  });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_MODULE_UNKNOWN');
  assert.ok(
    error.message.startsWith(
      `unknown modules ["k6/nosuch", "k6/experimental/nope"] were tried to be loaded, but couldn't - ` +
        'this likely means automatic extension resolution is required or a custom k6 binary with the ' +
        `required extensions at ${project.url('script.js')}:1:15`,
    ),
    error.message,
  );
});

for (const [specifier, advice] of [
  ['k6/browser', /k6\/websockets/],
  ['k6/net/grpc', /k6\/http/],
  ['k6/x/kafka', /npm package/],
  ['k6/experimental/redis', /SharedArray/],
] as const) {
  test(`${specifier} is refused with what to use instead`, async (t) => {
    const project = tempProject(t, { 'script.js': `import x from '${specifier}'; x;` });
    const error = await failure(bundle(project));
    assert.equal(error.code, 'SCRIPT_MODULE_UNKNOWN');
    assert.ok(error.message.startsWith(`the module "${specifier}" is not available: `));
    assert.match(error.message, advice);
  });
}

test('a k6 module name in text is left alone', async (t) => {
  const { default: text } = await run(t, { 'script.js': `export default "import 'k6/nosuch'"` });
  assert.equal(text, "import 'k6/nosuch'");
});

test('other remote modules are refused, saying which and from where', async (t) => {
  const url = 'https://jslib.k6.io/httpx/0.1.0/index.js';
  const project = tempProject(t, { 'script.js': `import { Httpx } from '${url}'; Httpx;` });
  const error = await failure(bundle(project));
  assert.equal(error.code, 'SCRIPT_MODULE_REMOTE');
  assert.ok(error.message.startsWith(`The moduleSpecifier "${url}" couldn't be retrieved`));
  assert.ok(error.message.includes(`${project.url('script.js')}:1:23`), error.message);
});

for (const [specifier, scheme] of [
  ['http://x/y.js', 'http'],
  ['ftp://x/y.js', 'ftp'],
  ['data:text/javascript,1', 'data'],
] as const) {
  test(`${scheme} is no scheme to import from`, async (t) => {
    const project = tempProject(t, { 'script.js': `import '${specifier}';` });
    const error = await failure(bundle(project));
    assert.ok(
      error.message.startsWith(
        `only supported schemes for imports are file and https, ${specifier} has \`${scheme}\` at `,
      ),
      error.message,
    );
  });
}

test('a file of an unknown type points to open()', async (t) => {
  const project = tempProject(t, {
    'data.csv': 'a,b',
    'script.js': `import x from './data.csv'; x`,
  });
  const error = await failure(bundle(project));
  assert.match(error.message, /"\.csv" can't be imported/);
  assert.match(error.hint ?? '', /open\(\)/);
});

test('standard input is JavaScript, else TypeScript, and resolves from its folder', async (t) => {
  const project = tempProject(t, { 'lib.js': 'export const one = 1;' });
  // Valid in both languages, with different meanings: JavaScript compares.
  const both = await bundleText(project, `const a = 1, b = 2, c = 3; export default a < b > (c);`);
  const { default: compared } = await evaluate(project, both.code);
  assert.equal(compared, false);
  const typed = await bundleText(
    project,
    `import { one } from './lib.js'; const two: number = 2; export default one + two;`,
  );
  assert.match(typed.code, /one \+ two/);
  assert.deepEqual(
    typed.map.sources.filter((url) => !url.endsWith('lib.js')),
    [project.url('-')],
  );
});

test('a syntax error on standard input is placed in the TypeScript reading', async (t) => {
  const project = tempProject(t, {});
  const error = await failure(bundleText(project, `const a: number = 1;\nlet = = 2;`));
  assert.ok(error.message.includes(`${project.url('-')}:2:`), error.message);
  assert.ok(error.message.includes('2 | let = = 2;'), error.message);
});

test('text may stand in for a file, read as the extension says', async (t) => {
  const project = tempProject(t, {});
  const bundled = await bundleText(project, `export default 1 as number;`, 'made-up.ts');
  assert.deepEqual(bundled.map.sources, [project.url('made-up.ts')]);
  assert.equal(existsSync(project.path('made-up.ts')), false);
});

test('an entry file without a known extension is JavaScript', async (t) => {
  const project = tempProject(t, { script: 'export default 1;', 'load.es6': 'export default 2;' });
  assert.match((await bundle(project, 'script')).code, /script_default = 1/);
  assert.match((await bundle(project, 'load.es6')).code, /load_default = 2/);
});

test('what is odd but works becomes a warning with its place', async (t) => {
  const project = tempProject(t, {
    'script.js': `export default (x) => {\n  if (x === NaN) return 1;\n};`,
  });
  const { warnings } = await bundle(project);
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]?.includes(`${project.url('script.js')}:2:9`), warnings[0]);
});

test('a linked package is read where it really lies', async (t) => {
  const project = tempProject(t, {
    'packages/own/package.json': '{"name":"own","main":"index.js"}',
    'packages/own/index.js': 'export const own = 1;',
    'app/node_modules/.keep': '',
    'app/script.js': `import { own } from 'own'; export default own;`,
  });
  symlinkSync(project.path('packages/own'), project.path('app/node_modules/own'));
  const { map } = await bundle(project, 'app/script.js');
  assert.ok(map.sources.includes(project.url('packages/own/index.js')), map.sources.join());
});

test('scripts can be bundled at the same time', async (t) => {
  const project = tempProject(t, {
    'a.js': 'export default 1;',
    'b.js': 'export default 2;',
    'c.js': 'let 1;',
  });
  const [a, b, c] = await Promise.allSettled([
    bundle(project, 'a.js'),
    bundle(project, 'b.js'),
    bundle(project, 'c.js'),
  ]);
  assert.deepEqual([a.status, b.status, c.status], ['fulfilled', 'fulfilled', 'rejected']);
});
