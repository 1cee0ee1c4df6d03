/** The built-in jslib modules inside a run: what they do to checks, the test's verdict and requests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { runGharial } from './testing/run-gharial.ts';

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

const urls = (): string[] => [
  ...['-e', `WS_URL=${server.wsUrl}`],
  ...['-e', `HTTP_URL=${server.httpUrl}`],
];

const TESTING = "import { expect } from 'https://jslib.k6.io/k6-testing/0.6.1/index.js';";
const CHAI = "import { describe, expect } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';";

test('a failed expect of k6-testing aborts the test with 108', async () => {
  const outcome = await runGharial({
    script: `${TESTING}
      import http from 'k6/http';
      export const options = { vus: 1, iterations: 5 };
      export default function () {
        const response = http.get(__ENV.HTTP_URL + '/me');
        expect(response.status).toBe(401);
        console.log('on ' + __ITER);
        expect(response.json(), 'who am I').toHaveProperty('user');
        console.log('not reached');
      }`,
    args: urls(),
  });
  assert.equal(outcome.exitCode, 108, outcome.stderr);
  assert.match(outcome.stderr, /who am I: expect\(received\)\.toHaveProperty/);
  assert.deepEqual(outcome.console, ['on 0']);
});

test('a failed soft expect lets the test go on and fail with 110', async () => {
  const outcome = await runGharial({
    script: `${TESTING}
      export const options = { vus: 1, iterations: 2 };
      export default function () {
        expect.soft(__ITER).toBe(1);
        console.log('on ' + __ITER);
      }`,
  });
  assert.equal(outcome.exitCode, 110, outcome.stderr);
  assert.deepEqual(outcome.console, ['on 0', 'on 1']);
});

test('describe groups blocking calls and goes on after a failure', async () => {
  const outcome = await runGharial({
    script: `${CHAI}
      import { sleep } from 'k6';
      import http from 'k6/http';
      export const options = { vus: 1, iterations: 1 };
      export default function () {
        const first = describe('first', () => {
          const response = http.get(__ENV.HTTP_URL + '/me');
          sleep(0.01);
          expect(response.status, 'status').to.equal(200);
          console.log('not reached');
        });
        const second = describe('second', () => expect(http.get(__ENV.HTTP_URL).status).to.equal(200));
        console.log(first, second);
      }`,
    args: urls(),
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.deepEqual(outcome.console, ['false true']);
  const { passes, fails } = outcome.summary?.metrics['checks'] ?? {};
  assert.deepEqual({ passes, fails }, { passes: 1, fails: 1 });
});

test('a form of formdata is sent; the summaries of k6-summary are written', async () => {
  const outcome = await runGharial({
    script: `
      import { FormData } from 'https://jslib.k6.io/formdata/0.0.2/index.js';
      import { jUnit, textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
      import { URL } from 'https://jslib.k6.io/url/1.0.0/index.js';
      import { check } from 'k6';
      import http from 'k6/http';
      export const options = { iterations: 1, thresholds: { checks: ['rate==1'] } };
      export default function () {
        const form = new FormData();
        form.append('text', 'x');
        form.append('file', http.file('content', 'a.txt', 'text/plain'));
        const headers = { 'Content-Type': 'multipart/form-data; boundary=' + form.boundary };
        const response = http.post(new URL('/login', __ENV.HTTP_URL).href, form.body(), { headers });
        check(response.request.body.length, { 'was sent': (bytes) => bytes > 200 });
      }
      export const handleSummary = (data) => ({
        'junit.xml': jUnit(data),
        'summary.txt': textSummary(data, { indent: ' ', enableColors: false }),
      });`,
    args: urls(),
  });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.match(outcome.files['junit.xml'] ?? '', /<testcase name="checks - rate==1" \/>/);
  assert.match(
    outcome.files['summary.txt'] ?? '',
    /^ {5}✓ was sent\n\n {3}✓ checks\.+: 100\.00% ✓ 1/,
  );
});
