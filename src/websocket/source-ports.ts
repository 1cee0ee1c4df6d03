/**
 * Source addresses and ports for connections, chosen by us. Binding an address and leaving the port to
 * the system reserves a port before the destination is known, so that each port serves one connection
 * in all; a port that is named serves one connection per destination. Nothing here binds: what the
 * system refuses is given back, and the next lease is for another port.
 */
import { createPrng, randomSeed } from '../base/prng.ts';
import type { ResolvedAddress, SourceLease } from './api.ts';
import { WebSocketError, WebSocketErrorCode } from './errors.ts';

/** First and last port, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What `net.ipv4.ip_local_port_range` says unless somebody changed it. */
export const LINUX_SOURCE_PORTS: PortRange = { first: 32768, last: 60999 };

export interface SourceAddresses {
  readonly size: number;
  addressAt(index: number): string;
}

/** A dial that was refused more sources than this gives up. */
export const SOURCE_REFUSALS_MAX = 1_000;

/**
 * The system has given a leased port to somebody else, or still waits for its last packets: another
 * port may do. An address that is not this host's cannot be bound at all.
 */
export function isSourceRefusal(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code');
  return (
    code === 'EADDRINUSE' || (code === 'EADDRNOTAVAIL' && Reflect.get(error, 'syscall') !== 'bind')
  );
}

/** When the addresses next to the one asked for are all in use, no more than these are tried. */
const ADDRESSES_TRIED_MAX = 1024;

/** The part of a range that worker `index` of `count` uses: no port is in two parts. */
export function partOfPorts(range: PortRange, index: number, count: number): PortRange {
  const ports = range.last - range.first + 1;
  return {
    first: range.first + Math.floor((ports * index) / count),
    last: range.first + Math.floor((ports * (index + 1)) / count) - 1,
  };
}

/** The sources of one worker. */
export class SourcePorts {
  private readonly addresses: SourceAddresses;
  private readonly range: PortRange;
  private readonly random = createPrng(randomSeed());
  /** By source and destination. */
  private readonly walks = new Map<string, PortWalk>();

  constructor(addresses: SourceAddresses, range: PortRange) {
    this.addresses = addresses;
    this.range = range;
  }

  /**
   * A free port of the address at `index`, else of one that follows, for a connection to `to`.
   * @returns an error that says what to change if there is none.
   */
  lease(index: number, to: ResolvedAddress): SourceLease | Error {
    const { size } = this.addresses;
    const tries = Math.min(size, ADDRESSES_TRIED_MAX);
    let ofFamily = 0;
    for (let i = 0; i < tries; i++) {
      const address = this.addresses.addressAt((index + i) % size);
      if (address.includes(':') !== (to.family === 6)) continue;
      ofFamily++;
      const port = this.walk(address, to).take();
      if (port !== undefined) return this.createLease(address, port, to);
    }
    return ofFamily === 0 ? noAddress(to) : noPort(to, ofFamily, this.range);
  }

  private createLease(address: string, port: number, to: ResolvedAddress): SourceLease {
    return { address, port, release: () => this.walk(address, to).give(port) };
  }

  private walk(address: string, to: ResolvedAddress): PortWalk {
    const key = `${address}>${to.address}>${to.port}`;
    let walk = this.walks.get(key);
    if (walk === undefined) {
      const { first, last } = this.range;
      // The ports of an earlier run may still be waiting for their last packets.
      walk = new PortWalk(this.range, this.random.nextInt(Math.max(1, last - first + 1)));
      this.walks.set(key, walk);
    }
    return walk;
  }
}

/** Gives the ports of a range in turn, so that a port rests as long as possible before it is used again. */
class PortWalk {
  private readonly first: number;
  private readonly size: number;
  private readonly taken = new Set<number>();
  private next: number;

  /** @param start which port is the first, counted from the first of the range. */
  constructor({ first, last }: PortRange, start: number) {
    this.first = first;
    this.size = Math.max(0, last - first + 1);
    this.next = start;
  }

  take(): number | undefined {
    if (this.taken.size >= this.size) return undefined;
    while (this.taken.has(this.next)) this.next = (this.next + 1) % this.size;
    const index = this.next;
    this.taken.add(index);
    this.next = (index + 1) % this.size;
    return this.first + index;
  }

  give(port: number): void {
    this.taken.delete(port - this.first);
  }
}

function noAddress({ address, family }: ResolvedAddress): WebSocketError {
  return new WebSocketError(
    WebSocketErrorCode.noSourcePort,
    `dial tcp ${address}: no source address of IPv${family}; give one with --local-ips`,
  );
}

function noPort(to: ResolvedAddress, addresses: number, range: PortRange): WebSocketError {
  const ports = range.last - range.first + 1;
  return new WebSocketError(
    WebSocketErrorCode.noSourcePort,
    `dial tcp ${to.address}:${to.port}: all ${ports} source ports of this thread are in use for each of ${addresses} source addresses; give more addresses with --local-ips, or widen net.ipv4.ip_local_port_range`,
  );
}
