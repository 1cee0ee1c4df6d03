// An echo server that counts: the proof that two clients did equal work. Prints its port.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

let counts = { connections: 0, messages: 0, bytes: 0, open: 0 };
const http = createServer((request, response) => {
  const { open } = counts;
  response.end(JSON.stringify(counts));
  if (request.url === '/stats') counts = { connections: 0, messages: 0, bytes: 0, open };
});
const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
wss.on('connection', (socket) => {
  counts.connections += 1;
  counts.open += 1;
  socket.on('message', (data, isBinary) => {
    counts.messages += 1;
    counts.bytes += data.length;
    socket.send(data, { binary: isBinary });
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    counts.open -= 1;
  });
});
http.listen(0, '127.0.0.1', 4096, () => console.log(http.address().port));
