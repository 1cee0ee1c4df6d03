/** Callbacks for the next turn of the event loop; all of one turn share one wake-up. */

export class LaterQueue {
  #callbacks: (() => void)[] = [];

  /** Cost: one array push; the first of a turn also sets an immediate. */
  readonly push = (callback: () => void): void => {
    if (this.#callbacks.length === 0) setImmediate(this.#run);
    this.#callbacks.push(callback);
  };

  readonly #run = (): void => {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  };
}
