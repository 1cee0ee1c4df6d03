/**
 * Failures that the engine itself finds, as opposed to those of the operating system or TLS, which
 * keep Node's own errors. They are reported in `Ending.error`, never thrown.
 */

/** `code` of every `WebSocketError`. */
export const WebSocketErrorCode = {
  /** The peer ended the stream: without an HTTP answer, or without a Close frame. */
  eof: 'WS_EOF',
  /** Connecting, or everything up to the upgrade, took too long. */
  timeout: 'WS_TIMEOUT',
  /** The dial was given up by its owner. */
  aborted: 'WS_ABORTED',
  /** The server's HTTP answer does not upgrade the connection. */
  badHandshake: 'WS_BAD_HANDSHAKE',
  /** What came instead of an HTTP answer. */
  malformedResponse: 'WS_MALFORMED_RESPONSE',
  /** A request header that cannot be sent. */
  header: 'WS_HEADER',
  /** The host name resolved to nothing. */
  noAddress: 'WS_NO_ADDRESS',
  /** A proxy refused to connect us, or spoke something else. */
  proxy: 'WS_PROXY',
  /** All source ports of `LeaseSource` are in use. */
  noSourcePort: 'WS_NO_SOURCE_PORT',
  /** The peer broke RFC 6455 or RFC 7692. */
  protocol: 'WS_PROTOCOL',
  /** The peer does not read, and too much waits to be sent. */
  sendBufferFull: 'WS_SEND_BUFFER_FULL',
  /** The peer did not answer our Close in time. */
  closeTimeout: 'WS_CLOSE_TIMEOUT',
} as const;
export type WebSocketErrorCode = (typeof WebSocketErrorCode)[keyof typeof WebSocketErrorCode];

export class WebSocketError extends Error {
  override readonly name = 'WebSocketError';
  readonly code: WebSocketErrorCode;
  /** What exactly was wrong, where `message` is the text that users match on. */
  readonly detail: string | undefined;

  constructor(code: WebSocketErrorCode, message: string, detail?: string) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}
