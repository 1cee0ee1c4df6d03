/**
 * Name resolution as the options want it: blocked names, fixed hosts, DNS with a cache and a policy,
 * refused address ranges; in this order, with k6's error texts. The look-up itself is passed in.
 */
import { nowMs } from '../base/clock.ts';
import { GharialError } from '../base/errors.ts';
import { createPrng, randomSeed } from '../base/prng.ts';
import type { Resolve, ResolvedAddress } from '../websocket/api.ts';
import { formatCidr, type IpRange, isInRange, parseCidr, parseIp } from './address.ts';
import { parseDnsTtl } from './dns.ts';
import { createHostTable, findHost, type HostTable, parseHostTarget } from './hosts.ts';
import type { DnsPolicy, Options } from './values.ts';

export interface LookupAddress {
  readonly address: string;
  readonly family: number;
}

/** Asks the system for all addresses of a name, as `dns.lookup(host, { all: true }, done)`. */
export type Lookup = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export interface ResolveTools {
  /** Epoch ms. */
  readonly nowMs: () => number;
  /** Integer in [0, bound). */
  readonly randomInt: (bound: number) => number;
}

type NetworkOptions = Pick<Options, 'dns' | 'hosts' | 'blacklistIPs' | 'blockHostnames'>;

/** Names kept at most; a script that invents names must not fill the memory. */
const CACHE_ENTRIES_MAX = 10_000;

interface CacheEntry {
  readonly addresses: readonly LookupAddress[];
  readonly expiresMs: number;
  /** Answers given so far, for roundRobin. */
  uses: number;
}

/**
 * Creates the resolver that all VUs of a thread share. It passes exactly one address to `done`, which
 * may be called before it returns. Errors: HOST_BLOCKED, IP_BLACKLISTED, HOST_NOT_FOUND, DNS_FAILED.
 */
export function createResolve(
  options: NetworkOptions,
  lookup: Lookup,
  tools: ResolveTools = defaultTools(),
): Resolve {
  const blocked = createHostTable(options.blockHostnames.map((pattern) => [pattern, pattern]));
  const hosts = createHostTable(Object.entries(options.hosts));
  const blacklist = options.blacklistIPs.map(parseCidr).filter((range) => range !== undefined);
  const findAddress = createNameCache(options.dns, lookup, tools);
  return (host, port, done) => {
    const refuse = (error: Error): void => done(error, []);
    const accept = (address: string, targetPort: number): void => {
      const refused = findRange(address, blacklist);
      if (refused === undefined) {
        done(null, [toResolved(address, targetPort)]);
        return;
      }
      const range = formatCidr(refused);
      refuse(
        new GharialError('IP_BLACKLISTED', `IP (${address}) is in a blacklisted range (${range})`),
      );
    };
    const isLiteral = parseIp(host) !== undefined;
    const block = isLiteral ? undefined : findHost(blocked, host);
    if (block !== undefined) {
      refuse(
        new GharialError(
          'HOST_BLOCKED',
          `hostname (${host}) is in a blocked pattern (${block.value})`,
        ),
      );
      return;
    }
    const mapped = mapHost(hosts, host, port);
    if (mapped !== undefined) accept(mapped.address, mapped.port ?? port);
    else if (isLiteral) accept(host, port);
    else {
      findAddress(host, (error, address) => {
        if (error === null) accept(address, port);
        else refuse(error);
      });
    }
  };
}

function defaultTools(): ResolveTools {
  const prng = createPrng(randomSeed());
  return { nowMs, randomInt: prng.nextInt };
}

function mapHost(hosts: HostTable<string>, host: string, port: number) {
  const withPort = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const found = findHost(hosts, withPort) ?? findHost(hosts, host);
  return found === undefined ? undefined : parseHostTarget(found.value);
}

function findRange(address: string, ranges: readonly IpRange[]): IpRange | undefined {
  if (ranges.length === 0) return undefined;
  const ip = parseIp(address);
  return ip === undefined ? undefined : ranges.find((range) => isInRange(ip, range));
}

function toResolved(address: string, port: number): ResolvedAddress {
  return { address, family: address.includes(':') ? 6 : 4, port };
}

/** Look-ups with a cache: one question at a time per name, answers kept for the time to live. */
function createNameCache(dns: Options['dns'], lookup: Lookup, tools: ResolveTools) {
  type Done = (error: Error | null, address: string) => void;
  const ttlMs = parseDnsTtl(dns.ttl);
  const cache = new Map<string, CacheEntry>();
  const waiting = new Map<string, Done[]>();

  const choose = (entry: CacheEntry): string => {
    const { addresses } = entry;
    const turn = entry.uses++ % addresses.length;
    const index =
      dns.select === 'first'
        ? 0
        : dns.select === 'random'
          ? tools.randomInt(addresses.length)
          : turn;
    return addresses[index]?.address ?? '';
  };
  const ask = (name: string, done: (error: Error | null, entry?: CacheEntry) => void): void => {
    lookup(name, (error, found) => {
      const addresses = error === null ? filterByPolicy(found, dns.policy) : [];
      if (error !== null || addresses.length === 0) done(lookupFault(name, error));
      else done(null, { addresses, expiresMs: tools.nowMs() + ttlMs, uses: 0 });
    });
  };
  const answer = (entry: CacheEntry | undefined, error: Error | null, done: Done): void => {
    if (entry === undefined) done(error, '');
    else done(null, choose(entry));
  };

  return (host: string, done: Done): void => {
    const name = host.toLowerCase();
    if (ttlMs === 0) {
      ask(name, (error, entry) => answer(entry, error, done));
      return;
    }
    const known = cache.get(name);
    if (known !== undefined && known.expiresMs > tools.nowMs()) {
      answer(known, null, done);
      return;
    }
    const others = waiting.get(name);
    if (others !== undefined) {
      others.push(done);
      return;
    }
    waiting.set(name, [done]);
    ask(name, (error, entry) => {
      const askers = waiting.get(name) ?? [];
      waiting.delete(name);
      if (entry !== undefined) remember(cache, name, entry);
      for (const asker of askers) answer(entry, error, asker);
    });
  };
}

function remember(cache: Map<string, CacheEntry>, name: string, entry: CacheEntry): void {
  cache.delete(name);
  if (cache.size >= CACHE_ENTRIES_MAX) {
    const [oldest] = cache.keys();
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(name, entry);
}

function filterByPolicy(
  addresses: readonly LookupAddress[],
  policy: DnsPolicy,
): readonly LookupAddress[] {
  const ofFamily = (family: number): readonly LookupAddress[] =>
    addresses.filter((address) => address.family === family);
  const orElse = (wanted: readonly LookupAddress[]): readonly LookupAddress[] =>
    wanted.length > 0 ? wanted : addresses;
  switch (policy) {
    case 'preferIPv4':
      return orElse(ofFamily(4));
    case 'preferIPv6':
      return orElse(ofFamily(6));
    case 'onlyIPv4':
      return ofFamily(4);
    case 'onlyIPv6':
      return ofFamily(6);
    case 'any':
      return addresses;
  }
}

function lookupFault(name: string, error: NodeJS.ErrnoException | null): GharialError {
  if (error === null || error.code === 'ENOTFOUND' || error.code === 'ENODATA') {
    return new GharialError('HOST_NOT_FOUND', `lookup ${name}: no such host`, { cause: error });
  }
  return new GharialError('DNS_FAILED', `lookup ${name}: ${error.message}`, { cause: error });
}
