/** The `--local-ips` pool: the source addresses VUs bind, round robin. */
import { formatIp, type IpAddress, parseCidr, parseIp } from './address.ts';
import { optionFault } from './kind.ts';

interface IpBlock {
  readonly first: IpAddress;
  readonly count: bigint;
}

export interface LocalIpPool {
  /** Number of addresses. */
  readonly size: bigint;
  /** The address VU `vuId` (1-based) binds. */
  addressOf(vuId: number): string;
}

/**
 * Parses a comma list of IPs, ranges `a-b` and CIDRs; an IPv4 CIDR with more than two addresses gives
 * neither its network nor its broadcast address.
 * @throws GharialError OPTION_INVALID
 */
export function parseLocalIps(text: string): LocalIpPool {
  const blocks = text.split(',').map(parseBlock);
  const size = blocks.reduce((sum, block) => sum + block.count, 0n);
  return {
    size,
    addressOf: (vuId) => {
      let index = (((BigInt(vuId) - 1n) % size) + size) % size;
      for (const { first, count } of blocks) {
        if (index < count) return formatIp({ family: first.family, value: first.value + index });
        index -= count;
      }
      throw new RangeError('empty pool of local addresses');
    },
  };
}

function parseBlock(text: string): IpBlock {
  const range = text.includes('/') ? parseCidr(text) : undefined;
  if (range !== undefined) {
    const hostBits = BigInt((range.base.family === 4 ? 32 : 128) - range.prefixBits);
    const count = 1n << hostBits;
    if (range.base.family === 6 || hostBits < 2n) return { first: range.base, count };
    const first = { family: range.base.family, value: range.base.value + 1n };
    return { first, count: count - 2n };
  }
  const dash = text.indexOf('-');
  const first = parseIp(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parseIp(text.slice(dash + 1));
  if (first === undefined || last === undefined || first.family !== last.family) throw bad(text);
  if (last.value < first.value) throw bad(text);
  return { first, count: last.value - first.value + 1n };
}

function bad(text: string): Error {
  return optionFault(`${text} is not a valid IP, IP range or CIDR`);
}
