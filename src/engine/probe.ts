/**
 * What a script tells about itself when its init code has run once: its options and its exports. A run
 * begins with it; `inspectScript` stops there.
 */
import { GharialError } from '../base/errors.ts';
import type { FromWorker, ProbeResult } from '../bridge/messages.ts';
import type { SecretSources } from '../k6/secret-reader.ts';
import { parseScriptOptions } from '../options/parse.ts';
import type { Layer, Warning } from '../options/values.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import { Crew } from './crew.ts';
import type { LogEntry } from './log-entry.ts';
import { reportedError, stopError } from './stop-reason.ts';

/**
 * The exported options, or those of the archive that the script is from.
 * @throws GharialError OPTION_INVALID, exit code 104.
 */
export function scriptOptionsOf(
  { optionsJson }: ProbeResult,
  archivedOptions: unknown,
): {
  readonly layer: Layer;
  readonly warnings: readonly Warning[];
} {
  if (archivedOptions !== undefined) return parseScriptOptions(archivedOptions);
  return parseScriptOptions(optionsJson === undefined ? undefined : JSON.parse(optionsJson));
}

/**
 * Names of the exported functions.
 * @throws GharialError SCRIPT_EXPORTS if there is nothing to run, or setup or teardown is no function.
 */
export function exportedFunctionsOf(probe: ProbeResult): readonly string[] {
  const functions = Object.keys(probe.exports).filter((name) => probe.exports[name] === 'function');
  if (functions.length === 0) {
    throw new GharialError('SCRIPT_EXPORTS', 'no exported functions in script', {
      hint: 'export the function that a VU runs: export default function () { … }',
    });
  }
  for (const name of ['setup', 'teardown']) {
    if (probe.exports[name] === 'other') {
      throw new GharialError('SCRIPT_EXPORTS', `exported '${name}' must be a function`);
    }
  }
  return functions;
}

export interface InspectRequest {
  readonly bundle: Promise<ScriptBundle>;
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>;
  /** What `k6/secrets` gives. */
  readonly secrets: SecretSources | undefined;
  readonly isVerbose: boolean;
  log(entry: LogEntry): void;
}

/**
 * Runs the init code once in a thread of its own, and nothing else.
 * @throws GharialError if the init code throws (exit code 107) or aborts the test (108).
 */
export async function inspectScript(request: InspectRequest): Promise<ProbeResult> {
  let probe: ProbeResult | undefined;
  let failure: GharialError | undefined;
  let onFailure = (): void => {};
  const failed = new Promise<void>((resolve) => {
    onFailure = resolve;
  });
  const fail = (error: GharialError): void => {
    failure ??= error;
    onFailure();
  };
  const onMessage = (_worker: number, message: FromWorker): void => {
    if (message.kind === 'probed') probe = message.result;
    else if (message.kind === 'log') request.log(message);
    else if (message.kind === 'initFailed') fail(reportedError(message.error));
    else if (message.kind === 'abort') {
      fail(stopError({ kind: 'script', message: message.message }));
    }
  };
  const crew = new Crew(request.isVerbose, {
    onMessage,
    onCrash: (_index, error) => fail(error),
    onLost: () => {},
  });
  try {
    crew.spawn();
    crew.load({ bundle: await request.bundle, env: request.env, secrets: request.secrets });
    const probed = crew.answers([0], ({ kind }) => kind === 'probed');
    crew.send(0, { kind: 'probe' });
    await Promise.race([probed.all, failed]);
    if (failure !== undefined) throw failure;
    if (probe === undefined) throw new Error('the probe gave no result');
    return probe;
  } finally {
    await crew.terminateAll();
  }
}
