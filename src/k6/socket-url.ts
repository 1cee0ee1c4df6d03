/**
 * URLs of `k6/websockets` and of the global WebSocket: the WHATWG URL standard, http and https standing
 * for ws and wss, no fragment; `k6/websockets` drops an empty one, as k6 does.
 */

import { basicAuthorization } from '../base/basic-authorization.ts';
import { domException } from './dom-exception.ts';
import { parseGoUrl, UrlSyntaxError, type WsAddress } from './ws-url.ts';

const DEFAULT_PORT = 80;
const DEFAULT_SECURE_PORT = 443;
const PORT_MAX = 65_535;

/** http and https stand for ws and wss. */
const MAPPED_SCHEMES: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:' };

function syntaxError(message: string): DOMException {
  return domException('SyntaxError', message);
}

/**
 * @param base what a relative URL is relative to.
 * @param dropsEmptyFragment takes a `#` at the end off; else it is an error.
 * @throws DOMException `SyntaxError`
 */
export function parseSocketUrl(
  text: string,
  base: string | undefined,
  dropsEmptyFragment = false,
): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw syntaxError(faultOf(text));
  }
  const mapped = MAPPED_SCHEMES[url.protocol];
  if (mapped !== undefined) url.protocol = mapped;
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    const scheme = url.protocol.slice(0, -1);
    throw syntaxError(`WebSocket requires url with scheme ws or wss, but got "${scheme}"`);
  }
  // A fragment may be empty and still be there.
  if (dropsEmptyFragment && url.hash === '') url.hash = '';
  if (url.hash !== '' || url.href.endsWith('#')) {
    throw syntaxError(`WebSocket requires no url fragment, but got "${url.hash.slice(1)}"`);
  }
  return url;
}

/** What is wrong with a URL, in k6's words where it has some. */
function faultOf(text: string): string {
  let fault: UrlSyntaxError;
  try {
    const { scheme, host, port } = parseGoUrl(text);
    if (scheme === '') return 'WebSocket requires url with scheme ws or wss, but got ""';
    fault = new UrlSyntaxError(text, faultOfAuthority(host, port));
  } catch (error) {
    if (!(error instanceof UrlSyntaxError)) throw error;
    fault = error;
  }
  return `WebSocket requires valid url, but got "${text}" which resulted in ${fault.message}`;
}

/** What the URL standard refuses and Go's grammar takes. */
function faultOfAuthority(host: string, port: string): string {
  if (host === '') return 'no host in URL';
  if (Number(port) > PORT_MAX) return `invalid port ":${port}" after host`;
  return `invalid host ${JSON.stringify(host)}`;
}

/** Where to dial. */
export function socketAddressOf(url: URL): WsAddress {
  const isSecure = url.protocol === 'wss:';
  const defaultPort = isSecure ? DEFAULT_SECURE_PORT : DEFAULT_PORT;
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
    target: `${url.pathname}${url.search}`,
    hostHeader: url.host,
  };
}

/** Value of an Authorization header for the credentials of a URL (RFC 7617), '' if it has none. */
export function basicCredentials(url: URL): string {
  if (url.username === '' && url.password === '') return '';
  return basicAuthorization(decoded(url.username), decoded(url.password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The URL standard lets stray percent signs stand.
    return text;
  }
}
