/** The module `k6/http`. Requests suspend the VU until the answer is there; `asyncRequest` does not. */
import { Op, type OpKind, type Resumer } from '../suspend/op.ts';
import { leaf } from '../suspend/runtime.ts';
import { ScriptCookieJar } from './cookie-jar.ts';
import type { IterationResource, ScriptModule, VuHost } from './host.ts';
import { BatchRun, parseBatch } from './http-batch.ts';
import { createFile } from './http-body.ts';
import { RequestFault } from './http-errors.ts';
import { type HttpContext, HttpExchange, refusedResponse } from './http-exchange.ts';
import { clickLinkRequest, htmlOf, submitFormRequest } from './http-page.ts';
import { type HttpRequest, parseRequest, toExpected } from './http-request.ts';
import { HttpResponse } from './http-response.ts';
import { type HttpSession, httpSessionOf, requireVu } from './http-session.ts';
import { expectedStatuses } from './http-statuses.ts';
import { HttpUrl } from './http-url.ts';
import { NativeError } from './script-error.ts';

const CONSTANTS = {
  SSL_3_0: 'ssl3.0',
  TLS_1_0: 'tls1.0',
  TLS_1_1: 'tls1.1',
  TLS_1_2: 'tls1.2',
  TLS_1_3: 'tls1.3',
  OCSP_STATUS_GOOD: 'good',
  OCSP_STATUS_REVOKED: 'revoked',
  OCSP_STATUS_SERVER_FAILED: 'server_failed',
  OCSP_STATUS_UNKNOWN: 'unknown',
  OCSP_REASON_UNSPECIFIED: 'unspecified',
  OCSP_REASON_KEY_COMPROMISE: 'key_compromise',
  OCSP_REASON_CA_COMPROMISE: 'ca_compromise',
  OCSP_REASON_AFFILIATION_CHANGED: 'affiliation_changed',
  OCSP_REASON_SUPERSEDED: 'superseded',
  OCSP_REASON_CESSATION_OF_OPERATION: 'cessation_of_operation',
  OCSP_REASON_CERTIFICATE_HOLD: 'certificate_hold',
  OCSP_REASON_REMOVE_FROM_CRL: 'remove_from_crl',
  OCSP_REASON_PRIVILEGE_WITHDRAWN: 'privilege_withdrawn',
  OCSP_REASON_AA_COMPROMISE: 'aa_compromise',
} as const;

/** The module's state in one VU. */
interface Session extends HttpContext {
  readonly shared: HttpSession;
}

/** Something that runs until it gives a result, and can be stopped. */
interface Work {
  start(): void;
  abort(): void;
}

/** A blocking call. The error is made in an I/O callback; it is thrown with the script's frames. */
class HttpOp extends Op {
  readonly #work: Work;
  #resumer: Resumer | undefined;
  #failure: NativeError | undefined;

  constructor(createWork: (outcome: Resumer) => Work) {
    super();
    this.#work = createWork({
      ok: (value) => this.#resumer?.ok(value),
      fail: (error) => {
        this.#failure = error instanceof NativeError ? error : undefined;
        this.#resumer?.fail(error);
      },
    });
  }

  override get kind(): OpKind {
    return 'request';
  }

  start(resumer: Resumer): void {
    this.#resumer = resumer;
    this.#work.start();
  }

  cancel(): void {
    this.#work.abort();
  }

  override throw(error: unknown): never {
    if (error instanceof Error && error === this.#failure) Error.captureStackTrace(error);
    throw error;
  }
}

/** A call that has its result already. */
class DoneOp extends Op {
  readonly #value: unknown;

  constructor(value: unknown) {
    super();
    this.#value = value;
  }

  start(resumer: Resumer): void {
    resumer.ok(this.#value);
  }

  cancel(): void {}
}

/** The request of some arguments, or the response that says why there can be none. */
function requestOrRefusal(
  session: Session,
  method: unknown,
  url: unknown,
  body: unknown,
  params: unknown,
): HttpRequest | HttpResponse {
  try {
    return parseRequest(session.host, session.shared.expected, method, url, body, params);
  } catch (error) {
    if (!(error instanceof RequestFault) || session.host.isThrowing) throw error;
    return refusedResponse(session, error);
  }
}

function requestOp(
  session: Session,
  method: unknown,
  url: unknown,
  body: unknown,
  params: unknown,
): Op {
  requireVu(session.host);
  const request = requestOrRefusal(session, method, url, body, params);
  if (request instanceof HttpResponse) return new DoneOp(request);
  return new HttpOp((outcome) => new HttpExchange(session, request, outcome));
}

function batchOp(session: Session, requests: unknown): Op {
  if (session.host.phase === 'init') {
    throw new NativeError('Using batch in the init context is not supported');
  }
  const batch = parseBatch(session, session.shared.expected, requests);
  return new HttpOp((outcome) => new BatchRun(session, batch, outcome));
}

/** The promise settles in a task of the VU, and keeps the iteration alive until then. */
function asyncRequest(session: Session, args: readonly unknown[]): Promise<unknown> {
  const { host } = session;
  requireVu(host);
  const [method, url, body, params] = args;
  return new Promise((resolve, reject) => {
    const request = requestOrRefusal(session, method, url, body, params);
    if (request instanceof HttpResponse) {
      resolve(request);
      return;
    }
    host.hold();
    const settle = (report: () => void): void => {
      host.removeResource(resource);
      host.loop.post(() => {
        report();
        host.release();
        return undefined;
      });
    };
    const exchange = new HttpExchange(session, request, {
      ok: (response) => settle(() => resolve(response)),
      fail: (error) => settle(() => reject(error)),
    });
    const resource: IterationResource = {
      kind: 'request',
      drop: () => exchange.abort(),
      windDown: () => {
        exchange.abort();
        host.removeResource(resource);
        host.release();
      },
    };
    host.addResource(resource);
    try {
      exchange.start();
    } catch (error) {
      exchange.abort();
      settle(() => reject(error));
    }
  });
}

/** `http.url`: the values count for the address, `${}` stands for them in its name. */
function urlOf(strings: unknown, values: readonly unknown[]): HttpUrl {
  if (!Array.isArray(strings)) return new HttpUrl(String(strings), String(strings));
  const parts = strings.map(String);
  const url = parts.reduce((text, part, index) => `${text}${String(values[index - 1])}${part}`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands for the values
  return new HttpUrl(url, parts.join('${}'));
}

/** `k6/http` bound to one VU. Connections are made at the first request. */
export function createHttpModule(host: VuHost): ScriptModule {
  const calls = {
    html: htmlOf,
    submitForm: leaf(host, 'Response.submitForm', (response, [options]) => {
      const { method, url, body, params } = submitFormRequest(response, options);
      return requestOp(session, method, url, body, params);
    }),
    clickLink: leaf(host, 'Response.clickLink', (response, [options]) => {
      const { method, url, body, params } = clickLinkRequest(response, options);
      return requestOp(session, method, url, body, params);
    }),
  };
  const shared = httpSessionOf(host);
  const session: Session = { host, client: shared.client, calls, shared };
  const withoutBody = (name: string, method: string): unknown =>
    leaf(host, `http.${name}`, (_, [url, params]) =>
      requestOp(session, method, url, undefined, params),
    );
  const withBody = (name: string, method: string): unknown =>
    leaf(host, `http.${name}`, (_, [url, body, params]) =>
      requestOp(session, method, url, body, params),
    );
  const named = {
    ...CONSTANTS,
    CookieJar: ScriptCookieJar,
    asyncRequest: (...args: readonly unknown[]): Promise<unknown> => asyncRequest(session, args),
    batch: leaf(host, 'http.batch', (_, [requests]) => batchOp(session, requests)),
    cookieJar: (): ScriptCookieJar => {
      if (host.phase === 'init') {
        throw new NativeError('Making cookie jars in the init context is not supported');
      }
      return new ScriptCookieJar(host.cookies);
    },
    del: withBody('del', 'DELETE'),
    expectedStatuses,
    file: createFile,
    get: withoutBody('get', 'GET'),
    head: withoutBody('head', 'HEAD'),
    options: withBody('options', 'OPTIONS'),
    patch: withBody('patch', 'PATCH'),
    post: withBody('post', 'POST'),
    put: withBody('put', 'PUT'),
    request: leaf(host, 'http.request', (_, [method, url, body, params]) =>
      requestOp(session, method, url, body, params),
    ),
    setResponseCallback: (callback: unknown): void => {
      shared.expected = toExpected(callback);
    },
    url: (strings: unknown, ...values: readonly unknown[]): HttpUrl => urlOf(strings, values),
  };
  return { named, default: named };
}
