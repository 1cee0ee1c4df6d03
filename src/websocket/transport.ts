/**
 * The only place that touches sockets: TCP and TLS for one connection, reported to a handler.
 *
 * All sockets of a worker read into one shared buffer, which is handled before the read returns, so
 * that a connection at rest owns none. Nothing here knows HTTP or WebSocket.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { ResolvedAddress, SourceLease, TlsSettings } from './api.ts';
import type { ByteSink } from './outbox.ts';

/** What happens on a transport, in this order; after `onClose` nothing. */
export interface TransportHandler {
  /** TCP is up. With TLS, `onSecure` follows before anything can be sent. */
  onConnect(): void;
  onSecure(): void;
  /** `chunk[0, length)` has been read; borrowed until return. */
  onRead(chunk: Buffer, length: number): void;
  /** All that was written while the kernel was behind has been taken. See `awaitDrain`. */
  onDrain(): void;
  /** All that was written and the FIN after it are sent; follows `end`. */
  onFinish(): void;
  /** The peer will send nothing more. */
  onPeerEnd(): void;
  /** The connection is gone; `error` if it broke. Exactly once and last. */
  onClose(error: Error | undefined): void;
}

export interface Transport extends ByteSink {
  /** Who is told; may change hands once the connection is open. */
  handler: TransportHandler;
  /** `address:port` of this side, once connected. */
  readonly localAddress: string | undefined;
  /** Bytes on the TCP connection since the last call; TLS records count as they are. */
  takeSentBytes(): number;
  takeReceivedBytes(): number;
  /** One `onDrain`, when the unsent bytes are gone. */
  awaitDrain(): void;
  /** Goes on with TLS on this connection; `onSecure` follows. `host` as in `TransportTarget`. */
  startTls(host: string, tls: TlsSettings | undefined): void;
  /** Sends what is written, then FIN, and tells by `onFinish`; reading goes on. */
  end(): void;
  /** Sends what is written, then drops the connection. */
  endAndDestroy(): void;
  /** Drops the connection at once. */
  destroy(): void;
  /** Stops reading, and goes on. */
  pause(): void;
  resume(): void;
}

/** Where and how to connect. */
export interface TransportTarget {
  readonly address: ResolvedAddress;
  /** Name for SNI and certificate checks. */
  readonly host: string;
  readonly isSecure: boolean;
  readonly tls: TlsSettings | undefined;
  readonly localAddress: string | undefined;
  /** Address and port of this side; released when the connection is gone. */
  readonly source: SourceLease | undefined;
}

export type ConnectTransport = (target: TransportTarget, handler: TransportHandler) => Transport;

/** One read takes at most this much from the kernel. */
const READ_BYTES_MAX = 128 * 1024;
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/**
 * What `net.Socket` sets in its copy of the options, whatever they are: with them there before, the copy keeps
 * its shape, and making a socket takes 1 us instead of 8.
 */
const SOCKET_DEFAULTS = {
  allowHalfOpen: false,
  emitClose: false,
  autoDestroy: true,
  decodeStrings: false,
};

/** Opens a TCP or TLS connection. */
export const connectSocket: ConnectTransport = (target, handler) =>
  new SocketTransport(target, handler);

/**
 * Opens a TCP connection for a client that has a protocol of its own. `source` stays the caller's to
 * release.
 */
export function openTcpSocket(
  { address, port }: ResolvedAddress,
  source: SourceLease | undefined,
): Socket {
  return connectTcp({
    host: address,
    port,
    noDelay: true,
    autoSelectFamily: false,
    ...(source === undefined
      ? undefined
      : { localAddress: source.address, localPort: source.port }),
  });
}

class SocketTransport implements Transport {
  handler: TransportHandler;
  localAddress: string | undefined = undefined;
  private socket: OwnedSocket;
  private readonly source: SourceLease | undefined;
  /** Where the TLS session is kept for the next connection. */
  private session: SessionSlot | undefined = undefined;
  /** Of a TLS connection, the TCP handle below it. */
  private tcpHandle: TcpHandle | undefined = undefined;
  private writtenBytes = 0;
  private sentBytesTaken = 0;
  private receivedBytes = 0;
  private receivedBytesTaken = 0;
  private error: Error | undefined = undefined;

  constructor(target: TransportTarget, handler: TransportHandler) {
    this.handler = handler;
    this.source = target.source;
    const onread = {
      buffer: readBuffer,
      callback: (length: number) => this.read(length),
    };
    const { address, port } = target.address;
    const options = {
      host: address,
      port,
      noDelay: true,
      autoSelectFamily: false,
      onread,
      ...SOCKET_DEFAULTS,
      ...(target.localAddress === undefined ? undefined : { localAddress: target.localAddress }),
      ...(target.source === undefined
        ? undefined
        : { localAddress: target.source.address, localPort: target.source.port }),
    };
    const socket: OwnedSocket = target.isSecure
      ? connectTls({ ...options, ...this.tlsOptions(target.host, port, target.tls) })
      : connectTcp(options);
    this.socket = socket;
    socket.on('connect', onSocketConnect);
    this.listen(socket, target.isSecure);
  }

  /** Listeners get the socket as `this`: one function for all connections instead of closures. */
  private listen(socket: OwnedSocket, isSecure: boolean): void {
    socket[OWNER] = this;
    if (isSecure) {
      socket.on('secureConnect', onSocketSecure);
      if (this.session !== undefined) socket.on('session', onSocketSession);
    }
    socket.on('end', onSocketEnd);
    socket.on('error', onSocketError);
    socket.on('close', onSocketClose);
  }

  private tlsOptions(host: string, port: number, tls: TlsSettings | undefined): object {
    const settings = tls ?? DEFAULT_TLS;
    const options = tlsClientOptions(host, settings);
    if (settings.reusesSessions !== false) {
      this.session = sessionSlot(options.secureContext, joinAddress(host, port));
    }
    const session = this.session?.session;
    return {
      ...options,
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? undefined : { session }),
    };
  }

  startTls(host: string, tls: TlsSettings | undefined): void {
    const below = this.socket;
    // What it has to tell comes through the TLS socket from now on, but for an error.
    below.off('end', onSocketEnd);
    below.off('close', onSocketClose);
    const socket: OwnedSocket = connectTls({
      socket: below,
      ...this.tlsOptions(host, below.remotePort ?? 0, tls),
    });
    this.socket = socket;
    this.listen(socket, true);
    socket.on('data', onSocketData);
    this.tcpHandle = tcpHandleBelow(socket);
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    this.socket.write(bytes);
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  takeSentBytes(): number {
    const sent = this.tcpHandle?.bytesWritten ?? this.writtenBytes - this.socket.writableLength;
    if (sent <= this.sentBytesTaken) return 0;
    const taken = sent - this.sentBytesTaken;
    this.sentBytesTaken = sent;
    return taken;
  }

  takeReceivedBytes(): number {
    const received = this.tcpHandle?.bytesRead ?? this.receivedBytes;
    if (received <= this.receivedBytesTaken) return 0;
    const taken = received - this.receivedBytesTaken;
    this.receivedBytesTaken = received;
    return taken;
  }

  awaitDrain(): void {
    this.socket.once('drain', onSocketDrain);
  }

  end(): void {
    this.socket.once('finish', onSocketFinish);
    this.socket.end();
  }

  endAndDestroy(): void {
    this.socket.destroySoon();
  }

  destroy(): void {
    this.keepCounts();
    this.socket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  connected(): void {
    const { socket } = this;
    const { localAddress, localPort } = socket;
    this.localAddress = joinAddress(localAddress ?? '', localPort ?? 0);
    this.tcpHandle = tcpHandleBelow(socket);
    this.handler.onConnect();
  }

  fail(error: Error): void {
    this.keepCounts();
    this.error = error;
  }

  closed(): void {
    this.tcpHandle = undefined;
    this.source?.release();
    this.handler.onClose(this.error);
  }

  keepSession(session: Buffer): void {
    if (this.session !== undefined) this.session.session = session;
  }

  /** Reads of TLS above a connection that was there before do not come in the shared buffer. */
  readOwn(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    this.handler.onRead(chunk, chunk.length);
  }

  /** A closed handle forgets what it counted. */
  private keepCounts(): void {
    if (this.tcpHandle === undefined) return;
    this.writtenBytes = this.tcpHandle.bytesWritten;
    this.receivedBytes = this.tcpHandle.bytesRead;
    this.tcpHandle = undefined;
  }

  private read(length: number): boolean {
    this.receivedBytes += length;
    this.handler.onRead(readBuffer, length);
    return true;
  }
}

const OWNER = Symbol('owner');
type OwnedSocket = (Socket | TLSSocket) & { [OWNER]?: SocketTransport };

function onSocketConnect(this: OwnedSocket): void {
  this[OWNER]?.connected();
}

function onSocketSecure(this: OwnedSocket): void {
  this[OWNER]?.handler.onSecure();
}

function onSocketSession(this: OwnedSocket, session: Buffer): void {
  this[OWNER]?.keepSession(session);
}

function onSocketData(this: OwnedSocket, chunk: Buffer): void {
  this[OWNER]?.readOwn(chunk);
}

function onSocketFinish(this: OwnedSocket): void {
  this[OWNER]?.handler.onFinish();
}

function onSocketDrain(this: OwnedSocket): void {
  this[OWNER]?.handler.onDrain();
}

function onSocketEnd(this: OwnedSocket): void {
  this[OWNER]?.handler.onPeerEnd();
}

function onSocketError(this: OwnedSocket, error: Error): void {
  this[OWNER]?.fail(error);
}

function onSocketClose(this: OwnedSocket): void {
  this[OWNER]?.closed();
}

/** `address:port`, IPv6 in brackets. */
export function joinAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Counts the bytes of a TCP connection. */
export interface TcpHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * The handle that counts TLS records. Node shows the counters of the plain text only; the public way
 * to the others, TLS over a socket of one's own, costs a second socket object and the shared read
 * buffer (about a fifth more CPU per message). If a future Node hides it, plain bytes are counted.
 */
export function tcpHandleBelow(socket: object): TcpHandle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  let below: unknown = Reflect.get(handle, '_parent');
  // TLS in TLS, through an https proxy.
  while (typeof below === 'object' && below !== null) {
    const next: unknown = Reflect.get(below, '_parent');
    if (typeof next !== 'object' || next === null) break;
    below = next;
  }
  return isTcpHandle(below) ? below : undefined;
}

function isTcpHandle(value: unknown): value is TcpHandle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytesRead' in value &&
    typeof value.bytesRead === 'number' &&
    'bytesWritten' in value &&
    typeof value.bytesWritten === 'number'
  );
}

export interface TlsClientOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername: string;
  readonly checkServerIdentity?: typeof checkServerIdentity;
}

/** Reading certificates into a context costs more than a handshake: once per settings object. */
const contexts = new WeakMap<TlsSettings, SecureContext>();
const DEFAULT_TLS: TlsSettings = {};

/** The last TLS session with a server, to be resumed by the next connection (RFC 8446 §2.2). */
interface SessionSlot {
  session: Buffer | undefined;
}

/** More servers than this per settings object are not remembered. */
const SESSIONS_MAX = 1024;
/** By settings, since a session stands for the certificates that were shown and checked. */
const sessions = new WeakMap<SecureContext, Map<string, SessionSlot>>();

function sessionSlot(context: SecureContext, server: string): SessionSlot | undefined {
  let slots = sessions.get(context);
  if (slots === undefined) {
    slots = new Map();
    sessions.set(context, slots);
  }
  let slot = slots.get(server);
  if (slot === undefined && slots.size < SESSIONS_MAX) {
    slot = { session: undefined };
    slots.set(server, slot);
  }
  return slot;
}

/** Options of `tls.connect` that follow from a host and the settings; the contexts are kept. */
export function tlsClientOptions(host: string, settings: TlsSettings): TlsClientOptions {
  const isAddress = isIP(host) !== 0;
  return {
    secureContext: secureContextOf(settings),
    rejectUnauthorized: settings.rejectUnauthorized ?? true,
    // RFC 6066 §3: an address is no server name.
    servername: settings.servername ?? (isAddress ? '' : host),
    // The certificate must be for the host that was asked for, wherever it resolved to.
    ...(isAddress &&
      settings.servername === undefined && {
        checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
          checkServerIdentity(host, certificate),
      }),
  };
}

function secureContextOf(settings: TlsSettings): SecureContext {
  let context = contexts.get(settings);
  if (context === undefined) {
    const { ca, cert, key, passphrase, minVersion, maxVersion, ciphers } = settings;
    context = createSecureContext({
      ca: ca === undefined || typeof ca === 'string' || Buffer.isBuffer(ca) ? ca : [...ca],
      cert,
      key,
      passphrase,
      minVersion,
      maxVersion,
      ciphers,
    });
    contexts.set(settings, context);
  }
  return context;
}
