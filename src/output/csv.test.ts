import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { CsvOutput, type CsvOutputSettings, readCsvSettings } from './csv.ts';
import { capturingWorker, feed, runThrough } from './testing/sample-feed.ts';

const TIME_MS = Date.UTC(2026, 10, 21, 19, 49, 13) + 71.391;
const HEADER =
  'metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata\n';
const SYSTEM_TAGS =
  'url,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,vu,iter'.split(
    ',',
  );

let folder = '';
let printed = '';
let warnings: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-csv-'));
  printed = '';
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function create(settings: Partial<CsvOutputSettings> = {}): CsvOutput {
  return new CsvOutput({
    fileName: '-',
    saveIntervalMs: 1000,
    timeFormat: 'unix',
    systemTags: SYSTEM_TAGS,
    stdout: {
      write: (text) => {
        printed += text;
      },
    },
    warn: (message) => warnings.push(message),
    ...settings,
  });
}

/** An RFC 4180 reader. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const token = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    assert.ok(match !== null, 'not a CSV');
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe('CsvOutput', () => {
  it("writes k6's columns: system tags sorted, the others and metadata joined", async () => {
    const worker = capturingWorker();
    worker.define('my_trend', 'trend', 'time');
    const metadata = new Map([
      ['vu', '1'],
      ['iter', '0'],
    ]);
    const tags = { group: '::my group', scenario: 'default', testid: 't1' };
    worker.add('checks', 1, { ...tags, check: 'c,"1"' }, TIME_MS, metadata);
    worker.add('my_trend', 12.5, { ...tags, a: 'b', 'x y': 'z' }, TIME_MS);
    worker.add('vus', 1e21, {}, TIME_MS);
    worker.add('vus', Number.NEGATIVE_INFINITY, {}, TIME_MS);
    await runThrough(create(), worker);
    assert.equal(
      printed,
      `${HEADER}checks,1795290553,1.000000,"c,""1""",,,,::my group,,,,default,,,,,,testid=t1,iter=0&vu=1
my_trend,1795290553,12.500000,,,,,::my group,,,,default,,,,,,a=b&testid=t1&x y=z,
vus,1795290553,1000000000000000000000.000000,,,,,,,,,,,,,,,,
vus,1795290553,-Inf,,,,,,,,,,,,,,,,
`,
    );
    assert.deepEqual(warnings, []);
  });

  it('writes times in all six formats', async () => {
    const expected = {
      unix: '1795290553',
      unix_milli: '1795290553071',
      unix_micro: '1795290553071391',
      unix_nano: '1795290553071391000',
      rfc3339: '2026-11-21T19:49:13Z',
      rfc3339_nano: '2026-11-21T19:49:13.071391Z',
    };
    for (const [name, text] of Object.entries(expected)) {
      printed = '';
      const worker = capturingWorker();
      worker.add('vus', 1, {}, TIME_MS);
      const { timeFormat } = readCsvSettings(`timeFormat=${name}`, {});
      await runThrough(create({ timeFormat, systemTags: [] }), worker);
      assert.equal(printed.split('\n')[1], `vus,${text},1.000000,,`);
    }
  });

  it('writes what a reader of RFC 4180 reads back, whatever tags contain', async () => {
    const worker = capturingWorker();
    worker.define('odd', 'counter');
    const values = fc.sample(fc.string({ unit: 'grapheme' }), { numRuns: 200, seed: 7 });
    const all = [...values, '"', '""', 'a\nb', ' x', '\\.', 'a,b\r\n', ''];
    for (const value of all) worker.add('odd', 1, { url: value, own: value }, TIME_MS);
    await runThrough(create({ systemTags: ['url'] }), worker);
    const rows = parseCsv(printed);
    assert.equal(rows.length, all.length + 1);
    for (const [index, value] of all.entries()) {
      assert.deepEqual(rows[index + 1]?.slice(3), [value, `own=${value}`, '']);
    }
  });

  it('compresses a file whose name ends in .gz', async () => {
    const worker = capturingWorker();
    for (let i = 0; i < 1000; i++) worker.add('iterations', i, {}, TIME_MS);
    const fileName = join(folder, 'out.csv.gz');
    const output = create({ fileName });
    assert.equal(output.description, `csv (${fileName})`);
    await runThrough(output, worker);
    const text = gunzipSync(readFileSync(fileName)).toString();
    assert.equal(text.split('\n').length, 1002);
    assert.equal(printed, '');
  });

  it('writes once per save interval, and the rest at the end', async () => {
    const worker = capturingWorker();
    const output = create({ saveIntervalMs: 2000 });
    output.start({ aggregate: worker.aggregate, thresholds: undefined, startMs: 0 });
    const rows: number[] = [];
    for (let second = 0; second < 4; second++) {
      worker.add('iterations', 1, {}, TIME_MS + second * 1000);
      feed(output, worker);
      rows.push(printed.split('\n').length - 1);
    }
    output.stop();
    assert.deepEqual(rows, [2, 2, 4, 4]);
    assert.equal(printed.split('\n').length - 1, 5);
  });
});

describe('readCsvSettings', () => {
  it('takes the argument before the environment before defaults', () => {
    assert.deepEqual(readCsvSettings('', {}), {
      fileName: 'file.csv',
      saveIntervalMs: 1000,
      timeFormat: 'unix',
    });
    const env = {
      K6_CSV_FILENAME: 'e.csv',
      K6_CSV_SAVE_INTERVAL: '5s',
      K6_CSV_TIME_FORMAT: 'unix',
    };
    assert.deepEqual(readCsvSettings('fileName=a.csv,timeFormat=rfc3339', env), {
      fileName: 'a.csv',
      saveIntervalMs: 5000,
      timeFormat: 'rfc3339',
    });
    assert.equal(readCsvSettings('b.csv.gz', env).fileName, 'b.csv.gz');
  });

  it('refuses what k6 refuses, in its words', () => {
    const failure = (reason: string) => ({
      code: 'OUTPUT_FAILED',
      exitCode: 255,
      message: `could not create the 'csv' output: ${reason}`,
    });
    assert.throws(
      () => readCsvSettings('timeFormat=foo', {}),
      failure('foo does not belong to TimeFormat values'),
    );
    assert.throws(
      () => readCsvSettings('x=1', {}),
      failure('unknown key "x" as argument for csv output'),
    );
    assert.throws(
      () => readCsvSettings('', { K6_CSV_SAVE_INTERVAL: 'soon' }),
      failure('K6_CSV_SAVE_INTERVAL: time: invalid duration "soon"'),
    );
  });
});
