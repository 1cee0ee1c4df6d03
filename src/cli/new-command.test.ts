import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { TEMPLATES } from './command-table.ts';
import { newCommand } from './new-command.ts';
import { SCRIPT_TEMPLATES } from './script-templates.ts';
import { fakeContext } from './testing/fake-context.ts';
import { runGharial } from './testing/run-gharial.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-new-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

function run(...args: string[]): string {
  const context = { ...fakeContext(), cwd: folder };
  assert.equal(newCommand(args, context), 0);
  return context.stdout.text;
}

const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('without a name the file has that of the template', () => {
  assert.equal(run(), 'New script created: script.js (minimal template).\n');
  assert.match(textOf('script.js'), /gharial run --vus 50 --duration 1m script\.js$/m);
  assert.equal(run('--template', 'chat'), 'New script created: script.ts (chat template).\n');
  assert.deepEqual(readdirSync(folder).sort(), ['script.js', 'script.ts']);
});

test('a file that is there is replaced only by force', () => {
  writeFileSync(join(folder, 'mine.js'), 'precious');
  assert.throws(() => run('mine.js'), {
    exitCode: 255,
    message: 'mine.js already exists. Use the `--force` flag to overwrite it',
  });
  assert.equal(textOf('mine.js'), 'precious');
  run('-f', 'mine.js');
  assert.match(textOf('mine.js'), /k6\/websockets/);
});

test('a template of the user is a path, and one that is forgotten to be one is guessed', () => {
  writeFileSync(join(folder, 'own'), '// own {file}\n');
  assert.equal(run('--template=./own', 'a.js'), 'New script created: a.js (./own template).\n');
  assert.equal(textOf('a.js'), '// own a.js\n');
  assert.throws(() => run('--template', 'own', 'b.js'), {
    exitCode: 255,
    message: 'error retrieving template: invalid template type "own", did you mean ./own?',
  });
  assert.throws(() => run('--template', 'nope'), {
    message: 'error retrieving template: invalid template type "nope"',
  });
  assert.throws(() => run('--template', './nope'), { code: 'FILE_FAILED' });
  assert.throws(() => run('a.js', 'b.js'), /accepts at most 1 arg\(s\), received 2/);
  assert.deepEqual(readdirSync(folder).sort(), ['a.js', 'own']);
});

for (const name of TEMPLATES) {
  test(`the ${name} template runs against the demo server, and its checks pass`, async () => {
    const { fileName, text } = SCRIPT_TEMPLATES[name];
    const outcome = await runGharial({
      script: { path: fileName },
      files: { [fileName]: text },
      args: ['--vus', '3', '--iterations', '6', '-e', `WS_URL=${server.wsUrl}`],
    });
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    assert.doesNotMatch(outcome.stderr, /level=(error|warning)(?!.*overrode scenarios)/);
    const { iterations, checks } = outcome.summary?.metrics ?? {};
    assert.equal(iterations?.['count'], 6);
    assert.ok((checks?.['passes'] ?? 0) >= 6);
    assert.equal(checks?.['fails'], 0);
  });
}
