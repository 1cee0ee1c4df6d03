/**
 * Holds a connection back when messages arrive faster than the script takes them, so that a flood, or a
 * script that sleeps, fills the network's buffers and not ours; and when the script asks for it.
 */
import type { Connection } from '../websocket/api.ts';

/** Messages that wait for the script may have so many bytes in all; reading goes on at half of it. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
/** What a waiting message costs beside its data. */
const MESSAGE_BYTES = 256;

export class Inflow {
  #waitingBytes = 0;
  #isFull = false;
  #isPaused = false;

  /** A message waits for the script. */
  added(bytes: number, connection: Connection | undefined): void {
    this.#waitingBytes += bytes + MESSAGE_BYTES;
    if (this.#isFull || this.#waitingBytes <= WAITING_BYTES_MAX) return;
    this.#isFull = true;
    connection?.pause();
  }

  /** The script has it, or will not get it. */
  taken(bytes: number, connection: Connection | undefined): void {
    this.#waitingBytes -= bytes + MESSAGE_BYTES;
    if (!this.#isFull || this.#waitingBytes > WAITING_BYTES_MAX / 2) return;
    this.#isFull = false;
    if (!this.#isPaused) connection?.resume();
  }

  pause(connection: Connection | undefined): void {
    this.#isPaused = true;
    connection?.pause();
  }

  resume(connection: Connection | undefined): void {
    this.#isPaused = false;
    if (!this.#isFull) connection?.resume();
  }
}
