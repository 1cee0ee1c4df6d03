/**
 * IP addresses and ranges as numbers. An IPv4 address mapped into IPv6 (`::ffff:a.b.c.d`) counts as
 * the IPv4 address it is.
 */

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that share the first `prefixBits` bits with `base`. */
export interface IpRange {
  readonly base: IpAddress;
  readonly prefixBits: number;
}

const MAPPED_PREFIX = 0xffffn;

/** Parses an IPv4 or IPv6 literal without brackets or zone; undefined if it is none. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Parses `address/bits`, as Go's `net.ParseCIDR`; undefined if it is none. */
export function parseCidr(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const bitsText = text.slice(slash + 1);
  const base = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  if (base === undefined || !/^\d{1,3}$/.test(bitsText)) return undefined;
  const isMapped = base.family === 4 && text.includes(':');
  const prefixBits = Number(bitsText) - (isMapped ? 96 : 0);
  const width = bitsOf(base);
  if (prefixBits < 0 || prefixBits > width) return undefined;
  const hostBits = BigInt(width - prefixBits);
  return { base: { family: base.family, value: (base.value >> hostBits) << hostBits }, prefixBits };
}

export function isInRange(address: IpAddress, range: IpRange): boolean {
  if (address.family !== range.base.family) return false;
  const hostBits = BigInt(bitsOf(address) - range.prefixBits);
  return address.value >> hostBits === range.base.value >> hostBits;
}

export function formatIp(address: IpAddress): string {
  if (address.family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (address.value >> shift) & 0xffn).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address.value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  return compressZeros(groups);
}

/** The CIDR notation of a range. */
export function formatCidr(range: IpRange): string {
  return `${formatIp(range.base)}/${range.prefixBits}`;
}

function bitsOf(address: IpAddress): number {
  return address.family === 4 ? 32 : 128;
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  if (value >> 32n === MAPPED_PREFIX) return { family: 4, value: value & 0xffffffffn };
  return { family: 6, value };
}

/** Colon-separated groups; the last may be an IPv4 literal if `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      groups.push(Number(ipv4.value >> 16n), Number(ipv4.value & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** RFC 5952: the longest run of zero groups (two or more) becomes `::`. */
function compressZeros(groups: readonly string[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === '0') end++;
    if (end - i > bestLength) {
      bestStart = i;
      bestLength = end - i;
    }
  }
  if (bestStart < 0) return groups.join(':');
  const head = groups.slice(0, bestStart).join(':');
  return `${head}::${groups.slice(bestStart + bestLength).join(':')}`;
}
