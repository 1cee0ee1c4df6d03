import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Aggregate } from '../metrics/aggregate.ts';
import { TestWorker } from '../metrics/testing/recording.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import { JsonOutput } from './json.ts';
import { resolveSamples } from './output.ts';

const TIME_MS = Date.UTC(2026, 10, 21, 19, 49, 13) + 71.391798;

let folder = '';
let warnings: string[] = [];
let printed = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-json-'));
  warnings = [];
  printed = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

function create(path: string): JsonOutput {
  return new JsonOutput({
    path,
    stdout: {
      write: (text) => {
        printed += text;
      },
    },
    warn: (message) => warnings.push(message),
  });
}

/** Runs an output over what the worker has captured. */
function write(output: JsonOutput, worker: TestWorker, thresholds?: ThresholdSet): void {
  const { aggregate } = worker;
  output.start({ aggregate, thresholds, startMs: 0 });
  const late = worker.recorder.takeSamples();
  for (const raw of [...worker.batches, ...(late === undefined ? [] : [late])]) {
    output.onSamples(resolveSamples(aggregate, raw));
    output.onTick();
  }
  output.stop();
}

function capturingWorker(samplesPerBatch = 1000): TestWorker {
  return new TestWorker(new Aggregate(), 1, { samplesPerBatch });
}

describe('JsonOutput', () => {
  it("writes k6's lines: the metric before its first point, tags sorted, metadata last", () => {
    const worker = capturingWorker();
    worker.define('my_trend', 'trend', 'time');
    const thresholds = new ThresholdSet(worker.aggregate, {
      my_trend: [
        { threshold: 'p(95)<500', abortOnFail: false, delayAbortEvalMs: undefined },
        { threshold: 'avg<100', abortOnFail: true, delayAbortEvalMs: 5000 },
      ],
      'my_trend{a:b}': [{ threshold: 'max<1', abortOnFail: true, delayAbortEvalMs: undefined }],
    });
    const metadata = new Map([
      ['vu', '1'],
      ['iter', '0'],
    ]);
    worker.add('checks', 1, { scenario: 'default', check: 'c,"1"', 7: '<x>' }, TIME_MS, metadata);
    worker.add('my_trend', 12.5, { a: 'b' }, TIME_MS + 1000);
    worker.add('checks', 0, { scenario: 'default', check: 'c,"1"', 7: '<x>' }, Math.floor(TIME_MS));
    write(create('-'), worker, thresholds);
    assert.equal(
      printed,
      `{"type":"Metric","data":{"name":"checks","type":"rate","contains":"default","thresholds":[],"submetrics":null},"metric":"checks"}
{"metric":"checks","type":"Point","data":{"time":"2026-11-21T19:49:13.071392Z","value":1,"tags":{"7":"<x>","check":"c,\\"1\\"","scenario":"default"},"metadata":{"iter":"0","vu":"1"}}}
{"type":"Metric","data":{"name":"my_trend","type":"trend","contains":"time","thresholds":["p(95)<500",{"threshold":"avg<100","abortOnFail":true,"delayAbortEval":"5s"}],"submetrics":[{"name":"my_trend{a:b}","suffix":"a:b","tags":{"a":"b"}}]},"metric":"my_trend"}
{"metric":"my_trend","type":"Point","data":{"time":"2026-11-21T19:49:14.071392Z","value":12.5,"tags":{"a":"b"}}}
{"metric":"checks","type":"Point","data":{"time":"2026-11-21T19:49:13.071Z","value":0,"tags":{"7":"<x>","check":"c,\\"1\\"","scenario":"default"}}}
`,
    );
    assert.deepEqual(warnings, []);
  });

  it('writes files, compressed ones in chunks that form one stream', () => {
    const worker = capturingWorker(500);
    for (let i = 0; i < 3000; i++) worker.add('iterations', i, { n: `${i % 7}` }, TIME_MS + i);
    const plain = join(folder, 'out.json');
    const zipped = join(folder, 'out.json.gz');
    const output = create(plain);
    assert.equal(output.description, `json (${plain})`);
    write(output, worker);
    write(create(zipped), worker);
    const text = readFileSync(plain, 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3001);
    assert.deepEqual(
      lines.slice(1).map(({ data }) => data.value),
      Array.from({ length: 3000 }, (_, i) => i),
    );
    // The first output has taken what was not yet a full batch.
    const unzipped = gunzipSync(readFileSync(zipped)).toString();
    assert.equal(unzipped.split('\n').length, 2502);
    assert.ok(text.startsWith(unzipped));
    assert.equal(printed, '');
  });

  it('reports lost samples', () => {
    const worker = capturingWorker(2);
    worker.isTaking = false;
    for (let i = 0; i < 10; i++) worker.add('iterations', 1);
    const output = create('');
    assert.equal(output.description, 'json(stdout)');
    write(output, worker);
    assert.equal(printed.trimEnd().split('\n').length, 3);
    assert.match(warnings.join(), /lost 8 samples/);
    assert.equal(output.losses?.samplesLost, 8);
  });

  it('refuses a file that cannot be made, in the words that k6 has for it', () => {
    const output = create(join(folder, 'no', 'such', 'folder.json'));
    assert.throws(
      () => output.start({ aggregate: new Aggregate(), thresholds: undefined, startMs: 0 }),
      {
        code: 'OUTPUT_FAILED',
        message: /^could not create the 'json' output: /,
      },
    );
  });

  it('stops with one warning when the stream fails', () => {
    const worker = capturingWorker(1);
    for (let i = 0; i < 5; i++) worker.add('iterations', 1);
    const output = new JsonOutput({
      path: '-',
      stdout: {
        write: () => {
          throw new Error('EPIPE');
        },
      },
      warn: (message) => warnings.push(message),
    });
    write(output, worker);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /EPIPE/);
  });

  it('writes infinities as null', () => {
    const worker = capturingWorker();
    worker.add('iterations', Number.POSITIVE_INFINITY);
    write(create('-'), worker);
    assert.match(printed, /"value":null,/);
  });
});
