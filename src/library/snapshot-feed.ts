/**
 * Snapshots of a run for those who iterate over them. An output like others: each tick wakes those who wait.
 *
 * Nothing is queued. A snapshot is made when somebody asks for one and there is news, so who iterates
 * slowly skips ticks and gets the latest state, and costs the run nothing.
 */
import type { RunStatus } from '../engine/run-contract.ts';
import type { Output, RunInfo } from '../output/output.ts';
import { type Snapshot, snapshotOf } from './run-state.ts';

export class SnapshotFeed implements Output {
  readonly description = 'snapshots';
  readonly needs = 'aggregate';
  #info: RunInfo | undefined;
  #read: (() => RunStatus) | undefined;
  /** Goes up with each tick; 0 = none yet. */
  #tick = 0;
  #isOver = false;
  #error: unknown;
  #waiting: (() => void)[] = [];

  follow(read: () => RunStatus): void {
    this.#read = read;
  }

  start(info: RunInfo): void {
    this.#info = info;
  }

  onTick(): void {
    this.#tick += 1;
    this.#wake();
  }

  stop(): void {}

  /** There is nothing more to come; iterators end, or throw the error. */
  end(error?: unknown): void {
    this.#isOver = true;
    this.#error = error;
    this.#wake();
  }

  /** From the next tick on, until the run is over. */
  async *iterate(): AsyncGenerator<Snapshot, void, void> {
    let seen = 0;
    for (;;) {
      if (this.#tick > seen && this.#info !== undefined && this.#read !== undefined) {
        seen = this.#tick;
        yield snapshotOf(this.#read(), this.#info.aggregate, this.#info.thresholds);
      } else if (this.#isOver) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
