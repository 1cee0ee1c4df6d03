/**
 * Unary gRPC calls over HTTP/2, as much of it as sending a batch takes: one message out, a status back.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import {
  type BatchTransport,
  type HttpBatch,
  type SendFault,
  type TlsSettings,
  toTlsOptions,
} from './http-sender.ts';

type Answer = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE. */
const PASSING_STATUSES: ReadonlySet<string> = new Set(['4', '8', '10', '14']);
/** A byte that tells of no compression, and the length. */
const PREFIX_BYTES = 5;

export class GrpcTransport implements BatchTransport {
  readonly #url: URL;
  readonly #tls: TlsSettings;
  #session: ClientHttp2Session | undefined;
  /** Why the last session ended, which says more than what its streams are told. */
  #sessionError: Error | undefined;

  constructor(url: URL, tls: TlsSettings) {
    this.#url = url;
    this.#tls = tls;
  }

  /** @param batch its URL's path names the service and the method. */
  async post(batch: HttpBatch, signal: AbortSignal): Promise<SendFault | undefined> {
    const headers = await this.#call(batch, signal);
    const status = String(headers['grpc-status'] ?? '');
    if (status === '0') return undefined;
    if (status === '') {
      const http = headers[':status'];
      if (http === undefined) {
        return { reason: 'the connection ended before the answer', isWorthRetrying: true };
      }
      const isWorthRetrying = http === 429 || http >= 500;
      return { reason: `the server speaks no gRPC: HTTP status ${http}`, isWorthRetrying };
    }
    const message = decode(String(headers['grpc-message'] ?? ''));
    return {
      reason: `got gRPC status ${status}${message === '' ? '' : ` (${message})`}`,
      isWorthRetrying: PASSING_STATUSES.has(status),
    };
  }

  close(): void {
    this.#session?.destroy();
  }

  /** Headers and trailers of the answer together. */
  #call({ url, headers, body }: HttpBatch, signal: AbortSignal): Promise<Answer> {
    const session = this.#open();
    const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    return new Promise((resolve, reject) => {
      const stream = session.request(
        {
          ':method': 'POST',
          ':path': url.pathname,
          ...Object.fromEntries(names),
          'content-type': 'application/grpc',
          te: 'trailers',
        },
        { signal },
      );
      let answer: Answer = {};
      stream.on('response', (received) => {
        answer = { ...answer, ...received };
      });
      stream.on('trailers', (received) => {
        answer = { ...answer, ...received };
      });
      stream.on('error', (error) => reject(this.#sessionError ?? error));
      stream.on('close', () => resolve(answer));
      // The answer's message says nothing that the status does not.
      stream.resume();
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(body.length, 1);
      stream.end(Buffer.concat([prefix, body]));
    });
  }

  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    this.#sessionError = undefined;
    const session = connect(this.#url.origin, toTlsOptions(this.#tls));
    session.on('error', (error: Error) => {
      this.#sessionError = error;
    });
    this.#session = session;
    return session;
  }
}

/** Messages are percent-encoded; a broken one is shown as it is. */
function decode(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
