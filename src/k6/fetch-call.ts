/**
 * One `fetch()` of a script below undici's: a dispatcher that sends each hop (the request, and those that
 * redirects lead to) over the VU's connections, with the VU's cookies, the `rps` gate and a sample of its
 * own, as `k6/http` does. It holds the iteration until the last byte of the last answer.
 */
import type { Dispatcher } from 'undici';
import { nowMs } from '../base/clock.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import type { IterationResource, TimerHandle, VuHost } from './host.ts';
import type {
  ConnectionFacts,
  WireAnswer,
  WireExchange,
  WireOutcome,
  WireTimings,
} from './http-client.ts';
import { cookieHeader, cookiesToSend } from './http-cookies.ts';
import { logAnswer, logRequest } from './http-debug.ts';
import {
  ErrorCode,
  type FailurePoint,
  failureOf,
  type RequestFailure,
  RequestTimeoutError,
  requestErrorText,
  statusErrorCode,
} from './http-errors.ts';
import { setCookiesOf, type WireHeaders } from './http-headers.ts';
import { recordRequest } from './http-metrics.ts';
import type { HttpSession } from './http-session.ts';
import type { ExpectedStatuses } from './http-statuses.ts';
import { parseRequestUrl, type RequestUrl } from './http-url.ts';

/** What a `fetch()` is, apart from the request itself. */
export interface FetchFacts {
  readonly session: HttpSession;
  readonly tags: TagSet;
  readonly sendsCookies: boolean;
  /** The script has set the User-Agent header. */
  readonly namesUserAgent: boolean;
}

/** The script has given up a request. */
class CanceledError extends Error {
  constructor(cause: unknown) {
    super('context canceled', { cause });
  }
}

type Handler = Dispatcher.DispatchHandler;

export class FetchCall implements IterationResource {
  readonly kind = 'request';
  readonly facts: FetchFacts;
  readonly expected: ExpectedStatuses | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #onEnd: () => void;
  readonly #hops = new Set<FetchHop>();
  /** What is not over yet: hops, and the script's promise. */
  #openCount = 1;
  #isOver = false;

  /** @param onEnd the call is over, or its iteration. */
  constructor(facts: FetchFacts, onEnd: () => void) {
    this.facts = facts;
    const { host, expected } = facts.session;
    this.expected = expected;
    this.metadata = host.metadata;
    this.#onEnd = onEnd;
    host.hold();
    host.addResource(this);
  }

  /** Settles the script's promise in a task of the VU; not at all once the iteration is over. */
  settle(report: () => void): void {
    if (this.#isOver) return;
    this.facts.session.host.loop.post(() => {
      if (this.#isOver) return undefined;
      report();
      this.#close();
      return undefined;
    });
  }

  /** Part of undici's Dispatcher: what `fetch` needs of it. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    if (this.#isOver) return true;
    this.#openCount += 1;
    const hop = new FetchHop(this, handler);
    this.#hops.add(hop);
    void hop.start(options);
    return true;
  }

  hopEnded(hop: FetchHop): void {
    if (!this.#hops.delete(hop) || this.#isOver) return;
    this.#close();
  }

  #close(): void {
    this.#openCount -= 1;
    if (this.#openCount > 0) return;
    const { host } = this.facts.session;
    this.drop();
    host.removeResource(this);
    host.release();
  }

  drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const hop of this.#hops) hop.drop();
    this.#hops.clear();
    this.#onEnd();
  }

  windDown(): void {
    if (this.#isOver) return;
    const { host } = this.facts.session;
    this.drop();
    host.removeResource(this);
    host.release();
  }
}

/** One request and its answer, of which undici's handler is told. */
class FetchHop implements WireOutcome {
  readonly #call: FetchCall;
  readonly #handler: Handler;
  #url: RequestUrl | undefined;
  #method = '';
  #wire: WireExchange | undefined;
  #slotTimer: TimerHandle | undefined;
  #status = 0;
  #isOver = false;
  #debugId = '';
  /** Kept for the log only. */
  #answer: { readonly head: Omit<WireAnswer, 'body'>; readonly chunks: Buffer[] } | undefined;

  constructor(call: FetchCall, handler: Handler) {
    this.#call = call;
    this.#handler = handler;
  }

  get #host(): VuHost {
    return this.#call.facts.session.host;
  }

  async start({ origin, path, method, headers, body }: Dispatcher.DispatchOptions): Promise<void> {
    this.#handler.onConnect?.((reason?: Error) => this.#abort(reason));
    this.#method = method;
    try {
      const url = parseRequestUrl(`${String(origin)}${path}`);
      this.#url = url;
      const bytes = await bytesOf(body);
      this.#whenAllowed(() => this.#send(url, headers, bytes));
    } catch (error) {
      this.#end(() => this.#handler.onError?.(toError(error)));
    }
  }

  /** As soon as the `rps` option allows. */
  #whenAllowed(send: () => void): void {
    const delayMs = (this.#host.http.reserveSlot?.() ?? 0) - nowMs();
    if (delayMs <= 0) send();
    else this.#slotTimer = this.#host.setTimer(delayMs, send);
  }

  #send(url: RequestUrl, given: unknown, body: Uint8Array | undefined): void {
    if (this.#isOver) return;
    const headers = this.#headerLines(url, given as Readonly<Record<string, string>>); // undici's list
    const method = this.#method;
    if (this.#host.http.debug !== '') {
      this.#debugId = logRequest(this.#host, { method, url, headers, body });
    }
    const { client } = this.#call.facts.session;
    this.#wire = client.send({ method, url, headers, body, discardsBody: false }, this);
  }

  #headerLines(url: RequestUrl, given: Readonly<Record<string, string>>): string[] {
    const { sendsCookies, namesUserAgent } = this.#call.facts;
    const lines = ['Host', url.hostHeader];
    const { userAgent } = this.#host.network;
    if (!namesUserAgent && userAgent !== '') lines.push('User-Agent', userAgent);
    let ownCookie = '';
    for (const [name, value] of Object.entries(given)) {
      const key = name.toLowerCase();
      if (key === 'cookie') ownCookie = value;
      else if (key !== 'user-agent' || namesUserAgent) lines.push(name, value);
    }
    const cookies = sendsCookies ? cookiesToSend(this.#host.cookies, url.text, []) : [];
    const cookie = cookieHeader(cookies, ownCookie);
    if (cookie !== '') lines.push('Cookie', cookie);
    return lines;
  }

  /** undici wants no more of it. */
  #abort(reason: Error | undefined): void {
    if (this.#isOver) return;
    const error =
      reason?.name === 'TimeoutError' ? new RequestTimeoutError() : new CanceledError(reason);
    if (this.#wire !== undefined) this.#wire.abort(error);
    else this.#end(() => this.#handler.onError?.(error));
  }

  head(status: number, statusText: string, headers: WireHeaders): void {
    const url = this.#url;
    if (this.#isOver || url === undefined) return;
    this.#status = status;
    const cookies = setCookiesOf(headers);
    if (cookies.length > 0 && this.#call.facts.sendsCookies) {
      this.#host.cookies.setCookies(url.text, cookies);
    }
    if (this.#host.http.debug !== '') {
      this.#answer = { head: { status, statusText, headers }, chunks: [] };
    }
    this.#handler.onHeaders?.(status, rawHeaders(headers), () => {}, statusText);
  }

  data(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#host.http.debug === 'full') this.#answer?.chunks.push(chunk);
    this.#handler.onData?.(chunk);
  }

  answered(_answer: WireAnswer, timings: WireTimings, facts: ConnectionFacts): void {
    this.#end(() => {
      this.#record(NO_FAILURE, this.#status, timings, facts);
      this.#handler.onComplete?.([]);
    });
  }

  failed(error: Error, point: FailurePoint, timings: WireTimings, facts: ConnectionFacts): void {
    this.#end(() => {
      // Who has read enough of an answer had an answer.
      if (error instanceof CanceledError && this.#status !== 0) {
        this.#record(NO_FAILURE, this.#status, timings, facts);
        this.#handler.onError?.(error);
        return;
      }
      const failure = error instanceof CanceledError ? CANCELED : failureOf(error, point);
      this.#record(failure, 0, timings, facts);
      const text = requestErrorText(this.#method, this.#url?.clean ?? '', failure.detail);
      this.#handler.onError?.(new Error(text, { cause: error }));
    });
  }

  #record(
    failure: RequestFailure,
    status: number,
    timings: WireTimings,
    facts: ConnectionFacts,
  ): void {
    const { tags } = this.#call.facts;
    const { expected, metadata } = this.#call;
    if (this.#answer !== undefined) {
      const { head, chunks } = this.#answer;
      logAnswer(this.#host, this.#debugId, { ...head, body: Buffer.concat(chunks) }, facts);
    }
    const outcome = {
      method: this.#method,
      url: this.#url?.clean ?? '',
      status,
      error: failure.text,
      errorCode: failure.code === 0 ? statusErrorCode(status) : failure.code,
      isExpected: expected?.has(status),
      facts,
    };
    recordRequest(this.#host, tags, metadata, outcome, timings);
  }

  /** The iteration is over: no samples, and nobody is told. */
  drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#slotTimer?.cancel();
    this.#wire?.abort(undefined);
  }

  #end(report: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#slotTimer?.cancel();
    report();
    this.#call.hopEnded(this);
  }
}

const NO_FAILURE: RequestFailure = { code: 0, text: '', detail: '' };
const CANCELED: RequestFailure = {
  code: ErrorCode.general,
  text: 'context canceled',
  detail: 'context canceled',
};

/** A body whole: it can be sent again, and how long it takes can be told. */
async function bytesOf(body: unknown): Promise<Uint8Array | undefined> {
  if (body === null || body === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk); // fetch gives no other
  return Buffer.concat(chunks);
}

/** As undici's parser gives them: names and values in turn. */
function rawHeaders(headers: WireHeaders): Buffer[] {
  const raw: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [value ?? []].flat()) {
      raw.push(Buffer.from(name, 'latin1'), Buffer.from(text, 'latin1'));
    }
  }
  return raw;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
