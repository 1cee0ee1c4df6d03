import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERSION } from '../base/version.ts';
import { OPTION_ROWS } from '../options/table.ts';
import { COMMANDS } from './command-table.ts';
import { runCommandLine } from './commands.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { helpText } from './help.ts';
import { fakeContext } from './testing/fake-context.ts';

async function outputOf(...args: string[]): Promise<string> {
  const context = fakeContext();
  assert.equal(await runCommandLine(args, context), 0);
  return context.stdout.text;
}

test('version tells gharial, node and platform', async () => {
  const line = /^gharial v\d+\.\d+\.\d+ \(node v20\.19\.0, linux\/x64\)\n$/;
  assert.match(await outputOf('version'), line);
  assert.match(await outputOf('--version'), line);
  assert.match(await outputOf('-v', '--log-format', 'json', 'version'), line);
});

test('the version is there as JSON too', async () => {
  assert.deepEqual(JSON.parse(await outputOf('version', '--json')), {
    version: VERSION,
    node_version: 'v20.19.0',
    os: 'linux',
    architecture: 'x64',
  });
});

test('without a command, and on demand, the overview is shown', async () => {
  const overview = await outputOf();
  assert.match(overview, /^gharial tests WebSocket services/);
  for (const { name, summary } of COMMANDS) {
    assert.match(overview, new RegExp(`^ {2}${name} +${summary}$`, 'm'));
  }
  assert.equal(await outputOf('--help'), overview);
  assert.equal(await outputOf('-h'), overview);
  assert.equal(await outputOf('help'), overview);
  assert.equal(await outputOf('--quiet'), overview);
});

test('each command explains itself by --help and by help', async () => {
  for (const { name } of COMMANDS) {
    const text = helpText(name);
    assert.match(text, new RegExp(`^Usage:\n  gharial ${name}`, 'm'));
    if (name !== 'help') assert.equal(await outputOf(name, '--help'), text);
    assert.equal(await outputOf('help', name), text);
  }
  assert.equal(await outputOf('run', 'script.js', '-h'), helpText('run'));
});

test('the help of run has every flag of the option table, its short form and its default', () => {
  const text = helpText('run');
  for (const { flag, short, isHidden } of OPTION_ROWS) {
    if (flag === undefined || isHidden) continue;
    const shortForm = short === undefined ? '    ' : `-${short}, `;
    assert.match(text, new RegExp(`^  ${shortForm}--${flag}( |$)`, 'm'));
  }
  assert.match(text, /-u, --vus int +number of virtual users \(default 1; K6_VUS\)/);
  for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
});

test('an unknown command and a misplaced flag are faults', async () => {
  const cases: [string[], RegExp][] = [
    [['bogus'], /^unknown command "bogus" for "gharial"$/],
    [['-v', 'bogus', '--vus=1'], /^unknown command "bogus" for "gharial"$/],
    [['help', 'bogus'], /^unknown command "bogus" for "gharial"$/],
    [['deps', 'a.js'], /^gharial does not have k6's command "deps"$/],
    [['--bogus=1', 'run'], /^unknown flag: --bogus$/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(runCommandLine(args, fakeContext()), { exitCode: 255, message });
  }
  await assert.rejects(runCommandLine(['inspct'], fakeContext()), {
    hint: /^did you mean "inspect"\?/,
  });
});

test('the global flags are those of the option table', () => {
  const rows = OPTION_ROWS.filter(({ section }) => section === 'global');
  const names = rows.flatMap(({ flag, short, bareText }): [string, boolean][] => [
    [`--${flag}`, bareText === undefined],
    ...(short === undefined ? [] : [[`-${short}`, bareText === undefined] as [string, boolean]]),
  ]);
  assert.deepEqual(new Map(names), GLOBAL_FLAGS);
});
