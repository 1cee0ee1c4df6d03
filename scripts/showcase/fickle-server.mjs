// A server with all the faults that the pictures in docs/images show: slow under load, now and then closing,
// cutting or refusing connections. Prints its address.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const ROOMS = ['lobby', 'offers', 'help'];
const QUOTE_MS = 200;

const http = createServer();
const sockets = new WebSocketServer({ noServer: true });
http.on('upgrade', (request, socket, head) => {
  if (Math.random() < 0.02) {
    socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    return;
  }
  const delayMs = 1 + 30 * Math.random() ** 2;
  setTimeout(() => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {});
      if (request.url === '/prices') quote(client);
      else answer(client);
    });
  }, delayMs);
});
http.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${http.address().port}`));

function quote(client) {
  const timer = setInterval(() => {
    const queue = Math.round(40 + 30 * Math.sin(Date.now() / 5000));
    const pad = 'y'.repeat(Math.random() * 400);
    client.send(JSON.stringify({ price: 1 + Math.random() * 100, queue, pad }));
  }, QUOTE_MS);
  client.on('close', () => clearInterval(timer));
  if (Math.random() < 0.1) setTimeout(() => client.close(1013, 'try again later'), 2000);
}

function answer(client) {
  if (Math.random() < 0.06) setTimeout(() => client.close(1008, 'rate limit'), 1500);
  if (Math.random() < 0.04) setTimeout(() => client.terminate(), 1800);
  client.on('message', (data) => {
    const { at } = JSON.parse(String(data));
    const load = sockets.clients.size / 90;
    const delayMs = 3 + 70 * load ** 2 * Math.random() ** 3 + (Math.random() < 0.01 ? 120 : 0);
    const room = Math.random() < 0.003 ? 'lost' : ROOMS[Math.floor(Math.random() * ROOMS.length)];
    setTimeout(() => client.send(JSON.stringify({ at, room })), delayMs);
  });
}
