/**
 * The one way to start a run, for the command line and for programs: opens the test, makes the outputs,
 * hides secrets, and hands all of it to the engine.
 *
 * Like the engine it prints nothing and exits nothing.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { GharialError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { LogEntry } from '../engine/log-entry.ts';
import type { RunControl } from '../engine/rest-api.ts';
import { runTest } from '../engine/run.ts';
import type { RestApiRequest, RunResult, RunStatus } from '../engine/run-contract.ts';
import type { SecretSources } from '../k6/secret-reader.ts';
import { parseSecretSources } from '../k6/secret-source.ts';
import { readProxies } from '../options/proxies.ts';
import type { Layer, Options, RunSettings } from '../options/values.ts';
import type { Output, TextWriter } from '../output/output.ts';
import { Redactor } from '../output/redactor.ts';
import type { LegacyFacts } from '../output/summary-handle.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import { failedDialsWarning } from './failed-dials.ts';
import { readSourcePorts } from './host-limits.ts';
import { createOutputs } from './outputs.ts';
import { handleSummaryData } from './summary-model.ts';
import { openTest, type Surroundings, type TestName } from './test-input.ts';

/** What a k6 user's script and server see by default, with our name. */
const USER_AGENT = `gharial/${VERSION} (k6 compatible)`;

export interface LaunchRequest {
  readonly test: TestName;
  /** Below and above the options that the script exports. */
  readonly lowerLayers: readonly Layer[];
  readonly upperLayers: readonly Layer[];
  readonly settings: RunSettings;
  /** Settings of proxies and outputs are read from its variables. */
  readonly surroundings: Surroundings;
  /** Where outputs print to that print. */
  readonly stdout: TextWriter;
  /** What `--out` takes. */
  readonly out: readonly string[];
  /** Makes outputs beside those. */
  outputs?(making: OutputMaking): readonly Output[] | Promise<readonly Output[]>;
  /** The source of secrets, in place of those of `settings.secretSource`. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly restApi?: RestApiRequest | undefined;
  /** Aborted with a `StopReason`. */
  readonly stop: AbortSignal;
  /** What handleSummary is told of the terminal. */
  readonly terminal: LegacyFacts;
  /** Secrets are hidden already. */
  log(entry: LogEntry): void;
  /** The options are settled and the outputs are made; nothing has started. */
  onBegin?(facts: LaunchFacts): void;
  /** Gets a reader of the run's state, once, at the very start. */
  onStatus?(read: () => RunStatus): void;
  /** Gets what steers the run from the live page, once, before outputs start. */
  onControl?(control: RunControl): void;
  onLinger?(): void;
}

export interface OutputMaking {
  readonly options: Options;
  readonly plan: InstancePlan;
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>;
  /** Hides what `k6/secrets` gave the script. */
  readonly redactor: Redactor;
  readonly warn: (message: string) => void;
}

export interface LaunchFacts {
  readonly options: Options;
  readonly plan: InstancePlan;
  /** Those of `out`. */
  readonly outputs: readonly Output[];
}

export interface Launched {
  readonly result: RunResult;
  /** Undefined if it was stopped before the script was loaded. */
  readonly bundle: ScriptBundle | undefined;
}

/**
 * Runs the test.
 * @throws GharialError for what is wrong before a run can be made of it; later errors are in the result.
 */
export async function launch(request: LaunchRequest): Promise<Launched> {
  const redactor = new Redactor();
  try {
    const launched = await launchOpenly(request, redactor);
    const { error } = launched.result;
    if (error === undefined) return launched;
    return { ...launched, result: { ...launched.result, error: redactor.cleanError(error) } };
  } catch (error) {
    throw error instanceof GharialError ? redactor.cleanError(error) : error;
  }
}

async function launchOpenly(request: LaunchRequest, redactor: Redactor): Promise<Launched> {
  const { settings, surroundings, stdout, terminal } = request;
  const secrets = secretSourcesOf(request);
  const {
    bundle: loading,
    archivedOptions,
    env,
    activity,
  } = openTest(request.test, settings, surroundings);
  // A run that is stopped earlier does not wait for it, nor care how it ends.
  loading.catch(() => {});
  let bundle: ScriptBundle | undefined;
  const log = (entry: LogEntry): void => request.log(redactor.cleanEntry(entry));
  const warn = (message: string): void => {
    log({ timeMs: nowMs(), level: 'warning', message, fields: {}, isInit: false });
  };
  const result = await runTest({
    bundle: loading,
    loadingActivity: activity,
    lowerLayers: request.lowerLayers,
    upperLayers: request.upperLayers,
    settings,
    archivedOptions,
    env,
    secrets: { sources: secrets, onRead: (value) => redactor.hide(value) },
    defaultUserAgent: USER_AGENT,
    network: { proxies: readProxies(surroundings.env), sourcePorts: readSourcePorts() },
    workerCountMax: availableParallelism(),
    stop: request.stop,
    restApi: request.restApi,
    onLinger: () => request.onLinger?.(),
    log,
    onPlan: async (options, plan) => {
      bundle = await loading;
      for (const message of bundle.warnings) warn(message);
      const facts = { systemTags: options.systemTags, features: settings.features };
      const outputs = await createOutputs(request.out, { ...surroundings, stdout }, facts, warn);
      const others = await request.outputs?.({ options, plan, env, redactor, warn });
      request.onBegin?.({ options, plan, outputs });
      return [...outputs, ...(others ?? [])];
    },
    onControl: (control) => request.onControl?.(control),
    onStatus: (read) => request.onStatus?.(read),
    summaryData:
      settings.summaryMode === 'disabled'
        ? undefined
        : async (report) => handleSummaryData(report, settings, await loading, terminal),
  });
  const { report } = result;
  const warning = report && failedDialsWarning(report.aggregate, report.thresholds);
  if (warning !== undefined) warn(warning);
  return { result, bundle };
}

function secretSourcesOf({ settings, surroundings, secrets }: LaunchRequest): SecretSources {
  if (secrets !== undefined) {
    const name = 'default';
    return { sources: [{ name, values: secrets }], defaultName: name };
  }
  return parseSecretSources(settings.secretSource, (path) =>
    readFileSync(resolve(surroundings.cwd, path), 'utf8'),
  );
}
