/**
 * Which `k6` modules a script may import: the one list that bundling, `require()` and the virtual user
 * go by. A name that is in neither table is unknown and refused with k6's own words.
 */
import { ExitCode, GharialError } from '../base/errors.ts';

/** Modules that exist; the virtual user binds each of them to its own host. */
export const K6_MODULES = [
  'k6',
  'k6/crypto',
  'k6/data',
  'k6/encoding',
  'k6/execution',
  'k6/experimental/csv',
  'k6/experimental/fs',
  'k6/experimental/streams',
  'k6/experimental/timers',
  'k6/experimental/webcrypto',
  'k6/experimental/websockets',
  'k6/html',
  'k6/http',
  'k6/metrics',
  'k6/secrets',
  'k6/timers',
  'k6/websockets',
  'k6/ws',
] as const;
export type K6Module = (typeof K6_MODULES)[number];

/** Modules that k6 has or had and that are refused here, with what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  'k6/browser': 'browser tests need k6 itself; drive the WebSocket directly with k6/websockets',
  'k6/experimental/browser':
    'browser tests need k6 itself; drive the WebSocket directly with k6/websockets',
  'k6/net/grpc': 'gRPC is not supported; use k6/websockets or k6/http',
  'k6/experimental/grpc': 'gRPC is not supported; use k6/websockets or k6/http',
  'k6/experimental/redis':
    'k6 removed it and Redis is not supported; load shared data with SharedArray from k6/data',
  'k6/experimental/tracing':
    'k6 removed it; set the trace headers yourself in the headers of the request or handshake',
  'k6/crypto/x509': 'certificates cannot be parsed here; use k6/crypto for hashes and HMAC',
  'k6/options': 'it holds types only; write "import type { Options } from \'k6/options\'"',
};
const EXTENSION_ADVICE =
  'k6 extensions are Go code and cannot run here; import an npm package that does the same';

/** True for every specifier that belongs to k6's name space, known or not. */
export function isK6Specifier(specifier: string): boolean {
  return specifier === 'k6' || specifier.startsWith('k6/');
}

export function isK6Module(specifier: string): specifier is K6Module {
  return (K6_MODULES as readonly string[]).includes(specifier);
}

/** What to use instead of a module that is refused, or undefined if there is no such advice. */
export function adviceFor(specifier: string): string | undefined {
  if (specifier.startsWith('k6/x/')) return EXTENSION_ADVICE;
  return Object.hasOwn(REFUSED, specifier) ? REFUSED[specifier] : undefined;
}

/** The message for k6 modules that nobody knows, in k6's words. */
export function unknownModulesMessage(specifiers: readonly string[]): string {
  const list = specifiers.map((specifier) => JSON.stringify(specifier)).join(', ');
  return (
    `unknown modules [${list}] were tried to be loaded, but couldn't - this likely means automatic ` +
    'extension resolution is required or a custom k6 binary with the required extensions'
  );
}

/** The message for a k6 module that is known but not available here. */
export function refusedModuleMessage(specifier: string, advice: string): string {
  return `the module ${JSON.stringify(specifier)} is not available: ${advice}`;
}

/**
 * Checks one specifier of k6's name space.
 *
 * Errors: `SCRIPT_MODULE_UNKNOWN` (exit 107) for names that do not exist or are not supported.
 */
export function assertK6Module(specifier: string): asserts specifier is K6Module {
  if (isK6Module(specifier)) return;
  const advice = adviceFor(specifier);
  const message =
    advice === undefined
      ? unknownModulesMessage([specifier])
      : refusedModuleMessage(specifier, advice);
  throw new GharialError('SCRIPT_MODULE_UNKNOWN', message, { exitCode: ExitCode.scriptException });
}
