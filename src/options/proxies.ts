/**
 * The proxies of the environment: HTTP_PROXY for ws: and http:, HTTPS_PROXY for wss: and https:,
 * NO_PROXY for hosts that are reached directly, all as Go's net/http reads them.
 */

import type { ProxySettings } from '../websocket/api.ts';
import { parseProxyUrl } from '../websocket/proxy-url.ts';
import { isInRange, parseCidr, parseIp } from './address.ts';
import { optionFault } from './kind.ts';

/** Plain data: it goes to the workers. */
export interface ProxyEnvironment {
  /** For plain connections. */
  readonly http: ProxySettings | undefined;
  /** For TLS. */
  readonly https: ProxySettings | undefined;
  /** Comma list: hosts, `.domains`, IPs, CIDRs, each with `:port` if wanted; `*` = everything. */
  readonly no: string;
}

export const NO_PROXIES: ProxyEnvironment = { http: undefined, https: undefined, no: '' };

/** @throws GharialError OPTION_INVALID for a URL that is none of a proxy. */
export function readProxies(env: Readonly<Record<string, string | undefined>>): ProxyEnvironment {
  return {
    http: proxyOf(env, 'HTTP_PROXY'),
    https: proxyOf(env, 'HTTPS_PROXY'),
    no: env['NO_PROXY'] || env['no_proxy'] || '',
  };
}

function proxyOf(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): ProxySettings | undefined {
  const text = env[name] || env[name.toLowerCase()] || '';
  if (text === '') return undefined;
  try {
    return parseProxyUrl(text);
  } catch (error) {
    throw optionFault(`${name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Says which proxy a connection goes through, undefined for none. */
export type ProxyFor = (isSecure: boolean, host: string, port: number) => ProxySettings | undefined;

/** Loopback hosts are always reached directly. */
export function createProxyFor({ http, https, no }: ProxyEnvironment): ProxyFor {
  if (http === undefined && https === undefined) return () => undefined;
  const rules = no
    .split(',')
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== '')
    .map(parseRule);
  return (isSecure, host, port) => {
    const proxy = isSecure ? https : http;
    if (proxy === undefined) return undefined;
    const name = host.toLowerCase();
    if (isLoopback(name) || rules.some((matches) => matches(name, port))) return undefined;
    return proxy;
  };
}

type Rule = (host: string, port: number) => boolean;

function parseRule(text: string): Rule {
  if (text === '*') return () => true;
  const range = parseCidr(text);
  if (range !== undefined) {
    return (host) => {
      const ip = parseIp(host);
      return ip !== undefined && isInRange(ip, range);
    };
  }
  const { host: pattern, port: wanted } = splitPort(text);
  const isPort: (port: number) => boolean =
    wanted === undefined ? () => true : (port) => port === wanted;
  const address = parseIp(pattern);
  if (address !== undefined) {
    return (host, port) => {
      const ip = parseIp(host);
      return ip?.family === address.family && ip.value === address.value && isPort(port);
    };
  }
  const domain = pattern.replace(/^\*?\./, '.');
  if (domain.startsWith('.')) return (host, port) => host.endsWith(domain) && isPort(port);
  return (host, port) => (host === domain || host.endsWith(`.${domain}`)) && isPort(port);
}

function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  if (parts === null) return { host: text, port: undefined };
  const [, bracketed, plain = text, port] = parts;
  return { host: bracketed ?? plain, port: port === undefined ? undefined : Number(port) };
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const ip = parseIp(host);
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
}
