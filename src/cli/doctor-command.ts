/** `gharial doctor`: how many connections this host can hold, and what to raise for more. */
import { availableParallelism, freemem, networkInterfaces, totalmem } from 'node:os';
import { ExitCode, GharialError } from '../base/errors.ts';
import { readMemoryLimitBytes, readOpenFilesMax, readSourcePorts } from '../library/host-limits.ts';
import { parseLocalIps } from '../options/local-ips.ts';
import type { PortRange } from '../websocket/source-ports.ts';
import { commandArguments } from './command-arguments.ts';
import type { CommandContext } from './context.ts';

/** What bounds the number of connections. */
export interface HostFacts {
  /** Undefined if the system does not say. */
  readonly openFilesMax: number | undefined;
  readonly sourcePorts: PortRange;
  /** Addresses of this host, without loopback. */
  readonly addresses: readonly string[];
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly cores: number;
}

/** Files beside sockets: libraries, pipes, event loops of threads, outputs. */
const OTHER_FILES = 64;
/**
 * What a connection at rest keeps, as measured on Linux with Node.js 20 (docs/benchmarks.md): a VU with one
 * open socket (bench/many-vus.mjs), what TLS adds (bench/engine-loads.mjs memory); and the kernel's objects
 * for a TCP socket with empty buffers (/proc/slabinfo: sock, inode, dentry, file, epoll item).
 */
const VU_AND_SOCKET_BYTES = 12 * 1024;
const TLS_BYTES = 50 * 1024;
const KERNEL_BYTES = 4 * 1024;
const CONNECTION_BYTES = VU_AND_SOCKET_BYTES + KERNEL_BYTES;
/** The main thread and one worker for each core, before the first VU. */
const PROCESS_BYTES = 80 * 1024 * 1024;
const WORKER_BYTES = 20 * 1024 * 1024;
const WIDE_PORTS: PortRange = { first: 1024, last: 65535 };
const MIB = 1024 * 1024;

/** @throws GharialError if `--connections` connections cannot be held, with what to raise. */
export function doctorCommand(args: readonly string[], context: CommandContext): ExitCode {
  const { own, positionals } = commandArguments('doctor', args);
  if (positionals.length > 0) {
    throw new GharialError('FLAG_INVALID', `accepts no args, received ${positionals.length}`);
  }
  const wanted = connectionsOf(own['connections']);
  const localIps = own['local-ips'] ?? '';
  const sources = localIps === '' ? 1 : Number(parseLocalIps(localIps).size);
  const facts = readHostFacts();
  context.stdout.write(describeHost(facts, sources));
  if (wanted === undefined) return ExitCode.ok;
  const lacks = whatLacks(facts, sources, wanted);
  if (lacks.length === 0) {
    context.stdout.write(`\n${format(wanted)} connections to one address fit.\n`);
    return ExitCode.ok;
  }
  throw new GharialError('HOST_LIMITS', `this host cannot hold ${format(wanted)} connections`, {
    hint: lacks.join('; '),
  });
}

function connectionsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const wanted = Number(text);
  if (Number.isSafeInteger(wanted) && wanted > 0) return wanted;
  throw new GharialError(
    'FLAG_INVALID',
    `connections: got ${JSON.stringify(text)}; expected a number above 0`,
  );
}

function readHostFacts(): HostFacts {
  const totalBytes = Math.min(totalmem(), readMemoryLimitBytes() ?? Infinity);
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address);
  return {
    openFilesMax: readOpenFilesMax(),
    sourcePorts: readSourcePorts(),
    addresses,
    freeBytes: Math.min(freemem(), totalBytes),
    totalBytes,
    cores: availableParallelism(),
  };
}

function portsOf({ first, last }: PortRange): number {
  return last - first + 1;
}

function processBytes({ cores }: HostFacts): number {
  return PROCESS_BYTES + cores * WORKER_BYTES;
}

interface Bounds {
  readonly files: number | undefined;
  readonly ports: number;
  readonly memory: number;
  readonly memoryTls: number;
}

function boundsOf(facts: HostFacts, sources: number): Bounds {
  const { openFilesMax, sourcePorts } = facts;
  const freeBytes = Math.max(0, facts.freeBytes - processBytes(facts));
  return {
    files: openFilesMax === undefined ? undefined : Math.max(0, openFilesMax - OTHER_FILES),
    ports: portsOf(sourcePorts) * sources,
    memory: Math.floor(freeBytes / CONNECTION_BYTES),
    memoryTls: Math.floor(freeBytes / (CONNECTION_BYTES + TLS_BYTES)),
  };
}

/** The text of the report. `sources`: addresses that connections leave from. */
export function describeHost(facts: HostFacts, sources: number): string {
  const { openFilesMax, sourcePorts, addresses, freeBytes, totalBytes, cores } = facts;
  const bounds = boundsOf(facts, sources);
  const least = Math.min(bounds.files ?? Infinity, bounds.ports, bounds.memory);
  const files = openFilesMax === undefined ? 'unknown' : format(openFilesMax);
  const rows: readonly (readonly [name: string, value: string, bound: string])[] = [
    ['open files (ulimit -n)', files, bounds.files === undefined ? '' : holds(bounds.files)],
    [
      'source ports',
      `${sourcePorts.first}-${sourcePorts.last}`,
      `${holds(bounds.ports)} to one address and port, from ${sources} source ${sources === 1 ? 'address' : 'addresses'}`,
    ],
    [
      'memory',
      `${mebibytes(freeBytes)} free of ${mebibytes(totalBytes)}`,
      `${holds(bounds.memory)} at rest, ${format(bounds.memoryTls)} with TLS (${memoryBasis(facts)})`,
    ],
    ['source addresses', addresses.length === 0 ? 'loopback only' : addresses.join(', '), ''],
    ['cores', String(cores), ''],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value, bound]) =>
    `${name.padEnd(width)}  ${value}${bound === '' ? '' : `: ${bound}`}`.trimEnd(),
  );
  const advice = whatLacks(facts, sources, 2 * least);
  return [
    ...lines,
    '',
    `Up to ${format(least)} connections to one address and port. For more:`,
    ...advice.map((line) => `  - ${line}`),
    '',
  ].join('\n');
}

/** How the numbers for memory come about. */
function memoryBasis(facts: HostFacts): string {
  const kib = (bytes: number): string => `${bytes / 1024} KiB`;
  return `${mebibytes(processBytes(facts))} for the process, then ${kib(VU_AND_SOCKET_BYTES)} measured for each VU with one socket, ${kib(KERNEL_BYTES)} of the kernel, ${kib(TLS_BYTES)} for TLS; what the script keeps comes on top`;
}

/** What stands in the way of `wanted` connections to one address, and what helps. */
export function whatLacks(facts: HostFacts, sources: number, wanted: number): string[] {
  const bounds = boundsOf(facts, sources);
  const lacks: string[] = [];
  if (bounds.files !== undefined && bounds.files < wanted) {
    lacks.push(
      `open files: ulimit -n ${wanted + OTHER_FILES} (limits.conf, LimitNOFILE= of a service, --ulimit nofile= of a container)`,
    );
  }
  if (bounds.ports < wanted) lacks.push(portAdvice(facts, sources, wanted));
  if (bounds.memory < wanted) {
    lacks.push(
      `memory: about ${mebibytes(processBytes(facts) + wanted * CONNECTION_BYTES)} free, ${mebibytes(processBytes(facts) + wanted * (CONNECTION_BYTES + TLS_BYTES))} with TLS, or several hosts with --execution-segment`,
    );
  }
  return lacks;
}

function portAdvice({ sourcePorts }: HostFacts, sources: number, wanted: number): string {
  const isWide = portsOf(sourcePorts) >= portsOf(WIDE_PORTS);
  const widened = isWide ? sourcePorts : WIDE_PORTS;
  const needed = Math.ceil(wanted / portsOf(widened));
  const steps = [
    ...(isWide ? [] : [`sysctl -w net.ipv4.ip_local_port_range="1024 65535"`]),
    ...(needed > sources ? [`--local-ips with ${needed} addresses of this host`] : []),
  ];
  return `source ports: ${steps.join(' and ')}`;
}

function holds(connections: number): string {
  return connections === Infinity ? 'no limit' : `${format(connections)} connections`;
}

function mebibytes(bytes: number): string {
  return `${format(Math.ceil(bytes / MIB))} MiB`;
}

function format(value: number): string {
  return value === Infinity ? 'unlimited' : value.toLocaleString('en-US');
}
