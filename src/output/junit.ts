/**
 * `--out junit[=file]`: thresholds and checks as a JUnit report, for build servers.
 *
 * A test case fails where gharial's exit code says that the run failed: by a threshold, or by the run
 * itself. Checks that failed are told, but do not fail, as they do not fail a run.
 */
import { writeFileSync } from 'node:fs';
import { reasonOf } from '../base/system-error.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { Output, RunInfo, RunResult, TextWriter } from './output.ts';
import { outputFault } from './output-settings.ts';
import { findingsOf, type RunFindings } from './run-findings.ts';

const FILE_NAME = 'junit.xml';

export interface JunitOutputSettings {
  /** '' = junit.xml, '-' = stdout. */
  readonly path: string;
  readonly stdout: TextWriter;
  readonly warn: (message: string) => void;
}

export class JunitOutput implements Output {
  readonly needs = 'aggregate';
  readonly description: string;
  readonly #path: string;
  readonly #settings: JunitOutputSettings;
  #thresholds: ThresholdSet | undefined;

  constructor(settings: JunitOutputSettings) {
    this.#settings = settings;
    this.#path = settings.path === '' ? FILE_NAME : settings.path;
    this.description = this.#path === '-' ? 'junit (stdout)' : `junit (${this.#path})`;
  }

  /** Errors: OUTPUT_FAILED if the file cannot be made; better now than after an hour. */
  start({ thresholds }: RunInfo): void {
    this.#thresholds = thresholds;
    if (this.#path === '-') return;
    try {
      writeFileSync(this.#path, '');
    } catch (error) {
      throw outputFault('junit', reasonOf(error), error);
    }
  }

  stop(result: RunResult): void {
    const text = junitReport(findingsOf(result, this.#thresholds), result.durationMs);
    try {
      if (this.#path === '-') this.#settings.stdout.write(text);
      else writeFileSync(this.#path, text);
    } catch (error) {
      this.#settings.warn(`the junit output failed: ${reasonOf(error)}`);
    }
  }
}

/** One test case of the report. */
interface TestCase {
  readonly suite: string;
  readonly className: string;
  readonly name: string;
  readonly failure?: string | undefined;
  readonly note?: string | undefined;
}

export function junitReport(findings: RunFindings, durationMs: number): string {
  const time = (durationMs / 1000).toFixed(3);
  const cases = testCases(findings);
  const suites = ['run', 'thresholds', 'checks'].map((suite) => {
    const own = cases.filter((testCase) => testCase.suite === suite);
    if (own.length === 0) return '';
    const body = own.map(caseElement).join('');
    return `  <testsuite name="${suite}" ${totals(own)} time="${time}">\n${body}  </testsuite>\n`;
  });
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="gharial" ${totals(cases)} time="${time}">\n${suites.join('')}</testsuites>\n`
  );
}

function testCases({ thresholds, checks, fault }: RunFindings): TestCase[] {
  return [
    { suite: 'run', className: 'run', name: 'ends well', failure: fault },
    ...thresholds.map(({ metric, expression, isOk, got }) => ({
      suite: 'thresholds',
      className: metric,
      name: expression,
      failure: isOk ? undefined : `${metric}: expected ${expression}, got ${got}`,
    })),
    ...checks.map(({ group, name, passes, fails }) => ({
      suite: 'checks',
      className: group === '' ? 'checks' : group,
      name,
      note: fails === 0 ? undefined : `failed ${fails} of ${passes + fails} times`,
    })),
  ];
}

function totals(cases: readonly TestCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  return `tests="${cases.length}" failures="${failures}" errors="0"`;
}

function caseElement({ className, name, failure, note }: TestCase): string {
  const start = `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}" time="0"`;
  if (failure !== undefined) {
    return `${start}>\n      <failure message="${escapeXml(failure)}"/>\n    </testcase>\n`;
  }
  if (note !== undefined) {
    return `${start}>\n      <system-out>${escapeXml(note)}</system-out>\n    </testcase>\n`;
  }
  return `${start}/>\n`;
}

/** Of text and of attributes. XML has no way to write most control characters: they go. */
function escapeXml(text: string): string {
  return text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '')
    .replace(/[&<>"\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}
