/** For tests: what a run feeds to an output, without the run. */
import { Aggregate } from '../../metrics/aggregate.ts';
import { TestWorker } from '../../metrics/testing/recording.ts';
import type { ThresholdSet } from '../../metrics/threshold.ts';
import { type Output, type RunResult, resolveSamples } from '../output.ts';

export function capturingWorker(samplesPerBatch = 1000): TestWorker {
  return new TestWorker(new Aggregate(), 1, { samplesPerBatch });
}

/** Ends the worker's tick and shows it to the output: samples first, then the aggregate. */
export function feed(output: Output, worker: TestWorker): void {
  const late = worker.recorder.takeSamples();
  for (const raw of [...worker.batches.splice(0), ...(late === undefined ? [] : [late])]) {
    output.onSamples?.(resolveSamples(worker.aggregate, raw));
  }
  worker.flush();
  output.onTick?.(worker.aggregate);
}

export function resultOf(worker: TestWorker, facts: Partial<RunResult> = {}): RunResult {
  return {
    aggregate: worker.aggregate,
    durationMs: 1000,
    failedThresholds: [],
    error: undefined,
    ...facts,
  };
}

/** A whole run: start, what the worker has captured, stop. */
export async function runThrough(
  output: Output,
  worker: TestWorker,
  thresholds?: ThresholdSet,
): Promise<void> {
  await output.start({ aggregate: worker.aggregate, thresholds, startMs: 0 });
  feed(output, worker);
  await output.stop(resultOf(worker));
}
