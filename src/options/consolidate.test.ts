import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConsolidateInput, consolidate, resolveSettings } from './consolidate.ts';
import { parseFlags } from './flags.ts';
import { parseConfigFile, parseEnvironment, parseScriptOptions } from './parse.ts';
import { OPTION_ROWS } from './table.ts';
import { toInspectJson, toTestOptions } from './test-options.ts';
import type { Layer, LayerValues } from './values.ts';

interface Sources {
  readonly file?: unknown;
  readonly script?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly exportedFunctions?: readonly string[];
}

function layersOf({ file, script, env, flags }: Sources): Layer[] {
  return [
    ...(file === undefined ? [] : [parseConfigFile(JSON.stringify(file), 'config.json')]),
    parseScriptOptions(script).layer,
    parseEnvironment(env ?? {}),
    { origin: 'cli', values: parseFlags<LayerValues>(flags ?? [], OPTION_ROWS, {}).values },
  ];
}

function merge(sources: Sources): ReturnType<typeof consolidate> {
  const input: ConsolidateInput = {
    layers: layersOf(sources),
    exportedFunctions: sources.exportedFunctions,
    defaultUserAgent: 'gharial/0',
  };
  return consolidate(input);
}

function faultOf(sources: Sources): string {
  try {
    merge(sources);
  } catch (error) {
    assert.ok(error instanceof Error && 'exitCode' in error);
    assert.equal(error.exitCode, 104, error.message);
    return error.message;
  }
  return 'no fault';
}

/** The scenarios as scripts see them, without what is not set. */
function scenariosOf(sources: Sources): unknown {
  const { scenarios } = toTestOptions(merge(sources).options);
  return JSON.parse(
    JSON.stringify(scenarios, (_, value: unknown) => (value === null ? undefined : value)),
  );
}

function warningsOf(sources: Sources): readonly string[] {
  return merge(sources).warnings.map(({ message }) => message);
}

test('shortcuts stand for one scenario called default', () => {
  const cases: [unknown, unknown][] = [
    [{ iterations: 5 }, { executor: 'shared-iterations', iterations: 5 }],
    [
      { vus: 3, iterations: 5, duration: '10s' },
      { executor: 'shared-iterations', vus: 3, iterations: 5, maxDuration: '10s' },
    ],
    [{ duration: 1000 }, { executor: 'constant-vus', duration: '1s' }],
    [
      { vus: 2, duration: '1m' },
      { executor: 'constant-vus', vus: 2, duration: '1m0s' },
    ],
    [
      { vus: 2, stages: [{ duration: '1s', target: 3 }] },
      { executor: 'ramping-vus', startVUs: 2, stages: [{ duration: '1s', target: 3 }] },
    ],
    [{ vus: 4 }, { executor: 'shared-iterations', vus: 4, iterations: 4 }],
    [{}, { executor: 'per-vu-iterations' }],
    [undefined, { executor: 'per-vu-iterations' }],
  ];
  for (const [script, scenario] of cases) {
    assert.deepEqual(scenariosOf({ script }), { default: scenario });
  }
});

test('command line outranks environment, script and config file, value by value', () => {
  const sources: Sources = {
    file: { vus: 1, userAgent: 'file', maxRedirects: 1, batch: 1, noSetup: true },
    script: { vus: 2, userAgent: 'script', maxRedirects: 2, batch: 2, tags: { a: '1', b: '2' } },
    env: { K6_VUS: '3', K6_MAX_REDIRECTS: '3', K6_TAGS: 'c:3' },
    flags: ['--vus', '4', '--iterations', '8'],
  };
  const { options } = merge(sources);
  assert.equal(options.vus, 4);
  assert.equal(options.maxRedirects, 3);
  assert.equal(options.userAgent, 'script');
  assert.equal(options.batch, 2);
  assert.equal(options.noSetup, true);
  assert.deepEqual(options.tags, { c: '3' });
  assert.deepEqual(
    [options.origins.vus, options.origins.maxRedirects, options.origins.noSetup],
    ['cli', 'env', 'config file'],
  );
  assert.equal(options.origins.rps, undefined);
});

test('dns is merged field by field', () => {
  const { options } = merge({
    script: { dns: { ttl: '1m', select: 'first' } },
    flags: ['--dns', 'select=roundRobin'],
  });
  assert.deepEqual(options.dns, { ttl: '1m', select: 'roundRobin', policy: 'preferIPv4' });
});

test('a layer that says how to execute drops what lower layers say about it, but not vus', () => {
  const script = { vus: 4, stages: [{ duration: '1s', target: 9 }] };
  assert.deepEqual(scenariosOf({ script, flags: ['-i', '8'] }), {
    default: { executor: 'shared-iterations', vus: 4, iterations: 8 },
  });
  assert.deepEqual(scenariosOf({ script: { iterations: 5 }, env: { K6_DURATION: '2000' } }), {
    default: { executor: 'constant-vus', duration: '2s' },
  });
  const { options } = merge({ script, flags: ['-i', '8'] });
  assert.equal(options.stages, undefined);
  assert.equal(options.origins.stages, undefined);
});

test('overriding scenarios is warned about', () => {
  const script = { scenarios: { a: { executor: 'constant-vus', duration: '1s' } } };
  assert.deepEqual(warningsOf({ script, flags: ['-d', '2s'] }), [
    '"cli" level configuration overrode scenarios configuration entirely',
  ]);
  assert.deepEqual(warningsOf({ script, env: { K6_ITERATIONS: '2' } }), [
    '"env" level configuration overrode scenarios configuration entirely',
  ]);
  assert.deepEqual(warningsOf({ script, flags: ['-u', '5'] }), [
    '`vus=5` overrides scenarios configuration',
  ]);
  assert.deepEqual(scenariosOf({ script, flags: ['-u', '5'] }), {
    default: { executor: 'shared-iterations', vus: 5, iterations: 5 },
  });
});

test('an empty list of stages or scenarios means one iteration, with a warning', () => {
  for (const [name, script] of [
    ['stages', { stages: [] }],
    ['scenarios', { scenarios: {} }],
  ] as const) {
    assert.deepEqual(warningsOf({ script }), [
      `\`${name}\` was explicitly set to an empty value, running the script with 1 iteration in 1 VU`,
    ]);
    assert.deepEqual(scenariosOf({ script }), { default: { executor: 'per-vu-iterations' } });
  }
  assert.deepEqual(scenariosOf({ script: { stages: [{ target: 5 }] } }), {
    default: { executor: 'per-vu-iterations' },
  });
});

test('shortcuts that exclude each other are an error', () => {
  const stages = [{ duration: '1s', target: 1 }];
  const scenarios = { a: { executor: 'per-vu-iterations' } };
  const pairs: [string, string, object][] = [
    ['iterations', 'stages', { iterations: 1, stages }],
    ['iterations', 'scenarios', { iterations: 1, scenarios }],
    ['duration', 'stages', { duration: '1s', stages }],
    ['duration', 'scenarios', { duration: '1s', scenarios }],
    ['stages', 'scenarios', { stages, scenarios }],
  ];
  for (const [first, second, script] of pairs) {
    assert.equal(
      faultOf({ script }),
      `using \`${first}\` and \`${second}\` options simultaneously is not allowed`,
    );
  }
  assert.match(faultOf({ script: { duration: 0 } }), /^`duration` option should be more than 0/);
});

test('scenarios are checked by the rules of their executor, all faults together', () => {
  const cases: [object, string][] = [
    [
      { executor: 'shared-iterations', vus: 3, iterations: 2, maxDuration: 0 },
      "the number of iterations (2) can't be less than the number of VUs (3), the maxDuration must be at least 1s, but is 0s",
    ],
    [
      { executor: 'per-vu-iterations', vus: 0, iterations: 0, exec: '', startTime: -1 },
      "exec value cannot be empty, the startTime can't be negative, the number of VUs must be more than 0, the number of iterations must be more than 0",
    ],
    [{ executor: 'constant-vus' }, 'the duration is unspecified'],
    [
      { executor: 'constant-vus', duration: '500ms', gracefulStop: '-1s' },
      "the gracefulStop timeout can't be negative, the duration must be at least 1s, but is 500ms",
    ],
    [
      { executor: 'ramping-vus', startVUs: -1 },
      "the number of start VUs can't be negative, at least one stage has to be specified",
    ],
    [
      { executor: 'ramping-vus', stages: [{ duration: '1s' }, { target: 1 }] },
      "stage 1 doesn't have a target, stage 2 doesn't have a duration",
    ],
    [
      { executor: 'ramping-vus', stages: [{ duration: '-1s', target: -1 }] },
      "the duration for stage 1 can't be negative, the target for stage 1 can't be negative",
    ],
    [
      {
        executor: 'ramping-vus',
        startVUs: 100000001,
        stages: [{ duration: 0, target: 100000001 }],
      },
      'the startVUs exceed max limit of 100000000, target for stage 1 exceeds max limit of 100000000',
    ],
    [
      { executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '1s', target: 0 }] },
      "either startVUs or one of the stages' target values must be greater than 0",
    ],
    [
      { executor: 'constant-arrival-rate', duration: '1s', timeUnit: 0 },
      "the iteration rate isn't specified, the timeUnit must be more than 0, the number of preAllocatedVUs isn't specified",
    ],
    [
      { executor: 'constant-arrival-rate', rate: 0, duration: '1s', preAllocatedVUs: 3, maxVUs: 2 },
      "the iteration rate must be more than 0, maxVUs can't be less than preAllocatedVUs",
    ],
    [
      {
        executor: 'ramping-arrival-rate',
        startRate: -1,
        preAllocatedVUs: -1,
        stages: [{ duration: '1s', target: 1 }],
      },
      "the startRate value can't be negative, the number of preAllocatedVUs can't be negative",
    ],
  ];
  for (const [scenario, faults] of cases) {
    assert.equal(
      faultOf({ script: { scenarios: { s: scenario } } }),
      'There were problems with the specified script configuration:\n\t- ' +
        `scenario s has configuration errors: ${faults}`,
    );
  }
});

test('every faulty scenario is named, and what else is wrong too', () => {
  const message = faultOf({
    script: {
      setupTimeout: 0,
      scenarios: {
        'a b': { executor: 'per-vu-iterations' },
        c: { executor: 'constant-vus', duration: '1s', exec: 'nope' },
        d: { executor: 'per-vu-iterations', exec: 'main' },
      },
    },
    exportedFunctions: ['default', 'main'],
    flags: ['--execution-segment', '0:1/3', '--execution-segment-sequence', '0,1/2,1'],
  });
  assert.deepEqual(message.split('\n\t- '), [
    'There were problems with the specified script configuration:',
    'scenario a b has configuration errors: the scenario name should contain only numbers, latin letters, underscores, and dashes',
    "executor c: function 'nope' not found in exports",
    'setupTimeout must be positive',
    "provided segment 0:1/3 can't be found in sequence 0,1/2,1",
  ]);
});

test('fewer shared iterations than VUs is an error, from flags too', () => {
  assert.match(
    faultOf({ flags: ['-u', '5', '-i', '2'] }),
    /the number of iterations \(2\) can't be less than the number of VUs \(5\)/,
  );
});

test('scenarios come in the order of their start, then their names', () => {
  const executor = 'per-vu-iterations';
  const { options } = merge({
    script: {
      scenarios: {
        late: { executor, startTime: '5s' },
        b: { executor },
        a: { executor, gracefulStop: '1s', env: { X: '1' }, tags: { t: 'u' } },
      },
    },
  });
  assert.deepEqual(
    options.scenarios.map(({ name }) => name),
    ['a', 'b', 'late'],
  );
  const [first] = options.scenarios;
  assert.deepEqual(first?.env, { X: '1' });
  assert.deepEqual(first?.tags, { t: 'u' });
});

test('values that nobody set have their defaults', () => {
  const { options, warnings } = merge({});
  assert.equal(options.setupTimeoutMs, 60_000);
  assert.equal(options.handleSummaryTimeoutMs, 120_000);
  assert.equal(options.userAgent, 'gharial/0');
  assert.deepEqual(options.summaryTrendStats, ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']);
  assert.ok(options.systemTags.includes('url') && !options.systemTags.includes('vu'));
  assert.deepEqual(warnings, []);
});

test('systemTags replaces the list; names nobody knows are ignored', () => {
  const { options } = merge({ script: { systemTags: ['vu', 'nope', 'url'] } });
  assert.deepEqual([...options.systemTags].sort(), ['url', 'vu']);
  assert.deepEqual(toTestOptions(options)['systemTags'], ['url', 'vu']);
  assert.deepEqual(merge({ script: { systemTags: [] } }).options.systemTags, []);
});

test('options are frozen through and through, and can cross threads', () => {
  const { options } = merge({ script: { scenarios: { a: { executor: 'per-vu-iterations' } } } });
  assert.ok(Object.isFrozen(options) && Object.isFrozen(options.scenarios[0]));
  assert.deepEqual(structuredClone(options), options);
});

test('unsupported options are warned about when they are set', () => {
  const layers: Layer[] = [{ origin: 'cli', values: { tracesOutput: 'otel' } }];
  const { warnings } = resolveSettings(layers, { includesSystemEnvVars: true });
  assert.deepEqual(warnings, [
    { message: 'The option tracesOutput is not supported and has no effect' },
  ]);
});

test('with the feature merge-run-tags, tags are merged key by key', () => {
  const sources = { script: { tags: { a: 's', b: 's' } }, flags: ['--tag', 'b=cli'] };
  assert.deepEqual(merge(sources).options.tags, { b: 'cli' });
  const flags = [...sources.flags, '--features', 'merge-run-tags'];
  assert.deepEqual(merge({ ...sources, flags }).options.tags, {
    a: 's',
    b: 'cli',
    k6_feature_merge_run_tags: 'true',
  });
});

test('features come from one source alone, and tag every sample', () => {
  const { options } = merge({
    file: { features: ['merge-run-tags'] },
    env: { K6_FEATURES: 'freeze-env,native-histograms' },
  });
  assert.deepEqual(options.tags, {
    k6_feature_native_histograms: 'true',
    k6_feature_freeze_env: 'true',
  });
});

test('a trend stat nobody knows is an error of its own, wherever it comes from', () => {
  for (const sources of [
    { script: { summaryTrendStats: ['p(101)'] } },
    { env: { K6_SUMMARY_TREND_STATS: 'p(101)' } },
    { flags: ['--summary-trend-stats', 'p(101)'] },
  ]) {
    assert.throws(() => merge(sources), {
      message: "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100",
      exitCode: 255,
    });
  }
  assert.throws(() => merge({ script: { summaryTrendStats: ['foo'] } }), {
    message: "invalid trend stat 'foo', unknown format",
    exitCode: 255,
  });
});

test('a cipher suite nobody knows is an error of the options', () => {
  const suites = ['TLS_AES_128_GCM_SHA256', 'toString'];
  assert.match(
    faultOf({ script: { tlsCipherSuites: suites } }),
    /while parsing "tlsCipherSuites": unknown cipher suite 'toString'; expected a name such as/,
  );
});

test('a feature flag nobody knows is warned about', () => {
  const layers: Layer[] = [{ origin: 'cli', values: { features: ['freeze-env', 'melt-env'] } }];
  const { warnings } = resolveSettings(layers, { includesSystemEnvVars: true });
  assert.deepEqual(warnings, [
    {
      level: 'error',
      message: 'Unknown feature flag',
      error: '"melt-env" has no effect; there are native-histograms, merge-run-tags, freeze-env',
    },
  ]);
});

test('a deprecated compatibility mode is warned about', () => {
  const warningsOfMode = (compatibilityMode: string): readonly string[] =>
    resolveSettings([{ origin: 'cli', values: { compatibilityMode } }], {
      includesSystemEnvVars: true,
    }).warnings.map(({ message }) => message);
  assert.deepEqual(warningsOfMode('base'), []);
  assert.match(warningsOfMode('experimental_enhanced').join(), /is deprecated/);
});

test('scripts see every key, unset as null, shortcuts as scenarios', () => {
  const script = { vus: 2, duration: '10s', thresholds: { iterations: ['count>1'] }, throw: true };
  const json = toTestOptions(merge({ script }).options);
  assert.deepEqual(json['scenarios'], {
    default: {
      executor: 'constant-vus',
      startTime: null,
      gracefulStop: null,
      env: null,
      exec: null,
      tags: null,
      options: null,
      vus: 2,
      duration: '10s',
    },
  });
  for (const shortcut of ['vus', 'duration', 'iterations', 'stages'])
    assert.ok(!(shortcut in json));
  assert.deepEqual(json['thresholds'], { iterations: ['count>1'] });
  assert.equal(json['throw'], true);
  assert.equal(json['userAgent'], null);
  assert.deepEqual(json['dns'], { ttl: null, select: null, policy: null });
  assert.ok(Array.isArray(json['systemTags']));
});

test('inspect shows the options of the script, with HTML characters escaped', () => {
  const { values } = parseScriptOptions({
    vus: 1,
    duration: '90s',
    thresholds: { a: [{ threshold: 'rate<1', abortOnFail: true, delayAbortEval: '5s' }] },
  }).layer;
  const text = toInspectJson(values, { totalDurationMs: 120_000, maxVUs: 1 });
  assert.ok(text.includes('rate\\u003c1'));
  const json: unknown = JSON.parse(text);
  assert.ok(typeof json === 'object' && json !== null);
  const map = new Map(Object.entries(json));
  assert.equal(map.get('vus'), 1);
  assert.equal(map.get('duration'), '1m30s');
  assert.equal(map.get('scenarios'), null);
  assert.equal(map.get('totalDuration'), '2m0s');
  assert.deepEqual(map.get('thresholds'), {
    a: [{ threshold: 'rate<1', abortOnFail: true, delayAbortEval: '5s' }],
  });
});

test('settings of the run come from file, environment and flags', () => {
  const layers = layersOf({
    file: { out: ['json'], linger: true },
    env: { K6_OUT: 'csv,json=x', K6_SUMMARY_MODE: 'full', NO_COLOR: '', GHARIAL_WORKERS: '3' },
    flags: ['--summary-mode', 'disabled', '-q', '-e', 'A=b'],
  });
  const { settings } = resolveSettings(layers, { includesSystemEnvVars: true });
  assert.deepEqual(settings.out, ['csv', 'json=x']);
  assert.equal(settings.linger, true);
  assert.equal(settings.summaryMode, 'disabled');
  assert.equal(settings.quiet, true);
  assert.equal(settings.noColor, true);
  assert.equal(settings.workers, 3);
  assert.deepEqual(settings.env, ['A=b']);
  assert.equal(settings.includeSystemEnvVars, true);
});
