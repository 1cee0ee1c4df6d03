/**
 * Every option there is, in one table: name in scripts and config files, flag, environment variable,
 * kind of value, default, help text, and how gharial's support compares with k6's. Flag parsing, help
 * texts, environment, JSON and docs are all driven from here.
 */
import { checkCipherSuite } from './ciphers.ts';
import {
  boolKind,
  createChoiceKind,
  createListKind,
  createStringKind,
  durationKind,
  intKind,
  type Kind,
  parseBool,
  presenceKind,
  rawKind,
  recordKind,
  stringKind,
} from './kind.ts';
import {
  blacklistKind,
  blockHostnamesKind,
  dnsKind,
  envPairsKind,
  hostsKind,
  localIpsKind,
  scenariosKind,
  segmentKind,
  segmentSequenceKind,
  systemTagsKind,
  tagsKind,
  thresholdsKind,
  timeUnitKind,
  tlsAuthKind,
  tlsVersionKind,
} from './special-kinds.ts';
import { stagesKind } from './stages.ts';
import { type LayerValues, SUMMARY_MODES, SUSPEND_MODES, type SummaryMode } from './values.ts';
import { parseVuList } from './vu-list.ts';

/** `same` as k6, `differs` (see note), or `not-supported` (accepted, warned about). */
export type Support = 'same' | 'differs' | 'not-supported';

/** `test`: options of the test. `run`: settings of the run command. `global`: every command takes it. */
export type Section = 'test' | 'run' | 'global';

export interface OptionRow {
  /** Property of the parsed value. */
  readonly property: keyof LayerValues;
  /** Name in script options and config files, and stem of the docs entry. */
  readonly key: string;
  readonly section: Section;
  /** Long flag without dashes. */
  readonly flag: string | undefined;
  readonly short: string | undefined;
  readonly env: string | undefined;
  readonly isInScript: boolean;
  readonly isInFile: boolean;
  /** Default as shown to users; '' = none. */
  readonly defaultText: string;
  readonly help: string;
  readonly support: Support;
  /** What differs, where it matters. */
  readonly note: string;
  /** Not shown in help: an old spelling that still works. */
  readonly isHidden: boolean;
  readonly placeholder: string;
  readonly typeName: string;
  readonly namesFlag: boolean;
  /** Text of the flag without argument; undefined = it needs one. */
  readonly bareText: string | undefined;
  /** Has a text form: flag or environment. */
  readonly hasText: boolean;
  parseText(text: string, source: 'flag' | 'env', previous: LayerValues): LayerValues;
  parseJson(json: unknown): LayerValues;
  /** Fields within the JSON value that nobody knows. */
  unknownFields(json: unknown): readonly string[];
  /** JSON form of the value in `values`; null if it is not set there. */
  toJson(values: LayerValues): unknown;
}

interface RowFacts {
  readonly key?: string;
  readonly flag?: string | false;
  readonly short?: string;
  readonly env?: string | false;
  readonly isInScript?: boolean;
  readonly isInFile?: boolean;
  readonly bareText?: string;
  readonly default?: string;
  readonly help: string;
  readonly support?: Support;
  readonly note?: string;
  readonly isHidden?: boolean;
}

function createRow<K extends keyof LayerValues>(
  section: Section,
  property: K,
  kind: Kind<Exclude<LayerValues[K], undefined>>,
  facts: RowFacts,
): OptionRow {
  const isTest = section === 'test';
  const key = facts.key ?? property.replace(/Ms$/, '');
  const flag = facts.flag === false ? undefined : (facts.flag ?? toKebab(key));
  const env = facts.env === false ? undefined : (facts.env ?? `K6_${toSnake(flag ?? key)}`);
  const bareText = facts.bareText ?? kind.bareText;
  const { fromText } = kind;
  return {
    property,
    key,
    section,
    flag,
    short: facts.short,
    env,
    isInScript: facts.isInScript ?? isTest,
    isInFile: facts.isInFile ?? isTest,
    defaultText: facts.default ?? '',
    help: facts.help,
    support: facts.support ?? 'same',
    note: facts.note ?? '',
    isHidden: facts.isHidden ?? false,
    placeholder: kind.placeholder,
    typeName: kind.typeName,
    namesFlag: kind.namesFlag,
    bareText,
    hasText: fromText !== undefined,
    parseText: (text, source, previous) => {
      if (fromText === undefined) throw new TypeError(`${key} has no text form`);
      // The entry was written by this row, so it has this row's type.
      const before = previous[property] as Exclude<LayerValues[K], undefined> | undefined;
      return { [property]: fromText(text, source, before) };
    },
    parseJson: (json) => ({ [property]: kind.fromJson(json) }),
    unknownFields: (json) => kind.unknownFields?.(json) ?? [],
    toJson: (values) => {
      const value = values[property];
      if (value === undefined) return null;
      return kind.toJson(value as Exclude<LayerValues[K], undefined>);
    },
  };
}

const JSON_ONLY = { flag: false, env: false } as const;
const ENV_ONLY = { flag: false } as const;
const PLAIN_FLAG = { isInScript: false, isInFile: false } as const;
const WITH_FILE = { isInScript: false, isInFile: true } as const;

const compatibilityKind: Kind<string> = createChoiceKind<string>(
  ['extended', 'base', 'experimental_enhanced'],
  (text) =>
    `invalid compatibility mode ${JSON.stringify(text)}. Use: "extended", "base", "experimental_enhanced"`,
  { global: 'extended' },
);
const summaryModeKind = createChoiceKind(
  SUMMARY_MODES,
  (text) => `invalid summary mode ${JSON.stringify(text)}; use "compact", "full" or "disabled"`,
);
const noSummaryKind: Kind<SummaryMode> = {
  ...summaryModeKind,
  placeholder: '',
  typeName: boolKind.typeName,
  namesFlag: true,
  bareText: 'true',
  fromText: (text, _source, previous = 'compact') => (parseBool(text) ? 'disabled' : previous),
};
const suspendKind = createChoiceKind(
  SUSPEND_MODES,
  (text) => `invalid suspend mode ${JSON.stringify(text)}; use ${SUSPEND_MODES.join(' or ')}`,
);
const wsDebugKind = createChoiceKind<string>(
  ['handshake', 'frames'],
  (text) => `invalid ws debug level ${JSON.stringify(text)}; use handshake or frames`,
);
const wsDebugVusKind = createStringKind('list', (text) => {
  parseVuList(text);
});
const httpDebugKind = createStringKind('headers|full');

/** Options of the test, in the order `inspect` prints them. */
const TEST_ROWS: readonly OptionRow[] = [
  createRow('test', 'paused', boolKind, {
    short: 'p',
    default: 'false',
    help: 'prepare everything, then wait to be resumed through the REST API',
  }),
  createRow('test', 'vus', intKind, {
    short: 'u',
    default: '1',
    help: 'number of virtual users',
  }),
  createRow('test', 'durationMs', durationKind, {
    short: 'd',
    help: 'how long to start iterations',
  }),
  createRow('test', 'iterations', intKind, {
    short: 'i',
    help: 'iterations in total, shared by all VUs',
  }),
  createRow('test', 'stages', stagesKind, {
    flag: 'stage',
    env: 'K6_STAGES',
    short: 's',
    help: 'ramp to TARGET VUs over DURATION; repeat for several stages',
  }),
  createRow('test', 'scenarios', scenariosKind, {
    ...JSON_ONLY,
    help: 'named workloads, each with its own executor',
    support: 'differs',
    note: 'also runs externally-controlled, which k6 2.0 removed',
  }),
  createRow('test', 'executionSegment', segmentKind, {
    env: false,
    default: '0:1',
    help: 'run only this part of the test, e.g. 1/3:2/3',
  }),
  createRow('test', 'executionSegmentSequence', segmentSequenceKind, {
    env: false,
    help: 'all the parts the test is split into, e.g. 0,1/3,2/3,1',
  }),
  createRow('test', 'noSetup', boolKind, { default: 'false', help: 'do not run setup()' }),
  createRow('test', 'setupTimeoutMs', durationKind, {
    ...ENV_ONLY,
    default: '60s',
    help: 'time limit of setup()',
  }),
  createRow('test', 'noTeardown', boolKind, { default: 'false', help: 'do not run teardown()' }),
  createRow('test', 'teardownTimeoutMs', durationKind, {
    ...ENV_ONLY,
    default: '60s',
    help: 'time limit of teardown()',
  }),
  createRow('test', 'handleSummaryTimeoutMs', durationKind, {
    ...ENV_ONLY,
    default: '120s',
    help: 'time limit of handleSummary()',
  }),
  createRow('test', 'rps', intKind, {
    default: '0',
    help: 'most HTTP requests per second, 0 = no limit; WebSocket traffic is never limited',
  }),
  createRow('test', 'dns', dnsKind, {
    default: 'ttl=5m,select=random,policy=preferIPv4',
    help: 'how names are resolved: cache time, choice among addresses, IP family',
  }),
  createRow('test', 'maxRedirects', intKind, {
    default: '10',
    help: 'HTTP redirects to follow',
  }),
  createRow('test', 'userAgent', stringKind, {
    default: 'gharial/<version>',
    help: 'User-Agent header of HTTP requests and WebSocket handshakes; empty = none',
    support: 'differs',
    note: 'the default names gharial',
  }),
  createRow('test', 'batch', intKind, {
    default: '20',
    help: 'parallel requests of one http.batch()',
  }),
  createRow('test', 'batchPerHost', intKind, {
    default: '6',
    help: 'parallel requests of one http.batch() to the same host',
  }),
  createRow('test', 'httpDebug', httpDebugKind, {
    bareText: 'headers',
    help: 'log HTTP requests and responses; full = with bodies',
  }),
  createRow('test', 'insecureSkipTLSVerify', boolKind, {
    flag: 'insecure-skip-tls-verify',
    default: 'false',
    help: 'accept any server certificate',
  }),
  createRow('test', 'tlsCipherSuites', createListKind('names', checkCipherSuite), {
    ...JSON_ONLY,
    help: 'allowed cipher suites up to TLS 1.2',
  }),
  createRow('test', 'tlsVersion', tlsVersionKind, {
    ...JSON_ONLY,
    help: 'allowed TLS version, or { min, max }',
    support: 'differs',
    note: 'a min above max is an error at once',
  }),
  createRow('test', 'tlsAuth', tlsAuthKind, {
    ...JSON_ONLY,
    help: 'client certificates',
    support: 'differs',
    note: 'a certificate or key that is none fails the connections that use it; k6 does not start',
  }),
  createRow('test', 'throw', boolKind, {
    short: 'w',
    default: 'false',
    help: 'throw an exception when a request or k6/ws connect fails',
  }),
  createRow('test', 'thresholds', thresholdsKind, {
    ...JSON_ONLY,
    help: 'pass and fail conditions by metric',
  }),
  createRow('test', 'blacklistIPs', blacklistKind, {
    flag: 'blacklist-ip',
    env: 'K6_BLACKLIST_IPS',
    help: 'never connect to these IP ranges',
  }),
  createRow('test', 'blockHostnames', blockHostnamesKind, {
    help: 'never connect to these host names; * may stand in front',
  }),
  createRow('test', 'hosts', hostsKind, {
    ...JSON_ONLY,
    help: 'fixed addresses of host names',
    support: 'differs',
    note: 'an address that is not an IP is an error at once',
  }),
  createRow('test', 'noConnectionReuse', boolKind, {
    default: 'false',
    help: 'a new connection for each HTTP request',
  }),
  createRow('test', 'noVUConnectionReuse', boolKind, {
    flag: 'no-vu-connection-reuse',
    default: 'false',
    help: 'close idle HTTP connections after each iteration',
  }),
  createRow('test', 'minIterationDurationMs', durationKind, {
    default: '0s',
    help: 'an iteration occupies its VU at least this long',
  }),
  createRow('test', 'ext', recordKind, {
    ...JSON_ONLY,
    help: 'settings of other tools; ignored',
  }),
  createRow('test', 'cloud', rawKind, {
    ...JSON_ONLY,
    help: 'settings of Grafana Cloud; ignored',
  }),
  createRow('test', 'summaryTrendStats', createListKind('stats'), {
    default: 'avg,min,med,max,p(90),p(95)',
    help: 'statistics of trends in the summary: avg min med max count p(N)',
  }),
  createRow('test', 'summaryTimeUnit', timeUnitKind, {
    help: 'unit of times in the summary; empty = chosen for each value',
  }),
  createRow('test', 'systemTags', systemTagsKind, {
    default: 'all but iter, vu, ocsp_status, ip',
    help: 'tags that samples get by themselves',
  }),
  createRow('test', 'tags', tagsKind, {
    flag: 'tag',
    env: 'K6_TAGS',
    help: 'tag for all samples; repeatable',
  }),
  createRow('test', 'metricSamplesBufferSize', intKind, {
    ...ENV_ONLY,
    default: '1000',
    help: 'samples buffered between VUs and outputs',
    support: 'differs',
    note: 'samples are aggregated where they arise; there is no such buffer',
  }),
  createRow('test', 'noCookiesReset', boolKind, {
    ...ENV_ONLY,
    default: 'false',
    help: 'keep cookies from one iteration to the next',
  }),
  createRow('test', 'discardResponseBodies', boolKind, {
    default: 'false',
    help: 'do not keep bodies of HTTP responses',
  }),
];

const RUN_ROWS: readonly OptionRow[] = [
  createRow('run', 'env', envPairsKind, {
    ...PLAIN_FLAG,
    env: false,
    short: 'e',
    help: 'variable for __ENV; repeatable',
  }),
  createRow('run', 'out', createListKind('type=arg', undefined, 'flag'), {
    ...WITH_FILE,
    short: 'o',
    help: 'send results to an output; repeatable',
  }),
  createRow('run', 'summaryMode', summaryModeKind, {
    ...PLAIN_FLAG,
    default: 'compact',
    help: 'end-of-test summary: compact, full or disabled',
    support: 'differs',
    note: 'legacy, gone in k6 2.0, is taken and prints compact',
  }),
  createRow('run', 'summaryMode', noSummaryKind, {
    ...PLAIN_FLAG,
    key: 'noSummary',
    help: 'no end-of-test summary',
    note: 'gone in k6 2.0; now --summary-mode=disabled',
    support: 'differs',
    isHidden: true,
  }),
  createRow('run', 'summaryExport', createStringKind('file'), {
    ...PLAIN_FLAG,
    help: 'write the end-of-test summary as JSON to a file',
  }),
  createRow('run', 'newMachineReadableSummary', boolKind, {
    ...PLAIN_FLAG,
    default: 'false',
    help: 'use the newer JSON layout for summary export and handleSummary()',
  }),
  createRow('run', 'noThresholds', boolKind, {
    ...PLAIN_FLAG,
    default: 'false',
    help: 'do not evaluate thresholds',
  }),
  createRow('run', 'consoleOutput', createStringKind('file'), {
    ...PLAIN_FLAG,
    help: 'append what the script logs to a file',
  }),
  createRow('run', 'localIPs', localIpsKind, {
    ...PLAIN_FLAG,
    flag: 'local-ips',
    help: 'source addresses for VUs: IPs, ranges, CIDRs',
    support: 'differs',
    note: 'a VU whose address has no port left takes the next address',
  }),
  createRow('run', 'tlsSessionReuse', boolKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_TLS_SESSION_REUSE',
    default: 'false',
    help: 'resume TLS sessions of wss: connections; else each makes a full handshake, as a new user would',
    note: 'gharial only',
  }),
  createRow('run', 'wsRedirects', intKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_REDIRECTS',
    default: '0',
    help: 'redirects to follow when a WebSocket handshake is answered with one',
    note: 'gharial only',
  }),
  createRow('run', 'wsConnectTimeoutMs', durationKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_CONNECT_TIMEOUT',
    default: '30s',
    help: 'limit of a WebSocket connection for connecting TCP',
    note: 'gharial only',
  }),
  createRow('run', 'wsHandshakeTimeoutMs', durationKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_HANDSHAKE_TIMEOUT',
    default: '60s',
    help: 'limit of a WebSocket connection for all until it is open',
    note: 'gharial only',
  }),
  createRow('run', 'wsCloseTimeoutMs', durationKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_CLOSE_TIMEOUT',
    default: '10s',
    help: 'how long to wait for the answer to a Close frame',
    note: 'gharial only',
  }),
  createRow('run', 'wsDebug', wsDebugKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_DEBUG',
    bareText: 'handshake',
    help: 'log WebSocket handshakes, or frames too; credentials and cookies are blanked',
    note: 'gharial only',
  }),
  createRow('run', 'wsDebugVus', wsDebugVusKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_DEBUG_VUS',
    default: 'all',
    help: 'VUs that --ws-debug is for, e.g. 1,5-7',
    note: 'gharial only',
  }),
  createRow('run', 'wsDebugSecrets', boolKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WS_DEBUG_SECRETS',
    default: 'false',
    help: 'let --ws-debug show credentials and cookies as they are',
    note: 'gharial only',
  }),
  createRow('run', 'includeSystemEnvVars', boolKind, {
    ...PLAIN_FLAG,
    default: 'true for run',
    help: 'put the environment of the process into __ENV',
  }),
  createRow('run', 'compatibilityMode', compatibilityKind, {
    ...PLAIN_FLAG,
    default: 'extended',
    help: 'accepted for k6; makes no difference',
    support: 'differs',
    note: 'scripts always run as modern JavaScript',
  }),
  createRow('run', 'type', createStringKind('js|archive'), {
    ...PLAIN_FLAG,
    short: 't',
    help: 'kind of the test file; found out by itself if not given',
  }),
  createRow('run', 'linger', boolKind, {
    ...WITH_FILE,
    short: 'l',
    default: 'false',
    help: 'stay alive after the test until Ctrl+C',
  }),
  createRow('run', 'noUsageReport', boolKind, {
    ...WITH_FILE,
    default: 'false',
    help: 'accepted for k6; gharial never reports usage',
  }),
  createRow('run', 'tracesOutput', createStringKind('none|otel'), {
    ...PLAIN_FLAG,
    default: 'none',
    help: 'where to send traces',
    support: 'not-supported',
  }),
  createRow('run', 'features', createListKind('names'), {
    ...WITH_FILE,
    help: 'k6 feature flags to switch on',
  }),
  createRow('run', 'webDashboard', boolKind, {
    ...WITH_FILE,
    flag: 'web',
    env: 'K6_WEB_DASHBOARD',
    default: 'false',
    help: 'serve a live page of the run on http://127.0.0.1:5665; K6_WEB_DASHBOARD_PORT and others change it',
    support: 'differs',
    note: 'the flag is gharial only; a page of its own, on 127.0.0.1 by default, and nothing waits for it at the end',
  }),
  createRow('run', 'report', createStringKind('file'), {
    ...PLAIN_FLAG,
    env: 'GHARIAL_REPORT',
    help: 'write an HTML report of the run to a file',
    note: 'gharial only',
  }),
  createRow('run', 'collectors', recordKind, {
    ...WITH_FILE,
    ...JSON_ONLY,
    help: 'settings of outputs, by output type',
    support: 'not-supported',
    note: 'set outputs up through their arguments and environment variables',
  }),
  createRow('run', 'workers', intKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_WORKERS',
    default: '0 = chosen for the test',
    help: 'threads that run VUs',
    note: 'gharial only',
  }),
  createRow('run', 'suspend', suspendKind, {
    ...PLAIN_FLAG,
    env: 'GHARIAL_SUSPEND',
    default: 'auto',
    help: 'functions that may block: auto = those found by analysis, all = every one',
    note: 'gharial only',
  }),
  createRow('run', 'updateLock', boolKind, {
    ...PLAIN_FLAG,
    env: false,
    help: 'fetch remote modules anew and pin what they are now in gharial.lock.json',
    note: 'gharial only',
  }),
];

const GLOBAL_ROWS: readonly OptionRow[] = [
  createRow('global', 'address', createStringKind('host:port'), {
    ...PLAIN_FLAG,
    short: 'a',
    help: 'serve the REST API here; off by default',
  }),
  createRow('global', 'config', createStringKind('file'), {
    ...PLAIN_FLAG,
    short: 'c',
    help: 'JSON file with options',
  }),
  createRow('global', 'logFormat', stringKind, {
    ...PLAIN_FLAG,
    default: 'text',
    help: 'log lines as text, json or raw',
  }),
  createRow('global', 'logOutput', createStringKind('target'), {
    ...PLAIN_FLAG,
    default: 'stderr',
    help: 'where the log goes: stderr, stdout, none, file=path, loki=url',
  }),
  createRow('global', 'noColor', presenceKind, {
    ...PLAIN_FLAG,
    default: 'false',
    help: 'no colours; NO_COLOR, even empty, does the same',
  }),
  createRow('global', 'quiet', boolKind, {
    ...PLAIN_FLAG,
    env: false,
    short: 'q',
    default: 'false',
    help: 'no banner, no description, no progress',
  }),
  createRow('global', 'verbose', boolKind, {
    ...PLAIN_FLAG,
    env: false,
    short: 'v',
    default: 'false',
    help: 'log debug messages too',
  }),
  createRow('global', 'profilingEnabled', presenceKind, {
    ...PLAIN_FLAG,
    default: 'false',
    help: 'profiling endpoints of the REST API',
    support: 'not-supported',
    note: 'use the profiler of Node.js',
  }),
  createRow('global', 'secretSource', createListKind('type=arg', undefined, 'always'), {
    ...PLAIN_FLAG,
    help: 'where k6/secrets gets values: file=path or mock=key=value; repeatable',
    support: 'differs',
    note: 'file and mock sources only, no url',
  }),
];

export const OPTION_ROWS: readonly OptionRow[] = [...TEST_ROWS, ...RUN_ROWS, ...GLOBAL_ROWS];

/** Rows of the test options, in the order of k6's JSON. */
export const TEST_OPTION_ROWS = TEST_ROWS;

/** `summaryExport` → `summary-export`; runs of capitals stay together. */
function toKebab(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}

function toSnake(flag: string): string {
  return toKebab(flag).replaceAll('-', '_').toUpperCase();
}
