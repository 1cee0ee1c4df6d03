/** `gharial inspect`: the options of a script as JSON, without running the test. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { ExitCode } from '../base/errors.ts';
import { exportedFunctionsOf, inspectScript, scriptOptionsOf } from '../engine/probe.ts';
import { parseSecretSources } from '../k6/secret-source.ts';
import { openTest } from '../library/test-input.ts';
import { consolidate, resolveSettings } from '../options/consolidate.ts';
import { requireScriptArgument } from '../options/flags.ts';
import { parseEnvironment } from '../options/parse.ts';
import { consolidatedValues, toInspectJson } from '../options/test-options.ts';
import type { Layer, Warning } from '../options/values.ts';
import { createLogSink } from '../output/log-sink.ts';
import { planInstance } from '../schedule/requirements.ts';
import { commandArguments } from './command-arguments.ts';
import { readConfigFile } from './config-file.ts';
import type { CommandContext } from './context.ts';

/**
 * Prints what the script exports as options; with `--execution-requirements` the options a run would
 * have, config file and environment included, and what it would need.
 */
export async function inspectCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { values, own, positionals } = commandArguments('inspect', args);
  const script = requireScriptArgument(positionals);
  const environment = parseEnvironment(context.env);
  const cli: Layer = { origin: 'cli', values };
  const { settings } = resolveSettings([environment, cli], { includesSystemEnvVars: false });
  const log = createLogSink(context.log);
  const warn = ({ level = 'warning', message, error }: Warning): void => {
    const fields = error === undefined ? {} : { error };
    log.log({ timeMs: nowMs(), level, message, fields });
  };
  try {
    const { bundle, archivedOptions, env } = openTest({ script }, settings, context);
    const probe = await inspectScript({
      bundle,
      env,
      secrets: parseSecretSources(settings.secretSource, (path) =>
        readFileSync(resolve(context.cwd, path), 'utf8'),
      ),
      isVerbose: settings.verbose,
      log: ({ isInit, ...record }) => log.log(record, isInit),
    });
    for (const message of (await bundle).warnings) warn({ message });
    const exportedFunctions = exportedFunctionsOf(probe);
    const { layer, warnings } = scriptOptionsOf(probe, archivedOptions);
    warnings.forEach(warn);
    if (own['execution-requirements'] !== 'true') {
      context.stdout.write(`${toInspectJson(layer.values)}\n`);
      return ExitCode.ok;
    }
    const file = readConfigFile(settings.config, context);
    const { options, warnings: conflicts } = consolidate({
      layers: [...(file === undefined ? [] : [file]), layer, environment],
      exportedFunctions,
      defaultUserAgent: '',
    });
    conflicts.forEach(warn);
    const { totalDurationMs, maxVus } = planInstance(options);
    const needs = { totalDurationMs, maxVUs: maxVus };
    context.stdout.write(`${toInspectJson(consolidatedValues(options), needs)}\n`);
    return ExitCode.ok;
  } finally {
    await log.close();
  }
}
