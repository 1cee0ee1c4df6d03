/** Built-in modules whose work spans threads and phases: shared data, files, secrets, web globals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGharial } from './testing/run-gharial.ts';

const TWO_WORKERS = ['--workers', '2', '--vus', '4', '--iterations', '4'];
const EACH_ONCE = `export const options = { scenarios: {
  all: { executor: 'per-vu-iterations', vus: 4, iterations: 1 },
} };`;

test('a SharedArray is built once for all threads, phases and VUs', async () => {
  const outcome = await runGharial({
    files: { 'users.json': '[{"name":"a"},{"name":"b"}]', 'rows.csv': 'k,v\nx,1\ny,2\n' },
    args: ['--workers', '2'],
    script: `
      import { SharedArray } from 'k6/data';
      import { open as openFile } from 'k6/experimental/fs';
      import csv from 'k6/experimental/csv';
      ${EACH_ONCE}
      const users = new SharedArray('users', () => {
        console.log('built in ' + __VU);
        return JSON.parse(open('./users.json'));
      });
      const file = await openFile('rows.csv');
      const rows = await csv.parse(file, { asObjects: true });
      const parser = new csv.Parser(file, { skipFirstLine: true });
      export function setup() { console.log('setup ' + users.length); }
      export default async function () {
        const { value } = await parser.next();
        console.log(users.map((user) => user.name).join() + ' ' + rows[1].v + ' ' + value.join());
        try { users[0].name = 'z'; } catch (e) { if (!(e instanceof TypeError)) throw e; }
      }
      export function teardown() { console.log('teardown ' + users[1].name); }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual([...outcome.console].sort(), [
    ...Array.from({ length: 4 }, () => 'a,b 2 x,1'),
    'built in 0',
    'setup 2',
    'teardown b',
  ]);
});

test('an array with a name of its own in each VU is built where it is asked for', async () => {
  const outcome = await runGharial({
    files: { 'data.json': '[1,2,3]' },
    args: ['--workers', '2'],
    script: `
      import { SharedArray } from 'k6/data';
      ${EACH_ONCE}
      const data = new SharedArray('data ' + __VU, () => JSON.parse(open('data.json')));
      export default function () { console.log(data.length); }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['3', '3', '3', '3']);
});

test('large shared arrays survive the thread that built them', async () => {
  const outcome = await runGharial({
    args: TWO_WORKERS,
    script: `
      import { SharedArray } from 'k6/data';
      const data = new SharedArray('large', () => {
        console.log('built');
        return Array.from({ length: 10000 }, (_, id) => ({ id, pad: 'x'.repeat(1000) }));
      });
      export default function () { if (data[9999].id !== 9999) throw new Error('wrong'); }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['built']);
  assert.doesNotMatch(outcome.stderr, /wrong/);
});

test('a fetched secret is in no line of log, and the script has it', async () => {
  const outcome = await runGharial({
    files: { 's.txt': 'password=hunter2\nother=swordfish\n' },
    args: ['--secret-source', 'file=s.txt', '--secret-source', 'mock=name=m,default,key=topsecret'],
    script: `
      import secrets from 'k6/secrets';
      export const options = { iterations: 1 };
      export async function setup() {
        console.log('before: hunter2');
        const password = await secrets.source('file').get('password');
        console.log('after: ' + password + ' ' + (password === 'hunter' + 2));
        return password;
      }
      export default async function (password) {
        console.error('again ' + password + ' ' + await secrets.get('key'));
        console.log('not fetched: swordfish');
        await secrets.get('nope').catch((e) => console.log(e.message));
        throw new Error('with ' + password);
      }
      export function teardown(password) { throw new Error('last ' + password); }`,
  });
  assert.deepEqual(outcome.console, [
    'before: hunter2',
    'after: ***SECRET_REDACTED*** true',
    'again ***SECRET_REDACTED*** ***SECRET_REDACTED***',
    'not fetched: swordfish',
    'no value',
  ]);
  const [, ...after] = outcome.stderr.split('\n');
  assert.doesNotMatch(after.join('\n'), /hunter2|topsecret/);
  assert.match(outcome.stderr, /Error: with \*\*\*SECRET_REDACTED\*\*\*/);
  assert.match(outcome.stderr, /Error: last \*\*\*SECRET_REDACTED\*\*\*/);
});

test('a bad secret source ends the run before it begins', async () => {
  const outcome = await runGharial({
    args: ['--secret-source', 'vault=x=topsecret'],
    script: 'export default function () {}',
  });
  assert.equal(outcome.exitCode, 104);
  assert.match(outcome.stderr, /there is no secret source type/);
  assert.doesNotMatch(outcome.stderr, /topsecret/);
});

test('web globals work in the VU’s own event loop', async () => {
  const outcome = await runGharial({
    args: ['--iterations', '2'],
    script: `
      import { sleep } from 'k6';
      import { parseHTML } from 'k6/html';
      export default async function () {
        if (__ITER === 1) {
          queueMicrotask(() => { throw new Error('from a microtask'); });
          return;
        }
        const log = [];
        queueMicrotask(() => log.push('micro'));
        sleep(0.01);
        log.push('slept');
        await crypto.subtle.digest('SHA-512', new Uint8Array(5_000_000));
        log.push('digest');
        queueMicrotask(() => { sleep(0.01); log.push('blocked'); });
        await new Promise((resolve) => {
          AbortSignal.timeout(5).addEventListener('abort', resolve);
          setTimeout(() => {}, 50);
        });
        const items = parseHTML('<li>a</li><li>b</li>').find('li');
        items.each((i, item) => { sleep(0.001); log.push(item.textContent()); });
        log.push(items.map((i, item) => { sleep(0.001); return item.text(); }).join(''));
        console.log(log.join());
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['slept,micro,digest,blocked,a,b,ab']);
  assert.match(outcome.stderr, /level=error msg="Error: from a microtask/);
  assert.equal(outcome.summary?.metrics['iterations']?.['count'], 2);
});

test('an exception of an abort listener ends the iteration, not the run', async () => {
  const outcome = await runGharial({
    args: ['--iterations', '2'],
    script: `
      export default function () {
        const signal = __ITER === 0 ? AbortSignal.timeout(1) : new AbortController().signal;
        signal.addEventListener('abort', () => { throw new Error('listener'); });
        setTimeout(() => console.log('end ' + __ITER), 30);
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['end 1']);
  assert.equal(outcome.stderr.match(/Error: listener/g)?.length, 1);
});

test('modules that k6 removed still import, or say what to do instead', async () => {
  const works = await runGharial({
    script: `
      import { crypto as webcrypto } from 'k6/experimental/webcrypto';
      export default function () { console.log(webcrypto === crypto); }`,
  });
  assert.equal(works.exitCode, 0, works.stderr);
  assert.deepEqual(works.console, ['true']);
  assert.match(works.stderr, /crypto is a global object/);
  const refused = await runGharial({
    script: `
      import tracing from 'k6/experimental/tracing';
      export default function () { tracing.instrumentHTTP(); }`,
  });
  assert.equal(refused.exitCode, 107);
  assert.match(refused.stderr, /set the trace headers yourself/);
});

test('open() is relative to the file whose code is being evaluated, ES module or CommonJS', async () => {
  const outcome = await runGharial({
    files: {
      'data.txt': 'main',
      'lib/data.txt': 'lib',
      'lib/esm.js': `export const own = open('./data.txt'); export const read = (path) => open(path);`,
      'lib/cjs.js': `module.exports = { own: open('./data.txt'), read: (path) => open(path) };`,
    },
    script: `
      import { own, read } from './lib/esm.js';
      import cjs from './lib/cjs.js';
      const texts = [own, cjs.own, read('./data.txt'), cjs.read('data.txt'), read(import.meta.resolve('./lib/data.txt'))];
      export default function () { console.log(texts.join()); }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['lib,lib,main,main,lib']);
  const warnings = outcome.stderr.match(/is relative to \S+ as in k6/g) ?? [];
  assert.equal(warnings.length, 2, outcome.stderr);
});
