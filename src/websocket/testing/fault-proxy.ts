/** A TCP proxy on the loopback interface that does to the server's bytes what bad networks do. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type RawServer, startRawServer } from './raw-server.ts';

export interface Faults {
  /** Hands on at most so many bytes at once, one event loop turn apart. */
  readonly chunkBytes?: number;
  /** Delays every chunk. */
  readonly latencyMs?: number;
  /** After so many bytes: the stream ends (FIN). */
  readonly cutAfterBytes?: number;
  /** After so many bytes: the connection is reset (RST). */
  readonly resetAfterBytes?: number;
  /** After so many bytes: nothing comes any more, and nothing ends. */
  readonly stallAfterBytes?: number;
}

/** Connects every client to `port`; bytes to the server are handed on as they are. */
export function startFaultProxy(port: number, faults: Faults): Promise<RawServer> {
  return startRawServer((client) => {
    const server = connect(port, '127.0.0.1');
    server.on('error', () => client.destroy());
    client.pipe(server);
    client.on('close', () => server.destroy());
    void handOn(server, client, faults);
  });
}

async function handOn(server: Socket, client: Socket, faults: Faults): Promise<void> {
  const { chunkBytes = Infinity, latencyMs = 0 } = faults;
  const limit = faults.cutAfterBytes ?? faults.resetAfterBytes ?? faults.stallAfterBytes;
  let left = limit ?? Infinity;
  for await (const chunk of server.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk;
    for (let at = 0; at < bytes.length && left > 0; ) {
      const part = bytes.subarray(at, at + Math.min(chunkBytes, left));
      at += part.length;
      left -= part.length;
      await wait(latencyMs);
      client.write(part);
    }
    if (left === 0) break;
  }
  if (faults.stallAfterBytes !== undefined && left === 0) return;
  if (faults.resetAfterBytes !== undefined && left === 0) {
    // What was written has to arrive before the reset.
    await wait(20);
    client.resetAndDestroy();
  } else client.end();
}
