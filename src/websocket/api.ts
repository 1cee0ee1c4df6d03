/**
 * The contract between the WebSocket engine and whoever uses it: what a dial needs, which events a
 * connection reports, and how a connection ends. No metric, VU or k6 type appears here.
 */

/** Where to connect after name resolution; `port` may differ from the URL's (host mapping). */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** Resolves a host name, or refuses it (blocked host, blacklisted address) by passing an error. */
export type Resolve = (
  host: string,
  port: number,
  done: (error: Error | null, addresses: readonly ResolvedAddress[]) => void,
) => void;

/** TLS settings of one dial; PEM strings or buffers as `node:tls` takes them. */
export interface TlsSettings {
  readonly rejectUnauthorized?: boolean;
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  /** Resume TLS sessions of earlier connections with these settings to the same host; default true. */
  readonly reusesSessions?: boolean;
}

/**
 * A proxy that a connection is made through, by CONNECT (RFC 7231 §4.3.6) over TCP or TLS, or by SOCKS 5
 * (RFC 1928).
 */
export interface ProxySettings {
  readonly kind: 'http' | 'https' | 'socks5';
  /** Name or IP literal without brackets. */
  readonly host: string;
  readonly port: number;
  /** '' = no credentials. */
  readonly username: string;
  readonly password: string;
  /** Of the connection to an `https` proxy. */
  readonly tls?: TlsSettings;
}

/** A source address and port, ours until `release`, which is called once when the socket is gone. */
export interface SourceLease {
  readonly address: string;
  readonly port: number;
  release(): void;
}

/** Picks the source of a connection; an error if there is none left. */
export type LeaseSource = (to: ResolvedAddress) => SourceLease | Error;

/** Who reads what crosses the wire: one call per line of text. */
export interface WireTrace {
  /** Frames too, or only the handshakes. */
  readonly includesFrames: boolean;
  /** Credentials and cookies as they are, instead of blanked. */
  readonly includesSecrets: boolean;
  write(line: string): void;
}

export interface DialRequest {
  readonly isSecure: boolean;
  /** Host name or IP literal without brackets. */
  readonly host: string;
  readonly port: number;
  /** Origin-form request target: path and query, written as is. */
  readonly target: string;
  /** Value of the Host header. */
  readonly hostHeader: string;
  /** Further request headers, in order, written as is (User-Agent, Cookie, Origin …). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Offered subprotocols; empty = no Sec-WebSocket-Protocol header. */
  readonly protocols: readonly string[];
  /** When set, the server must choose none or an offered one; otherwise its answer is only reported. */
  readonly requiresOfferedProtocol?: boolean;
  /** When set, a server that was offered subprotocols must choose one (WHATWG). */
  readonly requiresProtocolAnswer?: boolean;
  readonly resolve: Resolve;
  readonly tls?: TlsSettings;
  readonly localAddress?: string;
  /** Picks address and port of this side; goes before `localAddress`. */
  readonly leaseSource?: LeaseSource | undefined;
  /** Connect through this proxy, which resolves the host name then. */
  readonly proxy?: ProxySettings | undefined;
  /** For debugging; costs nothing when absent. */
  readonly trace?: WireTrace | undefined;
  /** Offer permessage-deflate with the settings of `deflate`; default false. */
  readonly offersDeflate?: boolean;
  readonly deflate?: DeflateSettings;
  /** Limit for TCP connect alone; default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Limit for DNS + TCP + TLS + upgrade together; default 60,000. */
  readonly handshakeTimeoutMs?: number;
  /** How long to wait for the peer's Close after ours before the TCP connection is dropped; default 10,000. */
  readonly closeTimeoutMs?: number;
  /**
   * Asked for an answer 3xx with a Location: the request to go on with, undefined to let the dial fail.
   * The default is to fail, as the standard wants.
   */
  readonly redirect?: (response: HandshakeResponse) => DialRequest | undefined;
  /** Read at most so much from the network, on average; default no limit. */
  readonly readBytesPerSecond?: number;
  /** Larger messages fail the connection with 1009; default 256 MiB. */
  readonly messageBytesMax?: number;
}

/**
 * What to offer, and when to compress (RFC 7692 §7.1). Keeping a context compresses better and costs
 * memory for as long as the connection lives: up to 32 KiB for each direction.
 */
export interface DeflateSettings {
  /** Smaller messages are sent as they are; default 0 = all are compressed. */
  readonly thresholdBytes?: number;
  /** Compress messages with the help of earlier ones, unless the server forbids; default false. */
  readonly keepsClientContext?: boolean;
  /** Let the server do so; default false (`server_no_context_takeover` is offered). */
  readonly keepsServerContext?: boolean;
  /** 8 to 15: limit of our window; `true` = let the server choose (default: not offered). */
  readonly clientMaxWindowBits?: number | true;
  /** 8 to 15: ask the server to limit its window (default: not offered). */
  readonly serverMaxWindowBits?: number;
}

/** The server's answer to the upgrade request, whatever its status. */
export interface HandshakeResponse {
  readonly status: number;
  /** Names as received, in order; repeated names stay separate. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Chosen subprotocol, '' if none. */
  readonly protocol: string;
  /** Raw Sec-WebSocket-Extensions value, '' if none. */
  readonly extensions: string;
  /** First KiB of the body of a refusal (waited for at most 0.5 s); empty for 101. */
  readonly body: Uint8Array;
}

/** Phases of a dial in ms; 0 where a phase did not happen. After redirects, of the last try. */
export interface DialTimings {
  readonly startMs: number;
  readonly dnsMs: number;
  readonly tcpMs: number;
  readonly tlsMs: number;
  readonly upgradeMs: number;
  /** Whole dial with its redirects, start to 101 (or to failure). */
  readonly totalMs: number;
}

/** Why a connection ended. `dial-*`: it never opened. */
export const EndCause = {
  /** Resolve, TCP or TLS failed, or the connection broke before an HTTP answer. */
  dialFailed: 'dial-failed',
  /** An HTTP answer that is not a valid upgrade. */
  dialRejected: 'dial-rejected',
  /** Our handshake or connect timeout. */
  dialTimeout: 'dial-timeout',
  /** close(), closeNow() or terminate() before open. */
  dialAborted: 'dial-aborted',
  /** The peer sent a Close frame first. */
  peerClose: 'peer-close',
  /** We sent Close first and the peer answered with Close. */
  localClose: 'local-close',
  /** We sent Close and the peer did not answer in time. */
  closeTimeout: 'close-timeout',
  /** The peer broke the protocol; `code` is what we sent (1002, 1007, 1009). */
  protocolError: 'protocol-error',
  /** TCP FIN without a Close frame. */
  endOfStream: 'end-of-stream',
  /** TCP reset or another socket error. */
  socketError: 'socket-error',
  /** terminate() or closeNow() while open. */
  terminated: 'terminated',
} as const;
export type EndCause = (typeof EndCause)[keyof typeof EndCause];

export interface Ending {
  readonly cause: EndCause;
  /** WHATWG close code: the peer's, or 1005 (Close without code), or 1006. */
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /**
   * The failure behind it: a Node system error (errno in `code`, `syscall` tells reading from
   * writing), an OpenSSL error with its code, or a `WebSocketError` with a code `WS_…`.
   */
  readonly error: Error | undefined;
  /** Present if the server answered the upgrade request. */
  readonly response: HandshakeResponse | undefined;
  readonly timings: DialTimings;
  /** `address:port`, IPv6 in brackets; undefined if TCP never came up. */
  readonly remoteAddress: string | undefined;
  readonly localAddress: string | undefined;
}

/**
 * Receives what happens on a connection, synchronously and in wire order. `atMs` is the time of the
 * socket read the frame came from (`nowMs`). A handler that throws loses its connection
 * (`terminated`); the exception goes on to Node.
 */
export interface ConnectionEvents {
  /** `remoteAddress` is `address:port`, IPv6 in brackets. */
  onOpen(response: HandshakeResponse, timings: DialTimings, remoteAddress: string): void;
  onText(text: string, atMs: number): void;
  /** `payload` is the receiver's to keep (own memory, exact size). */
  onBinary(payload: ArrayBuffer, atMs: number): void;
  /**
   * The Pong has been sent already (if the peer does not read, Pongs are held back and only the
   * latest is sent). Not called for a Ping that comes after our Close. `payload` is borrowed.
   */
  onPing(payload: Uint8Array, atMs: number): void;
  onPong(payload: Uint8Array, atMs: number): void;
  /** The peer's Close frame arrived; onEnd follows when the TCP connection is gone. Messages stop here. */
  onPeerClose(code: number, reason: string, atMs: number): void;
  /** Exactly once and last, also after a failed dial. */
  onEnd(ending: Ending): void;
  /** Bytes that crossed the TCP connection since the last call (TLS records and handshake included). */
  onBytes(sentBytes: number, receivedBytes: number): void;
}

/** One client connection; see `dial` in dial.ts. */
export interface Connection {
  /** WHATWG numbers: 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** Payload bytes (as sent, perhaps compressed) of frames not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** `address:port`, IPv6 in brackets; undefined until TCP is up. */
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;
  /** Queue a message; false when not open (nothing is sent). Frames of one tick go out in one write. */
  sendText(text: string): boolean;
  /** The bytes are copied before return. */
  sendBinary(bytes: Uint8Array): boolean;
  /** Payload at most 125 bytes, else a RangeError. */
  ping(payload: Uint8Array): boolean;
  pong(payload: Uint8Array): boolean;
  /**
   * Start the closing handshake: flush, Close frame, wait for the peer's at most closeTimeoutMs.
   * `code` undefined = empty Close without reason. Any 16-bit code is put on the wire as given (the caller validates);
   * a reason of more than 123 bytes is a RangeError. Messages that still come are reported.
   * While connecting it fails the dial (cause `dial-aborted`).
   */
  close(code?: number, reason?: string): void;
  /**
   * Flush what is queued, send Close, and drop the TCP connection without waiting for the peer
   * (cause `terminated`). While connecting it fails the dial.
   */
  closeNow(code?: number): void;
  /** Drop the TCP connection at once without a Close frame. */
  terminate(): void;
  /**
   * Stop reading, so that the peer's messages stay in the network; also its pings, and the end of the
   * connection, are noticed after `resume()` only. Called while connecting it holds back from the first
   * frame on. `close()` and the peer's Close resume. Nothing happens once closing.
   */
  pause(): void;
  resume(): void;
}
