// Runs every compiled test (dist/**/*.test.js), or those whose path contains an argument.
// Node 20's --test takes no globs and Node 22's takes no folders; a list of files works in both.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.TEST_ROOT ?? 'dist';
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(root, name))
  .filter((name) => wanted.length === 0 || wanted.some((w) => name.includes(w)))
  .sort();
if (files.length === 0) {
  console.error(`no test matches ${wanted.join(' ')} under ${root}`);
  process.exit(2);
}
const run = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-timeout=240000', '--test-concurrency=2', ...files],
  {
    stdio: 'inherit',
  },
);
process.exit(run.status ?? 1);
