/**
 * URLs of HTTP requests: Go's grammar with its error texts (see ws-url.ts), the value of `http.url`,
 * and where a redirect or a link leads.
 */
import { type GoUrl, parseGoUrl, UrlSyntaxError } from './ws-url.ts';

/** What `http.url` returns: an address, and the name its requests share in metrics. */
export class HttpUrl {
  readonly url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  /** The address without its credentials. */
  get clean_url(): string {
    return maskCredentials(this.url);
  }

  toString(): string {
    return this.url;
  }
}

/** A URL ready to be requested. */
export interface RequestUrl {
  /** As written, scheme in lower case, without credentials and fragment. */
  readonly text: string;
  /** For metrics: as written, with credentials masked. */
  readonly clean: string;
  /** Scheme, host and port, the same for all addresses a connection may serve. */
  readonly origin: string;
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  readonly hostHeader: string;
  /** Path and query in printable ASCII. */
  readonly target: string;
  readonly user: Credentials | undefined;
  /** Why no request can go there, though it is a URL; '' if one can. */
  readonly fault: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const AUTHORITY_CREDENTIALS = /^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/)([^/?#]*)@/;

/** `http://user:secret@host/` becomes `http://****:****@host/`. */
export function maskCredentials(url: string): string {
  if (!url.includes('@')) return url;
  return url.replace(AUTHORITY_CREDENTIALS, (_, start: string, user: string) =>
    user.includes(':') ? `${start}****:****@` : `${start}****@`,
  );
}

function credentialsOf(url: string): Credentials | undefined {
  const user = AUTHORITY_CREDENTIALS.exec(url)?.[2];
  if (user === undefined) return undefined;
  const colon = user.indexOf(':');
  const username = colon < 0 ? user : user.slice(0, colon);
  const password = colon < 0 ? '' : user.slice(colon + 1);
  return { username: decoded(username), password: decoded(password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign stands for itself
  }
}

const NOT_PRINTABLE = /[^\x21-\x7e]+/g;

/** What a request line cannot hold is encoded; k6 leaves such queries to the server's mercy. */
function toTarget(target: string): string {
  return target.replace(NOT_PRINTABLE, (run) =>
    encodeURIComponent(Buffer.from(run, 'utf8').toString('utf8')),
  );
}

/**
 * Takes a URL apart. Cost: one pass of regular expressions; callers keep the result of URLs they repeat.
 *
 * @throws UrlSyntaxError
 */
export function parseRequestUrl(written: string): RequestUrl {
  const url = parseGoUrl(written);
  const isSecure = url.scheme === 'https';
  const port = url.port === '' ? (isSecure ? HTTPS_PORT : HTTP_PORT) : Number(url.port);
  const shownHost = url.authority.startsWith('[') ? `[${url.host}]` : url.host;
  return {
    origin: `${isSecure ? 'https' : 'http'}://${shownHost}:${port}`,
    text: textOf(url),
    clean: maskCredentials(url.text),
    isSecure,
    host: url.host,
    port,
    hostHeader: url.port === '' ? shownHost : `${shownHost}:${url.port}`,
    target: toTarget(url.target),
    user: url.hasUserInfo ? credentialsOf(url.text) : undefined,
    fault: faultOf(url),
  };
}

function faultOf({ scheme, host }: GoUrl): string {
  if (scheme !== 'http' && scheme !== 'https') {
    return `unsupported protocol scheme ${JSON.stringify(scheme)}`;
  }
  return host === '' ? 'http: no Host in request URL' : '';
}

function textOf(url: GoUrl): string {
  const hash = url.text.indexOf('#');
  const text = hash < 0 ? url.text : url.text.slice(0, hash);
  return url.hasUserInfo ? text.replace(AUTHORITY_CREDENTIALS, '$1') : text;
}

const ABSOLUTE = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//;

/**
 * Where a `Location` header or a link leads; an absolute address stays as it is written.
 *
 * @throws UrlSyntaxError
 */
export function resolveUrl(base: string, reference: string): string {
  if (ABSOLUTE.test(reference)) return reference;
  if (!URL.canParse(reference, base)) throw new UrlSyntaxError(reference, 'invalid reference');
  return new URL(reference, base).href;
}

/** True if credentials meant for `from` may go to `to`: the same host, or one below it. */
export function isSameSite(from: RequestUrl, to: RequestUrl): boolean {
  const [source, target] = [from.host.toLowerCase(), to.host.toLowerCase()];
  return target === source || target.endsWith(`.${source}`);
}
