/** Opens an address in the user's browser, for `K6_WEB_DASHBOARD_OPEN`. */
import { spawn } from 'node:child_process';

const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Does not wait for it; that there is none is a warning. */
export function openInBrowser(url: string, os: string, warn: (message: string) => void): void {
  const [command = '', ...args] = OPENERS[os] ?? ['xdg-open'];
  const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore' });
  child.on('error', (error) => warn(`${url} could not be opened in a browser: ${error.message}`));
  child.unref();
}
