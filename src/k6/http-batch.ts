/** `http.batch`: several requests at once, not more than the options `batch` and `batchPerHost` allow. */
import { goTypeName } from './go-types.ts';
import { RequestFault } from './http-errors.ts';
import { type HttpContext, HttpExchange, refusedResponse } from './http-exchange.ts';
import { type HttpRequest, parseRequest } from './http-request.ts';
import type { HttpResponse } from './http-response.ts';
import type { ExpectedStatuses } from './http-statuses.ts';
import { HttpUrl } from './http-url.ts';
import { NativeError } from './script-error.ts';

/** A request of a batch, or the response to what could not be one. */
interface Entry {
  readonly key: string;
  readonly request: HttpRequest | HttpResponse;
}

export interface Batch {
  readonly entries: readonly Entry[];
  /** The responses come as an array, else as an object with the keys of the requests. */
  readonly isArray: boolean;
}

/**
 * Reads the argument of `http.batch`.
 *
 * @throws NativeError for an argument that is no list of requests, RequestFault (with `throw`) for a bad request.
 */
export function parseBatch(
  context: HttpContext,
  expected: ExpectedStatuses | undefined,
  requests: unknown,
): Batch {
  if (typeof requests !== 'object' || requests === null) {
    throw new NativeError(`invalid http.batch() argument type ${goTypeName(requests)}`);
  }
  const entries = Object.entries(requests).map(([key, item]): Entry => {
    const [method, url, body, params] = argumentsOf(key, item);
    try {
      const request = parseRequest(context.host, expected, method, url, body, params);
      return { key, request };
    } catch (error) {
      if (!(error instanceof RequestFault) || context.host.isThrowing) throw error;
      return { key, request: refusedResponse(context, error) };
    }
  });
  return { entries, isArray: Array.isArray(requests) };
}

/** Method, URL, body and params of one item. */
function argumentsOf(key: string, item: unknown): readonly unknown[] {
  const isAddress = typeof item === 'string' || item instanceof String || item instanceof URL;
  if (isAddress || item instanceof HttpUrl) {
    return ['GET', item, undefined, undefined];
  }
  if (Array.isArray(item)) {
    if (item.length < 2)
      throw new NativeError(`invalid batch request ${key}: needs a method and a URL`);
    return item;
  }
  if (typeof item !== 'object' || item === null) {
    throw new NativeError(`invalid batch request ${key}: type ${goTypeName(item)}`);
  }
  if (!('url' in item) || item.url === undefined) {
    throw new NativeError(`batch request ${key} doesn't have a url key`);
  }
  const method: unknown = Reflect.get(item, 'method') ?? 'GET';
  return [method, item.url, Reflect.get(item, 'body'), Reflect.get(item, 'params')];
}

/** How a batch ends. One call, at most once. */
export interface BatchOutcome {
  ok(responses: unknown): void;
  fail(error: NativeError): void;
}

/** A batch under way. */
export class BatchRun {
  readonly #context: HttpContext;
  readonly #batch: Batch;
  readonly #outcome: BatchOutcome;
  readonly #waiting: { readonly key: string; readonly request: HttpRequest }[] = [];
  readonly #running = new Set<HttpExchange>();
  readonly #perHost = new Map<string, number>();
  readonly #responses = new Map<string, HttpResponse>();
  #failure: NativeError | undefined;

  constructor(context: HttpContext, batch: Batch, outcome: BatchOutcome) {
    this.#context = context;
    this.#batch = batch;
    this.#outcome = outcome;
    for (const { key, request } of batch.entries) {
      if ('jar' in request) this.#waiting.push({ key, request });
      else this.#responses.set(key, request);
    }
  }

  start(): void {
    this.#pump();
  }

  abort(): void {
    for (const exchange of this.#running) exchange.abort();
    this.#running.clear();
    this.#waiting.length = 0;
  }

  /** Starts what may run; requests to a host that is busy let others pass. */
  #pump(): void {
    const { batch, batchPerHost } = this.#context.host.http;
    for (let index = 0; index < this.#waiting.length; ) {
      if (batch > 0 && this.#running.size >= batch) return;
      const entry = this.#waiting[index];
      if (entry === undefined) return;
      const { hostHeader } = entry.request.url;
      const count = this.#perHost.get(hostHeader) ?? 0;
      if (batchPerHost > 0 && count >= batchPerHost) {
        index += 1;
        continue;
      }
      this.#waiting.splice(index, 1);
      this.#perHost.set(hostHeader, count + 1);
      this.#startOne(entry.key, entry.request);
    }
    if (this.#running.size > 0) return;
    if (this.#failure === undefined) this.#outcome.ok(this.#collect());
    else this.#outcome.fail(this.#failure);
  }

  #startOne(key: string, request: HttpRequest): void {
    const { hostHeader } = request.url;
    const end = (): void => {
      this.#running.delete(exchange);
      this.#perHost.set(hostHeader, (this.#perHost.get(hostHeader) ?? 1) - 1);
      this.#pump();
    };
    const exchange = new HttpExchange(this.#context, request, {
      ok: (response) => {
        this.#responses.set(key, response);
        end();
      },
      fail: (error) => {
        this.#failure ??= error;
        end();
      },
    });
    this.#running.add(exchange);
    exchange.start();
  }

  /** In the order of the requests, whichever came first. */
  #collect(): HttpResponse[] | Record<string, HttpResponse> {
    const pairs = this.#batch.entries.flatMap(({ key }): [string, HttpResponse][] => {
      const response = this.#responses.get(key);
      return response === undefined ? [] : [[key, response]];
    });
    return this.#batch.isArray ? pairs.map(([, response]) => response) : Object.fromEntries(pairs);
  }
}
