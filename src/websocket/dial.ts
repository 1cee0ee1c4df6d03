/**
 * From a request to an open connection: names, TCP, TLS, upgrade, each timed; the addresses of a
 * name are tried in order. A dial ends exactly once, in an upgrade or in `onEnd`, and never before
 * `dial` has returned.
 */
import { isIP } from 'node:net';
import { nextTick } from 'node:process';
import { nowMs } from '../base/clock.ts';
import {
  type Connection,
  type ConnectionEvents,
  type DialRequest,
  type DialTimings,
  EndCause,
  type ResolvedAddress,
  type SourceLease,
} from './api.ts';
import { ClientConnection, type Dialing } from './connection.ts';
import { acceptExtensions, type Codecs, namesDeflate, offerOf } from './deflate.ts';
import { WebSocketError, WebSocketErrorCode } from './errors.ts';
import { CloseCode } from './frame.ts';
import {
  BodyReader,
  createHandshakeKey,
  judgeUpgrade,
  type ResponseHead,
  ResponseReader,
  requestFault,
  writeRequest,
} from './handshake.ts';
import { beginRead, endRead } from './outbox.ts';
import { isSourceRefusal, SOURCE_REFUSALS_MAX } from './source-ports.ts';
import {
  type ConnectTransport,
  connectSocket,
  joinAddress,
  type Transport,
  type TransportHandler,
} from './transport.ts';
import { createTunnel, type Tunnel } from './tunnel.ts';
import { traceWire } from './wire-trace.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 60_000;
/** Of several addresses, each gets its share of the time, but not less than this. */
const ATTEMPT_TIMEOUT_MS_MIN = 2_000;
/** A refusal's body is worth this much waiting. */
const BODY_TIMEOUT_MS = 500;

/**
 * Opens a WebSocket connection. Returns at once; everything else is told to `events`, never before
 * this returns.
 *
 * Errors: none thrown; a request that cannot be sent, too, ends in `onEnd`.
 * @param connectTransport how sockets are made; tests give their own.
 */
export function dial(
  request: DialRequest,
  events: ConnectionEvents,
  connectTransport: ConnectTransport = connectSocket,
): Connection {
  const connection = new ClientConnection(events, request);
  const { trace } = request;
  const connect = trace === undefined ? connectTransport : traceWire(connectTransport, trace);
  const dialing = new Dial(request, events, connection, connect);
  connection.dialStarted(dialing);
  dialing.start();
  return connection;
}

class Dial implements Dialing, TransportHandler {
  private request: DialRequest;
  private readonly events: ConnectionEvents;
  private readonly connection: ClientConnection;
  private readonly connectTransport: ConnectTransport;
  private readonly startMs = nowMs();
  /** Start of the last try, after redirects. */
  private tryMs = this.startMs;
  private resolvedMs = 0;
  private connectedMs = 0;
  private securedMs = 0;
  private timer: NodeJS.Timeout | null = null;
  /** Where to connect, and which of it is being tried. */
  private addresses: readonly ResolvedAddress[] = [];
  private attempt = 0;
  private firstError: Error | undefined = undefined;
  private transport: Transport | null = null;
  /** The transport has said its last word; there is nothing left to destroy. */
  private isTransportGone = false;
  /** The talk with the proxy, until it has connected us. */
  private tunnel: Tunnel | null = null;
  private sourceRefusals = 0;
  private key = '';
  private reader = new ResponseReader();
  private head: ResponseHead | undefined = undefined;
  private bodyReader: BodyReader | null = null;
  /** Set once it is decided how the dial fails; the transport may still have to go. */
  private cause: EndCause | null = null;
  private error: Error | undefined = undefined;

  constructor(
    request: DialRequest,
    events: ConnectionEvents,
    connection: ClientConnection,
    connectTransport: ConnectTransport,
  ) {
    this.request = request;
    this.events = events;
    this.connection = connection;
    this.connectTransport = connectTransport;
  }

  start(): void {
    const { request } = this;
    const fault = requestFault(request);
    if (fault !== undefined) {
      this.fail(EndCause.dialFailed, fault);
      return;
    }
    this.arm(this.timeLeftMs());
    const { host, port } = request.proxy ?? request;
    request.resolve(host, port, (error, addresses) => {
      this.onResolved(error, addresses);
    });
  }

  abort(): void {
    this.fail(
      EndCause.dialAborted,
      new WebSocketError(WebSocketErrorCode.aborted, 'operation was canceled'),
    );
  }

  private onResolved(error: Error | null, addresses: readonly ResolvedAddress[]): void {
    if (this.cause !== null || this.resolvedMs !== 0) return;
    this.resolvedMs = nowMs();
    if (error !== null) {
      this.fail(EndCause.dialFailed, error);
      return;
    }
    this.addresses = addresses;
    this.tryAddress();
  }

  private tryAddress(): void {
    const { request, addresses } = this;
    const address = addresses[this.attempt];
    if (address === undefined) {
      const error =
        this.firstError ??
        new WebSocketError(
          WebSocketErrorCode.noAddress,
          `lookup ${this.dialledHost}: no such host`,
        );
      const isTimeout =
        error instanceof WebSocketError && error.code === WebSocketErrorCode.timeout;
      this.fail(isTimeout ? EndCause.dialTimeout : EndCause.dialFailed, error);
      return;
    }
    const connectMs = request.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const leftMs = connectMs - (nowMs() - this.resolvedMs);
    const shareMs = leftMs / (addresses.length - this.attempt);
    const attemptMs = Math.min(leftMs, Math.max(shareMs, ATTEMPT_TIMEOUT_MS_MIN));
    this.arm(Math.min(attemptMs, this.timeLeftMs()));
    const source = request.leaseSource?.(address);
    if (source instanceof Error) {
      this.fail(EndCause.dialFailed, source);
      return;
    }
    this.connect(address, source);
  }

  private connect(address: ResolvedAddress, source: SourceLease | undefined): void {
    const { request } = this;
    const { proxy } = request;
    try {
      this.tunnel = proxy === undefined ? null : createTunnel(proxy, request.host, request.port);
      this.transport = this.connectTransport(
        {
          address,
          host: this.dialledHost,
          isSecure: proxy === undefined ? request.isSecure : proxy.kind === 'https',
          tls: proxy === undefined ? request.tls : proxy.tls,
          localAddress: request.localAddress,
          source,
        },
        this,
      );
    } catch (error) {
      source?.release();
      // A local address, TLS setting or proxy that cannot be used.
      this.fail(EndCause.dialFailed, error instanceof Error ? error : new Error(String(error)));
    }
  }

  // From the transport.

  onConnect(): void {
    if (this.cause !== null) return;
    this.arm(this.timeLeftMs());
    if (this.tunnel !== null) {
      if (this.request.proxy?.kind !== 'https') this.transport?.write(this.tunnel.greeting);
      return;
    }
    this.connectedMs = nowMs();
    if (!this.request.isSecure) this.sendRequest(this.connectedMs);
  }

  /** What the proxy says until it has connected us. */
  private readTunnel(tunnel: Tunnel, chunk: Buffer, length: number): void {
    const step = tunnel.push(chunk.subarray(0, length));
    if (step === 'wait') return;
    if (step instanceof WebSocketError) {
      this.fail(EndCause.dialFailed, step);
      return;
    }
    if (step !== 'open') {
      this.transport?.write(step);
      return;
    }
    this.tunnel = null;
    this.connectedMs = nowMs();
    const { request } = this;
    if (!request.isSecure) {
      this.sendRequest(this.connectedMs);
      return;
    }
    try {
      this.transport?.startTls(request.host, request.tls);
    } catch (error) {
      this.fail(EndCause.dialFailed, error instanceof Error ? error : new Error(String(error)));
    }
  }

  onSecure(): void {
    if (this.cause !== null) return;
    if (this.tunnel === null) this.sendRequest(nowMs());
    else this.transport?.write(this.tunnel.greeting);
  }

  onRead(chunk: Buffer, length: number): void {
    if (this.cause !== null) return;
    if (this.tunnel !== null) {
      this.readTunnel(this.tunnel, chunk, length);
      return;
    }
    if (this.bodyReader !== null) {
      this.readBody(this.bodyReader, chunk, 0, length);
      return;
    }
    const head = this.reader.push(chunk, 0, length);
    if (head === undefined) return;
    if (head instanceof WebSocketError) {
      this.fail(EndCause.dialFailed, head);
      return;
    }
    // Informational answers precede the real one (RFC 7231 §6.2).
    if (head.status < 200 && head.status !== 101) {
      const rest = Buffer.from(chunk.subarray(this.reader.restFrom, length));
      if (rest.length > 0) this.onRead(rest, rest.length);
      return;
    }
    this.head = head;
    this.onAnswer(head, chunk, this.reader.restFrom, length);
  }

  onDrain(): void {
    // A request is never large enough to wait for.
  }

  onFinish(): void {
    // A dial never ends its side first.
  }

  onPeerEnd(): void {
    if (this.cause !== null) return;
    if (this.bodyReader !== null) {
      this.reject();
      return;
    }
    this.fail(EndCause.dialFailed, new WebSocketError(WebSocketErrorCode.eof, 'unexpected EOF'));
  }

  onClose(error: Error | undefined): void {
    this.isTransportGone = true;
    if (this.cause !== null) {
      this.end();
      return;
    }
    if (this.connectedMs === 0 && this.mayTryOtherSource(error)) {
      this.transport = null;
      this.isTransportGone = false;
      this.tryAddress();
      return;
    }
    if (this.connectedMs === 0 && this.attempt < this.addresses.length) {
      // This address is out; Go and k6 report the first failure, too, if none works.
      this.firstError ??= error;
      this.attempt++;
      this.transport = null;
      this.isTransportGone = false;
      this.tryAddress();
      return;
    }
    if (this.bodyReader !== null) {
      this.reject();
      return;
    }
    const eof = new WebSocketError(WebSocketErrorCode.eof, 'unexpected EOF');
    this.fail(EndCause.dialFailed, error ?? eof);
  }

  private mayTryOtherSource(error: Error | undefined): boolean {
    if (this.request.leaseSource === undefined || error === undefined) return false;
    if (!isSourceRefusal(error)) return false;
    this.sourceRefusals++;
    return this.sourceRefusals <= SOURCE_REFUSALS_MAX;
  }

  private get dialledHost(): string {
    return (this.request.proxy ?? this.request).host;
  }

  private sendRequest(atMs: number): void {
    const { request } = this;
    this.securedMs = atMs;
    this.key = createHandshakeKey();
    const text = writeRequest(request, this.key, offerOf(request));
    this.transport?.write(Buffer.from(text, 'utf8'));
  }

  private onAnswer(head: ResponseHead, chunk: Buffer, from: number, to: number): void {
    const next = isRedirect(head) ? this.request.redirect?.(head) : undefined;
    if (next !== undefined) {
      this.follow(next);
      return;
    }
    if (head.status !== 101) {
      this.error = badHandshake(`status ${head.status}`);
      this.bodyReader = new BodyReader(head);
      this.arm(Math.min(BODY_TIMEOUT_MS, this.timeLeftMs()));
      this.readBody(this.bodyReader, chunk, from, to);
      return;
    }
    const fault = judgeUpgrade(head, this.key, this.request);
    if (fault !== undefined) {
      this.reject(fault);
      return;
    }
    const codecs = acceptExtensions(head.extensions, this.request);
    if (typeof codecs === 'string') {
      this.error = refusedExtensions(head.extensions, codecs);
      this.reject();
      return;
    }
    this.open(head, codecs, chunk, from, to);
  }

  /** Begins again with another request; limits of time and `startMs` stay those of the whole dial. */
  private follow(next: DialRequest): void {
    const { transport } = this;
    if (transport !== null) {
      this.reportBytes(transport);
      transport.handler = NOBODY;
      transport.destroy();
    }
    this.request = { ...next, handshakeTimeoutMs: this.limitMs };
    this.tryMs = nowMs();
    this.resolvedMs = 0;
    this.connectedMs = 0;
    this.securedMs = 0;
    this.addresses = [];
    this.attempt = 0;
    this.firstError = undefined;
    this.transport = null;
    this.reader = new ResponseReader();
    this.head = undefined;
    this.start();
  }

  private open(head: ResponseHead, codecs: Codecs, chunk: Buffer, from: number, to: number): void {
    const { connection, transport } = this;
    if (transport === null) return;
    this.disarm();
    const openMs = nowMs();
    beginRead();
    try {
      connection.opened({
        transport,
        response: head,
        timings: this.timingsAt(openMs),
        remoteAddress: this.remoteAddress ?? '',
        inflater: codecs.inflater,
        deflater: codecs.deflater,
      });
      if (from < to) connection.onFirstBytes(chunk, from, to, openMs);
    } finally {
      endRead();
    }
  }

  private readBody(reader: BodyReader, chunk: Buffer, from: number, to: number): void {
    reader.push(chunk, from, to);
    if (reader.isDone) this.reject();
  }

  private reject(detail?: string): void {
    if (this.head !== undefined && this.bodyReader !== null) {
      this.head.body = this.bodyReader.body;
    }
    this.fail(EndCause.dialRejected, this.error ?? badHandshake(detail ?? ''));
  }

  private onTimeUp(): void {
    this.timer = null;
    if (this.bodyReader !== null) {
      this.reject();
      return;
    }
    const timeout = new WebSocketError(WebSocketErrorCode.timeout, 'i/o timeout');
    const isAttemptOnly =
      this.connectedMs === 0 && this.transport !== null && this.timeLeftMs() > 0;
    if (!isAttemptOnly) {
      this.fail(EndCause.dialTimeout, timeout);
      return;
    }
    this.firstError ??= timeout;
    // Goes on with the next address in onClose.
    this.transport?.destroy();
  }

  private fail(cause: EndCause, error: Error | undefined): void {
    if (this.cause !== null) return;
    this.cause = cause;
    this.error = error;
    this.disarm();
    if (this.transport !== null && !this.isTransportGone) this.transport.destroy();
    else nextTick(endDial, this);
  }

  end(): void {
    const { connection, events, transport } = this;
    connection.dialEnded();
    if (transport !== null) this.reportBytes(transport);
    events.onEnd({
      cause: this.cause ?? EndCause.dialFailed,
      code: CloseCode.abnormal,
      reason: '',
      wasClean: false,
      error: this.error,
      response: this.head,
      timings: this.timingsAt(nowMs()),
      remoteAddress: this.remoteAddress,
      localAddress: transport?.localAddress,
    });
  }

  private reportBytes(transport: Transport): void {
    const sentBytes = transport.takeSentBytes();
    const receivedBytes = transport.takeReceivedBytes();
    if (sentBytes > 0 || receivedBytes > 0) this.events.onBytes(sentBytes, receivedBytes);
  }

  private get remoteAddress(): string | undefined {
    const address = this.addresses[this.attempt];
    if (this.connectedMs === 0 || address === undefined) return undefined;
    return joinAddress(address.address, address.port);
  }

  /** Phases up to `endMs`; the one it falls into is counted as far as it went. */
  private timingsAt(endMs: number): DialTimings {
    // An address is not looked up.
    const isName = isIP((this.request.proxy ?? this.request).host) === 0;
    const resolvedMs = isName ? this.resolvedMs || endMs : this.tryMs;
    const connectedMs = this.connectedMs || endMs;
    const securedMs = this.securedMs || endMs;
    return {
      startMs: this.startMs,
      dnsMs: resolvedMs - this.tryMs,
      tcpMs: connectedMs - resolvedMs,
      tlsMs: this.request.isSecure ? securedMs - connectedMs : 0,
      upgradeMs: endMs - securedMs,
      totalMs: endMs - this.startMs,
    };
  }

  private timeLeftMs(): number {
    return this.limitMs - (nowMs() - this.startMs);
  }

  private get limitMs(): number {
    return this.request.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
  }

  private arm(timeoutMs: number): void {
    this.disarm();
    this.timer = setTimeout(dialTimeUp, Math.max(0, timeoutMs), this);
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  timeUp(): void {
    this.onTimeUp();
  }
}

/** RFC 7231 §6.4, RFC 7538. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function isRedirect(head: ResponseHead): boolean {
  return REDIRECTS.has(head.status) && head.field('location') !== undefined;
}

function ignore(): void {
  // Nobody listens any more.
}

/** Of a transport that is left behind. */
const NOBODY: TransportHandler = {
  onConnect: ignore,
  onSecure: ignore,
  onRead: ignore,
  onDrain: ignore,
  onFinish: ignore,
  onPeerEnd: ignore,
  onClose: ignore,
};

function dialTimeUp(dialing: Dial): void {
  dialing.timeUp();
}

function endDial(dialing: Dial): void {
  dialing.end();
}

/** Go's WebSocket package has words of its own for an answer to our offer that cannot be accepted. */
function refusedExtensions(answer: string, detail: string): WebSocketError {
  if (!namesDeflate(answer)) return badHandshake(detail);
  const text = 'websocket: invalid compression negotiation';
  return new WebSocketError(WebSocketErrorCode.badHandshake, text, detail);
}

function badHandshake(detail: string): WebSocketError {
  return new WebSocketError(WebSocketErrorCode.badHandshake, 'websocket: bad handshake', detail);
}
