/**
 * The opening handshake (RFC 6455 §4): writes the request, reads the answer, judges it. Text in,
 * text out: no socket and no clock. It must never let a header smuggle in another one, and never
 * take an answer for an upgrade that is none.
 */
import { hash } from 'node:crypto';
import type { DialRequest, HandshakeResponse } from './api.ts';
import { WebSocketError, WebSocketErrorCode } from './errors.ts';
import { nextMaskingKey } from './mask.ts';

/** RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const RESPONSE_HEAD_BYTES_MAX = 64 * 1024;
/** As much of a refusal's body as is kept. */
export const RESPONSE_BODY_BYTES_MAX = 1024;
/** Chunk sizes and extensions around a body that is kept; beyond this it is cut off. */
const CHUNKED_BODY_BYTES_MAX = 8 * 1024;

/** Headers that only the handshake itself may set. */
const OWN_HEADERS = new Set([
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
]);

/** RFC 7230 §3.2.6. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const LINE_BREAK = /[\r\n\0]/;

/** A new Sec-WebSocket-Key: 16 random bytes in base64. */
export function createHandshakeKey(): string {
  const words = Int32Array.of(
    nextMaskingKey(),
    nextMaskingKey(),
    nextMaskingKey(),
    nextMaskingKey(),
  );
  return Buffer.from(words.buffer).toString('base64');
}

/** The Sec-WebSocket-Accept that proves the server read `key` (RFC 6455 §4.2.2). */
export function acceptFor(key: string): string {
  return hash('sha1', key + ACCEPT_GUID, 'base64');
}

/**
 * What forbids sending this request, if anything: headers that are the handshake's own, or names
 * and values that would break out of their line.
 */
export function requestFault(request: DialRequest): WebSocketError | undefined {
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    const isDuplicate =
      OWN_HEADERS.has(lower) ||
      (lower === 'sec-websocket-protocol' && request.protocols.length > 0);
    if (isDuplicate) {
      return headerFault(`websocket: duplicate header not allowed: ${canonicalName(name)}`);
    }
    if (!TOKEN.test(name)) return headerFault(`invalid header field name ${JSON.stringify(name)}`);
    if (LINE_BREAK.test(value)) return headerFault(`invalid header field value for "${name}"`);
  }
  for (const protocol of request.protocols) {
    if (!TOKEN.test(protocol))
      return headerFault(`invalid subprotocol ${JSON.stringify(protocol)}`);
  }
  if (LINE_BREAK.test(request.target)) return headerFault('invalid request target');
  if (LINE_BREAK.test(request.hostHeader)) return headerFault('invalid Host header');
  return undefined;
}

/**
 * The request as it goes on the wire. A `Host` among the headers replaces `hostHeader`.
 *
 * @param extensions value of Sec-WebSocket-Extensions, '' for none.
 */
export function writeRequest(request: DialRequest, key: string, extensions: string): string {
  let host = request.hostHeader;
  let fields = '';
  for (const [name, value] of request.headers) {
    if (name.toLowerCase() === 'host') host = value;
    else fields += `${name}: ${value}\r\n`;
  }
  if (request.protocols.length > 0) {
    fields += `Sec-WebSocket-Protocol: ${request.protocols.join(', ')}\r\n`;
  }
  if (extensions !== '') fields += `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  return (
    `GET ${request.target} HTTP/1.1\r\nHost: ${host}\r\n` +
    'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${fields}\r\n`
  );
}

/** `sec-websocket-key` → `Sec-Websocket-Key`, as Go writes header names. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (first) => first.toUpperCase());
}

function headerFault(message: string): WebSocketError {
  return new WebSocketError(WebSocketErrorCode.header, message);
}

/** An HTTP answer. Keeps its head as one string and takes it apart when asked: it may live long. */
export class ResponseHead implements HandshakeResponse {
  readonly status: number;
  protocol = '';
  extensions = '';
  body: Uint8Array = NO_BYTES;
  private readonly head: string;

  /** @param head status line and fields, without the empty line. */
  constructor(status: number, head: string) {
    this.status = status;
    this.head = head;
  }

  get headers(): readonly (readonly [name: string, value: string])[] {
    return this.head
      .split('\r\n')
      .slice(1)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
      });
  }

  /** All values of a field in order, joined as RFC 7230 §3.2.2 allows; undefined if absent. */
  field(lowerName: string): string | undefined {
    let joined: string | undefined;
    for (const [name, value] of this.headers) {
      if (name.toLowerCase() === lowerName)
        joined = joined === undefined ? value : `${joined}, ${value}`;
    }
    return joined;
  }
}

const NO_BYTES = new Uint8Array(0);

/** HTTP/1.1, a status, and perhaps a reason phrase. */
const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?: .*)?$/;
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/;
const HEAD_END = '\r\n\r\n';

/** Collects an answer's head from chunks of any size. */
export class ResponseReader {
  private earlier: Buffer | null = null;
  /** Where the bytes behind the head begin in the chunk that completed it. */
  restFrom = 0;

  /** True if the server has sent anything yet. */
  get hasBytes(): boolean {
    return this.earlier !== null;
  }

  /**
   * Takes `chunk[from, to)`.
   * @returns the head once complete, a fault if this is no HTTP answer, undefined if more must come.
   */
  push(chunk: Buffer, from: number, to: number): ResponseHead | WebSocketError | undefined {
    const news = chunk.subarray(from, to);
    const earlier = this.earlier;
    const earlierBytes = earlier?.length ?? 0;
    const bytes = earlier === null ? news : Buffer.concat([earlier, news]);
    const end = bytes.indexOf(HEAD_END, Math.max(0, earlierBytes - HEAD_END.length + 1), 'latin1');
    if (end < 0) return this.keep(bytes);
    this.earlier = null;
    this.restFrom = from + end + HEAD_END.length - earlierBytes;
    return parseHead(bytes.toString('utf8', 0, end));
  }

  private keep(bytes: Buffer): WebSocketError | undefined {
    if (bytes.length > RESPONSE_HEAD_BYTES_MAX)
      return malformed('response head larger than 64 KiB');
    const lineEnd = bytes.indexOf(0x0a);
    if (lineEnd >= 0 && !STATUS_LINE.test(bytes.toString('utf8', 0, lineEnd).trimEnd())) {
      return malformed(`malformed HTTP response ${quoteLine(bytes.toString('utf8', 0, lineEnd))}`);
    }
    this.earlier = Buffer.from(bytes);
    return undefined;
  }
}

function parseHead(head: string): ResponseHead | WebSocketError {
  const lines = head.split('\r\n');
  const statusLine = lines[0] ?? '';
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) return malformed(`malformed HTTP response ${quoteLine(statusLine)}`);
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (!FIELD_LINE.test(line)) return malformed(`malformed HTTP header ${quoteLine(line)}`);
  }
  return new ResponseHead(Number(status), head);
}

function malformed(message: string): WebSocketError {
  return new WebSocketError(WebSocketErrorCode.malformedResponse, message);
}

function quoteLine(line: string): string {
  return JSON.stringify(line.trimEnd().slice(0, 200));
}

/**
 * Why a 101 answer does not upgrade the connection, undefined if it does; sets the head's
 * `protocol` and `extensions`. Extensions are judged by who offered them.
 * @see RFC 6455 §4.1, the numbered list at its end
 */
export function judgeUpgrade(
  head: ResponseHead,
  key: string,
  request: DialRequest,
): string | undefined {
  if (head.status !== 101) return `status ${head.status}`;
  let accept: string | undefined;
  let upgrade = '';
  let connection = '';
  let protocol: string | undefined;
  let extensions = '';
  for (const [name, value] of head.headers) {
    switch (name.toLowerCase()) {
      case 'upgrade':
        upgrade += `,${value}`;
        break;
      case 'connection':
        connection += `,${value}`;
        break;
      case 'sec-websocket-accept':
        if (accept !== undefined) return 'Sec-WebSocket-Accept twice';
        accept = value;
        break;
      case 'sec-websocket-protocol':
        if (protocol !== undefined) return 'Sec-WebSocket-Protocol twice';
        protocol = value;
        break;
      case 'sec-websocket-extensions':
        extensions += extensions === '' ? value : `, ${value}`;
        break;
      default:
    }
  }
  head.protocol = protocol ?? '';
  head.extensions = extensions;
  if (!hasToken(upgrade, 'websocket')) return 'no Upgrade: websocket';
  if (!hasToken(connection, 'upgrade')) return 'no Connection: Upgrade';
  if (accept !== acceptFor(key)) return 'wrong Sec-WebSocket-Accept';
  if (request.requiresOfferedProtocol === true && protocol !== undefined) {
    if (!request.protocols.includes(protocol)) return `subprotocol ${protocol} was not offered`;
  }
  if (request.requiresProtocolAnswer === true && protocol === undefined) {
    if (request.protocols.length > 0) return 'no subprotocol chosen';
  }
  return undefined;
}

function hasToken(list: string, lowerToken: string): boolean {
  return list.split(',').some((token) => token.trim().toLowerCase() === lowerToken);
}

/** Collects the first KiB of a refusal's body: by length, by chunks, or until the end of stream. */
export class BodyReader {
  private readonly isChunked: boolean;
  private readonly bytesExpected: number;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(head: ResponseHead) {
    this.isChunked = hasToken(head.field('transfer-encoding') ?? '', 'chunked');
    const length = head.field('content-length');
    const isEmpty = head.status === 204 || head.status === 304 || head.status < 200;
    this.bytesExpected = isEmpty
      ? 0
      : length === undefined
        ? Infinity
        : Number.parseInt(length, 10);
  }

  push(chunk: Buffer, from: number, to: number): void {
    const bytesMax = this.isChunked ? CHUNKED_BODY_BYTES_MAX : RESPONSE_BODY_BYTES_MAX;
    const end = Math.min(to, from + bytesMax - this.bytes.length);
    this.bytes = Buffer.concat([this.bytes, chunk.subarray(from, end)]);
  }

  /** True if nothing is worth waiting for any more. */
  get isDone(): boolean {
    if (this.isChunked) {
      const { body, isComplete } = decodeChunks(this.bytes);
      return (
        isComplete ||
        body.length >= RESPONSE_BODY_BYTES_MAX ||
        this.bytes.length >= CHUNKED_BODY_BYTES_MAX
      );
    }
    return this.bytes.length >= Math.min(this.bytesExpected, RESPONSE_BODY_BYTES_MAX);
  }

  get body(): Uint8Array {
    if (this.isChunked) return decodeChunks(this.bytes).body.subarray(0, RESPONSE_BODY_BYTES_MAX);
    return this.bytes.subarray(0, this.bytesExpected);
  }
}

/** RFC 7230 §4.1 as far as the bytes go; what follows a malformed chunk is dropped. */
function decodeChunks(bytes: Buffer): { body: Buffer; isComplete: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return { body: Buffer.concat(parts), isComplete: false };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return { body: Buffer.concat(parts), isComplete: true };
    const from = lineEnd + 2;
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
    if (at > bytes.length) return { body: Buffer.concat(parts), isComplete: false };
  }
}
