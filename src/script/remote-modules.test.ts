import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { loadScript } from './load.ts';
import type { FetchRemote } from './remote-fetch.ts';
import type { ScriptBundle } from './script-bundle.ts';
import { type TempProject, tempProject } from './testing/temp-project.ts';

const ROOT = 'https://modules.test/lib';

/** A network: bodies by URL, or a status, or where to go instead. Everything else has no connection. */
type Site = Record<string, string | number | { readonly to: string }>;

class Internet {
  readonly site: Site;
  readonly asked: string[] = [];

  constructor(site: Site) {
    this.site = site;
  }

  readonly fetch: FetchRemote = async (url) => {
    this.asked.push(url);
    const answer = this.site[url];
    if (answer === undefined) {
      throw new TypeError('fetch failed', {
        cause: new Error('getaddrinfo ENOTFOUND modules.test'),
      });
    }
    if (typeof answer === 'number')
      return { status: answer, location: undefined, body: new Uint8Array() };
    if (typeof answer === 'string')
      return { status: 200, location: undefined, body: Buffer.from(answer) };
    return { status: 302, location: answer.to, body: new Uint8Array() };
  };
}

function project(t: TestContext, script: string): TempProject {
  return tempProject(t, { 'tests/script.js': script });
}

function load(
  { dir, path }: TempProject,
  { fetch }: Internet,
  updatesLock = false,
): Promise<ScriptBundle> {
  return loadScript({
    entry: 'tests/script.js',
    cwd: dir,
    remote: { cacheDir: path('cache/modules'), updatesLock, fetch },
  });
}

function lockOf({ path }: TempProject): {
  modules: Record<string, { sha256: string; redirectedTo?: string }>;
} {
  return JSON.parse(readFileSync(path('tests/gharial.lock.json'), 'utf8'));
}

async function failure(loading: Promise<unknown>): Promise<GharialError> {
  const error = await loading.then(
    () => assert.fail('it loaded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GharialError, String(error));
  return error;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('remote modules and what they import become part of the script, and are pinned', async (t) => {
  const internet = new Internet({
    [`${ROOT}/main.js`]: `import { b } from './parts/b.ts'; import '/top.js'; import { sleep } from 'k6';
      export const a = b + 1; globalThis.sleep = sleep;`,
    [`${ROOT}/parts/b.ts`]: `import data from '../data.json'; export const b: number = data.value;`,
    [`${ROOT}/data.json`]: '{"value": 41}',
    'https://modules.test/top.js': `import '//other.test/x.js'; globalThis.top = 1;`,
    'https://other.test/x.js': 'globalThis.other = 1;',
  });
  const files = project(t, `import { a } from '${ROOT}/main.js'; export default () => a;`);
  const bundle = await load(files, internet);
  assert.match(bundle.code, /41/);
  assert.match(bundle.code, /globalThis\.top = 1/);
  assert.match(bundle.code, /globalThis\.other = 1/);
  assert.deepEqual(bundle.modules, ['k6']);
  assert.deepEqual(bundle.warnings, []);
  assert.match(bundle.sources[`${ROOT}/main.js`] ?? '', /export const a/);
  const { modules } = lockOf(files);
  assert.deepEqual(Object.keys(modules), Object.keys(internet.site).sort());
  assert.equal(modules[`${ROOT}/data.json`]?.sha256, sha256('{"value": 41}'));
  assert.equal(internet.asked.length, 5, 'each is fetched once');
});

test('what is pinned and cached needs no network', async (t) => {
  const files = project(t, `import { a } from '${ROOT}/a.js'; export default () => a;`);
  const first = await load(files, new Internet({ [`${ROOT}/a.js`]: 'export const a = 1;' }));
  const offline = new Internet({});
  const second = await load(files, offline);
  assert.equal(second.code, first.code);
  assert.deepEqual(offline.asked, []);
});

test('without network and cache the error says so, in k6 words and with the place', async (t) => {
  const url = `${ROOT}/a.js`;
  const files = project(t, `import '${url}';`);
  const error = await failure(load(files, new Internet({})));
  assert.equal(error.code, 'SCRIPT_MODULE_REMOTE');
  assert.equal(error.exitCode, 107);
  assert.ok(
    error.message.startsWith(
      `The moduleSpecifier "${url}" couldn't be retrieved from the resolved url "${url}". ` +
        `Error : "getaddrinfo ENOTFOUND modules.test" at ${files.url('tests/script.js')}:1:8`,
    ),
    error.message,
  );
  assert.match(error.hint ?? '', /not in the cache/);
  assert.ok(!existsSync(files.path('tests/gharial.lock.json')));
});

test('what the server refuses is told in k6 words', async (t) => {
  const url = `${ROOT}/a.js`;
  for (const [status, reason] of [
    [404, `not found: ${url}`],
    [500, `wrong status code (500) for: ${url}`],
    [304, `wrong status code (304) for: ${url}`],
  ] as const) {
    const error = await failure(
      load(project(t, `import '${url}';`), new Internet({ [url]: status })),
    );
    assert.ok(error.message.includes(`Error : "${reason}"`), error.message);
  }
});

test('a module that has changed is refused, until the lock is updated', async (t) => {
  const url = `${ROOT}/a.js`;
  const files = project(t, `import { a } from '${url}'; export default () => a;`);
  const [old, young] = ['export const a = 1;', 'export const a = 2;'];
  await load(files, new Internet({ [url]: old }));
  files.write({ 'tests/other.js': '' });
  rmSync(files.path('cache'), { recursive: true });
  const error = await failure(load(files, new Internet({ [url]: young })));
  assert.equal(error.code, 'SCRIPT_MODULE_CHANGED');
  assert.ok(error.message.startsWith(`The module "${url}" is not what the lock file says`));
  assert.ok(error.message.includes(sha256(old)) && error.message.includes(sha256(young)));
  assert.match(error.hint ?? '', /--update-lock/);
  assert.equal(lockOf(files).modules[url]?.sha256, sha256(old), 'the lock stays');

  const updated = await load(files, new Internet({ [url]: young }), true);
  assert.match(updated.code, /a = 2/);
  assert.equal(lockOf(files).modules[url]?.sha256, sha256(young));
});

test('updating the lock asks again for what is cached, and keeps the modules of other scripts', async (t) => {
  const url = `${ROOT}/a.js`;
  const files = project(t, `import { a } from '${url}'; export default () => a;`);
  await load(files, new Internet({ [url]: 'export const a = 1;' }));
  const lock = lockOf(files);
  const other = { sha256: sha256('other') };
  files.write({
    'tests/gharial.lock.json': JSON.stringify({
      ...lock,
      modules: { ...lock.modules, 'https://o.test/': other },
    }),
  });
  const bundle = await load(files, new Internet({ [url]: 'export const a = 3;' }), true);
  assert.match(bundle.code, /a = 3/);
  assert.deepEqual(lockOf(files).modules, {
    [url]: { sha256: sha256('export const a = 3;') },
    'https://o.test/': other,
  });
});

test('a damaged cache is not believed', async (t) => {
  const url = `${ROOT}/a.js`;
  const files = project(t, `import { a } from '${url}'; export default () => a;`);
  const site = { [url]: 'export const a = 1;' };
  await load(files, new Internet(site));
  const [name = ''] = readdirSync(files.path('cache/modules'));
  writeFileSync(files.path(`cache/modules/${name}`), 'export const a = 666;');
  const bundle = await load(files, new Internet(site));
  assert.match(bundle.code, /a = 1;/);
  assert.equal(readFileSync(files.path(`cache/modules/${name}`), 'utf8'), site[url]);
});

test('redirects are followed, and relative imports start from where they lead; offline too', async (t) => {
  const files = project(t, `import { v } from 'https://cdn.test/pkg'; export default () => v;`);
  const internet = new Internet({
    'https://cdn.test/pkg': { to: '/pkg@1' },
    'https://cdn.test/pkg@1': { to: 'https://modules.test/pkg@1/lib/main.js' },
    'https://modules.test/pkg@1/lib/main.js': `export { v } from './v.js';`,
    'https://modules.test/pkg@1/lib/v.js': `export const v = 'there';`,
  });
  assert.match((await load(files, internet)).code, /there/);
  assert.equal(
    lockOf(files).modules['https://cdn.test/pkg']?.redirectedTo,
    'https://modules.test/pkg@1/lib/main.js',
  );
  assert.match((await load(files, new Internet({}))).code, /there/);
});

test('a redirect away from https, or in a circle, is an error', async (t) => {
  const url = `${ROOT}/a.js`;
  const script = `import '${url}';`;
  const plain = new Internet({ [url]: { to: 'http://modules.test/a.js' } });
  assert.match((await failure(load(project(t, script), plain))).message, /which is not https/);
  const circle = new Internet({ [url]: { to: url } });
  assert.match((await failure(load(project(t, script), circle))).message, /after 10 redirects/);
});

test('remote modules may not import local files or packages', async (t) => {
  const url = `${ROOT}/a.js`;
  const script = `import '${url}';`;
  const file = new Internet({ [url]: `import 'file:///etc/passwd';` });
  const error = await failure(load(project(t, script), file));
  assert.ok(
    error.message.startsWith(`origin (${url}) not allowed to load local file: `),
    error.message,
  );
  assert.ok(error.message.includes(`${url}:1:8`), error.message);
  const bare = await failure(load(project(t, script), new Internet({ [url]: `import 'lodash';` })));
  assert.match(bare.message, /The moduleSpecifier "lodash" couldn't be recognised/);
});

test('a lock file that is none is an error that names it', async (t) => {
  const script = `import '${ROOT}/a.js';`;
  for (const text of [
    '{',
    '[]',
    '{"version":2}',
    '{"version":1,"modules":{"https://a.test/":{}}}',
  ]) {
    const files = project(t, script);
    files.write({ 'tests/gharial.lock.json': text });
    const error = await failure(load(files, new Internet({})));
    assert.equal(error.code, 'REMOTE_LOCK', text);
    assert.ok(error.message.includes(files.path('tests/gharial.lock.json')), error.message);
  }
});

test('a script without remote modules neither reads nor writes a lock file', async (t) => {
  const files = project(
    t,
    `import 'https://jslib.k6.io/k6-utils/1.4.0/index.js'; export default () => 1;`,
  );
  await load(files, new Internet({}));
  assert.ok(!existsSync(files.path('tests/gharial.lock.json')));
  assert.ok(!existsSync(files.path('cache')));
});

test('a cache that cannot be written is a warning', async (t) => {
  const files = project(t, `import { a } from '${ROOT}/a.js'; export default () => a;`);
  files.write({ cache: 'a file where the folder should be' });
  const bundle = await load(files, new Internet({ [`${ROOT}/a.js`]: 'export const a = 1;' }));
  assert.equal(bundle.warnings.length, 1);
  assert.match(bundle.warnings[0] ?? '', /^remote modules are fetched each time: /);
});
