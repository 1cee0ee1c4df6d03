import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseDocument } from 'htmlparser2';
import { GharialError } from '../base/errors.ts';
import { Aggregate } from '../metrics/aggregate.ts';
import type { TestWorker } from '../metrics/testing/recording.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import { annotations, GithubAnnotationsOutput } from './github-annotations.ts';
import { JunitOutput, junitReport } from './junit.ts';
import { findingsOf } from './run-findings.ts';
import { capturingWorker, resultOf } from './testing/sample-feed.ts';

let folder = '';
let printed = '';
const stdout = {
  write: (text: string) => {
    printed += text;
  },
};
const warn = (message: string): void => assert.fail(message);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-junit-'));
  printed = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

function spec(threshold: string) {
  return { threshold, abortOnFail: false, delayAbortEvalMs: undefined };
}

/** A run with a threshold that holds, one that was crossed, and a check that failed now and then. */
function endedRun(): { worker: TestWorker; thresholds: ThresholdSet } {
  const worker = capturingWorker();
  worker.define('rt', 'trend', 'time');
  const thresholds = new ThresholdSet(worker.aggregate, {
    rt: [spec('p(95)<10'), spec('max<1000')],
    iterations: [spec('count>100')],
  });
  worker.add('rt', 12.3456789);
  worker.add('iterations', 1);
  worker.add('checks', 1, { check: 'is <"good">', group: '::outer::inner' });
  worker.add('checks', 0, { check: 'is <"good">', group: '::outer::inner' });
  worker.add('checks', 1, { check: 'fine' });
  worker.flush();
  thresholds.evaluate(1000, true);
  return { worker, thresholds };
}

const CROSSED = new GharialError('THRESHOLDS_CROSSED', 'thresholds on metrics … have been crossed');
const ABORTED = new GharialError('RUN_ABORTED', 'test aborted: 100%\nno luck');

describe('JunitOutput', () => {
  it('writes thresholds as test cases and tells of checks', () => {
    const { worker, thresholds } = endedRun();
    const path = join(folder, 'report.xml');
    const output = new JunitOutput({ path, stdout, warn });
    output.start({ aggregate: worker.aggregate, thresholds, startMs: 0 });
    output.stop(resultOf(worker, { failedThresholds: ['rt', 'iterations'], error: CROSSED }));
    assert.equal(output.description, `junit (${path})`);
    assert.equal(
      readFileSync(path, 'utf8'),
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gharial" tests="6" failures="2" errors="0" time="1.000">
  <testsuite name="run" tests="1" failures="0" errors="0" time="1.000">
    <testcase classname="run" name="ends well" time="0"/>
  </testsuite>
  <testsuite name="thresholds" tests="3" failures="2" errors="0" time="1.000">
    <testcase classname="rt" name="p(95)&#60;10" time="0">
      <failure message="rt: expected p(95)&#60;10, got 12.345679 ms"/>
    </testcase>
    <testcase classname="rt" name="max&#60;1000" time="0"/>
    <testcase classname="iterations" name="count&#62;100" time="0">
      <failure message="iterations: expected count&#62;100, got 1"/>
    </testcase>
  </testsuite>
  <testsuite name="checks" tests="2" failures="0" errors="0" time="1.000">
    <testcase classname="outer ▸ inner" name="is &#60;&#34;good&#34;&#62;" time="0">
      <system-out>failed 1 of 2 times</system-out>
    </testcase>
    <testcase classname="checks" name="fine" time="0"/>
  </testsuite>
</testsuites>
`,
    );
  });

  it('fails the run itself when it was ended by something else', () => {
    const { worker } = endedRun();
    const output = new JunitOutput({ path: '-', stdout, warn });
    output.start({ aggregate: worker.aggregate, thresholds: undefined, startMs: 0 });
    output.stop(resultOf(worker, { error: ABORTED }));
    assert.match(
      printed,
      /name="ends well".*\n +<failure message="test aborted: 100%&#10;no luck"\/>/,
    );
  });

  it('is XML whatever names contain', () => {
    const name = '\u0000]]>&<a b="c"\t\uffff\u001b[1m é';
    const checks = [{ group: name, name, passes: 0, fails: 1 }];
    const text = junitReport({ thresholds: [], checks, fault: name }, 1);
    const document = parseDocument(text, { xmlMode: true });
    const names: string[] = [];
    const visit = (nodes: readonly object[]): void => {
      for (const node of nodes) {
        if ('attribs' in node) names.push((node.attribs as Record<string, string>)['name'] ?? '');
        if ('children' in node) visit(node.children as object[]);
      }
    };
    visit(document.children);
    assert.ok(names.includes(']]>&<a b="c"\t[1m é'), names.join('|'));
  });

  it('refuses a file that cannot be made before the run begins', () => {
    const output = new JunitOutput({ path: join(folder, 'no', 'x.xml'), stdout, warn });
    assert.throws(
      () => output.start({ aggregate: new Aggregate(), thresholds: undefined, startMs: 0 }),
      {
        code: 'OUTPUT_FAILED',
        message: /^could not create the 'junit' output: open .*: no such file or directory$/,
      },
    );
  });
});

describe('GithubAnnotationsOutput', () => {
  it('prints errors for thresholds and warnings for checks', () => {
    const { worker, thresholds } = endedRun();
    const output = new GithubAnnotationsOutput({ stdout, warn });
    output.start({ aggregate: worker.aggregate, thresholds, startMs: 0 });
    output.stop(resultOf(worker, { failedThresholds: ['rt'], error: CROSSED }));
    assert.equal(
      printed,
      `
::error title=Threshold crossed::rt: expected p(95)<10, got 12.345679 ms
::error title=Threshold crossed::iterations: expected count>100, got 1
::warning title=Check failed::outer ▸ inner ▸ is <"good">: 1 of 2 times
`,
    );
  });

  it('is silent when there is nothing to tell', () => {
    const worker = capturingWorker();
    new GithubAnnotationsOutput({ stdout, warn }).stop(resultOf(worker));
    assert.equal(printed, '');
  });

  it('escapes what would end a command', () => {
    const findings = findingsOf(resultOf(capturingWorker(), { error: ABORTED }), undefined);
    assert.deepEqual(annotations(findings), [
      '::error title=Run failed::test aborted: 100%25%0Ano luck',
    ]);
  });

  it('stays within what GitHub shows', () => {
    const checks = Array.from({ length: 30 }, (_, index) => ({
      group: '',
      name: `c${index}`,
      passes: 0,
      fails: 1,
    }));
    const lines = annotations({ thresholds: [], checks, fault: undefined });
    assert.equal(lines.length, 10);
    assert.equal(lines.at(-1), '::warning title=And more::21 more of them');
  });
});
