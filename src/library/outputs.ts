/** The outputs there are, by the name `--out` takes; any other name is that of an npm package. */
import { GharialError } from '../base/errors.ts';
import { DASHBOARD_NAME, isDashboardSpec } from '../dashboard/settings.ts';
import { CsvOutput, readCsvSettings } from '../output/csv.ts';
import { GithubAnnotationsOutput } from '../output/github-annotations.ts';
import { InfluxOutput, readInflux2Settings, readInfluxSettings } from '../output/influxdb.ts';
import { JsonOutput } from '../output/json.ts';
import { JunitOutput } from '../output/junit.ts';
import { OpenTelemetryOutput } from '../output/opentelemetry.ts';
import { readOpenTelemetrySettings } from '../output/opentelemetry-settings.ts';
import type { Output, TextWriter } from '../output/output.ts';
import { createPackageOutput, type OutputContext } from '../output/package-output.ts';
import { PrometheusOutput } from '../output/prometheus.ts';
import { PROMETHEUS_NAME, readPrometheusSettings } from '../output/prometheus-settings.ts';
import type { Surroundings } from './test-input.ts';

/** Also what packages need not know. */
type OutputFacts = OutputContext & OutputOptions;

const OUTPUTS: Readonly<Record<string, (facts: OutputFacts) => Output>> = {
  csv: ({ argument, env, ...context }) =>
    new CsvOutput({ ...readCsvSettings(argument, env), ...context }),
  [PROMETHEUS_NAME]: ({ env, cwd, features, warn }) =>
    new PrometheusOutput(readPrometheusSettings(env, cwd, features), warn),
  'github-annotations': ({ stdout, warn }) => new GithubAnnotationsOutput({ stdout, warn }),
  influxdb: ({ argument, env, warn }) => new InfluxOutput(readInfluxSettings(argument, env), warn),
  influxdb2: createInflux2,
  json: ({ argument, stdout, warn }) => new JsonOutput({ path: argument, stdout, warn }),
  junit: ({ argument, stdout, warn }) => new JunitOutput({ path: argument, stdout, warn }),
  opentelemetry: ({ env, cwd, warn }) =>
    new OpenTelemetryOutput(readOpenTelemetrySettings(env, cwd), warn),
  'experimental-opentelemetry': ({ env, cwd, warn }) => {
    warn('the experimental-opentelemetry output is deprecated; its name is opentelemetry now');
    return new OpenTelemetryOutput(readOpenTelemetrySettings(env, cwd), warn);
  },
  // The name of the k6 extension that writes to version 2; it reads the same variables.
  'xk6-influxdb': createInflux2,
};

/** What k6 has or had, and gharial has not. */
const MISSING: Readonly<Record<string, string>> = {
  cloud: 'results cannot be sent to Grafana Cloud; use experimental-prometheus-rw or opentelemetry',
  datadog: 'k6 removed it, too; use opentelemetry',
  kafka: 'k6 removed it, too; use an npm package that provides it',
  statsd: 'k6 removed it, too; use experimental-prometheus-rw or opentelemetry',
};

/** What outputs need to know of the run's options. */
export interface OutputOptions {
  readonly systemTags: readonly string[];
  /** Feature flags that are on. */
  readonly features: readonly string[];
}

/**
 * Makes the outputs of `--out type[=argument]`, one after the other.
 * @throws GharialError OUTPUT_UNKNOWN, OUTPUT_FAILED
 */
export async function createOutputs(
  specs: readonly string[],
  context: Surroundings & { readonly stdout: TextWriter },
  options: OutputOptions,
  warn: (message: string) => void,
): Promise<Output[]> {
  const { env, cwd, stdout } = context;
  const outputs: Output[] = [];
  for (const spec of specs) {
    const [, type = '', argument = ''] = /^([^=]*)(?:=(.*))?$/s.exec(spec) ?? [];
    const facts = { ...options, argument, env, cwd, stdout, warn };
    const create = Object.hasOwn(OUTPUTS, type) ? OUTPUTS[type] : undefined;
    const reason = Object.hasOwn(MISSING, type) ? MISSING[type] : undefined;
    if (reason !== undefined) throw missing(type, reason);
    const output = await (create === undefined ? createPackageOutput(type, facts) : create(facts));
    if (output === undefined) throw unknown(type);
    outputs.push(output);
  }
  return outputs;
}

/** False: `--out spec` is the affair of an npm package, and so is its argument. */
export function isBuiltInOutput(spec: string): boolean {
  const [type = ''] = spec.split('=', 1);
  return isDashboardSpec(spec) || Object.hasOwn(OUTPUTS, type);
}

function createInflux2({ argument, env, warn }: OutputFacts): Output {
  return new InfluxOutput(readInflux2Settings(argument, env), warn);
}

function missing(type: string, reason: string): GharialError {
  return new GharialError('OUTPUT_UNKNOWN', `the '${type}' output is not there: ${reason}`);
}

function unknown(type: string): GharialError {
  const known = [...Object.keys(OUTPUTS), DASHBOARD_NAME].toSorted().join(', ');
  return new GharialError(
    'OUTPUT_UNKNOWN',
    `invalid output type '${type}', available types are: ${known}`,
    { hint: 'outputs of npm packages are found if they are installed where the test is run' },
  );
}
