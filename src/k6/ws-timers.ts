/** `socket.setTimeout` and `socket.setInterval` of `k6/ws`: they live as long as their socket. */
import { nowMs } from '../base/clock.ts';
import type { TimerHandle, VuHost } from './host.ts';

/** Ticks of one interval that may wait for a busy script; further ones are dropped. */
const PENDING_TICKS_MAX = 2;

/** Calls `fire` once, or at a fixed rate; `fire` says by `done` when the tick has been worked off. */
export class SocketTimer {
  readonly #host: VuHost;
  readonly #delayMs: number;
  readonly #isRepeating: boolean;
  readonly #fire: (done: () => void) => void;
  #handle: TimerHandle;
  #dueMs: number;
  #pendingCount = 0;

  constructor(
    host: VuHost,
    delayMs: number,
    isRepeating: boolean,
    fire: (done: () => void) => void,
  ) {
    this.#host = host;
    this.#delayMs = delayMs;
    this.#isRepeating = isRepeating;
    this.#fire = fire;
    this.#dueMs = nowMs() + delayMs;
    this.#handle = host.setTimer(delayMs, () => this.#onDue());
  }

  cancel(): void {
    this.#handle.cancel();
  }

  #onDue(): void {
    if (this.#isRepeating) {
      const now = nowMs();
      // The next point of the grid that lies ahead: missed ones are not made up for.
      const missed = Math.max(Math.floor((now - this.#dueMs) / this.#delayMs), 0);
      this.#dueMs += (missed + 1) * this.#delayMs;
      this.#handle = this.#host.setTimer(Math.max(this.#dueMs - now, 0), () => this.#onDue());
    }
    if (this.#pendingCount >= PENDING_TICKS_MAX) return;
    this.#pendingCount += 1;
    this.#fire(() => {
      this.#pendingCount -= 1;
    });
  }
}
