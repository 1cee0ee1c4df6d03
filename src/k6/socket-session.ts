/**
 * One socket of `k6/websockets` between engine and script: turns what the engine reports into samples
 * and into tasks of the VU that deliver events, and decides how the socket ends.
 *
 * Engine callbacks never run script code themselves; they post tasks. `readyState` is the script's
 * view and changes in tasks only, so a handler sees the state its event belongs to.
 */
import { nowMs } from '../base/clock.ts';
import { thrownText } from '../base/thrown.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import type { Coroutine } from '../suspend/op.ts';
import { thrownFrames } from '../suspend/stack.ts';
import {
  type Connection,
  type ConnectionEvents,
  type DialRequest,
  type DialTimings,
  EndCause,
  type Ending,
  type HandshakeResponse,
} from '../websocket/api.ts';
import { blobFromBytes } from './blob.ts';
import type { CookieJar } from './cookie-jar.ts';
import { adviseOn } from './dial-advice.ts';
import { dialFailureOf, logDialFailure, loggedUrl } from './dial-failure.ts';
import { keepCookies } from './dial-params.ts';
import {
  createCloseEvent,
  createErrorEvent,
  createEvent,
  createMessageEvent,
  deliver,
  type Event,
  type EventTarget,
  type Listener,
  listenersOf,
} from './events.ts';
import { breakErrorText, closeErrorText, dialErrorText } from './go-errors.ts';
import type { IterationResource, ResourceKind, VuHost } from './host.ts';
import { Inflow } from './inflow.ts';
import type { SocketRules } from './socket-rules.ts';
import { NOT_DIALLED, SocketMetrics } from './ws-metrics.ts';
import type { WsAddress } from './ws-url.ts';

/** Opens a connection; `dial` of the engine, or a stand-in for it in tests. */
export type Dial = (request: DialRequest, events: ConnectionEvents) => Connection;

export const ReadyState = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;
export type ReadyState = (typeof ReadyState)[keyof typeof ReadyState];

export type BinaryType = 'blob' | 'arraybuffer';

const NORMAL_CODE = 1000;
const GOING_AWAY_CODE = 1001;
const ABNORMAL_CODE = 1006;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a socket ended, as its last events tell. '' = no error event. */
interface LastWords {
  readonly errorText: string;
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What a session is made of. */
export interface SessionSetup {
  readonly host: VuHost;
  /** Receives the events; `this` of handlers. */
  readonly target: EventTarget;
  readonly url: string;
  /** Of message events. */
  readonly origin: string;
  readonly tags: TagSet;
  readonly jar: CookieJar;
  readonly binaryType: BinaryType;
  readonly rules: Pick<SocketRules, 'tellsCloseCodesAsErrors' | 'endsWithCloseFrame'>;
}

export class SocketSession implements ConnectionEvents, IterationResource {
  readonly url: string;
  readonly host: VuHost;
  readyState: ReadyState = ReadyState.connecting;
  binaryType: BinaryType;
  protocol = '';
  extensions = '';
  readonly #target: EventTarget;
  readonly #metrics: SocketMetrics;
  readonly #jar: CookieJar;
  readonly #origin: string;
  readonly #rules: SessionSetup['rules'];
  /** Of messages that were sent too late, or not at all because the connection was gone. */
  #lostBytes = 0;
  readonly #inflow = new Inflow();
  /** How the dial failed, for the error event. */
  #failed: Ending | undefined;
  #timings: DialTimings | undefined;
  #address: WsAddress | undefined;
  #connection: Connection | undefined;
  /** Start of the dial once the open event is due; undefined before. */
  #openedStartMs: number | undefined;
  /** The task with the last words is posted, or has run. */
  #isEnding = false;
  #isDropped = false;
  #isWindingDown = false;

  constructor(setup: SessionSetup) {
    this.host = setup.host;
    this.#target = setup.target;
    this.url = setup.url;
    this.#jar = setup.jar;
    this.#origin = setup.origin;
    this.#rules = setup.rules;
    this.binaryType = setup.binaryType;
    this.#metrics = new SocketMetrics(setup.host, setup.tags);
  }

  get kind(): ResourceKind {
    return 'socket';
  }

  /** Dials; keeps the iteration alive from now on. */
  begin(dial: Dial, request: DialRequest, address: WsAddress): void {
    this.#hold();
    this.#address = address;
    this.#connection = dial(request, this);
    // The script may have seen the end already if the dial failed within the call.
    if (this.#isDropped) this.#connection.terminate();
  }

  /** Fails as a dial would, without one: the request cannot be made. */
  beginFailed(errorText: string): void {
    this.#hold();
    const timings = { startMs: nowMs(), dnsMs: 0, tcpMs: 0, tlsMs: 0, upgradeMs: 0, totalMs: 0 };
    this.#metrics.dialEnded(timings, undefined, undefined);
    this.#metrics.gone(NOT_DIALLED);
    this.#end({ errorText, code: ABNORMAL_CODE, reason: '', wasClean: false });
  }

  #hold(): void {
    this.host.hold();
    this.host.addResource(this);
  }

  get bufferedBytes(): number {
    return (this.#connection?.bufferedBytes ?? 0) + this.#lostBytes;
  }

  /** Counts what is sent after the end as buffered for ever (WHATWG). */
  lose(payload: string | Uint8Array): void {
    this.#lostBytes +=
      typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  }

  /** Text that the connection no longer takes (the peer's Close is on its way to the script) is lost. */
  sendText(text: string): void {
    if (this.#connection?.sendText(text) === true) this.#metrics.sent();
    else this.lose(text);
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.#connection?.sendBinary(bytes) === true) this.#metrics.sent();
    else this.lose(bytes);
  }

  ping(): void {
    if (this.#connection?.ping(encoder.encode(this.#metrics.nextPing())) !== true) return;
    this.#metrics.pingSent(nowMs());
    this.#metrics.sent();
  }

  /** Phases of the dial, once it is over. */
  get timings(): DialTimings | undefined {
    return this.#timings;
  }

  pause(): void {
    this.#inflow.pause(this.#connection);
  }

  resume(): void {
    this.#inflow.resume(this.#connection);
  }

  /** Begins the closing handshake; gives up a dial. Only while connecting or open. */
  close(code: number | undefined, reason: string): void {
    const wasOpen = this.readyState === ReadyState.open;
    this.readyState = ReadyState.closing;
    if (wasOpen) {
      this.#connection?.close(code, reason);
      this.#metrics.sent();
    } else {
      this.#connection?.terminate();
    }
  }

  drop(): void {
    this.#isDropped = true;
    if (this.readyState === ReadyState.connecting) this.#connection?.terminate();
    else if (this.readyState !== ReadyState.closed) this.#connection?.closeNow(NORMAL_CODE);
  }

  windDown(): void {
    this.#isWindingDown = true;
    if (this.#isEnding) return;
    const wasConnecting = this.readyState === ReadyState.connecting;
    this.readyState = ReadyState.closing;
    if (wasConnecting) this.#connection?.terminate();
    else this.#connection?.closeNow(NORMAL_CODE);
  }

  onOpen(response: HandshakeResponse, timings: DialTimings, remoteAddress: string): void {
    keepCookies(this.#jar, this.url, response);
    this.#timings = timings;
    this.#metrics.dialEnded(timings, response, remoteAddress);
    this.#metrics.opened();
    this.host.loop.post(() => this.#deliverOpen(response, timings));
  }

  onText(text: string, atMs: number): void {
    this.#inflow.added(text.length, this.#connection);
    this.host.loop.post(() => {
      this.#inflow.taken(text.length, this.#connection);
      return this.#deliverMessage(text, atMs);
    });
  }

  onBinary(payload: ArrayBuffer, atMs: number): void {
    this.#inflow.added(payload.byteLength, this.#connection);
    this.host.loop.post(() => {
      this.#inflow.taken(payload.byteLength, this.#connection);
      return this.#deliverMessage(payload, atMs);
    });
  }

  onPing(_payload: Uint8Array, atMs: number): void {
    this.host.loop.post(() => this.#deliverControl('ping', atMs));
  }

  onPong(payload: Uint8Array, atMs: number): void {
    const id = decoder.decode(payload);
    if (!this.#metrics.pongReceived(id, atMs)) {
      this.host.log('warning', `received pong for unknown ping ID ${id}`);
    }
    this.host.loop.post(() => this.#deliverControl('pong', atMs));
  }

  onPeerClose(code: number, reason: string, _atMs: number): void {
    if (!this.#rules.endsWithCloseFrame) {
      this.host.loop.post(() => this.#beginClosing());
      return;
    }
    // k6's scripts see the end when the Close frame is there, not when the TCP connection is gone.
    const isExpected = code === NORMAL_CODE || code === GOING_AWAY_CODE;
    const isTold = this.#rules.tellsCloseCodesAsErrors && !isExpected;
    const errorText = isTold ? closeErrorText(code, reason) : '';
    this.#end({ errorText, code, reason, wasClean: true });
  }

  onBytes(sentBytes: number, receivedBytes: number): void {
    this.host.countBytes(sentBytes, receivedBytes);
  }

  onEnd(ending: Ending): void {
    const isDialFailure = ending.cause.startsWith('dial-');
    if (isDialFailure) {
      const { response, error } = ending;
      this.#timings = ending.timings;
      this.#failed = ending;
      adviseOn(this.host, error);
      logDialFailure(this.host, this.url, ending);
      if (response !== undefined) keepCookies(this.#jar, this.url, response);
      this.#metrics.dialEnded(ending.timings, response, ending.remoteAddress);
    }
    if (ending.cause === EndCause.closeTimeout) {
      // No error event: it is for connections that are failed (WHATWG), and this one is closed.
      this.host.log('debug', 'WebSocket closed: the server did not answer our Close in time', {
        source: 'ws-close',
        url: loggedUrl(this.url),
      });
    }
    const words = this.#lastWordsOf(ending, isDialFailure);
    const isCut = ending.cause === EndCause.terminated && !this.#isEnding;
    this.#metrics.gone(isCut ? { ...ending, code: words.code } : ending);
    this.#end(words);
  }

  #lastWordsOf(ending: Ending, isDialFailure: boolean): LastWords {
    const host = this.#address?.host ?? '';
    const port = this.#address?.port ?? 0;
    const abnormal = { code: ABNORMAL_CODE, reason: '', wasClean: false };
    if (isDialFailure) return { ...abnormal, errorText: dialErrorText(ending, host, port) };
    if (this.#isWindingDown)
      return { errorText: '', code: NORMAL_CODE, reason: '', wasClean: true };
    if (ending.cause === EndCause.terminated) {
      // Given up between the handshake and the open event.
      const aborted = { ...ending, cause: EndCause.dialAborted };
      return { ...abnormal, errorText: dialErrorText(aborted, host, port) };
    }
    if (ending.wasClean) {
      return { errorText: '', code: ending.code, reason: ending.reason, wasClean: true };
    }
    return { ...abnormal, errorText: breakErrorText(ending, host, port) };
  }

  /** Posts the task of the last events, once. */
  #end(words: LastWords): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#isDropped) this.host.loop.post(() => this.#finish(words));
  }

  /** The peer has begun the closing handshake; messages before it have been delivered. */
  #beginClosing(): undefined {
    if (this.readyState === ReadyState.open) this.readyState = ReadyState.closing;
  }

  #deliverOpen(response: HandshakeResponse, timings: DialTimings): Coroutine | undefined {
    if (this.readyState !== ReadyState.connecting || this.#isDropped) return undefined;
    this.readyState = ReadyState.open;
    this.protocol = response.protocol;
    this.extensions = response.extensions;
    this.#openedStartMs = timings.startMs;
    if (listenersOf(this.#target, 'open').length === 0) return undefined;
    return this.#deliver(createEvent('open', this.#target, timings.startMs + timings.totalMs));
  }

  #deliverMessage(data: string | ArrayBuffer, atMs: number): Coroutine | undefined {
    if (this.readyState !== ReadyState.open || this.#isDropped) return undefined;
    this.#metrics.received(atMs);
    const listeners = listenersOf(this.#target, 'message');
    if (listeners.length === 0) return undefined;
    const value =
      typeof data === 'string' || this.binaryType === 'arraybuffer'
        ? data
        : blobFromBytes(new Uint8Array(data));
    return this.#deliver(createMessageEvent(this.#target, atMs, value, this.#origin), listeners);
  }

  /** An exception of these listeners fails the iteration, which then ends the socket with the others. */
  #deliverControl(type: 'ping' | 'pong', atMs: number): Coroutine | undefined {
    if (this.#isDropped || listenersOf(this.#target, type).length === 0) return undefined;
    return deliver(this.#target, createEvent(type, this.#target, atMs), this.host);
  }

  /** Delivers an event whose listeners end the socket when they throw. */
  #deliver(event: Event, listeners?: readonly Listener[]): Coroutine | undefined {
    try {
      const rest = deliver(this.#target, event, this.host, listeners);
      return rest === undefined ? undefined : this.#deliverRest(rest);
    } catch (error) {
      return this.#failByListener(error);
    }
  }

  *#deliverRest(rest: Coroutine): Coroutine<void> {
    try {
      yield* rest;
    } catch (error) {
      yield* this.#failByListener(error);
    }
  }

  /** k6's rule: the TCP connection is cut, error and close follow, then the iteration fails. */
  *#failByListener(error: unknown): Coroutine<void> {
    if (this.#isDropped) throw error;
    this.#isEnding = true;
    this.#connection?.terminate();
    const words = {
      errorText: exceptionText(error),
      code: ABNORMAL_CODE,
      reason: '',
      wasClean: false,
    };
    try {
      yield* this.#finish(words);
    } catch (later) {
      // The first exception is the one that is reported.
      this.host.log('debug', `exception while the socket was closed: ${exceptionText(later)}`);
    }
    throw error;
  }

  *#finish(words: LastWords): Coroutine<void> {
    if (this.#isDropped) return;
    const endMs = nowMs();
    this.readyState = ReadyState.closed;
    if (this.#openedStartMs !== undefined) {
      this.#metrics.ended(endMs - this.#openedStartMs, endMs);
    }
    try {
      if (words.errorText !== '') {
        yield* this.#deliverLast(
          createErrorEvent(this.#target, endMs, words.errorText, dialFailureOf(this.#failed)),
        );
      }
      const { code, reason, wasClean } = words;
      yield* this.#deliverLast(createCloseEvent(this.#target, endMs, code, reason, wasClean));
    } catch (error) {
      if (!this.#isWindingDown) throw error;
      // The iteration has failed already; its first exception is the one that is reported.
      this.host.log('debug', `exception while the socket was closed: ${exceptionText(error)}`);
    } finally {
      if (!this.#isDropped) {
        this.host.removeResource(this);
        this.host.release();
      }
    }
  }

  *#deliverLast(event: Event): Coroutine<void> {
    const rest = deliver(this.#target, event, this.host);
    if (rest !== undefined) yield* rest;
  }
}

/** `Error: boom at file:///s.js:12:67`. */
function exceptionText(error: unknown): string {
  const text = thrownText(error);
  const [frame] = thrownFrames(error);
  return frame === undefined ? text : `${text} at ${frame.file}:${frame.line}:${frame.column}`;
}
