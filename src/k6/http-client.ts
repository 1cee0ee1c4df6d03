/**
 * HTTP over the wire, on undici: the connections of one VU, and single requests over them with times
 * and byte counts. Redirects, cookies and metrics are the caller's.
 *
 * Each VU has its own connections, as in k6. A connection is a slot: one undici client that dials when
 * it is needed and again after it was lost. HTTP/1.1 slots carry one request at a time, HTTP/2 slots many.
 */

import type { buildConnector, Client, Dispatcher } from 'undici';
import { basicAuthorization } from '../base/basic-authorization.ts';
import { nowMs } from '../base/clock.ts';
import type { ProxySettings } from '../websocket/api.ts';
import { joinAddress, type TcpHandle } from '../websocket/transport.ts';
import type { VuHost } from './host.ts';
import {
  type DialEvents,
  type DialTimes,
  HttpDial,
  takesRequests,
  undici,
  type WireSocket,
} from './http-dial.ts';
import type { FailurePoint } from './http-errors.ts';
import type { WireHeaders } from './http-headers.ts';
import type { RequestUrl } from './http-url.ts';

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: RequestUrl;
  /** Names and values in turn, Host included. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  /** The body of the answer is not wanted. */
  readonly discardsBody: boolean;
}

/** Phases of one request in ms, k6's: `blocked` is the wait for a connection, dialling included. */
export interface WireTimings {
  readonly blockedMs: number;
  readonly connectingMs: number;
  readonly tlsMs: number;
  readonly sendingMs: number;
  readonly waitingMs: number;
  readonly receivingMs: number;
  /** When it was over, well or not. */
  readonly endMs: number;
}

/** What is known of the connection a request used. */
export interface ConnectionFacts {
  /** '' if there was none. */
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly localAddress: string | undefined;
  readonly isHttp2: boolean;
  readonly tls: TlsFacts | undefined;
}

export interface TlsFacts {
  /** As OpenSSL says it: `TLSv1.3`. */
  readonly version: string;
  /** IANA name. */
  readonly cipherSuite: string;
}

export interface WireAnswer {
  readonly status: number;
  /** Reason phrase, '' if none. */
  readonly statusText: string;
  readonly headers: WireHeaders;
  readonly body: Buffer;
}

/** Who waits for a request. One call of `answered` and `failed`, at most once. */
export interface WireOutcome {
  /** The head of the answer is here. */
  head?(status: number, statusText: string, headers: WireHeaders): void;
  /** A part of the body, as it comes; who takes it finds the body of the answer empty. */
  data?(chunk: Buffer): void;
  answered(answer: WireAnswer, timings: WireTimings, facts: ConnectionFacts): void;
  failed(error: Error, point: FailurePoint, timings: WireTimings, facts: ConnectionFacts): void;
}

/** k6 keeps idle connections for ever; a server that says how long it does is believed. */
const IDLE_TIMEOUT_MS = 600_000;
const IDLE_THRESHOLD_MS = 500;
const HTTP2_STREAMS_MAX = 100;
const HEAD_BYTES_MAX = 10 * 1024 * 1024;
const NO_BODY = Buffer.alloc(0);
/** undici wants to know of a client's server only whether it is secure: we dial, and write the Host line. */
const ORIGIN = 'http://connection.invalid';
const SECURE_ORIGIN = 'https://connection.invalid';
const NO_HEADERS: WireHeaders = {};

const NO_FACTS: ConnectionFacts = {
  remoteIp: '',
  remotePort: 0,
  localAddress: undefined,
  isHttp2: false,
  tls: undefined,
};

/** A slot for requests to one origin. */
class HttpConnection implements DialEvents {
  readonly origin: string;
  readonly proxy: ProxySettings | undefined;
  readonly #host: VuHost;
  readonly #url: RequestUrl;
  readonly #client: Client;
  #dial: HttpDial | undefined;
  #callback: buildConnector.Callback | undefined;
  #socket: WireSocket | undefined;
  #counter: TcpHandle | undefined;
  #facts = NO_FACTS;
  #dialled: DialTimes | undefined;
  #sentBytes = 0;
  #receivedBytes = 0;
  #isDestroyed = false;
  /** Requests that are under way. */
  load = 0;

  constructor(host: VuHost, url: RequestUrl) {
    this.origin = url.origin;
    this.proxy = host.network.proxyFor(url.isSecure, url.host, url.port);
    this.#host = host;
    this.#url = url;
    const { Client } = undici();
    this.#client = new Client(url.isSecure ? SECURE_ORIGIN : ORIGIN, {
      connect: (_options, callback) => this.#connect(callback),
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
      keepAliveTimeoutThreshold: IDLE_THRESHOLD_MS,
      maxConcurrentStreams: HTTP2_STREAMS_MAX,
      maxHeaderSize: HEAD_BYTES_MAX,
      allowH2: true,
    });
  }

  /** The request as it goes over this connection: a proxy that forwards it wants its whole address. */
  wireOf({ url, headers }: WireRequest): { readonly path: string; readonly headers: string[] } {
    const { proxy } = this;
    const lines = headers as string[]; // undici does not write to it
    if (!takesRequests(proxy, url)) return { path: url.target, headers: lines };
    const { username, password } = proxy;
    const isAnonymous = username === '' && password === '';
    const authorization = isAnonymous
      ? []
      : ['Proxy-Authorization', basicAuthorization(username, password)];
    return { path: `${url.origin}${url.target}`, headers: [...lines, ...authorization] };
  }

  /** Facts of the connection that is up, or was the last. */
  get facts(): ConnectionFacts {
    return this.#facts;
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  get hasRoom(): boolean {
    return this.#facts.isHttp2 && this.load < HTTP2_STREAMS_MAX;
  }

  /** How long the dial took that this request had to wait for; undefined if it found a connection. */
  takeDial(): DialTimes | undefined {
    const dialled = this.#dialled;
    this.#dialled = undefined;
    return dialled;
  }

  /** Calls back when the socket has taken all that was written, at once if it is not behind. */
  whenSent(callback: () => void): void {
    const socket = this.#socket;
    if (socket?.writableNeedDrain === true) socket.once('drain', callback);
    else callback();
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** Drops the connection and whatever waits for it. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.countBytes();
    this.#dial?.cancel();
    // An HTTP/2 session of undici's fails when its socket goes first.
    if (!this.#facts.isHttp2) this.#socket?.destroy();
    this.#client.destroy(null, ignore);
  }

  /** Tells the VU of the bytes that have crossed since the last time. */
  countBytes(): void {
    const counter = this.#counter;
    if (counter === undefined) return;
    const sent = Math.max(counter.bytesWritten - this.#sentBytes, 0);
    const received = Math.max(counter.bytesRead - this.#receivedBytes, 0);
    if (sent === 0 && received === 0) return;
    this.#sentBytes += sent;
    this.#receivedBytes += received;
    this.#host.countBytes(sent, received);
  }

  #connect(callback: buildConnector.Callback): void {
    this.#facts = NO_FACTS;
    this.#callback = callback;
    this.#dial = new HttpDial(this.#host, this.#url, this.proxy, this);
    this.#dial.start();
  }

  opened(socket: WireSocket): void {
    this.#socket = socket;
    this.#counter = socket;
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
  }

  counted(counter: TcpHandle): void {
    this.#counter = counter;
  }

  lost(): void {
    this.countBytes();
  }

  failed(error: Error): void {
    this.#callback?.(error, null);
  }

  connected(socket: WireSocket, times: DialTimes): void {
    this.#socket = socket;
    this.#dialled = times;
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    const version = socket.getProtocol?.();
    const cipher = socket.getCipher?.();
    this.#facts = {
      remoteIp: remoteAddress,
      remotePort,
      localAddress: joinAddress(localAddress, localPort),
      isHttp2: socket.alpnProtocol === 'h2',
      tls:
        version === undefined || version === null
          ? undefined
          : { version, cipherSuite: cipher?.standardName ?? cipher?.name ?? '' },
    };
    this.#client.pipelining = this.#facts.isHttp2 ? HTTP2_STREAMS_MAX : 1;
    this.#callback?.(null, socket as unknown as Parameters<buildConnector.Callback>[1] & object); // undici made it, or net
  }
}

function ignore(): void {}

/** The connections of one VU. */
export class HttpClient {
  readonly #host: VuHost;
  /** Slots without a request, the last used on top; HTTP/2 slots stay here while they have room. */
  readonly #idle = new Map<string, HttpConnection[]>();
  #iteration = 0;

  constructor(host: VuHost) {
    this.#host = host;
    undici(); // here in the init code, not in the first request
  }

  /** Sends a request. `outcome` is never called before this returns. */
  send(request: WireRequest, outcome: WireOutcome): WireExchange {
    const exchange = new WireExchange(this, request, outcome);
    exchange.start(() => this.#acquire(request.url));
    return exchange;
  }

  get closesConnections(): boolean {
    return this.#host.http.noConnectionReuse;
  }

  #acquire(url: RequestUrl): HttpConnection {
    if (this.#host.http.noVUConnectionReuse) this.#dropOfEarlierIterations();
    const { origin } = url;
    const idle = this.#idle.get(origin);
    for (;;) {
      const connection = idle?.at(-1);
      if (connection === undefined) break;
      if (!connection.isDestroyed && connection.hasRoom) return this.#loaded(connection);
      idle?.pop();
      if (!connection.isDestroyed) return this.#loaded(connection);
    }
    return this.#loaded(new HttpConnection(this.#host, url));
  }

  #loaded(connection: HttpConnection): HttpConnection {
    connection.load += 1;
    return connection;
  }

  #dropOfEarlierIterations(): void {
    const iteration = this.#host.facts.iterationInInstance;
    if (iteration === this.#iteration) return;
    this.#iteration = iteration;
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.destroy();
    }
    this.#idle.clear();
  }

  /** A request is over: its slot may be used again, but not more idle ones are kept than k6 keeps. */
  release(connection: HttpConnection): void {
    connection.load -= 1;
    connection.countBytes();
    if (connection.isDestroyed || connection.load > 0) return;
    if (this.closesConnections) {
      connection.destroy();
      return;
    }
    let idle = this.#idle.get(connection.origin);
    if (idle === undefined) {
      idle = [];
      this.#idle.set(connection.origin, idle);
    }
    if (idle.includes(connection)) return;
    if (idle.length < Math.max(this.#host.http.batchPerHost, 1)) idle.push(connection);
    else connection.destroy();
  }
}

/** Requests a server may get twice without harm (RFC 9110 §9.2.2), as far as k6 repeats them. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** One request under way. */
export class WireExchange implements Dispatcher.DispatchHandler {
  readonly #client: HttpClient;
  readonly #request: WireRequest;
  readonly #outcome: WireOutcome;
  #connection: HttpConnection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #isReused = false;
  #hasRetried = false;
  #status = 0;
  #statusText = '';
  #headers: WireHeaders = NO_HEADERS;
  #chunks: Buffer[] | undefined;
  #firstChunk: Buffer | undefined;
  #connectingMs = 0;
  #tlsMs = 0;
  #startMs = 0;
  #connectedMs = 0;
  #sentMs = 0;
  #firstByteMs = 0;

  constructor(client: HttpClient, request: WireRequest, outcome: WireOutcome) {
    this.#client = client;
    this.#request = request;
    this.#outcome = outcome;
  }

  start(acquire: () => HttpConnection): void {
    this.#startMs = nowMs();
    try {
      this.#dispatch(acquire());
    } catch (error) {
      this.#failSoon(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #dispatch(connection: HttpConnection): void {
    this.#connection = connection;
    this.#isReused = true;
    const { method, url, body } = this.#request;
    connection.dispatch(
      {
        method,
        ...connection.wireOf(this.#request),
        body: body ?? null,
        // Said each time: undici would close the connection after HEAD and after GET with a body.
        reset: this.#client.closesConnections,
        servername: url.host,
      } as Dispatcher.DispatchOptions,
      this,
    );
  }

  /** Ends the request now. `error` is told as the reason, if there is one. */
  abort(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const connection = this.#connection;
    const isAlone = connection?.facts.isHttp2 !== true;
    if (isAlone || this.#controller === undefined) connection?.destroy();
    else this.#controller.abort(error ?? new Error('operation was canceled'));
    if (error !== undefined) this.#fail(error);
    else if (connection !== undefined) this.#client.release(connection);
  }

  readonly #noteSent = (): void => {
    this.#connection?.whenSent(() => {
      if (this.#sentMs === 0) this.#sentMs = nowMs();
    });
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#connectedMs = nowMs();
    const dialled = this.#connection?.takeDial();
    this.#isReused = dialled === undefined;
    this.#connectingMs = dialled?.connectingMs ?? 0;
    this.#tlsMs = dialled?.tlsMs ?? 0;
    // The request is written right after this returns.
    queueMicrotask(this.#noteSent);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: WireHeaders,
    statusMessage?: string,
  ): void {
    if (this.#isOver || statusCode < FINAL_STATUS_MIN) return;
    this.#firstByteMs = nowMs();
    if (this.#sentMs === 0) this.#sentMs = this.#firstByteMs;
    this.#status = statusCode;
    this.#statusText = statusMessage ?? '';
    this.#headers = headers;
    this.#outcome.head?.(statusCode, this.#statusText, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#request.discardsBody) return;
    if (this.#outcome.data !== undefined) this.#outcome.data(chunk);
    else if (this.#firstChunk === undefined) this.#firstChunk = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#firstChunk, chunk];
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const timings = this.#timings();
    // undici is in the middle of its queue: what follows may send the next request.
    queueMicrotask(() => this.#answer(timings));
  }

  #answer(timings: WireTimings): void {
    const connection = this.#connection;
    const body = this.#chunks === undefined ? this.#firstChunk : Buffer.concat(this.#chunks);
    const facts = connection?.facts ?? NO_FACTS;
    if (connection !== undefined) this.#client.release(connection);
    const answer: WireAnswer = {
      status: this.#status,
      statusText: this.#statusText,
      headers: this.#headers,
      body: body ?? NO_BODY,
    };
    this.#outcome.answered(answer, timings, facts);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#failSoon(error);
  }

  /**
   * Not now: undici is in the middle of its queue; a request with a header that it does not take even
   * ends before `send` has returned.
   */
  #failSoon(error: Error): void {
    if (this.#isOver) return;
    const connection = this.#connection;
    queueMicrotask(() => {
      if (this.#isOver) return;
      if (connection !== undefined && this.#mayRetry(connection)) this.#retry(connection);
      else this.#fail(error);
    });
  }

  /** The server closed the connection while it was idle; k6 repeats such requests as well. */
  #retry(connection: HttpConnection): void {
    this.#hasRetried = true;
    this.#controller = undefined;
    this.#sentMs = 0;
    this.#dispatch(connection);
  }

  #mayRetry(connection: HttpConnection): boolean {
    return (
      this.#isReused &&
      this.#controller !== undefined &&
      !this.#hasRetried &&
      this.#status === 0 &&
      !connection.isDestroyed &&
      REPEATABLE.has(this.#request.method)
    );
  }

  #fail(error: Error): void {
    this.#isOver = true;
    const connection = this.#connection;
    const { url } = this.#request;
    const facts = connection?.facts ?? NO_FACTS;
    const { remoteIp, remotePort, localAddress } = facts;
    const proxy = connection?.proxy;
    const { host, port } = proxy ?? url;
    const point: FailurePoint = {
      host,
      port,
      remoteAddress: remoteIp === '' ? undefined : joinAddress(remoteIp, remotePort),
      localAddress,
      stage: this.#controller === undefined ? 'dial' : this.#status === 0 ? 'head' : 'body',
      isProxied: proxy !== undefined,
    };
    const timings = this.#timings();
    if (connection !== undefined) this.#client.release(connection);
    this.#outcome.failed(error, point, timings, facts);
  }

  #timings(): WireTimings {
    const endMs = nowMs();
    const connectedMs = this.#connectedMs;
    const sentMs = connectedMs === 0 ? 0 : this.#sentMs === 0 ? endMs : this.#sentMs;
    const firstByteMs = this.#firstByteMs;
    return {
      blockedMs: connectedMs === 0 ? 0 : connectedMs - this.#startMs,
      connectingMs: this.#connectingMs,
      tlsMs: this.#tlsMs,
      sendingMs: connectedMs === 0 ? 0 : sentMs - connectedMs,
      waitingMs: firstByteMs === 0 ? 0 : Math.max(firstByteMs - sentMs, 0),
      receivingMs: firstByteMs === 0 ? 0 : endMs - firstByteMs,
      endMs,
    };
  }
}

const FINAL_STATUS_MIN = 200;
