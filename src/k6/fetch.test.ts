import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAbortClasses } from './abort-signal.ts';
import { Blob } from './blob.ts';
import { createFetchGlobals } from './fetch.ts';
import { createHttpModule } from './http.ts';
import { FakeHost } from './testing/fake-host.ts';
import { type HttpTestServer, startHttpServer } from './testing/http-server.ts';
import { closedPort } from './testing/loopback-server.ts';

let server: HttpTestServer;
before(async () => {
  server = await startHttpServer();
});
after(() => server.close());

const at = (path: string): string => `${server.url}${path}`;

/** The globals with the types that lib.dom gives them. */
interface Globals {
  readonly fetch: typeof fetch;
  readonly Headers: typeof Headers;
  readonly Request: typeof Request;
  readonly Response: typeof Response;
  readonly FormData: typeof FormData;
}

const globalsOf = (host: FakeHost): Globals => createFetchGlobals(host) as Globals;
const abortOf = (host: FakeHost) =>
  createAbortClasses(host) as {
    AbortController: typeof AbortController;
    AbortSignal: typeof AbortSignal;
  };

/** Runs an async script as one iteration, which has to keep itself alive. */
async function run<T>(
  script: (globals: Globals, host: FakeHost) => Promise<T>,
  host = new FakeHost(),
): Promise<{ readonly value: T; readonly host: FakeHost }> {
  let outcome: Promise<T> | undefined;
  await host.run(() => {
    outcome = script(globalsOf(host), host);
    return undefined;
  });
  assert.ok(outcome !== undefined);
  assert.equal(host.holdCount, 0);
  assert.equal(host.resources.size, 0);
  return { value: await outcome, host };
}

const tagsOf = (host: FakeHost): Readonly<Record<string, string>>[] =>
  host.samplesOf('http_reqs').map(({ tags }) => tags);

test('a request is one of http: its samples have the tags of k6, and tags of its own', async () => {
  const { value, host } = await run(async ({ fetch }) => {
    const init: RequestInit & { tags: object } = { method: 'POST', body: 'x', tags: { my: 1 } };
    const response = await fetch(at('/echo?a=1'), init);
    return { status: response.status, ...((await response.json()) as { body: string }) };
  });
  assert.deepEqual([value.status, value.body], [200, 'x']);
  assert.deepEqual(tagsOf(host), [
    {
      group: '',
      scenario: 'default',
      my: '1',
      url: at('/echo?a=1'),
      name: at('/echo?a=1'),
      method: 'POST',
      status: '200',
      proto: 'HTTP/1.1',
      expected_response: 'true',
    },
  ]);
  assert.equal(new Set(host.samples.map(({ metric }) => metric)).size, 9);
  assert.ok(host.sentBytes > 0 && host.receivedBytes > 0);
});

test('connections, cookies, names and judgement are shared with k6/http', async () => {
  const connections = server.connectionCount;
  const host = new FakeHost();
  const http = createHttpModule(host).named as Record<string, (...args: unknown[]) => unknown>;
  http['setResponseCallback']?.(http['expectedStatuses']?.(404));
  await run(async ({ fetch }) => {
    await (await fetch(at('/set-cookie'))).text();
    assert.equal(host.cookies.headerFor(at('/')), 'sid=1; theme=dark');
    const named = http['url']?.(['', '/status/', ''], server.url, 404) as string;
    assert.equal((await fetch(named)).ok, false);
    const seen = (await (await fetch(at('/echo'))).json()) as { headers: { cookie?: string } };
    assert.equal(seen.headers.cookie, 'sid=1; theme=dark');
    const bare = await (await fetch(at('/echo'), { credentials: 'omit' })).json();
    assert.equal((bare as typeof seen).headers.cookie, undefined);
  }, host);
  assert.equal(server.connectionCount - connections, 1, 'one after the other, over one');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what http.url makes of values
  assert.equal(tagsOf(host)[1]?.['name'], '${}/status/${}');
  assert.deepEqual(
    tagsOf(host).map((tags) => tags['expected_response']),
    ['false', 'true', 'false', 'false'],
  );
});

test('each redirect is a request of its own, and may set cookies', async () => {
  const { value, host } = await run(async ({ fetch }) => {
    const followed = await fetch(at('/redirect/1'));
    const manual = await fetch(at('/redirect/0'), { redirect: 'manual' });
    return [followed.url, followed.redirected, followed.status, manual.status];
  });
  assert.deepEqual(value, [at('/echo'), true, 200, 302]);
  assert.deepEqual(
    tagsOf(host).map((tags) => tags['status']),
    ['302', '302', '200', '302'],
  );
  assert.match(host.cookies.headerFor(at('/')), /hop1=1; hop0=1|hop0=1; hop1=1/);
});

test('the User-Agent is the run’s unless the script has one', async () => {
  const { value } = await run(async ({ fetch }, host) => {
    const agentOf = async (init?: RequestInit): Promise<unknown> => {
      const { headers } = (await (await fetch(at('/echo'), init)).json()) as SeenHeaders;
      return headers['user-agent'];
    };
    const own = [await agentOf(), await agentOf({ headers: { 'User-Agent': 'mine' } })];
    host.network = { ...host.network, userAgent: '' };
    return [...own, await agentOf()];
  });
  assert.deepEqual(value, ['gharial-test', 'mine', undefined]);
});

interface SeenHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

test('bodies: Blobs and forms of the VU go out, Blobs of the VU and streams come in', async () => {
  await run(async ({ fetch, FormData, Request }) => {
    const post = async (body: unknown): Promise<SeenHeaders> => {
      const request = new Request(at('/echo'), { method: 'POST', body: body as string });
      return (await (await fetch(request)).json()) as SeenHeaders;
    };
    const blob = new Blob(['bytes'], { type: 'text/x-own' });
    const sent = await post(blob);
    assert.deepEqual([sent.body, sent.headers['content-type']], ['bytes', 'text/x-own']);
    const form = new FormData();
    form.append('name', 'value');
    form.set('file', blob as unknown as File, 'a.txt');
    const { body, headers } = await post(form);
    assert.match(headers['content-type'] ?? '', /^multipart\/form-data; boundary=/);
    const echoed = await fetch(at('/form'), { method: 'POST', body: form });
    const returned = await echoed.formData();
    assert.ok(returned instanceof FormData);
    assert.equal(returned.get('name'), 'value');
    assert.match(body, /name="file"; filename="a\.txt"\r\nContent-Type: text\/x-own\r\n\r\nbytes/);
    const received: unknown = await (await fetch(at('/gzip'))).blob();
    assert.ok(received instanceof Blob);
    assert.equal(await received.text(), 'gzip text');
    const parts: number[] = [];
    const bytes = await fetch(at('/bytes'));
    for await (const part of bytes.body ?? []) parts.push(...part);
    assert.deepEqual(parts, [0, 255, 128, 65]);
    assert.equal(bytes.bodyUsed, true);
  });
});

test('the classes are whole: instanceof, clones, static methods', async () => {
  await run(async ({ fetch, Request, Response, Headers }) => {
    const response = await fetch(at('/echo'));
    assert.ok(response instanceof Response && response.clone() instanceof Response);
    assert.ok(response.headers instanceof Headers);
    assert.equal(response.body, response.body);
    assert.ok((await response.clone().text()).length > 0);
    assert.ok((await response.text()).length > 0, 'the clone was read, not this');
    assert.deepEqual(await Response.json({ a: 1 }).json(), { a: 1 });
    assert.equal(Response.redirect('http://a/b', 307).status, 307);
    assert.equal(Response.error().type, 'error');
    assert.equal(await new Response('x', { status: 201 }).text(), 'x');
    const request = new Request(at('/echo'), { method: 'PUT', body: 'x' });
    assert.ok(request.clone() instanceof Request);
    assert.equal(request.signal.aborted, false);
    const { signal } = new (abortOf(new FakeHost()).AbortController)();
    const signalled = new Request(at('/'), { signal });
    assert.equal(signalled.clone().signal, signal);
    assert.equal(new Request(signalled).signal, signal);
    assert.notEqual(new Request(signalled, { signal: null }).signal, signal, 'null takes it away');
    assert.equal(await request.clone().text(), 'x');
    assert.equal(new Request(at('/'), request).method, 'PUT', 'a Request may be the init');
  });
});

test('an iteration waits for what was fetched, even if nobody reads it', async () => {
  const { host } = await run(async ({ fetch }) => {
    void fetch(at('/delay'));
  });
  assert.equal(tagsOf(host).length, 1);
});

test('what cannot be fetched rejects and says why; a request that was made is counted', async () => {
  const port = await closedPort();
  const { host } = await run(async ({ fetch }) => {
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), {
      name: 'TypeError',
      message: `fetch failed: Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
    const half = await fetch(at('/half'));
    await assert.rejects(half.text(), /terminated: Get .*\/half": unexpected EOF/);
    await assert.rejects(fetch('/relative'), { name: 'TypeError' });
    await assert.rejects(
      fetch(at('/'), { tags: { a: {} } } as RequestInit),
      /invalid fetch\(\) metric tags/,
    );
    const noSignal = { signal: {} } as RequestInit;
    await assert.rejects(fetch(at('/'), noSignal), /init\.signal is not an AbortSignal/);
  });
  assert.deepEqual(
    tagsOf(host).map(({ status, error, error_code }) => [status, error, error_code]),
    [
      ['0', 'dial: connection refused', '1212'],
      ['0', 'unexpected EOF', '1000'],
    ],
  );
});

test('a signal ends a request before and after its head, and is let go of', async () => {
  const { host } = await run(async ({ fetch }, host) => {
    const { AbortController, AbortSignal } = abortOf(host);
    const early = fetch(at('/echo'), { signal: AbortSignal.abort('why') });
    await assert.rejects(early, (reason) => reason === 'why');
    const timeout = fetch(at('/never'), { signal: AbortSignal.timeout(20) });
    await assert.rejects(timeout, { name: 'TimeoutError' });
    const controller = new AbortController();
    const pending = fetch(at('/never'), { signal: controller.signal });
    await server.arrivalOf('/never');
    controller.abort();
    await assert.rejects(pending, { name: 'AbortError' });
    const reading = new AbortController();
    const response = await fetch(at('/endless'), { signal: reading.signal });
    reading.abort();
    await assert.rejects(response.text(), { name: 'AbortError' });
  });
  assert.deepEqual(
    tagsOf(host).map(({ status, error }) => `${status} ${error}`),
    ['0 request timeout', '0 context canceled', '200 undefined'],
    'one that was never sent is not counted; one whose head was there has its status',
  );
});

test('an interrupted VU hears nothing more of its requests, and records nothing', async () => {
  const host = new FakeHost();
  const heard: string[] = [];
  const done = host.run(() => {
    const { fetch } = globalsOf(host);
    const note = (what: string) => () => heard.push(what);
    void fetch(at('/never?2')).then(note('answered'), note('failed'));
    void fetch(at('/endless')).then((response) => response.text().then(note('read'), note('lost')));
    return undefined;
  });
  await Promise.all([server.arrivalOf('/never?2'), server.arrivalOf('/endless')]);
  host.interrupt();
  await done;
  // Whatever there is to be heard comes before the next answer.
  await run(async ({ fetch }) => void (await (await fetch(at('/delay'))).text()));
  assert.deepEqual(heard, []);
  assert.deepEqual(host.samples, []);
});

test('the failure of an iteration ends its requests', async () => {
  const host = new FakeHost();
  const done = host.run(() => {
    void globalsOf(host).fetch(at('/never?3'));
    return undefined;
  });
  await server.arrivalOf('/never?3');
  host.failIteration(new Error('boom'));
  await done;
  assert.equal(host.holdCount, 0);
  assert.deepEqual(host.samples, []);
});

test('the init context refuses, the rps option is heeded, httpDebug shows bodies', async () => {
  const init = new FakeHost();
  init.phase = 'init';
  await run(async ({ fetch }) => {
    await assert.rejects(fetch(at('/')), /Making http requests in the init context/);
  }, init);
  const host = new FakeHost();
  let slots = 0;
  const reserveSlot = (): number => {
    slots += 1;
    return Date.now() + 5;
  };
  host.http = { ...host.http, debug: 'full', reserveSlot };
  await run(async ({ fetch }) => {
    await (await fetch(at('/redirect/0?to=/status/202'), { method: 'POST', body: 'out' })).text();
  }, host);
  assert.equal(slots, 2);
  const messages = host.logs.map(({ message }) => message);
  assert.match(messages[0] ?? '', /^Request:\nPOST \/redirect.*\r\n\r\nout\n$/s);
  assert.match(messages[3] ?? '', /^Response:\nHTTP\/1\.1 202 .*status 202\n$/s);
});

test('globals are those of one VU', () => {
  const [a, b] = [globalsOf(new FakeHost()), globalsOf(new FakeHost())];
  assert.notEqual(a.fetch, b.fetch);
  assert.notEqual(a.Response, b.Response);
});
