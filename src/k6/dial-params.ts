/**
 * What a script passes to a socket beside the URL (`headers`, `tags`, `jar`, `compression`; of our own
 * `tls` and `proxy`), and the dial request made of it.
 */
import type { TagSet } from '../metrics/tag-set.ts';
import type {
  DeflateSettings,
  DialRequest,
  HandshakeResponse,
  ProxySettings,
  WireTrace,
} from '../websocket/api.ts';
import { parseProxyUrl } from '../websocket/proxy-url.ts';
import { parseCompression } from './compression-params.ts';
import { type CookieJar, cookieJarOf } from './cookie-jar.ts';
import { type DialLimits, limitFields, parseDialLimit } from './dial-limits.ts';
import type { VuHost } from './host.ts';
import { withScriptTags } from './sample-tags.ts';
import { NativeError } from './script-error.ts';
import { parseSocketUrl, socketAddressOf } from './socket-url.ts';
import { parseTlsParams, type TlsParams, withTlsParams } from './tls-params.ts';
import type { WsAddress } from './ws-url.ts';

export interface DialParams {
  /** Canonical names; the last of equal names wins. */
  readonly headers: ReadonlyMap<string, string>;
  /** The VU's tags at the time of the call, and the script's. */
  readonly tags: TagSet;
  readonly jar: CookieJar;
  /** What to offer; undefined = no compression. */
  readonly deflate: DeflateSettings | undefined;
  readonly tls: TlsParams | undefined;
  /** Instead of the environment's; null = none. */
  readonly proxy: ProxySettings | null | undefined;
  readonly limits: DialLimits;
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

/** Reads params; anything but an object counts as none, a string has keys no module knows. */
export function parseDialParams(host: VuHost, params: unknown, rules: DialParamsRules): DialParams {
  let headers = new Map<string, string>();
  let { tags } = host;
  let jar = host.cookies;
  let deflate: DeflateSettings | undefined;
  let tls: TlsParams | undefined;
  let proxy: ProxySettings | null | undefined;
  let limits = host.network.dialLimits;
  const entries = params === undefined || params === null ? [] : Object.entries(params);
  for (const [key, value] of entries) {
    if (key === 'headers') headers = headersOf(value);
    else if (key === 'tags') tags = tagsOf(tags, value, rules.badTags);
    else if (key === 'jar') jar = cookieJarOf(value) ?? jar;
    else if (key === 'compression') {
      deflate = parseCompression(value, rules.isEmptyCompressionAllowed);
    } else if (key === 'tls') tls = parseTlsParams(value);
    else if (key === 'proxy') proxy = proxyOf(value);
    else {
      const limit = parseDialLimit(key, value);
      if (limit === undefined) rules.rejectKey(key);
      else limits = { ...limits, ...limit };
    }
  }
  return { headers, tags, jar, deflate, tls, proxy, limits };
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

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/**
 * The request for the engine, which refuses header lines of the protocol and takes the Host line from
 * the headers. `protocols` come from the constructor, not from a header. `defaults` are headers for
 * when the script gives none of that name.
 */
export function dialRequestOf(
  host: VuHost,
  url: string,
  address: WsAddress,
  params: DialParams,
  protocols: readonly string[],
  defaults: ReadonlyMap<string, string> = NO_HEADERS,
): DialRequest {
  const { headers, jar } = params;
  const lines: [string, string][] = [];
  const userAgent = headers.get('User-Agent') ?? host.network.userAgent;
  if (userAgent !== '') lines.push(['User-Agent', userAgent]);
  for (const line of headers) {
    if (line[0] !== 'User-Agent') lines.push(line);
  }
  for (const line of defaults) {
    if (!headers.has(line[0])) lines.push(line);
  }
  const cookie = headers.has('Cookie') ? '' : jar.headerFor(url);
  if (cookie !== '') lines.push(['Cookie', cookie]);
  const { network } = host;
  const { leaseSource } = network;
  const proxy =
    params.proxy ?? (params.proxy === null ? undefined : environmentProxy(host, address));
  const isProxySecure = proxy?.kind === 'https';
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
    ...(proxy === undefined
      ? {}
      : { proxy: isProxySecure ? { ...proxy, tls: network.tlsFor(proxy.host) } : proxy }),
    ...(network.wsDebug === 'off' ? {} : { trace: traceFor(host) }),
    ...limitFields(params.limits),
    ...(params.limits.redirects <= 0
      ? {}
      : {
          redirect: (response) =>
            redirected(host, { url, address, params, protocols, defaults }, response),
        }),
    ...(params.deflate === undefined ? {} : { offersDeflate: true, deflate: params.deflate }),
  };
}

/** What a redirected request is made of again. */
interface Redirectable {
  readonly url: string;
  readonly address: WsAddress;
  readonly params: DialParams;
  readonly protocols: readonly string[];
  readonly defaults: ReadonlyMap<string, string>;
}

/** Headers that are for the server they were given for, and for no other. */
const SECRET_HEADERS = ['Authorization', 'Cookie', 'Host', 'Proxy-Authorization'];

/** The request to go on with; undefined for a target that is no WebSocket URL, or less safe. */
function redirected(
  host: VuHost,
  { url, address, params, protocols, defaults }: Redirectable,
  response: HandshakeResponse,
): DialRequest | undefined {
  keepCookies(params.jar, url, response);
  const location = response.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
  let target: URL;
  try {
    target = parseSocketUrl(location ?? '', url);
  } catch {
    return undefined;
  }
  const next = socketAddressOf(target);
  if (address.isSecure && !next.isSecure) return undefined;
  const limits = { ...params.limits, redirects: params.limits.redirects - 1 };
  const isSame = isSameServer(address, next);
  return dialRequestOf(
    host,
    target.href,
    next,
    { ...(isSame ? params : withoutCredentials(params)), limits },
    protocols,
    isSame ? defaults : withoutSecretHeaders(defaults),
  );
}

function isSameServer(one: WsAddress, other: WsAddress): boolean {
  return (
    one.host.toLowerCase() === other.host.toLowerCase() &&
    one.port === other.port &&
    one.isSecure === other.isSecure
  );
}

/** Params for another server: whom to trust stays, who we are does not. */
function withoutCredentials(params: DialParams): DialParams {
  const ca = params.tls?.ca;
  return {
    ...params,
    headers: withoutSecretHeaders(params.headers),
    tls: ca === undefined ? undefined : { ca },
  };
}

function withoutSecretHeaders(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...headers].filter(([name]) => !SECRET_HEADERS.includes(name)));
}

function environmentProxy(host: VuHost, address: WsAddress): ProxySettings | undefined {
  return host.network.proxyFor(address.isSecure, address.host, address.port);
}

/** `--ws-debug`. */
function traceFor(host: VuHost): WireTrace {
  const fields = { source: 'ws-debug', vu: String(host.id) };
  return {
    includesFrames: host.network.wsDebug === 'frames',
    includesSecrets: host.network.wsDebugSecrets,
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
