/**
 * `--out github-annotations`: crossed thresholds and failed checks as annotations of a GitHub Actions job,
 * which shows them on the page of the run. They are lines on standard output.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */

import { reasonOf } from '../base/system-error.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { Output, RunInfo, RunResult, TextWriter } from './output.ts';
import { findingsOf, type RunFindings } from './run-findings.ts';

/** GitHub shows so many of each level per step. */
const ANNOTATIONS_MAX = 10;

export interface GithubAnnotationsSettings {
  readonly stdout: TextWriter;
  readonly warn: (message: string) => void;
}

export class GithubAnnotationsOutput implements Output {
  readonly needs = 'aggregate';
  readonly description = 'github-annotations (stdout)';
  readonly #settings: GithubAnnotationsSettings;
  #thresholds: ThresholdSet | undefined;

  constructor(settings: GithubAnnotationsSettings) {
    this.#settings = settings;
  }

  start({ thresholds }: RunInfo): void {
    this.#thresholds = thresholds;
  }

  stop(result: RunResult): void {
    const lines = annotations(findingsOf(result, this.#thresholds));
    if (lines.length === 0) return;
    try {
      this.#settings.stdout.write(`\n${lines.join('\n')}\n`);
    } catch (error) {
      this.#settings.warn(`the github-annotations output failed: ${reasonOf(error)}`);
    }
  }
}

/** Lines of workflow commands; the most important first. */
export function annotations({ thresholds, checks, fault }: RunFindings): string[] {
  const errors = fault === undefined ? [] : [command('error', 'Run failed', fault)];
  for (const { metric, expression, isOk, got } of thresholds) {
    if (isOk) continue;
    errors.push(
      command('error', 'Threshold crossed', `${metric}: expected ${expression}, got ${got}`),
    );
  }
  const warnings = checks
    .filter(({ fails }) => fails > 0)
    .map(({ group, name, passes, fails }) => {
      const place = group === '' ? name : `${group} ▸ ${name}`;
      return command('warning', 'Check failed', `${place}: ${fails} of ${passes + fails} times`);
    });
  return [...limited(errors, 'error'), ...limited(warnings, 'warning')];
}

function limited(lines: readonly string[], level: 'error' | 'warning'): string[] {
  if (lines.length <= ANNOTATIONS_MAX) return [...lines];
  const more = lines.length - ANNOTATIONS_MAX + 1;
  return [
    ...lines.slice(0, ANNOTATIONS_MAX - 1),
    command(level, 'And more', `${more} more of them`),
  ];
}

function command(level: 'error' | 'warning', title: string, message: string): string {
  return `::${level} title=${escapeProperty(title)}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replace(/[%\r\n]/g, percent);
}

function escapeProperty(text: string): string {
  return text.replace(/[%\r\n:,]/g, percent);
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
