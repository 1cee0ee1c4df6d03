/**
 * The remote modules that are answered from here, without the network: which URLs, and their text.
 *
 * A module is one file beside this one, without imports of files: its text becomes part of the bundle of
 * the script that imports the URL, so it is script code, written against k6's modules alone.
 */
import { readFile } from 'node:fs/promises';

interface BuiltIn {
  /** `https://jslib.k6.io/<name>/<version>/index.js` */
  readonly name: string;
  /** Its text: a file beside this one, as built, or of an npm package. */
  readonly file: string;
  /** Text that a version adds to the file's. */
  readonly ending?: (version: string) => string;
}

const BUILT_INS: readonly BuiltIn[] = [
  { name: 'formdata', file: './formdata.js' },
  { name: 'k6-summary', file: './k6-summary.js' },
  { name: 'k6-testing', file: './k6-testing.js' },
  { name: 'k6chaijs', file: './k6chaijs.js' },
  {
    name: 'k6-utils',
    file: './k6-utils.js',
    ending: (version) =>
      `export const findBetween = /* @__PURE__ */ createFindBetween(${isBefore(version, 1, 2)});\n`,
  },
  { name: 'papaparse', file: 'papaparse/papaparse.min.js' },
  { name: 'url', file: './url.js' },
];

const JSLIB_URL = /^https:\/\/jslib\.k6\.io\/([^/]+)\/([^/]+)\/index\.js$/;

/** The module text for a URL that is built in, or undefined for every other URL. */
export async function builtInModule(url: string): Promise<string | undefined> {
  const [, name, version = ''] = JSLIB_URL.exec(url) ?? [];
  const module = BUILT_INS.find((one) => one.name === name);
  if (module === undefined) return undefined;
  const { file } = module;
  const location = file.startsWith('./')
    ? new URL(file, import.meta.url)
    : new URL(import.meta.resolve(file));
  const text = await readFile(location, 'utf8');
  return `${text}\n${module.ending?.(version) ?? ''}`;
}

/** True if `version` is a number below major.minor; names such as `latest` never are. */
function isBefore(version: string, major: number, minor: number): boolean {
  const parts = /^(\d+)\.(\d+)/.exec(version);
  if (parts === null) return false;
  const [ownMajor, ownMinor] = [Number(parts[1]), Number(parts[2])];
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
