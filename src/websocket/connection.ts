/**
 * One client connection from the upgrade to its end: the state machine of RFC 6455 §7 between a
 * transport (bytes) and `ConnectionEvents` (messages). It must end every connection exactly once,
 * answer pings whatever its owner does, and never send a frame after its Close.
 *
 *     dial ──opened──▶ open ──close()──▶ closing ──peer's Close──▶ closing ──FIN──▶ closed
 *                       │                   │ └──────closeTimeoutMs──────────────────▲
 *                       ├──peer's Close, answered──────────▶ closing ──FIN──────────▶│
 *                       ├──violation: Close 1002/1007/1009─▶ closing ──FIN──────────▶│
 *                       └──FIN, reset, terminate()──────────────────────────────────▶┘
 */
import { nextTick } from 'node:process';
import { nowMs } from '../base/clock.ts';
import {
  type Connection,
  type ConnectionEvents,
  type DialTimings,
  EndCause,
  type HandshakeResponse,
} from './api.ts';
import { WebSocketError, WebSocketErrorCode } from './errors.ts';
import {
  CLOSE_REASON_BYTES_MAX,
  CloseCode,
  CONTROL_PAYLOAD_BYTES_MAX,
  FIN_BIT,
  Opcode,
  RSV1_BIT,
} from './frame.ts';
import { beginRead, endRead, Outbox, type OutboxOwner, UNSENT_BYTES_MAX } from './outbox.ts';
import { type FaultCode, type FrameHandler, FrameParser, type MessageInflater } from './parser.ts';
import { ReadLimit } from './read-limit.ts';
import type { Transport, TransportHandler } from './transport.ts';

export const READY_STATE = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;

export const CLOSE_TIMEOUT_MS = 10_000;
export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
/** V8's longest string is a little over this; a larger text could not be delivered. */
const MESSAGE_BYTES_LIMIT = 512 * 1024 * 1024 - 1024;

/**
 * After the closing handshake the server shall be the one to close TCP (RFC 6455 §7.1.1); one that
 * forgets to is not waited for longer than this.
 */
const TCP_CLOSE_WAIT_MS = 2_000;
/** With this much unsent, the peer does not read; further pongs would pile up. */
const PONG_BACKLOG_BYTES_MAX = 128 * 1024;

/** Compresses whole messages; see deflate.ts. */
export interface MessageDeflater {
  /** Smaller messages are not worth it. */
  readonly thresholdBytes: number;
  /** @returns the compressed message, borrowed until the next call. */
  deflate(payload: Uint8Array): Uint8Array;
}

export interface ConnectionLimits {
  readonly readBytesPerSecond?: number | undefined;
  readonly closeTimeoutMs?: number | undefined;
  readonly messageBytesMax?: number | undefined;
}

/** The dial in progress, as far as its connection needs it. */
export interface Dialing {
  abort(): void;
}

/** What a successful dial hands over. */
export interface Upgrade {
  readonly transport: Transport;
  readonly response: HandshakeResponse;
  readonly timings: DialTimings;
  readonly remoteAddress: string;
  readonly inflater: MessageInflater | null;
  readonly deflater: MessageDeflater | null;
}

const EMPTY = Buffer.alloc(0);

export class ClientConnection implements Connection, FrameHandler, TransportHandler, OutboxOwner {
  readyState: 0 | 1 | 2 | 3 = READY_STATE.connecting;
  private readonly events: ConnectionEvents;
  private readonly closeTimeoutMs: number;
  private readonly parser: FrameParser;
  private dialing: Dialing | null = null;
  private upgrade: Upgrade | null = null;
  private outbox: Outbox | null = null;
  private readMs = 0;
  private heldPong: Buffer | null = null;
  private readonly readBytesPerSecond: number | undefined;
  private readLimit: ReadLimit | null = null;
  /** The owner's wish; while connecting it waits for the connection. */
  private isPaused = false;
  /** Frames that came with the server's answer while the owner had paused. */
  private heldBytes: Buffer | null = null;
  private timer: NodeJS.Timeout | null = null;
  // How it ends, as far as known.
  private cause: EndCause | null = null;
  private endCode: number = CloseCode.abnormal;
  private endReason = '';
  private error: Error | undefined = undefined;

  constructor(events: ConnectionEvents, limits: ConnectionLimits) {
    this.events = events;
    this.closeTimeoutMs = limits.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    this.readBytesPerSecond = limits.readBytesPerSecond;
    const messageBytesMax = limits.messageBytesMax ?? MESSAGE_BYTES_MAX;
    this.parser = new FrameParser(this, Math.min(messageBytesMax, MESSAGE_BYTES_LIMIT));
  }

  get bufferedBytes(): number {
    return this.outbox === null ? 0 : this.outbox.payloadBytes;
  }

  get localAddress(): string | undefined {
    return this.upgrade?.transport.localAddress;
  }

  get remoteAddress(): string | undefined {
    return this.upgrade?.remoteAddress;
  }

  sendText(text: string): boolean {
    if (this.readyState !== READY_STATE.open || this.outbox === null) return false;
    const deflater = this.upgrade?.deflater ?? null;
    if (deflater === null) this.outbox.pushText(text);
    else this.sendCompressed(this.outbox, deflater, Opcode.text, Buffer.from(text, 'utf8'));
    return true;
  }

  sendBinary(bytes: Uint8Array): boolean {
    if (this.readyState !== READY_STATE.open || this.outbox === null) return false;
    const deflater = this.upgrade?.deflater ?? null;
    if (deflater === null) this.outbox.push(FIN_BIT | Opcode.binary, bytes);
    else this.sendCompressed(this.outbox, deflater, Opcode.binary, bytes);
    return true;
  }

  ping(payload: Uint8Array): boolean {
    return this.sendControl(Opcode.ping, payload);
  }

  pong(payload: Uint8Array): boolean {
    return this.sendControl(Opcode.pong, payload);
  }

  close(code?: number, reason = ''): void {
    if (this.readyState === READY_STATE.connecting) {
      this.abortDial();
      return;
    }
    if (this.readyState !== READY_STATE.open) return;
    this.sendClose(code, reason);
    this.arm(this.closeTimeoutMs);
    this.readFreely();
  }

  pause(): void {
    if (this.readyState > READY_STATE.open || this.isPaused) return;
    this.isPaused = true;
    this.upgrade?.transport.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    // Not at once: events do not come within the owner's calls.
    if (this.heldBytes !== null) nextTick(releaseBytes, this);
    else this.readOn();
  }

  closeNow(code?: number): void {
    if (this.readyState === READY_STATE.connecting) {
      this.abortDial();
      return;
    }
    if (this.readyState === READY_STATE.closed || this.upgrade === null) return;
    if (this.readyState === READY_STATE.open) this.sendClose(code, '');
    this.cause ??= EndCause.terminated;
    this.parser.stop();
    this.outbox?.flush();
    this.upgrade.transport.endAndDestroy();
    this.arm(Math.min(this.closeTimeoutMs, TCP_CLOSE_WAIT_MS));
  }

  terminate(): void {
    if (this.readyState === READY_STATE.connecting) {
      this.abortDial();
      return;
    }
    if (this.readyState === READY_STATE.closed || this.upgrade === null) return;
    this.readyState = READY_STATE.closing;
    this.cause ??= EndCause.terminated;
    this.drop(this.upgrade.transport);
  }

  // From the dial.

  dialStarted(dialing: Dialing): void {
    this.dialing = dialing;
  }

  /** The dial failed, or was given up; it has told `events` so. */
  dialEnded(): void {
    this.readyState = READY_STATE.closed;
    this.dialing = null;
  }

  /** The server has upgraded the connection. Frames that came with its answer follow by `onFirstBytes`. */
  opened(upgrade: Upgrade): void {
    const { transport } = upgrade;
    this.dialing = null;
    this.upgrade = upgrade;
    this.outbox = new Outbox(transport, this);
    this.parser.inflater = upgrade.inflater;
    transport.handler = this;
    if (this.readBytesPerSecond !== undefined) {
      this.readLimit = new ReadLimit(this.readBytesPerSecond, transport, () => !this.isPaused);
    }
    if (this.isPaused) transport.pause();
    this.readyState = READY_STATE.open;
    this.reportBytes();
    this.events.onOpen(upgrade.response, upgrade.timings, upgrade.remoteAddress);
  }

  /** `chunk[from, to)` came with the server's answer; it waits if the owner has paused. */
  onFirstBytes(chunk: Buffer, from: number, to: number, atMs: number): void {
    if (this.isPaused) this.heldBytes = Buffer.from(chunk.subarray(from, to));
    else this.onBytes(chunk, from, to, atMs);
  }

  /** The owner has resumed, and may have paused again since. */
  releaseBytes(): void {
    const { heldBytes } = this;
    if (heldBytes === null || this.isPaused) return;
    this.heldBytes = null;
    beginRead();
    try {
      this.onBytes(heldBytes, 0, heldBytes.length, nowMs());
    } finally {
      endRead();
    }
    this.readOn();
  }

  // From the transport.

  onRead(chunk: Buffer, length: number): void {
    this.reportBytes();
    beginRead();
    try {
      this.onBytes(chunk, 0, length, nowMs());
    } finally {
      endRead();
    }
    if (this.readLimit !== null) this.readLimit.onRead(length, nowMs());
  }

  /** `chunk[from, to)` was read at `atMs`. */
  private onBytes(chunk: Buffer, from: number, to: number, atMs: number): void {
    this.readMs = atMs;
    let isHandled = false;
    try {
      this.parser.push(chunk, from, to);
      isHandled = true;
    } finally {
      // Handlers must not throw. If one does, the rest of the chunk is lost and with it the framing.
      if (!isHandled) this.terminate();
    }
  }

  onDrain(): void {
    if (this.heldPong !== null) this.releasePong(this.heldPong);
  }

  onPeerEnd(): void {
    const transport = this.upgrade?.transport;
    if (transport === undefined) return;
    this.reportBytes();
    this.readyState = READY_STATE.closing;
    if (this.cause === null) {
      this.cause = EndCause.endOfStream;
      this.error = new WebSocketError(WebSocketErrorCode.eof, 'unexpected EOF');
    }
    // The answer to the peer's Close may still be on its way.
    if (transport.unsentBytes > 0 && this.timer !== null) transport.endAndDestroy();
    else this.drop(transport);
  }

  /** What told the peer of its fault is sent; the connection is over (RFC 6455 §7.1.7). */
  onFinish(): void {
    const transport = this.upgrade?.transport;
    if (transport === undefined || this.cause !== EndCause.protocolError) return;
    transport.handler = new Lingering(transport);
    this.onClose(undefined);
  }

  onClose(error: Error | undefined): void {
    const { upgrade } = this;
    if (upgrade === null || this.readyState === READY_STATE.closed) return;
    this.disarm();
    this.stopReadLimit();
    this.parser.stop();
    this.outbox?.clear();
    this.heldPong = null;
    this.heldBytes = null;
    this.error ??= error;
    this.cause ??= error === undefined ? EndCause.endOfStream : EndCause.socketError;
    this.readyState = READY_STATE.closed;
    this.reportBytes();
    this.events.onEnd({
      cause: this.cause,
      code: this.endCode,
      reason: this.endReason,
      wasClean: this.cause === EndCause.peerClose || this.cause === EndCause.localClose,
      error: this.error,
      response: upgrade.response,
      timings: upgrade.timings,
      remoteAddress: upgrade.remoteAddress,
      localAddress: upgrade.transport.localAddress,
    });
  }

  onConnect(): void {
    // The dial's business, long done.
  }

  onSecure(): void {
    // The dial's business, long done.
  }

  // From the outbox.

  onFlushed(): void {
    this.reportBytes();
    if (this.heldPong !== null && this.upgrade?.transport.unsentBytes === 0) {
      this.releasePong(this.heldPong);
    }
  }

  onOverflow(): void {
    const transport = this.upgrade?.transport;
    if (transport === undefined || this.cause !== null) return;
    this.cause = EndCause.socketError;
    this.error = new WebSocketError(
      WebSocketErrorCode.sendBufferFull,
      `websocket: send buffer full: the peer left more than ${UNSENT_BYTES_MAX} bytes unread`,
    );
    this.readyState = READY_STATE.closing;
    this.drop(transport);
  }

  // From the parser.

  onText(text: string): void {
    this.events.onText(text, this.readMs);
  }

  onBinary(payload: ArrayBuffer): void {
    this.events.onBinary(payload, this.readMs);
  }

  onPing(payload: Uint8Array): void {
    const { outbox } = this;
    // RFC 6455 §5.5.1: nothing is sent after a Close, no Pong either.
    if (this.readyState !== READY_STATE.open || outbox === null) return;
    if (outbox.frameBytes <= PONG_BACKLOG_BYTES_MAX) {
      outbox.push(FIN_BIT | Opcode.pong, payload);
    } else {
      // RFC 6455 §5.5.3: it is enough to answer the latest.
      if (this.heldPong === null) this.upgrade?.transport.awaitDrain();
      this.heldPong = Buffer.from(payload);
    }
    this.events.onPing(payload, this.readMs);
  }

  onPong(payload: Uint8Array): void {
    this.events.onPong(payload, this.readMs);
  }

  onPeerClose(code: number, reason: string): void {
    const isFirst = this.readyState === READY_STATE.open;
    this.cause ??= isFirst ? EndCause.peerClose : EndCause.localClose;
    this.endCode = code;
    this.endReason = reason;
    if (isFirst) this.sendClose(code === CloseCode.noStatus ? undefined : code, '');
    this.readFreely();
    this.arm(Math.min(this.closeTimeoutMs, TCP_CLOSE_WAIT_MS));
    this.events.onPeerClose(code, reason, this.readMs);
  }

  /** RFC 6455 §7.1.7, "fail the WebSocket connection". */
  onFault(code: FaultCode, what: string): void {
    const transport = this.upgrade?.transport;
    if (transport === undefined) return;
    this.cause ??= EndCause.protocolError;
    this.endCode = code;
    this.error ??= new WebSocketError(WebSocketErrorCode.protocol, `websocket: ${what}`);
    if (this.readyState === READY_STATE.open) this.sendClose(code, '');
    this.outbox?.flush();
    this.readFreely();
    // Dropping the connection with unread bytes would reset it, and the peer might miss our Close.
    // The end is told in onFinish.
    transport.end();
    this.arm(Math.min(this.closeTimeoutMs, TCP_CLOSE_WAIT_MS));
  }

  /** Whatever we waited for did not come. */
  onTimeUp(): void {
    this.timer = null;
    if (this.upgrade === null) return;
    if (this.cause === null) {
      this.cause = EndCause.closeTimeout;
      this.error = new WebSocketError(WebSocketErrorCode.closeTimeout, 'websocket: close timeout');
    }
    this.drop(this.upgrade.transport);
  }

  /** Reads, unless somebody rests. */
  private readOn(): void {
    if (!this.isPaused && this.readLimit?.isWaiting !== true) this.upgrade?.transport.resume();
  }

  /** Only the end is waited for: neither a pause nor a rate may keep it away. */
  private readFreely(): void {
    const isResting = this.readLimit?.isWaiting === true;
    this.stopReadLimit();
    if (this.isPaused) this.resume();
    else if (isResting) this.readOn();
  }

  private stopReadLimit(): void {
    this.readLimit?.stop();
    this.readLimit = null;
  }

  private abortDial(): void {
    this.readyState = READY_STATE.closing;
    this.dialing?.abort();
  }

  private sendControl(opcode: Opcode, payload: Uint8Array): boolean {
    if (payload.length > CONTROL_PAYLOAD_BYTES_MAX) {
      throw new RangeError(`control payload: got ${payload.length} bytes; expected at most 125`);
    }
    if (this.readyState !== READY_STATE.open || this.outbox === null) return false;
    this.outbox.push(FIN_BIT | opcode, payload);
    return true;
  }

  private sendCompressed(
    outbox: Outbox,
    deflater: MessageDeflater,
    opcode: Opcode,
    payload: Uint8Array,
  ): void {
    if (payload.length < deflater.thresholdBytes) outbox.push(FIN_BIT | opcode, payload);
    else outbox.push(FIN_BIT | RSV1_BIT | opcode, deflater.deflate(payload));
  }

  /** Queues the Close frame; it is the last one. */
  private sendClose(code: number | undefined, reason: string): void {
    const payload = code === undefined ? EMPTY : closePayload(code, reason);
    this.heldPong = null;
    this.outbox?.push(FIN_BIT | Opcode.close, payload);
    this.readyState = READY_STATE.closing;
  }

  private releasePong(payload: Buffer): void {
    this.heldPong = null;
    if (this.readyState === READY_STATE.open) this.outbox?.push(FIN_BIT | Opcode.pong, payload);
  }

  private drop(transport: Transport): void {
    this.parser.stop();
    this.outbox?.clear();
    this.heldPong = null;
    transport.destroy();
  }

  private reportBytes(): void {
    const transport = this.upgrade?.transport;
    if (transport === undefined) return;
    const sentBytes = transport.takeSentBytes();
    const receivedBytes = transport.takeReceivedBytes();
    if (sentBytes > 0 || receivedBytes > 0) this.events.onBytes(sentBytes, receivedBytes);
  }

  private arm(timeoutMs: number): void {
    this.disarm();
    this.timer = setTimeout(timeUp, timeoutMs, this);
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** Reads what a peer still sends on a connection that is over, until it ends or for a while. */
class Lingering implements TransportHandler {
  private readonly transport: Transport;
  private readonly timer: NodeJS.Timeout;

  constructor(transport: Transport) {
    this.transport = transport;
    this.timer = setTimeout(destroyTransport, TCP_CLOSE_WAIT_MS, transport);
  }

  onRead(): void {
    // Read, so that TCP does not answer our FIN with a reset.
  }

  onPeerEnd(): void {
    this.transport.destroy();
  }

  onClose(): void {
    clearTimeout(this.timer);
  }

  onConnect(): void {
    // Long done.
  }

  onSecure(): void {
    // Long done.
  }

  onDrain(): void {
    // Nothing is written any more.
  }

  onFinish(): void {
    // What made it linger.
  }
}

function destroyTransport(transport: Transport): void {
  transport.destroy();
}

function releaseBytes(connection: ClientConnection): void {
  connection.releaseBytes();
}

function timeUp(connection: ClientConnection): void {
  connection.onTimeUp();
}

function closePayload(code: number, reason: string): Buffer {
  const reasonBytes = Buffer.byteLength(reason);
  if (reasonBytes > CLOSE_REASON_BYTES_MAX) {
    throw new RangeError(`close reason: got ${reasonBytes} bytes; expected at most 123`);
  }
  const payload = Buffer.allocUnsafe(2 + reasonBytes);
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}
