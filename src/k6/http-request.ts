/** The arguments of `http.get`, `http.post` … turned into a request. */
import { parseExtendedDuration } from '../base/duration.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import { type CookieJar, cookieJarOf } from './cookie-jar.ts';
import { canonicalHeaderName } from './dial-params.ts';
import type { VuHost } from './host.ts';
import { compressBody, encodeBody, parseCompression } from './http-body.ts';
import { ErrorCode, RequestFault } from './http-errors.ts';
import { TOKEN } from './http-headers.ts';
import { ExpectedStatuses } from './http-statuses.ts';
import { HttpUrl, parseRequestUrl, type RequestUrl } from './http-url.ts';
import { withScriptTags } from './sample-tags.ts';
import { UrlSyntaxError } from './ws-url.ts';

export type ResponseType = 'text' | 'binary' | 'none';

/** A cookie of one request. */
export interface RequestCookie {
  readonly name: string;
  readonly value: string;
  /** It takes the place of the jar's cookies of that name; otherwise both are sent. */
  readonly replace: boolean;
}

/** One request as the script wants it; redirects follow from it. */
export interface HttpRequest {
  readonly method: string;
  readonly url: RequestUrl;
  /** The name `http.url` gave it, '' if none. */
  readonly urlName: string;
  /** Canonical names. */
  readonly headers: ReadonlyMap<string, string>;
  /** As it goes over the wire. */
  readonly body: Uint8Array | undefined;
  /** As the script sees it in `res.request.body`. */
  readonly bodyText: string;
  readonly cookies: readonly RequestCookie[];
  readonly jar: CookieJar;
  readonly tags: TagSet;
  readonly timeoutMs: number;
  readonly redirectsMax: number;
  /** Somebody chose the number of redirects: stopping there is no surprise. */
  readonly areRedirectsChosen: boolean;
  readonly auth: string;
  readonly responseType: ResponseType;
  readonly isThrowing: boolean;
  /** undefined = nothing is said about success or failure. */
  readonly expected: ExpectedStatuses | undefined;
}

type Draft = { -readonly [K in keyof HttpRequest]: HttpRequest[K] } & {
  compression: readonly string[];
};

const TIMEOUT_MS = 60_000;

/**
 * @param expected what counts as success where params do not say.
 * @throws RequestFault for arguments no request can be made of.
 */
export function parseRequest(
  host: VuHost,
  expected: ExpectedStatuses | undefined,
  method: unknown,
  url: unknown,
  body: unknown,
  params: unknown,
): HttpRequest {
  const target = toHttpUrl(url);
  const { http } = host;
  const draft: Draft = {
    method: String(method).toUpperCase(),
    url: toRequestUrl(target.url),
    urlName: target.name === target.url ? '' : target.name,
    headers: NO_HEADERS,
    body: undefined,
    bodyText: '',
    cookies: NO_COOKIES,
    jar: host.cookies,
    tags: host.tags,
    timeoutMs: TIMEOUT_MS,
    redirectsMax: http.maxRedirects,
    areRedirectsChosen: http.isMaxRedirectsSet,
    auth: '',
    responseType: http.discardResponseBodies ? 'none' : 'text',
    isThrowing: host.isThrowing,
    expected,
    compression: NO_ALGORITHMS,
  };
  if (!TOKEN.test(draft.method)) {
    throw new RequestFault(`net/http: invalid method ${JSON.stringify(draft.method)}`);
  }
  if (typeof params === 'object' && params !== null) readParams(draft, params);
  addBody(draft, body);
  warnOfLength(host, draft);
  return draft;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();
const NO_COOKIES: readonly RequestCookie[] = [];
const NO_ALGORITHMS: readonly string[] = [];

/** @throws RequestFault */
export function toHttpUrl(value: unknown): HttpUrl {
  if (typeof value === 'string' || value instanceof String) {
    const url = String(value);
    return new HttpUrl(url, url);
  }
  if (value instanceof HttpUrl) return value;
  if (value instanceof URL) return new HttpUrl(value.href, value.href);
  const shown = value === undefined || value === null ? '<nil>' : String(value);
  throw new RequestFault(`invalid URL value '${shown}'`, ErrorCode.invalidUrl);
}

let lastWritten = '';
let lastParsed: RequestUrl | undefined;

function toRequestUrl(written: string): RequestUrl {
  // Most scripts ask for one address again and again.
  if (lastParsed !== undefined && lastWritten === written) return lastParsed;
  try {
    lastParsed = parseRequestUrl(written);
    lastWritten = written;
    return lastParsed;
  } catch (error) {
    if (error instanceof UrlSyntaxError) {
      throw new RequestFault(`invalid URL: ${error.message}`, ErrorCode.invalidUrl);
    }
    throw error;
  }
}

function readParams(draft: Draft, params: object): void {
  for (const key of Object.keys(params)) {
    const value: unknown = Reflect.get(params, key);
    if (value === undefined) continue;
    if (key === 'responseCallback') draft.expected = toExpected(value);
    else if (value !== null) readParam(draft, key, value);
  }
}

function readParam(draft: Draft, key: string, value: unknown): void {
  switch (key) {
    case 'headers':
      draft.headers = toHeaders(value);
      break;
    case 'cookies':
      draft.cookies = toCookies(value);
      break;
    case 'jar':
      draft.jar = cookieJarOf(value) ?? draft.jar;
      break;
    case 'tags':
      draft.tags = toTags(draft.tags, value);
      break;
    case 'timeout':
      draft.timeoutMs = toTimeoutMs(value);
      break;
    case 'redirects':
      draft.redirectsMax = toInteger(value);
      draft.areRedirectsChosen = true;
      break;
    case 'auth':
      draft.auth = toAuth(value);
      break;
    case 'compression':
      draft.compression = parseCompression(value);
      break;
    case 'responseType':
      draft.responseType = toResponseType(value);
      break;
    case 'throw':
      draft.isThrowing = Boolean(value);
      break;
    default:
      break; // k6 ignores what it does not know
  }
}

const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;

function toHeaders(value: unknown): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  if (typeof value !== 'object' || value === null) return headers;
  for (const [name, text] of Object.entries(value)) {
    headers.set(canonicalHeaderName(name), String(text).replace(BLANKS_AROUND, ''));
  }
  return headers;
}

function toCookies(value: unknown): readonly RequestCookie[] {
  if (typeof value !== 'object' || value === null) return NO_COOKIES;
  return Object.entries(value).map(([name, cookie]): RequestCookie => {
    if (typeof cookie !== 'object' || cookie === null) {
      return { name, value: String(cookie), replace: false };
    }
    const text: unknown = Reflect.get(cookie, 'value');
    const replace = Boolean(Reflect.get(cookie, 'replace'));
    return { name, value: text === undefined ? '' : String(text), replace };
  });
}

function toTags(base: TagSet, value: unknown): TagSet {
  try {
    return withScriptTags(base, value);
  } catch (error) {
    throw new RequestFault(
      `invalid HTTP request metric tags: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function toTimeoutMs(value: unknown): number {
  try {
    return parseExtendedDuration(typeof value === 'number' ? value : String(value));
  } catch (error) {
    throw new RequestFault(
      `invalid timeout value: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function toInteger(value: unknown): number {
  const number = Math.trunc(Number(value));
  return Number.isNaN(number) ? 0 : number;
}

function toAuth(value: unknown): string {
  const auth = String(value);
  if (auth === 'ntlm') {
    throw new RequestFault('NTLM authentication is not supported; use "basic" or "digest"');
  }
  return auth;
}

function toResponseType(value: unknown): ResponseType {
  const type = String(value);
  if (type === 'text' || type === 'binary' || type === 'none') return type;
  throw new RequestFault(`${type} does not belong to ResponseType values`);
}

/** `null` switches the judgement off. */
export function toExpected(value: unknown): ExpectedStatuses | undefined {
  if (value === null) return undefined;
  if (value instanceof ExpectedStatuses) return value;
  throw new RequestFault('unsupported responseCallback');
}

function addBody(draft: Draft, value: unknown): void {
  const body = encodeBody(value);
  if (body === undefined) return;
  const headers = new Map(draft.headers);
  if (body.contentType !== '' && !headers.has('Content-Type')) {
    headers.set('Content-Type', body.contentType);
  }
  draft.body = body.bytes;
  draft.bodyText = typeof value === 'string' ? value : Buffer.from(body.bytes).toString('utf8');
  if (draft.compression.length > 0) {
    if (headers.has('Content-Encoding')) {
      throw new RequestFault(
        'the compression parameter and a Content-Encoding header cannot be used together',
      );
    }
    draft.body = compressBody(body.bytes, draft.compression);
    headers.set('Content-Encoding', draft.compression.join(', '));
  }
  draft.headers = headers;
}

/** A header that says nothing new goes unnoticed. */
function warnOfLength(host: VuHost, { method, url, headers, body }: Draft): void {
  const said = headers.get('Content-Length') ?? '';
  const length = body?.length ?? 0;
  if (said === '' || (/^\d+$/.test(said) && Number(said) === length)) return;
  host.log(
    'warning',
    `The specified Content-Length header ${JSON.stringify(said)} in the ${method} request for ${url.text} doesn't match the actual request body length of ${length}, so it will be ignored!`,
  );
}
