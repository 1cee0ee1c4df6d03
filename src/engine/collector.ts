/**
 * Gathers what the workers measure: series, snapshots and raw samples go in, one aggregate comes out,
 * and the outputs see both. Also takes the samples that only the main thread can: `vus`, `vus_max`,
 * `ws_sockets_open`.
 */
import { nowMs } from '../base/clock.ts';
import type { FromWorker } from '../bridge/messages.ts';
import type { InstanceCounts } from '../bridge/run-counters.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { Metric } from '../metrics/metric.ts';
import { Recorder } from '../metrics/recorder.ts';
import {
  encodeSnapshot,
  type RawSamples,
  type RecorderBuffers,
  type SeriesDefinition,
} from '../metrics/snapshot.ts';
import { TagSpace } from '../metrics/tag-set.ts';
import { type Output, resolveSamples } from '../output/output.ts';

/** The main thread's own recorder; worker indexes are never negative. */
const MAIN_ID = -1;

export class Collector {
  readonly #aggregate: Aggregate;
  readonly #buffers = new Map<number, RecorderBuffers>();
  readonly #lastTick = new Map<number, number>();
  readonly #outputs: readonly Output[];
  readonly #recorder: Recorder;
  readonly #seriesOf: (name: 'vus' | 'vus_max' | 'ws_sockets_open') => number;
  /** False if the script has a metric of that name. */
  readonly #countsSockets: boolean;
  #hasSockets = false;

  constructor(
    aggregate: Aggregate,
    outputs: readonly Output[],
    runTags: Readonly<Record<string, string>>,
    samplesPerBatch: number,
  ) {
    this.#aggregate = aggregate;
    this.#outputs = outputs;
    this.#recorder = new Recorder(
      { workerId: MAIN_ID, startMs: nowMs(), samplesPerBatch },
      {
        defineSeries: (definition) => this.#define(MAIN_ID, definition),
        shareBuffers: () => {},
        warn: () => {},
      },
    );
    const tags = new TagSpace().empty.withAll(runTags);
    const { registry } = aggregate;
    this.#seriesOf = (name) => this.#recorder.series(registry.get(name) as Metric, tags); // built in
    this.#countsSockets = registry.get('ws_sockets_open')?.isBuiltin === true;
  }

  /** Takes what concerns it; true if it did. */
  take(workerIndex: number, message: FromWorker): boolean {
    switch (message.kind) {
      case 'series':
        this.#define(workerIndex, message.definition);
        return true;
      case 'buffers':
        this.#buffers.set(workerIndex, message.buffers);
        return true;
      case 'samples':
        this.#passSamples(message.samples);
        return true;
      case 'snapshot':
        this.#lastTick.set(workerIndex, message.snapshot.tick);
        this.#aggregate.merge(message.snapshot);
        return true;
      default:
        return false;
    }
  }

  /** Reads the last deltas of a worker whose thread was ended. */
  rescue(workerIndex: number): void {
    const buffers = this.#buffers.get(workerIndex);
    if (buffers === undefined) return;
    const tick = (this.#lastTick.get(workerIndex) ?? 0) + 1;
    this.#aggregate.merge(encodeSnapshot(buffers, { workerId: workerIndex, tick, toMs: nowMs() }));
  }

  /** Samples `vus`, `vus_max` and `ws_sockets_open`. */
  sampleCounts({ vusActive, vusInitialized, socketsOpen }: InstanceCounts): void {
    const timeMs = nowMs();
    this.#recorder.add(this.#seriesOf('vus'), vusActive, timeMs);
    this.#recorder.add(this.#seriesOf('vus_max'), vusInitialized, timeMs);
    this.sampleSockets(socketsOpen);
  }

  /** Samples `ws_sockets_open`, if there has been a socket. */
  sampleSockets(socketsOpen: number): void {
    this.#hasSockets ||= socketsOpen > 0;
    if (this.#hasSockets && this.#countsSockets)
      this.#recorder.add(this.#seriesOf('ws_sockets_open'), socketsOpen, nowMs());
  }

  /** Merges the main thread's own samples and shows the state to the outputs. */
  tick(): void {
    const samples = this.#recorder.takeSamples();
    if (samples !== undefined) this.#passSamples(samples);
    const tick = (this.#lastTick.get(MAIN_ID) ?? 0) + 1;
    this.#lastTick.set(MAIN_ID, tick);
    this.#aggregate.merge(this.#recorder.snapshot(tick, nowMs()));
    for (const output of this.#outputs) output.onTick?.(this.#aggregate);
  }

  #define(workerIndex: number, definition: SeriesDefinition): void {
    this.#aggregate.defineSeries(workerIndex, definition);
  }

  #passSamples(samples: RawSamples): void {
    const batch = resolveSamples(this.#aggregate, samples);
    for (const output of this.#outputs) output.onSamples?.(batch);
  }
}
