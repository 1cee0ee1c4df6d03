/**
 * The workers of one run, together: spawn them, tell all of them something, wait until each has
 * answered, and end those that do not answer any more.
 */
import { GharialError } from '../base/errors.ts';
import type { FromWorker, ToWorker, WorkerScript } from '../bridge/messages.ts';
import { WorkerHandle } from './pool.ts';
import { waitFor } from './wait.ts';

/** How long a worker may stay silent when its answer is due, before its thread is ended. */
export const SILENCE_MS = 1000;

export interface CrewEvents {
  /** Every message that is not an answer somebody waits for passes here too. */
  onMessage(workerIndex: number, message: FromWorker): void;
  /** A thread ended by itself; its recorder's arrays can be read now. */
  onCrash(workerIndex: number, error: GharialError): void;
  /** A thread was ended because it did not answer; its recorder's arrays can be read now. */
  onLost(workerIndex: number): void;
}

/** Answers that are due. */
export interface Answers {
  readonly all: Promise<void>;
  /** Workers whose answer has not come yet. */
  missing(): number[];
}

interface Waiter {
  readonly pending: Set<number>;
  readonly isAnswer: (message: FromWorker) => boolean;
  readonly resolve: () => void;
}

export class Crew {
  readonly #isVerbose: boolean;
  readonly #events: CrewEvents;
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #waiters = new Set<Waiter>();

  #script: WorkerScript | undefined;
  #nextIndex = 0;

  constructor(isVerbose: boolean, events: CrewEvents) {
    this.#isVerbose = isVerbose;
    this.#events = events;
  }

  get indexes(): number[] {
    return [...this.#workers.keys()];
  }

  has(index: number): boolean {
    return this.#workers.has(index);
  }

  /** Gives the script to all workers, those of later too. */
  load(script: WorkerScript): void {
    this.#script = script;
    this.broadcast({ kind: 'load', script });
  }

  /**
   * Starts one more thread and gives its index, which is never used again; the thread loads its own code
   * while the script may still be in the making.
   */
  spawn(): number {
    const index = this.#nextIndex;
    this.#nextIndex += 1;
    this.#start(index);
    return index;
  }

  #start(index: number): void {
    const handle = new WorkerHandle(
      { workerIndex: index, isVerbose: this.#isVerbose },
      {
        onMessage: (worker, message) => {
          this.#events.onMessage(worker.index, message);
          this.#settle(worker.index, message);
        },
        onCrash: (worker, reason, cause) => {
          this.#forget(worker.index);
          this.#events.onCrash(
            worker.index,
            new GharialError('WORKER_DIED', `a worker thread died: ${reason}`, { cause }),
          );
        },
      },
    );
    this.#workers.set(index, handle);
    if (this.#script !== undefined) handle.send({ kind: 'load', script: this.#script });
  }

  send(index: number, message: ToWorker): void {
    this.#workers.get(index)?.send(message);
  }

  broadcast(message: ToWorker): void {
    for (const worker of this.#workers.values()) worker.send(message);
  }

  /** Waits until each of these workers has sent an answer, or is gone. */
  answers(indexes: readonly number[], isAnswer: (message: FromWorker) => boolean): Answers {
    const pending = new Set(indexes.filter((index) => this.#workers.has(index)));
    const all = new Promise<void>((resolve) => {
      if (pending.size === 0) resolve();
      else this.#waiters.add({ pending, isAnswer, resolve });
    });
    return { all, missing: () => [...pending] };
  }

  /** Waits a little for answers that are due; threads that stay silent are ended. */
  async awaitOrLose(answers: Answers): Promise<void> {
    const silence = waitFor(SILENCE_MS);
    await Promise.race([answers.all, silence.promise]);
    silence.cancel();
    await Promise.all(answers.missing().map((index) => this.#lose(index)));
  }

  async terminateAll(): Promise<void> {
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /** Puts a new thread in the place of one that has nothing to do, whose memory is worth having back. */
  async renew(index: number): Promise<void> {
    await this.#workers.get(index)?.terminate();
    this.#start(index);
  }

  async #lose(index: number): Promise<void> {
    const worker = this.#workers.get(index);
    if (worker === undefined) return;
    await worker.terminate();
    this.#events.onLost(index);
    this.#forget(index);
  }

  #forget(index: number): void {
    this.#workers.delete(index);
    for (const waiter of this.#waiters) this.#answered(waiter, index);
  }

  #settle(index: number, message: FromWorker): void {
    for (const waiter of this.#waiters) {
      if (waiter.isAnswer(message)) this.#answered(waiter, index);
    }
  }

  #answered(waiter: Waiter, index: number): void {
    waiter.pending.delete(index);
    if (waiter.pending.size > 0) return;
    this.#waiters.delete(waiter);
    waiter.resolve();
  }
}
