import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consolidate } from '../options/consolidate.ts';
import { parseFlags } from '../options/flags.ts';
import { parseScriptOptions } from '../options/parse.ts';
import { OPTION_ROWS } from '../options/table.ts';
import type { LayerValues } from '../options/values.ts';
import { describeCommand, describeOptions, secretValues, withoutCredentials } from './run-facts.ts';

/** As the page shows a command with these arguments. */
function commandOf(args: readonly string[]): string {
  const rows = OPTION_ROWS.filter(({ flag }) => flag !== undefined);
  const { env = [], secretSource = [], out = [] } = parseFlags<LayerValues>(args, rows, {}).values;
  return withoutCredentials(describeCommand(args, { env, secretSource, out }));
}

test('the command has no value of a variable or a secret, however the flag is written', () => {
  const args = [
    ...['-e', 'TOKEN=abc', '-eA=1', '--env', 'B=2', '--env=C=3', '-qe', 'D=x y'],
    ...['--secret-source', 'mock=key=v', '--secret-source=file=s.txt', 'chat.ts', '--tag', 'a=b'],
  ];
  assert.equal(
    commandOf(args),
    'gharial run -e TOKEN=… -eA=… --env B=… --env=C=… -qe D=… --secret-source mock=… ' +
      '--secret-source=file=… chat.ts --tag a=b',
  );
});

test('the command has no credentials of a log server or an output', () => {
  const loki = 'loki=http://kim:pw@h/push,label.app=chat';
  const shown = loki.replace('kim:pw', '****:****');
  const cases: [args: string[], text: string][] = [
    [
      ['--log-output', `${loki},header.Authorization=Bearer X`],
      `--log-output ${shown},header.Authorization=…`,
    ],
    [
      [`--log-output=${loki},header.X-Scope=a&b [c,d=e],limit=5`],
      `--log-output=${shown},header.X-Scope=…,limit=5`,
    ],
    [['--out', 'some-package=token=X'], '--out some-package=…'],
    [['-o./mine.js=http://h/X?y=z,w'], '-o./mine.js=…'],
    [['--out=influxdb=http://kim:X@h:8086/db'], '--out=influxdb=http://****:****@h:8086/db'],
    [['--out', 'csv=fileName=a.csv,saveInterval=5s'], '--out csv=fileName=a.csv,saveInterval=5s'],
    [['--out', 'web-dashboard=port=80&tags=room'], "--out 'web-dashboard=port=80&tags=room'"],
    [
      ['--out', 'influxdb2=http://h,api_key=X&password=Y'],
      "--out 'influxdb2=http://h,api_key=…&password=[redacted]'",
    ],
    [
      ['--tag', 'auth_token=X', '--ws-debug-secrets=true', '-u5'],
      '--tag auth_token=… --ws-debug-secrets=true -u5',
    ],
  ];
  for (const [args, text] of cases) {
    assert.equal(commandOf([...args, 's.js']), `gharial run ${text} s.js`);
  }
});

test('options are those that somebody set, without what may be secret', () => {
  const { layer } = parseScriptOptions({
    scenarios: {
      chat: { executor: 'constant-vus', vus: 1, duration: '1s', env: { TOKEN: 'hush' } },
    },
    tlsAuth: [{ cert: 'CERT', key: 'KEY', domains: ['x'] }],
    rps: 5,
  });
  const { options } = consolidate({
    layers: [layer],
    exportedFunctions: ['default'],
    defaultUserAgent: '',
  });
  const facts = describeOptions(options);
  assert.deepEqual(
    facts.map(([name]) => name),
    ['scenarios', 'rps', 'tlsAuth'],
  );
  const text = JSON.stringify(facts);
  assert.doesNotMatch(text, /hush|CERT|KEY|null/);
  assert.match(text, /TOKEN/);
  assert.deepEqual(facts[1], ['rps', '5 (script)']);
});

test('values of variables are secret by names that leave no doubt', () => {
  const given = {
    API_TOKEN: 'abcd',
    DB_PASSWORD: 'hunter2',
    WS_URL: 'ws://x.example',
    PIN_SECRET: '123',
    AUTH_MODE: 'values',
    COMPASS_COURSE: 'north-west',
  };
  assert.deepEqual(secretValues({}, [given, { SECRET: 'of-a-scenario' }]), [
    'abcd',
    'hunter2',
    'of-a-scenario',
  ]);
});

test('common values of the system are no secrets, though the script sees them too', () => {
  const system = {
    AUTH_MODE: 'values',
    AUTH_TYPE: 'name',
    XDG_SESSION_CLASS: 'user',
    XDG_SESSION_DESKTOP: 'plasma-desktop',
    SSH_AUTH_SOCK: '/tmp/agent.sock',
    TOKEN_KIND: 'counter',
    DB_PASS: 'correct horse',
    GITHUB_TOKEN: 'ghp_0123456789',
  };
  assert.deepEqual(secretValues(system, [system]), ['correct horse', 'ghp_0123456789']);
});

test('addresses lose their passwords and their tokens', () => {
  const clean = [
    ['wss://user:pass@host/x', 'wss://****:****@host/x'],
    ['ws://h/?token=abc&room=1', 'ws://h/?token=[redacted]&room=1'],
    ['ws://h/?room=1&access_token=abc#x', 'ws://h/?room=1&access_token=[redacted]#x'],
    ['ws://h/?X-Amz-Signature=abc', 'ws://h/?X-Amz-Signature=[redacted]'],
    ['ws://h/?monkey=abc', 'ws://h/?monkey=abc'],
    ['mail a@b.c about ws://h/', 'mail a@b.c about ws://h/'],
  ] as const;
  for (const [text, expected] of clean) assert.equal(withoutCredentials(text), expected);
});
