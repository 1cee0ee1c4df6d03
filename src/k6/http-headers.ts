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

/** `raw`: names and values in turn. Values are UTF-8, else Latin-1 as sent. */
export function readHeaders(raw: readonly (Buffer | string)[]): AnswerHeaders {
  const byName: Record<string, string> = {};
  let setCookies: string[] | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = canonicalName(String(raw[index]));
    const value = String(raw[index + 1]);
    const known = Object.hasOwn(byName, name) ? byName[name] : undefined;
    byName[name] = known === undefined ? value : `${known}, ${value}`;
    if (name === 'Set-Cookie') {
      setCookies ??= [];
      setCookies.push(value);
    }
  }
  return { byName, setCookies: setCookies ?? NO_COOKIES };
}

const NOT_ASCII = /[^\x00-\x7f]/;

/** Text as the Latin-1 string whose bytes are its UTF-8 encoding: what undici puts on the wire. */
export function toWireText(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
