/**
 * The worker threads of a run. The only place that makes a `Worker`.
 */
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerInit } from '../bridge/messages.ts';

const WORKER_ENTRY = new URL('../worker/main.js', import.meta.url);
/**
 * State that lives across a sleep or a round trip survives two scavenges with V8's default young
 * generation; a larger one halves the CPU of allocation-heavy loops (docs/benchmarks.md).
 */
const YOUNG_GENERATION_MIB = 32;
/** Threads must not run out of memory before the process does. */
const OLD_GENERATION_MIB = 16_384;
/** Deeply nested suspended calls need stack on resume. */
const STACK_MIB = 16;

export interface WorkerEvents {
  onMessage(worker: WorkerHandle, message: FromWorker): void;
  /** The thread ended by an error of ours, or could not be started. */
  onCrash(worker: WorkerHandle, error: Error): void;
}

/** One running thread. */
export class WorkerHandle {
  readonly index: number;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #isGone = false;

  constructor(init: WorkerInit, events: WorkerEvents) {
    this.index = init.workerIndex;
    this.#worker = new Worker(WORKER_ENTRY, {
      workerData: init,
      // What a host program was started with (loaders, --input-type) is not for our threads.
      execArgv: [],
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB,
        maxOldGenerationSizeMb: OLD_GENERATION_MIB,
        stackSizeMb: STACK_MIB,
      },
    });
    this.#worker.on('message', (message: FromWorker) => {
      if (!this.#isGone) events.onMessage(this, message);
    });
    this.#worker.on('error', (error: Error) => {
      if (!this.#isGone) events.onCrash(this, error);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
  }

  send(message: ToWorker): void {
    if (!this.#isGone) this.#worker.postMessage(message);
  }

  /** Ends the thread wherever it is; messages that are still on their way are ignored. */
  async terminate(): Promise<void> {
    this.#isGone = true;
    await this.#worker.terminate();
    await this.#exited;
  }
}
