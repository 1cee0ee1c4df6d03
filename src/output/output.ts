/**
 * The contract of outputs: consumers of a run's results.
 *
 * An output reads the merged aggregate at each tick, or gets every sample if it asks for them. Accepting is
 * synchronous and must be quick; sending or flushing is the output's own affair, bounded by itself.
 */
import type { Aggregate, AggregateSeries } from '../metrics/aggregate.ts';
import type { RawSamples } from '../metrics/snapshot.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';

/** What an output knows before the first sample. */
export interface RunInfo {
  readonly aggregate: Aggregate;
  /** Undefined with `--no-thresholds`. */
  readonly thresholds: ThresholdSet | undefined;
  /** Epoch ms. */
  readonly startMs: number;
}

/** What an output knows after the last sample. */
export interface RunResult {
  readonly aggregate: Aggregate;
  readonly durationMs: number;
  /** Names of metrics with crossed thresholds. */
  readonly failedThresholds: readonly string[];
  /** Why the run ended early or failed; undefined if all went well. */
  readonly error: Error | undefined;
}

/** Samples in order of arrival from one worker, column by column; borrowed until the call returns. */
export interface SampleBatch {
  /** One entry per sample. */
  readonly series: readonly AggregateSeries[];
  readonly values: Float64Array;
  /** Epoch ms with a fraction. */
  readonly timesMs: Float64Array;
  /** Pairs that belong to a sample but not to its series (`vu`, `iter`, the script's own), or undefined. */
  metadataOf(index: number): readonly (readonly [string, string])[] | undefined;
  /** Samples lost just before this batch since outputs were too slow. */
  readonly droppedSamples: number;
}

/** What did not get to where an output sends it, counted from the beginning of the run. */
export interface OutputLosses {
  /** Batches that did not get through, of all that were to be sent; 0 of 0 where there are no batches. */
  readonly batchesLost: number;
  readonly batches: number;
  /**
   * Samples that are missing at the other end. Where each batch has the totals of the run, those since the last
   * batch that got through.
   */
  readonly samplesLost: number;
  /** The last reason, in a few words. */
  readonly reason: string;
}

/** Losses with those that came before any batch was made: samples that came faster than they were taken. */
export function withDropped(
  losses: OutputLosses | undefined,
  droppedSamples: number,
): OutputLosses | undefined {
  if (droppedSamples === 0) return losses;
  const { batchesLost = 0, batches = 0, samplesLost = 0, reason } = losses ?? {};
  return {
    batchesLost,
    batches,
    samplesLost: samplesLost + droppedSamples,
    reason: reason ?? 'samples came faster than they could be written',
  };
}

/** The losses of one output of a run. */
export interface OutputLoss extends OutputLosses {
  /** Its description. */
  readonly output: string;
}

export interface Output {
  /** As the header of a run shows it: `json (results.json)`. */
  readonly description: string;
  /** 'samples' turns on the transfer of every sample, which costs CPU in all threads. */
  readonly needs: 'aggregate' | 'samples';
  /** Errors end the run before it begins (OUTPUT_FAILED). */
  start(info: RunInfo): void | Promise<void>;
  /** Called if `needs` is 'samples'. Must not throw: runtime failures are logged by the output. */
  onSamples?(batch: SampleBatch): void;
  /** After each merge of all workers' snapshots. Must not throw. */
  onTick?(aggregate: Aggregate): void;
  /** Writes what is left and closes. */
  stop(result: RunResult): void | Promise<void>;
  /** Read once after `stop`: what could not be handed over. Undefined = all got through. */
  readonly losses?: OutputLosses | undefined;
}

/** A text stream that somebody else owns, e.g. the process's stdout. */
export interface TextWriter {
  write(text: string): void;
}

/** Gives raw samples of a worker the names they go by. Their series must be defined in the aggregate. */
export function resolveSamples(aggregate: Aggregate, raw: RawSamples): SampleBatch {
  const series: AggregateSeries[] = [];
  for (const id of raw.series) series.push(aggregate.seriesOf(raw.workerId, id));
  return {
    series,
    values: raw.values,
    timesMs: raw.timesMs,
    metadataOf: (index) => raw.metadata[(raw.metadataIndexes[index] ?? 0) - 1],
    droppedSamples: raw.droppedSamples,
  };
}
