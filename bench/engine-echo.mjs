// The engine alone against the npm `ws` client: CPU per round trip, per connection and per 64 KiB
// message, and memory per idle socket. Both talk to the same echo server in a process of its own,
// take turns, and must report the same counts of work. `net` is the floor for the echo: a bare
// socket that writes one prepared frame per read and understands nothing.
//
//   npm run build && node bench/engine-echo.mjs [echo|connect|binary|idle …] [--runs 5] [--root dist]
//
// The echo server is a plain one that costs less than the clients, so that they are what is
// measured; `--library-server` takes the npm `ws` server instead.
import { createConnection } from 'node:net';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { beServer, forkClient, forkServer } from './lib/client-process.mjs';
import { gharialOpener, wsOpener } from './lib/openers.mjs';
import { servePlainEcho } from './lib/plain-echo.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    root: { type: 'string', default: 'dist' },
    'library-server': { type: 'boolean', default: false },
    // Internal: what a forked child is.
    server: { type: 'boolean', default: false },
    client: { type: 'string' },
    port: { type: 'string' },
  },
});

const WORK = {
  echo: { sockets: 50, roundTrips: 60_000, warmUp: 15_000, payloadBytes: 64 },
  connect: { connections: 10_000, warmUp: 5_000, parallel: 20 },
  binary: { sockets: 4, roundTrips: 4_000, warmUp: 500, payloadBytes: 64 * 1024 },
  idle: { sockets: 2_000, warmUp: 2_000 },
};

const RESULTS = {
  echo: { of: 'cpuMicros', per: 'round trip', unit: 'µs CPU' },
  connect: { of: 'cpuMicros', per: 'connect + upgrade + close', unit: 'µs CPU' },
  binary: { of: 'wallMicros', per: '64 KiB round trip', unit: 'µs' },
  idle: { of: 'rssBytes', per: 'idle socket', unit: 'bytes RSS' },
};

if (values.server) await beServer(values['library-server'] ? serveByLibrary : servePlainEcho);
else if (values.client !== undefined) await client(values.client, positionals[0], values.port);
else await compare(positionals.length > 0 ? positionals : Object.keys(WORK), Number(values.runs));

function serveByLibrary(onPort) {
  let counts = { connections: 0, messages: 0 };
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    backlog: 4096,
  });
  server.on('connection', (socket) => {
    counts.connections += 1;
    socket.on('message', (data, isBinary) => {
      counts.messages += 1;
      socket.send(data, { binary: isBinary });
    });
    socket.on('error', () => socket.terminate());
  });
  server.on('listening', () => onPort(server.address().port));
  return () => {
    const taken = counts;
    counts = { connections: 0, messages: 0 };
    return taken;
  };
}

async function compare(names, runs) {
  const serverArgs = values['library-server'] ? ['--server', '--library-server'] : ['--server'];
  const server = await forkServer(import.meta.filename, serverArgs);
  for (const name of names) {
    const { of, per, unit } = RESULTS[name];
    const samples = name === 'echo' ? { gharial: [], ws: [], net: [] } : { gharial: [], ws: [] };
    const counts = new Set();
    for (let run = 0; run < runs; run++) {
      const engines = Object.keys(samples);
      for (const engine of run % 2 === 0 ? engines : engines.reverse()) {
        const result = await forkClient(
          ...[import.meta.filename, engine, name, server.port, values.root],
        );
        samples[engine].push(result[of] / result.count);
        counts.add(JSON.stringify({ ...result.work, server: await server.takeCounts() }));
      }
    }
    if (counts.size !== 1) throw new Error(`unequal work: ${[...counts].join(' ')}`);
    console.log(`${name}: ${unit} per ${per}; work per run ${[...counts][0]}`);
    for (const [engine, values] of Object.entries(samples))
      console.log(`  ${engine.padEnd(8)}${spread(values)}`);
    console.log(`  ratio   ${(median(samples.gharial) / median(samples.ws)).toFixed(2)}`);
  }
  server.stop();
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function spread(values) {
  const format = (value) => (value >= 1000 ? value.toFixed(0) : value.toFixed(2));
  return `median ${format(median(values))}  (${format(Math.min(...values))} – ${format(Math.max(...values))}, ${values.length} runs)`;
}

// One measured process.

async function client(engineName, name, port) {
  const openers = {
    gharial: () => gharialOpener(values.root, { port }),
    ws: () => wsOpener({ port }),
    net: () => netOpener(port),
  };
  const open = await openers[engineName]();
  const result = await { echo, connect, binary: echo, idle }[name](open, WORK[name]);
  process.send(result, () => process.exit(0));
}

/** Only for messages of the echo's size. */
function netOpener(port) {
  const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
  const payloadBytes = WORK.echo.payloadBytes;
  const frame = Buffer.alloc(6 + payloadBytes, 'x');
  frame.set([0x81, 0x80 | payloadBytes, 0, 0, 0, 0]);
  const answer = 'x'.repeat(payloadBytes);
  return (handler) => {
    let isOpen = false;
    const handle = { send: () => socket.write(frame), close: () => socket.destroy() };
    const callback = () => {
      if (isOpen) {
        handler.onMessage(handle, answer);
      } else {
        isOpen = true;
        handler.onOpen(handle);
      }
      return true;
    };
    const socket = createConnection({
      port: Number(port),
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: readBuffer, callback },
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
  };
}

/** Closed loop: every socket sends again when its answer is there, until all is sent. */
function echo(open, { sockets, roundTrips, warmUp, payloadBytes }) {
  const wanted = warmUp + roundTrips;
  const message = payloadBytes > 1024 ? Buffer.alloc(payloadBytes, 'x') : 'x'.repeat(payloadBytes);
  const handles = [];
  let sent = 0;
  let answers = 0;
  let bytes = 0;
  let cpu;
  let startMs;
  return new Promise((resolve) => {
    const handler = {
      onOpen(handle) {
        handles.push(handle);
        if (handles.length < sockets) return;
        sent = sockets;
        for (const each of handles) each.send(message);
      },
      onMessage(handle, answer) {
        answers++;
        if (answers === warmUp) {
          cpu = process.cpuUsage();
          startMs = performance.now();
        } else if (answers > warmUp) {
          bytes += typeof answer === 'string' ? answer.length : answer.byteLength;
        }
        if (sent < wanted) {
          sent++;
          handle.send(message);
        }
        if (answers < wanted) return;
        const used = process.cpuUsage(cpu);
        resolve({
          count: roundTrips,
          cpuMicros: used.user + used.system,
          wallMicros: (performance.now() - startMs) * 1000,
          work: { answers: roundTrips, bytes },
        });
      },
      onClose() {},
    };
    for (let i = 0; i < sockets; i++) open(handler);
  });
}

function connect(open, { connections, warmUp, parallel }) {
  let started = 0;
  let closed = 0;
  let cpu;
  const codes = {};
  return new Promise((resolve) => {
    const handler = {
      onOpen: (handle) => handle.close(),
      onMessage() {},
      onClose(_, code) {
        closed++;
        if (closed === warmUp) cpu = process.cpuUsage();
        else if (closed > warmUp) codes[code] = (codes[code] ?? 0) + 1;
        if (closed === warmUp + connections) {
          const used = process.cpuUsage(cpu);
          resolve({
            count: connections,
            cpuMicros: used.user + used.system,
            work: { closeCodes: codes },
          });
        } else if (started < warmUp + connections) {
          start();
        }
      },
    };
    const start = () => {
      started++;
      open(handler);
    };
    for (let i = 0; i < parallel; i++) start();
  });
}

/** Sockets that have exchanged nothing; as many before, so that code and heap have grown. */
async function idle(open, { sockets, warmUp }) {
  const openMany = async (count) => {
    const handles = [];
    while (handles.length < count) {
      const batch = Math.min(100, count - handles.length);
      await new Promise((resolve) => {
        let left = batch;
        const handler = {
          onOpen(handle) {
            handles.push(handle);
            if (--left === 0) resolve();
          },
          onMessage() {},
          onClose() {},
        };
        for (let i = 0; i < batch; i++) open(handler);
      });
    }
    return handles;
  };
  const settle = async () => {
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage();
  };
  const first = await openMany(warmUp);
  const before = await settle();
  const handles = await openMany(sockets);
  const after = await settle();
  return {
    count: sockets,
    rssBytes: after.rss - before.rss,
    heapBytes: after.heapUsed - before.heapUsed,
    work: { open: first.length + handles.length },
  };
}
