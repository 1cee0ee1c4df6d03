/** The `dns` option: how long answers are kept, which address is taken, which family is preferred. */
import { parseExtendedDuration } from '../base/duration.ts';
import { GharialError } from '../base/errors.ts';
import { DNS_POLICIES, DNS_SELECTS, type DnsSettings } from './values.ts';

export const DEFAULT_DNS: DnsSettings = { ttl: '5m', select: 'random', policy: 'preferIPv4' };

/**
 * Time to live of an answer in ms; `inf` = Infinity, 0 = look up each time.
 * @throws GharialError DNS_INVALID
 */
export function parseDnsTtl(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  try {
    const ttlMs = parseExtendedDuration(text);
    if (ttlMs >= 0) return ttlMs;
  } catch (error) {
    throw new GharialError('DNS_INVALID', `invalid DNS TTL: ${text}`, { cause: error });
  }
  throw new GharialError('DNS_INVALID', `invalid DNS TTL: ${text}`);
}

/**
 * Parses the flag and environment form `ttl=5m,select=random,policy=preferIPv4` (any subset).
 * @throws GharialError DNS_INVALID
 */
export function parseDnsText(text: string): Partial<DnsSettings> {
  let settings: Partial<DnsSettings> = {};
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (equals < 0) throw new GharialError('DNS_INVALID', `no value for key ${key}`);
    settings = { ...settings, ...parseDnsField(key, part.slice(equals + 1)) };
  }
  return settings;
}

/** @throws GharialError DNS_INVALID */
export function parseDnsField(key: string, value: string): Partial<DnsSettings> {
  switch (key) {
    case 'ttl':
      parseDnsTtl(value);
      return { ttl: value };
    case 'select': {
      const select = DNS_SELECTS.find((known) => known === value);
      if (select !== undefined) return { select };
      throw new GharialError('DNS_INVALID', `${value} does not belong to DNSSelect values`);
    }
    case 'policy': {
      const policy = DNS_POLICIES.find((known) => known === value);
      if (policy !== undefined) return { policy };
      throw new GharialError('DNS_INVALID', `${value} does not belong to DNSPolicy values`);
    }
    default:
      throw new GharialError('DNS_INVALID', `unknown DNS configuration field: ${key}`);
  }
}
