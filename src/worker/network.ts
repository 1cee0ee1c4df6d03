/** How the VUs of a worker reach the network: the options turned into what a dial needs. */
import type { NetworkPlan } from '../bridge/messages.ts';
import { NO_DIAL_LIMITS } from '../k6/dial-limits.ts';
import type { HttpSettings, NetworkSettings } from '../k6/host.ts';
import { type LocalIpPool, parseLocalIps } from '../options/local-ips.ts';
import { createProxyFor, NO_PROXIES } from '../options/proxies.ts';
import type { ClientCertificate, Options } from '../options/values.ts';
import { parseVuList } from '../options/vu-list.ts';
import type { Resolve, TlsSettings } from '../websocket/api.ts';
import { SourcePorts } from '../websocket/source-ports.ts';
import { toOpenSslCiphers } from './ciphers.ts';

const TLS_VERSION = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
} as const;

/**
 * Settings by VU id. The resolver, with its cache, is shared.
 * @param plan undefined in the first init run, which connects to nothing.
 */
export function createNetwork(
  options: Options,
  plan: NetworkPlan | undefined,
  resolve: Resolve,
): (vuId: number) => NetworkSettings {
  const localIPs = plan?.localIPs ?? '';
  const pool = localIPs === '' ? undefined : parseLocalIps(localIPs);
  const sources = pool === undefined || plan === undefined ? undefined : sourcesOf(pool, plan);
  const isDebugged = parseVuList(plan?.wsDebugVus ?? '');
  const level = wsDebugLevel(plan);
  const common = commonTls(options, plan?.tlsSessionReuse ?? false);
  // Contexts and sessions are kept by settings object: one for each certificate.
  const settings = new Map<ClientCertificate, TlsSettings>();
  const tlsFor = (host: string): TlsSettings => {
    const certificate = options.tlsAuth?.find(
      ({ domains }) => domains.length === 0 || domains.some((domain) => matches(domain, host)),
    );
    if (certificate === undefined) return common;
    let tls = settings.get(certificate);
    if (tls === undefined) {
      const { cert, key, password } = certificate;
      tls = { ...common, cert, key, ...(password === undefined ? {} : { passphrase: password }) };
      settings.set(certificate, tls);
    }
    return tls;
  };
  const shared = {
    resolve,
    userAgent: options.userAgent,
    localAddress: undefined,
    leaseSource: undefined,
    proxyFor: createProxyFor(plan?.proxies ?? NO_PROXIES),
    dialLimits: plan?.dialLimits ?? NO_DIAL_LIMITS,
    wsDebug: 'off',
    wsDebugSecrets: plan?.wsDebugSecrets ?? false,
    tlsFor,
  } as const;
  if (sources === undefined && level === 'off') return () => shared;
  return (vuId) => ({
    ...shared,
    ...(sources === undefined ? undefined : sources(Math.max(vuId, 1))),
    wsDebug: isDebugged(vuId) ? level : 'off',
  });
}

type Sources = Pick<NetworkSettings, 'localAddress' | 'leaseSource'>;

/** VU 1 has the first address of the pool, and so on, round robin. */
function sourcesOf(pool: LocalIpPool, plan: NetworkPlan): (vuId: number) => Sources {
  const size = Number(pool.size);
  const addressAt = (index: number): string => pool.addressOf(index + 1);
  const ports = new SourcePorts({ size, addressAt }, plan.sourcePorts);
  return (vuId) => {
    const index = (vuId - 1) % size;
    return {
      localAddress: addressAt(index),
      leaseSource: (to) => ports.lease(index, to),
    };
  };
}

function wsDebugLevel(plan: NetworkPlan | undefined): NetworkSettings['wsDebug'] {
  const level = plan?.wsDebug ?? '';
  return level === 'handshake' || level === 'frames' ? level : 'off';
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

function commonTls(options: Options, reusesSessions: boolean): TlsSettings {
  const { min, max } = options.tlsVersion ?? { min: undefined, max: undefined };
  return {
    rejectUnauthorized: !options.insecureSkipTLSVerify,
    reusesSessions,
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
