/**
 * Turns the bytes a server sends into messages and control frames (RFC 6455 §5).
 *
 * It must never throw, never hold a whole message twice, and never keep a byte of a chunk that it
 * was lent. Between two chunks only numbers remain, unless a frame is cut: then its bytes so far are
 * copied. It knows no socket, no clock and no connection state.
 */
import {
  CloseCode,
  CONTROL_BIT,
  CONTROL_PAYLOAD_BYTES_MAX,
  FIN_BIT,
  isLegalCloseCode,
  LENGTH_7_MAX,
  LENGTH_16_MAX,
  LENGTH_BITS,
  LENGTH_IS_16_BIT,
  MASK_BIT,
  OPCODE_BITS,
  Opcode,
  RSV1_BIT,
  RSV2_AND_RSV3_BITS,
} from './frame.ts';
import { advanceUtf8, decodeUtf8, Utf8State } from './utf8.ts';

/** Receives what the parser finds, synchronously and in wire order. */
export interface FrameHandler {
  onText(text: string): void;
  /** Own memory, exact size. */
  onBinary(payload: ArrayBuffer): void;
  /** `payload` is borrowed until return. */
  onPing(payload: Uint8Array): void;
  /** `payload` is borrowed until return. */
  onPong(payload: Uint8Array): void;
  /** The last event of a connection that ends well; `code` is 1005 if the frame carried none. */
  onPeerClose(code: number, reason: string): void;
  /** The last event after a violation; `code` is what our Close frame must say. */
  onFault(code: FaultCode, what: string): void;
}

export type FaultCode =
  | typeof CloseCode.protocolError
  | typeof CloseCode.invalidPayload
  | typeof CloseCode.messageTooBig;

/** Undoes permessage-deflate for whole messages; see deflate.ts. */
export interface MessageInflater {
  /** @returns the message, borrowed until the next call, or the fault that it is. */
  inflate(payload: Uint8Array, messageBytesMax: number): Buffer | FaultCode;
}

/** What the next byte is. */
const Stage = { first: 0, second: 1, length: 2, payload: 3, done: 4 } as const;

/** No data message is in progress; otherwise its opcode. */
const NO_MESSAGE = 0;

/** First bytes of frames that are a message each, not compressed. */
const WHOLE_TEXT = FIN_BIT | Opcode.text;
const WHOLE_BINARY = FIN_BIT | Opcode.binary;

/** A frame may announce gigabytes and send nothing; memory follows what really arrives. */
const FIRST_RESERVE_BYTES_MAX = 1 << 20;

export class FrameParser {
  /** Set by the handshake if permessage-deflate was agreed on; RSV1 is legal only then. */
  inflater: MessageInflater | null = null;

  private readonly handler: FrameHandler;
  private readonly messageBytesMax: number;

  private stage: number = Stage.first;
  // The frame being read.
  private firstByte = 0;
  private lengthBytes = 0;
  private lengthBytesLeft = 0;
  private payloadBytes = 0;
  private payloadBytesLeft = 0;
  private control: Buffer | null = null;
  // The message being put together; `messageOpcode` is set between its first and last frame.
  private messageOpcode: number = NO_MESSAGE;
  private isCompressed = false;
  private utf8State: Utf8State = Utf8State.boundary;
  private message: Buffer | null = null;
  private messageBytes = 0;

  /**
   * @param messageBytesMax a message that is or will be larger is a fault (1009), before any of the
   *   excess is stored.
   */
  constructor(handler: FrameHandler, messageBytesMax: number) {
    this.handler = handler;
    this.messageBytesMax = messageBytesMax;
  }

  /** Forgets everything and ignores what still comes. May be called from a handler. */
  stop(): void {
    this.stage = Stage.done;
    this.message = null;
    this.control = null;
  }

  /**
   * Reads `chunk[from, to)`, any split of the stream. The chunk is borrowed until return and not
   * modified.
   *
   * Cost: no allocation for the header; a message that lies whole in the chunk is decoded (text) or
   * copied once (binary); one that is cut is copied once into memory of its own.
   */
  push(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      switch (this.stage) {
        case Stage.first: {
          const end = this.readShortMessage(chunk, at, to);
          if (end === at) this.readFirst(chunk[at++] ?? 0);
          else at = end;
          break;
        }
        case Stage.second:
          this.readSecond(chunk[at++] ?? 0);
          break;
        case Stage.length:
          this.readLength(chunk[at++] ?? 0);
          break;
        case Stage.payload:
          at = this.readPayload(chunk, at, to);
          break;
        default:
          return;
      }
    }
  }

  /**
   * Most frames of most servers: a short message in one frame, whole in the chunk, not compressed.
   *
   * @returns its end, or `at` if what is there is anything else.
   */
  private readShortMessage(chunk: Buffer, at: number, to: number): number {
    if (this.messageOpcode !== NO_MESSAGE) return at;
    const first = chunk[at];
    const bytes = chunk[at + 1] ?? 0;
    const from = at + 2;
    const end = from + bytes;
    // A mask bit makes the length too large; where the second byte is not there yet, the end is beyond `to` anyway.
    if (bytes > LENGTH_7_MAX || end > to || bytes > this.messageBytesMax) return at;
    if (first === WHOLE_TEXT) this.deliver(chunk, from, end, true);
    else if (first === WHOLE_BINARY) this.deliver(chunk, from, end, false);
    else return at;
    return end;
  }

  private readFirst(byte: number): void {
    this.firstByte = byte;
    this.stage = Stage.second;
    const fault = this.faultOfFirst(byte);
    if (fault !== undefined) this.fail(fault);
  }

  /** What is wrong with the first byte of a frame here; undefined if nothing is. */
  private faultOfFirst(byte: number): string | undefined {
    const opcode = byte & OPCODE_BITS;
    const isControl = (opcode & CONTROL_BIT) !== 0;
    if ((byte & RSV2_AND_RSV3_BITS) !== 0) return 'RSV2 or RSV3 set';
    if ((byte & RSV1_BIT) !== 0) {
      if (this.inflater === null) return 'RSV1 set without permessage-deflate';
      if (isControl) return 'RSV1 set on a control frame';
      if (opcode === Opcode.continuation) return 'RSV1 set on a continuation';
    }
    if (isControl) {
      if (opcode > Opcode.pong) return `reserved opcode ${opcode}`;
      return (byte & FIN_BIT) === 0 ? 'fragmented control frame' : undefined;
    }
    if (opcode === Opcode.continuation) {
      return this.messageOpcode === NO_MESSAGE ? 'continuation of no message' : undefined;
    }
    if (opcode > Opcode.binary) return `reserved opcode ${opcode}`;
    return this.messageOpcode === NO_MESSAGE ? undefined : 'new message inside a message';
  }

  private readSecond(byte: number): void {
    const length = byte & LENGTH_BITS;
    if ((byte & MASK_BIT) !== 0) {
      this.fail('masked frame from the server');
    } else if (length <= LENGTH_7_MAX) {
      this.beginPayload(length);
    } else if ((this.firstByte & CONTROL_BIT) !== 0) {
      this.fail(`control frame with more than ${CONTROL_PAYLOAD_BYTES_MAX} bytes`);
    } else {
      this.payloadBytes = 0;
      this.lengthBytes = length === LENGTH_IS_16_BIT ? 2 : 8;
      this.lengthBytesLeft = this.lengthBytes;
      this.stage = Stage.length;
    }
  }

  private readLength(byte: number): void {
    // Doubles lose low bits above 2^53; the size limit refuses such lengths long before it matters.
    this.payloadBytes = this.payloadBytes * 256 + byte;
    if (--this.lengthBytesLeft > 0) return;
    if (this.payloadBytes <= (this.lengthBytes === 2 ? LENGTH_7_MAX : LENGTH_16_MAX)) {
      this.fail('length in a longer form than needed');
    } else if (this.payloadBytes >= 2 ** 63) {
      this.fail('length with its top bit set');
    } else {
      this.beginPayload(this.payloadBytes);
    }
  }

  private beginPayload(bytes: number): void {
    this.payloadBytes = bytes;
    this.payloadBytesLeft = bytes;
    this.stage = Stage.payload;
    if ((this.firstByte & CONTROL_BIT) === 0 && this.messageBytes + bytes > this.messageBytesMax) {
      this.fail('message larger than allowed', CloseCode.messageTooBig);
    } else if (bytes === 0) {
      // An empty payload has no byte to wait for.
      this.readPayload(EMPTY, 0, 0);
    }
  }

  /** Takes what the chunk has of the payload. @returns where to read on. */
  private readPayload(chunk: Buffer, at: number, to: number): number {
    const left = this.payloadBytesLeft;
    const end = to - at < left ? to : at + left;
    const isWhole = end - at === left;
    if ((this.firstByte & CONTROL_BIT) !== 0) {
      this.readControl(chunk, at, end, isWhole);
    } else if (
      isWhole &&
      left === this.payloadBytes &&
      this.messageOpcode === NO_MESSAGE &&
      (this.firstByte & FIN_BIT) !== 0
    ) {
      this.readWholeFrame(chunk, at, end);
    } else {
      this.readPart(chunk, at, end, isWhole);
    }
    return end;
  }

  /** The common case: nothing of this message came before, and its frame lies in the chunk. */
  private readWholeFrame(chunk: Buffer, at: number, end: number): void {
    const first = this.firstByte;
    const isText = (first & OPCODE_BITS) === Opcode.text;
    this.stage = Stage.first;
    if ((first & RSV1_BIT) !== 0) this.deliverCompressed(chunk.subarray(at, end), isText);
    else this.deliver(chunk, at, end, isText);
  }

  private deliver(bytes: Buffer, from: number, to: number, isText: boolean): void {
    if (!isText) {
      this.handler.onBinary(copyOf(bytes, from, to));
      return;
    }
    const text = decodeUtf8(bytes, from, to);
    if (text === undefined) this.fail(NOT_UTF8, CloseCode.invalidPayload);
    else this.handler.onText(text);
  }

  /** A fragment, or a piece of a frame that the chunk cuts. */
  private readPart(chunk: Buffer, at: number, end: number, isFrameEnd: boolean): void {
    const first = this.firstByte;
    if (this.messageOpcode === NO_MESSAGE) {
      this.messageOpcode = first & OPCODE_BITS;
      this.isCompressed = (first & RSV1_BIT) !== 0;
    }
    const isText = this.messageOpcode === Opcode.text;
    if (isText && !this.isCompressed) {
      this.utf8State = advanceUtf8(this.utf8State, chunk, at, end);
      if (this.utf8State === Utf8State.invalid) {
        this.fail(NOT_UTF8, CloseCode.invalidPayload);
        return;
      }
    }
    this.store(chunk, at, end);
    this.payloadBytesLeft -= end - at;
    if (!isFrameEnd) return;
    this.stage = Stage.first;
    if ((first & FIN_BIT) !== 0) this.deliverStored(isText);
  }

  private store(chunk: Buffer, at: number, end: number): void {
    const used = this.messageBytes;
    const needed = used + (end - at);
    let message = this.message;
    if (message === null || message.length < needed) {
      const expected = used + this.payloadBytesLeft;
      const grown = Math.max(needed, message === null ? FIRST_RESERVE_BYTES_MAX : used * 2);
      // The last frame says how long the message is: then the memory fits it exactly.
      const isLastFrame = (this.firstByte & FIN_BIT) !== 0;
      const reserve = isLastFrame ? Math.min(expected, grown) : Math.max(needed, used * 2);
      const larger = Buffer.allocUnsafeSlow(reserve);
      message?.copy(larger, 0, 0, used);
      message = larger;
      this.message = larger;
    }
    chunk.copy(message, used, at, end);
    this.messageBytes = needed;
  }

  private deliverStored(isText: boolean): void {
    const message = this.message ?? EMPTY;
    const bytes = this.messageBytes;
    const isCompressed = this.isCompressed;
    const isCutText = this.utf8State !== Utf8State.boundary;
    this.message = null;
    this.messageBytes = 0;
    this.messageOpcode = NO_MESSAGE;
    if (isCompressed) {
      this.deliverCompressed(message.subarray(0, bytes), isText);
    } else if (isCutText) {
      this.fail(NOT_UTF8, CloseCode.invalidPayload);
    } else if (isText) {
      this.handler.onText(message.toString('utf8', 0, bytes));
    } else {
      const { buffer } = message;
      const isExact = bytes > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === bytes;
      this.handler.onBinary(isExact ? buffer : copyOf(message, 0, bytes));
    }
  }

  private deliverCompressed(payload: Uint8Array, isText: boolean): void {
    // faultOfFirst lets RSV1 pass only with an inflater.
    const inflated = this.inflater?.inflate(payload, this.messageBytesMax);
    if (inflated === undefined || typeof inflated === 'number') {
      this.fail('compressed message cannot be expanded', inflated);
    } else {
      this.deliver(inflated, 0, inflated.length, isText);
    }
  }

  private readControl(chunk: Buffer, at: number, end: number, isWhole: boolean): void {
    const bytes = this.payloadBytes;
    const had = bytes - this.payloadBytesLeft;
    if (isWhole && had === 0) {
      this.deliverControl(chunk.subarray(at, end));
      return;
    }
    const control = this.control ?? Buffer.allocUnsafe(bytes);
    chunk.copy(control, had, at, end);
    this.payloadBytesLeft -= end - at;
    this.control = isWhole ? null : control;
    if (isWhole) this.deliverControl(control);
  }

  private deliverControl(payload: Buffer): void {
    const opcode = this.firstByte & OPCODE_BITS;
    this.stage = Stage.first;
    if (opcode === Opcode.ping) this.handler.onPing(payload);
    else if (opcode === Opcode.pong) this.handler.onPong(payload);
    else this.deliverClose(payload);
  }

  private deliverClose(payload: Buffer): void {
    if (payload.length === 1) {
      this.fail('close frame with one byte');
      return;
    }
    const code = payload.length === 0 ? CloseCode.noStatus : payload.readUInt16BE(0);
    const reason = payload.length === 0 ? '' : decodeUtf8(payload, 2, payload.length);
    if (payload.length > 0 && !isLegalCloseCode(code)) {
      this.fail(`close code ${code}`);
    } else if (reason === undefined) {
      this.fail('close reason is not UTF-8', CloseCode.invalidPayload);
    } else {
      this.stop();
      this.handler.onPeerClose(code, reason);
    }
  }

  private fail(what: string, code: FaultCode = CloseCode.protocolError): void {
    this.stop();
    this.handler.onFault(code, what);
  }
}

const EMPTY = Buffer.alloc(0);
const NOT_UTF8 = 'text is not UTF-8';

/** Own memory of exact size; one allocation, no view. */
function copyOf(bytes: Buffer, from: number, to: number): ArrayBuffer {
  const { buffer, byteOffset } = bytes;
  const copy = buffer.slice(byteOffset + from, byteOffset + to);
  return copy instanceof ArrayBuffer ? copy : new ArrayBuffer(0);
}
