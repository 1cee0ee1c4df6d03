import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nowMs } from '../base/clock.ts';
import { Aggregate } from './aggregate.ts';
import type { Metric } from './metric.ts';
import { encodeSnapshot, transferablesOf } from './snapshot.ts';
import { TestWorker } from './testing/recording.ts';

describe('Recorder', () => {
  it('counts one more of a counter now; raw samples tell when', () => {
    for (const samplesPerBatch of [0, 10]) {
      const worker = new TestWorker(new Aggregate(), 1, { samplesPerBatch });
      worker.define('ws_msgs_sent', 'counter');
      const { recorder, registry, space } = worker;
      const metric = registry.get('ws_msgs_sent');
      assert.ok(metric !== undefined);
      const series = recorder.series(metric, space.empty);
      const beforeMs = nowMs();
      recorder.count(series, new Map());
      recorder.count(series, new Map());
      assert.equal(worker.flush(), true);
      assert.equal(worker.aggregate.series[series]?.sink.count, 2);
      const timesMs = recorder.takeSamples()?.timesMs.slice(0, 2) ?? [];
      assert.equal(timesMs.length, samplesPerBatch === 0 ? 0 : 2);
      for (const timeMs of timesMs) assert.ok(timeMs >= beforeMs && timeMs <= nowMs());
    }
  });

  it('gives one id per metric and tag set, and announces each once', () => {
    const worker = new TestWorker();
    const { recorder, registry, space } = worker;
    const sessions = registry.define('ws_sessions', 'counter');
    const pings = registry.define('ws_ping', 'trend', 'time');
    const a = space.empty.with('url', 'a');
    assert.equal(recorder.series(sessions, a), 0);
    assert.equal(recorder.series(pings, a), 1);
    assert.equal(recorder.series(sessions, space.empty), 2);
    assert.equal(recorder.series(sessions, a), 0);
    const [first] = worker.aggregate.series;
    assert.equal(first?.metric.name, 'ws_sessions');
    assert.deepEqual(first?.tags.entries(), [['url', 'a']]);
    assert.equal(worker.aggregate.series.length, 3);
  });

  it('keeps all samples over any number of ticks and series, whatever has to grow', () => {
    const sample = fc.tuple(
      fc.constantFrom('iterations', 'checks', 'vus', 'iteration_duration'),
      fc.integer({ min: 0, max: 150 }),
      fc.oneof(fc.integer({ min: -10, max: 10 }), fc.double({ min: 1e-6, max: 1e5, noNaN: true })),
    );
    const ticks = fc.array(fc.array(sample, { maxLength: 400 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(ticks, fc.constantFrom(0, 5, 8192), (all, exactMax) => {
        const worker = new TestWorker(new Aggregate({ exactMax }), 1, { exactMax });
        for (const samples of all) {
          for (const [name, tag, value] of samples) worker.add(name, value, { t: `${tag}` });
          assert.equal(worker.flush(), true);
        }
        const valuesOf = (name: string): number[] =>
          all.flat().flatMap(([metric, , value]) => (metric === name ? [value] : []));
        const sinkOf = (name: string) =>
          worker.aggregate.total(metricOf(worker.aggregate, name)).sink;
        const counter = sinkOf('iterations');
        const sum = valuesOf('iterations').reduce((a, b) => a + b, 0);
        assert.ok(
          counter.type === 'counter' && Math.abs(counter.sum - sum) < 1e-6 * (1 + Math.abs(sum)),
        );
        const rate = sinkOf('checks');
        assert.ok(rate.type === 'rate');
        assert.equal(rate.count, valuesOf('checks').length);
        assert.equal(rate.passes, valuesOf('checks').filter((value) => value !== 0).length);
        const trend = sinkOf('iteration_duration');
        const expected = valuesOf('iteration_duration').toSorted((a, b) => a - b);
        assert.ok(trend.type === 'trend');
        assert.equal(trend.count, expected.length);
        assert.equal(trend.min, expected[0] ?? 0);
        assert.equal(trend.max, expected.at(-1) ?? 0);
        const median = expected[(expected.length - 1) >> 1] ?? 0;
        if (expected.length % 2 === 1) {
          assert.ok(Math.abs(trend.percentile(50) - median) <= Math.abs(median) * 0.005);
        }
        const gauge = sinkOf('vus');
        assert.ok(gauge.type === 'gauge');
        assert.equal(gauge.max, Math.max(...valuesOf('vus'), ...(gauge.count ? [] : [0])));
      }),
      { numRuns: 60 },
    );
  });

  it('sends a delta once only', () => {
    const worker = new TestWorker();
    worker.add('iterations', 2);
    worker.add('iteration_duration', 5);
    const first = worker.recorder.snapshot(1, 1000);
    assert.deepEqual([first.fromMs, first.toMs, first.series.length], [0, 1000, 2]);
    const second = worker.recorder.snapshot(2, 2000);
    assert.deepEqual([second.fromMs, second.series.length, second.logValues.length], [1000, 0, 0]);
  });

  it('can be read from its shared arrays when the worker no longer answers', () => {
    const worker = new TestWorker(new Aggregate(), 3, { exactMax: 2 });
    for (let i = 0; i < 200; i++) worker.add('iterations', 1, { n: `${i}` });
    for (let i = 1; i <= 100; i++) worker.add('iteration_duration', i);
    assert.ok(worker.buffers !== undefined);
    // As on another thread: only what was shared is read.
    const rescued = encodeSnapshot(structuredClone(worker.buffers), {
      workerId: 3,
      tick: 1,
      toMs: 5,
    });
    assert.deepEqual(rescued, worker.recorder.snapshot(1, 5));
    assert.equal(worker.aggregate.merge(rescued), true);
    const trend = worker.aggregate.total(
      worker.aggregate.registry.define('iteration_duration', 'trend', 'time'),
    ).sink;
    assert.ok(trend.type === 'trend');
    assert.deepEqual([trend.count, trend.min, trend.max], [100, 1, 100]);
    assert.ok(Math.abs(trend.percentile(50) - 50.5) < 0.5);
  });

  it('can be posted: the arrays of a snapshot are transferable', () => {
    const worker = new TestWorker();
    worker.add('iteration_duration', 5);
    const snapshot = worker.recorder.snapshot(1, 1);
    const copy = structuredClone(snapshot, { transfer: transferablesOf(snapshot) });
    assert.deepEqual([...copy.logValues], [5]);
    assert.equal(snapshot.logValues.length, 0);
  });

  it('goes on counting in buckets when the log of exact values is full', () => {
    const worker = new TestWorker(new Aggregate(), 1, { logMax: 256 });
    for (let i = 1; i <= 1000; i++) worker.add('iteration_duration', i);
    const snapshot = worker.recorder.snapshot(1, 1);
    assert.equal(snapshot.logValues.length, 256);
    worker.aggregate.merge(snapshot);
    const { sink } = worker.aggregate.total(
      worker.aggregate.registry.define('iteration_duration', 'trend', 'time'),
    );
    assert.ok(sink.type === 'trend');
    assert.equal(sink.count, 1000);
    assert.ok(Math.abs(sink.percentile(90) - 900.1) < 900 * 0.005);
  });

  it('counts the values that a full bucket table cannot take, and keeps their sums', () => {
    const worker = new TestWorker(new Aggregate(), 1, { exactMax: 0, slotsMax: 256 });
    for (let i = 0; i < 1000; i++) worker.add('iteration_duration', 2 ** (i % 500));
    worker.flush();
    assert.equal(worker.aggregate.lostValues, 2 * (500 - 192));
    const { sink } = worker.aggregate.total(
      worker.aggregate.registry.define('iteration_duration', 'trend', 'time'),
    );
    assert.equal(sink.count, 1000);
    assert.ok(sink.type === 'trend' && sink.max === 2 ** 499);
  });

  it('puts samples of series past the bound into the series without tags', () => {
    const worker = new TestWorker(new Aggregate(), 1, { seriesMax: 2 });
    for (let i = 0; i < 10; i++) worker.add('iterations', 1, { n: `${i}` });
    worker.flush();
    assert.equal(worker.aggregate.series.length, 3);
    assert.deepEqual(
      worker.aggregate.series.map(({ sink }) => sink.count),
      [1, 1, 8],
    );
    assert.equal(worker.warnings.length, 1);
  });

  it('refuses NaN', () => {
    assert.throws(() => new TestWorker().add('iterations', Number.NaN), RangeError);
  });
});

describe('capture of raw samples', () => {
  it('keeps values, times and metadata in order', () => {
    const worker = new TestWorker(new Aggregate(), 1, { samplesPerBatch: 10 });
    const metadata = new Map([['vu', '1']]);
    worker.add('iterations', 1, {}, 5.5, metadata);
    worker.add('checks', 0, { check: 'c' }, 6.5, metadata);
    worker.add('iterations', 1, {}, 7.5, new Map());
    const samples = worker.recorder.takeSamples();
    assert.ok(samples !== undefined);
    assert.deepEqual([...samples.series], [0, 1, 0]);
    assert.deepEqual([...samples.values], [1, 0, 1]);
    assert.deepEqual([...samples.timesMs], [5.5, 6.5, 7.5]);
    assert.deepEqual([...samples.metadataIndexes], [1, 1, 0]);
    assert.deepEqual(samples.metadata, [[['vu', '1']]]);
    assert.equal(worker.recorder.takeSamples(), undefined);
  });

  it('hands over full batches', () => {
    const worker = new TestWorker(new Aggregate(), 1, { samplesPerBatch: 4 });
    for (let i = 0; i < 10; i++) worker.add('iterations', i);
    assert.deepEqual(
      worker.batches.map(({ values }) => [...values]),
      [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ],
    );
    assert.deepEqual([...(worker.recorder.takeSamples()?.values ?? [])], [8, 9]);
  });

  it('drops and counts samples while nobody takes them, and goes on afterwards', () => {
    const worker = new TestWorker(new Aggregate(), 1, { samplesPerBatch: 4 });
    worker.isTaking = false;
    for (let i = 0; i < 10; i++) worker.add('iterations', i);
    const late = worker.recorder.takeSamples();
    assert.deepEqual([...(late?.values ?? [])], [0, 1, 2, 3]);
    assert.equal(late?.droppedSamples, 6);
    worker.add('iterations', 11);
    assert.equal(worker.recorder.takeSamples()?.droppedSamples, 0);
    worker.flush();
    assert.equal(worker.aggregate.series[0]?.sink.count, 11);
  });
});

function metricOf(aggregate: Aggregate, name: string): Metric {
  const metric = aggregate.registry.get(name);
  assert.ok(metric !== undefined);
  return metric;
}
