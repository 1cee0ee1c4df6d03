/** Kinds of values that only one option has: tags, DNS, hosts, TLS, thresholds, segments. */
import { parseCidr } from './address.ts';
import { parseDnsField, parseDnsText } from './dns.ts';
import { checkHostMapping, checkHostnamePattern } from './hosts.ts';
import {
  boolKind,
  createListKind,
  createStringKind,
  durationKind,
  isRecord,
  type Kind,
  matchFields,
  optionFault,
  splitList,
  stringKind,
  stringMapKind,
  toStringList,
  toStringMap,
  typeFault,
} from './kind.ts';
import { parseLocalIps } from './local-ips.ts';
import { parseScenarioSpecs, type ScenarioSpec, scenarioToJson } from './scenario.ts';
import {
  formatSegment,
  formatSegmentSequence,
  parseSegment,
  parseSegmentSequence,
  type Segment,
} from './segment.ts';
import { knownSystemTags } from './system-tags.ts';
import {
  type ClientCertificate,
  type DnsSettings,
  type ThresholdSpec,
  TLS_VERSIONS,
  type TlsVersion,
  type TlsVersionRange,
} from './values.ts';

export const segmentKind: Kind<Segment> = {
  placeholder: 'from:to',
  typeName: 'lib.ExecutionSegment',
  namesFlag: false,
  fromText: parseSegment,
  fromJson: (json) => parseSegment(stringKind.fromJson(json)),
  toJson: formatSegment,
};

export const segmentSequenceKind: Kind<readonly Segment[]> = {
  placeholder: 'p0,p1,…',
  typeName: 'lib.ExecutionSegmentSequence',
  namesFlag: false,
  fromText: parseSegmentSequence,
  fromJson: (json) => parseSegmentSequence(stringKind.fromJson(json)),
  toJson: formatSegmentSequence,
};

/** Flag `name=value`, one per occurrence, commas are literal; environment `name:value,name:value`. */
export const tagsKind: Kind<Readonly<Record<string, string>>> = {
  ...stringMapKind,
  placeholder: 'name=value',
  fromText: (text, source, previous = {}) => {
    if (text === '') return previous;
    if (source === 'flag') return { ...previous, ...parseTag(text) };
    return Object.fromEntries(splitList(text).map(parseEnvTag));
  },
};

const DNS_FIELDS = ['ttl', 'select', 'policy'] as const;

export const dnsKind: Kind<Partial<DnsSettings>> = {
  placeholder: 'ttl=…,select=…,policy=…',
  typeName: 'types.DNSConfig',
  namesFlag: false,
  fromText: parseDnsText,
  fromJson: (json) => {
    if (!isRecord(json)) throw typeFault(json, 'types.DNSConfig');
    const { fields } = matchFields(json, DNS_FIELDS);
    let settings: Partial<DnsSettings> = {};
    for (const [key, value] of fields) {
      const text = key === 'ttl' && typeof value === 'number' ? String(value) : value;
      settings = { ...settings, ...parseDnsField(key, stringKind.fromJson(text)) };
    }
    return settings;
  },
  unknownFields: (json) => (isRecord(json) ? matchFields(json, DNS_FIELDS).unknown : []),
  toJson: (dns) => ({
    ttl: dns.ttl ?? null,
    select: dns.select ?? null,
    policy: dns.policy ?? null,
  }),
};

export const hostsKind: Kind<Readonly<Record<string, string>>> = {
  ...stringMapKind,
  fromJson: (json) => {
    if (!isRecord(json)) throw typeFault(json, stringMapKind.typeName);
    // A name that is mapped to null is not mapped.
    const mapped = Object.entries(json).filter(([, target]) => target !== null);
    const hosts = toStringMap(Object.fromEntries(mapped));
    for (const [pattern, target] of Object.entries(hosts)) checkHostMapping(pattern, target);
    return hosts;
  },
};

/** Names that are no system tags are left out, silently as in k6. */
export const systemTagsKind: Kind<readonly string[]> = {
  ...createListKind('tags'),
  toJson: knownSystemTags,
};

export const blockHostnamesKind = createListKind('name', checkHostnamePattern);

const cidrListKind = createListKind('cidr', checkCidr);
export const blacklistKind: Kind<readonly string[]> = {
  ...cidrListKind,
  fromText: (text, source, previous) => {
    try {
      return cidrListKind.fromText?.(text, source, previous) ?? [];
    } catch (error) {
      if (source === 'env' || !(error instanceof Error)) throw error;
      const bad = splitList(text).find((item) => parseCidr(item) === undefined) ?? text;
      throw optionFault(`error parsing blacklist-ip '${bad}': ${error.message}`, error);
    }
  },
};

export const localIpsKind = createStringKind('ips', (text) => {
  if (text !== '') parseLocalIps(text);
});

/** Checked on the command line only; elsewhere an unknown unit means automatic units. */
export const timeUnitKind = createStringKind('s|ms|us', (text, source) => {
  if (source === 'flag' && !['', 's', 'ms', 'us'].includes(text)) {
    throw optionFault(`invalid summary time unit '${text}', use 's', 'ms' or 'us'`);
  }
});

export const thresholdsKind: Kind<Readonly<Record<string, readonly ThresholdSpec[]>>> = {
  placeholder: 'json',
  typeName: 'map[string]metrics.Thresholds',
  namesFlag: false,
  fromJson: (json) => {
    if (!isRecord(json)) throw typeFault(json, 'map[string]metrics.Thresholds');
    return Object.fromEntries(
      Object.entries(json).map(([metric, list]) => {
        if (list === null) return [metric, []];
        if (!Array.isArray(list)) throw typeFault(list, '[]metrics.thresholdConfig');
        return [metric, list.map(parseThreshold)];
      }),
    );
  },
  toJson: (thresholds) =>
    Object.fromEntries(
      Object.entries(thresholds).map(([metric, list]) => [metric, list.map(thresholdToJson)]),
    ),
};

export const tlsVersionKind: Kind<TlsVersionRange> = {
  placeholder: 'version',
  typeName: 'lib.TLSVersions',
  namesFlag: false,
  fromJson: (json) => {
    if (typeof json === 'string') {
      const version = parseTlsVersion(json);
      return { min: version, max: version };
    }
    if (!isRecord(json)) throw typeFault(json, 'lib.TLSVersions');
    const { fields } = matchFields(json, ['min', 'max']);
    const versionOf = (key: string): TlsVersion | undefined =>
      fields.has(key) ? parseTlsVersion(stringKind.fromJson(fields.get(key))) : undefined;
    const range = { min: versionOf('min'), max: versionOf('max') };
    checkTlsRange(range);
    return range;
  },
  toJson: ({ min, max }) => ({ min: min ?? '', max: max ?? '' }),
};

export const tlsAuthKind: Kind<readonly ClientCertificate[]> = {
  placeholder: 'json',
  typeName: '[]*lib.TLSAuth',
  namesFlag: false,
  fromJson: (json) => {
    if (!Array.isArray(json)) throw typeFault(json, '[]*lib.TLSAuth');
    return json.map(parseCertificate);
  },
  toJson: (certificates) =>
    certificates.map(({ cert, key, password, domains }) => ({
      cert,
      key,
      password: password ?? null,
      domains: domains.length === 0 ? null : domains,
    })),
};

export const scenariosKind: Kind<Readonly<Record<string, ScenarioSpec>>> = {
  placeholder: 'json',
  typeName: 'lib.ScenarioConfigs',
  namesFlag: false,
  fromJson: parseScenarioSpecs,
  toJson: (specs) =>
    Object.fromEntries(
      Object.entries(specs).map(([name, { executor, fields }]) => [
        name,
        scenarioToJson(executor, fields),
      ]),
    ),
};

/** `NAME=VALUE` or `NAME`, kept as written; see `parseEnvPair`. */
export const envPairsKind = createListKind(
  'NAME=VALUE',
  (pair) => {
    parseEnvPair(pair);
  },
  'always',
);

/**
 * Splits `NAME=VALUE`; without `=` the value is empty.
 * @throws GharialError OPTION_INVALID
 */
export function parseEnvPair(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=');
  const name = equals < 0 ? pair : pair.slice(0, equals);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw optionFault(`invalid environment variable name '${name}'`);
  }
  return [name, equals < 0 ? '' : pair.slice(equals + 1)];
}

/**
 * `avg min med max count p(N)`. Checked when the sources are merged, wherever they come from.
 * @throws GharialError OPTION_INVALID, exit code 255.
 */
export function checkTrendStat(stat: string): void {
  if (['avg', 'min', 'med', 'max', 'count'].includes(stat)) return;
  const percentile = /^p\((.*)\)$/.exec(stat)?.[1];
  if (percentile === undefined) {
    throw optionFault(`invalid trend stat '${stat}', unknown format`);
  }
  const rank = percentile.trim() === '' ? Number.NaN : Number(percentile);
  if (!(rank >= 0 && rank <= 100)) {
    throw optionFault(
      `invalid percentile trend stat value '${stat}', provide a number between 0 and 100`,
    );
  }
}

function parseTag(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? '' : text.slice(equals + 1);
  if (name === '') throw optionFault(`error parsing tag '${text}': invalid tag, empty name`);
  if (value === '') throw optionFault(`error parsing tag '${text}': invalid tag, empty value`);
  return { [name]: value };
}

function parseEnvTag(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 0) throw optionFault(`invalid map item: ${JSON.stringify(text)}`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function checkCidr(text: string): void {
  if (parseCidr(text) === undefined) throw optionFault(`invalid CIDR address: ${text}`);
}

function parseThreshold(json: unknown): ThresholdSpec {
  if (typeof json === 'string') {
    return { threshold: json, abortOnFail: false, delayAbortEvalMs: undefined };
  }
  if (!isRecord(json)) throw typeFault(json, 'metrics.thresholdConfig');
  const { fields } = matchFields(json, ['threshold', 'abortOnFail', 'delayAbortEval']);
  const delay = fields.get('delayAbortEval');
  return {
    threshold: stringKind.fromJson(fields.get('threshold') ?? ''),
    abortOnFail: boolKind.fromJson(fields.get('abortOnFail') ?? false),
    delayAbortEvalMs: delay === undefined ? undefined : durationKind.fromJson(delay),
  };
}

function thresholdToJson({ threshold, abortOnFail, delayAbortEvalMs }: ThresholdSpec): unknown {
  if (!abortOnFail && delayAbortEvalMs === undefined) return threshold;
  const delay = delayAbortEvalMs === undefined ? null : durationKind.toJson(delayAbortEvalMs);
  return { threshold, abortOnFail, delayAbortEval: delay };
}

function checkTlsRange({ min, max }: TlsVersionRange): void {
  if (min === undefined || max === undefined) return;
  if (TLS_VERSIONS.indexOf(min) <= TLS_VERSIONS.indexOf(max)) return;
  throw optionFault(`tlsVersion: got min ${min} above max ${max}; expected a min up to the max`);
}

function parseTlsVersion(text: string): TlsVersion | undefined {
  if (text === '') return undefined;
  const version = TLS_VERSIONS.find((known) => known === text);
  if (version === undefined) throw optionFault(`unknown TLS version '${text}'`);
  return version;
}

function parseCertificate(json: unknown): ClientCertificate {
  if (!isRecord(json)) throw typeFault(json, 'lib.TLSAuth');
  const { fields } = matchFields(json, ['cert', 'key', 'password', 'domains']);
  const password = fields.get('password');
  return {
    cert: stringKind.fromJson(fields.get('cert') ?? ''),
    key: stringKind.fromJson(fields.get('key') ?? ''),
    password: password === undefined ? undefined : stringKind.fromJson(password),
    domains: toStringList(fields.get('domains') ?? []),
  };
}
