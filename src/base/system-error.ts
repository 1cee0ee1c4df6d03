/** Errors of the operating system, in the words k6 users know: Go's. */

/** By Node's code. */
export const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ECONNABORTED: 'software caused connection abort',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
  ENOBUFS: 'no buffer space available',
  EINVAL: 'invalid argument',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EEXIST: 'file exists',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'file too large',
  EROFS: 'read-only file system',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EIO: 'input/output error',
};

/**
 * What went wrong, for a message: of a file `open /no/x.csv: no such file or directory`, of anything else its own words.
 * @param path the file as the user wrote it; default as the system was given it.
 */
export function reasonOf(error: unknown, path?: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path: given }: NodeJS.ErrnoException = error;
  const text =
    code !== undefined && Object.hasOwn(ERRNO_TEXTS, code) ? ERRNO_TEXTS[code] : undefined;
  if (text === undefined || syscall === undefined) return error.message;
  // A connection is told with its address, as Node does it.
  if (Object.hasOwn(error, 'address') || Object.hasOwn(error, 'hostname')) return error.message;
  return `${[syscall, path ?? given].filter((part) => part !== undefined).join(' ')}: ${text}`;
}
