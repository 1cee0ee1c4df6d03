/**
 * A transport without a network: what is written can be read, and the peer, the kernel and accidents
 * are played by the test.
 */
import type { Transport, TransportHandler, TransportTarget } from '../transport.ts';

export class MemoryTransport implements Transport {
  handler: TransportHandler;
  readonly target: TransportTarget;
  localAddress: string | undefined = undefined;
  /** Every write as it came, copied. */
  readonly writes: Buffer[] = [];
  isEnded = false;
  isDestroyed = false;
  isPaused = false;
  isSecured = false;
  isAwaitingDrain = false;
  /** When true the kernel takes nothing. */
  isStalled = false;
  unsentBytes = 0;
  /** The memory of writes the kernel has not taken, as it is now. */
  private readonly untaken: Uint8Array[] = [];
  private corkedWrites: Uint8Array[] | null = null;
  private sentBytes = 0;
  private receivedBytes = 0;
  private isClosed = false;

  constructor(target: TransportTarget, handler: TransportHandler) {
    this.target = target;
    this.handler = handler;
  }

  // What a connection does.

  write(bytes: Uint8Array): void {
    if (this.corkedWrites !== null) {
      this.corkedWrites.push(bytes);
      this.unsentBytes += bytes.length;
      return;
    }
    this.take([bytes]);
  }

  cork(): void {
    this.corkedWrites = [];
  }

  uncork(): void {
    const corked = this.corkedWrites ?? [];
    this.corkedWrites = null;
    for (const bytes of corked) this.unsentBytes -= bytes.length;
    this.take(corked);
  }

  takeSentBytes(): number {
    const taken = this.sentBytes;
    this.sentBytes = 0;
    return taken;
  }

  takeReceivedBytes(): number {
    const taken = this.receivedBytes;
    this.receivedBytes = 0;
    return taken;
  }

  awaitDrain(): void {
    this.isAwaitingDrain = true;
  }

  startTls(): void {
    this.isSecured = true;
  }

  end(): void {
    this.isEnded = true;
    queueMicrotask(() => {
      if (this.unsentBytes === 0 && !this.isClosed) this.handler.onFinish();
    });
  }

  endAndDestroy(): void {
    this.isEnded = true;
    this.destroy();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
    queueMicrotask(() => this.close(undefined));
  }

  // What the test does.

  connect(): void {
    this.localAddress = '127.0.0.1:50000';
    this.handler.onConnect();
  }

  /** The peer sent these bytes; they arrive in one read, in memory that is reused afterwards. */
  receive(bytes: Uint8Array): void {
    const lent = Buffer.from(bytes);
    this.receivedBytes += lent.length;
    this.handler.onRead(lent, lent.length);
    lent.fill(0xee);
  }

  endByPeer(): void {
    this.handler.onPeerEnd();
  }

  breakWith(error: Error): void {
    this.isDestroyed = true;
    this.close(error);
  }

  /** The kernel takes everything. */
  drain(): void {
    this.isStalled = false;
    this.writes.push(Buffer.concat(this.untaken));
    this.sentBytes += this.unsentBytes;
    this.untaken.length = 0;
    this.unsentBytes = 0;
    if (this.isAwaitingDrain) {
      this.isAwaitingDrain = false;
      this.handler.onDrain();
    }
  }

  /** All bytes written so far. */
  get sent(): Buffer {
    return Buffer.concat(this.writes);
  }

  private take(parts: readonly Uint8Array[]): void {
    if (this.isDestroyed || this.isEnded) throw new Error('write after the end');
    const bytes = Buffer.concat(parts);
    if (this.isStalled) {
      this.untaken.push(...parts);
      this.unsentBytes += bytes.length;
    } else {
      this.writes.push(bytes);
      this.sentBytes += bytes.length;
    }
  }

  private close(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.onClose(error);
  }
}
