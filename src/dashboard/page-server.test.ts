import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { afterEach, test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { renderPage } from './page-file.ts';
import { PageServer } from './page-server.ts';

const asked: unknown[] = [];
let refusal: string | undefined;
let server: PageServer | undefined;

afterEach(async () => {
  await server?.close('{"last":true}');
  server = undefined;
  refusal = undefined;
  asked.length = 0;
});

async function serve(
  port = 0,
  isPortChosen = true,
): Promise<{ url: string; isOtherPort: boolean }> {
  server = new PageServer(
    { host: '127.0.0.1', port, isPortChosen, opens: false },
    {
      page: () => renderPage('a page', undefined),
      report: () => renderPage('a report', undefined),
      view: () => '{"first":true}',
      setPaused: (isPaused) => {
        if (refusal !== undefined) throw new GharialError('STEERING_INVALID', refusal);
        asked.push({ isPaused });
      },
      stop: () => asked.push('stop'),
    },
  );
  return server.listen();
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function ask(
  url: string,
  method = 'GET',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const sent = request(url, { method, headers });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // node's event
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

const OWN = { 'x-gharial': '1' };

test('serves the page, also where k6 has it, with a policy that lets only its own script run', async () => {
  const { url } = await serve();
  for (const path of ['/', '/ui', '/ui/', '/?x=1']) {
    const { status, headers, text } = await ask(`${url}${path}`);
    assert.equal(status, 200);
    assert.match(text, /<title>a page<\/title>/);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers['cache-control'], 'no-store');
  }
  assert.match((await ask(`${url}/report`)).text, /<title>a report<\/title>/);
  assert.equal((await ask(`${url}/etc/passwd`)).status, 404);
});

test('a page gets everything first, then each event, then the last one', async () => {
  const { url } = await serve();
  const sent = request(`${url}/events`);
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // node's event
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(response, 'data');
  assert.equal(server?.hasClients, true);
  server?.send('state', '{"now":1}');
  await Promise.all([once(response, 'end'), server?.close('{"last":true}')]);
  assert.equal(
    text,
    'event: view\ndata: {"first":true}\n\n' +
      'event: state\ndata: {"now":1}\n\n' +
      'event: end\ndata: {"last":true}\n\n',
  );
  server = undefined;
});

test('steers the test only when the page itself asks', async () => {
  const { url } = await serve();
  const port = new URL(url).port;
  assert.equal((await ask(`${url}/stop`, 'POST', OWN)).status, 204);
  const own = { ...OWN, origin: url };
  assert.equal((await ask(`${url}/pause`, 'POST', own)).status, 204);
  assert.equal((await ask(`${url}/resume`, 'POST', own)).status, 204);
  assert.deepEqual(asked, ['stop', { isPaused: true }, { isPaused: false }]);
  asked.length = 0;
  assert.equal((await ask(`${url}/stop`, 'POST')).status, 403);
  assert.equal((await ask(`${url}/stop`, 'GET', OWN)).status, 405);
  const foreign = { ...OWN, origin: 'http://evil.example' };
  assert.equal((await ask(`${url}/stop`, 'POST', foreign)).status, 403);
  const otherPort = { ...OWN, origin: `http://127.0.0.1:${Number(port) + 1}` };
  assert.equal((await ask(`${url}/stop`, 'POST', otherPort)).status, 403);
  assert.deepEqual(asked, []);
});

test('names that are not of this machine are refused: they may only resolve to it', async () => {
  const { url } = await serve();
  const port = new URL(url).port;
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example']) {
    const { status } = await ask(url, 'GET', { host });
    assert.equal(status, 403, host);
    assert.equal((await ask(`${url}/stop`, 'POST', { ...OWN, host })).status, 403, host);
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    assert.equal((await ask(url, 'GET', { host })).status, 200, host);
  }
  assert.deepEqual(asked, []);
});

test('why a test cannot be paused is told', async () => {
  const { url } = await serve();
  refusal = 'not this one';
  const { status, text } = await ask(`${url}/pause`, 'POST', OWN);
  assert.equal(status, 409);
  assert.equal(text, 'not this one\n');
});

test('a usual port that is taken is replaced by a free one, a chosen one is an error', async () => {
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const { url, isOtherPort } = await serve(port, false);
    assert.equal(isOtherPort, true);
    assert.notEqual(new URL(url).port, String(port));
    await server?.close('{}');
    server = undefined;
    await assert.rejects(serve(port, true), (error) => {
      assert.ok(error instanceof GharialError);
      assert.equal(error.code, 'PAGE_UNAVAILABLE');
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: .*EADDRINUSE`));
      return true;
    });
    server = undefined;
  } finally {
    holder.close();
  }
});
