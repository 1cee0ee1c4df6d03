/** The live page and the report as people see them: real runs, a real browser. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { NO_CHROMIUM, withPage } from '../testing/chromium.ts';
import { GharialProcess } from './testing/spawn-gharial.ts';

/** What a page must survive as the name of anything. */
const HOSTILE = '</script><img src=x onerror="window.harmed = true">';

const SCRIPT = `
import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
export const options = {
  scenarios: {
    chat: { executor: 'constant-vus', vus: 3, duration: '60s', gracefulStop: '0s', exec: 'chat' },
    feed: { executor: 'constant-vus', vus: 2, duration: '60s', gracefulStop: '0s', exec: 'chat' },
  },
  thresholds: { reply_time: ['p(95)<1000', 'p(95)<0.0001'], checks: ['rate>0.5'] },
};
const reply = new Trend('reply_time', true);
const orders = new Counter('orders_placed');
export function chat() {
  const socket = new WebSocket(__ENV.URL + '?token=' + __ENV.API_TOKEN);
  socket.onopen = () => { socket.send(String(Date.now())); setTimeout(() => socket.close(4001, 'enough'), 300); };
  socket.onmessage = (message) => {
    reply.add(Date.now() - Number(message.data), { room: ${JSON.stringify(HOSTILE)} });
    reply.add(1, { room: 'second' });
    orders.add(2);
    check(1, { ${JSON.stringify(HOSTILE)}: (one) => one === 1, 'never true': () => false });
  };
}`;

// Run in the page, which this file's types do not know.
const FOCUSED = `(() => {
  const element = document.activeElement;
  const isSeen = getComputedStyle(element).outlineStyle !== 'none';
  return (element.ariaLabel ?? element.textContent.trim()) + (isSeen ? '' : ' (unseen)');
})()`;
const UNNAMED = `[...document.querySelectorAll('button, select, a, [tabindex]')]
  .filter((element) => {
    const label = element.closest('label')?.textContent ?? '';
    return ((element.ariaLabel ?? element.textContent ?? '') + label).trim() === '';
  })
  .map((element) => element.outerHTML.slice(0, 80))`;
const OVERFLOW = 'document.documentElement.scrollWidth - innerWidth';

interface Running {
  readonly gharial: GharialProcess;
  readonly url: string;
  readonly folder: string;
}

/** Runs the script against an echo server that ends some connections, with a page on a free port. */
async function withRun(
  args: readonly string[],
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let count = 0;
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(String(data)));
    count += 1;
    if (count % 4 === 0) setTimeout(() => socket.close(1011, 'overloaded'), 100);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const folder = mkdtempSync(join(tmpdir(), 'gharial-page-'));
  const gharial = new GharialProcess({
    args: [
      ...['run', '--web', '-e', `URL=ws://127.0.0.1:${port}/`, '-e', 'API_TOKEN=hush-hush-4711'],
      ...[...args, 'script.js'],
    ],
    files: { 'script.js': SCRIPT },
    // Values that are words of the page, under names that are nearly those of secrets.
    env: { K6_WEB_DASHBOARD_PORT: '0', AUTH_MODE: 'values', AUTH_TYPE: 'name', TOKEN_KIND: 'time' },
  });
  try {
    const [, url = ''] = await gharial.printed(/web dashboard: (http:\S+)/);
    await use({ gharial, url, folder });
  } finally {
    gharial.signal('SIGKILL');
    await gharial.ended();
    for (const client of server.clients) client.terminate();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the latest figures say, by the title of a tile. */
async function figureOf(page: Page, title: string): Promise<string> {
  return page.locator('.tile', { hasText: title }).locator('.figure').innerText();
}

async function assertHarmless(page: Page): Promise<void> {
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.evaluate('window.harmed'), undefined);
}

test('the page shows the run as it goes on, and stops it', { skip: NO_CHROMIUM }, async () => {
  await withRun([], async ({ gharial, url, folder }) => {
    await withPage(
      { viewport: { width: 1280, height: 900 } },
      async ({ page, complaints, requests }) => {
        await page.goto(url);
        await page.locator('.pill', { hasText: 'Running' }).waitFor();
        await page.locator('#latency').getByText('reply_time').waitFor();
        const before = Number((await figureOf(page, 'Messages in')).replace(/\D/g, ''));
        assert.ok(Number.isFinite(before));

        // Live: the time goes on and points are added without anybody asking.
        const clock = await page.locator('.clock').innerText();
        await page.locator('.clock').filter({ hasNotText: clock }).waitFor();
        for (const title of [
          'Sockets and VUs',
          'Messages',
          'Bytes',
          'Connect time',
          'orders_placed',
        ]) {
          const chart = page.getByRole('figure', { name: title, exact: true });
          await chart.scrollIntoViewIfNeeded();
          await chart.locator('canvas').waitFor();
        }

        // Thresholds: not by colour alone.
        const thresholds = page.locator('#thresholds tbody tr');
        await thresholds.nth(1).getByText('crossed').waitFor();
        assert.match(
          (await thresholds.nth(0).innerText()).replaceAll(/\s+/g, ' '),
          /reply_time p\(95\)<1000 .* ✓ holds/,
        );
        assert.match(
          (await thresholds.nth(1).innerText()).replaceAll(/\s+/g, ' '),
          /p\(95\)<0.0001 .* ✗ crossed/,
        );

        // Closes by code and reason, checks by name.
        // On a busy machine a Close of the server may cross the script's: a row of its own, closed by the script.
        const overloaded = page
          .locator('#ends tbody tr', { hasText: 'overloaded' })
          .filter({ hasText: 'closed by the server' });
        await overloaded.waitFor();
        assert.match(await overloaded.innerText(), /1011 server error/);
        assert.equal(await page.locator('#checks').getByText(HOSTILE).count(), 1);

        // Every tag can be a filter, and splits charts.
        const filter = page.getByLabel('samples shown');
        await filter.selectOption({ label: 'scenario = feed' });
        await page.locator('.note', { hasText: 'no tag “scenario”' }).first().waitFor();
        await filter.selectOption({ label: 'all samples' });
        const reply = page.getByRole('figure', { name: 'reply_time', exact: true });
        await reply.getByLabel('split reply_time by').selectOption('room');
        await reply.getByRole('button', { name: HOSTILE }).waitFor();

        // Without a mouse.
        await reply.getByRole('application').focus();
        await page.keyboard.press('ArrowLeft');
        await reply
          .locator('.when')
          .filter({ hasText: /^at \d+:\d\d$/ })
          .waitFor();
        const pause = page.getByRole('button', { name: 'Pause' });
        assert.equal(await pause.isDisabled(), true);
        assert.match(
          String(await pause.getAttribute('title')),
          /constant-vus scenario cannot be paused/,
        );

        const stop = page.getByRole('button', { name: 'Stop…' });
        await stop.focus();
        await page.keyboard.press('Enter');
        await page.locator('button:focus', { hasText: 'Stop it' }).waitFor();
        await page.keyboard.press('Enter');
        await page.getByText('The run is over: test run stopped from the live page').waitFor();
        assert.match(await page.locator('.pill').innerText(), /✗ Failed/);

        await assertHarmless(page);
        assert.deepEqual(complaints, []);
        assert.deepEqual(
          requests.filter((address) => !address.startsWith(url) && !address.startsWith('data:')),
          [],
        );
        assert.equal(await gharial.ended(), 103);

        // The final state stays, and can be kept though gharial has gone.
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name: 'Save report' }).click(),
        ]);
        assert.equal(download.suggestedFilename(), 'script-report.html');
        const saved = join(folder, 'saved.html');
        await download.saveAs(saved);
        await withPage({ offline: true }, async (second) => {
          await second.page.goto(`file://${saved}`);
          await second.page.getByText('stopped from the live page').waitFor();
          await second.page.locator('canvas').first().waitFor();
          await assertHarmless(second.page);
          assert.deepEqual(second.complaints, []);
        });
      },
    );
  });
});

test('focus goes through the page in the order it is read, and is seen', {
  skip: NO_CHROMIUM,
}, async () => {
  await withRun([], async ({ url }) => {
    await withPage({}, async ({ page }) => {
      await page.goto(url);
      await page.locator('#latency').getByText('reply_time').waitFor();
      await page.locator('.actions button:enabled', { hasText: 'Save report' }).waitFor();
      const names: string[] = [];
      for (let press = 0; press < 6; press++) {
        await page.keyboard.press('Tab');
        names.push(String(await page.evaluate(FOCUSED)));
      }
      assert.deepEqual(names, [
        'Skip to the figures',
        'Stop…',
        'Save report',
        'switch to the dark theme',
        'Thresholds',
        'Load',
      ]);
      const unnamed = await page.evaluate(UNNAMED);
      assert.deepEqual(unnamed, []);
    });
  });
});

test('a page whose gharial was killed says so and keeps what it has', {
  skip: NO_CHROMIUM,
}, async () => {
  await withRun([], async ({ gharial, url }) => {
    await withPage({}, async ({ page }) => {
      await page.goto(url);
      await page.locator('#latency').getByText('reply_time').waitFor();
      gharial.signal('SIGKILL');
      await page.getByText('gharial does not answer').waitFor();
      assert.match(await page.locator('.pill').innerText(), /Connection lost/);
      assert.equal(await page.locator('#latency').getByText('reply_time').count(), 1);
    });
  });
});

test('the report opens from disk, on a phone too, and tells no secret', {
  skip: NO_CHROMIUM,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-report-'));
  const path = join(folder, 'report.html');
  try {
    await withRun(['--report', path], async ({ gharial, url }) => {
      // The run may end as soon as it has something to show.
      for (;;) {
        const text = await (await fetch(`${url}/report`)).text();
        if (text.includes('orders_placed')) break;
      }
      gharial.signal('SIGINT');
      assert.equal(await gharial.ended(), 105);
    });
    const text = readFileSync(path, 'utf8');
    assert.doesNotMatch(text, /hush-hush/);
    assert.match(text, /-e API_TOKEN=…/);
    for (const width of [390, 1280]) {
      await withPage({ offline: true, viewport: { width, height: 844 } }, async (open) => {
        const { page, complaints, requests } = open;
        await page.goto(`file://${path}`);
        await page.locator('#traffic .plot').first().scrollIntoViewIfNeeded();
        await page.locator('canvas').first().waitFor();
        await page.getByText('gharial received a').waitFor();
        for (const heading of [
          'Thresholds',
          'Load',
          'Traffic',
          'Latency',
          'Checks',
          'Totals',
          'Run',
        ]) {
          assert.equal(
            await page.getByRole('heading', { name: heading, exact: true, level: 2 }).count(),
            1,
          );
        }
        assert.match(
          await page.locator('#run').innerText(),
          /gharial run --web -e URL=….*Node\.js/s,
        );
        assert.equal(await page.getByRole('button', { name: 'Stop…' }).count(), 0);
        const overflow = Number(await page.evaluate(OVERFLOW));
        assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`);
        await assertHarmless(page);
        assert.deepEqual(complaints, []);
        assert.deepEqual(
          requests.filter((address) => !/^(file|data):/.test(address)),
          [],
        );
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
