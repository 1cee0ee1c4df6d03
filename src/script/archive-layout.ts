/**
 * How k6 lays out an archive: `metadata.json`, `data` (the entry script), and every file that the test
 * needs under `file/` by its absolute path or `https/` by its URL.
 */
import { fileURLToPath } from 'node:url';

export const METADATA = 'metadata.json';
export const ENTRY = 'data';
export const FILES = 'file';
/** Of what gharial adds to the metadata. */
export const FORMAT = 1;

/** A path without the name of the user whose home folder it begins with. */
export function anonymousPath(path: string): string {
  return path.replace(/^((?:\/[A-Za-z][:_])?\/(?:home|Users)\/)[^/]+(?=\/)/, '$1nobody');
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

/** Where in an archive the file of an absolute path is. */
export function fileMemberName(path: string): string {
  return `${FILES}${anonymousPath(path.replaceAll('\\', '/'))}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray %: it stands for itself
  }
}
