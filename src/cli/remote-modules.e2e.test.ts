/** Remote modules through the command line: a real https server whose certificate Node is told to trust. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nowMs } from '../base/clock.ts';
import { issueSelfSigned } from '../demo/certificate.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

let folder = '';
let server: Server;
let port = 0;
let answer = '';
/** What the server has below /app/. */
const app = new Map<string, string>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-remote-'));
  const { cert, key } = issueSelfSigned(['localhost'], nowMs());
  writeFileSync(join(folder, 'ca.pem'), cert);
  server = createServer({ cert, key }, (request, response) => {
    if (request.url === '/lib/main.js') response.end(answer);
    else if (request.url === '/lib/part.js') response.end(`export const part = 'part';`);
    else if (app.has(request.url ?? '')) response.end(app.get(request.url ?? ''));
    else if (request.url === '/latest') {
      response.writeHead(302, { location: '/app/script.ts' }).end();
    } else response.writeHead(404).end();
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  write(
    'script.js',
    `import { text } from 'https://localhost:${port}/lib/main.js'; export default () => console.log(text);`,
  );
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

async function gharial(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 30_000,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stderr };
}

test('a script may be remote itself: what it imports and opens is fetched, pinned and archived', async () => {
  const root = `https://localhost:${port}/app`;
  app.set('/app/lib/greet.ts', `export const greet = (name: string): string => 'hello ' + name;`);
  app.set('/app/users.json', '["ann","bob"]');
  app.set('/app/a b.txt', '');
  app.set('/app/a%20b.txt', 'spaced');
  app.set(
    '/app/script.ts',
    `import { SharedArray } from 'k6/data';
    import { open as openFile } from 'k6/experimental/fs';
    import { greet } from './lib/greet.ts';
    const users = new SharedArray('users', () => JSON.parse(open('users.json')));
    const bytes: number = open('./a b.txt', 'b').byteLength;
    const file = await openFile('users.json');
    let refusal = '';
    try { open('file:///etc/hostname'); } catch (error) { refusal = error.message; }
    export default () => console.log(greet(users.join('+')), bytes, file.path, refusal);`,
  );
  const text = `hello ann+bob 6 ${root}/users.json origin (${root}/) not allowed to load local file: file:///etc/hostname`;
  const expected = (stderr: string): void => assert.ok(stderr.includes(text), stderr);
  const lockPath = join(folder, 'gharial.lock.json');
  const first = await gharial('run', '-q', `${root}/script.ts`);
  assert.equal(first.status, 0, first.stderr);
  expected(first.stderr);
  const { modules } = JSON.parse(readFileSync(lockPath, 'utf8'));
  const names = ['a%20b.txt', 'lib/greet.ts', 'script.ts', 'users.json'];
  assert.deepEqual(
    Object.keys(modules),
    names.map((name) => `${root}/${name}`),
  );
  assert.equal((await gharial('archive', `${root}/script.ts`)).status, 0);

  const kept = new Map(app);
  app.clear();
  expected((await gharial('run', '-q', `${root}/script.ts`)).stderr);
  rmSync(join(folder, 'cache'), { recursive: true });
  const gone = await gharial('run', '-q', `${root}/script.ts`);
  assert.equal(gone.status, 255);
  assert.match(gone.stderr, /Error : \\"not found: https:\/\/localhost:\d+\/app\/script\.ts\\"/);
  const archived = await gharial('run', '-q', 'archive.tar');
  assert.equal(archived.status, 0, archived.stderr);
  expected(archived.stderr);

  for (const [path, text] of kept) app.set(path, text);
  app.set('/app/users.json', '["eve","bob"]');
  const changed = await gharial('run', '-q', `${root}/script.ts`);
  assert.equal(changed.status, 107);
  assert.match(changed.stderr, /users\.json\\" is not what the lock file says/);
  const updated = await gharial('run', '-q', '--update-lock', `${root}/script.ts`);
  assert.match(updated.stderr, /hello eve/);
  app.delete('/app/users.json');
  rmSync(join(folder, 'cache'), { recursive: true });
  const incomplete = await gharial('run', '-q', `${root}/script.ts`);
  assert.equal(incomplete.status, 107);
  assert.match(incomplete.stderr, /not found: https:\/\/localhost:\d+\/app\/users\.json/);
  rmSync(lockPath);
});

test('redirects of a remote script are followed, and what is no script address is told', async () => {
  app.set(
    '/app/script.ts',
    `import { x } from './x.js'; export default () => console.log(x as string);`,
  );
  app.set('/app/x.js', `export const x = 'beside the target';`);
  const { stderr } = await gharial('run', '-q', `https://localhost:${port}/latest`);
  assert.match(stderr, /msg="beside the target"/);
  rmSync(join(folder, 'gharial.lock.json'));
  rmSync(join(folder, 'cache'), { recursive: true });
  for (const name of ['github.com/a/b/script.js', 'cdnjs.com/libraries/x']) {
    const magic = await gharial('run', '-q', name);
    assert.equal(magic.status, 255);
    assert.match(magic.stderr, /no longer supported\." hint="write the whole address/);
  }
});

test('a remote module is fetched, pinned, refused when it changes, and taken with --update-lock', async () => {
  answer = `import { part } from './part.js'; export const text = 'first-' + part;`;
  const first = await gharial('run', '-q', 'script.js');
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /msg=first-part/);
  const lock = JSON.parse(readFileSync(join(folder, 'gharial.lock.json'), 'utf8'));
  const root = `https://localhost:${port}/lib`;
  assert.deepEqual(Object.keys(lock.modules), [`${root}/main.js`, `${root}/part.js`]);
  assert.equal(readdirSync(join(folder, 'cache', 'gharial', 'modules')).length, 2);

  answer = `export const text = 'second';`;
  assert.match((await gharial('run', '-q', 'script.js')).stderr, /msg=first-part/);
  rmSync(join(folder, 'cache'), { recursive: true });
  const changed = await gharial('run', '-q', 'script.js');
  assert.equal(changed.status, 107);
  assert.match(changed.stderr, /lib\/main\.js\\" is not what the lock file says.*--update-lock/);
  const updated = await gharial('run', '-q', '--update-lock', 'script.js');
  assert.match(updated.stderr, /msg=second/);
  assert.equal((await gharial('archive', 'script.js')).status, 0);

  const missing = join(folder, 'missing.js');
  writeFileSync(missing, `import '${root}/none.js'; export default () => 1;`);
  const notFound = await gharial('run', '-q', 'missing.js');
  assert.equal(notFound.status, 107);
  assert.match(notFound.stderr, /Error : \\"not found: https:\/\/localhost:\d+\/lib\/none\.js\\"/);

  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.match(
    (await gharial('run', '-q', 'script.js')).stderr,
    /msg=second/,
    'offline, by the cache',
  );
  rmSync(join(folder, 'cache'), { recursive: true });
  const offline = await gharial('run', '-q', 'script.js');
  assert.equal(offline.status, 107);
  assert.match(offline.stderr, /ECONNREFUSED.*the module is not in the cache/);
  assert.match(
    (await gharial('run', '-q', 'archive.tar')).stderr,
    /msg=second/,
    'the archive has it',
  );
  assert.ok(!existsSync(join(folder, 'cache')));
});
