/**
 * `--out influxdb=http://host:8086/db` (version 1) and `--out influxdb2=http://host:8086/` (version 2 and
 * later): every sample as a point, in line protocol. Only the address and the credentials differ.
 */
import { basicAuthorization } from '../base/basic-authorization.ts';
import type { AggregateSeries } from '../metrics/aggregate.ts';
import { type HttpBatch, HttpSender } from './http-sender.ts';
import { type InfluxFieldKind, type SeriesLine, seriesLine } from './influx-line.ts';
import { type Output, type OutputLosses, type SampleBatch, withDropped } from './output.ts';
import { type Environment, OutputSettings, outputFault } from './output-settings.ts';
import { PushInterval } from './push-interval.ts';
import { toMicroseconds } from './sample-time.ts';

const DIVISORS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const MICROSECOND_NAMES: ReadonlySet<string> = new Set(['u', 'us', 'µ']);
const FIELD_KINDS: readonly string[] = ['string', 'bool', 'float', 'int'];
/** Of one request. */
const BODY_CHARS_MAX = 1 << 20;
const TIMEOUT_MS = 10_000;

export interface InfluxSettings {
  readonly outputName: string;
  /** Without credentials. */
  readonly description: string;
  readonly writeUrl: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked once at the start, whatever comes of it: makes the database. */
  readonly prepareUrl: URL | undefined;
  readonly precision: string;
  readonly pushIntervalMs: number;
  readonly concurrentWrites: number;
  readonly isVerified: boolean;
  readonly fieldKinds: ReadonlyMap<string, InfluxFieldKind>;
}

/**
 * Version 1: a URL with credentials, database and query before `K6_INFLUXDB_*` before defaults.
 * @throws GharialError OUTPUT_FAILED
 */
export function readInfluxSettings(argument: string, env: Environment): InfluxSettings {
  const name = 'influxdb';
  const { common, read, address } = readCommon(name, argument, env);
  const database = decodeURIComponent(lastSegment(address)) || (read.text('DB') ?? 'k6');
  const username = decodeURIComponent(address.username) || read.text('USERNAME');
  const password = decodeURIComponent(address.password) || read.text('PASSWORD');
  const base = basePath(address);
  const prepareUrl = new URL(`${base}/query`, address.origin);
  prepareUrl.searchParams.set('q', `CREATE DATABASE ${quoteDatabase(database)}`);
  const writeUrl = new URL(`${base}/write`, address.origin);
  writeUrl.searchParams.set('consistency', read.text('CONSISTENCY') ?? '');
  writeUrl.searchParams.set('db', database);
  writeUrl.searchParams.set('precision', common.precision);
  writeUrl.searchParams.set('rp', read.text('RETENTION') ?? '');
  const headers: Record<string, string> = {};
  if (username !== undefined) {
    headers['Authorization'] = basicAuthorization(username, password ?? '');
  }
  return {
    ...common,
    description: `InfluxDBv1 (${address.origin})`,
    writeUrl,
    prepareUrl,
    headers,
  };
}

/**
 * Version 2: the address before `K6_INFLUXDB_*`; organization, bucket and token from the environment.
 * @throws GharialError OUTPUT_FAILED
 */
export function readInflux2Settings(argument: string, env: Environment): InfluxSettings {
  const { common, read, address } = readCommon('influxdb2', argument, env);
  const bucket = read.text('BUCKET');
  if (bucket === undefined) {
    throw outputFault(
      'influxdb2',
      'K6_INFLUXDB_BUCKET: got nothing; expected the name of a bucket',
    );
  }
  const writeUrl = new URL(`${address.pathname.replace(/\/+$/, '')}/api/v2/write`, address.origin);
  writeUrl.searchParams.set('bucket', bucket);
  writeUrl.searchParams.set('org', read.text('ORGANIZATION') ?? '');
  writeUrl.searchParams.set('precision', common.precision);
  const token = read.text('TOKEN');
  return {
    ...common,
    description: `InfluxDBv2 (${address.origin})`,
    writeUrl,
    prepareUrl: undefined,
    headers: token === undefined ? {} : { Authorization: `Token ${token}` },
  };
}

const QUERY_KEYS: Readonly<Record<string, string>> = {
  insecure: 'INSECURE',
  payload_size: 'PAYLOAD_SIZE',
  precision: 'PRECISION',
  retention: 'RETENTION',
  consistency: 'CONSISTENCY',
  pushInterval: 'PUSH_INTERVAL',
  concurrentWrites: 'CONCURRENT_WRITES',
  tagsAsFields: 'TAGS_AS_FIELDS',
};

function readCommon(outputName: string, argument: string, env: Environment) {
  const prefix = 'K6_INFLUXDB_';
  const ofEnvironment = OutputSettings.ofEnvironment(outputName, env, prefix);
  const text = argument || (ofEnvironment.text('ADDR') ?? 'http://localhost:8086');
  const address = parseAddress(outputName, text);
  const values = new Map(ofEnvironment.keys().map((key) => [key, ofEnvironment.text(key) ?? '']));
  for (const key of new Set(address.searchParams.keys())) {
    const name = Object.hasOwn(QUERY_KEYS, key) ? QUERY_KEYS[key] : undefined;
    if (name === undefined) throw outputFault(outputName, `unknown query parameter: ${key}`);
    values.set(name, address.searchParams.getAll(key).join(','));
  }
  const read = new OutputSettings(outputName, values, (key) => `${prefix}${key}`);
  read.refuse('PROXY', 'point K6_INFLUXDB_ADDR at the server itself');
  const precision = read.text('PRECISION') ?? 'ns';
  const common = {
    outputName,
    precision: precision === 'n' ? 'ns' : precision,
    pushIntervalMs: read.durationMs('PUSH_INTERVAL') ?? 1000,
    concurrentWrites: read.count('CONCURRENT_WRITES') ?? 4,
    isVerified: read.bool('INSECURE') !== true,
    fieldKinds: readFieldKinds(outputName, read.list('TAGS_AS_FIELDS') ?? ['vu', 'iter', 'url']),
  };
  timeText(outputName, common.precision);
  return { common, read, address };
}

function parseAddress(outputName: string, text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw outputFault(outputName, `the address ${JSON.stringify(text)} is no URL`, error);
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw outputFault(outputName, `${url.protocol}// is not supported; expected http:// or https://`);
}

function readFieldKinds(
  outputName: string,
  entries: readonly string[],
): Map<string, InfluxFieldKind> {
  const kinds = new Map<string, InfluxFieldKind>();
  for (const entry of entries) {
    const [, tag = '', kind = 'string'] = /^(.*?)(?::([^:]*))?$/s.exec(entry) ?? [];
    if (!FIELD_KINDS.includes(kind)) {
      throw outputFault(
        outputName,
        `an invalid type (${kind}) is specified for an InfluxDB field (${tag})`,
      );
    }
    kinds.set(tag, kind as InfluxFieldKind); // one of them, see above
  }
  return kinds;
}

function lastSegment({ pathname }: URL): string {
  return pathname.slice(pathname.lastIndexOf('/') + 1);
}

/** What stands before the database: a server may be behind a prefix. */
function basePath({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/'));
}

function quoteDatabase(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** @throws GharialError OUTPUT_FAILED for an unknown precision */
function timeText(outputName: string, precision: string): (timeMs: number) => string {
  if (precision === 'ns') return distinctNanoseconds();
  if (MICROSECOND_NAMES.has(precision)) return (timeMs) => String(toMicroseconds(timeMs));
  if (Object.hasOwn(DIVISORS_MS, precision)) {
    const divisor = DIVISORS_MS[precision as keyof typeof DIVISORS_MS]; // a key of it
    return (timeMs) => String(Math.floor(timeMs / divisor));
  }
  throw outputFault(outputName, `precision: got '${precision}'; expected ns, us, ms, s, m or h`);
}

export class InfluxOutput implements Output {
  readonly needs = 'samples';
  readonly description: string;
  readonly #settings: InfluxSettings;
  readonly #sender: HttpSender;
  readonly #pushInterval: PushInterval;
  readonly #warn: (message: string) => void;
  readonly #timeText: (timeMs: number) => string;
  readonly #lines = new Map<AggregateSeries, SeriesLine>();
  #body = '';
  #bodySamples = 0;
  #droppedSamples = 0;
  #lastTimeMs = 0;

  constructor(settings: InfluxSettings, warn: (message: string) => void) {
    const { outputName, precision, concurrentWrites, isVerified } = settings;
    this.#settings = settings;
    this.#warn = warn;
    this.#pushInterval = new PushInterval(settings.pushIntervalMs);
    this.#timeText = timeText(outputName, precision);
    this.#sender = new HttpSender({
      name: outputName,
      timeoutMs: TIMEOUT_MS,
      concurrency: concurrentWrites,
      tls: { isVerified },
      warn,
    });
    this.description = settings.description;
  }

  /** Makes the database. A failure is no news: it may exist, or not be ours to make. */
  async start(): Promise<void> {
    const { prepareUrl } = this.#settings;
    if (prepareUrl !== undefined) await this.#sender.probe(this.#batch(prepareUrl, ''));
  }

  onSamples(batch: SampleBatch): void {
    this.#droppedSamples += batch.droppedSamples;
    for (const [index, series] of batch.series.entries()) {
      const value = batch.values[index] ?? 0;
      if (!Number.isFinite(value)) continue;
      let line = this.#lines.get(series);
      if (line === undefined) {
        line = seriesLine(series, this.#settings.fieldKinds);
        this.#lines.set(series, line);
      }
      const { head, fieldsBefore, fieldsAfter } = line;
      const timeMs = batch.timesMs[index] ?? 0;
      if (timeMs > this.#lastTimeMs) this.#lastTimeMs = timeMs;
      this.#body += `${head} ${fieldsBefore}value=${value}${fieldsAfter} ${this.#timeText(timeMs)}\n`;
      this.#bodySamples += 1;
      if (this.#body.length >= BODY_CHARS_MAX) this.#push();
    }
  }

  /** Time goes by the samples: without new ones there is nothing to send. */
  onTick(): void {
    if (this.#pushInterval.isDue(this.#lastTimeMs)) this.#push();
  }

  async stop(): Promise<void> {
    this.#push();
    await this.#sender.close();
    if (this.#droppedSamples === 0) return;
    this.#warn(
      `the ${this.#settings.outputName} output lost ${this.#droppedSamples} samples, since they came too fast`,
    );
  }

  get losses(): OutputLosses | undefined {
    return withDropped(this.#sender.losses, this.#droppedSamples);
  }

  #push(): void {
    if (this.#body === '') return;
    const body = this.#body;
    const samples = this.#bodySamples;
    this.#body = '';
    this.#bodySamples = 0;
    this.#sender.send({ ...this.#batch(this.#settings.writeUrl, body), samples });
  }

  #batch(url: URL, body: string): HttpBatch {
    const headers = {
      ...this.#settings.headers,
      'User-Agent': 'gharial',
      'Content-Type': 'text/plain; charset=utf-8',
    };
    return { url, headers, body: Buffer.from(body) };
  }
}

/**
 * InfluxDB keeps one point per series and time. Our times have microseconds, in which several samples may
 * fall; the digits behind tell them apart.
 */
function distinctNanoseconds(): (timeMs: number) => string {
  let count = 0;
  return (timeMs) => `${toMicroseconds(timeMs)}${String(count++ % 1000).padStart(3, '0')}`;
}
