/**
 * WebSocket URLs as k6 reads them: Go's URL grammar with its error texts, nothing normalised but the
 * case of the scheme, so that `ws.url` and the `url` tag are what the script wrote.
 */
import { domainToASCII } from 'node:url';
import { toUSVString } from 'node:util';

/** A URL taken apart. `text` is the whole URL with the scheme in lower case. */
export interface GoUrl {
  readonly text: string;
  /** Lower case, without the colon; '' if there is none. */
  readonly scheme: string;
  /** True if the authority contains `user@` or `user:password@`. */
  readonly hasUserInfo: boolean;
  /** Host and port as written, brackets included. */
  readonly authority: string;
  /** Host name or IP literal without brackets. */
  readonly host: string;
  /** As written, '' if none. */
  readonly port: string;
  /** Path and query for a request line: the path percent-encoded where needed, the query as written. */
  readonly target: string;
  readonly fragment: string;
}

/** A URL that cannot be parsed; the message is Go's: `parse "<url>": <why>`. */
export class UrlSyntaxError extends Error {
  constructor(url: string, why: string) {
    super(`parse ${JSON.stringify(url)}: ${why}`);
  }
}

const CONTROL = /\p{Cc}/u;
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*:/;
const ESCAPE = /%(?![0-9a-fA-F]{2})/;
const ESCAPE_SHOWN_CHARS = 3;
/** ASCII that may not stand in a host name. */
const BAD_HOST_CHARACTER = /[ ^`{|}\\/?#@%]/;
const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
/** What has to be encoded in a path; `%` only where it starts no escape (that is an error before). */
const PATH_ENCODE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]+/gu;

function checkEscapes(url: string, part: string): void {
  const at = part.search(ESCAPE);
  if (at >= 0) {
    const shown = part.slice(at, at + ESCAPE_SHOWN_CHARS);
    throw new UrlSyntaxError(url, `invalid URL escape ${JSON.stringify(shown)}`);
  }
}

function splitHost(url: string, authority: string): { host: string; port: string } {
  let host = authority;
  let portPart = '';
  if (authority.startsWith('[')) {
    const end = authority.lastIndexOf(']');
    if (end < 0) throw new UrlSyntaxError(url, "missing ']' in host");
    host = authority.slice(1, end);
    portPart = authority.slice(end + 1);
  } else {
    const colon = authority.lastIndexOf(':');
    if (colon >= 0) {
      host = authority.slice(0, colon);
      portPart = authority.slice(colon);
    }
  }
  if (!/^(:\d*)?$/.test(portPart)) {
    throw new UrlSyntaxError(url, `invalid port ${JSON.stringify(portPart)} after host`);
  }
  const bad = BAD_HOST_CHARACTER.exec(host);
  if (bad !== null) {
    if (bad[0] === '%') {
      const shown = host.slice(bad.index, bad.index + ESCAPE_SHOWN_CHARS);
      throw new UrlSyntaxError(url, `invalid URL escape ${JSON.stringify(shown)}`);
    }
    throw new UrlSyntaxError(url, `invalid character ${JSON.stringify(bad[0])} in host name`);
  }
  return {
    host: /\P{ASCII}/u.test(host) ? domainToASCII(host) : host,
    port: portPart.slice(1),
  };
}

/** Lone surrogates count as U+FFFD. @throws UrlSyntaxError */
export function parseGoUrl(given: string): GoUrl {
  const url = toUSVString(given);
  if (CONTROL.test(url)) throw new UrlSyntaxError(url, 'net/url: invalid control character in URL');
  if (url.startsWith(':')) throw new UrlSyntaxError(url, 'missing protocol scheme');
  const schemePart = SCHEME.exec(url)?.[0] ?? '';
  const scheme = schemePart.slice(0, -1).toLowerCase();
  const afterScheme = url.slice(schemePart.length);
  const hash = afterScheme.indexOf('#');
  const beforeFragment = hash < 0 ? afterScheme : afterScheme.slice(0, hash);
  const fragment = hash < 0 ? '' : afterScheme.slice(hash + 1);
  checkEscapes(url, fragment);
  const mark = beforeFragment.indexOf('?');
  let rest = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const query = mark < 0 ? '' : beforeFragment.slice(mark);

  let authority = '';
  let hasUserInfo = false;
  let parts = { host: '', port: '' };
  if (rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    const at = authority.lastIndexOf('@');
    if (at >= 0) {
      hasUserInfo = true;
      if (!USER_INFO.test(authority.slice(0, at))) {
        throw new UrlSyntaxError(url, 'net/url: invalid userinfo');
      }
      authority = authority.slice(at + 1);
    }
    parts = splitHost(url, authority);
  } else if (scheme === '' && /^[^/]*:/.test(rest)) {
    throw new UrlSyntaxError(url, 'first path segment in URL cannot contain colon');
  }
  checkEscapes(url, rest);
  const path = rest.replace(PATH_ENCODE, encodeURIComponent);
  return {
    text: scheme + url.slice(scheme.length),
    scheme,
    hasUserInfo,
    authority,
    ...parts,
    target: `${path.startsWith('/') ? path : `/${path}`}${query}`,
    fragment,
  };
}

const DEFAULT_PORT = 80;
const DEFAULT_SECURE_PORT = 443;

/** Where to dial: what the engine's request takes from the URL. */
export interface WsAddress {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  readonly target: string;
  readonly hostHeader: string;
}

/**
 * The address of a ws or wss URL without credentials.
 *
 * @returns undefined where k6 answers `malformed ws or wss URL`.
 */
export function wsAddressOf(url: GoUrl): WsAddress | undefined {
  if ((url.scheme !== 'ws' && url.scheme !== 'wss') || url.hasUserInfo || url.host === '') {
    return undefined;
  }
  const isSecure = url.scheme === 'wss';
  const port = url.port === '' ? (isSecure ? DEFAULT_SECURE_PORT : DEFAULT_PORT) : Number(url.port);
  const shownHost = url.authority.startsWith('[') ? `[${url.host}]` : url.host;
  const hostHeader = url.port === '' ? shownHost : `${shownHost}:${url.port}`;
  return { isSecure, host: url.host, port, target: url.target, hostHeader };
}
