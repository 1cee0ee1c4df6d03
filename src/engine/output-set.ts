/** The outputs of one run, together: started, stopped, and asked what they have lost. */
import type { Output, OutputLoss, RunInfo, RunResult } from '../output/output.ts';

export class OutputSet {
  readonly all: readonly Output[];
  readonly #started: Output[] = [];
  /** Those whose start or stop has not settled. */
  readonly #busy = new Set<Output>();

  constructor(all: readonly Output[]) {
    this.all = all;
  }

  get needsSamples(): boolean {
    return this.all.some(({ needs }) => needs === 'samples');
  }

  /** Descriptions of the outputs that are waited for. */
  get activity(): string {
    return [...this.#busy].map(({ description }) => description).join(', ');
  }

  /** One after the other. Rejects as the first one does that cannot start. */
  async start(info: RunInfo): Promise<void> {
    for (const output of this.all) {
      this.#busy.add(output);
      try {
        await output.start(info);
      } finally {
        this.#busy.delete(output);
      }
      this.#started.push(output);
    }
  }

  /** Stops those that have started, at the same time: each may wait for a server that is gone. */
  async stop(result: RunResult): Promise<readonly OutputLoss[]> {
    await Promise.all(
      this.#started.map(async (output) => {
        this.#busy.add(output);
        try {
          await output.stop(result);
        } finally {
          this.#busy.delete(output);
        }
      }),
    );
    return this.#started.flatMap(({ description, losses }) =>
      losses === undefined ? [] : [{ output: description, ...losses }],
    );
  }
}
