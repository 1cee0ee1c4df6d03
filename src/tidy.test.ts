/**
 * The rules of the house, checked: who may import whom, where the outside world is touched, how files
 * are named and what the documents promise. A failure names the file and what to do instead.
 *
 * An exception is an entry in a table below. One that nothing needs any more fails too.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { transformSync } from 'esbuild';
import { VERSION } from './base/version.ts';

/** Height of each room; a room imports lower ones and itself. */
const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  websocket: 1,
  metrics: 1,
  suspend: 1,
  options: 2,
  schedule: 3,
  script: 3,
  k6: 3,
  output: 3,
  bridge: 4,
  vu: 4,
  dashboard: 4,
  worker: 5,
  engine: 5,
  library: 6,
  demo: 6,
  'index.ts': 7,
  cli: 7,
  // What tests of several rooms share. Shipped code cannot import it, see below.
  testing: 8,
};

interface Port {
  /** What a file does with the outside world: `import node:fs`, `global process`, `Math.random`. */
  readonly use: string;
  /** Files, or folders with a slash at the end, that may; paths below src/. */
  readonly homes: readonly string[];
  readonly remedy: string;
}

/** Every use of the outside world has a home. Tests are free. */
const PORTS: readonly Port[] = [
  port('import node:net', ['websocket/transport.ts'], 'dial through websocket/dial.ts'),
  port('import node:tls', ['websocket/transport.ts'], 'dial through websocket/dial.ts'),
  port(
    'import node:http',
    ['demo/', 'engine/rest-api.ts', 'output/http-sender.ts', 'dashboard/page-server.ts'],
    'outputs send through output/http-sender.ts; other clients have their own rooms',
  ),
  port(
    'import node:https',
    ['demo/', 'output/http-sender.ts'],
    'outputs send through output/http-sender.ts; other clients have their own rooms',
  ),
  port('import node:http2', ['output/grpc-transport.ts'], 'call through output/grpc-transport.ts'),
  port('import node:dns', ['worker/'], 'take a Resolve function (websocket/api.ts)'),
  port(
    'import node:zlib',
    ['websocket/', 'output/', 'k6/http-codings.ts', 'dashboard/dashboard.ts'],
    'compress where bytes leave the process',
  ),
  port(
    'import node:crypto',
    ['websocket/', 'output/', 'k6/', 'demo/', 'script/remote-modules.ts'],
    'for random numbers use base/prng.ts',
  ),
  port(
    'import node:fs',
    ['script/', 'output/', 'library/', 'cli/', 'dashboard/'],
    'let the caller read the file',
  ),
  port('import node:vm', ['suspend/runtime.ts'], 'evaluate scripts in one place'),
  port('import node:v8', ['worker/promise-owners.ts'], 'ask worker/promise-owners.ts'),
  port('import node:child_process', ['cli/open-browser.ts'], 'gharial runs no other programs'),
  port('import node:worker_threads', ['worker/', 'engine/'], 'send a bridge message'),
  port('import node:perf_hooks', ['base/clock.ts'], 'call nowMs() of base/clock.ts'),
  port('import node:assert', [], 'call assert() of base/assert.ts'),
  port('import undici', ['script/remote-fetch.ts'], 'network clients have their own rooms'),
  port('import esbuild', ['script/bundle.ts'], 'ask script/bundle.ts'),
  port('import acorn', ['suspend/'], 'ask suspend/'),
  port('import ws', ['demo/'], 'our own client is websocket/'),
  port(
    'global process',
    ['cli/main.ts', 'worker/promise-owners.ts'],
    'take what you need as an argument from cli/',
  ),
  port('global console', [], 'log through the LogSink, print through an Output'),
  port('global performance', [], 'call nowMs() of base/clock.ts'),
  port('Date.now', [], 'call nowMs() of base/clock.ts'),
  port('new Worker', ['engine/pool.ts', 'worker/remote-reader.ts'], 'ask engine/pool.ts'),
  port('Math.random', ['base/prng.ts', 'vu/seedable-math.ts'], 'use base/prng.ts'),
];

/** Imports without a port: they touch nothing outside the process. */
const HARMLESS_IMPORTS: ReadonlySet<string> = new Set([
  'node:path',
  'node:url',
  'node:util',
  'node:buffer',
  'node:events',
  'node:os',
  'node:string_decoder',
  'node:stream',
  'node:stream/web',
  'node:module',
  '@jridgewell/gen-mapping',
  '@jridgewell/trace-mapping',
  'fast-string-truncated-width',
]);
/** Pure functions that live in a module with a port. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set([
  'isIP',
  'isIPv4',
  'isIPv6',
  'BlockList',
  'nextTick',
]);

const VAGUE_NAMES = /^(utils?|helpers?|common|misc|types|constants|shared)(\.test)?\.ts$/;
const COLUMNS_MAX = 140;
/** Texts and patterns stay whole, so that they can be searched for: a line is no longer by them. */
const LITERAL =
  /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?<=[ (,[=])\/(?:\\.|[^/\\ ])(?:\\.|[^/\\])*\/[a-z]*/g;

const ROOT = findRoot();
const SOURCES = filesBelow('src', /\.tsx?$/).filter((path) => !path.endsWith('.d.ts'));
/** Bundled into the page: what it touches is the browser's. */
const BROWSER_SIDE = 'src/dashboard/ui/';
const SHIPPED = SOURCES.filter((path) => !isTest(path) && !path.startsWith(BROWSER_SIDE));
/** Modules that are bundled into scripts: they run inside a VU and touch what a script may touch. */
const SCRIPT_SIDE = 'src/script/jslib/';
const DOCUMENTS = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'].filter((path) =>
    existsSync(join(ROOT, path)),
  ),
  ...filesBelow('docs', /\.md$/),
];

test('rooms import only lower rooms and themselves', () => {
  const faults: string[] = [];
  for (const { from, to } of importEdges()) {
    const [low, high] = [roomOf(to), roomOf(from)];
    if (low === high || low === 'testing' || high === 'tidy.test.ts') continue;
    if (rankOf(low) >= rankOf(high)) {
      faults.push(
        `${from} imports ${to}: ${high} (rank ${rankOf(high)}) may not know ${low} ` +
          `(rank ${rankOf(low)}). Pass the value down as an argument, or move it to a lower room.`,
      );
    }
    if (low === 'demo' && high !== 'cli') {
      faults.push(`${from} imports ${to}: the demo is for cli/ only.`);
    }
  }
  assertNone(faults);
});

test('shipped code does not import tests or their support', () => {
  const faults = importEdges()
    .filter(({ from, to }) => !isTest(from) && isTest(to))
    .map(({ from, to }) => `${from} imports ${to}: move what both need into a file of its own.`);
  assertNone(faults);
});

test('files do not import each other in a circle', () => {
  const targets = new Map<string, string[]>(SOURCES.map((path) => [path, []]));
  for (const { from, to } of importEdges()) targets.get(from)?.push(to);
  const state = new Map<string, 'open' | 'done'>();
  const faults: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      const circle = [...trail.slice(trail.indexOf(path)), path];
      faults.push(`${circle.join(' → ')}: move what two of them share into a third file.`);
      return;
    }
    state.set(path, 'open');
    for (const to of targets.get(path) ?? []) visit(to, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of SOURCES) visit(path, []);
  assertNone(faults);
});

test('the outside world is touched only at its ports', () => {
  const faults: string[] = [];
  for (const path of SHIPPED.filter((shipped) => !shipped.startsWith(SCRIPT_SIDE))) {
    for (const use of usesOf(path)) {
      const port = PORTS.find((p) => p.use === use);
      if (port === undefined) {
        if (!use.startsWith('import ')) continue;
        faults.push(`${path}: ${use}: name its home in PORTS of src/tidy.test.ts.`);
      } else if (!port.homes.some((home) => isBelow(path, home))) {
        const homes = port.homes.join(', ') || 'nowhere';
        faults.push(`${path}: ${use} is for ${homes}. Instead: ${port.remedy}.`);
      }
    }
  }
  assertNone(faults);
});

test('every home of a port still needs it', () => {
  const faults: string[] = [];
  for (const { use, homes } of PORTS) {
    for (const home of homes) {
      const isUsed = SHIPPED.some((path) => isBelow(path, home) && usesOf(path).has(use));
      if (!isUsed) faults.push(`nothing in src/${home} has "${use}": delete it from PORTS.`);
    }
  }
  assertNone(faults);
});

test('files are named by their concept, in kebab-case', () => {
  const faults: string[] = [];
  for (const path of [...SOURCES, ...codeBeside()]) {
    const name = path.split('/').at(-1) ?? '';
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.e2e)?(\.test|\.bench)?\.(ts|tsx|mjs|js)$/.test(name)) {
      faults.push(`${path}: write the name in kebab-case.`);
    }
    if (VAGUE_NAMES.test(name)) faults.push(`${path}: name the file by the one thing it holds.`);
    if (name === 'index.ts' && path !== 'src/index.ts') {
      faults.push(`${path}: no barrel files; import from the file that has it.`);
    }
  }
  assertNone(faults);
});

test(`lines are at most ${COLUMNS_MAX} columns, and reminders name an issue`, () => {
  const reminder = new RegExp(
    `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b(?!\\(#\\d+\\))`,
  );
  const faults: string[] = [];
  for (const path of [...SOURCES, ...codeBeside()]) {
    // Programs that tests hold in template literals have a layout of their own.
    withoutTemplates(read(path))
      .split('\n')
      .forEach((line, index) => {
        const place = `${path}:${index + 1}`;
        const columns = line.replace(LITERAL, "''").length;
        if (columns > COLUMNS_MAX) faults.push(`${place}: ${line.length} columns; break it.`);
        const word = reminder.exec(line)?.[1];
        if (word !== undefined) faults.push(`${place}: open an issue and write ${word}(#123).`);
      });
  }
  assertNone(faults);
});

/** The text with empty template literals, line breaks kept. */
function withoutTemplates(text: string): string {
  return text.replace(/`(?:[^`\\]|\\.)*`/gs, (literal) => `\`${literal.replace(/[^\n]/g, '')}\``);
}

test('links in the documents lead somewhere', () => {
  const faults: string[] = [];
  for (const path of DOCUMENTS) {
    for (const [, target = ''] of withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
      if (!existsSync(join(ROOT, linked))) {
        faults.push(`${path}: ${target} does not exist.`);
      } else if (anchor !== undefined && !anchorsOf(linked).has(anchor)) {
        faults.push(`${path}: ${linked} has no heading #${anchor}.`);
      }
    }
  }
  assertNone(faults);
});

test('every document has one title, and every decision is numbered in order', () => {
  const faults = DOCUMENTS.filter(
    (path) => withoutCode(read(path)).match(/^# /gm)?.length !== 1,
  ).map((path) => `${path}: one line with "# ", the title.`);
  filesBelow('docs/decisions', /\.md$/).forEach((path, index) => {
    const number = String(index + 1).padStart(4, '0');
    if (!path.includes(`/${number}-`)) faults.push(`${path}: expected number ${number}.`);
  });
  assertNone(faults);
});

test('the README gives the two commands that a newcomer and CI run', () => {
  const readme = read('README.md');
  for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) {
    assert.ok(readme.includes(command), `README.md must contain: ${command}`);
  }
});

test('the version is the same in the code and in package.json, and changes have a place', () => {
  assert.equal(VERSION, JSON.parse(read('package.json')).version);
  const [first] = /^## .*/m.exec(read('CHANGELOG.md')) ?? [];
  assert.equal(first, '## Unreleased', 'CHANGELOG.md begins with the section for what is to come');
});

interface Edge {
  readonly from: string;
  readonly to: string;
}

let edges: readonly Edge[] | undefined;

/** Imports between our own files, those of types too, which the compiled code no longer has. */
function importEdges(): readonly Edge[] {
  edges ??= SOURCES.flatMap((from) => {
    const text = read(from);
    const statements = text.matchAll(/^(?:import|export)\b[^'";]*?\bfrom\s+'(\.[^']+)'/gm);
    const calls = text.matchAll(/\bimport\(\s*'(\.[^']+)'\s*\)/g);
    return [...statements, ...calls]
      .map(([, specifier = '']) => join(dirname(from), specifier))
      .filter((to) => SOURCES.includes(to))
      .map((to) => ({ from, to }));
  });
  return edges;
}

const usesByPath = new Map<string, ReadonlySet<string>>();

/** What a file does with the outside world at run time, read without its types. */
function usesOf(path: string): ReadonlySet<string> {
  const known = usesByPath.get(path);
  if (known !== undefined) return known;
  const { code } = transformSync(read(path), { loader: 'ts' });
  const uses = collectUses(parse(code, PARSE_OPTIONS));
  usesByPath.set(path, uses);
  return uses;
}

const PARSE_OPTIONS = { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true } as const;

interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

function collectUses(program: unknown): ReadonlySet<string> {
  const uses = new Set<string>();
  const declared = new Set<string>();
  const globals = new Set<string>();
  visit(program, (node, parent, field) => {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportNamedDeclaration') {
      const specifiers = nodesIn(node['specifiers']);
      const module = textOf(node['source']);
      const names = specifiers.map((specifier) =>
        nameOf(specifier['imported'] ?? specifier['local']),
      );
      const isHarmless = names.length > 0 && names.every((name) => HARMLESS_NAMES.has(name));
      if (module !== '' && !module.startsWith('.') && !isHarmless) addImport(uses, module);
    } else if (node.type === 'ImportExpression') {
      const module = textOf(node['source']);
      if (module !== '' && !module.startsWith('.')) addImport(uses, module);
    } else if (node.type === 'MemberExpression' && node['computed'] === false) {
      uses.add(`${nameOf(node['object'])}.${nameOf(node['property'])}`);
    } else if (node.type === 'NewExpression') {
      uses.add(`new ${nameOf(node['callee'])}`);
    } else if (node.type === 'Identifier') {
      if (isDeclaration(parent, field)) declared.add(nameOf(node));
      else if (!isPropertyName(parent, field)) globals.add(nameOf(node));
    }
  });
  for (const name of globals) if (!declared.has(name)) uses.add(`global ${name}`);
  return uses;
}

function addImport(uses: Set<string>, module: string): void {
  if (module === 'node:process') uses.add('global process');
  else if (!HARMLESS_IMPORTS.has(module))
    uses.add(`import ${module.replace(/\/(promises|strict)$/, '')}`);
}

type OnNode = (node: SyntaxNode, parent: SyntaxNode | undefined, field: string) => void;

function visit(value: unknown, onNode: OnNode, parent?: SyntaxNode, field = ''): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, onNode, parent, field);
  } else if (isNode(value)) {
    onNode(value, parent, field);
    for (const [name, child] of Object.entries(value)) visit(child, onNode, value, name);
  }
}

/** Good enough for a file as a whole: a name that is declared anywhere in it is not a global. */
function isDeclaration(parent: SyntaxNode | undefined, field: string): boolean {
  if (field === 'id' || field === 'params' || field === 'param' || field === 'local') return true;
  if (parent?.type === 'AssignmentPattern') return field === 'left';
  return parent?.type === 'RestElement' || parent?.type === 'ArrayPattern';
}

function isPropertyName(parent: SyntaxNode | undefined, field: string): boolean {
  return (
    parent?.['computed'] !== true &&
    (field === 'property' || field === 'key' || field === 'imported' || field === 'exported')
  );
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function nodesIn(value: unknown): readonly SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function nameOf(value: unknown): string {
  return isNode(value) && typeof value['name'] === 'string' ? value['name'] : '';
}

function textOf(value: unknown): string {
  return isNode(value) && typeof value['value'] === 'string' ? value['value'] : '';
}

function port(use: string, homes: readonly string[], remedy: string): Port {
  return { use, homes, remedy };
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function rankOf(room: string): number {
  const rank = RANKS[room];
  assert.ok(
    rank !== undefined,
    `src/${room} has no rank: give it one in RANKS of src/tidy.test.ts`,
  );
  return rank;
}

function isTest(path: string): boolean {
  return /\.(test|bench)\.ts$/.test(path) || path.includes('/testing/');
}

function isBelow(path: string, home: string): boolean {
  return home.endsWith('/') ? path.startsWith(`src/${home}`) : path === `src/${home}`;
}

function codeBeside(): readonly string[] {
  return ['scripts', 'examples', 'bench'].flatMap((folder) => filesBelow(folder, /\.(ts|mjs|js)$/));
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
}

/** Heading anchors as GitHub makes them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = read(path).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

function assertNone(faults: readonly string[]): void {
  assert.equal(faults.length, 0, `\n  ${faults.join('\n  ')}`);
}
