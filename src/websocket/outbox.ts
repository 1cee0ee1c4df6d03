/**
 * Frames on their way out. Everything that a connection sends in one tick leaves in one write, and
 * the frames of all connections of a worker are written into one shared piece of memory, which is
 * used again as soon as the kernel has taken them. A connection at rest owns no buffer.
 */
import { nextTick } from 'node:process';
import {
  FrameMemory,
  frameBytesMax,
  headerBytes,
  textFrameBytesMax,
  writeFrame,
  writeTextFrame,
} from './encoder.ts';
import { CONTROL_BIT, LENGTH_7_MAX, LENGTH_16_MAX } from './frame.ts';
import { nextMaskingKey } from './mask.ts';

/** Frames up to half of this share the memory; larger ones get their own. */
const SHARED_BYTES = 256 * 1024;

/** The memory that frames are written into now, how far, and whether a write still needs it. */
let shared = new FrameMemory(SHARED_BYTES);
let sharedUsed = 0;
let isSharedPinned = false;

/** Outboxes with something to write, in order of their first frame. */
const waiting: (Outbox | null)[] = [];
let waitingCount = 0;
let isFlushScheduled = false;
let isReading = false;

/**
 * Brackets the handling of one socket read: what is sent meanwhile, on any connection, leaves at
 * `endRead` and needs no tick of its own.
 */
export function beginRead(): void {
  isReading = true;
}

export function endRead(): void {
  isReading = false;
  if (waitingCount > 0) flushAll();
}

/** A peer that leaves more than this unread is given up. */
export const UNSENT_BYTES_MAX = 256 * 1024 * 1024;

/** Where an outbox puts its bytes; a `Transport` in real life. */
export interface ByteSink {
  /** Bytes written and not yet taken by the kernel; 0 means that written memory is free again. */
  readonly unsentBytes: number;
  write(bytes: Uint8Array): void;
  /** Between these two, writes are collected into one. */
  cork(): void;
  uncork(): void;
}

export interface OutboxOwner {
  /** Everything queued has been handed to the sink. */
  onFlushed(): void;
  /** More than `UNSENT_BYTES_MAX` wait for the kernel. */
  onOverflow(): void;
}

export class Outbox {
  private readonly sink: ByteSink;
  private readonly owner: OutboxOwner;
  /** The region of frames that the next write takes: `memory[from, to)`. */
  private memory: FrameMemory | null = null;
  private from = 0;
  private to = 0;
  private isCorked = false;
  private isWaiting = false;
  /** Payload bytes of frames that no finished flush has covered yet. */
  private queuedPayloadBytes = 0;
  private writtenBytes = 0;
  /** While the kernel is behind: per flush, `writtenBytes` after it and its payload bytes. */
  private behind: number[] | null = null;

  constructor(sink: ByteSink, owner: OutboxOwner) {
    this.sink = sink;
    this.owner = owner;
  }

  /** Payload bytes, queued here or not yet taken by the kernel. */
  get payloadBytes(): number {
    const { behind } = this;
    let sum = this.queuedPayloadBytes;
    if (behind !== null) {
      this.forgetTaken(behind);
      for (let i = 1; i < behind.length; i += 2) sum += behind[i] ?? 0;
    }
    return sum;
  }

  /** Bytes of frames, queued here or not yet taken by the kernel. */
  get frameBytes(): number {
    return (this.memory === null ? 0 : this.to - this.from) + this.sink.unsentBytes;
  }

  /** Cost: no allocation but for the largest messages. */
  pushText(text: string): void {
    const memory = this.reserve(textFrameBytesMax(text));
    const at = this.to;
    const end = writeTextFrame(memory, at, text, nextMaskingKey());
    this.advance(end, payloadBytesOf(end - at));
  }

  /** @param firstByte FIN, RSV bits and opcode. The payload is copied. */
  push(firstByte: number, payload: Uint8Array): void {
    const memory = this.reserve(frameBytesMax(payload.length));
    const end = writeFrame(memory, this.to, firstByte, payload, nextMaskingKey());
    // Control frames are no part of what WHATWG counts as buffered.
    this.advance(end, (firstByte & CONTROL_BIT) === 0 ? payload.length : 0);
  }

  /** Hands everything queued to the sink in one write. */
  flush(): void {
    const { memory, sink } = this;
    if (memory === null) return;
    this.writeRegion(memory);
    if (this.isCorked) {
      this.isCorked = false;
      sink.uncork();
    }
    if (sink.unsentBytes === 0) {
      this.behind = null;
    } else {
      isSharedPinned = true;
      const behind = this.behind ?? [];
      this.behind = behind;
      this.forgetTaken(behind);
      behind.push(this.writtenBytes, this.queuedPayloadBytes);
    }
    this.queuedPayloadBytes = 0;
    this.owner.onFlushed();
    if (sink.unsentBytes > UNSENT_BYTES_MAX) this.owner.onOverflow();
  }

  /** Drops what is queued, for a connection that is gone. */
  clear(): void {
    this.memory = null;
    this.queuedPayloadBytes = 0;
    this.behind = null;
  }

  /** Called by the flush of all. */
  flushWaiting(): void {
    this.isWaiting = false;
    this.flush();
  }

  /** Finds room for a frame of at most `bytes`, right behind the last one if possible. */
  private reserve(bytes: number): FrameMemory {
    let memory = this.memory;
    if (memory === shared && this.to === sharedUsed && sharedUsed + bytes <= SHARED_BYTES) {
      return memory;
    }
    if (memory !== null) {
      // Another connection wrote behind our last frame: both regions go out in one corked write.
      if (!this.isCorked) this.sink.cork();
      this.isCorked = true;
      this.writeRegion(memory);
    }
    if (bytes > SHARED_BYTES / 2) {
      memory = new FrameMemory(bytes);
      this.from = 0;
    } else {
      if (sharedUsed + bytes > SHARED_BYTES) renewShared();
      memory = shared;
      this.from = sharedUsed;
    }
    this.to = this.from;
    this.memory = memory;
    if (!this.isWaiting) this.wait();
    return memory;
  }

  private advance(end: number, payloadBytes: number): void {
    this.to = end;
    if (this.memory === shared) sharedUsed = end;
    this.queuedPayloadBytes += payloadBytes;
  }

  private writeRegion(memory: FrameMemory): void {
    this.memory = null;
    this.writtenBytes += this.to - this.from;
    this.sink.write(memory.view(this.from, this.to));
  }

  private wait(): void {
    this.isWaiting = true;
    waiting[waitingCount++] = this;
    if (isReading || isFlushScheduled) return;
    isFlushScheduled = true;
    nextTick(flushAll);
  }

  private forgetTaken(behind: number[]): void {
    const taken = this.writtenBytes - this.sink.unsentBytes;
    let done = 0;
    while (done < behind.length && (behind[done] ?? 0) <= taken) done += 2;
    if (done > 0) behind.splice(0, done);
  }
}

function flushAll(): void {
  isFlushScheduled = false;
  for (let i = 0; i < waitingCount; i++) {
    const outbox = waiting[i];
    waiting[i] = null;
    outbox?.flushWaiting();
  }
  waitingCount = 0;
  // Nobody refers to the memory any more, unless the kernel was slow for someone.
  if (!isSharedPinned) sharedUsed = 0;
}

function renewShared(): void {
  shared = new FrameMemory(SHARED_BYTES);
  sharedUsed = 0;
  isSharedPinned = false;
}

/** Payload of a frame of this size, header and masking key included. */
function payloadBytesOf(frameBytes: number): number {
  if (frameBytes <= LENGTH_7_MAX + headerBytes(LENGTH_7_MAX)) {
    return frameBytes - headerBytes(LENGTH_7_MAX);
  }
  const header16 = headerBytes(LENGTH_16_MAX);
  return frameBytes - (frameBytes <= LENGTH_16_MAX + header16 ? header16 : headerBytes(Infinity));
}
