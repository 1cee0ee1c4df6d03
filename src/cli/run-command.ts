/**
 * `gharial run`: reads flags, environment and config file, runs the test, prints what there is to see,
 * and writes the summary.
 */
import { nowMs } from '../base/clock.ts';
import { ExitCode } from '../base/errors.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import { isDashboardSpec } from '../dashboard/settings.ts';
import type { LogEntry } from '../engine/log-entry.ts';
import type { RestApiRequest, RunStatus } from '../engine/run-contract.ts';
import type { StopReason } from '../engine/stop-reason.ts';
import { launch } from '../library/launch.ts';
import { resolveSettings } from '../options/consolidate.ts';
import { parseFlags, requireScriptArgument } from '../options/flags.ts';
import { parseEnvironment } from '../options/parse.ts';
import { OPTION_ROWS } from '../options/table.ts';
import type { Layer, LayerValues, RunSettings, Warning } from '../options/values.ts';
import { createLogSink, type LogSink } from '../output/log-sink.ts';
import { readConfigFile } from './config-file.ts';
import type { CommandContext } from './context.ts';
import { writeSummary } from './run-summary.ts';
import { RunView } from './run-view.ts';

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
  const { consoleOutput } = invocation.settings;
  const log = createLogSink({ ...context.log, consoleOutput });
  try {
    return await run(invocation, context, log);
  } finally {
    await log.close();
  }
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

function isDashboardWanted({ webDashboard, report, out }: RunSettings): boolean {
  return webDashboard || report !== '' || out.some(isDashboardSpec);
}

async function run(
  invocation: Invocation,
  context: CommandContext,
  log: LogSink,
): Promise<ExitCode> {
  const { settings, script, lowerLayers, upperLayers, restApi } = invocation;
  const view = new RunView(context, settings);
  const writeLog = ({ isInit, ...record }: LogEntry): void => {
    view.interrupted(() => log.log(record, isInit));
  };
  for (const { level = 'warning', message, error } of invocation.warnings) {
    const fields = error === undefined ? {} : { error };
    writeLog({ timeMs: nowMs(), level, message, fields, isInit: false });
  }
  const stop = new AbortController();
  const unsubscribe = stopOnSignal(stop, context, writeLog);
  let dashboard: Dashboard | undefined;
  let readStatus: (() => RunStatus) | undefined;
  try {
    const { result, bundle } = await launch({
      test: { script },
      lowerLayers,
      upperLayers,
      settings,
      surroundings: context,
      out: settings.out.filter((spec) => !isDashboardSpec(spec)),
      outputs: async (making) => {
        const read = readStatus;
        if (!isDashboardWanted(settings) || read === undefined) return [view.figures];
        // Its code is loaded only where it is needed, as that of commands.
        const { pageStatusOf, startDashboard } = await import('./dashboard.ts');
        dashboard = await startDashboard({ ...invocation, ...making, context });
        dashboard.follow(() => pageStatusOf(read(), making.plan));
        return [view.figures, dashboard];
      },
      stdout: { write: (text) => view.print(text) },
      restApi,
      stop: stop.signal,
      terminal: {
        isStdOutTTY: context.stdout.isTerminal,
        isStdErrTTY: context.stderr.isTerminal,
        noColor: context.log.isColorless,
      },
      log: writeLog,
      onBegin: (facts) => view.begin({ script, ...facts, dashboardUrl: dashboard?.url }),
      onControl: (control) => dashboard?.attach(control),
      onStatus: (read) => {
        readStatus = read;
        view.follow(read);
      },
      onLinger: () => {
        if (!settings.quiet) view.print(LINGER_TEXT);
      },
    });
    view.stop();
    if (result.report !== undefined && bundle !== undefined) {
      writeSummary(result.report, result.summaryFiles, settings, bundle, context, writeLog);
    }
    view.end();
    if (result.error === undefined) return ExitCode.ok;
    throw result.error;
  } finally {
    view.stop();
    unsubscribe();
  }
}

/** The first signal stops the run, the second one ends the process. */
function stopOnSignal(
  stop: AbortController,
  context: CommandContext,
  log: (entry: LogEntry) => void,
): () => void {
  return context.onStopSignal((signal) => {
    const name = signal === 'SIGINT' ? 'interrupt' : 'terminated';
    if (stop.signal.aborted) {
      const message = 'Aborting gharial in response to signal';
      log({ timeMs: nowMs(), level: 'error', message, fields: { sig: name }, isInit: false });
      context.exitNow(ExitCode.signal);
    }
    const reason: StopReason = { kind: 'signal', signal: name };
    stop.abort(reason);
  });
}
