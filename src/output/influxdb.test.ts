import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { InfluxOutput, readInflux2Settings, readInfluxSettings } from './influxdb.ts';
import { BatchServer } from './testing/batch-server.ts';
import { capturingWorker, feed, runThrough } from './testing/sample-feed.ts';

const TIME_MS = 1795290593861.903;

let server: BatchServer;
let warnings: string[] = [];
const warn = (message: string): void => {
  warnings.push(message);
};
beforeEach(async () => {
  server = await new BatchServer().open();
  warnings = [];
});
afterEach(() => server.close());

interface Point {
  readonly measurement: string;
  readonly tags: Record<string, string>;
  readonly fields: Record<string, string | number>;
  readonly time: string;
}

/** Reads line protocol: parts end at separators that no backslash stands before. */
function parseLine(line: string): Point {
  const [head = '', fieldsText = '', time = ''] = split(line, ' ');
  const [measurement = '', ...tags] = split(head, ',');
  const fields = split(fieldsText, ',').map((text): [string, string | number] => {
    const [key = '', value = ''] = split(text, '=');
    const isText = value.startsWith('"');
    return [
      unescaped(key),
      isText ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : Number(value.replace(/i$/, '')),
    ];
  });
  const pairs = tags.map((text) => split(text, '=').map(unescaped));
  return {
    measurement: unescaped(measurement),
    tags: Object.fromEntries(pairs),
    fields: Object.fromEntries(fields),
    time,
  };
}

function split(text: string, separator: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\\') {
      parts[parts.length - 1] += char + (text[++at] ?? '');
      continue;
    }
    if (char === '"' && (isQuoted || text[at - 1] === '=')) isQuoted = !isQuoted;
    if (char === separator && !isQuoted) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\([,= ])/g, '$1');
}

function written(): string[] {
  return server.requests
    .filter(({ path }) => path.includes('/write'))
    .flatMap(({ body }) => body.toString().trimEnd().split('\n'));
}

describe('InfluxOutput', () => {
  it("sends k6's points: the database made first, tags sorted, url as a field", async () => {
    const worker = capturingWorker();
    worker.define('my_trend', 'trend', 'time');
    const tags = { scenario: 'default', testid: 't1', group: '' };
    worker.add('checks', 1, { ...tags, check: 'c,"1"', group: '::my group' }, TIME_MS);
    worker.add('my_trend', 12.5, { 'x y': 'z', a: 'b' }, TIME_MS);
    worker.add('ws_sessions', 1, { ...tags, url: 'ws://h/"p"' }, TIME_MS);
    worker.add('vus', Number.POSITIVE_INFINITY, {}, TIME_MS);
    const settings = readInfluxSettings(`${server.url}/mydb`, {});
    const output = new InfluxOutput(settings, warn);
    assert.equal(output.description, `InfluxDBv1 (${server.url})`);
    await runThrough(output, worker);
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ['/query?q=CREATE+DATABASE+mydb', '/write?consistency=&db=mydb&precision=ns&rp='],
    );
    assert.deepEqual(written(), [
      'checks,check=c\\,"1",group=::my\\ group,scenario=default,testid=t1 value=1 1795290593861903000',
      'my_trend,a=b,x\\ y=z value=12.5 1795290593861903001',
      'ws_sessions,scenario=default,testid=t1 url="ws://h/\\"p\\"",value=1 1795290593861903002',
    ]);
    assert.deepEqual(warnings, []);
  });

  it('escapes what a reader of the protocol gets back', async () => {
    const worker = capturingWorker();
    const texts = fc.sample(fc.string({ unit: 'grapheme', minLength: 1 }), {
      numRuns: 200,
      seed: 3,
    });
    const usable = texts.filter((text) => !/[\r\n]|\\/.test(text));
    for (const text of usable) {
      worker.add('iterations', 1.5, { own: text, url: text, [`k${text}`]: 'v' }, TIME_MS);
    }
    await runThrough(new InfluxOutput(readInfluxSettings(server.url, {}), warn), worker);
    const points = written().map(parseLine);
    assert.equal(points.length, usable.length);
    for (const [index, text] of usable.entries()) {
      assert.deepEqual(points[index], {
        measurement: 'iterations',
        tags: { own: text, [`k${text}`]: 'v' },
        fields: { url: text, value: 1.5 },
        time: `1795290593861903${String(index).padStart(3, '0')}`,
      });
    }
  });

  it('writes to version 2 with bucket, organization and token', async () => {
    const env = {
      K6_INFLUXDB_ADDR: `${server.url}/influx/`,
      K6_INFLUXDB_ORGANIZATION: 'my org',
      K6_INFLUXDB_BUCKET: 'tests',
      K6_INFLUXDB_TOKEN: 'secret',
      K6_INFLUXDB_PRECISION: 'ms',
    };
    const worker = capturingWorker();
    worker.add('iterations', 1, { n: '5' }, TIME_MS);
    await runThrough(new InfluxOutput(readInflux2Settings('', env), warn), worker);
    const [request] = server.requests;
    assert.equal(request?.path, '/influx/api/v2/write?bucket=tests&org=my+org&precision=ms');
    assert.equal(request?.headers.authorization, 'Token secret');
    assert.equal(request?.body.toString(), 'iterations,n=5 value=1 1795290593861\n');
  });

  it('tells how many batches were lost when the server breaks down', async () => {
    const worker = capturingWorker();
    server.statuses = [200, 204, 400];
    const output = new InfluxOutput(readInfluxSettings(server.url, {}), warn);
    await output.start();
    for (let second = 0; second < 3; second++) {
      worker.add('iterations', 1, {}, TIME_MS + second * 1000);
      feed(output, worker);
    }
    await output.stop();
    assert.match(warnings[0] ?? '', /got status code: 400 instead expected a 2xx/);
    assert.equal(warnings[1], 'the influxdb output lost 2 of 3 batches');
    const reason =
      'got status code: 400 instead expected a 2xx successful status code (out of order)';
    assert.deepEqual(output.losses, { batchesLost: 2, batches: 3, samplesLost: 2, reason });
  });
});

describe('readInfluxSettings', () => {
  it('takes the URL before the environment before defaults', () => {
    const plain = readInfluxSettings('', {});
    assert.equal(
      plain.writeUrl.href,
      'http://localhost:8086/write?consistency=&db=k6&precision=ns&rp=',
    );
    assert.deepEqual([...plain.fieldKinds.keys()], ['vu', 'iter', 'url']);
    const env = {
      K6_INFLUXDB_DB: 'e',
      K6_INFLUXDB_PUSH_INTERVAL: '5s',
      K6_INFLUXDB_USERNAME: 'eva',
    };
    const settings = readInfluxSettings(
      'https://bob:p%40ss@host:99/pre/my-db?precision=s&insecure=true&tagsAsFields=a:int&retention=r',
      env,
    );
    assert.equal(
      settings.writeUrl.href,
      'https://host:99/pre/write?consistency=&db=my-db&precision=s&rp=r',
    );
    assert.equal(settings.prepareUrl?.searchParams.get('q'), 'CREATE DATABASE "my-db"');
    assert.equal(settings.headers['Authorization'], `Basic ${btoa('bob:p@ss')}`);
    assert.equal(settings.isVerified, false);
    assert.equal(settings.pushIntervalMs, 5000);
    assert.deepEqual([...settings.fieldKinds], [['a', 'int']]);
    assert.doesNotMatch(settings.description, /bob|p@ss/);
  });

  it('refuses what it cannot do', () => {
    const refuse = (argument: string, env: Record<string, string>, message: RegExp) =>
      assert.throws(() => readInfluxSettings(argument, env), { code: 'OUTPUT_FAILED', message });
    refuse('udp://host:8089/db', {}, /udp:\/\/ is not supported/);
    refuse('no url', {}, /"no url" is no URL/);
    refuse('http://h/db?x=1', {}, /unknown query parameter: x/);
    refuse('http://h/db?precision=d', {}, /precision: got 'd'/);
    refuse('', { K6_INFLUXDB_PROXY: 'http://p' }, /K6_INFLUXDB_PROXY is not supported yet/);
    refuse('', { K6_INFLUXDB_TAGS_AS_FIELDS: 'a:date' }, /invalid type \(date\)/);
    assert.throws(() => readInflux2Settings('http://h', {}), /K6_INFLUXDB_BUCKET/);
  });
});
