/** What is left when a run has ended: the summary text, the files of handleSummary, the export. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { reasonOf } from '../base/system-error.ts';
import type { LogEntry } from '../engine/log-entry.ts';
import type { RunReport, RunResult } from '../engine/run-contract.ts';
import { machineReadable, summaryModelOf, summaryTextMode } from '../library/summary-model.ts';
import type { RunSettings } from '../options/values.ts';
import { exportSummary, toExportText } from '../output/summary-export.ts';
import { renderSummary } from '../output/summary-text.ts';
import type { ScriptBundle } from '../script/script-bundle.ts';
import type { CommandContext } from './context.ts';

/** Writes all there is to write; failures are logged and change no exit code. */
export function writeSummary(
  report: RunReport,
  summaryFiles: RunResult['summaryFiles'],
  settings: RunSettings,
  bundle: ScriptBundle,
  context: CommandContext,
  log: (entry: LogEntry) => void,
): void {
  if (settings.summaryMode === 'disabled') return;
  const model = summaryModelOf(report);
  const faults: string[] = [];
  if (summaryFiles === undefined) {
    context.stdout.write(
      renderSummary(model, {
        mode: summaryTextMode(settings),
        hasColors: context.stdout.isTerminal && !context.log.isColorless,
      }),
    );
  } else {
    for (const [name, content] of Object.entries(summaryFiles)) {
      if (name === 'stdout') context.stdout.write(textOf(content));
      else if (name === 'stderr') context.stderr.write(textOf(content));
      else writeFile(name, content, context.cwd, faults);
    }
  }
  if (settings.summaryExport !== '') {
    const text = settings.newMachineReadableSummary
      ? toExportText(machineReadable(model, settings, bundle))
      : exportSummary(model);
    writeFile(settings.summaryExport, text, context.cwd, faults);
  }
  if (faults.length === 0) return;
  const list = faults.map((fault) => `\n\t- ${fault}`).join('');
  log({
    timeMs: nowMs(),
    level: 'error',
    message: 'failed to handle the end-of-test summary',
    fields: { error: `Could not save some summary information:${list}` },
    isInit: false,
  });
}

function textOf(content: string | ArrayBuffer): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}

function writeFile(
  name: string,
  content: string | ArrayBuffer,
  cwd: string,
  faults: string[],
): void {
  try {
    writeFileSync(
      resolve(cwd, name),
      typeof content === 'string' ? content : new Uint8Array(content),
    );
  } catch (error) {
    faults.push(`could not open '${name}': ${reasonOf(error, name)}`);
  }
}
