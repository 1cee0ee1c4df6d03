// A server that holds connections, pings each every 10 s and counts. Prints its port; GET / tells the counts.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const PING_MS = 10_000;
const counts = {
  opened: 0,
  open: 0,
  peak: 0,
  pings: 0,
  pongs: 0,
  closedCleanly: 0,
  closedOtherwise: 0,
  sources: 0,
};
const sources = new Set();
const http = createServer((_request, response) =>
  response.end(JSON.stringify({ ...counts, sources: sources.size })),
);
const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
wss.on('connection', (socket, request) => {
  counts.opened += 1;
  counts.open += 1;
  counts.peak = Math.max(counts.peak, counts.open);
  sources.add(request.socket.remoteAddress);
  socket.on('pong', () => {
    counts.pongs += 1;
  });
  socket.on('error', () => {});
  socket.on('close', (code) => {
    counts.open -= 1;
    if (code === 1000) counts.closedCleanly += 1;
    else counts.closedOtherwise += 1;
  });
});
setInterval(() => {
  for (const socket of wss.clients) {
    if (socket.readyState !== 1) continue;
    counts.pings += 1;
    socket.ping();
  }
}, PING_MS);
http.listen(0, '127.0.0.1', 4096, () => console.log(http.address().port));
