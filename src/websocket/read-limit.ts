/**
 * Slows down reading to a rate: after each read the transport rests for as long as the bytes would have
 * taken. What piles up meanwhile piles up in the kernel and then at the peer, as for a slow consumer.
 */
import type { Transport } from './transport.ts';

/** Rests shorter than this are saved up. */
const REST_MS_MIN = 5;
/** Longer rests are made of several: 64 KiB at 1 B/s would be too long for a timer (2^31 ms at most). */
const TIMER_MS_MAX = 1000;

export class ReadLimit {
  /** The transport rests now. */
  isWaiting = false;
  private isStopped = false;
  private readonly bytesPerMs: number;
  private readonly transport: Transport;
  private readonly mayResume: () => boolean;
  private timer: NodeJS.Timeout | null = null;
  /** Of the rest, after the timer that runs. */
  private restMs = 0;
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
    if (restMs < REST_MS_MIN || this.isWaiting || this.isStopped) return;
    this.isWaiting = true;
    this.transport.pause();
    this.rest(restMs);
  }

  /** For good, without resuming: the connection is gone, or shall be read as fast as it can be. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isWaiting = false;
    this.isStopped = true;
  }

  onTimer(): void {
    this.timer = null;
    if (this.restMs > 0) {
      this.rest(this.restMs);
      return;
    }
    this.isWaiting = false;
    if (this.mayResume()) this.transport.resume();
  }

  private rest(ms: number): void {
    const timerMs = Math.min(ms, TIMER_MS_MAX);
    this.restMs = ms - timerMs;
    this.timer = setTimeout(onTimer, timerMs, this);
  }
}

function onTimer(limit: ReadLimit): void {
  limit.onTimer();
}
