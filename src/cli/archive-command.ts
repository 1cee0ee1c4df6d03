/** `gharial archive`: the script, what it imports and opens, and its options, as one file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import { exportedFunctionsOf, inspectScript, scriptOptionsOf } from '../engine/probe.ts';
import { parseSecretSources } from '../k6/secret-source.ts';
import { readTest, scriptEnv, scriptRequest } from '../library/test-input.ts';
import { consolidate, resolveSettings } from '../options/consolidate.ts';
import { requireScriptArgument } from '../options/flags.ts';
import { parseEnvironment } from '../options/parse.ts';
import { mergedValues, toInspectJson } from '../options/test-options.ts';
import type { Layer, Warning } from '../options/values.ts';
import { createLogSink } from '../output/log-sink.ts';
import { writeArchive } from '../script/archive-writer.ts';
import { makeSuspendable, readProgram, remoteSource } from '../script/load.ts';
import { commandArguments } from './command-arguments.ts';
import { readConfigFile } from './config-file.ts';
import type { CommandContext } from './context.ts';

const DEFAULT_OUT = 'archive.tar';

/**
 * Checks the test as a run would, and writes its archive.
 * @throws GharialError as `run` does before it starts, and ARCHIVE_WRITE.
 */
export async function archiveCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { values, own, positionals } = commandArguments('archive', args);
  const script = requireScriptArgument(positionals);
  const environment = parseEnvironment(context.env);
  const cli: Layer = { origin: 'cli', values };
  const file = readConfigFile(values.config ?? environment.values.config, context);
  const lowerLayers = file === undefined ? [] : [file];
  const upperLayers = [environment, cli];
  const { settings } = resolveSettings([...lowerLayers, ...upperLayers], {
    includesSystemEnvVars: false,
  });
  const log = createLogSink(context.log);
  const warn = ({ level = 'warning', message, error }: Warning): void => {
    const fields = error === undefined ? {} : { error };
    log.log({ timeMs: nowMs(), level, message, fields });
  };
  try {
    const { archive, text } = readTest(script, settings, context);
    if (archive !== undefined) {
      throw new GharialError('ARCHIVE_WRITE', `"${script}" is an archive already`, {
        hint: 'give its options to the run: gharial run --vus 10 archive.tar',
      });
    }
    const request = scriptRequest(script, text, settings, context);
    const remote = remoteSource(request);
    const program = await readProgram(request, remote);
    for (const message of program.bundled.warnings) warn({ message });
    const env = scriptEnv(settings, context);
    const probe = await inspectScript({
      bundle: Promise.resolve(makeSuspendable(program, settings.suspend)),
      env,
      secrets: parseSecretSources(settings.secretSource, (path) =>
        readFileSync(resolve(context.cwd, path), 'utf8'),
      ),
      isVerbose: settings.verbose,
      log: ({ isInit, ...record }) => log.log(record, isInit),
    });
    const exportedFunctions = exportedFunctionsOf(probe);
    const exported = scriptOptionsOf(probe, undefined);
    const { options, warnings } = consolidate({
      layers: [...lowerLayers, exported.layer, ...upperLayers],
      exportedFunctions,
      defaultUserAgent: '',
    });
    [...exported.warnings, ...warnings].forEach(warn);
    const bytes = await writeArchive({
      program,
      entryText: text,
      remote,
      files: probe.files,
      options: JSON.parse(toInspectJson(mergedValues(options))),
      env: own['exclude-env-vars'] === 'true' ? {} : env,
      compatibilityMode: settings.compatibilityMode,
      os: context.platform.os,
    });
    writeOut(bytes, own['archive-out'] ?? DEFAULT_OUT, context);
    return ExitCode.ok;
  } finally {
    await log.close();
  }
}

function writeOut(bytes: Uint8Array, out: string, context: CommandContext): void {
  if (out === '-') {
    context.writeBytes(bytes);
    return;
  }
  try {
    writeFileSync(resolve(context.cwd, out), bytes);
  } catch (error) {
    throw new GharialError(
      'ARCHIVE_WRITE',
      `failed to write the archive "${out}": ${reasonOf(error, out)}`,
      { cause: error },
    );
  }
}
