/**
 * Host name patterns: exact names and names with `*` in front. Used by the `hosts` mapping and by
 * `blockHostnames`. Matching ignores case; an exact name beats a pattern, a longer pattern a shorter.
 */
import { GharialError } from '../base/errors.ts';
import { parseIp } from './address.ts';

/** Where a mapped host leads; no port = the port asked for. */
export interface HostTarget {
  readonly address: string;
  readonly port: number | undefined;
}

export interface HostTable<T> {
  readonly exact: ReadonlyMap<string, T>;
  /** Suffixes after `*`, longest first. */
  readonly suffixes: readonly (readonly [suffix: string, value: T])[];
}

const NAME = /^[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u;
const PORT = /:(\d{1,5})$/;

/**
 * Checks a pattern of `blockHostnames`: a host name, `*`, or `*` in front of a (rest of a) name.
 * @throws GharialError HOST_PATTERN_INVALID
 */
export function checkHostnamePattern(pattern: string): void {
  if (!isHostnamePattern(pattern)) {
    throw new GharialError('HOST_PATTERN_INVALID', `invalid hostname pattern '${pattern}'`);
  }
}

/**
 * Checks an entry of `hosts`: a name, pattern or IP literal with or without port, mapped to an IP
 * with or without port.
 * @throws GharialError HOST_PATTERN_INVALID
 */
export function checkHostMapping(pattern: string, target: string): void {
  const host = pattern.replace(PORT, '');
  const isLiteral = parseIp(pattern) !== undefined || parseIp(unbracket(host)) !== undefined;
  if (!isLiteral && !isHostnamePattern(host)) {
    throw new GharialError('HOST_PATTERN_INVALID', `invalid host pattern '${pattern}'`);
  }
  if (parseHostTarget(target) === undefined) {
    throw new GharialError(
      'HOST_PATTERN_INVALID',
      `invalid address '${target}' for host '${pattern}'; expected an IP address or IP:port`,
    );
  }
}

/** Parses `ip`, `ip:port`, `ipv6` or `[ipv6]:port`; undefined if it is none of them. */
export function parseHostTarget(text: string): HostTarget | undefined {
  if (parseIp(text) !== undefined) return { address: text, port: undefined };
  const port = PORT.exec(text);
  const address = unbracket(port === null ? text : text.slice(0, port.index));
  if (parseIp(address) === undefined) return undefined;
  if (port === null) return { address, port: undefined };
  const portNumber = Number(port[1]);
  return portNumber <= 65_535 ? { address, port: portNumber } : undefined;
}

/** Prepares patterns for `findHost`. */
export function createHostTable<T>(entries: Iterable<readonly [string, T]>): HostTable<T> {
  const exact = new Map<string, T>();
  const suffixes: [string, T][] = [];
  for (const [pattern, value] of entries) {
    const name = pattern.toLowerCase();
    if (name.startsWith('*')) suffixes.push([name.slice(1), value]);
    else exact.set(name, value);
  }
  suffixes.sort(([a], [b]) => b.length - a.length);
  return { exact, suffixes };
}

/** The pattern that matches `name` best and its value; a pattern never matches its bare suffix. */
export function findHost<T>(
  table: HostTable<T>,
  name: string,
): { readonly pattern: string; readonly value: T } | undefined {
  const wanted = name.toLowerCase();
  const exact = table.exact.get(wanted);
  if (exact !== undefined) return { pattern: wanted, value: exact };
  for (const [suffix, value] of table.suffixes) {
    if (wanted.endsWith(suffix) && wanted.length > suffix.length) {
      return { pattern: `*${suffix}`, value };
    }
  }
  return undefined;
}

function isHostnamePattern(pattern: string): boolean {
  if (pattern.length > 254) return false;
  if (pattern === '*') return true;
  const name = pattern.replace(/^\*\.?/, '').replace(/\.$/, '');
  return name.split('.').every((label) => NAME.test(label));
}

function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
