/** Globals of the web in whole runs: each where it should be, with state per VU, and `fetch` as a request of http. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { runGharial } from './testing/run-gharial.ts';

const PER_VU = `scenarios: { all: { executor: 'per-vu-iterations', vus: 3, iterations: 2 } }`;
let url = '';

/** Answers with the cookies it got, sets one for each path, and is slow at /slow. */
const server = createServer((request, response) => {
  const path = request.url ?? '';
  response.setHeader('Set-Cookie', `${path.slice(1)}=1; Path=/`);
  if (path === '/never') return;
  if (path === '/slow') setTimeout(() => response.end('slow'), 30);
  else response.end(request.headers.cookie ?? 'no cookie');
});
before(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has no other address
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('each global of the web does what the web says', async () => {
  const outcome = await runGharial({
    script: `
      export default async function () {
        const results = {
          url: new URL('../c?d=1#e', 'https://a.test/b/x').href,
          query: new URLSearchParams({ a: '1 2', b: 'ü' }).toString(),
          text: new TextDecoder().decode(new TextEncoder().encode('grüß')),
          base64: atob(btoa('base64')),
          clone: structuredClone({ map: new Map([[1, new Date(0)]]) }).map.get(1).getTime(),
          performance: performance.now() <= performance.now() && performance.timeOrigin > 0,
          uuid: /^[0-9a-f-]{36}$/.test(crypto.randomUUID()),
          random: crypto.getRandomValues(new Uint8Array(8)).length,
          digest: new Uint8Array(await crypto.subtle.digest('SHA-1', new Uint8Array(0)))[0],
          exception: new DOMException('x', 'AbortError').name,
          microtask: await new Promise((resolve) => queueMicrotask(() => resolve('ran'))),
          headers: new Headers({ a: 'b' }).get('A'),
          response: await new Response('body').text(),
          request: new Request('http://a.test/').method,
        };
        const target = new EventTarget();
        target.addEventListener('ping', (event) => { results.event = event.type; });
        target.dispatchEvent(new Event('ping'));
        const controller = new AbortController();
        controller.signal.onabort = () => { results.abort = controller.signal.reason.name; };
        controller.abort();
        console.log(JSON.stringify(results));
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(JSON.parse(outcome.console[0] ?? ''), {
    url: 'https://a.test/c?d=1#e',
    query: 'a=1+2&b=%C3%BC',
    text: 'grüß',
    base64: 'base64',
    clone: 0,
    performance: true,
    uuid: true,
    random: 8,
    digest: 0xda,
    exception: 'AbortError',
    microtask: 'ran',
    headers: 'b',
    response: 'body',
    request: 'GET',
    event: 'ping',
    abort: 'AbortError',
  });
});

test('fetch has the cookies of its VU and iteration, and counts as http', async () => {
  const outcome = await runGharial({
    args: ['--workers', '1'],
    script: `
      import http from 'k6/http';
      export const options = { ${PER_VU}, thresholds: {
        'http_reqs{name:login}': ['count==6'],
        'http_req_failed{expected_response:true}': ['rate==0'],
      } };
      export default async function () {
        const own = '${url}/vu' + __VU + __ITER;
        await fetch(own, { tags: { name: 'login' } });
        console.log(__VU, __ITER, http.get('${url}/x').body, await (await fetch('${url}/x')).text());
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  const expected = ['10', '11', '20', '21', '30', '31'].map(
    (vu) => `${vu[0]} ${vu[1]} vu${vu}=1 vu${vu}=1; x=1`,
  );
  assert.deepEqual([...outcome.console].sort(), expected);
  assert.equal(outcome.summary?.metrics['http_reqs']?.['count'], 18);
});

test('a blocked VU gets its answers afterwards; an iteration waits for those nobody waits for', async () => {
  const outcome = await runGharial({
    script: `
      import { sleep } from 'k6';
      export default function () {
        const order = [];
        fetch('${url}/slow').then((response) => response.text()).then((text) => {
          order.push(text);
          console.log(order.join());
        });
        sleep(0.1);
        order.push('slept');
      }
      export function teardown() { console.log('teardown'); }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['slept,slow', 'teardown']);
});

test('a VU that is stopped hears nothing of its requests; an uncaught failure ends the iteration', async () => {
  const outcome = await runGharial({
    script: `
      export const options = { scenarios: {
        stopped: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s', exec: 'stopped' },
        failed: { executor: 'shared-iterations', vus: 1, iterations: 2, exec: 'failed' },
      } };
      export async function stopped() {
        try { await fetch('${url}/never'); console.log('answered'); }
        catch { console.log('caught'); }
        finally { console.log('finally'); }
      }
      export function failed() { fetch('ftp://nowhere.test/'); }`,
  });
  assert.deepEqual(outcome.console, []);
  assert.equal(
    outcome.stderr.match(/Uncaught \(in promise\) TypeError: fetch failed: /g)?.length,
    2,
  );
  assert.equal(outcome.exitCode, 0, outcome.stderr);
});

test('fetch in the init context says that it is the init context', async () => {
  const outcome = await runGharial({
    script: `await fetch('${url}/x'); export default function () {}`,
  });
  assert.equal(outcome.exitCode, 107);
  assert.match(outcome.stderr, /Making http requests in the init context is not supported/);
});

test('classes and functions have the names that scripts know them by', async () => {
  const modules = [
    'k6',
    'k6/crypto',
    'k6/data',
    'k6/encoding',
    'k6/html',
    'k6/metrics',
    'k6/timers',
  ];
  const classes = ['k6/websockets', 'k6/experimental/fs', 'k6/experimental/streams'];
  const outcome = await runGharial({
    script: `
      ${[...modules, ...classes].map((name, i) => `import * as m${i} from '${name}';`).join('\n')}
      const globals = {};
      for (const name of ['Blob', 'Event', 'EventTarget', 'CloseEvent', 'ErrorEvent', 'MessageEvent', 'AbortController',
        'AbortSignal', 'FormData', 'Headers', 'Request', 'Response', 'WebSocket', 'fetch', 'queueMicrotask', 'setTimeout'])
        globals[name] = globalThis[name];
      export default function () {
        let count = 0;
        for (const module of [globals, ${[...modules, ...classes].map((_, i) => `m${i}`).join()}])
          for (const [name, value] of Object.entries(module)) {
            if (typeof value !== 'function') continue; // hash functions have no name
            count += 1;
            if (value.name !== '' && value.name !== name) console.log(name, 'is called', value.name);
          }
        console.log(count > 40);
      }`,
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['true']);
});
