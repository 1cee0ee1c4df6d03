/**
 * What an executor needs from the worker that runs it. The worker implements it with real VUs and
 * timers; tests implement it with fakes and virtual time. Executors run no script code themselves.
 */

/** A VU activated for one scenario. */
export interface ActiveVu {
  readonly id: number;
  /** Runs one iteration; `onEnd` is called exactly once, never before iterate() has returned. */
  iterate(onEnd: (outcome: IterationOutcome) => void): void;
  /** Hard stop: the running iteration ends as interrupted (its onEnd is still called). Nothing if idle. */
  interrupt(): void;
  /** Gives the VU back to the pool; it must be idle. */
  release(): void;
}

export type IterationOutcome = 'complete' | 'interrupted';

export interface ScenarioPort {
  /** Monotonic epoch ms. */
  nowMs(): number;
  /** Calls back at or after `dueMs`, never before at() has returned; returns a cancel function. */
  at(dueMs: number, onDue: () => void): () => void;
  /**
   * Calls back in a later turn of the event loop, after pending I/O had its chance, without further
   * delay (setImmediate). Executors call it at most once a turn.
   */
  later(run: () => void): void;
  /** Takes an idle, initialised VU from the pool and activates it for this scenario. Undefined if none is idle. */
  acquire(): ActiveVu | undefined;
  /** Initialises one more VU in the background (arrival-rate, maxVUs); calls back when it is in the pool. */
  initializeExtra(onReady: (isReady: boolean) => void): void;
  /** shared-iterations: takes one iteration off the process-wide counter; false when none is left. */
  claimShared(): boolean;
  /** Iterations left on that counter. */
  sharedLeft(): number;
  /** Sets that counter to 0 in one atomic step and returns what was left: the dropped iterations. */
  takeSharedLeft(): number;
  /** Records dropped_iterations; `vuId` for the per-VU executor. */
  drop(count: number, vuId?: number): void;
  warn(message: string): void;
}
