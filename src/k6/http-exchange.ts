/**
 * One request of a script from its first hop to the final answer: cookies, authentication, redirects,
 * the time limit, samples for each hop, and the response object.
 */
import { basicAuthorization } from '../base/basic-authorization.ts';
import { nowMs } from '../base/clock.ts';
import type { TimerHandle, VuHost } from './host.ts';
import type {
  ConnectionFacts,
  HttpClient,
  WireAnswer,
  WireExchange,
  WireOutcome,
  WireTimings,
} from './http-client.ts';
import { cookieHeader, cookiesToSend, readResponseCookies } from './http-cookies.ts';
import { logAnswer, logRequest } from './http-debug.ts';
import { bodyFor, decompress } from './http-decode.ts';
import { answerChallenge, DigestError } from './http-digest.ts';
import {
  DecompressionError,
  ErrorCode,
  type FailurePoint,
  failureOf,
  LongBodyError,
  type RequestFailure,
  type RequestFault,
  RequestTimeoutError,
  requestErrorText,
  statusErrorCode,
} from './http-errors.ts';
import { type AnswerHeaders, headerFault, readHeaders, toWireText } from './http-headers.ts';
import { protoOf, recordRequest, tlsVersionOf, withUrlName } from './http-metrics.ts';
import type { HttpRequest, RequestCookie } from './http-request.ts';
import { HttpResponse, type ResponseCalls, type SentRequest } from './http-response.ts';
import { STATUS_TEXTS } from './http-status-texts.ts';
import { CHALLENGE_STATUSES } from './http-statuses.ts';
import { isSameSite, parseRequestUrl, type RequestUrl, resolveUrl } from './http-url.ts';
import { NativeError } from './script-error.ts';
import { UrlSyntaxError } from './ws-url.ts';

/** What requests of one VU share. */
export interface HttpContext {
  readonly host: VuHost;
  readonly client: HttpClient;
  readonly calls: ResponseCalls;
}

/** Who waits for the response. One call, at most once, never before `start` has returned. */
export interface ExchangeOutcome {
  ok(response: HttpResponse): void;
  fail(error: NativeError): void;
}

/** One request on its way from answer to answer. */
interface Hop {
  readonly method: string;
  readonly url: RequestUrl;
  readonly headers: ReadonlyMap<string, string>;
  readonly hostHeader: string;
  readonly body: Uint8Array | undefined;
  readonly authorization: string;
}

const UNAUTHORIZED = 401;
/** Redirects that turn the request into a GET without a body, and those that repeat it. */
const REDIRECTS_TO_GET: ReadonlySet<number> = new Set([301, 302, 303]);
const REDIRECTS_AS_IS: ReadonlySet<number> = new Set([307, 308]);
const BODY_HEADERS: ReadonlySet<string> = new Set([
  'Content-Encoding',
  'Content-Language',
  'Content-Location',
  'Content-Type',
]);
/** Not to be sent on to another host. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'Authorization',
  'Cookie',
  'Cookie2',
  'Proxy-Authorization',
  'Www-Authenticate',
]);
/** Headers the protocol layer writes itself, whatever the script says. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'Host',
  'User-Agent',
  'Content-Length',
  'Transfer-Encoding',
  'Trailer',
  'Cookie',
]);

const NO_TIMINGS = {
  duration: 0,
  blocked: 0,
  looking_up: 0,
  connecting: 0,
  tls_handshaking: 0,
  sending: 0,
  waiting: 0,
  receiving: 0,
} as const;

export class HttpExchange implements WireOutcome {
  readonly #context: HttpContext;
  readonly #request: HttpRequest;
  readonly #outcome: ExchangeOutcome;
  readonly #metadata: ReadonlyMap<string, string>;
  #sent: SentRequest | undefined;
  #hop: Hop;
  #wire: WireExchange | undefined;
  #timer: TimerHandle | undefined;
  #slotTimer: TimerHandle | undefined;
  #redirects = 0;
  #hasAnsweredChallenge = false;
  #isOver = false;
  #debugId = '';

  constructor(context: HttpContext, request: HttpRequest, outcome: ExchangeOutcome) {
    this.#context = context;
    this.#request = request;
    this.#outcome = outcome;
    this.#metadata = context.host.metadata;
    const { headers, method, url, body } = request;
    const hostHeader = headers.get('Host') ?? url.hostHeader;
    this.#hop = { method, url, headers, hostHeader, body, authorization: basicAuth(request) };
  }

  start(): void {
    const { host } = this.#context;
    const { timeoutMs } = this.#request;
    this.#send();
    if (timeoutMs > 0) this.#timer = host.setTimer(timeoutMs, () => this.#onTimeout());
  }

  /** The script does not wait any more: no response, no samples. */
  abort(): void {
    if (this.#isOver) return;
    this.#end();
    this.#wire?.abort(undefined);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#slotTimer?.cancel();
  }

  #onTimeout(): void {
    if (this.#isOver) return;
    if (this.#wire !== undefined) this.#wire.abort(new RequestTimeoutError());
    else this.#failBeforeWire(new RequestTimeoutError());
  }

  /** Sends the current hop, as soon as the `rps` option allows. */
  #send(): void {
    const { host } = this.#context;
    const slotMs = host.http.reserveSlot?.() ?? 0;
    const delayMs = slotMs - nowMs();
    if (delayMs <= 0) {
      this.#sendNow();
      return;
    }
    this.#wire = undefined;
    this.#slotTimer = host.setTimer(delayMs, () => this.#sendNow());
  }

  #sendNow(): void {
    const { host, client } = this.#context;
    const { method, url, body } = this.#hop;
    const cookies = cookiesToSend(this.#request.jar, url.text, this.#request.cookies);
    const fault = url.fault === '' ? headerFault(this.#hop.headers) : url.fault;
    if (fault !== '') {
      this.#wire = undefined;
      queueMicrotask(() => this.#failBeforeWire(new Error(fault)));
      return;
    }
    const headers = this.#headerLines(cookies);
    this.#sent ??= this.#describeSent(cookies, headers);
    if (host.http.debug !== '') this.#debugId = logRequest(host, { method, url, headers, body });
    this.#wire = client.send(
      {
        method,
        url,
        headers,
        body,
        discardsBody: this.#request.responseType === 'none' && host.http.debug !== 'full',
      },
      this,
    );
  }

  #headerLines(cookies: readonly RequestCookie[]): string[] {
    const { headers, hostHeader, authorization } = this.#hop;
    const lines = ['Host', toWireText(hostHeader)];
    const userAgent = headers.get('User-Agent') ?? this.#context.host.network.userAgent;
    if (userAgent !== '') lines.push('User-Agent', toWireText(userAgent));
    if (authorization !== '') lines.push('Authorization', authorization);
    for (const [name, value] of headers) {
      if (!OWN_HEADERS.has(name)) lines.push(name, toWireText(value));
    }
    const cookie = cookieHeader(cookies, headers.get('Cookie'));
    if (cookie !== '') lines.push('Cookie', toWireText(cookie));
    return lines;
  }

  /** `res.request`: the first hop. */
  #describeSent(cookies: readonly RequestCookie[], lines: readonly string[]): SentRequest {
    const { method, url, body, bodyText } = this.#request;
    const headers: Record<string, string[]> = {};
    for (let index = 2; index + 1 < lines.length; index += 2) {
      headers[String(lines[index])] = [String(lines[index + 1])];
    }
    if (body !== undefined) headers['Content-Length'] = [String(body.length)];
    const byName: Record<string, RequestCookie[]> = {};
    for (const cookie of cookies) {
      const known = Object.hasOwn(byName, cookie.name) ? byName[cookie.name] : undefined;
      if (known === undefined) byName[cookie.name] = [cookie];
      else known.push(cookie);
    }
    return { method, url: url.text, headers, body: bodyText, cookies: byName };
  }

  answered(answer: WireAnswer, timings: WireTimings, facts: ConnectionFacts): void {
    if (this.#isOver) return;
    const { host } = this.#context;
    const headers = readHeaders(answer.headers);
    if (headers.setCookies.length > 0) {
      this.#request.jar.setCookies(this.#hop.url.text, headers.setCookies);
    }
    if (host.http.debug !== '') logAnswer(host, this.#debugId, answer, facts);
    let next: Hop | undefined;
    let body: HttpResponse['body'] = null;
    try {
      next = this.#nextHop(answer.status, headers);
      if (next === undefined) body = this.#bodyOf(answer, headers);
    } catch (error) {
      this.#failAfterAnswer(error, answer, timings, facts);
      return;
    }
    this.#record(answer.status, timings, facts);
    if (next !== undefined) {
      this.#hop = next;
      this.#send();
      return;
    }
    this.#end();
    this.#outcome.ok(this.#respond(answer, headers, body, timings, facts));
  }

  /** @throws DecompressionError, LongBodyError */
  #bodyOf({ body }: WireAnswer, headers: AnswerHeaders): HttpResponse['body'] {
    const { responseType } = this.#request;
    if (responseType === 'none') return null;
    return bodyFor(decompress(body, headers.byName['Content-Encoding'] ?? ''), responseType);
  }

  /** The challenge of digest authentication is expected; anything else is not, at that point. */
  #isExpected(status: number): boolean | undefined {
    const { expected, auth } = this.#request;
    if (expected === undefined) return undefined;
    const isFirst = auth === 'digest' && !this.#hasAnsweredChallenge;
    return (isFirst ? CHALLENGE_STATUSES : expected).has(status);
  }

  #record(status: number, timings: WireTimings, facts: ConnectionFacts): void {
    const { method, url } = this.#hop;
    const isChallenge = this.#isExpected(status);
    if (this.#request.auth === 'digest') this.#hasAnsweredChallenge = true;
    this.#recordOutcome(timings, {
      method,
      url: url.clean,
      status,
      error: '',
      errorCode: statusErrorCode(status),
      isExpected: isChallenge,
      facts,
    });
  }

  #recordOutcome(timings: WireTimings, outcome: Parameters<typeof recordRequest>[3]): void {
    const { host } = this.#context;
    const { tags, urlName } = this.#request;
    const base = urlName === '' ? tags : withUrlName(host, tags, urlName);
    recordRequest(host, base, this.#metadata, outcome, timings);
  }

  /**
   * The request that follows an answer, if any.
   *
   * @throws DigestError, UrlSyntaxError
   */
  #nextHop(status: number, headers: AnswerHeaders): Hop | undefined {
    if (status === UNAUTHORIZED) return this.#answerChallenge(headers);
    const location = headers.byName['Location'];
    if (location === undefined || location === '') return undefined;
    const becomesGet = REDIRECTS_TO_GET.has(status);
    if (!becomesGet && !REDIRECTS_AS_IS.has(status)) return undefined;
    const { redirectsMax, areRedirectsChosen } = this.#request;
    if (this.#redirects >= redirectsMax) {
      if (!areRedirectsChosen) {
        // k6 counts the one that is not followed.
        this.#context.host.log(
          'warning',
          `Stopped after ${this.#redirects + 1} redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this`,
          { url: this.#request.url.text },
        );
      }
      return undefined;
    }
    this.#redirects += 1;
    return this.#redirectTo(resolveUrl(this.#hop.url.text, location), becomesGet);
  }

  #redirectTo(address: string, becomesGet: boolean): Hop {
    const from = this.#hop;
    const url = parseRequestUrl(address);
    const isHome = isSameSite(this.#request.url, url);
    const method = becomesGet && from.method !== 'HEAD' ? 'GET' : from.method;
    const dropsBody = becomesGet;
    const headers = new Map<string, string>();
    for (const [name, value] of from.headers) {
      if (name === 'Host' || (dropsBody && BODY_HEADERS.has(name))) continue;
      if (isHome || !SECRET_HEADERS.has(name)) headers.set(name, value);
    }
    const leavesTls = from.url.isSecure && !url.isSecure;
    if (!leavesTls && !this.#request.headers.has('Referer')) headers.set('Referer', from.url.text);
    const staysOnHost = url.hostHeader === from.url.hostHeader;
    return {
      method,
      url,
      headers,
      hostHeader: staysOnHost ? from.hostHeader : url.hostHeader,
      body: dropsBody ? undefined : from.body,
      authorization: isHome ? from.authorization : '',
    };
  }

  #answerChallenge(headers: AnswerHeaders): Hop | undefined {
    const { auth, url } = this.#request;
    if (auth !== 'digest' || this.#hasAnsweredChallenge || url.user === undefined) {
      return undefined;
    }
    const challenge = headers.byName['Www-Authenticate'] ?? '';
    const { method, url: target } = this.#hop;
    const authorization = answerChallenge(challenge, method, target.target, url.user);
    return { ...this.#hop, authorization };
  }

  #respond(
    answer: WireAnswer,
    headers: AnswerHeaders,
    body: HttpResponse['body'],
    timings: WireTimings,
    facts: ConnectionFacts,
  ): HttpResponse {
    const { status } = answer;
    const reason = answer.statusText === '' ? (STATUS_TEXTS[status] ?? '') : answer.statusText;
    return new HttpResponse(
      {
        remote_ip: facts.remoteIp,
        remote_port: facts.remotePort,
        url: this.#hop.url.text,
        status,
        status_text: `${status} ${reason}`,
        proto: protoOf(facts),
        headers: headers.byName,
        cookies: readResponseCookies(headers.setCookies),
        body,
        timings: timingsFor(timings),
        tls_version: tlsVersionOf(facts),
        tls_cipher_suite: facts.tls?.cipherSuite ?? '',
        error: '',
        error_code: statusErrorCode(status),
        request: this.#sentRequest(),
      },
      this.#context.calls,
    );
  }

  #sentRequest(): SentRequest {
    this.#sent ??= this.#describeSent([], this.#headerLines([]));
    return this.#sent;
  }

  failed(error: Error, point: FailurePoint, timings: WireTimings, facts: ConnectionFacts): void {
    if (this.#isOver) return;
    this.#failWith(failureOf(error, point), timings, facts);
  }

  #failBeforeWire(error: Error): void {
    if (this.#isOver) return;
    const { host, port } = this.#hop.url;
    const point: FailurePoint = {
      host,
      port,
      remoteAddress: undefined,
      localAddress: undefined,
      stage: 'dial',
      isProxied: false,
    };
    const timings = {
      blockedMs: 0,
      connectingMs: 0,
      tlsMs: 0,
      sendingMs: 0,
      waitingMs: 0,
      receivingMs: 0,
      endMs: nowMs(),
    };
    this.#failWith(failureOf(error, point), timings, NO_CONNECTION);
  }

  /** The answer came, but leads nowhere: a redirect to no address, a body that cannot be read. */
  #failAfterAnswer(
    error: unknown,
    answer: WireAnswer,
    timings: WireTimings,
    facts: ConnectionFacts,
  ): void {
    if (error instanceof DecompressionError || error instanceof LongBodyError) {
      const { message } = error;
      const isLong = error instanceof LongBodyError;
      const code = isLong ? ErrorCode.general : ErrorCode.decompression;
      this.#failWith({ code, text: message, detail: message }, timings, facts);
      return;
    }
    if (!(error instanceof DigestError) && !(error instanceof UrlSyntaxError)) throw error;
    this.#record(answer.status, timings, facts);
    const text =
      error instanceof UrlSyntaxError
        ? `failed to parse Location header: ${error.message}`
        : error.message;
    this.#finishFailed({ code: ErrorCode.general, text, detail: text }, timings, facts);
  }

  #failWith(failure: RequestFailure, timings: WireTimings, facts: ConnectionFacts): void {
    const { method, url } = this.#hop;
    this.#recordOutcome(timings, {
      method,
      url: url.clean,
      status: 0,
      error: failure.text,
      errorCode: failure.code,
      isExpected: this.#isExpected(0),
      facts,
    });
    this.#finishFailed(failure, timings, facts);
  }

  #finishFailed(failure: RequestFailure, timings: WireTimings, facts: ConnectionFacts): void {
    this.#end();
    const { host, calls } = this.#context;
    const { method, url } = this.#hop;
    const text = requestErrorText(method, url.clean, failure.detail);
    if (this.#request.isThrowing) {
      this.#outcome.fail(new NativeError(text));
      return;
    }
    host.log('warning', 'Request Failed', { error: text });
    const { remoteIp, remotePort } = facts;
    const response = failedResponse(failure, this.#sentRequest(), calls, {
      remote_ip: remoteIp,
      remote_port: remotePort,
      url: this.#request.url.text,
      timings: timingsFor(timings),
    });
    this.#outcome.ok(response);
  }
}

const NO_CONNECTION: ConnectionFacts = {
  remoteIp: '',
  remotePort: 0,
  localAddress: undefined,
  isHttp2: false,
  tls: undefined,
};

/** Go sends the credentials of a URL as basic authentication unless told otherwise. */
function basicAuth({ auth, url, headers }: HttpRequest): string {
  if (url.user === undefined || auth === 'digest' || headers.has('Authorization')) return '';
  const { username, password } = url.user;
  return basicAuthorization(username, password);
}

function timingsFor(timings: WireTimings): HttpResponse['timings'] {
  const { blockedMs, connectingMs, tlsMs, sendingMs, waitingMs, receivingMs } = timings;
  return {
    duration: sendingMs + waitingMs + receivingMs,
    blocked: blockedMs,
    looking_up: 0,
    connecting: connectingMs,
    tls_handshaking: tlsMs,
    sending: sendingMs,
    waiting: waitingMs,
    receiving: receivingMs,
  };
}

type KnownOfFailure = Pick<HttpResponse, 'remote_ip' | 'remote_port' | 'url' | 'timings'>;

function failedResponse(
  failure: Pick<RequestFailure, 'code' | 'text'>,
  request: SentRequest,
  calls: ResponseCalls,
  known: KnownOfFailure,
): HttpResponse {
  return new HttpResponse(
    {
      ...known,
      status: 0,
      status_text: '',
      proto: '',
      headers: {},
      cookies: {},
      body: null,
      tls_version: '',
      tls_cipher_suite: '',
      error: failure.text,
      error_code: failure.code,
      request,
    },
    calls,
  );
}

const NO_REQUEST: SentRequest = { method: '', url: '', headers: {}, body: '', cookies: {} };

/** The response to a call that no request could be made of; the warning is logged. */
export function refusedResponse({ host, calls }: HttpContext, fault: RequestFault): HttpResponse {
  host.log('warning', 'Request Failed', { error: fault.message });
  const failure = { code: fault.code, text: fault.message };
  const known = { remote_ip: '', remote_port: 0, url: '', timings: NO_TIMINGS };
  return failedResponse(failure, NO_REQUEST, calls, known);
}
