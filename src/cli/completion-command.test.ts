import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { OPTION_ROWS } from '../options/table.ts';
import { COMMANDS, SHELLS } from './command-table.ts';
import { completionCommand } from './completion-command.ts';
import { fakeContext } from './testing/fake-context.ts';

function scriptFor(shell: string): string {
  const context = fakeContext();
  assert.equal(completionCommand([shell], context), 0);
  return context.stdout.text;
}

/** What bash would offer for the last word. */
function bashOffers(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `${scriptFor('bash')}
    COMP_WORDS=(gharial ${list}); COMP_CWORD=${words.length}
    _gharial; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.ok(status === 0 || status === 1);
  return stdout.split('\n').filter((line) => line !== '');
}

const HAS_BASH = spawnSync('bash', ['--version']).status === 0;

test('bash completes commands, their flags and the values of flags', { skip: !HAS_BASH }, () => {
  assert.deepEqual(bashOffers(''), [...COMMANDS.map(({ name }) => name), '--help', '--version']);
  assert.deepEqual(bashOffers('ins'), ['inspect']);
  assert.deepEqual(bashOffers('run', '--vu'), ['--vus']);
  assert.deepEqual(bashOffers('-v', 'run', 'script.js', '--no-t'), [
    '--no-teardown',
    '--no-thresholds',
  ]);
  assert.deepEqual(bashOffers('new', '--template', 'c'), ['chat']);
  assert.deepEqual(bashOffers('run', '--summary-mode', ''), [
    'compact',
    'full',
    'disabled',
    'legacy',
  ]);
  assert.deepEqual(bashOffers('completion', 'z'), ['zsh']);
  assert.deepEqual(bashOffers('inspect', '--vus'), []);
  // Files are left to the shell.
  assert.deepEqual(bashOffers('run', 'scr'), []);
  assert.deepEqual(bashOffers('run', '--summary-export', ''), []);
});

test('each shell gets every command and every flag', () => {
  for (const shell of SHELLS) {
    const script = scriptFor(shell);
    for (const { name } of COMMANDS) assert.match(script, new RegExp(`\\b${name}\\b`), shell);
    for (const { flag, isHidden } of OPTION_ROWS) {
      if (flag === undefined || isHidden) continue;
      const written = shell === 'fish' ? `-l ${flag} ` : `--${flag}`;
      assert.ok(script.includes(written), `${shell}: ${flag}`);
    }
    assert.doesNotMatch(script, /undefined|\[object/);
  }
});

test('a shell must be named, and known', () => {
  assert.throws(
    () => completionCommand([], fakeContext()),
    /got none; expected one of bash, zsh, fish/,
  );
  assert.throws(() => completionCommand(['tcsh'], fakeContext()), /got tcsh/);
});
