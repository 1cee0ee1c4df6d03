/** URLs of proxies, as environment variables and scripts give them. */
import type { ProxySettings } from './api.ts';

const KINDS: Readonly<Record<string, ProxySettings['kind']>> = {
  'http:': 'http',
  'https:': 'https',
  'socks5:': 'socks5',
  'socks5h:': 'socks5',
};
const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 } as const;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * `http://user:password@host:port`, `https://…`, `socks5://…`, or without a scheme for HTTP, as Go reads them.
 * @throws Error that says what is wrong, without the credentials.
 */
export function parseProxyUrl(text: string): ProxySettings {
  const url = urlOf(SCHEME.test(text) ? text : `http://${text}`);
  const kind = KINDS[url.protocol];
  if (kind === undefined) {
    throw new Error(`proxy scheme ${url.protocol.slice(0, -1)}: use http, https or socks5`);
  }
  if (url.hostname === '') throw new Error('proxy URL without a host');
  return {
    kind,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORTS[kind] : Number(url.port),
    username: decoded(url.username),
    password: decoded(url.password),
  };
}

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new Error('proxy URL cannot be read; it looks like http://user:password@host:port');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('proxy credentials with a bad percent escape');
  }
}
