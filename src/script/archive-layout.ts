/**
 * How k6 lays out an archive: `metadata.json`, `data` (the entry script), and every file that the test
 * needs under `file/` by its absolute path or `https/` by its URL.
 */
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const METADATA = 'metadata.json';
export const ENTRY = 'data';
export const FILES = 'file';
/** Of what gharial adds to the metadata. */
export const FORMAT = 1;

const HOME = /^((?:\/[a-z])?\/(?:home|Users|Documents and Settings)\/)[^/]+/i;

/**
 * A path as archives have it: slashes only, a Windows drive as a folder (`/C/…`), a network share without
 * its server, and a home folder without the name of its user.
 */
export function anonymousPath(path: string): string {
  return posix
    .normalize(path.replace(/^\\\\[^\\]+/, '/nobody').replaceAll('\\', '/'))
    .replace(/^\/?([A-Za-z]):/, '/$1')
    .replace(HOME, '$1nobody');
}

/** A URL of a file without the name of the user; other URLs as they are. */
export function anonymousUrl(url: string): string {
  return url.startsWith('file://') ? `file://${anonymousPath(url.slice('file://'.length))}` : url;
}

/** Where in an archive the file of a `file:` or `https:` URL is. */
export function memberName(url: string): string {
  if (url.startsWith('file:')) return fileMemberName(fileURLToPath(url));
  const { host, pathname, search } = new URL(url);
  return `https/${host}${decoded(pathname + search)}`;
}

/** Where in an archive a file is that `open()` knows by its absolute path or `https:` URL. */
export function memberNameOf(path: string): string {
  return path.startsWith('https:') ? memberName(path) : fileMemberName(path);
}

/** Where in an archive the file of an absolute path is. */
export function fileMemberName(path: string): string {
  return `${FILES}${anonymousPath(path)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray %: it stands for itself
  }
}
