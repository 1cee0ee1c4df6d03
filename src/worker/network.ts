/** How the VUs of a worker reach the network: the options turned into what a dial needs. */
import type { HttpSettings, NetworkSettings } from '../k6/host.ts';
import { parseLocalIps } from '../options/local-ips.ts';
import type { Options } from '../options/values.ts';
import type { Resolve, TlsSettings } from '../websocket/api.ts';
import { toOpenSslCiphers } from './ciphers.ts';

const TLS_VERSION = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
} as const;

/** Settings by VU id. The resolver, with its cache, is shared. */
export function createNetwork(
  options: Options,
  localIPs: string,
  resolve: Resolve,
): (vuId: number) => NetworkSettings {
  const pool = localIPs === '' ? undefined : parseLocalIps(localIPs);
  const common = commonTls(options);
  const tlsFor = (host: string): TlsSettings => {
    const certificate = options.tlsAuth?.find(
      ({ domains }) => domains.length === 0 || domains.some((domain) => matches(domain, host)),
    );
    if (certificate === undefined) return common;
    const { cert, key, password } = certificate;
    return { ...common, cert, key, ...(password === undefined ? {} : { passphrase: password }) };
  };
  const shared = { resolve, userAgent: options.userAgent, localAddress: undefined, tlsFor };
  if (pool === undefined) return () => shared;
  return (vuId) => ({ ...shared, localAddress: pool.addressOf(Math.max(vuId, 1)) });
}

/** What `k6/http` takes from the options; `reserveSlot` is the gate of the `rps` option. */
export function httpSettings(
  options: Options,
  reserveSlot: (() => number) | undefined,
): HttpSettings {
  const { httpDebug } = options;
  return {
    batch: options.batch,
    batchPerHost: options.batchPerHost,
    maxRedirects: options.maxRedirects,
    isMaxRedirectsSet: options.given.maxRedirects !== undefined,
    discardResponseBodies: options.discardResponseBodies,
    noConnectionReuse: options.noConnectionReuse,
    noVUConnectionReuse: options.noVUConnectionReuse,
    debug: httpDebug === 'full' || httpDebug === '' ? httpDebug : 'headers',
    reserveSlot,
  };
}

function commonTls(options: Options): TlsSettings {
  const { min, max } = options.tlsVersion ?? { min: undefined, max: undefined };
  return {
    rejectUnauthorized: !options.insecureSkipTLSVerify,
    ...(min === undefined ? {} : { minVersion: TLS_VERSION[min] }),
    ...(max === undefined ? {} : { maxVersion: TLS_VERSION[max] }),
    ...(options.tlsCipherSuites === undefined
      ? {}
      : { ciphers: toOpenSslCiphers(options.tlsCipherSuites) }),
  };
}

/** `*.example.com` matches any name below; other domains match themselves. */
function matches(domain: string, host: string): boolean {
  return domain.startsWith('*.') ? host.endsWith(domain.slice(1)) : host === domain;
}
