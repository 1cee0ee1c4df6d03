import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { loadScript } from './load.ts';

// Tests run from the root of the repository.
const EXAMPLES = resolve('examples');

for (const name of readdirSync(EXAMPLES).filter((file) => /\.[jt]s$/.test(file))) {
  test(`examples/${name} loads without warnings, says what it shows and is short`, async () => {
    const bundle = await loadScript({ entry: join(EXAMPLES, name), cwd: EXAMPLES });
    assert.deepEqual(bundle.warnings, []);
    const lines = readFileSync(join(EXAMPLES, name), 'utf8').split('\n');
    assert.match(lines[0] ?? '', /^\/\/ .+\.$/);
    assert.ok(lines.length <= 60, `${lines.length} lines`);
  });
}
