/** Cookies of one HTTP exchange: what goes into the request, what `res.cookies` shows of the answer. */
import type { CookieJar } from './cookie-jar.ts';
import type { RequestCookie } from './http-request.ts';

const NO_COOKIES: readonly RequestCookie[] = [];

/** The request's own cookies, and those of the jar for `url` that they do not replace. */
export function cookiesToSend(
  jar: CookieJar,
  url: string,
  own: readonly RequestCookie[],
): readonly RequestCookie[] {
  const kept = jar.cookiesFor(url);
  if (kept.length === 0) return own.length === 0 ? NO_COOKIES : own;
  const replaced = new Set(own.filter(({ replace }) => replace).map(({ name }) => name));
  const fromJar = kept
    .filter(({ name }) => !replaced.has(name))
    .map(({ name, value }): RequestCookie => ({ name, value, replace: false }));
  return [...own, ...fromJar];
}

/** Controls, quotes, semicolon, backslash and what is not ASCII: dropped, as Go does. */
const BAD_IN_VALUE = /[^\x20-\x7e]|["; \\,]/g;
const NEEDS_QUOTES = /[ ,]/;

/** Value of a Cookie header, '' for none. `header` is one the script has set itself. */
export function cookieHeader(cookies: readonly RequestCookie[], header = ''): string {
  let text = header;
  for (const { name, value } of cookies) {
    const clean = value.replace(BAD_IN_VALUE, (char) => (NEEDS_QUOTES.test(char) ? char : ''));
    const shown = NEEDS_QUOTES.test(clean) ? `"${clean}"` : clean;
    text += `${text === '' ? '' : '; '}${name}=${shown}`;
  }
  return text;
}

/** A cookie of an answer. Times: seconds in `max_age`, epoch ms in `expires`. */
export class ResponseCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly http_only: boolean;
  readonly secure: boolean;
  readonly max_age: number;
  readonly expires: number;

  constructor(name: string, value: string, attributes: ReadonlyMap<string, string>) {
    this.name = name;
    this.value = value;
    this.domain = attributes.get('domain') ?? '';
    this.path = attributes.get('path') ?? '';
    this.http_only = attributes.has('httponly');
    this.secure = attributes.has('secure');
    this.max_age = maxAgeOf(attributes.get('max-age'));
    this.expires = expiresOf(attributes.get('expires'));
  }

  /** The names of the k6 manual. */
  get httpOnly(): boolean {
    return this.http_only;
  }

  get maxAge(): number {
    return this.max_age;
  }
}

/** How Go shows a time that is not set: 1 January of the year 1. */
const NO_TIME_MS = -62_135_596_800_000;

function expiresOf(text: string | undefined): number {
  const expiresMs = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(expiresMs) ? NO_TIME_MS : expiresMs;
}

/** Zero and negative ages, which delete the cookie, show as -1. */
function maxAgeOf(text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) return 0;
  const seconds = Number(text);
  return seconds <= 0 ? -1 : seconds;
}

export type ResponseCookies = Record<string, ResponseCookie[]>;

/** `res.cookies`, by name. */
export function readResponseCookies(setCookies: readonly string[]): ResponseCookies {
  const cookies: ResponseCookies = {};
  for (const header of setCookies) {
    const [pair = '', ...parts] = header.split(';');
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const name = pair.slice(0, equals).trim();
    const value = pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    const cookie = new ResponseCookie(name, value, attributesOf(parts));
    const known = Object.hasOwn(cookies, name) ? cookies[name] : undefined;
    if (known === undefined) cookies[name] = [cookie];
    else known.push(cookie);
  }
  return cookies;
}

function attributesOf(parts: readonly string[]): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    attributes.set(name.trim().toLowerCase(), equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return attributes;
}
