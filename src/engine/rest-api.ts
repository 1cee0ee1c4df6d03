/**
 * The REST API of a running test (`--address`), as k6 has it: state and steering, metrics, groups, setup
 * data, setup and teardown on demand.
 *
 * Answers are JSON:API envelopes. k6-diff: metrics and groups are sent as application/json too; k6 calls
 * them text/plain.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ExitCode, GharialError } from '../base/errors.ts';
import type { Aggregate, MetricView } from '../metrics/aggregate.ts';
import type { MetricThresholds, ThresholdSet } from '../metrics/threshold.ts';
import { type GroupNode, k6Metrics, readStat, rootGroup } from '../output/summary-data.ts';

/** k6's numbers for where a test stands. */
export const ApiStage = {
  initVus: 1,
  pausedBeforeRun: 4,
  setup: 6,
  running: 7,
  teardown: 8,
  ended: 9,
  interrupted: 10,
} as const;
export type ApiStage = (typeof ApiStage)[keyof typeof ApiStage];

/** The state of the test, under the names of the API. */
export interface ApiStatus {
  readonly status: ApiStage;
  readonly paused: boolean;
  readonly vus: number;
  readonly 'vus-max': number;
  readonly stopped: boolean;
  readonly running: boolean;
  /** A threshold is crossed. */
  readonly tainted: boolean;
}

/** What the API may ask of a run. Refusals are `GharialError`s, whose texts clients get. */
export interface RunControl {
  readonly aggregate: Aggregate;
  readonly thresholds: ThresholdSet | undefined;
  status(): ApiStatus;
  /** Time of the run so far, for rates per second. */
  elapsedMs(): number;
  /** Ends the run with exit code 103. */
  stop(): void;
  setPaused(isPaused: boolean): void;
  setVus(vus: number | undefined, vusMax: number | undefined): void;
  /** JSON text; undefined = none. */
  setupData(): string | undefined;
  setSetupData(json: string | undefined): void;
  runSetup(): Promise<void>;
  runTeardown(): Promise<void>;
}

export interface RestApi {
  /** The address it listens on, with the port it was given if that was 0. */
  readonly address: string;
  close(): Promise<void>;
}

/** Setup data may be large, but not without limit. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Serves the API.
 * @param address `host:port`; no host: all interfaces.
 * @throws GharialError API_UNAVAILABLE, exit code 106.
 */
export async function startRestApi(address: string, control: RunControl): Promise<RestApi> {
  const [, bracketed, plain = '', portText = ''] =
    /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(address) ?? [];
  if (portText === '') throw unavailable(address, 'expected host:port');
  const host = bracketed ?? plain;
  const server = createServer((request, response) => {
    void answer(request, response, control);
  });
  try {
    server.listen({ port: Number(portText), ...(host === '' ? {} : { host }) });
    await once(server, 'listening');
  } catch (error) {
    throw unavailable(address, error instanceof Error ? error.message : String(error), error);
  }
  return {
    address: `${host === '' ? '' : host}:${portOf(server)}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function unavailable(address: string, reason: string, cause?: unknown): GharialError {
  return new GharialError('API_UNAVAILABLE', `Error from API server: ${address}: ${reason}`, {
    exitCode: ExitCode.apiUnavailable,
    cause,
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Reply {
  readonly status: number;
  /** An object is sent as JSON. */
  readonly body: unknown;
  readonly type?: string;
}

/** An answer that tells what is wrong. */
class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly status: number;
  readonly title: string;

  constructor(status: number, title: string, detail: string) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

const JSON_UTF8 = 'application/json; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const NOT_ALLOWED: Reply = { status: 405, body: '' };

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  control: RunControl,
): Promise<void> {
  let reply: Reply;
  try {
    reply = await route(request, control);
  } catch (error) {
    const { status, title, message } =
      error instanceof ApiFault ? error : toFault('Internal error', error);
    reply = { status, body: { errors: [{ status: String(status), title, detail: message }] } };
  }
  const { status, body, type } = reply;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const contentType = type ?? (typeof body === 'string' ? TEXT : JSON_UTF8);
  response.writeHead(status, text === '' ? {} : { 'content-type': contentType });
  response.end(text);
}

function toFault(title: string, error: unknown): ApiFault {
  if (error instanceof GharialError) return new ApiFault(500, title, error.message);
  throw error;
}

async function route(request: IncomingMessage, control: RunControl): Promise<Reply> {
  const path = decodePath(request.url ?? '/');
  const [, version, resource = '', id] = path.split('/');
  if (version !== 'v1') return other(path);
  const method = request.method ?? 'GET';
  switch (id === undefined ? resource : `${resource}/*`) {
    case 'status':
      if (method === 'GET') return ok(statusEnvelope(control));
      return method === 'PATCH' ? patchStatus(await readBody(request), control) : NOT_ALLOWED;
    case 'metrics':
      return method === 'GET' ? ok({ data: listMetrics(control) }) : NOT_ALLOWED;
    case 'metrics/*':
      return method === 'GET' ? oneOf(listMetrics(control), id, 'metric') : NOT_ALLOWED;
    case 'groups':
      return method === 'GET' ? ok({ data: listGroups(control) }) : NOT_ALLOWED;
    case 'groups/*':
      return method === 'GET' ? oneOf(listGroups(control), id, 'group') : NOT_ALLOWED;
    case 'setup':
      return setup(method, request, control);
    case 'teardown':
      return method === 'POST' ? teardown(control) : NOT_ALLOWED;
    default:
      return other(path);
  }
}

/** The path without query, each part decoded; a part that cannot be is left as it is. */
function decodePath(url: string): string {
  const path = url.split('?')[0] ?? '';
  return path.replace(/[^/]+/g, (part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** k6 answers `ok` wherever nothing else is. */
function other(path: string): Reply {
  if (path === '/metrics' || path.startsWith('/debug/')) {
    const detail = 'gharial does not serve its own process metrics; use the tools of Node.js';
    throw new ApiFault(404, 'Not Found', detail);
  }
  return { status: 200, body: 'ok' };
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function oneOf(list: readonly { readonly id: string }[], id: unknown, kind: string): Reply {
  const found = list.find((resource) => resource.id === id);
  if (found === undefined)
    throw new ApiFault(404, 'Not Found', `No ${kind} with that ID was found`);
  return ok({ data: found });
}

// ---- status ------------------------------------------------------------------------------------

function statusEnvelope(control: RunControl): unknown {
  return { data: { type: 'status', id: 'default', attributes: control.status() } };
}

function patchStatus(body: string, control: RunControl): Reply {
  const { paused, stopped, vus, vusMax } = readStatusChange(body);
  if (stopped === true) {
    control.stop();
    return ok(statusEnvelope(control));
  }
  refusedAs('Pause error', () => {
    if (paused !== undefined) control.setPaused(paused);
  });
  refusedAs('Execution config error', () => {
    if (vus !== undefined || vusMax !== undefined) control.setVus(vus, vusMax);
  });
  return ok(statusEnvelope(control));
}

function refusedAs(title: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    throw toFault(title, error);
  }
}

interface StatusChange {
  readonly paused: boolean | undefined;
  readonly stopped: boolean | undefined;
  readonly vus: number | undefined;
  readonly vusMax: number | undefined;
}

function readStatusChange(body: string): StatusChange {
  const attributes = property(property(parseJson(body), 'data'), 'attributes');
  const boolean = (name: string): boolean | undefined => {
    const value = property(attributes, name) ?? undefined;
    if (value === undefined || typeof value === 'boolean') return value;
    throw invalidData(`${name}: expected a boolean`);
  };
  const count = (name: string): number | undefined => {
    const value = property(attributes, name) ?? undefined;
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) {
      return value;
    }
    throw invalidData(`${name}: expected an integer`);
  };
  return {
    paused: boolean('paused'),
    stopped: boolean('stopped'),
    vus: count('vus'),
    vusMax: count('vus-max'),
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw invalidData(error instanceof Error ? error.message : String(error));
  }
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function invalidData(detail: string): ApiFault {
  return new ApiFault(400, 'Invalid data', detail);
}

/** A client that goes away in the middle gets, and hears, nothing. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      const buffer = Buffer.from(chunk);
      bytes += buffer.length;
      if (bytes > BODY_BYTES_MAX) break;
      chunks.push(buffer);
    }
  } catch (error) {
    throw invalidData(error instanceof Error ? error.message : String(error));
  }
  if (bytes > BODY_BYTES_MAX) {
    throw new ApiFault(413, 'Body too large', `at most ${BODY_BYTES_MAX} bytes are taken`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

// ---- metrics -----------------------------------------------------------------------------------

/** The values clients get, whatever summaryTrendStats says. */
const SAMPLE_STATS = {
  counter: ['count', 'rate'],
  gauge: ['value'],
  rate: ['rate'],
  trend: ['avg', 'max', 'med', 'min', 'p(90)', 'p(95)'],
} as const;

interface MetricResource {
  readonly type: 'metrics';
  readonly id: string;
  readonly attributes: unknown;
}

/** Metrics with samples or thresholds, and their sub-metrics. */
function listMetrics(control: RunControl): MetricResource[] {
  const { aggregate, thresholds } = control;
  const judged = new Map(thresholds?.metrics.map((metric) => [metric.view.name, metric]));
  const metrics = new Set(k6Metrics(aggregate));
  for (const { view } of judged.values()) metrics.add(view.metric);
  return [...metrics].flatMap((metric) =>
    [aggregate.total(metric), ...aggregate.submetrics(metric)].map((view) =>
      metricResource(view, judged.get(view.name), control.elapsedMs()),
    ),
  );
}

function metricResource(
  { name, metric, sink }: MetricView,
  judged: MetricThresholds | undefined,
  elapsedMs: number,
): MetricResource {
  const { type, contains } = metric;
  const stats = SAMPLE_STATS[type].map((stat) => [stat, readStat(sink, stat, elapsedMs) ?? 0]);
  return {
    type: 'metrics',
    id: name,
    attributes: {
      type,
      contains,
      tainted: judged === undefined || sink.count === 0 ? null : isCrossed(judged),
      sample: Object.fromEntries(stats),
    },
  };
}

/** A threshold of the metric does not hold. */
export function isCrossed({ states }: MetricThresholds): boolean {
  return states.some(({ isOk }) => !isOk);
}

// ---- groups ------------------------------------------------------------------------------------

interface GroupResource {
  readonly type: 'groups';
  readonly id: string;
  readonly attributes: unknown;
  readonly relationships: unknown;
}

function listGroups(control: RunControl): GroupResource[] {
  return flatten(rootGroup(control.aggregate), undefined);
}

function flatten(group: GroupNode, parentId: string | undefined): GroupResource[] {
  const { id, path, name, checks, groups } = group;
  const reference = (groupId: string): unknown => ({ type: 'groups', id: groupId });
  const own: GroupResource = {
    type: 'groups',
    id,
    attributes: { path, name, checks: checks.length === 0 ? null : checks.map(checkAttributes) },
    relationships: {
      groups: { data: groups.map((child) => reference(child.id)) },
      parent: { data: parentId === undefined ? null : reference(parentId) },
    },
  };
  return [own, ...groups.flatMap((child) => flatten(child, id))];
}

function checkAttributes({ id, path, name, passes, fails }: GroupNode['checks'][number]): unknown {
  return { id, path, name, passes, fails };
}

// ---- setup and teardown ------------------------------------------------------------------------

async function setup(
  method: string,
  request: IncomingMessage,
  control: RunControl,
): Promise<Reply> {
  if (method === 'PUT') {
    const body = await readBody(request);
    control.setSetupData(body === '' ? undefined : JSON.stringify(parseJson(body)));
  } else if (method === 'POST') {
    await control.runSetup().catch((error: unknown) => {
      throw toFault('Error executing setup', error);
    });
  } else if (method !== 'GET') {
    return NOT_ALLOWED;
  }
  const json = control.setupData();
  const attributes = json === undefined ? {} : { data: JSON.parse(json) };
  return {
    status: 200,
    body: { data: { type: 'setupData', id: 'default', attributes } },
    type: 'application/json',
  };
}

async function teardown(control: RunControl): Promise<Reply> {
  await control.runTeardown().catch((error: unknown) => {
    throw toFault('Error executing teardown', error);
  });
  return { status: 200, body: '' };
}
