/**
 * `gharial run`: reads flags, environment and config file, loads the script, runs it, prints what
 * there is to see, and writes the summary.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import type { LogEntry } from '../engine/log-entry.ts';
import { runTest } from '../engine/run.ts';
import type { RestApiRequest } from '../engine/run-contract.ts';
import type { StopReason } from '../engine/stop-reason.ts';
import { parseSecretSources } from '../k6/secret-source.ts';
import { resolveSettings } from '../options/consolidate.ts';
import { parseFlags, requireScriptArgument } from '../options/flags.ts';
import { parseEnvironment } from '../options/parse.ts';
import { readProxies } from '../options/proxies.ts';
import { OPTION_ROWS } from '../options/table.ts';
import type { Layer, LayerValues, RunSettings, Warning } from '../options/values.ts';
import { createLogSink, type LogSink } from '../output/log-sink.ts';
import { Redactor } from '../output/redactor.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import type { CommandContext } from './context.ts';
import { isDashboardSpec, pageStatusOf, startDashboard } from './dashboard.ts';
import { readSourcePorts } from './host-limits.ts';
import { createOutputs } from './outputs.ts';
import { handleSummaryData, writeSummary } from './run-summary.ts';
import { RunView } from './run-view.ts';
import { openTest, readConfigFile } from './script-input.ts';

/** What a k6 user's script and server see by default, with our name. */
const USER_AGENT = `gharial/${VERSION} (k6 compatible)`;

const LINGER_TEXT =
  'The test is done, but --linger was enabled, so gharial is waiting for Ctrl+C to continue...\n';

interface Invocation {
  /** Of the command line. */
  readonly args: readonly string[];
  readonly script: string;
  readonly lowerLayers: readonly Layer[];
  readonly upperLayers: readonly Layer[];
  readonly settings: RunSettings;
  /** Settings that have no effect here. */
  readonly warnings: readonly Warning[];
  readonly restApi: RestApiRequest | undefined;
}

export async function runCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const invocation = readInvocation(args, context);
  const { settings } = invocation;
  const redactor = new Redactor();
  const { consoleOutput } = settings;
  const log = createLogSink({ ...context.log, consoleOutput, redact: redactor.redact });
  try {
    return await run(invocation, context, log, redactor);
  } catch (error) {
    throw withoutSecrets(error, redactor);
  } finally {
    log.close();
  }
}

/** What ends the command is logged by others, who know no secrets. */
function withoutSecrets(error: unknown, { redact }: Redactor): unknown {
  if (!(error instanceof GharialError)) return error;
  const { code, message, exitCode, hint, cause } = error;
  const clean = redact(message);
  if (clean === message) return error;
  return new GharialError(code, clean, {
    exitCode,
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

function readInvocation(args: readonly string[], context: CommandContext): Invocation {
  const rows = OPTION_ROWS.filter(({ flag }) => flag !== undefined);
  const { values, positionals } = parseFlags<LayerValues>(args, rows, {});
  const script = requireScriptArgument(positionals);
  const cli: Layer = { origin: 'cli', values };
  const environment = parseEnvironment(context.env);
  const file = readConfigFile(values.config ?? environment.values.config, context);
  const lowerLayers = file === undefined ? [] : [file];
  const upperLayers = [environment, cli];
  const { settings, warnings } = resolveSettings([...lowerLayers, ...upperLayers], {
    includesSystemEnvVars: true,
  });
  const { address } = settings;
  const restApi =
    address === '' ? undefined : { address, isRequired: values.address !== undefined };
  return { args, script, lowerLayers, upperLayers, settings, warnings, restApi };
}

async function run(
  invocation: Invocation,
  context: CommandContext,
  log: LogSink,
  redactor: Redactor,
): Promise<ExitCode> {
  const { settings, script, lowerLayers, upperLayers, restApi } = invocation;
  const secrets = parseSecretSources(settings.secretSource, (path) =>
    readFileSync(resolve(context.cwd, path), 'utf8'),
  );
  const { bundle: loading, archivedOptions, env } = openTest(script, settings, context);
  // A run that is stopped earlier does not wait for it, nor care how it ends.
  loading.catch(() => {});
  const view = new RunView(context, settings);
  const writeLog = ({ isInit, ...record }: LogEntry): void => {
    view.interrupted(() => log.log(record, isInit));
  };
  const warn = (message: string): void => {
    writeLog({ timeMs: nowMs(), level: 'warning', message, fields: {}, isInit: false });
  };
  for (const { message } of invocation.warnings) warn(message);
  const stop = new AbortController();
  const unsubscribe = context.onStopSignal((signal) => {
    if (stop.signal.aborted) {
      log.log({
        timeMs: nowMs(),
        level: 'error',
        message: 'Aborting gharial in response to signal',
        fields: { sig: signal === 'SIGINT' ? 'interrupt' : 'terminated' },
      });
      context.exitNow(ExitCode.signal);
    }
    const reason: StopReason = {
      kind: 'signal',
      signal: signal === 'SIGINT' ? 'interrupt' : 'terminated',
    };
    stop.abort(reason);
  });
  let dashboard: Dashboard | undefined;
  let instance: InstancePlan | undefined;
  try {
    const result = await runTest({
      bundle: loading,
      lowerLayers,
      upperLayers,
      settings,
      archivedOptions,
      env,
      secrets: { sources: secrets, onRead: (value) => redactor.hide(value) },
      defaultUserAgent: USER_AGENT,
      network: { proxies: readProxies(context.env), sourcePorts: readSourcePorts() },
      workerCountMax: availableParallelism(),
      stop: stop.signal,
      restApi,
      onLinger: () => {
        if (!settings.quiet) view.interrupted(() => context.stdout.write(LINGER_TEXT));
      },
      log: writeLog,
      onPlan: async (options, plan) => {
        for (const message of (await loading).warnings) warn(message);
        const facts = { systemTags: options.systemTags, features: settings.features };
        const others = settings.out.filter((spec) => !isDashboardSpec(spec));
        const outputs = await createOutputs(others, context, facts, warn);
        dashboard = await startDashboard({
          ...invocation,
          options,
          plan,
          env,
          context,
          redactor,
          warn,
        });
        instance = plan;
        view.begin({ script, options, plan, outputs, dashboardUrl: dashboard?.url });
        return dashboard === undefined ? outputs : [...outputs, dashboard];
      },
      onControl: (control) => dashboard?.attach(control),
      onStatus: (read) => {
        view.follow(read);
        if (instance === undefined) return;
        const planned = instance;
        dashboard?.follow(() => pageStatusOf(read(), planned));
      },
      summaryData:
        settings.summaryMode === 'disabled'
          ? undefined
          : async (report) => handleSummaryData(report, settings, await loading, context),
    });
    view.stop();
    if (result.report !== undefined) {
      writeSummary(result.report, result.summaryFiles, settings, await loading, context, writeLog);
    }
    view.end();
    if (result.error === undefined) return ExitCode.ok;
    throw result.error;
  } finally {
    view.stop();
    unsubscribe();
  }
}
