/** For tests that look at a page as a person would: a headless Chromium of the system. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Without sandbox since CI is root; without whatever asks the network by itself. */
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--js-flags=--expose-gc', '--enable-precise-memory-info'],
];

/** Of `CHROMIUM_PATH`, or where Linux distributions have it. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return [...(named === undefined ? [] : [named]), ...PATHS].find((path) => existsSync(path));
}

/** For `test(name, { skip: NO_CHROMIUM }, …)`. */
export const NO_CHROMIUM: string | false =
  findChromium() === undefined
    ? 'there is no Chromium: install the system package chromium, or set CHROMIUM_PATH'
    : false;

export interface OpenPage {
  readonly page: Page;
  /** What the browser complained of, and what scripts threw. */
  readonly complaints: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** Opens a page, hands it over, and closes the browser whatever happens. */
export async function withPage<T>(
  options: BrowserContextOptions,
  use: (open: OpenPage) => Promise<T>,
): Promise<T> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(String(NO_CHROMIUM));
  const browser: Browser = await chromium.launch({ executablePath, args: ARGS });
  try {
    const page = await (await browser.newContext(options)).newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    return await use({ page, complaints, requests });
  } finally {
    await browser.close();
  }
}
