/**
 * Cookies of a virtual user: the storage model of RFC 6265 §5 as Go's `net/http/cookiejar` keeps it
 * without a public suffix list, and the class scripts see as `http.CookieJar`.
 *
 * `ws` and `wss` count as `http` and `https`, so that HTTP answers and handshakes share cookies.
 */
import { nowMs } from '../base/clock.ts';
import { NativeError } from './script-error.ts';

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly isHostOnly: boolean;
  readonly path: string;
  readonly isSecure: boolean;
  /** Infinity = until the jar is emptied. */
  readonly expiresMs: number;
  /** Order of creation; kept when a cookie is replaced. */
  readonly sequence: number;
}

/** What may be said about a cookie beside name and value. */
export interface CookieAttributes {
  readonly domain?: string;
  readonly path?: string;
  readonly isSecure?: boolean;
  /** Epoch ms; the past deletes the cookie. */
  readonly expiresMs?: number;
}

interface Origin {
  readonly isSecure: boolean;
  readonly host: string;
  readonly path: string;
}

const SECURE_SCHEMES = new Set(['https:', 'wss:']);
const PLAIN_SCHEMES = new Set(['http:', 'ws:']);

/** undefined for URLs that carry no cookies. */
function originOf(url: string): Origin | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, pathname } = new URL(url);
  const isSecure = SECURE_SCHEMES.has(protocol);
  if (!isSecure && !PLAIN_SCHEMES.has(protocol)) return undefined;
  const host = hostname.replace(/\.$/, '');
  return { isSecure, host, path: pathname === '' ? '/' : pathname };
}

/** RFC 6265 §5.1.4 default-path. */
function defaultPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function pathMatches(requestPath: string, cookiePath: string): boolean {
  if (requestPath === cookiePath) return true;
  if (!requestPath.startsWith(cookiePath)) return false;
  return cookiePath.endsWith('/') || requestPath[cookiePath.length] === '/';
}

/** IP literal as the URL parser prints it. */
const ADDRESS = /^(\[.*\]|\d+(\.\d+){3})$/;

function isAddress(host: string): boolean {
  return ADDRESS.test(host);
}

/** The domain a cookie is stored under; undefined if the host may not set it. */
function domainOf(
  host: string,
  attribute: string | undefined,
): { domain: string; isHostOnly: boolean } | undefined {
  if (attribute === undefined || attribute === '') return { domain: host, isHostOnly: true };
  const domain = attribute.replace(/^\./, '').toLowerCase();
  if (isAddress(host)) return domain === host ? { domain, isHostOnly: true } : undefined;
  if (domain === '' || domain.startsWith('.') || domain.endsWith('.')) return undefined;
  if (domain !== host && !host.endsWith(`.${domain}`)) return undefined;
  return { domain, isHostOnly: false };
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTED = /^"(.*)"$/;
/** Characters that may not stand in a cookie value: controls, quotes, semicolon, backslash. */
const BAD_VALUE = /[\p{Cc}";\\]/u;
const INTEGER = /^-?\d+$/;
const MS_PER_SECOND = 1000;

function attributesOf(parts: readonly string[]): CookieAttributes {
  let attributes: CookieAttributes = {};
  let hasMaxAge = false;
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : part.slice(equals + 1).trim();
    if (name === 'secure') attributes = { ...attributes, isSecure: true };
    else if (name === 'domain') attributes = { ...attributes, domain: value };
    else if (name === 'path') attributes = { ...attributes, path: value };
    else if (name === 'max-age' && INTEGER.test(value)) {
      hasMaxAge = true; // takes precedence over Expires, whichever comes first
      const seconds = Number(value);
      attributes = {
        ...attributes,
        expiresMs: seconds <= 0 ? 0 : nowMs() + seconds * MS_PER_SECOND,
      };
    } else if (name === 'expires' && !hasMaxAge) {
      const expiresMs = Date.parse(value);
      if (!Number.isNaN(expiresMs)) attributes = { ...attributes, expiresMs };
    }
  }
  return attributes;
}

/** A cookie jar. One per VU, more by `new http.CookieJar()`. Costs one empty Map until used. */
export class CookieJar {
  /** By domain, then by `name;path`. */
  #domains: Map<string, Map<string, Cookie>> | undefined;
  #sequence = 0;

  /** Forgets everything. */
  reset(): void {
    this.#domains = undefined;
  }

  /** Stores what a server answered; malformed and illegal cookies are ignored (RFC 6265 §5.2). */
  setCookies(url: string, setCookieHeaders: readonly string[]): void {
    for (const header of setCookieHeaders) {
      const [pair = '', ...parts] = header.split(';');
      const equals = pair.indexOf('=');
      if (equals < 0) continue;
      const value = pair.slice(equals + 1).trim();
      this.setCookie(url, pair.slice(0, equals).trim(), value, attributesOf(parts));
    }
  }

  /** Stores one cookie as if `url` had set it; returns false if it may not. */
  setCookie(url: string, name: string, value: string, attributes: CookieAttributes = {}): boolean {
    const origin = originOf(url);
    const bare = QUOTED.exec(value)?.[1] ?? value;
    if (origin === undefined || !TOKEN.test(name) || BAD_VALUE.test(bare)) return false;
    const scope = domainOf(origin.host, attributes.domain);
    if (scope === undefined) return false;
    const path =
      attributes.path?.startsWith('/') === true ? attributes.path : defaultPath(origin.path);
    const expiresMs = attributes.expiresMs ?? Number.POSITIVE_INFINITY;
    const key = `${name};${path}`;
    const known = this.#domains?.get(scope.domain)?.get(key);
    if (expiresMs <= nowMs()) {
      this.#remove(scope.domain, key);
      return true;
    }
    this.#sequence += 1;
    this.#cookiesOf(scope.domain).set(key, {
      name,
      value: bare,
      ...scope,
      path,
      isSecure: attributes.isSecure === true,
      expiresMs,
      sequence: known?.sequence ?? this.#sequence,
    });
    return true;
  }

  /** The cookies a request to `url` carries: longer paths first, then older ones (RFC 6265 §5.4). */
  cookiesFor(url: string): { readonly name: string; readonly value: string }[] {
    if (this.#domains === undefined) return [];
    const origin = originOf(url);
    return origin === undefined ? [] : this.#matching(origin);
  }

  /** Value of the Cookie header for `url`, '' if there is nothing to send. */
  headerFor(url: string): string {
    return this.cookiesFor(url)
      .map(({ name, value }) => `${name}=${/[ ,]/.test(value) ? `"${value}"` : value}`)
      .join('; ');
  }

  /** Deletes all cookies that `url` would carry. */
  clear(url: string): void {
    const origin = originOf(url);
    if (origin === undefined) return;
    for (const { domain, name, path } of this.#matching(origin)) {
      this.#remove(domain, `${name};${path}`);
    }
  }

  /** Deletes the cookies of that name that `url` would carry. */
  delete(url: string, name: string): void {
    const origin = originOf(url);
    if (origin === undefined) return;
    for (const cookie of this.#matching(origin)) {
      if (cookie.name === name) this.#remove(cookie.domain, `${name};${cookie.path}`);
    }
  }

  #matching(origin: Origin): Cookie[] {
    const found: Cookie[] = [];
    const now = nowMs();
    let { host } = origin;
    for (;;) {
      for (const cookie of this.#domains?.get(host)?.values() ?? []) {
        if (cookie.expiresMs <= now) this.#remove(host, `${cookie.name};${cookie.path}`);
        else if (isVisible(cookie, origin)) found.push(cookie);
      }
      const dot = host.indexOf('.');
      if (dot < 0 || isAddress(host)) break;
      host = host.slice(dot + 1);
    }
    return found.sort((a, b) => b.path.length - a.path.length || a.sequence - b.sequence);
  }

  #cookiesOf(domain: string): Map<string, Cookie> {
    this.#domains ??= new Map();
    let cookies = this.#domains.get(domain);
    if (cookies === undefined) {
      cookies = new Map();
      this.#domains.set(domain, cookies);
    }
    return cookies;
  }

  #remove(domain: string, key: string): void {
    const cookies = this.#domains?.get(domain);
    cookies?.delete(key);
    if (cookies?.size === 0) this.#domains?.delete(domain);
  }
}

function isVisible(cookie: Cookie, origin: Origin): boolean {
  if (cookie.isSecure && !origin.isSecure) return false;
  if (cookie.isHostOnly && cookie.domain !== origin.host) return false;
  return pathMatches(origin.path, cookie.path);
}

let storeOf: (value: unknown) => CookieJar | undefined;

/** `http.CookieJar`: what scripts may do with a jar. */
export class ScriptCookieJar {
  readonly #store: CookieJar;

  static {
    storeOf = (value) =>
      typeof value === 'object' && value !== null && #store in value ? value.#store : undefined;
  }

  /** Scripts call it without arguments; `http.cookieJar()` wraps the VU's jar. */
  constructor(store?: CookieJar) {
    this.#store = store instanceof CookieJar ? store : new CookieJar();
  }

  /** Values by cookie name. */
  cookiesForURL(url: unknown): Record<string, string[]> {
    const values: Record<string, string[]> = {};
    for (const { name, value } of this.#store.cookiesFor(checkedUrl(url))) {
      const known = Object.hasOwn(values, name) ? values[name] : undefined;
      if (known === undefined) values[name] = [value];
      else known.push(value);
    }
    return values;
  }

  /** @param options `domain`, `path`, `expires`, `max_age`, `secure`, `http_only`. */
  set(url: unknown, name: unknown, value: unknown, options?: unknown): boolean {
    return this.#store.setCookie(
      checkedUrl(url),
      String(name),
      String(value),
      scriptAttributes(options),
    );
  }

  clear(url: unknown): void {
    this.#store.clear(checkedUrl(url));
  }

  delete(url: unknown, name: unknown): void {
    this.#store.delete(checkedUrl(url), String(name));
  }
}

/** The jar behind an `http.CookieJar` object; undefined for anything else. */
export function cookieJarOf(value: unknown): CookieJar | undefined {
  return storeOf(value);
}

function checkedUrl(url: unknown): string {
  const text = String(url);
  if (!URL.canParse(text)) throw new NativeError(`invalid URL: ${JSON.stringify(text)}`);
  return text;
}

function scriptAttributes(options: unknown): CookieAttributes {
  if (typeof options !== 'object' || options === null) return {};
  let attributes: CookieAttributes = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (name === 'domain') attributes = { ...attributes, domain: String(value) };
    else if (name === 'path') attributes = { ...attributes, path: String(value) };
    else if (name === 'secure') attributes = { ...attributes, isSecure: Boolean(value) };
    else if (name === 'expires') {
      const expiresMs = Date.parse(String(value));
      if (Number.isNaN(expiresMs)) {
        throw new NativeError(`unable to parse "expires" date string "${String(value)}"`);
      }
      attributes = { ...attributes, expiresMs };
    }
  }
  const maxAge: unknown = Reflect.get(options, 'max_age');
  if (maxAge === undefined || maxAge === null || Number(maxAge) === 0) return attributes;
  const seconds = Number(maxAge);
  return { ...attributes, expiresMs: seconds < 0 ? 0 : nowMs() + seconds * MS_PER_SECOND };
}
