// A k6 script that runs web platform tests: each VU is one page, with globals of its own.
// scripts/wpt.mjs writes tests.json and reads what is logged.
import * as websockets from 'k6/websockets';

const { pages, harness } = JSON.parse(open(`${__ENV.WPT_FOLDER}/tests.json`));
const PAGE_TIMEOUT_MS = 30_000;

export const options = {
  scenarios: {
    pages: {
      executor: 'per-vu-iterations',
      vus: pages.length,
      iterations: 1,
      maxDuration: '60s',
      gracefulStop: '0s',
    },
  },
  hosts: { '*.web-platform.test': '127.0.0.1', 'web-platform.test': '127.0.0.1' },
  insecureSkipTLSVerify: true,
};

export default function page() {
  const test = pages[__VU - 1];
  // Pages look at prototypes, in text that is evaluated: only what stands here tells gharial so.
  const self = Object.getPrototypeOf(Object.create(globalThis));
  self.self = self;
  self.window = self;
  self.Window = class Window {};
  self.META_TITLE = test.title;
  self.location = new URL(test.url);
  const { WebSocket, Blob } = __ENV.WPT_CLASS === 'module' ? websockets : self;
  // VUs inherit most of their globals; pages look for own properties.
  for (const [name, value] of Object.entries({ WebSocket, Blob, CloseEvent, Event, EventTarget })) {
    Object.defineProperty(self, name, { value, writable: true, configurable: true });
  }
  // Sloppy code with the VU's globals in scope, as a script of a page is.
  const run = (code) => new Function('self', `with (self) {${code}\n}`).call(self, self);
  const tell = (line) => console.log(`WPT ${JSON.stringify({ index: test.index, ...line })}`);
  try {
    run(harness);
    self.add_completion_callback((tests, status) => {
      const results = tests.map(({ name, status: verdict, message }) => ({
        name,
        verdict,
        message,
      }));
      tell({ results, harness: status.status, message: status.message });
    });
    setTimeout(() => self.timeout(), PAGE_TIMEOUT_MS);
    run(test.code);
    self.done();
  } catch (error) {
    tell({ results: [], harness: 1, message: String(error.stack ?? error) });
  }
}
