// The engine alone against the npm `ws` client under the loads of chats: many sockets in one room, more
// sockets than messages, compressed JSON; and what a socket at rest keeps: plain, TLS, compressed.
// Both talk to the same servers in processes of their own, take turns, and must do the same work.
//
//   npm run build && node bench/engine-loads.mjs [room|sockets|json|memory …] [--runs 5] [--root dist]
import { createConnection } from 'node:net';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { beServer, forkClient, forkServer } from './lib/client-process.mjs';
import { median, spread } from './lib/measure.mjs';
import { gharialOpener, wsOpener } from './lib/openers.mjs';
import { servePlainEcho } from './lib/plain-echo.mjs';
import { serveRoom } from './lib/room-server.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    root: { type: 'string', default: 'dist' },
    // Internal: what a forked child is.
    server: { type: 'string' },
    client: { type: 'string' },
    port: { type: 'string' },
  },
});

const ROOM = { sockets: 1000, bytes: 60, senders: 32 };
/** Rooms by how their server writes. */
const ROOMS = {
  room: {
    how: 'gathered once per turn of the server, as pub/sub servers do',
    broadcasts: 2000,
    warmUp: 300,
  },
  'room-single': { how: 'each written on its own', broadcasts: 400, warmUp: 100 },
};
const SOCKETS = { few: 100, many: 10_000, messages: 100_000, warmUp: 30_000, bytes: 64 };
const JSON_LOAD = { sockets: 20, messages: 20_000, warmUp: 5_000 };
const MEMORY = { sockets: 2_000, warmUp: 2_000 };
const jsonMessage = JSON.stringify({
  type: 'message',
  room: 'general',
  from: { id: 4711, name: 'Ada Lovelace', avatar: 'https://example.com/a/4711.png' },
  text: 'The Analytical Engine weaves algebraic patterns just as the Jacquard loom weaves flowers.',
  mentions: ['charles', 'mary'],
  sentAt: '2026-01-02T03:04:05.678Z',
  flags: { edited: false, pinned: false },
  reactions: [
    { emoji: 'heart', count: 3 },
    { emoji: 'star', count: 1 },
  ],
});

const BENCHES = { room, sockets, json, memory };
if (values.server !== undefined) await beServer((onPort) => serve(values.server, onPort));
else if (values.client !== undefined) await runClient();
else {
  for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
    await BENCHES[name](Number(values.runs));
  }
}

async function room(runs) {
  for (const [name, { how }] of Object.entries(ROOMS)) {
    const results = await compare(name, ['gharial', 'ws', 'net'], name, runs);
    const perSecond = (engine) =>
      results[engine].map(({ count, cpuMicros }) => (count * 1e6) / cpuMicros);
    console.log(
      `room: ${ROOM.sockets} sockets, each message to all, ${how}; messages received per CPU second`,
    );
    show({ gharial: perSecond('gharial'), ws: perSecond('ws'), net: perSecond('net') }, 0);
  }
}

/** The bare socket shows what the kernel and Node make of many connections, whoever the client is. */
async function sockets(runs) {
  const engines = ['gharial', 'ws', 'net'];
  const results = { few: [], many: [] };
  for (const load of Object.keys(results)) {
    results[load] = await compare('plain', engines, load, runs);
  }
  console.log(
    `sockets: CPU us per echo of ${SOCKETS.bytes} B, ${SOCKETS.many} and ${SOCKETS.few} sockets`,
  );
  for (const engine of engines) {
    const [few, many] = ['few', 'many'].map((load) =>
      results[load][engine].map(({ count, cpuMicros }) => cpuMicros / count),
    );
    console.log(
      `  ${engine.padEnd(8)}${spread(many, 2)} and ${spread(few, 2)}, ${(median(many) / median(few)).toFixed(2)} x`,
    );
  }
}

async function json(runs) {
  const results = await compare('deflate', ['gharial', 'ws'], 'json', runs);
  const cost = (engine) => results[engine].map(({ count, cpuMicros }) => cpuMicros / count);
  console.log(`json: CPU us per round trip of ${jsonMessage.length} B with deflate, no context`);
  show({ gharial: cost('gharial'), ws: cost('ws') }, 1);
}

async function memory(runs) {
  const plain = {};
  for (const [kind, server] of [
    ['plain', 'deflate'],
    ['tls', 'tls'],
    ['deflate', 'deflate'],
  ]) {
    const results = await compare(server, ['gharial', 'ws'], `idle-${kind}`, runs);
    const bytes = (engine) => results[engine].map(({ count, rssBytes }) => rssBytes / count);
    console.log(`memory: bytes RSS per idle socket, ${kind}`);
    plain[kind] = median(bytes('gharial'));
    show({ gharial: bytes('gharial'), ws: bytes('ws') }, 0);
  }
  console.log(`  deflate - plain ${(plain.deflate - plain.plain).toFixed(0)} bytes`);
}

function show(columns, digits) {
  const [[, ours], [peer, theirs]] = Object.entries(columns);
  for (const [name, list] of Object.entries(columns)) {
    console.log(`  ${name.padEnd(8)}${spread(list, digits)}`);
  }
  console.log(`  gharial / ${peer} ${(median(ours) / median(theirs)).toFixed(2)}`);
}

/** Runs of the engines in turns against one server; all must report equal work. */
async function compare(serverName, engines, load, runs) {
  const server = await forkServer(import.meta.filename, ['--server', serverName]);
  const results = Object.fromEntries(engines.map((engine) => [engine, []]));
  const works = new Set();
  for (let run = 0; run < runs; run += 1) {
    for (const engine of run % 2 === 0 ? engines : [...engines].reverse()) {
      const result = await forkClient(
        ...[import.meta.filename, engine, load, server.port, values.root],
      );
      results[engine].push(result);
      works.add(JSON.stringify({ ...result.work, server: await server.takeCounts() }));
    }
  }
  server.stop();
  if (works.size !== 1) throw new Error(`unequal work: ${[...works].join(' ')}`);
  return results;
}

async function serve(name, onPort) {
  if (name === 'plain') return servePlainEcho(onPort);
  if (name in ROOMS) return serveRoom(onPort, { gathers: name === 'room' });
  return serveByLibrary(name, onPort);
}

/** The `ws` server: with TLS, or with compression. */
async function serveByLibrary(name, onPort) {
  const isSecure = name === 'tls';
  const { createServer } = await import(isSecure ? 'node:https' : 'node:http');
  const { issueSelfSigned } = await import(`../${values.root}/demo/certificate.js`);
  const server = createServer(isSecure ? issueSelfSigned(['127.0.0.1'], Date.now()) : {});
  const wss = new WebSocketServer({
    server,
    perMessageDeflate: name === 'deflate' && {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      threshold: 0,
    },
  });
  let counts = { connections: 0, messages: 0 };
  wss.on('connection', (socket) => {
    counts.connections += 1;
    socket.on('message', (data, isBinary) => {
      counts.messages += 1;
      socket.send(data, { binary: isBinary });
    });
    socket.on('error', () => socket.terminate());
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => onPort(server.address().port));
  return () => {
    const taken = counts;
    counts = { connections: 0, messages: 0 };
    return taken;
  };
}

// One measured process.

async function runClient() {
  const load = positionals[0];
  const options = {
    port: values.port,
    isSecure: load === 'idle-tls',
    offersDeflate: load === 'json' || load === 'idle-deflate',
  };
  const openers = {
    ws: () => wsOpener(options),
    net: () => bareOpener(options.port, 'x'.repeat(load in ROOMS ? ROOM.bytes : SOCKETS.bytes)),
    gharial: () => gharialOpener(values.root, options),
  };
  const open = await openers[values.client]();
  const work = {
    room: () => talk(open, ROOMS.room),
    'room-single': () => talk(open, ROOMS['room-single']),
    few: () => echo(open, { ...SOCKETS, sockets: SOCKETS.few }, 'x'.repeat(SOCKETS.bytes)),
    many: () => echo(open, { ...SOCKETS, sockets: SOCKETS.many }, 'x'.repeat(SOCKETS.bytes)),
    json: () => echo(open, JSON_LOAD, jsonMessage),
    'idle-plain': () => idle(open),
    'idle-tls': () => idle(open),
    'idle-deflate': () => idle(open),
  };
  const result = await work[load]();
  process.send(result, () => process.exit(0));
}

/** The floor: sockets that count bytes and understand nothing; for messages that are all `text`. */
function bareOpener(port, text) {
  const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
  const frame = Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
  const receivedBytes = 2 + text.length;
  return (handler) => {
    let isOpen = false;
    let waiting = 0;
    const handle = { send: () => socket.write(frame) };
    const callback = (length) => {
      if (!isOpen) {
        isOpen = true;
        handler.onOpen(handle);
        return true;
      }
      for (waiting += length; waiting >= receivedBytes; waiting -= receivedBytes) {
        handler.onMessage(handle, text);
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

/** A hundred at a time. */
async function openAll(open, count, onMessage) {
  const handles = [];
  while (handles.length < count) {
    const batch = Math.min(100, count - handles.length);
    await new Promise((resolve) => {
      let left = batch;
      const handler = {
        onOpen(handle) {
          handles.push(handle);
          left -= 1;
          if (left === 0) resolve();
        },
        onMessage,
        onClose() {},
      };
      for (let i = 0; i < batch; i += 1) open(handler);
    });
  }
  return handles;
}

/** A few members speak in turns, each when its last message has reached everybody. */
async function talk(open, { broadcasts, warmUp }) {
  const { sockets: members, bytes, senders } = ROOM;
  const text = 'x'.repeat(bytes);
  const wanted = (warmUp + broadcasts) * members;
  let received = 0;
  let receivedBytes = 0;
  let sent = 0;
  let cpu;
  let finish;
  let handles = [];
  const done = new Promise((resolve) => {
    finish = resolve;
  });
  const speak = () => {
    if (sent === warmUp + broadcasts) return;
    handles[(sent * 7) % members].send(text);
    sent += 1;
  };
  handles = await openAll(open, members, (_handle, data) => {
    received += 1;
    receivedBytes += data.length;
    if (received === warmUp * members) cpu = process.cpuUsage();
    if (received % members === 0) speak();
    if (received === wanted) finish();
  });
  for (let i = 0; i < senders; i += 1) speak();
  await done;
  const used = process.cpuUsage(cpu);
  const count = broadcasts * members;
  return { count, cpuMicros: used.user + used.system, work: { received, receivedBytes } };
}

/** Every socket sends again when its answer is there, until all is sent. */
async function echo(open, { sockets: count, messages, warmUp }, message) {
  const wanted = warmUp + messages;
  let sent = count;
  let answers = 0;
  let bytes = 0;
  let cpu;
  let finish;
  const done = new Promise((resolve) => {
    finish = resolve;
  });
  const handles = await openAll(open, count, (handle, answer) => {
    answers += 1;
    bytes += answer.length;
    if (answers === warmUp) cpu = process.cpuUsage();
    if (answers === wanted) finish(process.cpuUsage(cpu));
    if (sent === wanted) return;
    sent += 1;
    handle.send(message);
  });
  for (const handle of handles) handle.send(message);
  const used = await done;
  return {
    count: messages,
    cpuMicros: used.user + used.system,
    work: { bytesEach: bytes / answers },
  };
}

/** Sockets that have exchanged nothing; as many before, so that code and heap have grown. */
async function idle(open) {
  const ignore = () => {};
  const settle = async () => {
    for (let i = 0; i < 4; i += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage.rss();
  };
  const first = await openAll(open, MEMORY.warmUp, ignore);
  const before = await settle();
  const more = await openAll(open, MEMORY.sockets, ignore);
  const after = await settle();
  return {
    count: MEMORY.sockets,
    rssBytes: after - before,
    work: { open: first.length + more.length },
  };
}
