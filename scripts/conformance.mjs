// Runs the compatibility cases (recorded from k6) with our command and holds the result against
// conformance-passing.txt: a listed case that fails is a regression and fails this script; a case that
// passes and is not listed is told, and with --update added. Nothing is ever taken off the list here.
//
// The cases come as a folder of their own with their own dependency. They run from a copy below
// build/, so that the folder may be read-only.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = `node scripts/conformance.mjs [options]

  --from <dir>      folder of the cases (default $CONFORMANCE_DIR or ../shared/conformance)
  --bin <command>   the tool (default "node dist/cli/main.js")
  --filter <text>   only cases whose id contains the text; repeatable
  --jobs <n>        cases at the same time (default 1; timings suffer when it is high)
  --update          add newly passing cases to conformance-passing.txt`;

const { values: options } = parseArgs({
  options: {
    from: { type: 'string', default: process.env.CONFORMANCE_DIR ?? '../shared/conformance' },
    bin: { type: 'string', default: 'node dist/cli/main.js' },
    filter: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '1' },
    update: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const LIST = 'conformance-passing.txt';
const COPY = join('build', 'conformance');
const bin = options.bin
  .split(' ')
  .map((word) => (word.includes('/') && existsSync(word) ? resolve(word) : word))
  .join(' ');

prepare();
const listed = readList();
const first = runCases(options.filter);
const passed = new Set(first.filter(isPass).map(({ id }) => id));
const suspects = first.filter(({ id, status }) => listed.has(id) && status === 'FAIL');
const flaky = suspects.length === 0 ? [] : retry(suspects);
for (const id of flaky) passed.add(id);

const isWhole = options.filter.length === 0;
const regressions = suspects.filter(({ id }) => !passed.has(id));
const known = new Set(first.map(({ id }) => id));
const vanished = isWhole ? [...listed].filter((id) => !known.has(id)) : [];
const news = [...passed].filter((id) => !listed.has(id));

tell('Flaky (failed, then passed)', flaky);
tell('Passing now and not listed yet', news);
tell('Listed, but there is no such case: delete the line', vanished);
tell(
  'REGRESSIONS: listed as passing, failed twice',
  regressions.map(({ id }) => id),
);
for (const { id, failures } of regressions) {
  console.log(`\n${id}`);
  for (const failure of failures) console.log(`  ${failure}`);
}
if (options.update && news.length > 0) {
  writeList([...listed, ...news]);
  console.log(`\n${news.length} added to ${LIST}`);
} else if (news.length > 0) {
  console.log('\nAdd them with: node scripts/conformance.mjs --update');
}

const checked = first.filter(({ id }) => listed.has(id));
console.log(`\n${passed.size} of ${first.length} cases pass; ${listed.size} are listed`);
console.log(
  `${checked.length - regressions.length} passed, ${regressions.length + vanished.length} failed`,
);
process.exit(regressions.length + vanished.length > 0 ? 1 : 0);

/** Copies the cases and installs their dependency, unless that is done for this lock file. */
function prepare() {
  if (!existsSync(join(options.from, 'run.mjs'))) {
    console.error(`no compatibility cases in ${options.from}; name their folder with --from`);
    process.exit(2);
  }
  const lockOf = (folder) => {
    const path = join(folder, 'package-lock.json');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const isInstalled =
    existsSync(join(COPY, 'node_modules')) && lockOf(COPY) === lockOf(options.from);
  for (const name of ['lib', 'standins', 'visible', 'hidden']) {
    rmSync(join(COPY, name), { recursive: true, force: true });
  }
  mkdirSync(COPY, { recursive: true });
  for (const name of ['lib', 'standins', 'visible', 'hidden', 'run.mjs', 'package.json']) {
    copy(name);
  }
  if (isInstalled) return;
  copy('package-lock.json');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: COPY,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (install.status !== 0) {
    console.error('npm ci failed for the compatibility cases');
    process.exit(2);
  }
}

function copy(name) {
  const source = join(options.from, name);
  if (!existsSync(source)) return;
  rmSync(join(COPY, name), { recursive: true, force: true });
  cpSync(source, join(COPY, name), { recursive: true });
  makeWritable(join(COPY, name));
}

/** A copy of read-only files is read-only, and could not be replaced the next time. */
function makeWritable(path) {
  spawnSync('chmod', ['-R', 'u+w', path]);
}

function runCases(filters) {
  const report = resolve(COPY, 'report.json');
  rmSync(report, { force: true });
  const args = ['run.mjs', '--bin', bin, '--jobs', options.jobs, '--json', report];
  const run = spawnSync(
    process.execPath,
    [...args, ...filters.flatMap((filter) => ['--filter', filter])],
    { cwd: COPY, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (!existsSync(report)) {
    console.error('the compatibility cases did not run to their end');
    process.exit(run.status || 2);
  }
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** Runs failed cases once more; returns the ids of those that pass now. */
function retry(cases) {
  console.log(`\nonce more: ${cases.length} listed cases that failed`);
  const exact = cases.map(({ id }) => `/^${id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$/`);
  return runCases(exact)
    .filter(isPass)
    .map(({ id }) => id);
}

function isPass({ status }) {
  return status === 'PASS';
}

function tell(title, ids) {
  if (ids.length > 0) console.log(`\n${title}:\n  ${ids.join('\n  ')}`);
}

function readList() {
  const lines = readFileSync(LIST, 'utf8').split('\n');
  return new Set(lines.map((line) => line.trim()).filter((line) => line && !line.startsWith('#')));
}

function writeList(ids) {
  const comments = readFileSync(LIST, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#'));
  writeFileSync(LIST, `${[...comments, ...ids.sort()].join('\n')}\n`);
}
