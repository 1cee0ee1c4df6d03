import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { Aggregate } from '../metrics/aggregate.ts';
import { ThresholdSet } from '../metrics/threshold.ts';
import {
  ApiStage,
  type ApiStatus,
  type RestApi,
  type RunControl,
  startRestApi,
} from './rest-api.ts';

let api: RestApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const STATUS: ApiStatus = {
  status: ApiStage.running,
  paused: false,
  vus: 2,
  'vus-max': 3,
  stopped: false,
  running: true,
  tainted: false,
};

/** A run that notes what is asked of it. */
class FakeRun implements RunControl {
  readonly aggregate = new Aggregate();
  thresholds: ThresholdSet | undefined;
  readonly asked: unknown[] = [];
  refusal: string | undefined;
  data: string | undefined;

  status(): ApiStatus {
    return STATUS;
  }
  elapsedMs(): number {
    return 2000;
  }
  stop(): void {
    this.asked.push('stop');
  }
  setPaused(isPaused: boolean): void {
    this.#note({ isPaused });
  }
  setVus(vus: number | undefined, vusMax: number | undefined): void {
    this.#note({ vus, vusMax });
  }
  setupData(): string | undefined {
    return this.data;
  }
  setSetupData(json: string | undefined): void {
    this.data = json;
  }
  async runSetup(): Promise<void> {
    this.#note('setup');
    this.data = '{"fresh":true}';
  }
  async runTeardown(): Promise<void> {
    this.#note('teardown');
  }

  #note(what: unknown): void {
    if (this.refusal !== undefined) throw new GharialError('STEERING_INVALID', this.refusal);
    this.asked.push(what);
  }
}

async function serve(run = new FakeRun()) {
  api = await startRestApi('127.0.0.1:0', run);
  const { address } = api;
  const call = async (method: string, path: string, body?: string) => {
    const response = await fetch(`http://${address}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type');
    return { status: response.status, type, text, json: () => JSON.parse(text) };
  };
  return { run, address, call };
}

const patch = (attributes: object): string => JSON.stringify({ data: { attributes } });

test('the status is told in the envelope k6 clients expect', async () => {
  const { call } = await serve();
  const { status, type, text } = await call('GET', '/v1/status');
  assert.equal(status, 200);
  assert.equal(type, 'application/json; charset=utf-8');
  assert.equal(
    text,
    '{"data":{"type":"status","id":"default","attributes":{"status":7,"paused":false,"vus":2,"vus-max":3,"stopped":false,"running":true,"tainted":false}}}',
  );
});

test('a change of the status is asked of the run, a stop before all else', async () => {
  const { run, call } = await serve();
  await call('PATCH', '/v1/status', patch({ paused: true, vus: 5, 'vus-max': null }));
  assert.deepEqual(run.asked.splice(0), [{ isPaused: true }, { vus: 5, vusMax: undefined }]);
  const answer = await call('PATCH', '/v1/status', patch({ stopped: true, paused: true }));
  assert.deepEqual(run.asked, ['stop']);
  assert.equal(answer.json().data.type, 'status');
});

test('what the run refuses is answered with its reason', async () => {
  const { run, call } = await serve();
  run.refusal = 'no, because';
  const cases = [
    ['PATCH', '/v1/status', patch({ paused: true }), 'Pause error'],
    ['PATCH', '/v1/status', patch({ vus: 1 }), 'Execution config error'],
    ['POST', '/v1/setup', undefined, 'Error executing setup'],
    ['POST', '/v1/teardown', undefined, 'Error executing teardown'],
  ] as const;
  for (const [method, path, body, title] of cases) {
    const answer = await call(method, path, body);
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.json(), { errors: [{ status: '500', title, detail: 'no, because' }] });
  }
});

test('bodies that are no change of the status are bad requests', async () => {
  const { run, call } = await serve();
  for (const body of [
    'garbage',
    '',
    patch({ vus: 1.5 }),
    patch({ vus: '1' }),
    patch({ paused: 1 }),
  ]) {
    const answer = await call('PATCH', '/v1/status', body);
    assert.equal(answer.status, 400, body);
    assert.equal(answer.json().errors[0].title, 'Invalid data');
  }
  assert.deepEqual(run.asked, []);
});

test('wrong methods are not allowed, unknown paths are ok, process metrics are not to be had', async () => {
  const { call } = await serve();
  const wrong = ['POST /v1/status', 'POST /v1/metrics', 'DELETE /v1/setup', 'GET /v1/teardown'];
  for (const [method = '', path = ''] of wrong.map((line) => line.split(' '))) {
    const { status, text } = await call(method, path);
    assert.deepEqual([status, text], [405, ''], path);
  }
  for (const path of ['/', '/ping', '/v1/nope']) {
    const { status, text } = await call('GET', path);
    assert.deepEqual([status, text], [200, 'ok'], path);
  }
  assert.equal((await call('GET', '/metrics')).status, 404);
});

test('metrics are listed with their values and whether their thresholds hold', async () => {
  const run = new FakeRun();
  const counter = run.aggregate.registry.define('hits', 'counter', 'default');
  run.thresholds = new ThresholdSet(run.aggregate, {
    hits: [{ threshold: 'count>10', abortOnFail: false, delayAbortEvalMs: undefined }],
    'hits{a:b}': [{ threshold: 'count>10', abortOnFail: false, delayAbortEvalMs: undefined }],
  });
  const { call } = await serve(run);
  const listed = async () => (await call('GET', '/v1/metrics')).json().data;
  const before = await listed();
  assert.deepEqual(
    before.map(({ id, attributes }: { id: string; attributes: { tainted: unknown } }) => [
      id,
      attributes.tainted,
    ]),
    [
      ['hits', null],
      ['hits{a:b}', null],
    ],
  );
  const { sink } = run.aggregate.total(counter);
  assert.ok(sink.type === 'counter');
  sink.count = 1;
  sink.sum = 4;
  run.thresholds.evaluate(2000, false);
  assert.deepEqual((await call('GET', '/v1/metrics/hits')).json().data, {
    type: 'metrics',
    id: 'hits',
    attributes: {
      type: 'counter',
      contains: 'default',
      tainted: true,
      sample: { count: 4, rate: 2 },
    },
  });
  const encoded = await call('GET', `/v1/metrics/${encodeURIComponent('hits{a:b}')}`);
  assert.equal(encoded.json().data.id, 'hits{a:b}');
  const unknown = await call('GET', '/v1/metrics/nope');
  assert.equal(unknown.status, 404);
  assert.deepEqual(unknown.json().errors, [
    { status: '404', title: 'Not Found', detail: 'No metric with that ID was found' },
  ]);
});

test('groups are a flat list with references', async () => {
  const run = new FakeRun();
  const { call } = await serve(run);
  run.aggregate.defineSeries(0, {
    id: 0,
    metric: { name: 'checks', type: 'rate', contains: 'default' },
    tags: [
      ['group', '::g'],
      ['check', 'ok'],
    ],
  });
  const { sink } = run.aggregate.seriesOf(0, 0);
  assert.ok(sink.type === 'rate');
  sink.count = 3;
  sink.passes = 2;
  const [root, group] = (await call('GET', '/v1/groups')).json().data;
  assert.deepEqual(root, {
    type: 'groups',
    id: 'd41d8cd98f00b204e9800998ecf8427e',
    attributes: { path: '', name: '', checks: null },
    relationships: {
      groups: { data: [{ type: 'groups', id: '652e756c89643c3ada0b451cbd88a9d3' }] },
      parent: { data: null },
    },
  });
  assert.deepEqual(group.attributes, {
    path: '::g',
    name: 'g',
    checks: [
      {
        id: '98da3e3a7c4c476eb0389ab88d68df30',
        path: '::g::ok',
        name: 'ok',
        passes: 2,
        fails: 1,
      },
    ],
  });
  assert.equal(group.relationships.parent.data.id, root.id);
  assert.deepEqual((await call('GET', `/v1/groups/${group.id}`)).json().data, group);
});

test('setup data can be read, replaced, taken away and made anew', async () => {
  const { run, call } = await serve();
  const attributes = async (method: string, body?: string) =>
    (await call(method, '/v1/setup', body)).json().data.attributes;
  assert.deepEqual(await attributes('GET'), {});
  assert.deepEqual(await attributes('PUT', '{"z":2}'), { data: { z: 2 } });
  assert.deepEqual(await attributes('GET'), { data: { z: 2 } });
  assert.deepEqual(await attributes('PUT', 'null'), { data: null });
  assert.deepEqual(await attributes('PUT', ''), {});
  assert.deepEqual(await attributes('POST'), { data: { fresh: true } });
  assert.equal((await call('PUT', '/v1/setup', '{')).status, 400);
  const { status, text } = await call('POST', '/v1/teardown');
  assert.deepEqual([status, text], [200, '']);
  assert.deepEqual(run.asked, ['setup', 'teardown']);
});

test('a client that goes away in the middle of a request does no harm', async () => {
  const { address, call } = await serve();
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve) => {
    socket.write('PATCH /v1/status HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{', () => {
      socket.resetAndDestroy();
      resolve();
    });
  });
  assert.equal((await call('GET', '/v1/status')).status, 200);
});

test('an address that is taken, or none, is exit code 106', async () => {
  const { address } = await serve();
  for (const wrong of [address, 'nowhere', '127.0.0.1:99999', '']) {
    await assert.rejects(startRestApi(wrong, new FakeRun()), {
      code: 'API_UNAVAILABLE',
      exitCode: 106,
      message: /^Error from API server: /,
    });
  }
});
