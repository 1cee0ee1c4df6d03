/** Header lines of HTTP answers and requests, as Go and k6 show them. */
import { canonicalHeaderName } from './dial-params.ts';

const NAMES_MAX = 1000;
const canonicalNames = new Map<string, string>();

/** Cached: servers send the same names again and again. */
export function canonicalName(name: string): string {
  let canonical = canonicalNames.get(name);
  if (canonical === undefined) {
    canonical = canonicalHeaderName(name);
    if (canonicalNames.size < NAMES_MAX) canonicalNames.set(name, canonical);
  }
  return canonical;
}

/** The answer's headers: repeated ones joined, cookies also one by one. */
export interface AnswerHeaders {
  readonly byName: Record<string, string>;
  readonly setCookies: readonly string[];
}

const NO_COOKIES: readonly string[] = [];
/** How the body came over the wire: Go keeps that to itself. */
const HIDDEN_HEADERS: ReadonlySet<string> = new Set(['trailer', 'transfer-encoding']);

/** Headers by lower-case name, repeated ones as lists. */
export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;

export function setCookiesOf({ 'set-cookie': value }: WireHeaders): readonly string[] {
  if (value === undefined) return NO_COOKIES;
  return typeof value === 'string' ? [value] : value;
}

export function readHeaders(headers: WireHeaders): AnswerHeaders {
  const byName: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || HIDDEN_HEADERS.has(name)) continue;
    byName[canonicalName(name)] = typeof value === 'string' ? value : value.join(', ');
  }
  return { byName, setCookies: setCookiesOf(headers) };
}

/** Names of methods, header fields and subprotocols (RFC 9110 §5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** ASCII controls but the tab. */
const BAD_IN_VALUE = /[^\P{Cc}\t\u0080-\u009f]/u;

/** Why these lines cannot be sent, in Go's words, which do not tell the value; '' if they can. */
export function headerFault(headers: ReadonlyMap<string, string>): string {
  for (const [name, value] of headers) {
    const shown = JSON.stringify(name);
    if (!TOKEN.test(name)) return `net/http: invalid header field name ${shown}`;
    if (!BAD_IN_VALUE.test(value)) continue;
    if (name === 'Host') return 'http: invalid Host header';
    return `net/http: invalid header field value for ${shown}`;
  }
  return '';
}

const NOT_ASCII = /\P{ASCII}/u;

/** Text as the Latin-1 string whose bytes are its UTF-8 encoding: what undici puts on the wire. */
export function toWireText(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
