import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TestWorker } from '../metrics/testing/recording.ts';
import { type HistoryChange, RunHistory } from './history.ts';
import type { Cell, RunHistoryData, SliceHistory } from './protocol.ts';

/** What a page would hold that was connected all the time. */
class Follower {
  data: RunHistoryData;
  readonly #history: RunHistory;

  constructor(history: RunHistory) {
    this.#history = history;
    this.data = structuredClone(history.data());
  }

  take({ row, isRescaled }: HistoryChange): void {
    if (isRescaled) this.data = structuredClone(this.#history.data());
    if (row === undefined) return;
    const { timeMs, newSlices, cells, foldedTags, sameTags = this.data.sameTags } = row;
    const slices = [...this.data.slices, ...structuredClone(newSlices)].map((slice) => {
      const values = cells.find(([id]) => id === slice.id)?.slice(1);
      const columns = slice.columns.map((column, field) => [
        ...column,
        values?.[field] ?? (slice.type === 'trend' && field > 0 ? null : 0),
      ]);
      return { ...slice, columns };
    });
    const timesMs = [...this.data.timesMs, timeMs];
    this.data = { ...this.data, timesMs, slices, foldedTags, sameTags };
  }
}

function sliceOf(
  data: RunHistoryData,
  metric: string,
  tag?: string,
  value?: string,
): SliceHistory | undefined {
  return data.slices.find(
    (slice) => slice.metric === metric && slice.tag === tag && slice.value === value,
  );
}

function columnOf(slice: SliceHistory | undefined, field: number): readonly Cell[] {
  return slice?.columns[field] ?? [];
}

function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? 0;
  const high = sorted[Math.ceil(position)] ?? 0;
  return low + (high - low) * (position - Math.floor(position));
}

test('each interval has the percentiles of its own samples, however often the length has doubled', () => {
  const periods = fc.array(
    fc.array(fc.double({ min: 0.01, max: 5000, noNaN: true }), { maxLength: 30 }),
    {
      minLength: 1,
      maxLength: 70,
    },
  );
  fc.assert(
    fc.property(periods, (samples) => {
      const worker = new TestWorker();
      const history = new RunHistory(worker.aggregate, { periodMs: 1000, intervalsMax: 8 });
      const follower = new Follower(history);
      for (const [index, values] of samples.entries()) {
        for (const value of values) worker.add('ws_ping', value);
        worker.flush();
        follower.take(history.addPeriod((index + 1) * 1000));
      }
      const data = history.data();
      assert.ok(data.timesMs.length < 8);
      assert.deepEqual(follower.data, structuredClone(data));
      const width = data.intervalMs / 1000;
      const slice = sliceOf(data, 'ws_ping');
      for (const [at, timeMs] of data.timesMs.entries()) {
        assert.equal(timeMs, (at + 1) * data.intervalMs);
        const own = samples.slice(at * width, (at + 1) * width).flat();
        if (slice === undefined) continue;
        assert.equal(columnOf(slice, 0)[at], own.length);
        const p95 = columnOf(slice, 3)[at];
        if (own.length === 0) assert.equal(p95, null);
        else {
          // Bucketed values are within 0.39 %, and the interpolation lies between two of them.
          const sorted = [...own].sort((a, b) => a - b);
          const position = 0.95 * (own.length - 1);
          const low = (sorted[Math.floor(position)] ?? 0) * 0.995;
          const high = (sorted[Math.ceil(position)] ?? 0) * 1.005;
          assert.ok(typeof p95 === 'number' && p95 >= low && p95 <= high, `${p95} of ${own}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('percentiles of intervals of one period are exact while there are few samples', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000 });
  const values = [1.5, 2.25, 40, 3, 7, 100.5];
  for (const value of values) worker.add('ws_ping', value);
  worker.flush();
  history.addPeriod(1000);
  const slice = sliceOf(history.data(), 'ws_ping');
  const read = [1, 2, 3, 4].map((field) => columnOf(slice, field)[0]);
  const exact = [50, 90, 95, 99].map((percent) =>
    Number(exactPercentile(values, percent).toPrecision(5)),
  );
  assert.deepEqual(read, exact);
  assert.equal(columnOf(slice, 5)[0], 100.5);
});

test('counters sum up per interval, gauges keep the last value, rates count passes', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000, intervalsMax: 4 });
  for (const second of [1, 2, 3, 4]) {
    worker.add('iterations', second);
    worker.add('vus', second * 10);
    worker.add('checks', second % 2);
    worker.flush();
    history.addPeriod(second * 1000);
  }
  const data = history.data();
  assert.equal(data.intervalMs, 2000);
  assert.deepEqual(sliceOf(data, 'iterations')?.columns, [[3, 7]]);
  assert.deepEqual(sliceOf(data, 'vus')?.columns, [[20, 40]]);
  assert.deepEqual(sliceOf(data, 'checks')?.columns, [
    [1, 1],
    [2, 2],
  ]);
});

test('a tag gets lines when a second value turns up, with what came before', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000 });
  worker.add('iterations', 5, { scenario: 'a' });
  worker.flush();
  history.addPeriod(1000);
  assert.equal(sliceOf(history.data(), 'iterations', 'scenario', 'a'), undefined);
  assert.deepEqual(history.data().sameTags, [['iterations', 'scenario', 'a']]);

  worker.add('iterations', 2, { scenario: 'a' });
  worker.add('iterations', 1, { scenario: 'b' });
  worker.flush();
  const { row } = history.addPeriod(2000);
  assert.deepEqual(
    row?.newSlices.map(({ value, columns }) => [value, columns]),
    [
      ['a', [[5]]],
      ['b', [[0]]],
    ],
  );
  assert.deepEqual(sliceOf(history.data(), 'iterations', 'scenario', 'a')?.columns, [[5, 2]]);
  assert.deepEqual(sliceOf(history.data(), 'iterations', 'scenario', 'b')?.columns, [[0, 1]]);
  assert.deepEqual(history.data().sameTags, []);
});

test('samples without a tag make its first value a part', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000 });
  worker.add('iterations', 5, { scenario: 'a' });
  worker.add('iterations', 1);
  worker.flush();
  history.addPeriod(1000);
  assert.deepEqual(sliceOf(history.data(), 'iterations', 'scenario', 'a')?.columns, [[5]]);
  assert.deepEqual(sliceOf(history.data(), 'iterations')?.columns, [[6]]);
});

test('tags with many values are bounded, and that is told', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000 });
  for (let user = 0; user < 500; user++) worker.add('iterations', 1, { user: String(user) });
  worker.flush();
  history.addPeriod(1000);
  const data = history.data();
  assert.equal(data.slices.filter(({ tag }) => tag === 'user').length, 12);
  assert.deepEqual(data.foldedTags, ['user']);
  assert.deepEqual(sliceOf(data, 'iterations')?.columns, [[500]]);
});

test('only the tags that were asked for get lines', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000, tagsShown: ['room'] });
  worker.add('iterations', 1, { room: 'x', url: '1' });
  worker.add('iterations', 1, { room: 'y', url: '2' });
  worker.flush();
  history.addPeriod(1000);
  const tags = history.data().slices.map(({ tag }) => tag);
  assert.deepEqual(tags, [undefined, 'room', 'room']);
});

test('what came after the last whole interval is in a shorter one at the end, and nothing is lost', () => {
  const worker = new TestWorker();
  const history = new RunHistory(worker.aggregate, { periodMs: 1000, intervalsMax: 4 });
  for (let second = 1; second <= 7; second++) {
    worker.add('iterations', 1);
    worker.flush();
    history.addPeriod(second * 1000);
  }
  worker.add('iterations', 1);
  worker.flush();
  history.finish(7300);
  for (const cellsMax of [undefined, 2]) {
    const data = history.data(cellsMax);
    const [sums = []] = sliceOf(data, 'iterations')?.columns ?? [];
    assert.equal(
      sums.reduce<number>((sum, cell) => sum + (cell ?? 0), 0),
      8,
    );
    assert.equal(data.timesMs.at(-1), 7300);
  }
  assert.ok(history.data(2).timesMs.length <= 2);
});
