import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import type { Coroutine } from '../suspend/op.ts';
import { callUser } from '../suspend/runtime.ts';
import { TEST_CERTIFICATE } from '../websocket/testing/certificate.ts';
import type { HttpSettings } from './host.ts';
import { createHttpModule } from './http.ts';
import type { HttpResponse } from './http-response.ts';
import { FakeHost } from './testing/fake-host.ts';
import { type HttpTestServer, startHttpServer, startSecureServer } from './testing/http-server.ts';
import { closedPort } from './testing/loopback-server.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** The module as scripts see it; blocking functions are called by `yield* call(http.get, …)`. */
type Http = Readonly<Record<string, AnyFunction>>;

function httpOf(host: FakeHost): Http {
  return createHttpModule(host).named as Http; // its script type; the constants are not called
}

function* call(fn: unknown, ...args: unknown[]): Coroutine<HttpResponse> {
  return (yield* callUser(fn as AnyFunction, undefined, args)) as HttpResponse;
}

interface Scene {
  readonly host: FakeHost;
  readonly http: Http;
  readonly server: HttpTestServer;
  /** Address on the server. */
  at(path: string): string;
}

/** Runs a script as one iteration against a server. */
async function run(
  script: (scene: Scene) => Coroutine<void>,
  { host = new FakeHost(), isSecure = false } = {},
): Promise<Scene> {
  const server = await (isSecure ? startSecureServer() : startHttpServer());
  const scene = {
    host,
    http: httpOf(host),
    server,
    at: (path: string) => `${server.url}${path}`,
  };
  try {
    await host.run(() => script(scene));
    assert.deepEqual(host.errors, []);
    return scene;
  } finally {
    await server.close();
  }
}

function withSettings(settings: Partial<HttpSettings>): FakeHost {
  const host = new FakeHost();
  host.http = { ...host.http, ...settings };
  return host;
}

function tagsOf(host: FakeHost, metric = 'http_reqs'): Readonly<Record<string, string>>[] {
  return host.samplesOf(metric).map(({ tags }) => tags);
}

const METRICS = [
  'http_req_blocked',
  'http_req_connecting',
  'http_req_duration',
  'http_req_failed',
  'http_req_receiving',
  'http_req_sending',
  'http_req_tls_handshaking',
  'http_req_waiting',
  'http_reqs',
];

test('a GET gives status, headers, body, timings and the request as it was sent', async () => {
  await run(function* ({ http, at, host, server }) {
    const params = { headers: { 'x-my': 'ü' }, tags: { my: 'tag' } };
    const response = yield* call(http['get'], at('/echo?q=1'), params);
    assert.equal(response.status, 200);
    assert.equal(response.status_text, '200 OK');
    assert.equal(response.proto, 'HTTP/1.1');
    assert.equal(response.url, at('/echo?q=1'));
    assert.equal(response.headers['Content-Type'], 'application/json');
    assert.equal(response.remote_ip, '127.0.0.1');
    assert.equal(String(response.remote_port), new URL(server.url).port);
    assert.equal(response.json('target'), '/echo?q=1');
    assert.equal(response.json('headers.user-agent'), 'gharial-test');
    assert.deepEqual([response.error, response.error_code], ['', 0]);
    assert.equal(response.request.method, 'GET');
    assert.equal(
      Buffer.from(String(server.requests[0]?.headers['x-my']), 'latin1').toString(),
      'ü',
    );
    const chunked = yield* call(http['get'], at('/chunked'));
    assert.deepEqual([chunked.body, chunked.headers['Transfer-Encoding']], ['ab', undefined]);
    const { duration, sending, waiting, receiving, blocked, connecting } = response.timings;
    assert.equal(duration, sending + waiting + receiving);
    assert.ok(duration > 0 && blocked >= connecting && connecting > 0);
    assert.deepEqual([...new Set(host.samples.map(({ metric }) => metric))].sort(), METRICS);
    assert.deepEqual(tagsOf(host).slice(0, 1), [
      {
        expected_response: 'true',
        group: '',
        method: 'GET',
        my: 'tag',
        name: at('/echo?q=1'),
        proto: 'HTTP/1.1',
        scenario: 'default',
        status: '200',
        url: at('/echo?q=1'),
      },
    ]);
    assert.ok(host.sentBytes > 50 && host.receivedBytes > 100);
  });
});

test('each method sends its name and, where it may have one, the body', async () => {
  const { server } = await run(function* ({ http, at }) {
    for (const name of ['post', 'put', 'patch', 'del', 'options']) {
      yield* call(http[name], at('/'), name);
    }
    yield* call(http['head'], at('/'));
    yield* call(http['request'], 'purge', at('/'), 'x');
  });
  assert.deepEqual(
    server.requests.map(({ method, body }) => `${method} ${body}`),
    ['POST post', 'PUT put', 'PATCH patch', 'DELETE del', 'OPTIONS options', 'HEAD ', 'PURGE x'],
  );
  assert.equal(server.connectionCount, 1);
});

test('redirects are followed, each a request of its own; cookies set on the way go along', async () => {
  const { host, server } = await run(function* ({ http, at }) {
    const response = yield* call(http['post'], at('/redirect/1'), 'body');
    assert.equal(response.url, at('/echo'));
    assert.equal(response.json('method'), 'GET');
    assert.equal(response.json('body'), '');
    assert.equal(response.json('headers.cookie'), 'hop1=1; hop0=1');
    assert.equal(response.json('headers.referer'), at('/redirect/0'));
    assert.equal(response.request.method, 'POST');
  });
  assert.deepEqual(
    tagsOf(host).map(({ status, method }) => `${method} ${status}`),
    ['POST 302', 'GET 302', 'GET 200'],
  );
  assert.equal(server.requests.length, 3);
});

test('a 307 repeats method and body', async () => {
  await run(function* ({ http, at }) {
    const response = yield* call(http['put'], at('/redirect/0?code=307'), 'again');
    assert.equal(`${response.json('method')} ${response.json('body')}`, 'PUT again');
  });
});

test('past the limit the redirection is the answer, with a warning if nobody chose the limit', async () => {
  const { host } = await run(
    function* ({ http, at, host: vu }) {
      const response = yield* call(http['get'], at('/redirect/5'), { redirects: 1 });
      assert.equal(`${response.status} ${response.url}`, `302 ${at('/redirect/4')}`);
      assert.deepEqual(vu.logs, []);
      yield* call(http['get'], at('/redirect/5'));
    },
    { host: withSettings({ maxRedirects: 2 }) },
  );
  assert.match(host.logs[0]?.message ?? '', /^Stopped after 3 redirects and returned the redirec/);
});
test('authorization and cookies of the script stay at home', async () => {
  const { server } = await run(function* ({ http, at, server: home }) {
    const away = home.url.replace('127.0.0.1', 'other.test');
    const headers = {
      Authorization: 'Bearer x',
      'X-Keep': '1',
      Host: 'virtual.test',
      Cookie: 'c=1',
    };
    yield* call(http['get'], at('/redirect/0'), { headers });
    yield* call(http['get'], at(`/redirect/0?to=${away}/there`), { headers });
  });
  const [, stayed, , left] = server.requests.map(({ headers }) => [
    headers.authorization,
    headers.host,
    headers['x-keep'],
    headers.cookie,
  ]);
  const port = new URL(server.url).port;
  assert.deepEqual(stayed, ['Bearer x', 'virtual.test', '1', 'c=1; hop0=1']);
  assert.deepEqual(left, [undefined, `other.test:${port}`, '1', undefined]);
});

test('cookies: the jar, those of the request, and which of them replace', async () => {
  await run(function* ({ http, at, host }) {
    const first = yield* call(http['get'], at('/set-cookie'));
    const [sid] = first.cookies['sid'] ?? [];
    assert.deepEqual(
      [sid?.value, sid?.http_only, sid?.max_age, sid?.path, sid?.expires],
      ['1', true, 60, '/', -62_135_596_800_000],
    );
    const cookies = { theme: { value: 'light', replace: true }, sid: '2', own: 'x' };
    const second = yield* call(http['get'], at('/echo'), { cookies });
    assert.equal(second.json('headers.cookie'), 'theme=light; sid=2; own=x; sid=1');
    assert.deepEqual(second.request.cookies['theme'], [
      { name: 'theme', value: 'light', replace: true },
    ]);
    const jar = new (http['CookieJar'] as unknown as new () => { set(...args: string[]): void })();
    jar.set(at('/'), 'mine', '1');
    const third = yield* call(http['get'], at('/echo'), { jar });
    assert.equal(third.json('headers.cookie'), 'mine=1');
    assert.equal(host.cookies.headerFor(at('/')), 'sid=1; theme=dark');
  });
});

test('digest authentication answers the challenge, which counts as expected', async () => {
  const { host } = await run(function* ({ http, at }) {
    const address = at('/digest').replace('//', '//user:pa%20ss@');
    const response = yield* call(http['get'], address, { auth: 'digest' });
    assert.equal(response.status, 200);
    assert.equal(response.url, at('/digest'));
  });
  assert.deepEqual(
    tagsOf(host).map(({ status, expected_response, url }) => [
      status,
      expected_response,
      url?.slice(0, 17),
    ]),
    [
      ['401', 'true', 'http://****:****@'],
      ['200', 'true', 'http://****:****@'],
    ],
  );
});

test('credentials in the address are basic authentication', async () => {
  await run(function* ({ http, at }) {
    const response = yield* call(http['get'], at('/echo').replace('//', '//u:p@'));
    assert.equal(response.json('headers.authorization'), `Basic ${btoa('u:p')}`);
  });
});

test('bodies are decompressed; text, binary or nothing as asked', async () => {
  await run(function* ({ http, at }) {
    for (const encoding of ['gzip', 'deflate', 'br']) {
      const response = yield* call(http['get'], at(`/${encoding}`));
      assert.equal(response.body, `${encoding} text`);
    }
    const binary = yield* call(http['get'], at('/bytes'), { responseType: 'binary' });
    assert.deepEqual(new Uint8Array(binary.body as ArrayBuffer), Uint8Array.of(0, 255, 128, 65));
    const text = yield* call(http['get'], at('/bytes'));
    assert.equal(text.body, '\0\uFFFD\uFFFDA');
    const none = yield* call(http['get'], at('/bytes'), { responseType: 'none' });
    assert.equal(none.body, null);
    const sent = yield* call(http['post'], at('/echo'), 'a'.repeat(500), { compression: 'gzip' });
    assert.equal(sent.json('headers.content-encoding'), 'gzip');
    assert.ok(Number(sent.json('headers.content-length')) < 100);
  });
});

test('discardResponseBodies drops bodies unless a request wants one', async () => {
  await run(
    function* ({ http, at }) {
      assert.equal((yield* call(http['get'], at('/'))).body, null);
      assert.notEqual((yield* call(http['get'], at('/'), { responseType: 'text' })).body, null);
    },
    { host: withSettings({ discardResponseBodies: true }) },
  );
});

test('failures give status 0, k6 error codes and texts, a warning and failed samples', async () => {
  const port = await closedPort();
  const { host } = await run(function* ({ http, at }) {
    const failures: [string, string, number][] = [
      [`http://127.0.0.1:${port}/`, 'dial: connection refused', 1212],
      [at('/end'), 'EOF', 1000],
      [at('/reset'), 'read: connection reset by peer', 1220],
      [at('/half'), 'unexpected EOF', 1000],
      [at('/bad-gzip'), 'error decompressing response body (gzip): incorrect header check', 1701],
      ['ws://127.0.0.1/', 'unsupported protocol scheme "ws"', 1000],
    ];
    for (const [address, text, code] of failures) {
      const response = yield* call(http['get'], address);
      assert.deepEqual(
        [response.status, response.body, response.error, response.error_code],
        [0, null, text, code],
      );
    }
  });
  const errors = tagsOf(host).map(({ error_code, status }) => `${error_code} ${status}`);
  assert.deepEqual(errors, ['1212 0', '1000 0', '1220 0', '1000 0', '1701 0', '1000 0']);
  assert.deepEqual(
    host.samplesOf('http_req_failed').map(({ value }) => value),
    [1, 1, 1, 1, 1, 1],
  );
  assert.equal(host.logs[0]?.message, 'Request Failed');
  assert.equal(
    host.logs[0]?.fields?.['error'],
    `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
});

test('what the resolver refuses has codes of its own', async () => {
  const refusals: [string, number][] = [
    ['HOST_NOT_FOUND', 1101],
    ['IP_BLACKLISTED', 1110],
    ['HOST_BLOCKED', 1111],
  ];
  for (const [code, expected] of refusals) {
    const host = new FakeHost();
    const error = new GharialError(code, 'refused');
    host.network = { ...host.network, resolve: (_host, _port, done) => done(error, []) };
    await run(
      function* ({ http }) {
        const response = yield* call(http['get'], 'http://some.test/');
        assert.equal(response.error_code, expected);
      },
      { host },
    );
  }
});

test('a request that takes too long ends at its time limit and leaves no connection behind', async () => {
  const { server } = await run(function* ({ http, at }) {
    const response = yield* call(http['get'], at('/never'), { timeout: '20ms' });
    assert.deepEqual([response.error, response.error_code], ['request timeout', 1050]);
    const next = yield* call(http['get'], at('/echo'));
    assert.equal(next.status, 200);
  });
  assert.equal(server.connectionCount, 2);
});

test('the time limit holds for a dial too', async () => {
  const host = new FakeHost();
  host.network = { ...host.network, resolve: () => {} };
  await run(
    function* ({ http }) {
      const response = yield* call(http['get'], 'http://slow.test/', { timeout: 10 });
      assert.deepEqual([response.error, response.error_code], ['request timeout', 1050]);
    },
    { host },
  );
});

test('a header that cannot be sent fails the request, and only that', async () => {
  await run(function* ({ http, at }) {
    const refused = yield* call(http['get'], at('/'), { headers: { Expect: '100-continue' } });
    assert.deepEqual([refused.status, refused.error], [0, 'expect header not supported']);
    assert.equal((yield* call(http['get'], at('/'))).status, 200);
  });
});

test('header lines Go would not send fail the request; blanks around a value are cut', async () => {
  const faults: [string, string, string][] = [
    ['x-tok', 'abc\n', 'net/http: invalid header field value for "X-Tok"'],
    ['X-Tok', 'a\r\nX-Other: b', 'net/http: invalid header field value for "X-Tok"'],
    ['X-Tok', 'a\0', 'net/http: invalid header field value for "X-Tok"'],
    ['X-Tok', '\x7f', 'net/http: invalid header field value for "X-Tok"'],
    ['User-Agent', 'a\nb', 'net/http: invalid header field value for "User-Agent"'],
    ['my header', 'a', 'net/http: invalid header field name "my header"'],
    ['', 'a', 'net/http: invalid header field name ""'],
    ['Host', 'a\n', 'http: invalid Host header'],
  ];
  const { host, server } = await run(function* ({ http, at }) {
    for (const [name, value, text] of faults) {
      const response = yield* call(http['get'], at('/'), { headers: { [name]: value } });
      assert.deepEqual([response.status, response.error], [0, text]);
      assert.equal(response.error_code, 1000);
    }
    const headers = { 'X-Tok': ' \ta\tb \t' };
    const response = yield* call(http['get'], at('/echo'), { headers });
    assert.equal(response.json('headers.x-tok'), 'a\tb');
  });
  assert.equal(server.requests.length, 1);
  assert.equal(host.samplesOf('http_req_failed').length, faults.length + 1);
  assert.match(
    host.logs[0]?.fields?.['error'] ?? '',
    /^Get "http:.*\/": net\/http: invalid header/,
  );
});

test('a Content-Length that is not that of the body is not sent, with a warning', async () => {
  await run(function* ({ http, at, host }) {
    for (const [length, body, actual] of [
      ['10', 'abc', '3'],
      ['0x3', 'abc', '3'],
      ['3', 'abc', ''],
      ['10', undefined, '0'],
      ['0', undefined, ''],
    ] as const) {
      host.logs.length = 0;
      const headers = { 'content-length': length };
      const response = yield* call(http['post'], at('/echo'), body, { headers });
      assert.equal(response.json('headers.content-length'), String(body?.length ?? 0));
      const message = `The specified Content-Length header "${length}" in the POST request for ${at('/echo')} doesn't match the actual request body length of ${actual}, so it will be ignored!`;
      assert.deepEqual(host.logs, actual === '' ? [] : [{ level: 'warning', message }]);
    }
  });
});

test('an address may be a String object', async () => {
  await run(function* ({ http, at }) {
    const address = Object(at('/echo')) as unknown;
    assert.equal((yield* call(http['get'], address)).status, 200);
    const responses: unknown = yield* call(http['batch'], [address, ['GET', address]]);
    assert.deepEqual(
      (responses as HttpResponse[]).map(({ status }) => status),
      [200, 200],
    );
  });
});

test('large bodies go both ways whole', async () => {
  await run(function* ({ http, at, host }) {
    const text = 'abcdefgh'.repeat(300_000);
    const response = yield* call(http['post'], at('/echo'), text);
    assert.equal(response.json('body'), text);
    assert.ok(host.sentBytes > text.length && host.receivedBytes > text.length);
  });
});

test('an answer of 400 or more is unexpected and has a code, but no error text', async () => {
  const { host } = await run(function* ({ http, at }) {
    const response = yield* call(http['get'], at('/status/404'));
    assert.deepEqual([response.error, response.error_code], ['', 1404]);
    const { expectedStatuses, setResponseCallback, get } = http;
    yield* call(get, at('/status/404'), { responseCallback: expectedStatuses?.(404) });
    setResponseCallback?.(expectedStatuses?.({ min: 500, max: 599 }, 200));
    yield* call(get, at('/status/503'));
    yield* call(get, at('/status/201'));
    yield* call(get, at('/status/201'), { responseCallback: null });
  });
  assert.deepEqual(
    tagsOf(host).map(({ status, expected_response = 'none' }) => `${status} ${expected_response}`),
    ['404 false', '404 true', '503 true', '201 false', '201 none'],
  );
  assert.equal(host.samplesOf('http_req_failed').length, 4);
});

test('arguments that make no request give a response that says why, without samples', async () => {
  const { host } = await run(function* ({ http, at }) {
    const faults: [unknown[], RegExp, number][] = [
      [[undefined], /^invalid URL value '<nil>'$/, 1020],
      [['http://[::1'], /^invalid URL: parse "http:\/\/\[::1": missing ']' in host$/, 1020],
      [[at('/'), { timeout: 'soon' }], /^invalid timeout value/, 0],
      [[at('/'), { responseType: 'json' }], /^json does not belong to ResponseType values$/, 0],
      [[at('/'), { auth: 'ntlm' }], /^NTLM authentication is not supported/, 0],
      [[at('/'), { tags: { a: {} } }], /invalid value for metric tag 'a'/, 0],
    ];
    for (const [args, text, code] of faults) {
      const response = yield* call(http['get'], ...args);
      assert.match(response.error, text);
      assert.equal(response.error_code, code);
    }
    const post = yield* call(http['post'], at('/'), 5);
    assert.equal(post.error, 'unknown request body type int64');
  });
  assert.deepEqual(host.samples, []);
  assert.equal(host.logs.length, 7);
});

test('with `throw` failures are exceptions', async () => {
  const host = new FakeHost();
  host.isThrowing = true;
  const port = await closedPort();
  await run(
    function* ({ http }) {
      for (const [address, text] of [
        [`http://127.0.0.1:${port}/`, /^Get "http:.*connection refused$/],
        ['http://a b/', /^invalid URL/],
      ] as const) {
        try {
          yield* call(http['get'], address);
          assert.fail('nothing thrown');
        } catch (error) {
          assert.ok(error instanceof Error && error.name === 'GoError');
          assert.match(error.message, text);
        }
      }
    },
    { host },
  );
});

test('in the init context nothing can be requested', () => {
  const host = new FakeHost();
  host.phase = 'init';
  const http = httpOf(host);
  const attempt =
    (name: string, ...args: unknown[]) =>
    () =>
      call(http[name], ...args).next();
  assert.throws(attempt('get', 'http://x/'), /^GoError: Making http requests in the init context/);
  assert.throws(attempt('batch', []), /^GoError: Using batch in the init context/);
  assert.throws(() => http['cookieJar']?.(), /Making cookie jars in the init context/);
  assert.throws(() => http['asyncRequest']?.('GET', 'http://x/'), /Making http requests/);
  assert.ok(http['expectedStatuses']?.(200));
});

test('a batch runs at once, but not more to one host than the options allow', async () => {
  const { server } = await run(
    function* ({ http, at }) {
      const requests = [
        at('/delay'),
        ['POST', at('/delay'), 'x'],
        { method: 'PUT', url: at('/delay'), params: { tags: { a: 'b' } } },
        at('/delay'),
      ];
      const list = (yield* call(http['batch'], requests)) as unknown as HttpResponse[];
      assert.ok(Array.isArray(list));
      assert.deepEqual(
        list.map(({ status, request }) => `${request.method} ${status}`),
        ['GET 200', 'POST 200', 'PUT 200', 'GET 200'],
      );
      const named = yield* call(http['batch'], { slow: at('/delay'), fast: at('/status/201') });
      assert.deepEqual(
        Object.entries(named).map(([key, { status }]) => `${key} ${status}`),
        ['slow 200', 'fast 201'],
      );
    },
    { host: withSettings({ batchPerHost: 2 }) },
  );
  assert.equal(server.peakOpenRequests, 2);
});

test('a batch that is no batch is an exception', async () => {
  await run(function* ({ http }) {
    for (const argument of [undefined, 'http://x/', [5], [['GET']], [{ method: 'GET' }]]) {
      assert.throws(() => call(http['batch'], argument).next(), { name: 'GoError' });
    }
  });
});

test('connections are kept over requests, or not, as the options say', async () => {
  const get3 = function* ({ http, at }: Scene): Coroutine<void> {
    for (let count = 0; count < 3; count++) yield* call(http['get'], at('/'));
  };
  const kept = await run(get3);
  assert.equal(kept.server.connectionCount, 1);
  assert.deepEqual(
    kept.host.samplesOf('http_req_connecting').map(({ value }) => value > 0),
    [true, false, false],
  );
  const closed = await run(get3, { host: withSettings({ noConnectionReuse: true }) });
  assert.equal(closed.server.connectionCount, 3);
  const host = withSettings({ noVUConnectionReuse: true });
  const iterations = await run(
    function* (scene) {
      yield* get3(scene);
      scene.host.facts = { ...scene.host.facts, iterationInInstance: 1 };
      yield* get3(scene);
    },
    { host },
  );
  assert.equal(iterations.server.connectionCount, 2);
});

test('the rps option spaces requests', async () => {
  const slots = [0, 15, 30];
  const startMs = performance.timeOrigin + performance.now();
  const reserveSlot = (): number => startMs + (slots.shift() ?? 0);
  await run(
    function* ({ http, at }) {
      for (let count = 0; count < 3; count++) yield* call(http['get'], at('/'));
    },
    { host: withSettings({ reserveSlot }) },
  );
  assert.ok(performance.timeOrigin + performance.now() - startMs >= 30);
});

test('asyncRequest settles in a task of the VU and keeps the iteration alive', async () => {
  const seen: string[] = [];
  const { host } = await run(function* ({ http, at, host: vu }) {
    const promise = http['asyncRequest']?.('POST', at('/echo'), 'x') as Promise<HttpResponse>;
    assert.equal(vu.holdCount, 1);
    promise.then((response) => seen.push(String(response.json('body'))));
    const failing = http['asyncRequest']?.('GET', 'http://127.0.0.1:1/', null, { throw: true });
    (failing as Promise<unknown>).catch((error) => seen.push(String(error).slice(0, 20)));
    yield* call(http['get'], at('/delay'));
  });
  assert.deepEqual(seen.sort(), ['GoError: Get "http:/', 'x']);
  assert.equal(host.holdCount, 0);
  assert.equal(host.resources.size, 0);
});

test('asyncRequest lets the iteration end when its request cannot begin', async () => {
  const reserveSlot = (): never => {
    throw new Error('no slot');
  };
  let reason: unknown;
  const { host } = await run(
    function* ({ http }) {
      const promise = http['asyncRequest']?.('GET', 'http://127.0.0.1:1/') as Promise<unknown>;
      promise.catch((error: unknown) => {
        reason = error;
      });
    },
    { host: withSettings({ reserveSlot }) },
  );
  assert.equal(String(reason), 'Error: no slot');
  assert.deepEqual([host.holdCount, host.resources.size], [0, 0]);
});

test('an interrupted VU takes no answers and records nothing of them', async () => {
  const server = await startHttpServer();
  const host = new FakeHost();
  const http = httpOf(host);
  const hasArrived = Promise.all([server.arrivalOf('/never'), server.arrivalOf('/never?async')]);
  const isOver = host.run(function* () {
    void http['asyncRequest']?.('GET', `${server.url}/never?async`);
    yield* call(http['get'], `${server.url}/never`);
    assert.fail('the script goes on');
  });
  await hasArrived;
  host.interrupt();
  await isOver;
  assert.deepEqual([host.samples, host.errors, host.holdCount], [[], [], 0]);
  await server.close();
});

test('names of http.url and name tags stand for the address in metrics', async () => {
  const { host } = await run(function* ({ http, at, server }) {
    const address = http['url']?.([`${server.url}/item/`, '?x'], 17);
    const response = yield* call(http['get'], address);
    assert.equal(response.url, at('/item/17?x'));
    yield* call(http['get'], at('/other'), { tags: { name: 'mine' } });
  });
  assert.deepEqual(
    tagsOf(host).map(({ name, url }) => [name?.replace(/http.*\d/, ''), url === name]),
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands for the values
      ['/item/${}?x', true],
      ['mine', true],
    ],
  );
});

test('forms and links of a page become requests', async () => {
  await run(function* ({ http, at, host }) {
    const page = yield* call(http['get'], at('/echo'));
    // The page is made here: what counts is how it is read.
    Object.assign(page, {
      body: '<form action="/send" method="post"><input name="a" value="1"><input name="b" value="2"><input type="submit" name="go" value="now"></form><a href="/linked">x</a>',
    });
    const sent = yield* callUser(page.submitForm as AnyFunction, page, [{ fields: { a: 'new' } }]);
    assert.equal((sent as HttpResponse).json('body'), 'a=new&b=2&go=now');
    assert.equal((sent as HttpResponse).url, at('/send'));
    const linked = yield* callUser(page.clickLink as AnyFunction, page, []);
    assert.equal((linked as HttpResponse).url, at('/linked'));
    const missing = (): unknown =>
      callUser(page.clickLink as AnyFunction, page, [{ selector: '#none' }]).next();
    assert.throws(missing, /^GoError: no element found for selector '#none' in response/);
    assert.equal(host.samplesOf('http_reqs').length, 3);
  });
});

test('uploads are multipart', async () => {
  await run(function* ({ http, at }) {
    const file = http['file']?.('text', 'a "b".txt', 'text/plain');
    const response = yield* call(http['post'], at('/echo'), { file, n: 1 });
    const type = String(response.json('headers.content-type'));
    const boundary = /^multipart\/form-data; boundary=([0-9a-f]{60})$/.exec(type)?.[1];
    assert.ok(boundary !== undefined);
    assert.equal(
      String(response.json('body')).replaceAll(boundary, 'B'),
      '--B\r\nContent-Disposition: form-data; name="file"; filename="a \\"b\\".txt"\r\n' +
        'Content-Type: text/plain\r\n\r\ntext\r\n' +
        '--B\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--B--\r\n',
    );
  });
});

test('over TLS HTTP/2 is spoken where the server does, many requests on one connection', async () => {
  const host = new FakeHost();
  const tls = { ca: TEST_CERTIFICATE };
  host.network = { ...host.network, tlsFor: () => tls };
  const { server } = await run(
    function* ({ http, at }) {
      const response = yield* call(http['post'], at('/echo'), 'x');
      assert.deepEqual(
        [response.proto, response.status_text, response.tls_version, response.tls_cipher_suite],
        ['HTTP/2.0', '200 OK', 'tls1.3', 'TLS_AES_256_GCM_SHA384'],
      );
      assert.equal(response.json('body'), 'x');
      assert.equal(response.ocsp.status, 'unknown');
      assert.ok(response.timings.tls_handshaking > 0);
      yield* call(http['batch'], [at('/delay'), at('/delay'), at('/delay')]);
    },
    { host, isSecure: true },
  );
  assert.equal(server.connectionCount, 1);
  assert.equal(server.peakOpenRequests, 3);
  assert.ok(
    tagsOf(host).every(({ proto, tls_version }) => `${proto} ${tls_version}` === 'HTTP/2.0 tls1.3'),
  );
});

test('HTTP/2 connections end with noConnectionReuse, and with their iteration with noVUConnectionReuse', async () => {
  for (const setting of ['noConnectionReuse', 'noVUConnectionReuse'] as const) {
    const host = withSettings({ [setting]: true });
    const tls = { ca: TEST_CERTIFICATE };
    host.network = { ...host.network, tlsFor: () => tls };
    const { server } = await run(
      function* ({ http, at }) {
        yield* call(http['get'], at('/echo'));
        host.facts = { ...host.facts, iterationInInstance: 1 };
        const response = yield* call(http['get'], at('/echo'));
        assert.deepEqual([response.proto, response.status], ['HTTP/2.0', 200], setting);
      },
      { host, isSecure: true },
    );
    assert.equal(server.connectionCount, 2, setting);
  }
});

test('json() says where a body stops being JSON, whatever the fault', async () => {
  const faults: [string, number, number][] = [
    ['<html><body>a page that is longer than what V8 shows of it</body></html>', 1, 1],
    ['{\n  "a": 1,\n  b: 2 }', 3, 3],
    [`{"long": "${'x'.repeat(60)}", "n": nope}`, 1, 80],
    ['[1, 2,, 3]', 1, 7],
    ['{"a": tru }', 1, 10],
    ['[1, 2', 1, 6],
  ];
  await run(function* ({ http, at }) {
    for (const [body, line, character] of faults) {
      const response = yield* call(http['get'], at('/'));
      Object.assign(response, { body });
      const expected = `cannot parse json due to an error at line ${line}, character ${character} , error: `;
      assert.throws(
        () => response.json(),
        (error) => error instanceof Error && error.message.startsWith(expected),
        body,
      );
    }
  });
});

test('a certificate nobody trusts has a code of its own', async () => {
  await run(
    function* ({ http, at }) {
      const response = yield* call(http['get'], at('/'));
      assert.deepEqual([response.error, response.error_code], ['x509: unknown authority', 1310]);
    },
    { isSecure: true },
  );
});

test('httpDebug logs heads, with "full" bodies too', async () => {
  const { host } = await run(
    function* ({ http, at }) {
      yield* call(http['post'], at('/status/202'), 'sent body');
    },
    { host: withSettings({ debug: 'full' }) },
  );
  const [request, answer] = host.logs;
  assert.match(
    request?.message ?? '',
    /^Request:\nPOST \/status\/202 HTTP\/1\.1\r\nHost: .*sent body\n$/s,
  );
  assert.match(answer?.message ?? '', /^Response:\nHTTP\/1\.1 202 Accepted\r\n.*status 202\n$/s);
  assert.equal(request?.fields?.['source'], 'http-debug');
  assert.equal(request?.fields?.['request_id'], answer?.fields?.['request_id']);
});
