/** The arguments of `gharial demo`. */
import { GharialError } from '../base/errors.ts';
import type { DemoSettings } from '../demo/server.ts';
import { type CommandFlag, valueFlag } from './command-flag.ts';
import { indexAfterGlobalFlags } from './global-flags.ts';

export interface DemoRequest {
  readonly settings: DemoSettings;
  /** Script of `--run`. */
  readonly script: string | undefined;
  /** What is left for `run`. */
  readonly runArgs: readonly string[];
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 7878;
const DEFAULT_TLS_PORT = 7879;
const PORT_MAX = 65_535;

/** The flags of `gharial demo`, for its help. */
export const DEMO_FLAGS: readonly CommandFlag[] = [
  valueFlag('host', 'address', `where to listen (default ${DEFAULT_HOST})`),
  valueFlag(
    'port',
    'int',
    `port for ws:, 0 = a free one (default ${DEFAULT_PORT}; free with --run)`,
  ),
  valueFlag(
    'tls-port',
    'int',
    `port for wss:, 0 = a free one (default ${DEFAULT_TLS_PORT}; free with --run)`,
  ),
  valueFlag(
    'run',
    'script',
    'run this script against the server, then stop; takes the flags of run too',
  ),
];

/** Takes the demo's own flags; others are `run`'s if there is a script to run, else faults. */
export function parseDemoArgs(args: readonly string[]): DemoRequest {
  const own = new Map<string, string>();
  const runArgs: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const [name = '', ...values] = arg.split('=');
    if (!OWN_FLAGS.has(name)) {
      runArgs.push(arg);
      continue;
    }
    const value = name === arg ? args[++index] : values.join('=');
    if (value === undefined) {
      throw new GharialError('FLAG_INVALID', `flag needs an argument: ${name}`);
    }
    own.set(name, value);
  }
  const script = own.get('--run');
  const stray = runArgs[indexAfterGlobalFlags(runArgs)];
  if (script === undefined && stray !== undefined) throw strayArgument(stray);
  return {
    settings: {
      host: own.get('--host') ?? DEFAULT_HOST,
      port: toPort('--port', own, script === undefined ? DEFAULT_PORT : 0),
      tlsPort: toPort('--tls-port', own, script === undefined ? DEFAULT_TLS_PORT : 0),
    },
    script,
    runArgs,
  };
}

const OWN_FLAGS: ReadonlySet<string> = new Set(DEMO_FLAGS.map(({ flag }) => `--${flag}`));

function strayArgument(arg: string): GharialError {
  const message = arg.startsWith('-')
    ? `unknown flag: ${arg.split('=')[0]}`
    : `gharial demo accepts no arguments, received "${arg}"`;
  return new GharialError('FLAG_UNKNOWN', message, {
    hint: 'to run a script against the demo server: gharial demo --run script.js',
  });
}

function toPort(flag: string, own: ReadonlyMap<string, string>, fallback: number): number {
  const text = own.get(flag);
  if (text === undefined) return fallback;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= PORT_MAX) return port;
  throw new GharialError(
    'FLAG_INVALID',
    `invalid argument "${text}" for "${flag}" flag: expected a port number from 0 to ${PORT_MAX}`,
  );
}
