/** The settings of `--out experimental-prometheus-rw`: `K6_PROMETHEUS_RW_*`. The argument says nothing. */
import { basicAuthorization } from '../base/basic-authorization.ts';
import type { TlsSettings } from './http-sender.ts';
import { type Environment, OutputSettings } from './output-settings.ts';
import { parseTrendStat, type TrendStat } from './trend-stat.ts';

export const PROMETHEUS_NAME = 'experimental-prometheus-rw';
const PREFIX = 'K6_PROMETHEUS_RW_';
const HEADERS_PREFIX = 'HEADERS_';
const TLS_VERSIONS = { '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const;

export interface PrometheusSettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  readonly pushIntervalMs: number;
  readonly trendStats: readonly TrendStat[];
  /** Trends as native histograms instead of one series per stat. */
  readonly usesNativeHistograms: boolean;
  /** Ends every series with a marker, so that it does not linger for five minutes. */
  readonly hasStaleMarkers: boolean;
}

/** @throws GharialError OUTPUT_FAILED */
export function readPrometheusSettings(
  env: Environment,
  cwd: string,
  features: readonly string[],
): PrometheusSettings {
  const read = OutputSettings.ofEnvironment(PROMETHEUS_NAME, env, PREFIX);
  for (const key of ['SIGV4_REGION', 'SIGV4_ACCESS_KEY', 'SIGV4_SECRET_KEY', 'SIGV4_PROFILE']) {
    read.refuse(key, 'put a proxy that signs requests before the server');
  }
  const address = read.text('SERVER_URL') ?? 'http://localhost:9090/api/v1/write';
  if (!URL.canParse(address) || !/^https?:/.test(address)) {
    throw read.fault(`${PREFIX}SERVER_URL: got ${JSON.stringify(address)}; expected an http URL`);
  }
  const url = new URL(address);
  const username = read.text('USERNAME') ?? decodeURIComponent(url.username);
  const password = read.text('PASSWORD') ?? decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return {
    url,
    headers: readHeaders(read, username, password),
    tls: readTls(read, cwd),
    pushIntervalMs: read.durationMs('PUSH_INTERVAL') ?? 5000,
    trendStats: (read.list('TREND_STATS') ?? ['p(99)']).map((text) => {
      const stat = parseTrendStat(text);
      if (stat !== undefined) return stat;
      throw read.fault(`invalid trend stat '${text}', unknown format`);
    }),
    usesNativeHistograms:
      read.bool('TREND_AS_NATIVE_HISTOGRAM') ?? features.includes('native-histograms'),
    hasStaleMarkers: read.bool('STALE_MARKERS') ?? false,
  };
}

function readHeaders(
  read: OutputSettings,
  username: string,
  password: string,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of read.pairs('HTTP_HEADERS', ':')) headers[name] = value;
  for (const key of read.keys()) {
    if (!key.startsWith(HEADERS_PREFIX)) continue;
    headers[key.slice(HEADERS_PREFIX.length)] = read.text(key) ?? '';
  }
  const token = read.text('BEARER_TOKEN');
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
  else if (username !== '') headers['Authorization'] = basicAuthorization(username, password);
  return headers;
}

function readTls(read: OutputSettings, cwd: string): TlsSettings {
  const version = read.text('TLS_MINIMUM_VERSION') ?? '1.3';
  if (!Object.hasOwn(TLS_VERSIONS, version)) {
    throw read.fault(`${PREFIX}TLS_MINIMUM_VERSION: got '${version}'; expected 1.2 or 1.3`);
  }
  const certificate = read.file('CLIENT_CERTIFICATE', cwd);
  const key = read.file('CLIENT_CERTIFICATE_KEY', cwd);
  return {
    isVerified: read.bool('INSECURE_SKIP_TLS_VERIFY') !== true,
    minVersion: TLS_VERSIONS[version as keyof typeof TLS_VERSIONS], // a key of it, see above
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
