import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFile, parseEnvironment, parseScriptOptions } from './parse.ts';
import { OPTION_ROWS } from './table.ts';
import type { LayerValues } from './values.ts';

function scriptFault(options: unknown): string {
  try {
    parseScriptOptions(options);
  } catch (error) {
    assert.ok(error instanceof Error && 'exitCode' in error);
    assert.equal(error.exitCode, 104);
    return error.message;
  }
  return 'no fault';
}

function valuesOf(options: unknown): LayerValues {
  return parseScriptOptions(options).layer.values;
}

test('numeric strings are integers, fractions are not', () => {
  assert.equal(valuesOf({ vus: '5' }).vus, 5);
  assert.match(scriptFault({ vus: 0.5 }), /json: cannot unmarshal number 0.5 .*int64/);
  assert.match(scriptFault({ vus: 'x' }), /strconv.ParseInt: parsing "x": invalid syntax/);
  assert.match(scriptFault({ vus: true }), /json: cannot unmarshal bool/);
});

test('durations are numbers of milliseconds or texts, days included', () => {
  assert.equal(valuesOf({ duration: 1500 }).durationMs, 1500);
  assert.equal(valuesOf({ duration: '1500' }).durationMs, 1500);
  assert.equal(valuesOf({ duration: '1d2h' }).durationMs, 93_600_000);
  assert.match(scriptFault({ duration: 'abc' }), /time: invalid duration "abc"/);
});

test('null and undefined mean not set', () => {
  assert.deepEqual(valuesOf({ vus: null, duration: undefined }), {});
  assert.deepEqual(valuesOf(null), {});
});

test('names are found whatever their case, as Go does', () => {
  assert.equal(valuesOf({ VUs: 3 }).vus, 3);
});

test('unknown fields are warned about and name themselves', () => {
  assert.deepEqual(parseScriptOptions({ vuss: 1, maxVUs: 2 }).warnings, [
    {
      message: 'There were unknown fields in the options exported in the script',
      error: 'json: unknown field "vuss", json: unknown field "maxVUs"',
    },
  ]);
  const [warning] = parseScriptOptions({ features: ['a'] }).warnings;
  assert.match(String(warning?.message), /^Feature flags in script options are not supported/);
});

test('unknown fields of stages and dns are warned about too', () => {
  const { layer, warnings } = parseScriptOptions({
    stages: [{ duration: '1s', target: 1, goal: 2 }],
    dns: { ttl: '1m', foo: 1 },
  });
  assert.deepEqual(layer.values, { stages: [{ durationMs: 1000, target: 1 }], dns: { ttl: '1m' } });
  const error = 'json: unknown field "goal", json: unknown field "foo"';
  const message = 'There were unknown fields in the options exported in the script';
  assert.deepEqual(warnings, [{ message, error }]);
});

test('null in a map or list of texts is the empty text, and a host mapped to null is not mapped', () => {
  assert.deepEqual(valuesOf({ tags: { a: null, b: 'c' } }).tags, { a: '', b: 'c' });
  assert.deepEqual(valuesOf({ hosts: { 'a.test': null, 'b.test': '127.0.0.1' } }).hosts, {
    'b.test': '127.0.0.1',
  });
  const executor = 'shared-iterations';
  const { scenarios } = valuesOf({
    scenarios: { s: { executor, env: { A: null }, tags: { b: null } } },
  });
  assert.deepEqual(scenarios?.['s']?.fields, { env: { A: '' }, tags: { b: '' } });
  assert.deepEqual(valuesOf({ systemTags: [null, 'vu'] }).systemTags, ['', 'vu']);
});

test('null where an object has to be is called null', () => {
  assert.match(scriptFault({ tlsAuth: [null] }), /cannot unmarshal null into Go value of type/);
});

test('a range of TLS versions that holds none is refused', () => {
  assert.match(
    scriptFault({ tlsVersion: { min: 'tls1.3', max: 'tls1.2' } }),
    /tlsVersion: got min tls1.3 above max tls1.2/,
  );
  assert.deepEqual(valuesOf({ tlsVersion: { min: 'tls1.2', max: 'tls1.2' } }).tlsVersion, {
    min: 'tls1.2',
    max: 'tls1.2',
  });
});

test('faults of durations and executors say what can be written', () => {
  const hint = 'write it as 10s, 1m30s or 500ms';
  assert.throws(() => parseScriptOptions({ duration: 'abc' }), { hint });
  assert.throws(() => parseEnvironment({ K6_DURATION: 'abc' }), { hint });
  assert.throws(() => parseConfigFile('{"duration":"abc"}', 'c.json'), { hint });
  const late = { executor: 'shared-iterations', startTime: '5 minutes', maxDuration: 'x' };
  assert.throws(() => parseScriptOptions({ scenarios: { late } }), { hint });
  assert.throws(() => parseScriptOptions({ scenarios: { a: { executor: 'nope' } } }), {
    hint: /^the executors are shared-iterations, .*externally-controlled$/,
  });
});

test('settings of the run are unknown in scripts, known in config files', () => {
  assert.deepEqual(valuesOf({ linger: true, out: ['json'] }), {});
  const { values } = parseConfigFile('{"linger":true,"out":["json"],"other":1}', 'c.json');
  assert.deepEqual(values, { linger: true, out: ['json'] });
});

test('all faults of a script are told at once, with the names of the options', () => {
  const message = scriptFault({ vus: {}, duration: 'x', tags: { a: 1 } });
  for (const part of ['"vus"', '"duration"', '"tags"']) assert.ok(message.includes(part), message);
  assert.match(scriptFault('options'), /cannot unmarshal string/);
});

test('scenarios must have a known executor and known fields', () => {
  const faultOf = (scenario: unknown): string => scriptFault({ scenarios: { a: scenario } });
  assert.match(faultOf({}), /scenario 'a' doesn't have a specified executor type/);
  assert.match(faultOf({ executor: 'nope' }), /unknown executor type 'nope'/);
  assert.match(
    faultOf({ executor: 'constant-vus', iterations: 1, foo: 2 }),
    /json: unknown field "iterations", json: unknown field "foo"/,
  );
  assert.match(faultOf({ executor: 'constant-arrival-rate', rate: 0.5 }), /number 0.5/);
  assert.match(
    faultOf({ executor: 'ramping-vus', stages: [{ duration: '1s', goal: 1 }] }),
    /json: unknown field "goal"/,
  );
  assert.match(faultOf({ executor: 'constant-vus', env: { A: 1 } }), /cannot unmarshal number/);
});

test('thresholds are lists; a bare text is a fault', () => {
  assert.match(scriptFault({ thresholds: { a: 'count>1' } }), /cannot unmarshal string/);
  assert.deepEqual(
    valuesOf({
      thresholds: {
        a: ['count>1', { threshold: 'rate<1', abortOnFail: true, delayAbortEval: '5s', x: 1 }],
      },
    }).thresholds,
    {
      a: [
        { threshold: 'count>1', abortOnFail: false, delayAbortEvalMs: undefined },
        { threshold: 'rate<1', abortOnFail: true, delayAbortEvalMs: 5000 },
      ],
    },
  );
});

test('network options are checked when they are read', () => {
  assert.match(scriptFault({ hosts: { 'a b': '1.2.3.4' } }), /invalid host pattern 'a b'/);
  assert.match(scriptFault({ hosts: { a: 'localhost' } }), /invalid address 'localhost'/);
  assert.match(scriptFault({ blacklistIPs: ['10.0.0.1'] }), /invalid CIDR address: 10.0.0.1/);
  assert.match(scriptFault({ blockHostnames: ['a*'] }), /invalid hostname pattern 'a\*'/);
  assert.match(scriptFault({ tlsVersion: 'ssl3.0' }), /unknown TLS version 'ssl3.0'/);
  assert.deepEqual(valuesOf({ tlsVersion: 'tls1.2' }).tlsVersion, { min: 'tls1.2', max: 'tls1.2' });
  assert.deepEqual(valuesOf({ tlsVersion: { min: 'tls1.1' } }).tlsVersion, {
    min: 'tls1.1',
    max: undefined,
  });
  assert.deepEqual(valuesOf({ tlsAuth: [{ cert: 'c', key: 'k', domains: ['d'] }] }).tlsAuth, [
    { cert: 'c', key: 'k', password: undefined, domains: ['d'] },
  ]);
});

test('the environment has its own words for faults', () => {
  const faultOf = (env: Readonly<Record<string, string>>): [string, number] => {
    try {
      parseEnvironment(env);
    } catch (error) {
      assert.ok(error instanceof Error && 'exitCode' in error);
      return [error.message, Number(error.exitCode)];
    }
    return ['no fault', 0];
  };
  assert.deepEqual(faultOf({ K6_DURATION: 'abc' }), [
    'envconfig.Process: assigning K6_DURATION to Duration: ' +
      'converting \'abc\' to type types.NullDuration. details: time: invalid duration "abc"',
    104,
  ]);
  assert.match(
    faultOf({ K6_VUS: 'x' })[0],
    /assigning K6_VUS to VUs: converting 'x' to type null.Int/,
  );
  assert.deepEqual(faultOf({ K6_NO_THRESHOLDS: 'x' }), [
    'env var \'K6_NO_THRESHOLDS\' is not a valid boolean value: strconv.ParseBool: parsing "x": invalid syntax',
    255,
  ]);
  assert.deepEqual(faultOf({ K6_LINGER: 'x' }), [
    "envconfig.Process: assigning K6_LINGER to Linger: converting 'x' to type null.Bool. " +
      'details: strconv.ParseBool: parsing "x": invalid syntax',
    104,
  ]);
});

test('the environment is read by the same table', () => {
  const { values } = parseEnvironment({
    K6_DURATION: '1000',
    K6_STAGES: '1s:1,500:0',
    K6_TAGS: 'k:v,k2:v:2',
    K6_NO_SETUP: 'T',
    K6_BLACKLIST_IPS: '10.0.0.0/8,fc00::/7',
    K6_PROFILING_ENABLED: 'whatever',
    K6_VUS: '',
    K6_THRESHOLDS: 'ignored',
    PATH: '/bin',
  });
  assert.deepEqual(values, {
    durationMs: 1000,
    stages: [
      { durationMs: 1000, target: 1 },
      { durationMs: 500, target: 0 },
    ],
    tags: { k: 'v', k2: 'v:2' },
    noSetup: true,
    blacklistIPs: ['10.0.0.0/8', 'fc00::/7'],
    profilingEnabled: true,
  });
});

test('a broken config file is a configuration error', () => {
  for (const text of ['{', '{"vus":"x"}', '[]']) {
    assert.throws(() => parseConfigFile(text, 'c.json'), { exitCode: 104 }, text);
  }
});

test('flags, environment variables and keys of the table are consistent', () => {
  const unique = (values: readonly (string | undefined)[]): void => {
    const present = values.filter((value) => value !== undefined);
    assert.equal(new Set(present).size, present.length);
  };
  unique(OPTION_ROWS.map(({ flag }) => flag));
  unique(OPTION_ROWS.map(({ short }) => short));
  unique(OPTION_ROWS.map(({ env }) => env));
  unique(OPTION_ROWS.map(({ key }) => key));
  for (const row of OPTION_ROWS) {
    assert.ok(row.help.length > 0 && !row.help.endsWith('.'), row.key);
    assert.ok(row.flag === undefined || row.hasText, row.key);
    assert.ok(row.env === undefined || row.hasText, row.key);
    if (row.support === 'differs') assert.ok(row.note !== '', row.key);
    // k6 has the variable and no flag, so the flag has a name of its own.
    if (row.property === 'webDashboard') continue;
    if (row.flag !== undefined && row.env?.startsWith('K6_') && row.section !== 'test') {
      assert.equal(row.env, `K6_${row.flag.replaceAll('-', '_').toUpperCase()}`);
    }
  }
});

test('what a value becomes as JSON is read back as the same value', () => {
  const given: Readonly<Record<string, unknown>> = {
    paused: true,
    vus: 3,
    duration: '1m30s',
    stages: [{ duration: '1s', target: 2 }],
    executionSegment: '1/3:2/3',
    executionSegmentSequence: '0,1/3,2/3,1',
    dns: { ttl: '0', select: 'first', policy: 'any' },
    hosts: { 'a.test': '1.2.3.4:80', '*.b.test': '::1' },
    tlsVersion: { min: 'tls1.0', max: 'tls1.3' },
    tlsAuth: [{ cert: 'c', key: 'k', password: 'p', domains: ['d'] }],
    thresholds: {
      a: ['count>1', { threshold: 'rate<1', abortOnFail: true, delayAbortEval: '5s' }],
    },
    scenarios: {
      s: { executor: 'constant-arrival-rate', rate: 2, timeUnit: '1m0s', tags: { a: 'b' } },
    },
    systemTags: ['url'],
  };
  const values = valuesOf(given);
  for (const row of OPTION_ROWS.filter(({ key }) => key in given)) {
    const json: unknown = JSON.parse(JSON.stringify(row.toJson(values)));
    const again = row.parseJson(json);
    assert.deepEqual(again[row.property], values[row.property], row.key);
  }
});
