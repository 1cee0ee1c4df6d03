/** The settings of `--out opentelemetry`: `K6_OTEL_*`, and two of OpenTelemetry's own. */
import { ExitCode } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { TlsSettings } from './http-sender.ts';
import { type Environment, OutputSettings } from './output-settings.ts';

export const OPENTELEMETRY_NAME = 'opentelemetry';
const PREFIX = 'K6_OTEL_';
const AGGREGATION = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION';
const HISTOGRAMS = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const;

export interface OpenTelemetrySettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly metricPrefix: string;
  readonly exportIntervalMs: number;
  /** How trends are told. */
  readonly histogram: (typeof HISTOGRAMS)[number];
}

/** @throws GharialError OUTPUT_FAILED, with exit code 104 as in k6 */
export function readOpenTelemetrySettings(env: Environment, cwd: string): OpenTelemetrySettings {
  const name = OPENTELEMETRY_NAME;
  const read = OutputSettings.ofEnvironment(name, env, PREFIX, ExitCode.invalidConfig);
  const protocol = read.text('EXPORTER_PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    const reason = protocol === 'grpc' ? 'is not supported yet' : 'is unknown';
    throw read.fault(`${PREFIX}EXPORTER_PROTOCOL: '${protocol}' ${reason}; expected http/protobuf`);
  }
  const histogram = env[AGGREGATION] || HISTOGRAMS[0];
  const known = HISTOGRAMS.find((kind) => kind === histogram);
  if (known === undefined) {
    throw read.fault(`${AGGREGATION}: got '${histogram}'; expected ${HISTOGRAMS.join(' or ')}`);
  }
  const ca = read.file('TLS_CERTIFICATE', cwd);
  const certificate = read.file('TLS_CLIENT_CERTIFICATE', cwd);
  const key = read.file('TLS_CLIENT_KEY', cwd);
  return {
    url: readUrl(read),
    headers: readHeaders(read),
    tls: {
      isVerified: read.bool('TLS_INSECURE_SKIP_VERIFY') !== true,
      minVersion: 'TLSv1.3',
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    },
    serviceName: read.text('SERVICE_NAME') ?? (env['OTEL_SERVICE_NAME'] || 'k6'),
    serviceVersion: read.text('SERVICE_VERSION') ?? VERSION,
    metricPrefix: read.text('METRIC_PREFIX') ?? '',
    exportIntervalMs: read.durationMs('EXPORT_INTERVAL') ?? 10_000,
    histogram: known,
  };
}

/** The endpoint has no scheme: whether it is secure is a setting of its own. */
function readUrl(read: OutputSettings): URL {
  const endpoint = read.text('HTTP_EXPORTER_ENDPOINT') ?? 'localhost:4318';
  const path = read.text('HTTP_EXPORTER_URL_PATH') ?? '/v1/metrics';
  const scheme = read.bool('HTTP_EXPORTER_INSECURE') === true ? 'http' : 'https';
  const address = `${scheme}://${endpoint}${path.startsWith('/') ? '' : '/'}${path}`;
  if (!endpoint.includes('/') && URL.canParse(address)) return new URL(address);
  throw read.fault(
    `${PREFIX}HTTP_EXPORTER_ENDPOINT: got ${JSON.stringify(endpoint)}; expected host:port`,
  );
}

function readHeaders(read: OutputSettings): Record<string, string> {
  const headers = Object.fromEntries(read.pairs('HEADERS', '='));
  const username = read.text('HTTP_EXPORTER_USERNAME');
  if (username !== undefined) {
    const pair = `${username}:${read.text('HTTP_EXPORTER_PASSWORD') ?? ''}`;
    headers['Authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return headers;
}
