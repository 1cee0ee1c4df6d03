/**
 * `run()`: load tests from programs. It prints nothing, ends nothing, listens to no signal and reads no
 * environment but what it is given.
 */
import { resolve } from 'node:path';
import type { Options } from 'k6/options';
import { GharialError } from '../base/errors.ts';
import type { RunStatus } from '../engine/run-contract.ts';
import type { StopReason } from '../engine/stop-reason.ts';
import { resolveSettings } from '../options/consolidate.ts';
import { parseCallerOptions } from '../options/parse.ts';
import type { Layer } from '../options/values.ts';
import type { LogRecord } from '../output/log-format.ts';
import type { Output, TextWriter } from '../output/output.ts';
import { guardOutput } from '../output/package-output.ts';
import { launch } from './launch.ts';
import { RunResult, type Snapshot } from './run-state.ts';
import { SnapshotFeed } from './snapshot-feed.ts';
import type { TestName } from './test-input.ts';

/** A script that is in memory. */
export interface InlineScript {
  readonly source: string;
  /** Path it would have: what its imports are relative to, and whether it is TypeScript. Default `inline.js`. */
  readonly filename?: string;
}

export interface RunSettings {
  /** As scripts export them, and above what the script exports. */
  readonly options?: Options;
  /**
   * `__ENV` of the script; outputs and proxies read their variables from it too (`K6_INFLUXDB_TOKEN`,
   * `HTTPS_PROXY`). Default empty: `env: process.env` hands on the process's own.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Objects, or what `--out` takes: `json=results.json`. */
  readonly outputs?: readonly (Output | string)[];
  /** Gets the script's console (`fields.source` is `console`) and gharial's own log. Default: nobody does. */
  readonly log?: (record: LogRecord) => void;
  /** Debug records too. */
  readonly verbose?: boolean;
  /** For outputs that print (`json` without a file). Default: they fail, since nothing is printed unasked. */
  readonly stdout?: TextWriter;
  /** What `k6/secrets` gives. Values that the script reads are hidden in the log. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Stops the run when it is aborted, as `stop()` does. */
  readonly signal?: AbortSignal;
  /** Threads; default one per core, fewer for small tests. */
  readonly workers?: number;
  /** Folder that relative paths start from; default the process's. */
  readonly cwd?: string;
}

const SETTINGS: ReadonlySet<string> = new Set<keyof RunSettings>([
  ...(['options', 'env', 'outputs', 'log', 'verbose', 'stdout', 'secrets', 'signal'] as const),
  ...(['workers', 'cwd'] as const),
]);

/**
 * Starts a load test, at once.
 *
 * @param script a path, a `file:` URL, the path of an archive, or a script in memory.
 * @returns a run to await for its result, or to iterate over for snapshots. Runs do not know of each
 *   other: several may go on at a time.
 */
export function run(script: string | URL | InlineScript, settings: RunSettings = {}): Run {
  return new Run(script, settings);
}

/**
 * A run that goes on.
 *
 * `await` it for the result. It rejects with a `GharialError` if there was nothing to run: a script that does
 * not load, options that are wrong, an output that cannot start, a stop before VUs were made. What goes wrong
 * later, crossed thresholds and exceptions of setup() among it, is the `error` of the result.
 *
 * Iterate over it for snapshots, about one a second and a last one of the end. Slow iteration never holds up
 * the run: ticks are skipped, and the latest state is given. Leaving the loop does not stop the run. If the
 * run rejects, so does the iteration.
 */
export class Run implements PromiseLike<RunResult>, AsyncIterable<Snapshot> {
  /** What `await` of the run gives. */
  readonly result: Promise<RunResult>;
  readonly #stop = new AbortController();
  readonly #feed = new SnapshotFeed();

  constructor(script: string | URL | InlineScript, settings: RunSettings) {
    this.result = this.#run(script, settings);
  }

  // biome-ignore lint/suspicious/noThenProperty: a run is to be awaited
  then<Fulfilled = RunResult, Rejected = never>(
    onFulfilled?: ((result: RunResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.result.then(onFulfilled, onRejected);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Snapshot, void, void> {
    // Who iterates hears of a failure there.
    this.result.catch(() => {});
    return this.#feed.iterate();
  }

  /**
   * Interrupts all iterations at once; teardown() still runs. The result then has the error RUN_STOPPED, if
   * the run was not over yet. Further calls change nothing.
   */
  stop(): Promise<RunResult> {
    this.#stopBecause(undefined);
    return this.result;
  }

  #stopBecause(cause: unknown): void {
    const reason: StopReason = { kind: 'caller', cause };
    this.#stop.abort(reason);
  }

  async #run(script: string | URL | InlineScript, settings: RunSettings): Promise<RunResult> {
    const { signal } = settings;
    const onAbort = (): void => this.#stopBecause(signal?.reason);
    try {
      assertSettings(settings);
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const result = await this.#launch(testNameOf(script), settings);
      this.#feed.end();
      return result;
    } catch (error) {
      this.#feed.end(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #launch(test: TestName, settings: RunSettings): Promise<RunResult> {
    const { env = {}, outputs = [], secrets, log, stdout = NO_STDOUT, cwd = '.' } = settings;
    const upperLayers = [parseCallerOptions(settings.options)];
    const own: Layer = {
      origin: 'caller',
      values: {
        verbose: settings.verbose ?? false,
        workers: settings.workers ?? 0,
      },
    };
    const { result } = await launch({
      test,
      lowerLayers: [],
      upperLayers,
      settings: resolveSettings([own], { includesSystemEnvVars: true }).settings,
      surroundings: { cwd: resolve(cwd), env },
      stdout,
      out: outputs.filter((output) => typeof output === 'string'),
      outputs: ({ warn }) => [
        ...outputs
          .filter((output) => typeof output !== 'string')
          .map((output) => guardOutput(output.description, output, warn)),
        this.#feed,
      ],
      ...(secrets === undefined ? {} : { secrets }),
      stop: this.#stop.signal,
      terminal: { isStdOutTTY: false, isStdErrTTY: false, noColor: true },
      log: ({ isInit: _, ...record }) => {
        if (record.level !== 'debug' || settings.verbose === true) log?.(record);
      },
      onStatus: (read: () => RunStatus) => this.#feed.follow(read),
    });
    if (result.report !== undefined) return new RunResult(result.report, result);
    throw result.error ?? new Error('the run has neither a report nor an error');
  }
}

/** Outputs log what their stdout throws, and count what they could not write. */
const NO_STDOUT: TextWriter = {
  write() {
    throw new GharialError('OUTPUT_FAILED', 'run() prints nothing unless it is given a stdout', {
      hint: 'name a file (json=results.json), or pass { stdout: process.stdout }',
    });
  },
};

function testNameOf(script: string | URL | InlineScript): TestName {
  if (typeof script === 'string') return { script };
  if (script instanceof URL) return { script: script.href };
  if (typeof script?.source !== 'string') {
    throw new GharialError(
      'RUN_SCRIPT_INVALID',
      `run(): got ${script === null ? 'null' : typeof script} as script; expected a path, a URL or { source, filename }`,
    );
  }
  return { script: script.filename ?? 'inline.js', source: script.source };
}

/** @throws GharialError RUN_SETTING_UNKNOWN */
function assertSettings(settings: RunSettings): void {
  const unknown = Object.keys(settings).find((name) => !SETTINGS.has(name));
  if (unknown === undefined) return;
  const known = [...SETTINGS].join(', ');
  throw new GharialError(
    'RUN_SETTING_UNKNOWN',
    `run(): got the setting "${unknown}"; expected some of ${known}`,
    { hint: 'what scripts export as options belongs into the setting "options"' },
  );
}
