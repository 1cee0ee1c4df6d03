/**
 * permessage-deflate (RFC 7692): what to offer, which answers are legal, and the two codecs.
 *
 * A message is compressed and expanded at once, by zlib's one-shot calls: nothing of zlib survives a
 * message, so a connection that negotiated compression costs nothing at rest. Where a context was
 * agreed on, only the last window of plain bytes is kept and given to zlib as a dictionary.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DeflateSettings, DialRequest } from './api.ts';
import type { MessageDeflater } from './connection.ts';
import { type Extension, parseExtensions } from './extension.ts';
import { CloseCode } from './frame.ts';
import type { FaultCode, MessageInflater } from './parser.ts';

const NAME = 'permessage-deflate';
const WINDOW_BITS_MIN = 8;
const WINDOW_BITS_MAX = 15;
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;
/** Every sync flush ends so; it is not sent (RFC 7692 §7.2.1). */
const FLUSH_TAIL_BYTES = 4;
/** zlib's output comes in pieces of a size between these. */
const PIECE_BYTES_MIN = 1024;
const PIECE_BYTES_MAX = 64 * 1024;

const NO_SETTINGS: DeflateSettings = {};

export interface Codecs {
  readonly inflater: MessageInflater | null;
  readonly deflater: MessageDeflater | null;
}

export const NO_CODECS: Codecs = { inflater: null, deflater: null };

/** Value of Sec-WebSocket-Extensions for a request, '' for none. */
export function offerOf(request: DialRequest): string {
  if (request.offersDeflate !== true) return '';
  const { keepsClientContext, keepsServerContext, clientMaxWindowBits, serverMaxWindowBits } =
    request.deflate ?? NO_SETTINGS;
  let offer = NAME;
  if (keepsServerContext !== true) offer += '; server_no_context_takeover';
  if (keepsClientContext !== true) offer += '; client_no_context_takeover';
  if (serverMaxWindowBits !== undefined) offer += `; server_max_window_bits=${serverMaxWindowBits}`;
  if (clientMaxWindowBits === true) offer += '; client_max_window_bits';
  else if (clientMaxWindowBits !== undefined)
    offer += `; client_max_window_bits=${clientMaxWindowBits}`;
  return offer;
}

/**
 * Judges the server's answer to `offerOf(request)`.
 * @returns the codecs of the connection, or what is wrong with the answer.
 * @see RFC 7692 §7.1
 */
export function acceptExtensions(answer: string, request: DialRequest): Codecs | string {
  if (answer === '') return NO_CODECS;
  const extensions = parseExtensions(answer);
  if (extensions === undefined) return 'malformed Sec-WebSocket-Extensions';
  const [extension, another] = extensions;
  if (extension === undefined) return NO_CODECS;
  if (request.offersDeflate !== true || extension.name !== NAME) {
    return `extension ${extension.name} was not offered`;
  }
  if (another !== undefined) return `extension ${another.name} beside ${NAME}`;
  const settings = request.deflate ?? NO_SETTINGS;
  const agreed = readAnswer(extension, settings);
  return typeof agreed === 'string' ? agreed : createCodecs(agreed, settings);
}

/** Whether an answer is about permessage-deflate, be it legal or not. */
export function namesDeflate(answer: string): boolean {
  return parseExtensions(answer)?.some(({ name }) => name === NAME) === true;
}

interface Agreed {
  keepsServerContext: boolean;
  keepsClientContext: boolean;
  serverWindowBits: number;
  clientWindowBits: number;
}

function readAnswer(extension: Extension, settings: DeflateSettings): Agreed | string {
  const { clientMaxWindowBits, serverMaxWindowBits } = settings;
  const clientBitsMax =
    typeof clientMaxWindowBits === 'number' ? clientMaxWindowBits : WINDOW_BITS_MAX;
  const serverBitsMax = serverMaxWindowBits ?? WINDOW_BITS_MAX;
  const agreed: Agreed = {
    keepsServerContext: true,
    keepsClientContext: settings.keepsClientContext === true,
    serverWindowBits: WINDOW_BITS_MAX,
    clientWindowBits: clientBitsMax,
  };
  const seen = new Set<string>();
  for (const [name, value] of extension.parameters) {
    if (seen.has(name)) return `${name} twice`;
    seen.add(name);
    const bits = value !== true && WINDOW_BITS.test(value) ? Number(value) : Number.NaN;
    switch (name) {
      case 'server_no_context_takeover':
        if (value !== true) return `${name} with a value`;
        agreed.keepsServerContext = false;
        break;
      case 'client_no_context_takeover':
        if (value !== true) return `${name} with a value`;
        agreed.keepsClientContext = false;
        break;
      case 'server_max_window_bits':
        if (!(bits <= serverBitsMax)) return `${name}=${value}`;
        agreed.serverWindowBits = bits;
        break;
      case 'client_max_window_bits':
        if (clientMaxWindowBits === undefined) return `${name} was not offered`;
        if (!(bits <= clientBitsMax)) return `${name}=${value}`;
        agreed.clientWindowBits = bits;
        break;
      default:
        return `unknown parameter ${name}`;
    }
  }
  // What was asked of the server it must repeat (§7.1.1.1, §7.1.2.1).
  if (settings.keepsServerContext !== true && agreed.keepsServerContext) {
    return 'server_no_context_takeover was not accepted';
  }
  if (serverMaxWindowBits !== undefined && !seen.has('server_max_window_bits')) {
    return 'server_max_window_bits was not accepted';
  }
  return agreed;
}

function createCodecs(agreed: Agreed, settings: DeflateSettings): Codecs {
  return {
    inflater: agreed.keepsServerContext
      ? new Inflater(1 << agreed.serverWindowBits)
      : new PromisedInflater(),
    deflater: deflaterFor(agreed, settings.thresholdBytes ?? 0),
  };
}

/** Deflaters that keep no context, shared by all connections of the worker: `windowBits thresholdBytes`. */
const contextlessDeflaters = new Map<string, Deflater>();

function deflaterFor(agreed: Agreed, thresholdBytes: number): Deflater {
  const { clientWindowBits, keepsClientContext } = agreed;
  if (keepsClientContext) return new Deflater(clientWindowBits, true, thresholdBytes);
  const key = `${clientWindowBits} ${thresholdBytes}`;
  let deflater = contextlessDeflaters.get(key);
  if (deflater === undefined) {
    deflater = new Deflater(clientWindowBits, false, thresholdBytes);
    contextlessDeflaters.set(key, deflater);
  }
  return deflater;
}

/** The last plain bytes of a direction, as far as later messages may refer to them. */
class History {
  /** Undefined until there are any. */
  bytes: Buffer | undefined = undefined;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  append(message: Uint8Array): void {
    if (this.bytesMax === 0) return;
    const earlier = this.bytes;
    const fromMessage = Math.min(message.length, this.bytesMax);
    const fromEarlier = Math.min(earlier?.length ?? 0, this.bytesMax - fromMessage);
    const next = Buffer.allocUnsafeSlow(fromEarlier + fromMessage);
    if (earlier !== undefined) earlier.copy(next, 0, earlier.length - fromEarlier);
    next.set(message.subarray(message.length - fromMessage), fromEarlier);
    this.bytes = next;
  }
}

/** Expands messages of the server; a bomb is stopped at the size limit, not after it. */
export class Inflater implements MessageInflater {
  private readonly history: History;

  /** @param contextBytesMax the server's window, 0 if it keeps no context. */
  constructor(contextBytesMax: number) {
    this.history = new History(contextBytesMax);
  }

  inflate(payload: Uint8Array, messageBytesMax: number): Buffer | FaultCode {
    let message: Buffer;
    try {
      message = inflateRawSync(payload, {
        // Without the flush tail the last block stays open, which only Z_FINISH minds.
        finishFlush: constants.Z_SYNC_FLUSH,
        windowBits: WINDOW_BITS_MAX,
        maxOutputLength: Math.max(1, messageBytesMax),
        chunkSize: pieceBytes(payload.length * 4),
        ...(this.history.bytes === undefined ? undefined : { dictionary: this.history.bytes }),
      });
    } catch (error) {
      // zlib throws for bad data; what it says in detail helps nobody but the peer's author.
      const isTooBig =
        error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      return isTooBig ? CloseCode.messageTooBig : CloseCode.invalidPayload;
    }
    this.history.append(message);
    return message;
  }

  /** A message that was expanded without this. */
  remember(message: Uint8Array): void {
    this.history.append(message);
  }
}

/** For messages that stand alone, on all connections. */
const contextless = new Inflater(0);

/** A server that keeps its promise for so many messages is believed. */
const PROMISE_MESSAGES = 4;

/**
 * Expands messages of a server that promised `server_no_context_takeover`. Some keep the context all
 * the same, so the first messages are remembered: one that cannot be read alone is read with those
 * before it, and so are all that follow. A server that kept its promise costs no memory afterwards.
 */
export class PromisedInflater implements MessageInflater {
  /** Made by the first message. */
  private withContext: Inflater | null = null;
  private isBroken = false;
  private messagesLeft = PROMISE_MESSAGES;

  inflate(payload: Uint8Array, messageBytesMax: number): Buffer | FaultCode {
    if (this.messagesLeft === 0) return contextless.inflate(payload, messageBytesMax);
    this.withContext ??= new Inflater(1 << WINDOW_BITS_MAX);
    const { withContext } = this;
    if (this.isBroken) return withContext.inflate(payload, messageBytesMax);
    const message = contextless.inflate(payload, messageBytesMax);
    if (message === CloseCode.invalidPayload) {
      this.isBroken = true;
      return withContext.inflate(payload, messageBytesMax);
    }
    if (Buffer.isBuffer(message)) withContext.remember(message);
    this.messagesLeft--;
    if (this.messagesLeft === 0) this.withContext = null;
    return message;
  }
}

/** Compresses our messages. */
export class Deflater implements MessageDeflater {
  readonly thresholdBytes: number;
  private readonly windowBits: number;
  private readonly history: History;

  constructor(windowBits: number, keepsContext: boolean, thresholdBytes: number) {
    this.windowBits = Math.max(windowBits, WINDOW_BITS_MIN);
    this.history = new History(keepsContext ? 1 << windowBits : 0);
    // An empty message has nothing to compress; RFC 7692 §6 lets it go as it is.
    this.thresholdBytes = Math.max(1, thresholdBytes);
  }

  deflate(payload: Uint8Array): Uint8Array {
    const compressed = deflateRawSync(payload, {
      finishFlush: constants.Z_SYNC_FLUSH,
      windowBits: this.windowBits,
      chunkSize: pieceBytes(payload.length),
      ...(this.history.bytes === undefined ? undefined : { dictionary: this.history.bytes }),
    });
    this.history.append(payload);
    return compressed.subarray(0, compressed.length - FLUSH_TAIL_BYTES);
  }
}

function pieceBytes(expectedBytes: number): number {
  return Math.min(Math.max(expectedBytes, PIECE_BYTES_MIN), PIECE_BYTES_MAX);
}
