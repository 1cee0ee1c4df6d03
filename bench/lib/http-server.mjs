// An HTTP server that counts: the proof that two clients did equal work. Prints its port.
import { createServer } from 'node:http';

const body = JSON.stringify({ id: 1, text: 'x'.repeat(100) });
let counts = { connections: 0, messages: 0 };
const server = createServer((request, response) => {
  if (request.url === '/stats') {
    response.setHeader('Connection', 'close');
    response.end(JSON.stringify(counts));
    counts = { connections: 0, messages: 0 };
    return;
  }
  counts.messages += 1;
  response.setHeader('Content-Type', 'application/json');
  response.end(body);
});
server.on('connection', () => {
  counts.connections += 1;
});
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
