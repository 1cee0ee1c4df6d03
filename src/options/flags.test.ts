import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags, requireScriptArgument } from './flags.ts';
import { formatSegment } from './segment.ts';
import { OPTION_ROWS } from './table.ts';
import type { LayerValues } from './values.ts';

function parse(...argv: string[]): { values: LayerValues; positionals: readonly string[] } {
  return parseFlags<LayerValues>(argv, OPTION_ROWS, {});
}

function faultOf(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    assert.ok(error instanceof Error && 'exitCode' in error);
    assert.equal(error.exitCode, 255);
    return error.message;
  }
  return 'no fault';
}

test('flags are taken in every spelling pflag knows, before and after the script', () => {
  for (const argv of [['-u5'], ['-u', '5'], ['-u=5'], ['--vus=5'], ['--vus', '5']]) {
    assert.deepEqual(parse(...argv, 'a.js'), { values: { vus: 5 }, positionals: ['a.js'] });
    assert.deepEqual(parse('a.js', ...argv), { values: { vus: 5 }, positionals: ['a.js'] });
  }
});

test('switches need no value, cluster, and can be switched off', () => {
  assert.deepEqual(parse('-qvw').values, { quiet: true, verbose: true, throw: true });
  assert.deepEqual(parse('-qu3').values, { quiet: true, vus: 3 });
  assert.deepEqual(parse('--paused=false').values, { paused: false });
  assert.deepEqual(parse('--paused', 'false').positionals, ['false']);
  assert.deepEqual(parse('--http-debug').values, { httpDebug: 'headers' });
  assert.deepEqual(parse('--http-debug=full').values, { httpDebug: 'full' });
});

test('what follows -- is positional, and so is a lone dash', () => {
  assert.deepEqual(parse('-', '--', '-u', '--vus').positionals, ['-', '-u', '--vus']);
});

test('repeatable flags add up, others are overruled by the last', () => {
  assert.deepEqual(parse('-s', '1s:3', '--stage', '2s:0,1m:7').values.stages, [
    { durationMs: 1000, target: 3 },
    { durationMs: 2000, target: 0 },
    { durationMs: 60_000, target: 7 },
  ]);
  assert.deepEqual(parse('--tag', 'a=1', '--tag', 'b=x,y', '--tag', '').values.tags, {
    a: '1',
    b: 'x,y',
  });
  assert.deepEqual(parse('-o', 'json=a,b', '-o', 'csv').values.out, ['json=a,b', 'csv']);
  assert.deepEqual(parse('-e', 'A=1', '-e', 'B').values.env, ['A=1', 'B']);
  assert.deepEqual(parse('--summary-trend-stats', 'avg,p(99.9)').values.summaryTrendStats, [
    'avg',
    'p(99.9)',
  ]);
  assert.equal(parse('-u', '1', '-u', '2').values.vus, 2);
});

test('values of all other kinds', () => {
  assert.equal(parse('-d', '1m30s').values.durationMs, 90_000);
  assert.deepEqual(parse('--dns', 'ttl=inf,select=first').values.dns, {
    ttl: 'inf',
    select: 'first',
  });
  const { executionSegment } = parse('--execution-segment', '10%:1/3').values;
  assert.ok(executionSegment !== undefined);
  assert.equal(formatSegment(executionSegment), '1/10:1/3');
  assert.equal(parse('--compatibility-mode', 'global').values.compatibilityMode, 'extended');
  assert.equal(parse('--no-summary').values.summaryMode, 'disabled');
  assert.equal(parse('--workers', '4').values.workers, 4);
});

test('faults have a hint where there is one to give', () => {
  const cases: [string[], string, string][] = [
    [['--vuus=5'], 'unknown flag: --vuus', 'did you mean --vus?'],
    [['--duratoin', '5s'], 'unknown flag: --duratoin', 'did you mean --duration?'],
    [
      ['-d', '5'],
      'invalid argument "5" for "-d, --duration" flag: time: missing unit in duration "5"',
      'write it as 10s, 1m30s or 500ms',
    ],
    [
      ['--stage', '5:1'],
      'error for stage 0: time: missing unit in duration "5"',
      'write it as 10s, 1m30s or 500ms',
    ],
  ];
  for (const [argv, message, hint] of cases) {
    assert.throws(() => parse(...argv), { code: 'FLAG_INVALID', message, hint });
  }
});

test('faults are told in the words of k6, with exit code 255', () => {
  const cases: [string[], string][] = [
    [['--bogus'], 'unknown flag: --bogus'],
    [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
    [['-qZ'], "unknown shorthand flag: 'Z' in -Z"],
    [['--vus'], 'flag needs an argument: --vus'],
    [['-u'], "flag needs an argument: 'u' in -u"],
    [['--=x'], 'bad flag syntax: --=x'],
    [
      ['-d', '5'],
      'invalid argument "5" for "-d, --duration" flag: time: missing unit in duration "5"',
    ],
    [
      ['--min-iteration-duration', '1d'],
      'invalid argument "1d" for "--min-iteration-duration" flag: time: unknown unit "d" in duration "1d"',
    ],
    [
      ['-u', 'x'],
      'invalid argument "x" for "-u, --vus" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      ['--paused=maybe'],
      'invalid argument "maybe" for "-p, --paused" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [['-s', '5:1'], 'error for stage 0: time: missing unit in duration "5"'],
    [['-s', ':5'], "stage 0 doesn't have a specified duration"],
    [['--tag', 'foo'], "error parsing tag 'foo': invalid tag, empty value"],
    [['--tag', '=foo'], "error parsing tag '=foo': invalid tag, empty name"],
    [['--summary-time-unit', 'h'], "invalid summary time unit 'h', use 's', 'ms' or 'us'"],
    [
      ['--compatibility-mode', 'foo'],
      'invalid compatibility mode "foo". Use: "extended", "base", "experimental_enhanced"',
    ],
    [
      ['--blacklist-ip', '300.1.1.1'],
      "error parsing blacklist-ip '300.1.1.1': invalid CIDR address: 300.1.1.1",
    ],
    [['--block-hostnames', 'a b'], "invalid hostname pattern 'a b'"],
    [['--local-ips', 'foo'], 'foo is not a valid IP, IP range or CIDR'],
    [['--dns', 'foo'], 'no value for key foo'],
    [['--dns', 'ttl=abc'], 'invalid DNS TTL: abc'],
    [['--dns', 'select=abc'], 'abc does not belong to DNSSelect values'],
    [['--dns', 'policy=abc'], 'abc does not belong to DNSPolicy values'],
    [['--dns', 'foo=1'], 'unknown DNS configuration field: foo'],
    [['--execution-segment', '0:2'], "segment end value can't be more than 1 but was 2.00"],
    [['--execution-segment', '0.5:0.2'], 'segment start(0.50) must be less than its end(0.20)'],
    [
      ['--execution-segment', 'abc'],
      "'abc' is not a valid percentage, decimal, fraction or interval value",
    ],
    [
      ['--execution-segment-sequence', '1'],
      'at least 2 points are needed for an execution segment sequence, 1 given',
    ],
    [['-e', '1A=x'], "invalid environment variable name '1A'"],
  ];
  for (const [argv, message] of cases) assert.equal(faultOf(...argv), message);
  assert.match(faultOf('--summary-mode', 'foo'), /^invalid summary mode/);
});

test('a fault in the syntax of a flag comes before one in its meaning', () => {
  assert.match(faultOf('--tag', 'foo', '-d', '5'), /missing unit/);
});

test('there must be one script', () => {
  assert.equal(requireScriptArgument(['-']), '-');
  const text = 'arg should either be "-", if reading script from stdin, or a path to a script file';
  for (const positionals of [[], ['a.js', 'b.js']]) {
    assert.throws(() => requireScriptArgument(positionals), {
      message: `accepts 1 arg(s), received ${positionals.length}: ${text}`,
      exitCode: 255,
    });
  }
});
