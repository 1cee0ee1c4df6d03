/** What `http.get` … return: the answer, or what is known when there was none. */

import type { ResponseCookies } from './http-cookies.ts';
import { selectJson } from './json-selector.ts';
import { NativeError } from './script-error.ts';

/** `res.timings`, in ms. */
export interface ResponseTimings {
  readonly duration: number;
  readonly blocked: number;
  readonly looking_up: number;
  readonly connecting: number;
  readonly tls_handshaking: number;
  readonly sending: number;
  readonly waiting: number;
  readonly receiving: number;
}

/** `res.request`: the request as it was first sent. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly cookies: Readonly<
    Record<
      string,
      readonly { readonly name: string; readonly value: string; readonly replace: boolean }[]
    >
  >;
}

/** The answer's facts; names are those scripts see. */
export interface ResponseFields {
  readonly remote_ip: string;
  readonly remote_port: number;
  readonly url: string;
  readonly status: number;
  readonly status_text: string;
  readonly proto: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: ResponseCookies;
  /** null if there is no answer or it was not wanted. */
  readonly body: string | ArrayBuffer | null;
  readonly timings: ResponseTimings;
  readonly tls_version: string;
  readonly tls_cipher_suite: string;
  readonly error: string;
  readonly error_code: number;
  readonly request: SentRequest;
}

/** What a response needs of its VU: parsing HTML, and requests of its own. */
export interface ResponseCalls {
  html(text: string, selector: unknown): unknown;
  readonly submitForm: unknown;
  readonly clickLink: unknown;
}

interface OcspFacts {
  readonly produced_at: number;
  readonly this_update: number;
  readonly next_update: number;
  readonly revoked_at: number;
  readonly revocation_reason: string;
  readonly status: string;
}

const NO_OCSP: OcspFacts = Object.freeze({
  produced_at: 0,
  this_update: 0,
  next_update: 0,
  revoked_at: 0,
  revocation_reason: '',
  status: '',
});
/** k6's word for a TLS connection without a stapled answer; ours never asks for one. */
const UNKNOWN_OCSP: OcspFacts = Object.freeze({ ...NO_OCSP, status: 'unknown' });

type BodyKind = 'JSON' | 'HTML';
let textOf: (response: HttpResponse, kind: BodyKind) => string;

/** An HTTP response as scripts see it. Properties are plain data in k6's order. */
export class HttpResponse {
  // Declared only: the constructor defines each once, in k6's order.
  declare readonly remote_ip: string;
  declare readonly remote_port: number;
  declare readonly url: string;
  declare readonly status: number;
  declare readonly status_text: string;
  declare readonly proto: string;
  declare readonly headers: Readonly<Record<string, string>>;
  declare readonly cookies: ResponseCookies;
  declare readonly body: string | ArrayBuffer | null;
  declare readonly timings: ResponseTimings;
  declare readonly tls_version: string;
  declare readonly tls_cipher_suite: string;
  declare readonly ocsp: OcspFacts;
  declare readonly error: string;
  declare readonly error_code: number;
  declare readonly request: SentRequest;
  readonly #calls: ResponseCalls;
  #json: { readonly value: unknown } | undefined;

  static {
    textOf = (response, kind) => response.#text(kind);
  }

  constructor(fields: ResponseFields, calls: ResponseCalls) {
    this.remote_ip = fields.remote_ip;
    this.remote_port = fields.remote_port;
    this.url = fields.url;
    this.status = fields.status;
    this.status_text = fields.status_text;
    this.proto = fields.proto;
    this.headers = fields.headers;
    this.cookies = fields.cookies;
    this.body = fields.body;
    this.timings = fields.timings;
    this.tls_version = fields.tls_version;
    this.tls_cipher_suite = fields.tls_cipher_suite;
    this.ocsp = fields.tls_version === '' ? NO_OCSP : UNKNOWN_OCSP;
    this.error = fields.error;
    this.error_code = fields.error_code;
    this.request = fields.request;
    this.#calls = calls;
  }

  /**
   * The body as JSON, parsed once; with a selector, what it leads to (undefined if nothing).
   *
   * @throws NativeError if there is no body or, without a selector, if it is no JSON.
   */
  json(selector?: unknown): unknown {
    const text = this.#text('JSON');
    if (this.#json === undefined) {
      try {
        this.#json = { value: JSON.parse(text) };
      } catch (error) {
        if (selector !== undefined) return undefined;
        throw jsonFault(text, error);
      }
    }
    const { value } = this.#json;
    return selector === undefined ? value : selectJson(value, String(selector));
  }

  /** The body as HTML: the document, or what a selector finds in it. */
  html(selector?: unknown): unknown {
    return this.#calls.html(this.#text('HTML'), selector);
  }

  get submitForm(): unknown {
    return this.#calls.submitForm;
  }

  get clickLink(): unknown {
    return this.#calls.clickLink;
  }

  #text(kind: BodyKind): string {
    const { body } = this;
    if (typeof body === 'string') return body;
    if (body instanceof ArrayBuffer) return Buffer.from(body).toString('utf8');
    throw new NativeError(
      `the body is null so we can't transform it to ${kind} - this likely was because of a request error getting the response`,
    );
  }
}

/** The body as text. Throws NativeError if there is none. */
export function responseText(response: HttpResponse, kind: BodyKind): string {
  return textOf(response, kind);
}

/**
 * Index of the first character that cannot continue a JSON text. V8 tells it for some faults only; for
 * the others, the beginnings of the text that only miss their end are searched for the longest.
 */
function jsonFaultIndex(text: string, why: string): number {
  const told = POSITION.exec(why)?.[1];
  if (told !== undefined) return Number(told);
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (mayBeginJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

const POSITION = /at position (\d+)/;

function mayBeginJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    const at = POSITION.exec(why)?.[1];
    return /end of JSON input|^Unterminated/.test(why) || Number(at) === text.length;
  }
}

/** Where the text stops being JSON, in k6's words. */
function jsonFault(text: string, error: unknown): NativeError {
  const why = error instanceof Error ? error.message : String(error);
  if (text.trim() === '') {
    return new NativeError('unexpected end of JSON input');
  }
  const at = jsonFaultIndex(text, why);
  const before = text.slice(0, at).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new NativeError(
    `cannot parse json due to an error at line ${before.length}, character ${column} , error: ${why}`,
  );
}
