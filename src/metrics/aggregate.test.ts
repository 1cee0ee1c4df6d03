import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Aggregate } from './aggregate.ts';
import { createSink, readSink, type Sink } from './sink.ts';
import { TestWorker } from './testing/recording.ts';

function read(sink: Sink | undefined, method: string, percent?: number): number | undefined {
  return sink === undefined ? undefined : readSink(sink, method, 2000, percent);
}

describe('Aggregate', () => {
  it('adds up workers by metric name and tags, whatever ids they use', () => {
    const aggregate = new Aggregate();
    const one = new TestWorker(aggregate, 1);
    const two = new TestWorker(aggregate, 2);
    one.registry.define('first', 'counter');
    one.registry.define('second', 'counter');
    two.registry.define('second', 'counter');
    one.add('first', 1);
    one.add('second', 10, { room: 'a' });
    two.add('second', 20, { room: 'a' });
    two.add('second', 40, { room: 'b' });
    one.flush();
    two.flush();
    const second = aggregate.registry.define('second', 'counter');
    assert.equal(read(aggregate.total(second).sink, 'count'), 70);
    assert.equal(read(aggregate.total(second).sink, 'rate'), 35);
    const room = aggregate.series.find(({ tags }) => tags.get('room') === 'a');
    assert.equal(read(room?.sink, 'count'), 30);
    assert.equal(room?.updatedMs, 1000);
  });

  it('shows every series to followers before its first sample, and lets them count along', () => {
    const aggregate = new Aggregate();
    const worker = new TestWorker(aggregate);
    worker.add('iterations', 5, { room: 'early' });
    worker.flush();
    const sink = createSink('counter');
    const seen: (string | undefined)[] = [];
    aggregate.follow((series) => {
      seen.push(series.tags.get('room'));
      series.addSink(sink);
    });
    worker.add('iterations', 1, { room: 'early' });
    worker.add('iterations', 2, { room: 'late' });
    worker.flush();
    assert.deepEqual(seen, ['early', 'late']);
    assert.equal(read(sink, 'count'), 3);
    assert.equal(aggregate.workersMs, 2000);
  });

  it('takes a tick once and records ticks that never came', () => {
    const worker = new TestWorker();
    worker.add('iterations', 1);
    const first = worker.recorder.snapshot(1, 1000);
    assert.equal(worker.aggregate.merge(first), true);
    assert.equal(worker.aggregate.merge(first), false);
    worker.add('iterations', 1);
    assert.equal(worker.aggregate.merge(worker.recorder.snapshot(4, 4000)), true);
    assert.deepEqual(worker.aggregate.gaps, [{ workerId: 1, firstTick: 2, lastTick: 3 }]);
    assert.equal(worker.aggregate.series[0]?.sink.count, 2);
  });

  it("keeps a gauge's latest value by time over workers", () => {
    const aggregate = new Aggregate();
    const one = new TestWorker(aggregate, 1);
    const two = new TestWorker(aggregate, 2);
    one.add('vus', 5, {}, 200);
    one.add('vus', -3, {}, 100);
    two.add('vus', 9, {}, 150);
    one.flush();
    two.flush();
    const { sink } = aggregate.total(aggregate.registry.define('vus', 'gauge'));
    assert.deepEqual(
      ['value', 'min', 'max'].map((method) => read(sink, method)),
      [5, -3, 9],
    );
  });

  it('shows a gauge that was only ever negative with a negative maximum', () => {
    const worker = new TestWorker();
    worker.add('vus', -3);
    worker.add('vus', -7);
    worker.flush();
    const { sink } = worker.aggregate.total(worker.aggregate.registry.define('vus', 'gauge'));
    assert.deepEqual(
      ['value', 'min', 'max'].map((method) => read(sink, method)),
      [-7, -7, -3],
    );
  });

  it('merges percentiles over workers instead of averaging them', () => {
    const aggregate = new Aggregate();
    const fast = new TestWorker(aggregate, 1);
    const slow = new TestWorker(aggregate, 2);
    for (let i = 0; i < 99; i++) fast.add('iteration_duration', 10);
    slow.add('iteration_duration', 1000);
    fast.flush();
    slow.flush();
    const { sink } = aggregate.total(
      aggregate.registry.define('iteration_duration', 'trend', 'time'),
    );
    assert.equal(read(sink, 'p', 95), 10);
    assert.equal(read(sink, 'max'), 1000);
    assert.equal(read(sink, 'avg'), 19.9);
  });

  it('keeps sub-metrics of the samples that have all tags, defined before or after', () => {
    const worker = new TestWorker();
    const { aggregate } = worker;
    worker.define('rtt', 'trend', 'time');
    const metric = aggregate.registry.define('rtt', 'trend', 'time');
    const before = aggregate.addSubmetric(metric, 'a:1', [['a', '1']]);
    worker.add('rtt', 5, { a: '1' });
    worker.add('rtt', 7, { a: '1', b: '2' });
    worker.add('rtt', 100, { b: '2' });
    worker.flush();
    const after = aggregate.addSubmetric(metric, 'a:1,b:2', [
      ['a', '1'],
      ['b', '2'],
    ]);
    worker.add('rtt', 9, { b: '2', a: '1' });
    worker.flush();
    assert.equal(before.name, 'rtt{a:1}');
    assert.equal(read(before.sink, 'count'), 3);
    assert.equal(read(after.sink, 'count'), 2);
    assert.equal(read(after.sink, 'max'), 9);
    assert.equal(read(aggregate.total(metric).sink, 'count'), 4);
    assert.equal(
      aggregate.addSubmetric(metric, ' b:2 , a:1', [
        ['b', '2'],
        ['a', '1'],
      ]),
      after,
    );
    assert.deepEqual(aggregate.submetrics(metric), [before, after]);
  });

  it('collects series by any key, leaving the aggregate as it was', () => {
    const worker = new TestWorker();
    worker.add('iterations', 1, { scenario: 'a' });
    worker.add('iterations', 2, { scenario: 'a', x: 'y' });
    worker.add('iterations', 4, { scenario: 'b' });
    worker.flush();
    const metric = worker.aggregate.registry.define('iterations', 'counter');
    const collect = () =>
      worker.aggregate.collect((tags) => (tags.get('scenario') === 'b' ? [] : ['a', 'all']));
    collect();
    const collected = collect();
    assert.deepEqual([...collected.keys()], ['a', 'all']);
    assert.equal(read(collected.get('a')?.get(metric), 'count'), 3);
    assert.equal(read(worker.aggregate.total(metric).sink, 'count'), 7);
  });

  it('lists checks per group in order of first sight, over other tags', () => {
    const worker = new TestWorker();
    worker.add('checks', 1, { check: 'z', group: '' });
    worker.add('checks', 0, { check: 'a', group: '::g' });
    worker.add('checks', 0, { check: 'z', group: '', extra: '1' });
    worker.add('checks', 1, { check: 'z', group: '::g' });
    worker.add('checks', 1, {});
    worker.flush();
    assert.deepEqual(worker.aggregate.checks(), [
      { group: '', name: 'z', passes: 1, fails: 1 },
      { group: '::g', name: 'a', passes: 0, fails: 1 },
      { group: '::g', name: 'z', passes: 1, fails: 0 },
    ]);
  });

  it('refuses snapshots of series that were never defined', () => {
    const worker = new TestWorker();
    worker.add('iterations', 1);
    const snapshot = worker.recorder.snapshot(1, 1);
    assert.throws(() => new Aggregate().merge(snapshot), { code: 'SERIES_UNKNOWN' });
  });

  it('keeps metrics exact though their series are too many to be', () => {
    const worker = new TestWorker();
    for (let i = 0; i < 4000; i++) worker.add('iteration_duration', i, { n: `${i}` });
    worker.flush();
    const { sink } = worker.aggregate.total(
      worker.aggregate.registry.define('iteration_duration', 'trend', 'time'),
    );
    assert.equal(read(sink, 'p', 90), 3599.1);
  });
});
