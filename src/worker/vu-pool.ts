/**
 * The virtual users of one worker: made once, handed out to scenarios first-in-first-out, and given
 * back, so that scenarios that do not overlap use the same VUs.
 */
import { nowMs } from '../base/clock.ts';
import type { TimerHeap } from '../base/timer-heap.ts';
import type { ActiveVu, IterationOutcome } from '../schedule/ports.ts';
import type { VuEnvironment } from '../vu/environment.ts';
import { type Activation, type RunEnd, VirtualUser } from '../vu/virtual-user.ts';

export interface VuPoolOptions {
  readonly environment: VuEnvironment;
  readonly timers: TimerHeap;
  readonly minIterationDurationMs: number;
  /** A VU was made, or began or ended to be active. */
  onInitialized(): void;
  onActive(change: 1 | -1): void;
}

export class VuPool {
  readonly #options: VuPoolOptions;
  readonly #idle: VirtualUser[] = [];
  readonly all: VirtualUser[] = [];
  #setupData: string | undefined;

  constructor(options: VuPoolOptions) {
    this.#options = options;
  }

  /** Runs the init code of a new VU; `onEnd` hears how that went. */
  initialize(id: number, onEnd: (end: RunEnd) => void): void {
    const vu = new VirtualUser(this.#options.environment, id);
    vu.initialize((end) => {
      if (end.outcome === 'complete') {
        vu.setSetupData(this.#setupData);
        this.all.push(vu);
        this.#idle.push(vu);
        this.#options.onInitialized();
      }
      onEnd(end);
    });
  }

  /** JSON of what setup() returned; also for VUs that are made later. */
  setSetupData(json: string | undefined): void {
    this.#setupData = json;
    for (const vu of this.all) vu.setSetupData(json);
  }

  /**
   * Activates an idle VU. It counts as active until it is released, or with `isActiveInIterations` only
   * while it iterates.
   */
  acquire(activation: Activation, isActiveInIterations: boolean): ActiveVu | undefined {
    const vu = this.#idle.shift();
    if (vu === undefined) return undefined;
    vu.activate(activation);
    if (!isActiveInIterations) this.#options.onActive(1);
    return this.#activeVu(vu, isActiveInIterations);
  }

  interruptAll(): void {
    for (const vu of this.all) vu.interrupt();
  }

  #activeVu(vu: VirtualUser, isActiveInIterations: boolean): ActiveVu {
    const { minIterationDurationMs, timers, onActive } = this.#options;
    let cancelWait: (() => void) | undefined;
    return {
      id: vu.id,
      iterate: (onEnd: (outcome: IterationOutcome) => void): void => {
        const startMs = nowMs();
        if (isActiveInIterations) onActive(1);
        vu.iterate((outcome) => {
          if (isActiveInIterations) onActive(-1);
          const restMs = minIterationDurationMs - (nowMs() - startMs);
          if (outcome === 'interrupted' || restMs <= 0) {
            onEnd(outcome);
            return;
          }
          const end = (): void => {
            cancelWait = undefined;
            onEnd(outcome);
          };
          const timer = timers.set(startMs + minIterationDurationMs, end);
          cancelWait = () => {
            timer.cancel();
            end();
          };
        });
      },
      interrupt: (): void => {
        if (cancelWait !== undefined) cancelWait();
        else vu.interrupt();
      },
      release: (): void => {
        if (!isActiveInIterations) onActive(-1);
        this.#idle.push(vu);
      },
    };
  }
}
