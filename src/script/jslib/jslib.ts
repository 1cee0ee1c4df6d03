/**
 * The remote modules that are answered from here, without the network: which URLs, and their text.
 */
import { readFile } from 'node:fs/promises';

const K6_UTILS_URL = /^https:\/\/jslib\.k6\.io\/k6-utils\/([^/]+)\/index\.js$/;

/** The module text for a URL that is built in, or undefined for every other URL. */
export async function builtInModule(url: string): Promise<string | undefined> {
  const version = K6_UTILS_URL.exec(url)?.[1];
  if (version === undefined) return undefined;
  const text = await readFile(new URL('./k6-utils.js', import.meta.url), 'utf8');
  const answersEmpty = isBefore(version, 1, 2);
  return `${text}\nexport const findBetween = /* @__PURE__ */ createFindBetween(${answersEmpty});\n`;
}

/** True if `version` is a number below major.minor; names such as `latest` never are. */
function isBefore(version: string, major: number, minor: number): boolean {
  const parts = /^(\d+)\.(\d+)/.exec(version);
  if (parts === null) return false;
  const [ownMajor, ownMinor] = [Number(parts[1]), Number(parts[2])];
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
