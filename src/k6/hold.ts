/** One reason for an iteration to go on: work of the host that the script waits for. */
import type { IterationResource, VuHost } from './host.ts';

/** Keeps the iteration alive until it is released; an interruption or failure ends it too. */
export class Hold implements IterationResource {
  readonly kind = 'other';
  readonly #host: VuHost;
  #isActive = true;

  constructor(host: VuHost) {
    this.#host = host;
    host.hold();
    host.addResource(this);
  }

  /** False once released, or when the iteration it belonged to is over. */
  get isActive(): boolean {
    return this.#isActive;
  }

  release(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#host.removeResource(this);
    this.#host.release();
  }

  drop(): void {
    this.#isActive = false;
  }

  windDown(): void {
    this.release();
  }
}
