import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { DialRequest, LeaseSource, ResolvedAddress, SourceLease } from './api.ts';
import { dial } from './dial.ts';
import { partOfPorts, SourcePorts } from './source-ports.ts';
import { type RawServer, startUpgradeServer } from './testing/raw-server.ts';
import { RecordedEvents } from './testing/recorded-events.ts';

const cleanUps: (() => unknown)[] = [];
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

const TO: ResolvedAddress = { address: '127.0.0.1', family: 4, port: 80 };

function pool(addresses: readonly string[], first: number, last: number): SourcePorts {
  const addressAt = (index: number): string => addresses[index] ?? '';
  return new SourcePorts({ size: addresses.length, addressAt }, { first, last });
}

function leased(lease: SourceLease | Error): SourceLease {
  if (lease instanceof Error) throw lease;
  return lease;
}

test('gives each port of an address once, then those of the next, then says what to change', () => {
  const ports = pool(['127.0.0.2', '127.0.0.3'], 100, 102);
  const leases = Array.from({ length: 6 }, () => leased(ports.lease(1, TO)));
  const first = leases.slice(0, 3);
  assert.deepEqual(first.map(({ port }) => port).sort(), [100, 101, 102]);
  assert.ok(first.every(({ address }) => address === '127.0.0.3'));
  assert.ok(leases.slice(3).every(({ address }) => address === '127.0.0.2'));
  const none = ports.lease(0, TO);
  assert.ok(none instanceof Error);
  assert.match(
    none.message,
    /127\.0\.0\.1:80: all 3 source ports .*--local-ips.*ip_local_port_range/,
  );
  assert.ok(
    !(ports.lease(0, { ...TO, port: 81 }) instanceof Error),
    'each destination has its own',
  );
  first[1]?.release();
  first[1]?.release();
  assert.equal(leased(ports.lease(1, TO)).port, first[1]?.port);
  assert.ok(ports.lease(1, TO) instanceof Error);
});

test('takes addresses of the destination’s family only', () => {
  const ports = pool(['::1', '127.0.0.2'], 100, 101);
  assert.equal(leased(ports.lease(0, TO)).address, '127.0.0.2');
  assert.equal(leased(ports.lease(1, { address: '::1', family: 6, port: 80 })).address, '::1');
  const none = pool(['::1'], 1, 2).lease(0, TO);
  assert.ok(none instanceof Error);
  assert.match(none.message, /no source address of IPv4/);
});

test('workers divide the ports without gap or overlap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65535 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 64 }),
      (first, extra, count) => {
        let next = first;
        for (let index = 0; index < count; index++) {
          const part = partOfPorts({ first, last: first + extra }, index, count);
          assert.equal(part.first, next);
          next = part.last + 1;
        }
        assert.equal(next, first + extra + 1);
      },
    ),
  );
});

function dialFrom(server: RawServer, leaseSource: LeaseSource): RecordedEvents {
  const events = new RecordedEvents();
  const request: DialRequest = {
    isSecure: false,
    host: 'localhost',
    port: server.port,
    target: '/',
    hostHeader: 'localhost',
    headers: [],
    protocols: [],
    leaseSource,
    resolve: (_host, port, done) => done(null, [{ ...TO, port }]),
  };
  dial(request, events);
  return events;
}

async function freePorts(address: string): Promise<number> {
  const probe = createServer();
  probe.listen(0, address);
  await once(probe, 'listening');
  const bound = probe.address();
  assert.ok(bound !== null && typeof bound === 'object');
  probe.close();
  await once(probe, 'close');
  return bound.port;
}

test('a connection leaves from its lease, which ends with it', async () => {
  const server = await startUpgradeServer((socket) => socket.end());
  cleanUps.push(() => server.close());
  const port = await freePorts('127.0.0.77');
  const ports = pool(['127.0.0.77'], port, port);
  const events = dialFrom(server, (to) => ports.lease(0, to));
  const ending = await events.untilEnd();
  assert.equal(ending.localAddress, `127.0.0.77:${port}`, String(ending.error));
  assert.ok(!(ports.lease(0, { ...TO, port: server.port }) instanceof Error), 'given back');
});

test('a port that somebody else has is passed over', async () => {
  const server = await startUpgradeServer((socket) => socket.end());
  const holder = createServer();
  holder.listen(0, '127.0.0.78');
  await once(holder, 'listening');
  cleanUps.push(
    () => server.close(),
    () => holder.close(),
  );
  const held = holder.address();
  assert.ok(held !== null && typeof held === 'object');
  const free = await freePorts('127.0.0.78');
  const offered = [held.port, held.port, free];
  const released: number[] = [];
  const events = dialFrom(server, () => {
    const port = offered.shift() ?? 0;
    return { address: '127.0.0.78', port, release: () => released.push(port) };
  });
  const ending = await events.untilEnd();
  assert.equal(ending.localAddress, `127.0.0.78:${free}`, String(ending.error));
  assert.deepEqual(released, [held.port, held.port, free]);
});

test('an address that is not this host’s fails at once', async () => {
  const server = await startUpgradeServer((socket) => socket.end());
  cleanUps.push(() => server.close());
  let leases = 0;
  const events = dialFrom(server, () => {
    leases++;
    return { address: '192.0.2.1', port: 40_000, release: () => {} };
  });
  const ending = await events.untilEnd();
  assert.equal(Reflect.get(ending.error ?? {}, 'code'), 'EADDRNOTAVAIL');
  assert.equal(leases, 1);
});
