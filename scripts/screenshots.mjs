// Takes the pictures in docs/images: the terminal while a test runs (by tmux), the live page and the report,
// light and dark, and the report on a phone (by Chromium). Needs the built code, chromium and tmux.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withPage } from '../dist/testing/chromium.js';
import { ansiToHtml } from './showcase/ansi-to-html.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const images = join(root, 'docs', 'images');
const showcase = join(root, 'scripts', 'showcase');
const BYTES_MAX = 150_000;
const PORT = 15_666;
/** When the run has enough to show. */
const LIVE_AFTER_MS = 33_000;
const DESKTOP = { width: 1180, height: 820 };
const PHONE = { width: 390, height: 844 };
const COLUMNS = 112;
const LINES = 30;
const SESSION = `gharial-screenshots-${process.pid}`;

mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'gharial-screenshots-'));
const server = spawn(process.execPath, [join(showcase, 'fickle-server.mjs')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await new Promise((resolve) => {
    server.stdout.once('data', (line) => resolve(String(line).trim()));
  });
  const report = join(folder, 'report.html');
  const command = [
    ...[process.execPath, join(root, 'dist', 'cli', 'main.js'), 'run', '-e', `WS_URL=${url}`],
    ...['--out', `web-dashboard=port=${PORT}`, '--report', report, 'shop-chat.js'],
  ];
  const quoted = command.map((word) => `'${word}'`).join(' ');
  tmux(
    [
      'new-session',
      '-d',
      '-s',
      SESSION,
      '-x',
      String(COLUMNS),
      '-y',
      String(LINES),
      '-c',
      showcase,
    ],
    quoted,
  );
  await wait(LIVE_AFTER_MS);
  const screen = tmux(['capture-pane', '-e', '-p', '-t', SESSION]);
  await Promise.all(
    ['light', 'dark'].map((colorScheme) =>
      withPage({ colorScheme, viewport: DESKTOP }, async ({ page }) => {
        await page.goto(`http://127.0.0.1:${PORT}/`);
        await page.locator('canvas').first().waitFor();
        await wait(1500);
        await shoot(page, `live-page-${colorScheme}`);
        if (colorScheme === 'dark') return;
        await page.setViewportSize({ ...DESKTOP, height: 620 });
        await page.locator('#latency').scrollIntoViewIfNeeded();
        await page.evaluate("document.getElementById('latency').scrollIntoView()");
        await page.locator('#latency .u-over').first().hover();
        await wait(1500);
        await shoot(page, 'live-page-latency');
      }),
    ),
  );
  while (isRunning()) await wait(500);

  await shootTerminal(screen);
  for (const [name, colorScheme, viewport, section] of [
    ['report-light', 'light', DESKTOP, undefined],
    ['report-dark', 'dark', DESKTOP, 'ends'],
    ['report-phone', 'light', PHONE, undefined],
  ]) {
    await withPage({ colorScheme, viewport }, async ({ page }) => {
      await page.goto(`file://${report}`);
      await page.locator('.tile').first().waitFor();
      if (section !== undefined) {
        await page.evaluate(`document.getElementById('${section}').scrollIntoView()`);
      }
      await wait(1000);
      await shoot(page, name);
    });
  }
} finally {
  server.kill();
  if (isRunning()) tmux(['kill-session', '-t', SESSION]);
  rmSync(folder, { recursive: true, force: true });
}

function tmux(args, ...more) {
  return execFileSync('tmux', [...args, ...more], {
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm-256color' },
  });
}

function isRunning() {
  try {
    execFileSync('tmux', ['has-session', '-t', SESSION], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The text that was on the screen, in its colours, as a picture. */
async function shootTerminal(screen) {
  const text = screen.trimEnd();
  await withPage({ viewport: { width: 960, height: 400 } }, async ({ page }) => {
    await page.setContent(ansiToHtml(text));
    await page.locator('pre').screenshot({ path: join(images, 'terminal.png') });
  });
  assertSmall('terminal');
}

async function shoot(page, name) {
  await page.screenshot({ path: join(images, `${name}.png`) });
  assertSmall(name);
}

function assertSmall(name) {
  const { size } = statSync(join(images, `${name}.png`));
  console.log(`docs/images/${name}.png ${Math.round(size / 1000)} kB`);
  if (size > BYTES_MAX) throw new Error(`${name}.png is larger than ${BYTES_MAX} bytes`);
}
