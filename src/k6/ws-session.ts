/**
 * One `ws.connect` of `k6/ws`: dial, the socket object of the script, its handlers in k6's order, and
 * the end.
 *
 * All script code runs in tasks of the inner loop. A task never throws: an exception of a handler
 * closes the socket and becomes the outcome of `connect`.
 */
import { nowMs } from '../base/clock.ts';
import { thrownText } from '../base/thrown.ts';
import { isSynchronous } from '../suspend/blocking-error.ts';
import type { Coroutine } from '../suspend/op.ts';
import { callUser, hostFunction, twinOf } from '../suspend/runtime.ts';
import {
  type Connection,
  type ConnectionEvents,
  type DialTimings,
  EndCause,
  type Ending,
  type HandshakeResponse,
} from '../websocket/api.ts';
import { printAsErrorText } from './console.ts';
import { adviseOn } from './dial-advice.ts';
import { headersByName, logDialFailure } from './dial-failure.ts';
import { type DialParams, dialRequestOf, keepCookies } from './dial-params.ts';
import {
  breakErrorText,
  CLOSE_SENT,
  closeErrorText,
  dialErrorText,
  MALFORMED_URL,
  UNEXPECTED_EOF,
} from './go-errors.ts';
import { goFixedText } from './go-types.ts';
import type { EventLoop, VuHost } from './host.ts';
import { Inflow } from './inflow.ts';
import { NativeError } from './script-error.ts';
import type { Dial } from './socket-session.ts';
import { NOT_DIALLED, plainSocketTags, SocketMetrics } from './ws-metrics.ts';
import { SocketTimer } from './ws-timers.ts';
import { parseGoUrl, UrlSyntaxError, type WsAddress, wsAddressOf } from './ws-url.ts';

export type UserFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Who waits for the end of a session. One call, at most once. */
export interface SessionOutcome {
  ok(response: WsResponse): void;
  fail(error: unknown): void;
  /** The dial failed and the `throw` option is on. */
  failDial(text: string): void;
}

/** What `connect` returns. */
export interface WsResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
}

const NORMAL_CODE = 1000;
const GOING_AWAY_CODE = 1001;
const ABNORMAL_CODE = 1006;
const HANDSHAKE_OK = 101;
const NO_STATUS_CODE = 1005;
const CODE_MASK = 0xffff;
const NS_PER_MS = 1e6;
const NS_LIMIT = 2 ** 63;

const NO_ARGS: readonly unknown[] = [];
const NO_HANDLERS: readonly UserFunction[] = [];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What `error` handlers get: no Error, its text comes from `error()` and String(). */
class SocketError {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    printAsErrorText(this);
  }

  error(): string {
    return this.#text;
  }

  toString(): string {
    return this.#text;
  }
}

/** An error that stands for a close code. */
class SocketCloseError extends SocketError {
  readonly code: number;
  readonly text: string;

  constructor(code: number, reason: string) {
    super(closeErrorText(code, reason));
    this.code = code;
    this.text = reason;
  }
}

function responseOf(url: string, response: HandshakeResponse): WsResponse {
  const isOpen = response.status === HANDSHAKE_OK;
  const body = isOpen ? '' : decoder.decode(response.body);
  return { url, status: response.status, headers: headersByName(response), body, error: '' };
}

export class WsSession implements ConnectionEvents {
  readonly #host: VuHost;
  readonly #dial: Dial;
  readonly #url: string;
  readonly #params: DialParams;
  readonly #callback: UserFunction;
  readonly #metrics: SocketMetrics;
  readonly #handlers = new Map<string, UserFunction[]>();
  readonly #timers = new Set<SocketTimer>();
  readonly #inflow = new Inflow();
  #loop: EventLoop | undefined;
  #outcome: SessionOutcome | undefined;
  #address: WsAddress | undefined;
  #connection: Connection | undefined;
  #response: WsResponse | undefined;
  #startMs = 0;
  /** The script may not expect further events: closed by either side. */
  #isClosed = false;
  /** The peer's Close or the end of the connection is on its way to the script, or it was dropped. */
  #isEndKnown = false;
  #isDropped = false;
  #isReporting = false;
  /** How this side closed the socket, if it did: with what `close` handlers were told. */
  #ownEnd: Pick<Ending, 'cause' | 'code'> | undefined;
  /** Posted calls of handlers that `connect` has to wait for. */
  #postedCalls = 0;

  constructor(host: VuHost, dial: Dial, url: string, params: DialParams, callback: UserFunction) {
    this.#host = host;
    this.#dial = dial;
    this.#url = url;
    this.#params = params;
    this.#callback = callback;
    this.#metrics = new SocketMetrics(host, plainSocketTags(host, params.tags, url));
  }

  start(loop: EventLoop, outcome: SessionOutcome): void {
    this.#loop = loop;
    this.#outcome = outcome;
    this.#startMs = nowMs();
    const address = this.#resolveUrl();
    if (typeof address === 'string') {
      this.#failBeforeDial(address);
      return;
    }
    this.#address = address;
    const request = dialRequestOf(this.#host, this.#url, address, this.#params, []);
    this.#connection = this.#dial(request, this);
  }

  /** The address to dial, or why there is none. */
  #resolveUrl(): WsAddress | string {
    try {
      const address = wsAddressOf(parseGoUrl(this.#url));
      return address ?? MALFORMED_URL;
    } catch (error) {
      if (error instanceof UrlSyntaxError) return error.message;
      throw error;
    }
  }

  #failBeforeDial(text: string): void {
    const timings = {
      startMs: this.#startMs,
      dnsMs: 0,
      tcpMs: 0,
      tlsMs: 0,
      upgradeMs: 0,
      totalMs: 0,
    };
    this.#metrics.dialEnded(timings, undefined, undefined);
    this.#metrics.gone(NOT_DIALLED);
    this.#failDial(text, undefined);
  }

  #failDial(text: string, response: HandshakeResponse | undefined): void {
    this.#isClosed = true;
    this.#metrics.ended(nowMs() - this.#startMs, this.#startMs);
    if (this.#host.isThrowing) {
      this.#outcome?.failDial(text);
    } else if (response === undefined) {
      this.#outcome?.ok({ url: '', status: 0, headers: {}, body: '', error: text });
    } else {
      // k6 leaves `error` empty; a failed dial must not look like a good one, though.
      const error = response.status === HANDSHAKE_OK ? text : '';
      this.#outcome?.ok({ ...responseOf('', response), error });
    }
  }

  /** The script may not run any more: Close 1001, no handlers, no samples. */
  drop(): void {
    const wasOpen = this.#response !== undefined;
    const wasClosed = this.#isClosed;
    this.#isDropped = true;
    this.#isClosed = true;
    this.#cancelTimers();
    if (wasClosed) return;
    if (wasOpen) this.#connection?.closeNow(GOING_AWAY_CODE);
    else this.#connection?.terminate();
  }

  onOpen(response: HandshakeResponse, timings: DialTimings, remoteAddress: string): void {
    keepCookies(this.#params.jar, this.#url, response);
    this.#startMs = timings.startMs;
    this.#metrics.dialEnded(timings, response, remoteAddress);
    this.#metrics.opened();
    this.#response = responseOf(this.#url, response);
    this.#loop?.post(() => this.#begin());
  }

  onText(text: string, atMs: number): void {
    this.#inflow.added(text.length, this.#connection);
    this.#loop?.post(() => {
      this.#inflow.taken(text.length, this.#connection);
      return this.#deliverMessage('message', text, atMs);
    });
  }

  onBinary(payload: ArrayBuffer, atMs: number): void {
    this.#inflow.added(payload.byteLength, this.#connection);
    this.#loop?.post(() => {
      this.#inflow.taken(payload.byteLength, this.#connection);
      return this.#deliverMessage('binaryMessage', payload, atMs);
    });
  }

  onPing(): void {
    this.#loop?.post(() => this.#deliverEvent('ping'));
  }

  onPong(payload: Uint8Array, atMs: number): void {
    if (!this.#isClosed) this.#metrics.pongReceived(decoder.decode(payload), atMs);
    this.#loop?.post(() => this.#deliverEvent('pong'));
  }

  onPeerClose(code: number, reason: string): void {
    if (this.#isClosed || this.#isEndKnown) return;
    this.#isEndKnown = true;
    const isExpected = code === NORMAL_CODE || code === GOING_AWAY_CODE;
    const error = isExpected ? undefined : new SocketCloseError(code, reason);
    this.#loop?.post(() => this.#endByPeer(error, code));
  }

  onBytes(sentBytes: number, receivedBytes: number): void {
    this.#host.countBytes(sentBytes, receivedBytes);
  }

  onEnd(ending: Ending): void {
    if (ending.cause.startsWith('dial-')) {
      this.#endDial(ending);
      return;
    }
    // The engine waits for no Close of the peer here; what the script did is a close all the same.
    const isOurs = ending.cause === EndCause.terminated;
    this.#metrics.gone(isOurs ? { ...ending, ...this.#ownEnd } : ending);
    this.#reportBreak(ending);
  }

  #endDial(ending: Ending): void {
    if (this.#isDropped) {
      this.#metrics.gone(ending);
      return;
    }
    const { response, timings, error } = ending;
    adviseOn(this.#host, error);
    logDialFailure(this.#host, this.#url, ending);
    if (response !== undefined) keepCookies(this.#params.jar, this.#url, response);
    this.#startMs = timings.startMs;
    this.#metrics.dialEnded(timings, response, ending.remoteAddress);
    this.#metrics.gone(ending);
    this.#failDial(dialErrorText(ending, this.#hostName, this.#port), response);
  }

  #reportBreak(ending: Ending): void {
    if (this.#isDropped || this.#isClosed || this.#isEndKnown) return;
    this.#isEndKnown = true;
    const isEof = ending.cause === EndCause.endOfStream;
    const error = isEof
      ? new SocketCloseError(ABNORMAL_CODE, UNEXPECTED_EOF)
      : new SocketError(breakErrorText(ending, this.#hostName, this.#port));
    // k6 itself closes after any other failure, with its default code.
    this.#loop?.post(() => this.#endByPeer(error, isEof ? ABNORMAL_CODE : GOING_AWAY_CODE));
  }

  get #hostName(): string {
    return this.#address?.host ?? '';
  }

  get #port(): number {
    return this.#address?.port ?? 0;
  }

  /** The setup callback, then `open`, even if the callback has closed the socket. */
  *#begin(): Coroutine<void> {
    if (this.#isDropped) return;
    try {
      yield* callUser(this.#callback, undefined, [this.#createSocket()]);
      yield* this.#callAll(this.#handlers.get('open') ?? NO_HANDLERS, NO_ARGS);
    } catch (error) {
      yield* this.#fail(error);
      return;
    }
    this.#settleIfClosed();
  }

  #deliverMessage(
    event: 'message' | 'binaryMessage',
    data: string | ArrayBuffer,
    atMs: number,
  ): Coroutine | undefined {
    if (this.#isClosed) return undefined;
    this.#metrics.received(atMs);
    const handlers = this.#handlers.get(event);
    const first = handlers?.[0];
    if (handlers === undefined || first === undefined) return undefined;
    if (handlers.length > 1 || twinOf(first) !== undefined) return this.#run(handlers, [data]);
    try {
      first.call(undefined, data);
    } catch (error) {
      return this.#fail(error);
    }
    this.#settleIfClosed();
    return undefined;
  }

  #deliverEvent(event: 'ping' | 'pong'): Coroutine | undefined {
    const handlers = this.#handlers.get(event);
    return this.#isClosed || handlers === undefined ? undefined : this.#run(handlers, NO_ARGS);
  }

  /** Calls handlers as one task. */
  *#run(handlers: readonly UserFunction[], args: readonly unknown[]): Coroutine<void> {
    try {
      yield* this.#callAll(handlers, args);
    } catch (error) {
      yield* this.#fail(error);
      return;
    }
    this.#settleIfClosed();
  }

  *#callAll(handlers: readonly UserFunction[], args: readonly unknown[]): Coroutine<void> {
    // A handler added meanwhile waits for the next event.
    const { length } = handlers;
    for (let index = 0; index < length; index++) {
      const handler = handlers[index];
      if (handler !== undefined) yield* callUser(handler, undefined, [...args]);
    }
  }

  /** The peer or the network ended it: `error` if there is one, then `close`. */
  *#endByPeer(error: SocketError | undefined, code: number): Coroutine<void> {
    if (this.#isClosed) return;
    try {
      if (error !== undefined) {
        this.#isReporting = true;
        yield* this.#callAll(this.#handlers.get('error') ?? NO_HANDLERS, [error]);
        this.#isReporting = false;
      }
      if (!this.#isClosed) {
        this.#isClosed = true;
        this.#cancelTimers();
        yield* this.#callAll(this.#handlers.get('close') ?? NO_HANDLERS, [code]);
      }
    } catch (thrown) {
      yield* this.#fail(thrown);
      return;
    }
    this.#settleIfClosed();
  }

  /** A handler threw: Close 1001, `close` handlers, then `connect` throws. */
  *#fail(error: unknown): Coroutine<void> {
    if (this.#isDropped) return;
    try {
      yield* this.#close(GOING_AWAY_CODE, EndCause.terminated);
    } catch (second) {
      this.#host.log('debug', `exception while the socket was closed: ${thrownText(second)}`);
    }
    this.#settle()?.fail(error);
  }

  /** k6 takes any integer; the wire has 16 bits for it, and 1005 stands for no code. */
  *#close(code: number, cause: EndCause): Coroutine<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ownEnd = { cause, code: code & CODE_MASK };
    this.#cancelTimers();
    this.#connection?.closeNow(code === NO_STATUS_CODE ? undefined : code & CODE_MASK);
    const handlers = this.#handlers.get('close') ?? NO_HANDLERS;
    if (isSynchronous()) this.#callNow(handlers, [code]);
    else yield* this.#callAll(handlers, [code]);
  }

  /**
   * Calls handlers from code that cannot be suspended. From the first that may block on they run as a
   * task of their own, which `connect` waits for: a little later than in k6, in the same order.
   */
  #callNow(handlers: readonly UserFunction[], args: readonly unknown[]): void {
    for (const [index, handler] of [...handlers].entries()) {
      if (twinOf(handler) !== undefined) {
        this.#postCalls(handlers.slice(index), args);
        return;
      }
      handler.apply(undefined, [...args]);
    }
  }

  #postCalls(handlers: readonly UserFunction[], args: readonly unknown[]): void {
    this.#postedCalls += 1;
    this.#loop?.post(() => {
      this.#postedCalls -= 1;
      return this.#run(handlers, args);
    });
  }

  #settleIfClosed(): void {
    if (!this.#isClosed || this.#isDropped || this.#postedCalls > 0) return;
    if (this.#response === undefined) return;
    const response = this.#response;
    this.#settle()?.ok(response);
  }

  /** Ends the session once; returns who has to know. */
  #settle(): SessionOutcome | undefined {
    const outcome = this.#outcome;
    if (outcome === undefined) return undefined;
    this.#outcome = undefined;
    this.#metrics.ended(nowMs() - this.#startMs, this.#startMs);
    return outcome;
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #createSocket(): object {
    const socket = {
      close: hostFunction(this.#host, 'close', 0, (code?: unknown) =>
        this.#close(
          code === undefined ? GOING_AWAY_CODE : Math.trunc(Number(code)) || 0,
          EndCause.localClose,
        ),
      ),
      on: (event: unknown, handler: unknown): void => this.#addHandler(String(event), handler),
      ping: (): void => this.#ping(),
      send: (message?: unknown): void => this.#send(message),
      sendBinary: (...args: unknown[]): void => this.#sendBinary(args),
      setInterval: (callback?: unknown, delay?: unknown): void =>
        this.#startTimer('setInterval', callback, delay),
      setTimeout: (callback?: unknown, delay?: unknown): void =>
        this.#startTimer('setTimeout', callback, delay),
    };
    // Ours; a script that lists the socket sees k6's members.
    return Object.defineProperties(socket, {
      pause: { value: (): void => this.#inflow.pause(this.#connection) },
      resume: { value: (): void => this.#inflow.resume(this.#connection) },
    });
  }

  #addHandler(event: string, handler: unknown): void {
    if (typeof handler !== 'function') return;
    const known = this.#handlers.get(event);
    if (known === undefined)
      this.#handlers.set(event, [handler as UserFunction]); // border to script values
    else known.push(handler as UserFunction);
  }

  #send(message: unknown): void {
    const text = message === undefined || message === null ? '' : String(message);
    this.#metrics.sent();
    if (this.#connection?.sendText(text) !== true) this.#reportUnsent();
  }

  #sendBinary(args: readonly unknown[]): void {
    if (args.length === 0) throw new NativeError('missing argument, expected ArrayBuffer');
    const [data] = args;
    if (!(data instanceof ArrayBuffer)) {
      throw new NativeError(`expected ArrayBuffer as argument, received: ${constructorName(data)}`);
    }
    this.#metrics.sent();
    if (this.#connection?.sendBinary(new Uint8Array(data)) !== true) this.#reportUnsent();
  }

  #ping(): void {
    const isSent = this.#connection?.ping(encoder.encode(this.#metrics.nextPing())) === true;
    if (isSent) this.#metrics.pingSent(nowMs());
    else this.#reportUnsent();
  }

  /** `error` handlers for a write on a closed connection, within the call that tried it. */
  #reportUnsent(): void {
    if (this.#isReporting || this.#isDropped) return;
    const error = new SocketError(CLOSE_SENT);
    this.#isReporting = true;
    try {
      this.#callNow(this.#handlers.get('error') ?? NO_HANDLERS, [error]);
    } finally {
      this.#isReporting = false;
    }
  }

  #startTimer(name: 'setTimeout' | 'setInterval', callback: unknown, delay: unknown): void {
    const isMissing = callback === undefined || callback === null;
    if (!isMissing && typeof callback !== 'function') {
      throw new TypeError(
        `could not convert function call parameter 0: could not convert ${String(callback)} to sobek.Callable`,
      );
    }
    const delayMs = delay === undefined ? 0 : Number(delay);
    if (!isDuration(delayMs)) {
      throw new NativeError(
        `${name} requires a >0 timeout parameter, received ${goFixedText(delayMs)}`,
      );
    }
    if (isMissing) throw new NativeError(`${name}'s callback isn't a callable function`);
    const handler = callback as UserFunction; // border to script values
    if (this.#isClosed) return;
    const isRepeating = name === 'setInterval';
    const timer = new SocketTimer(this.#host, delayMs, isRepeating, (done) => {
      if (!isRepeating) this.#timers.delete(timer);
      this.#loop?.post(() => {
        done();
        return this.#isClosed ? undefined : this.#run([handler], NO_ARGS);
      });
    });
    this.#timers.add(timer);
  }
}

/** Whether a delay is above 0 as k6 takes it: in whole nanoseconds of an int64. */
function isDuration(delayMs: number): boolean {
  const delayNs = delayMs * NS_PER_MS;
  return delayNs >= 1 && delayNs < NS_LIMIT;
}

function constructorName(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  const maker: unknown = Reflect.get(Object(value), 'constructor');
  return typeof maker === 'function' ? maker.name : 'Object';
}
