/** What the system allows this process, as far as it tells. */
import { readFileSync } from 'node:fs';
import { GharialError } from '../base/errors.ts';
import { LINUX_SOURCE_PORTS, type PortRange } from '../websocket/source-ports.ts';

const PORT_RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
const LIMITS_FILE = '/proc/self/limits';
/** Of the cgroup: containers have less memory than their host. */
const MEMORY_LIMIT_FILES = [
  '/sys/fs/cgroup/memory.max',
  '/sys/fs/cgroup/memory/memory.limit_in_bytes',
];

/** Reads a file of the system; undefined where there is none. */
export type ReadSystemFile = (path: string) => string | undefined;

export const readSystemFile: ReadSystemFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // another system than Linux, or a sandbox
  }
};

/** The ports that the system gives to outgoing connections. */
export function readSourcePorts(read: ReadSystemFile = readSystemFile): PortRange {
  const [first, last] = (read(PORT_RANGE_FILE) ?? '').trim().split(/\s+/).map(Number);
  const isRange =
    first !== undefined && last !== undefined && first > 0 && first <= last && last < 65536;
  return isRange ? { first, last } : LINUX_SOURCE_PORTS;
}

/**
 * Files and sockets this process may have open; undefined if the system does not say. Node.js raises
 * the soft limit (`ulimit -n`) to the hard one by itself.
 */
export function readOpenFilesMax(read: ReadSystemFile = readSystemFile): number | undefined {
  const line = /^Max open files\s+(\S+)/m.exec(read(LIMITS_FILE) ?? '');
  if (line === null) return undefined;
  return line[1] === 'unlimited' ? Infinity : Number(line[1]);
}

/** Threads, the bundler and pipes have some ninety files open; without them Node.js hangs instead of failing. */
const OPEN_FILES_NEEDED = 128;

/**
 * @param openFilesMax undefined if it is not known.
 * @throws GharialError OPEN_FILES_TOO_FEW
 */
export function assertOpenFiles(openFilesMax: number | undefined): void {
  if (openFilesMax === undefined || openFilesMax >= OPEN_FILES_NEEDED) return;
  throw new GharialError(
    'OPEN_FILES_TOO_FEW',
    `this process may open ${openFilesMax} files and sockets; a run needs at least ${OPEN_FILES_NEEDED}, and one more for each connection`,
    { hint: 'raise the limit with ulimit -n; gharial doctor says what this host can hold' },
  );
}

/** Undefined = no limit but the host's memory. */
export function readMemoryLimitBytes(read: ReadSystemFile = readSystemFile): number | undefined {
  for (const path of MEMORY_LIMIT_FILES) {
    const bytes = Number((read(path) ?? '').trim() || Number.NaN);
    if (Number.isSafeInteger(bytes)) return bytes;
  }
  return undefined;
}
