/** Whether a run is to end early, and why. */
import { type StopReason, stopError } from './stop-reason.ts';

/** Pulled once, never reset: the first reason wins. */
export class StopSwitch {
  /** Resolves when it is pulled. */
  readonly pulled: Promise<void>;
  #onPull: () => void = () => {};
  #reason: StopReason | undefined;

  constructor() {
    this.pulled = new Promise((resolve) => {
      this.#onPull = resolve;
    });
  }

  get reason(): StopReason | undefined {
    return this.#reason;
  }

  get isPulled(): boolean {
    return this.#reason !== undefined;
  }

  /** What to report for the reason; undefined as long as there is none. */
  get failure(): ReturnType<typeof stopError> | undefined {
    return this.#reason === undefined ? undefined : stopError(this.#reason);
  }

  /** False if it had been pulled before. */
  pull(reason: StopReason): boolean {
    if (this.#reason !== undefined) return false;
    this.#reason = reason;
    this.#onPull();
    return true;
  }

  /** @throws GharialError the failure, once there is a reason. */
  assertNotPulled(): void {
    const { failure } = this;
    if (failure !== undefined) throw failure;
  }
}
