/**
 * What a script passes to a socket beside the URL (`headers`, `tags`, `jar`, `compression`; of our own
 * `tls` and `proxy`), and the dial request made of it.
 */
import type { TagSet } from '../metrics/tag-set.ts';
import type { DialRequest, HandshakeResponse, ProxySettings, WireTrace } from '../websocket/api.ts';
import { parseProxyUrl } from '../websocket/proxy-url.ts';
import { type CookieJar, cookieJarOf } from './cookie-jar.ts';
import type { VuHost } from './host.ts';
import { withScriptTags } from './sample-tags.ts';
import { NativeError } from './script-error.ts';
import { parseTlsParams, type TlsParams, withTlsParams } from './tls-params.ts';
import type { WsAddress } from './ws-url.ts';

export interface DialParams {
  /** Canonical names; the last of equal names wins. */
  readonly headers: ReadonlyMap<string, string>;
  /** The VU's tags at the time of the call, and the script's. */
  readonly tags: TagSet;
  readonly jar: CookieJar;
  readonly offersDeflate: boolean;
  readonly tls: TlsParams | undefined;
  /** Instead of the environment's; null = none. */
  readonly proxy: ProxySettings | null | undefined;
}

/** How the two modules differ in what they accept. */
export interface DialParamsRules {
  /** Throws for a key of params the module does not know (k6/websockets); else it is ignored. */
  rejectKey(key: string): void;
  /** Words before the reason why tags are bad. */
  readonly badTags: string;
  /** `compression: ''` is an error (k6/websockets) or means none (k6/ws). */
  readonly isEmptyCompressionAllowed: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Header name as Go writes it: `x-lower` becomes `X-Lower`; what is no token stays as it is. */
export function canonicalHeaderName(name: string): string {
  if (!TOKEN.test(name)) return name;
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

function headersOf(value: unknown): Map<string, string> {
  const headers = new Map<string, string>();
  if (value === undefined || value === null) return headers;
  for (const [name, text] of Object.entries(value)) {
    // A line break would start another header line; Go writes a space too.
    headers.set(
      canonicalHeaderName(name),
      String(text)
        .replace(/[\r\n]+/g, ' ')
        .trim(),
    );
  }
  return headers;
}

function isDeflate(value: unknown, isEmptyAllowed: boolean): boolean {
  const algorithm = String(value).trim();
  if (algorithm === 'deflate') return true;
  if (algorithm === '' && isEmptyAllowed) return false;
  throw new NativeError(
    `unsupported compression algorithm '${algorithm}', supported algorithm is 'deflate'`,
  );
}

/** Reads params; anything but an object counts as none, a string has keys no module knows. */
export function parseDialParams(host: VuHost, params: unknown, rules: DialParamsRules): DialParams {
  let headers = new Map<string, string>();
  let { tags } = host;
  let jar = host.cookies;
  let offersDeflate = false;
  let tls: TlsParams | undefined;
  let proxy: ProxySettings | null | undefined;
  const entries = params === undefined || params === null ? [] : Object.entries(params);
  for (const [key, value] of entries) {
    if (key === 'headers') headers = headersOf(value);
    else if (key === 'tags') tags = tagsOf(tags, value, rules.badTags);
    else if (key === 'jar') jar = cookieJarOf(value) ?? jar;
    else if (key === 'compression') {
      offersDeflate = isDeflate(value, rules.isEmptyCompressionAllowed);
    } else if (key === 'tls') tls = parseTlsParams(value);
    else if (key === 'proxy') proxy = proxyOf(value);
    else rules.rejectKey(key);
  }
  return { headers, tags, jar, offersDeflate, tls, proxy };
}

/** `'http://user:password@host:port'`, `'socks5://…'`; '' or null = connect directly. */
function proxyOf(value: unknown): ProxySettings | null | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === '') return null;
  try {
    return parseProxyUrl(String(value));
  } catch (error) {
    throw new NativeError(`invalid proxy: ${error instanceof Error ? error.message : error}`);
  }
}

function tagsOf(base: TagSet, value: unknown, words: string): TagSet {
  try {
    return withScriptTags(base, value);
  } catch (error) {
    throw new NativeError(`${words}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The request for the engine, which refuses header lines of the protocol and takes the Host line from
 * the headers. `protocols` come from the constructor, not from a header.
 */
export function dialRequestOf(
  host: VuHost,
  url: string,
  address: WsAddress,
  params: DialParams,
  protocols: readonly string[],
): DialRequest {
  const { headers, jar } = params;
  const lines: [string, string][] = [];
  const userAgent = headers.get('User-Agent') ?? host.network.userAgent;
  if (userAgent !== '') lines.push(['User-Agent', userAgent]);
  for (const line of headers) {
    if (line[0] !== 'User-Agent') lines.push(line);
  }
  const cookie = headers.has('Cookie') ? '' : jar.headerFor(url);
  if (cookie !== '') lines.push(['Cookie', cookie]);
  const { network } = host;
  const { leaseSource } = network;
  const proxy =
    params.proxy ?? (params.proxy === null ? undefined : environmentProxy(host, address));
  return {
    isSecure: address.isSecure,
    host: address.host,
    port: address.port,
    target: address.target,
    hostHeader: address.hostHeader,
    headers: lines,
    protocols,
    // A header of the script may offer protocols that the engine does not know of.
    requiresOfferedProtocol: !headers.has('Sec-Websocket-Protocol'),
    resolve: host.network.resolve,
    ...(address.isSecure ? { tls: withTlsParams(network.tlsFor(address.host), params.tls) } : {}),
    ...(leaseSource === undefined ? {} : { leaseSource }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(network.wsDebug === 'off' ? {} : { trace: traceFor(host) }),
    offersDeflate: params.offersDeflate,
  };
}

function environmentProxy(host: VuHost, address: WsAddress): ProxySettings | undefined {
  return host.network.proxyFor(address.isSecure, address.host, address.port);
}

/** `--ws-debug`. */
function traceFor(host: VuHost): WireTrace {
  const fields = { source: 'ws-debug', vu: String(host.id) };
  return {
    includesFrames: host.network.wsDebug === 'frames',
    write: (line) => host.log('info', line, fields),
  };
}

/** Stores the cookies of a handshake answer, whatever its status. */
export function keepCookies(jar: CookieJar, url: string, response: HandshakeResponse): void {
  const cookies: string[] = [];
  for (const [name, value] of response.headers) {
    if (name.toLowerCase() === 'set-cookie') cookies.push(value);
  }
  if (cookies.length > 0) jar.setCookies(url, cookies);
}
