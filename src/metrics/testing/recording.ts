/** For tests: one or more recorders wired to an aggregate, without threads. */
import { Aggregate } from '../aggregate.ts';
import { MetricRegistry, type MetricType, type ValueType } from '../metric.ts';
import { Recorder, type RecorderOptions } from '../recorder.ts';
import type { RawSamples, RecorderBuffers } from '../snapshot.ts';
import { TagSpace } from '../tag-set.ts';

/** One pretended worker. */
export class TestWorker {
  readonly registry = new MetricRegistry();
  readonly space = new TagSpace();
  readonly recorder: Recorder;
  readonly aggregate: Aggregate;
  readonly warnings: string[] = [];
  readonly batches: RawSamples[] = [];
  /** Whether the other side takes batches of raw samples. */
  isTaking = true;
  buffers: RecorderBuffers | undefined;
  #tick = 0;

  constructor(
    aggregate: Aggregate = new Aggregate(),
    workerId = 1,
    options: Partial<RecorderOptions> = {},
  ) {
    this.aggregate = aggregate;
    this.recorder = new Recorder(
      { workerId, startMs: 0, ...options },
      {
        defineSeries: (definition) => {
          aggregate.defineSeries(workerId, definition);
        },
        shareBuffers: (buffers) => {
          this.buffers = buffers;
        },
        warn: (message) => {
          this.warnings.push(message);
        },
        acceptSamples: (samples) => {
          if (this.isTaking) this.batches.push(samples);
          return this.isTaking;
        },
      },
    );
  }

  /** Defines a metric here and there, as init code does. */
  define(name: string, type: MetricType, contains: ValueType = 'default'): void {
    this.registry.define(name, type, contains);
    this.aggregate.registry.define(name, type, contains);
  }

  add(
    name: string,
    value: number,
    tags: Readonly<Record<string, string>> = {},
    timeMs = 0,
    metadata?: ReadonlyMap<string, string>,
  ): void {
    const metric = this.registry.get(name);
    if (metric === undefined) throw new Error(`no metric ${name}`);
    const series = this.recorder.series(metric, this.space.empty.withAll(tags));
    this.recorder.add(series, value, timeMs, metadata);
  }

  /** Ends the tick and merges it. */
  flush(): boolean {
    this.#tick++;
    return this.aggregate.merge(this.recorder.snapshot(this.#tick, this.#tick * 1000));
  }

  /** Loses a tick, as if its message never arrived. */
  lose(): void {
    this.#tick++;
    this.recorder.snapshot(this.#tick, this.#tick * 1000);
  }
}
