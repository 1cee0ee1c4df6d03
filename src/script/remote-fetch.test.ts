import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fetchRemote } from './remote-fetch.ts';

test('an answer is given as it is: status, redirect, bytes; no answer is an error', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end();
    else if (request.url === '/gone') response.writeHead(404).end('not here');
    else response.end('export default 1;');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const root = `http://127.0.0.1:${port}`;
  try {
    const { status, location, body } = await fetchRemote(`${root}/module.js`);
    assert.deepEqual([status, location], [200, undefined]);
    assert.equal(Buffer.from(body).toString(), 'export default 1;');
    const moved = await fetchRemote(`${root}/moved`);
    assert.deepEqual([moved.status, moved.location], [302, '/there']);
    assert.equal((await fetchRemote(`${root}/gone`)).status, 404);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await assert.rejects(fetchRemote(`${root}/module.js`));
});
