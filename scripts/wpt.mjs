// Runs the web platform tests for WebSocket against the class that scripts see:
//   node scripts/wpt.mjs --tests <folder> [--class module|global] [--filter TEXT] [--verbose] [--update]
//
// <folder> holds `websockets/`, `resources/` and `interfaces/` of the web-platform-tests repository; the
// source package of any Firefox (`apt-get source firefox-esr`, testing/web-platform/tests) has them too.
//
// `module` is WebSocket of k6/websockets, `global` the one scripts find as a global. Fails on every
// subtest that is not listed in test/wpt-expected-failures.json; --update rewrites the list.
// What needs a document, an iframe, a worker, HTTP/2 or WebSocketStream is left out and counted.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startWptServer } from './wpt/server.mjs';

const REPO = dirname(dirname(fileURLToPath(import.meta.url)));
const EXPECTED = join(REPO, 'test/wpt-expected-failures.json');
const PAGES_AT_ONCE = 60;
const HOST = 'web-platform.test';

const { values: flags } = parseArgs({
  options: {
    tests: { type: 'string' },
    class: { type: 'string', default: 'module' },
    filter: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
  },
});
if (flags.tests === undefined || !existsSync(join(flags.tests, 'websockets'))) {
  console.error('--tests <folder>: give a folder with websockets/ of the web platform tests');
  process.exit(2);
}

/** Why a test is not for us, by the first pattern that its path or text shows. */
const OUT_OF_SCOPE = [
  ['stream', /^stream\//, 'WebSocketStream'],
  ['document', /\bdocument\.|<iframe|window\.open|frames\[/, 'a document'],
  ['worker', /\bnew (?:Shared)?Worker\(|importScripts/, 'a worker'],
  [
    'fetch',
    /XMLHttpRequest|\bfetch\(|fetch_tests_from_worker|RemoteContextHelper/,
    'fetches of a page',
  ],
];

const server = await startWptServer();
try {
  const { pages, skipped } = collectPages();
  const outcomes = await runAll(pages);
  report(outcomes, skipped);
} finally {
  server.close();
}

function collectPages() {
  const root = join(flags.tests, 'websockets');
  const pages = [];
  const skipped = {};
  for (const path of readdirSync(root, { recursive: true }).map(String).sort()) {
    if (!/\.(any\.js|html)$/.test(path) || /\/(?:support|resources)\//.test(`/${path}`)) continue;
    if (!path.includes(flags.filter)) continue;
    const text = readPage(join(root, path));
    if (!path.endsWith('.js') && !text.includes('testharness.js')) continue;
    const why = OUT_OF_SCOPE.find(([, pattern]) => pattern.test(path) || pattern.test(text))?.[2];
    if (why !== undefined) {
      skipped[why] = [...(skipped[why] ?? []), path];
      continue;
    }
    for (const variant of variantsOf(text)) {
      if (variant.includes('h2')) {
        skipped['HTTP/2'] = [...(skipped['HTTP/2'] ?? []), path + variant];
        continue;
      }
      pages.push(pageOf(root, path, text, variant));
    }
  }
  return { pages, skipped };
}

function readPage(file) {
  const bytes = readFileSync(file);
  const isLatin = /charset="?windows-1252/.test(bytes.toString('latin1'));
  return new TextDecoder(isLatin ? 'windows-1252' : 'utf-8').decode(bytes);
}

function variantsOf(text) {
  const variants = [
    ...text.matchAll(/META: variant=(\S*)/g),
    ...text.matchAll(/<meta name="?variant"? content="([^"]*)"/g),
  ].map((match) => match[1]);
  return variants.length === 0 ? ['?default'] : variants;
}

function pageOf(root, path, text, variant) {
  const title = /<title>([^<]*)/.exec(text)?.[1] ?? /META: title=(.*)/.exec(text)?.[1] ?? path;
  const isScript = path.endsWith('.js');
  const sources = isScript
    ? [...text.matchAll(/META: script=(\S+)/g)].map((match) => match[1])
    : [...text.matchAll(/<script src="?([^">\s]+)/g)].map((match) => match[1]);
  const libraries = sources
    .filter((source) => !source.includes('testharness'))
    .map((source) => {
      if (source === '/resources/WebIDLParser.js') source = '/resources/webidl2/lib/webidl2.js';
      const file = source.startsWith('/')
        ? join(flags.tests, source)
        : normalize(join(root, dirname(path), source));
      const library = readFileSync(file, 'utf8');
      return source.includes('webidl2') ? library : asGlobals(substituted(library));
    });
  const inline = isScript
    ? text
    : [...text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n');
  return {
    id: `${path}${variant}`,
    title,
    url: `http://${HOST}:${server.port}/websockets/${path}${variant}`,
    code: [...libraries, asGlobals(inline)].join('\n;\n'),
  };
}

/** Functions that a page declares are properties of its global object. */
function asGlobals(code) {
  const names = [...code.matchAll(/^(?:async )?function (\w+)/gm)].map((match) => match[1]);
  const lines = [...new Set(names)].map(
    (name) => `if (typeof ${name} === 'function') self.${name} = ${name};`,
  );
  return `${lines.join(' ')}\n${code}`;
}

/** What WPT's server puts into files named `.sub.`. */
function substituted(text) {
  return text
    .replaceAll('{{host}}', HOST)
    .replaceAll('{{domains[nonexistent]}}', 'nonexistent.invalid')
    .replaceAll(/\{\{hosts\[alt\]\[\w*\]\}\}/g, `www.${HOST}`)
    .replaceAll(/\{\{domains\[\w*\]\}\}/g, `www.${HOST}`)
    .replaceAll('{{ports[ws][0]}}', String(server.port))
    .replaceAll('{{ports[wss][0]}}', String(server.securePort))
    .replaceAll('{{ports[h2][0]}}', '0');
}

/** Pages of one run share built-in prototypes, which some of them break: what fails is run again alone. */
async function runAll(pages) {
  const outcomes = [];
  for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
    outcomes.push(...(await runBatch(pages.slice(at, at + PAGES_AT_ONCE))));
  }
  for (const [index, { results, harness }] of outcomes.entries()) {
    const isPassed = harness === 0 && results.every(({ verdict }) => verdict === 0);
    if (!isPassed) [outcomes[index]] = await runBatch([pages[index]]);
  }
  return outcomes;
}

/** One run of gharial; ended as soon as every page has told its results. */
async function runBatch(pages) {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-wpt-'));
  const resources = join(flags.tests, 'resources');
  const texts = {};
  for (const name of readdirSync(join(flags.tests, 'interfaces'))) {
    if (/^(websockets|html|dom)\.idl$/.test(name)) {
      texts[`/interfaces/${name}`] = readFileSync(join(flags.tests, 'interfaces', name), 'utf8');
    }
  }
  // The IDL tests fetch their files.
  const fetching = `self.fetch = (path) => Promise.resolve({ ok: true, text: () => Promise.resolve(${JSON.stringify(texts)}[path] ?? '') });`;
  writeFileSync(
    join(folder, 'tests.json'),
    JSON.stringify({
      harness: readFileSync(join(resources, 'testharness.js'), 'utf8'),
      pages: pages.map((page, index) => ({
        ...page,
        index,
        code: /idlharness/.test(page.id) ? fetching + page.code : page.code,
      })),
    }),
  );
  const child = spawn(
    process.execPath,
    [
      join(REPO, 'dist/cli/main.js'),
      'run',
      '-q',
      '--no-summary',
      '--log-format=raw',
      '-e',
      `WPT_CLASS=${flags.class}`,
      '-e',
      `WPT_FOLDER=${folder}`,
      join(REPO, 'scripts/wpt/page.js'),
    ],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  );
  const outcomes = pages.map((page) => ({
    ...page,
    results: [],
    harness: 1,
    message: 'no result',
  }));
  let waitingFor = pages.length;
  let rest = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('WPT ')) {
        if (flags.verbose) console.error(line);
        continue;
      }
      const { index, ...outcome } = JSON.parse(line.slice(4));
      Object.assign(outcomes[index], outcome);
      waitingFor -= 1;
      if (waitingFor === 0) child.kill('SIGKILL');
    }
  });
  await new Promise((done) => child.on('close', done));
  rmSync(folder, { recursive: true, force: true });
  return outcomes;
}

function report(outcomes, skipped) {
  const failures = {};
  const counts = { PASS: 0, FAIL: 0 };
  for (const { id, results, harness, message } of outcomes) {
    if (results.length === 0 || harness > 1) {
      failures[id] = { ...failures[id], '(page)': message };
      if (results.length === 0) counts.FAIL += 1;
    }
    for (const { name: given, verdict, message: why } of results) {
      // The port is another one each time.
      const name = given.replaceAll(new RegExp(`(${HOST}):\\d+`, 'g'), '$1');
      counts[verdict === 0 ? 'PASS' : 'FAIL'] += 1;
      if (verdict !== 0) failures[id] = { ...failures[id], [name]: why };
    }
  }
  const expected = existsSync(EXPECTED) ? JSON.parse(readFileSync(EXPECTED, 'utf8')) : {};
  const known = expected[flags.class] ?? {};
  let unexpected = 0;
  for (const [id, subtests] of Object.entries(failures)) {
    for (const [name, why] of Object.entries(subtests)) {
      const isKnown = known[id]?.includes(name) === true;
      if (!isKnown) unexpected += 1;
      if (!isKnown || flags.verbose) {
        console.log(`${isKnown ? 'known' : 'FAIL '} ${id} :: ${name} :: ${why}`);
      }
    }
  }
  for (const [why, paths] of Object.entries(skipped))
    console.log(`left out, needs ${why}: ${paths.length}`);
  const byVariant = (wanted) => outcomes.filter(({ id }) => id.includes('?wss') === wanted);
  for (const [name, list] of [
    ['ws', byVariant(false)],
    ['wss', byVariant(true)],
  ]) {
    const all = list.flatMap(({ results }) => results);
    const passed = all.filter(({ verdict }) => verdict === 0).length;
    console.log(`${name}: ${passed} of ${all.length} subtests on ${list.length} pages`);
  }
  console.log(`${counts.PASS} passed, ${counts.FAIL} failed, ${unexpected} of them unexpected`);
  if (flags.update) {
    const list = Object.fromEntries(
      Object.entries(failures).map(([id, subtests]) => [id, Object.keys(subtests)]),
    );
    writeFileSync(EXPECTED, `${JSON.stringify({ ...expected, [flags.class]: list }, null, 2)}\n`);
  }
  process.exitCode = unexpected > 0 && !flags.update ? 1 : 0;
}
