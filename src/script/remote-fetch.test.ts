import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createRemoteFetch } from './remote-fetch.ts';

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an answer is given as it is: status, redirect, bytes', async (t) => {
  const root = await listen(
    t,
    createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end();
      else if (request.url === '/gone') response.writeHead(404).end('not here');
      else response.end(`export default '${request.headers['user-agent']}';`);
    }),
  );
  const fetchRemote = createRemoteFetch({});
  const { status, location, body } = await fetchRemote(`${root}/module.js`);
  assert.deepEqual([status, location], [200, undefined]);
  assert.match(Buffer.from(body).toString(), /^export default 'gharial\/\d/);
  const moved = await fetchRemote(`${root}/moved`);
  assert.deepEqual([moved.status, moved.location], [302, '/there']);
  assert.equal((await fetchRemote(`${root}/gone`)).status, 404);
});

test('no answer is an error', async (t) => {
  const server = createServer();
  const root = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(createRemoteFetch({})(`${root}/module.js`), /ECONNREFUSED/);
});

test('the proxy of the environment is used, but not for hosts that are excepted', async (t) => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const env = { HTTPS_PROXY: await listen(t, proxy), NO_PROXY: '127.0.0.1' };
  await assert.rejects(createRemoteFetch(env)('https://modules.invalid/a.js'));
  assert.deepEqual(asked, ['modules.invalid:443']);
  await assert.rejects(createRemoteFetch(env)('https://127.0.0.1:1/a.js'), /ECONNREFUSED/);
  assert.equal(asked.length, 1);
});
