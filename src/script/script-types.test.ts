/** Scripts type-check with `gharial/types` as a user would set it up: by the package's name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';

// Tests run from the root of the repository.
const ROOT = resolve('.');

interface Verdict {
  readonly isClean: boolean;
  readonly text: string;
}

/** What the compiler says about these files of a project that has gharial installed. */
function compile(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  others: readonly string[] = [],
  options: object = {},
): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-types-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'gharial'), 'dir');
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'dir');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = {
    compilerOptions: {
      ...{
        lib: ['es2023', 'dom'],
        module: 'esnext',
        moduleResolution: 'bundler',
        target: 'es2023',
      },
      ...{ strict: true, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: false },
      types: ['gharial/types'],
      ...options,
    },
    files: [...Object.keys(files), ...others],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
    encoding: 'utf8',
  });
  return { isClean: status === 0, text: stdout };
}

/** The examples with this ending. */
function examples(ending: string): string[] {
  const names = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith(ending));
  assert.ok(names.length > 0);
  return names.map((name) => join(ROOT, 'examples', name));
}

test('the examples in JavaScript type-check, as editors check them', (t) => {
  const options = { allowJs: true, checkJs: true, strict: false };
  const { isClean, text } = compile(t, {}, examples('.js'), options);
  assert.ok(isClean, text);
});

test('the examples in TypeScript and a script that uses our additions type-check', (t) => {
  const { isClean, text } = compile(
    t,
    {
      'script.ts': `
      import { randomItem, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
      import { jUnit, textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
      import { FormData } from 'https://jslib.k6.io/formdata/0.0.2/index.js';
      import { expect } from 'https://jslib.k6.io/k6-testing/0.6.1/index.js';
      import chai, { describe, expect as say } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
      import { URL as JslibUrl } from 'https://jslib.k6.io/url/1.0.0/index.js';
      import anything from 'https://example.com/anything.js';
      import { check } from 'k6';
      import csv, { Parser } from 'k6/experimental/csv';
      import { open } from 'k6/experimental/fs';
      import { WebSocket as OldWebSocket } from 'k6/experimental/websockets';
      import { setTimeout } from 'k6/experimental/timers';
      import { parseHTML } from 'k6/html';
      import http from 'k6/http';
      import { Blob, type CloseEvent, WebSocket } from 'k6/websockets';
      import ws from 'k6/ws';

      const users = await csv.parse(await open('users.csv'), { asObjects: true });
      const rows = await csv.parse(await open('users.csv'));
      const parser = new Parser(await open('users.csv'));
      const name: string | undefined = users[0]?.['name'];
      const cell: string | undefined = rows[0]?.[0];

      export default async function (): Promise<void> {
        const tls = { cert: 'PEM', key: new Uint8Array(1), password: 'x' };
        const socket = new WebSocket('ws://x', ['a', 'b'], { jar: http.cookieJar(), tags: { n: 1 }, tls, proxy: 'socks5://p' });
        socket.binaryType = 'arraybuffer';
        socket.onmessage = ({ data }) => { JSON.parse(data); };
        socket.onclose = ({ code, reason, wasClean }) => console.log(code, reason, wasClean);
        const onClose = (event: CloseEvent): void => console.log(event.target.protocol);
        socket.addEventListener('close', onClose, { once: true });
        socket.removeEventListener('close', onClose);
        socket.onping = null;
        socket.send(new Blob(['x']));
        const old = new OldWebSocket('ws://x', null, {});
        old.onopen = () => setTimeout(() => old.close(), 1);
        const form = new FormData();
        form.append('file', http.file('x', 'x.txt'));
        const { done, value } = await parser.next();
        const first: string | undefined = value[0];
        const host: string = new JslibUrl('ws://x').host;
        ws.connect('ws://x', { tags: { a: 'b' } }, (s) => s.on('message', (text) => s.send(text)));
        expect.configure({ softMode: 'throw' }).soft(host).not.toBe('y');
        chai.config.logFailures = true;
        const isGood: boolean = describe('all', () => {
          say([1], 'list').to.be.an('array').that.has.lengthOf.at.least(1);
          say(isGood).to.not.be.null.and.deep.equal(true);
        });
        say([1, 2]).to.have.ordered.members([1, 2]).and.to.be.extensible;
        const items = parseHTML('<ul><li>').find('li');
        items.each((_, item) => { const at: number = item.selection().add('ul').index(items); console.log(at); });
        const room: string = randomItem(['a', 'b']);
        const answer = await fetch(http.url\`https://x/\${room}\`, { method: 'POST', tags: { name: 'x' } });
        const form2 = new globalThis.FormData();
        form2.append('a', answer.headers.get('b') ?? '');
        socket.send(await (await fetch('https://x/', { body: form2 })).blob());
        check(name, { ok: () => [cell, uuidv4(), done, first, host, room, anything].length > 0 });
      }

      export function handleSummary(data: object) {
        return { stdout: textSummary(data, { indent: ' ' }), 'junit.xml': jUnit(data) };
      }`,
    },
    examples('.ts'),
  );
  assert.ok(isClean, text);
});

test('what is no k6 script is told', (t) => {
  const { isClean, text } = compile(t, {
    'script.ts': `
      import { check } from 'k6';
      import { parse } from 'k6/experimental/csv';
      import { open } from 'k6/experimental/fs';
      import { WebSocket } from 'k6/websockets';
      const socket = new WebSocket(17);
      socket.onclose = ({ codes }) => codes;
      const rows: number[] = await parse(await open('x'));
      check();
      export default socket.sendAll;`,
  });
  assert.equal(isClean, false);
  const lines = [...text.matchAll(/script\.ts\((\d+),/g)].map(([, line]) => Number(line));
  assert.deepEqual([...new Set(lines)], [6, 7, 8, 9, 10], text);
});
