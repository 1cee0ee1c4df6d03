/**
 * `--ws-debug`: a transport around another that tells in words what crosses it: requests and answers
 * of handshakes, and the frames. Credentials and cookies are blanked by their names unless asked for; paths
 * and close reasons are shown. It reads along and changes nothing; without it the engine does not know it exists.
 */

import { nowMs } from '../base/clock.ts';
import {
  isSecretHeader,
  REDACTED,
  withoutSecretParameters,
  withoutUserInfo,
} from '../base/credentials.ts';
import type { TlsSettings, WireTrace } from './api.ts';
import { FIN_BIT, Opcode } from './frame.ts';
import type {
  ConnectTransport,
  Transport,
  TransportHandler,
  TransportTarget,
} from './transport.ts';

/** Makes transports whose traffic is told to `trace`. */
export function traceWire(connect: ConnectTransport, trace: WireTrace): ConnectTransport {
  return (target, handler) => new TracedTransport(connect, target, handler, trace);
}

const HEAD_END = '\r\n\r\n';
/** A line that begins with white space belongs to the field before it (RFC 7230 §3.2.4). */
const FIELD_START = /\r\n(?![ \t])/;
const HEAD_STARTS = ['HTTP/', 'CONNECT ', 'GET '];
const HEAD_BYTES_MAX = 64 * 1024;
/** Subprotocols are names, but some clients put a token among them: a JWT, or what is too long for a name. */
const PROTOCOLS_HEADER = /^sec-websocket-protocol$/i;
const PROTOCOL_CHARS_MAX = 32;
/** RFC 7519; its header is JSON, which begins so in Base64. */
const JWT = /^eyJ[\w-]*(\.[\w-]*){2,4}$/;

let nextConnection = 1;

class TracedTransport implements Transport, TransportHandler {
  handler: TransportHandler;
  private readonly inner: Transport;
  private readonly trace: WireTrace;
  private readonly name = `conn ${nextConnection++}`;
  private readonly startMs = nowMs();
  private readonly sent: FrameTracer;
  private readonly received: FrameTracer;
  private sentHead = '';
  private receivedHead = '';
  private isUpgraded = false;

  constructor(
    connect: ConnectTransport,
    target: TransportTarget,
    handler: TransportHandler,
    trace: WireTrace,
  ) {
    this.handler = handler;
    this.trace = trace;
    this.sent = new FrameTracer((text) => this.say(`> ${text}`));
    this.received = new FrameTracer((text) => this.say(`< ${text}`));
    const { address, port } = target.address;
    this.say(`* dial ${address}:${port}${target.isSecure ? ' with TLS' : ''}`);
    this.inner = connect(target, this);
  }

  get localAddress(): string | undefined {
    return this.inner.localAddress;
  }

  get unsentBytes(): number {
    return this.inner.unsentBytes;
  }

  write(bytes: Uint8Array): void {
    if (!this.isUpgraded) this.sentHead = this.tellHead('>', this.sentHead, bytes);
    else if (this.trace.includesFrames) this.sent.push(bytes, bytes.length);
    this.inner.write(bytes);
  }

  cork(): void {
    this.inner.cork();
  }

  uncork(): void {
    this.inner.uncork();
  }

  takeSentBytes(): number {
    return this.inner.takeSentBytes();
  }

  takeReceivedBytes(): number {
    return this.inner.takeReceivedBytes();
  }

  awaitDrain(): void {
    this.inner.awaitDrain();
  }

  startTls(host: string, tls: TlsSettings | undefined): void {
    this.say(`* TLS through the proxy to ${host}`);
    this.inner.startTls(host, tls);
  }

  end(): void {
    this.inner.end();
  }

  endAndDestroy(): void {
    this.inner.endAndDestroy();
  }

  destroy(): void {
    this.inner.destroy();
  }

  pause(): void {
    this.say('* reading paused');
    this.inner.pause();
  }

  resume(): void {
    this.say('* reading goes on');
    this.inner.resume();
  }

  onConnect(): void {
    this.say(`* connected from ${this.inner.localAddress ?? 'unknown'}`);
    this.handler.onConnect();
  }

  onSecure(): void {
    this.say('* TLS is up');
    this.handler.onSecure();
  }

  onRead(chunk: Buffer, length: number): void {
    let from = 0;
    if (!this.isUpgraded) {
      const before = this.receivedHead.length;
      this.receivedHead = this.tellHead('<', this.receivedHead, chunk.subarray(0, length));
      // latin1: a character per byte.
      if (this.isUpgraded) from = this.upgradedAt - before;
    }
    if (this.isUpgraded && this.trace.includesFrames && from < length) {
      this.received.push(chunk.subarray(from, length), length - from);
    }
    this.handler.onRead(chunk, length);
  }

  onDrain(): void {
    this.handler.onDrain();
  }

  onFinish(): void {
    this.handler.onFinish();
  }

  onPeerEnd(): void {
    this.say('< FIN');
    this.handler.onPeerEnd();
  }

  onClose(error: Error | undefined): void {
    this.say(`* closed${error === undefined ? '' : `: ${error.message}`}`);
    this.handler.onClose(error);
  }

  /** Where the frames begin in what was received with the head. */
  private upgradedAt = 0;

  /** Collects a head and tells it once it is whole; what is no HTTP is told by its length. */
  private tellHead(mark: '>' | '<', earlier: string, bytes: Uint8Array): string {
    const text = earlier + Buffer.from(bytes).toString('latin1');
    if (!HEAD_STARTS.some((start) => start.startsWith(text) || text.startsWith(start))) {
      this.say(`${mark} ${text.length} bytes`);
      return '';
    }
    const end = text.indexOf(HEAD_END);
    if (end < 0) return text.length > HEAD_BYTES_MAX ? '' : text;
    const head = text.slice(0, end);
    const shown = this.trace.includesSecrets ? head : redacted(head);
    for (const line of shown.split('\r\n')) this.say(`${mark} ${line}`);
    if (mark === '<' && /^HTTP\/1\.\d 101/.test(head)) {
      this.isUpgraded = true;
      this.upgradedAt = end + HEAD_END.length;
      return '';
    }
    const rest = text.slice(end + HEAD_END.length);
    if (rest !== '') this.say(`${mark} ${rest.length} bytes of body`);
    return '';
  }

  private say(text: string): void {
    const elapsedMs = (nowMs() - this.startMs).toFixed(1);
    this.trace.write(`${this.name} +${elapsedMs}ms ${text}`);
  }
}

/** A request or answer without what lets somebody else in. */
export function redacted(head: string): string {
  const [first = '', ...fields] = head.split(FIELD_START);
  return [withoutUrlSecrets(first), ...fields.map(redactedField)].join('\r\n');
}

function redactedField(field: string): string {
  const colon = field.indexOf(':');
  if (colon < 0) return withoutUrlSecrets(field);
  const name = field.slice(0, colon);
  const value = field.slice(colon + 1);
  if (PROTOCOLS_HEADER.test(name.trim())) {
    return `${name}:${value.replace(/[^\s,]+/g, (entry) => (isToken(entry) ? REDACTED : entry))}`;
  }
  if (isSecretHeader(name.trim())) return `${name}: ${REDACTED}`;
  return `${name}:${withoutUrlSecrets(value)}`;
}

function isToken(protocol: string): boolean {
  return protocol.length > PROTOCOL_CHARS_MAX || JWT.test(protocol);
}

function withoutUrlSecrets(text: string): string {
  return withoutSecretParameters(withoutUserInfo(text));
}

const OPCODE_NAMES: Readonly<Record<number, string>> = {
  [Opcode.continuation]: 'continuation',
  [Opcode.text]: 'text',
  [Opcode.binary]: 'binary',
  [Opcode.close]: 'close',
  [Opcode.ping]: 'ping',
  [Opcode.pong]: 'pong',
};

const MASK_BIT = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** Close code and the longest reason. */
const CONTROL_BYTES_MAX = 125;

/** Reads the headers of frames in a stream, and the payload of Close frames; checks nothing. */
export class FrameTracer {
  private readonly say: (text: string) => void;
  private header: number[] = [];
  private headerBytes = 2;
  private payloadLeft = 0;
  private closePayload: number[] | undefined = undefined;

  constructor(say: (text: string) => void) {
    this.say = say;
  }

  push(bytes: Uint8Array, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.payloadLeft > 0) {
        const taken = Math.min(this.payloadLeft, length - at);
        this.closePayload?.push(...bytes.subarray(at, at + taken));
        this.payloadLeft -= taken;
        at += taken;
        if (this.payloadLeft === 0) this.tellClose();
        continue;
      }
      this.header.push(bytes[at] ?? 0);
      at++;
      if (this.header.length === 2) this.headerBytes = headerBytesOf(this.header[1] ?? 0);
      if (this.header.length === this.headerBytes) this.onHeader();
    }
  }

  private onHeader(): void {
    const [first = 0, second = 0] = this.header;
    const opcode = first & 0x0f;
    const payloadBytes = this.payloadBytes(second & 0x7f);
    this.payloadLeft = payloadBytes;
    if (opcode === Opcode.close && payloadBytes <= CONTROL_BYTES_MAX) {
      this.closePayload = [];
      if (payloadBytes === 0) this.tellClose();
      return;
    }
    const marks = [
      (first & FIN_BIT) === 0 ? ' not final' : '',
      (first & 0x40) === 0 ? '' : ' compressed',
      (first & 0x30) === 0 ? '' : ' reserved bits',
    ].join('');
    const name = OPCODE_NAMES[opcode] ?? `opcode ${opcode}`;
    this.say(`${name} ${payloadBytes} bytes${marks}`);
    if (payloadBytes === 0) this.startFrame();
  }

  private payloadBytes(short: number): number {
    if (short < LENGTH_16) return short;
    const lengthBytes = this.header.slice(2, short === LENGTH_16 ? 4 : 10);
    return lengthBytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  private tellClose(): void {
    const payload = this.closePayload;
    if (payload !== undefined) {
      const key = (this.header[1] ?? 0) & MASK_BIT ? this.header.slice(-4) : [0, 0, 0, 0];
      const plain = Buffer.from(payload.map((byte, i) => byte ^ (key[i % 4] ?? 0)));
      const code = plain.length < 2 ? 'without code' : String(plain.readUInt16BE(0));
      const reason = plain.toString('utf8', 2);
      this.say(
        `close ${code}${reason === '' ? '' : ` ${JSON.stringify(reason)}`} ${plain.length} bytes`,
      );
    }
    this.closePayload = undefined;
    this.startFrame();
  }

  private startFrame(): void {
    this.header = [];
    this.headerBytes = 2;
  }
}

function headerBytesOf(second: number): number {
  const length = second & 0x7f;
  const lengthBytes = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
  return 2 + lengthBytes + ((second & MASK_BIT) === 0 ? 0 : 4);
}
