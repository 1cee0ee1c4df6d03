import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

function gharial(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

test('a failure is one line of log on standard error, and its exit code', () => {
  const { status, stdout, stderr } = gharial('bogus');
  assert.equal(status, 255);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^time="\S+" level=error msg="unknown command \\"bogus\\" for \\"gharial\\"" hint="[^\n]*"\n$/,
  );
});

test('a failure is logged in the format and place asked for', () => {
  const { stdout, stderr } = gharial('--log-output=stdout', 'bogus', '--log-format', 'json');
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).msg, 'unknown command "bogus" for "gharial"');
  const silent = gharial('bogus', '--log-output', 'none');
  assert.equal(silent.stdout + silent.stderr, '');
  assert.equal(silent.status, 255);
});

test('an impossible log output does not hide the failure', () => {
  assert.match(gharial('bogus', '--log-output', 'nowhere').stderr, /unknown command/);
});

test('a reader that stops reading is no failure', async () => {
  // A command that goes on after its first output, so that it does notice.
  const child = spawn(process.execPath, [MAIN, 'demo', '--port=0', '--tls-port=0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('the demo serves until it is told to stop', async () => {
  const child = spawn(process.execPath, [MAIN, 'demo', '--port=0', '--tls-port=0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(child.stdout.setEncoding('utf8'), 'data');
  assert.match(text, /ws:\/\/127\.0\.0\.1:\d+\/ws\/crocochat\/publicRoom\//);
  child.kill('SIGINT');
  const [code, signal] = await once(child, 'close');
  assert.deepEqual([code, signal], [0, null]);
});
