/** The settings of `--out opentelemetry`: `K6_OTEL_*`, and two of OpenTelemetry's own. */
import { basicAuthorization } from '../base/basic-authorization.ts';
import { ExitCode } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { TlsSettings } from './http-sender.ts';
import { type Environment, OutputSettings } from './output-settings.ts';

export const OPENTELEMETRY_NAME = 'opentelemetry';
const PREFIX = 'K6_OTEL_';
const AGGREGATION = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION';
const PROTOCOLS = ['grpc', 'http/protobuf'] as const;
const GRPC_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const HISTOGRAMS = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const;

export interface OpenTelemetrySettings {
  readonly protocol: (typeof PROTOCOLS)[number];
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
  const protocol = PROTOCOLS.find((known) => known === (read.text('EXPORTER_PROTOCOL') ?? 'grpc'));
  if (protocol === undefined) {
    throw read.fault(
      `unsupported exporter protocol '${read.text('EXPORTER_PROTOCOL')}'; expected ${PROTOCOLS.join(' or ')}`,
    );
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
    protocol,
    url: protocol === 'grpc' ? readGrpcUrl(read) : readHttpUrl(read),
    headers: readHeaders(read, protocol),
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

function readGrpcUrl(read: OutputSettings): URL {
  return toUrl(read, 'GRPC_EXPORTER', 'localhost:4317', GRPC_PATH);
}

function readHttpUrl(read: OutputSettings): URL {
  const path = read.text('HTTP_EXPORTER_URL_PATH') ?? '/v1/metrics';
  return toUrl(read, 'HTTP_EXPORTER', 'localhost:4318', path.startsWith('/') ? path : `/${path}`);
}

/** The endpoint has no scheme: whether it is secure is a setting of its own. */
function toUrl(read: OutputSettings, stem: string, byDefault: string, path: string): URL {
  const endpoint = read.text(`${stem}_ENDPOINT`) ?? byDefault;
  const scheme = read.bool(`${stem}_INSECURE`) === true ? 'http' : 'https';
  const address = `${scheme}://${endpoint}${path}`;
  if (!endpoint.includes('/') && URL.canParse(address)) return new URL(address);
  throw read.fault(
    `${PREFIX}${stem}_ENDPOINT: got ${JSON.stringify(endpoint)}; expected host:port`,
  );
}

function readHeaders(
  read: OutputSettings,
  protocol: OpenTelemetrySettings['protocol'],
): Record<string, string> {
  const headers = Object.fromEntries(read.pairs('HEADERS', '='));
  const username = read.text('HTTP_EXPORTER_USERNAME');
  if (username !== undefined && protocol === 'http/protobuf') {
    const password = read.text('HTTP_EXPORTER_PASSWORD') ?? '';
    headers['Authorization'] = basicAuthorization(username, password);
  }
  return headers;
}
