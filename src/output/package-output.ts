/**
 * Outputs of other people: npm packages and local files, by the name that `--out` is given.
 *
 * Their code runs in the main thread. Whatever it throws while the run goes on is logged, and ends the
 * output, not the run. The contract for their authors is docs/writing-outputs.md.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { reasonOf } from '../base/system-error.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type {
  Output,
  OutputLosses,
  RunInfo,
  RunResult,
  SampleBatch,
  TextWriter,
} from './output.ts';
import { type Environment, outputFault } from './output-settings.ts';

/** What a package's function is given besides its argument. */
export interface OutputContext {
  /** What stands behind `=` in `--out package=argument`, or ''. */
  readonly argument: string;
  readonly env: Environment;
  /** Folder that relative paths are relative to. */
  readonly cwd: string;
  readonly systemTags: readonly string[];
  readonly stdout: TextWriter;
  /** For runtime failures: a warning in the log. */
  readonly warn: (message: string) => void;
}

/** What a package exports as its default, or as `createOutput`. */
export type CreateOutput = (context: OutputContext) => Output | Promise<Output>;

/** For a `stop` that never settles. */
const STOP_TIMEOUT_MS = 30_000;

/**
 * Loads and makes the output, or resolves to undefined if there is no such package or file.
 *
 * @param name of a package that is installed where the test is run, or a path that begins with `.` or `/`.
 * @throws GharialError OUTPUT_FAILED if it is there and cannot be used.
 */
export async function createPackageOutput(
  name: string,
  context: OutputContext,
  stopTimeoutMs = STOP_TIMEOUT_MS,
): Promise<Output | undefined> {
  const path = locate(name, context.cwd);
  if (path === undefined) return undefined;
  let output: Output;
  try {
    const module: unknown = await import(pathToFileURL(path).href);
    output = await findFactory(module)(context);
  } catch (error) {
    throw outputFault(name, reasonOf(error), error);
  }
  return guardOutput(name, output, context.warn, stopTimeoutMs);
}

/**
 * The same output for a run that is not to fail by it: whatever it throws after `start` is a warning.
 * @throws GharialError OUTPUT_FAILED if it is no output.
 */
export function guardOutput(
  name: string,
  output: Output,
  warn: (message: string) => void,
  stopTimeoutMs = STOP_TIMEOUT_MS,
): Output {
  try {
    assertOutput(output);
  } catch (error) {
    throw outputFault(name, reasonOf(error), error);
  }
  return new GuardedOutput(name, output, warn, stopTimeoutMs);
}

function locate(name: string, cwd: string): string | undefined {
  if (name === '') return undefined;
  const isPath = /^\.{0,2}\//.test(name);
  try {
    return createRequire(join(cwd, 'outputs')).resolve(isPath ? resolve(cwd, name) : name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') {
      return undefined;
    }
    throw outputFault(name, reasonOf(error), error);
  }
}

function findFactory(module: unknown): CreateOutput {
  const { createOutput, default: byDefault } = module as Record<string, unknown>; // a namespace
  const factory = createOutput ?? byDefault;
  if (typeof factory === 'function') return factory as CreateOutput; // its result is checked
  throw new TypeError('it exports no function as its default or as createOutput');
}

function assertOutput(output: unknown): asserts output is Output {
  const members = new Map(
    ['description', 'needs', 'start', 'stop'].map((name) => [name, memberOf(output, name)]),
  );
  const isOutput =
    typeof members.get('description') === 'string' &&
    ['aggregate', 'samples'].includes(String(members.get('needs'))) &&
    typeof members.get('start') === 'function' &&
    typeof members.get('stop') === 'function';
  if (isOutput) return;
  throw new TypeError(
    "what it made is no output: expected description, needs ('aggregate' or 'samples'), start() and stop()",
  );
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Keeps the faults of an output from the run. */
class GuardedOutput implements Output {
  readonly needs: Output['needs'];
  readonly description: string;
  readonly #name: string;
  readonly #output: Output;
  readonly #warn: (message: string) => void;
  readonly #stopTimeoutMs: number;
  /** Why it was given up. */
  #breakage: string | undefined;
  /** Those it threw at, and those that came after that. */
  #samplesLost = 0;

  constructor(
    name: string,
    output: Output,
    warn: (message: string) => void,
    stopTimeoutMs: number,
  ) {
    this.#name = name;
    this.#output = output;
    this.#warn = warn;
    this.#stopTimeoutMs = stopTimeoutMs;
    this.needs = output.needs;
    this.description = output.description;
  }

  /** Errors: OUTPUT_FAILED for whatever it throws; a run does not begin without an output. */
  async start(info: RunInfo): Promise<void> {
    try {
      await this.#output.start(info);
    } catch (error) {
      throw outputFault(this.#name, reasonOf(error), error);
    }
  }

  onSamples(batch: SampleBatch): void {
    this.#guard(() => this.#output.onSamples?.(batch));
    if (this.#breakage !== undefined) this.#samplesLost += batch.values.length;
  }

  onTick(aggregate: Aggregate): void {
    this.#guard(() => this.#output.onTick?.(aggregate));
  }

  async stop(result: RunResult): Promise<void> {
    if (this.#breakage !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.#stopTimeoutMs);
    });
    try {
      const outcome = await Promise.race([this.#output.stop(result), late]);
      if (outcome === 'late') this.#tell(`it did not stop within ${this.#stopTimeoutMs} ms`);
    } catch (error) {
      this.#tell(reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  get losses(): OutputLosses | undefined {
    const known = this.#readLosses();
    if (this.#breakage === undefined) return known;
    const { batchesLost = 0, batches = 0, samplesLost = 0 } = known ?? {};
    return {
      batchesLost,
      batches,
      samplesLost: samplesLost + this.#samplesLost,
      reason: this.#breakage,
    };
  }

  /** What others report is checked as far as it is shown. */
  #readLosses(): OutputLosses | undefined {
    try {
      const { losses } = this.#output;
      if (losses === undefined || losses === null) return undefined;
      const { batchesLost, batches, samplesLost, reason } = losses;
      return {
        batchesLost: Number(batchesLost ?? 0),
        batches: Number(batches ?? 0),
        samplesLost: Number(samplesLost ?? 0),
        reason: String(reason ?? ''),
      };
    } catch (error) {
      this.#tell(reasonOf(error));
      return undefined;
    }
  }

  #guard(call: () => void): void {
    if (this.#breakage !== undefined) return;
    try {
      call();
    } catch (error) {
      this.#tell(reasonOf(error));
    }
  }

  #tell(reason: string): void {
    this.#breakage ??= reason;
    this.#warn(`the ${this.#name} output stopped: ${reason}`);
  }
}
