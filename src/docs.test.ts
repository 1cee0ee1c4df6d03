/** The parts of the documents that follow from the code say what the code says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BUILT = dirname(fileURLToPath(import.meta.url));

function findRoot(): string {
  let folder = BUILT;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

test('the option table and the error codes in docs/ are up to date', () => {
  const script = join(findRoot(), 'scripts', 'docs.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check', '--from', BUILT], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
