import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../websocket/api.ts';
import { ClientConnection } from '../websocket/connection.ts';
import { MemoryTransport } from '../websocket/testing/memory-transport.ts';
import { RecordedEvents } from '../websocket/testing/recorded-events.ts';
import { Inflow } from './inflow.ts';

function connection(): { readonly calls: string[]; readonly connection: Connection } {
  const calls: string[] = [];
  const fake = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  return { calls, connection: fake as unknown as Connection }; // all that is used of it
}

const MIB = 1024 * 1024;

test('a flood is held back at 16 MiB and goes on at 8', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  for (let i = 0; i < 20; i += 1) inflow.added(MIB, socket);
  assert.deepEqual(calls, ['pause']);
  for (let i = 0; i < 11; i += 1) inflow.taken(MIB, socket);
  assert.deepEqual(calls, ['pause']);
  for (let i = 0; i < 9; i += 1) inflow.taken(MIB, socket);
  assert.deepEqual(calls, ['pause', 'resume']);
});

test('many small messages count too', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  for (let i = 0; i < 100_000; i += 1) inflow.added(1, socket);
  assert.deepEqual(calls, ['pause']);
});

test('a script that has paused is not resumed by an empty queue, nor a full one by the script', () => {
  const { calls, connection: socket } = connection();
  const inflow = new Inflow();
  inflow.added(17 * MIB, socket);
  inflow.pause(socket);
  inflow.taken(17 * MIB, socket);
  assert.deepEqual(calls, ['pause', 'pause']);
  inflow.added(17 * MIB, socket);
  inflow.resume(socket);
  assert.equal(calls.at(-1), 'pause');
  inflow.taken(17 * MIB, socket);
  assert.equal(calls.at(-1), 'resume');
});

/** A connection that is dialled, and what opens it. */
function dialled(): { connection: ClientConnection; open: () => MemoryTransport } {
  const connection = new ClientConnection(new RecordedEvents(), {});
  const open = (): MemoryTransport => {
    const transport = new MemoryTransport(
      {
        address: { address: '127.0.0.1', family: 4, port: 1 },
        host: 'h',
        isSecure: false,
        tls: undefined,
        localAddress: undefined,
        source: undefined,
      },
      connection,
    );
    connection.opened({
      transport,
      response: {
        status: 101,
        headers: [],
        protocol: '',
        extensions: '',
        body: Buffer.alloc(0),
      },
      timings: { startMs: 0, dnsMs: 0, tcpMs: 0, tlsMs: 0, upgradeMs: 0, totalMs: 0 },
      remoteAddress: '127.0.0.1:1',
      inflater: null,
      deflater: null,
    });
    return transport;
  };
  return { connection, open };
}

test('a script that pauses while connecting is not read to until it resumes', () => {
  const { connection: socket, open } = dialled();
  const inflow = new Inflow();
  inflow.pause(socket);
  const transport = open();
  assert.equal(transport.isPaused, true);
  inflow.resume(socket);
  assert.equal(transport.isPaused, false);
  inflow.added(17 * MIB, socket);
  assert.equal(transport.isPaused, true, 'the script is busy');
  inflow.taken(17 * MIB, socket);
  assert.equal(transport.isPaused, false);
  socket.terminate();
});
