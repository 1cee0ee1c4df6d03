/**
 * `gharial run`: reads flags, environment and config file, loads the script, runs it, prints what
 * there is to see, and writes the summary.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { type LogEntry, runTest } from '../engine/run.ts';
import type { StopReason } from '../engine/stop-reason.ts';
import { resolveSettings } from '../options/consolidate.ts';
import { parseFlags, requireScriptArgument } from '../options/flags.ts';
import { parseConfigFile, parseEnvironment } from '../options/parse.ts';
import { parseEnvPair } from '../options/special-kinds.ts';
import { OPTION_ROWS } from '../options/table.ts';
import type { Layer, LayerValues, RunSettings } from '../options/values.ts';
import { createLogSink, type LogSink } from '../output/log-sink.ts';
import { loadScript } from '../script/load.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import type { CommandContext } from './context.ts';
import { createOutputs } from './outputs.ts';
import { handleSummaryData, writeSummary } from './run-summary.ts';
import { RunView } from './run-view.ts';

/** What a k6 user's script and server see by default, with our name. */
const USER_AGENT = `gharial/${VERSION} (k6 compatible)`;

interface Invocation {
  readonly script: string;
  readonly lowerLayers: readonly Layer[];
  readonly upperLayers: readonly Layer[];
  readonly settings: RunSettings;
}

export async function runCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const invocation = readInvocation(args, context);
  const { settings } = invocation;
  const log = createLogSink({ ...context.log, consoleOutput: settings.consoleOutput });
  try {
    return await run(invocation, context, log);
  } finally {
    log.close();
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
  const { settings } = resolveSettings([...lowerLayers, ...upperLayers], {
    includesSystemEnvVars: true,
  });
  return { script, lowerLayers, upperLayers, settings };
}

/** The config file, if it was named or the one in the default place exists. */
function readConfigFile(named: string | undefined, context: CommandContext): Layer | undefined {
  const home = context.env['XDG_CONFIG_HOME'] ?? join(context.env['HOME'] ?? homedir(), '.config');
  const path = named === undefined ? join(home, 'k6', 'config.json') : resolve(context.cwd, named);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined) return undefined;
    throw new GharialError(
      'CONFIG_FILE',
      `failed to load the configuration file from the local file system: stat ${path}: no such file or directory`,
      { exitCode: ExitCode.invalidConfig, cause: error },
    );
  }
  return parseConfigFile(text, path);
}

/** `__ENV`: the process's environment unless it is left out, then `-e`. */
function scriptEnv(settings: RunSettings, context: CommandContext): Record<string, string> {
  const env: Record<string, string> = {};
  if (settings.includeSystemEnvVars) {
    for (const [name, value] of Object.entries(context.env)) {
      if (value !== undefined) env[name] = value;
    }
  }
  for (const pair of settings.env) {
    const [name, value] = parseEnvPair(pair);
    env[name] = value;
  }
  return env;
}

async function load(script: string, settings: RunSettings, cwd: string): Promise<ScriptBundle> {
  const source = script === '-' ? { source: readFileSync(0, 'utf8') } : {};
  return loadScript({ entry: script, cwd, suspension: settings.suspend, ...source });
}

async function run(
  invocation: Invocation,
  context: CommandContext,
  log: LogSink,
): Promise<ExitCode> {
  const { settings, script, lowerLayers, upperLayers } = invocation;
  const loading = load(script, settings, context.cwd);
  const view = new RunView(context, settings);
  const writeLog = ({ isInit, ...record }: LogEntry): void => {
    view.interrupted(() => log.log(record, isInit));
  };
  const warn = (message: string): void => {
    writeLog({ timeMs: nowMs(), level: 'warning', message, fields: {}, isInit: false });
  };
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
  try {
    const result = await runTest({
      bundle: loading,
      lowerLayers,
      upperLayers,
      settings,
      env: scriptEnv(settings, context),
      defaultUserAgent: USER_AGENT,
      workerCountMax: settings.workers === 0 ? availableParallelism() : settings.workers,
      stop: stop.signal,
      log: writeLog,
      onPlan: async (options, plan) => {
        for (const message of (await loading).warnings) warn(message);
        const outputs = createOutputs(settings.out, context, warn);
        view.begin({ script, options, plan, outputs });
        return outputs;
      },
      onStatus: (read) => view.follow(read),
      summaryData:
        settings.summaryMode === 'disabled'
          ? undefined
          : async (report) => handleSummaryData(report, settings, await loading, context),
    });
    view.stop();
    writeSummary(result, settings, await loading, context, writeLog);
    view.end();
    if (result.error === undefined) return ExitCode.ok;
    throw result.error;
  } finally {
    view.stop();
    unsubscribe();
  }
}
