/**
 * Slows down reading to a rate: after each read the transport rests for as long as the bytes would have
 * taken. What piles up meanwhile piles up in the kernel and then at the peer, as for a slow consumer.
 */
import type { Transport } from './transport.ts';

/** Rests shorter than this are saved up. */
const REST_MS_MIN = 5;

export class ReadLimit {
  /** The transport rests now. */
  isWaiting = false;
  private readonly bytesPerMs: number;
  private readonly transport: Transport;
  private readonly mayResume: () => boolean;
  private timer: NodeJS.Timeout | null = null;
  /** When all that was read would have been read at the rate. */
  private dueMs = 0;

  /** @param mayResume asked when the rest is over; whoever pauses for another reason resumes later. */
  constructor(bytesPerSecond: number, transport: Transport, mayResume: () => boolean) {
    this.bytesPerMs = bytesPerSecond / 1000;
    this.transport = transport;
    this.mayResume = mayResume;
  }

  onRead(bytes: number, atMs: number): void {
    this.dueMs = Math.max(this.dueMs, atMs) + bytes / this.bytesPerMs;
    const restMs = this.dueMs - atMs;
    if (restMs < REST_MS_MIN || this.isWaiting) return;
    this.isWaiting = true;
    this.transport.pause();
    this.timer = setTimeout(endRest, restMs, this);
  }

  /** The connection is gone. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isWaiting = false;
  }

  endRest(): void {
    this.timer = null;
    this.isWaiting = false;
    if (this.mayResume()) this.transport.resume();
  }
}

function endRest(limit: ReadLimit): void {
  limit.endRest();
}
