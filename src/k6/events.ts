/**
 * `Event`, its kinds, and `EventTarget` for script code: the WHATWG interfaces, plus what k6's event
 * objects have.
 *
 * Not Node's classes: listeners may suspend, k6 wants `timestamp` (epoch ms) and plain properties that
 * JSON.stringify shows, and one event per message has to be cheap (no clock read, no Map).
 */
import { nowMs, ORIGIN_MS } from '../base/clock.ts';
import type { Coroutine } from '../suspend/op.ts';
import { callUser, twinOf } from '../suspend/runtime.ts';
import type { VuHost } from './host.ts';

const Flag = {
  bubbles: 1,
  cancelable: 2,
  canceled: 4,
  stopped: 8,
  dispatching: 16,
  composed: 32,
  trusted: 64,
} as const;

/** Given for `init` by native code: the creator sets `target` and `timestamp`. Scripts cannot have it. */
const NATIVE: unique symbol = Symbol('native');

type Init = Readonly<Record<string, unknown>> | null | undefined | typeof NATIVE;

let beginDispatch: (event: Event, target: object) => void;
let endDispatch: (event: Event) => void;
/** WebIDL's unsigned short. */
const SHORT_MASK = 0xffff;

let isStopped: (event: Event) => boolean;
let isDispatching: (event: Event) => boolean;
let isCanceled: (event: Event) => boolean;

function initField(init: Init, name: string): unknown {
  return typeof init === 'object' && init !== null ? init[name] : undefined;
}

export class Event {
  static readonly NONE = 0;
  static readonly CAPTURING_PHASE = 1;
  static readonly AT_TARGET = 2;
  static readonly BUBBLING_PHASE = 3;

  readonly type: string;
  target: object | null = null;
  /** Epoch ms with a fraction: k6's field. */
  timestamp: number;
  #flags: number;
  #currentTarget: object | null = null;

  static {
    beginDispatch = (event, target) => {
      event.target = target;
      event.#currentTarget = target;
      event.#flags |= Flag.dispatching;
    };
    endDispatch = (event) => {
      event.#currentTarget = null;
      event.#flags &= ~(Flag.dispatching | Flag.stopped);
    };
    isStopped = (event) => (event.#flags & Flag.stopped) !== 0;
    isDispatching = (event) => (event.#flags & Flag.dispatching) !== 0;
    isCanceled = (event) => (event.#flags & Flag.canceled) !== 0;
  }

  constructor(type: string, init: Init = undefined) {
    if (type === undefined) {
      throw new TypeError(`Failed to construct '${new.target.name}': 1 argument required`);
    }
    this.type = typeof type === 'string' ? type : String(type);
    if (init === NATIVE) {
      this.timestamp = 0;
      this.#flags = Flag.trusted;
      return;
    }
    this.timestamp = nowMs();
    this.#flags =
      (initField(init, 'bubbles') ? Flag.bubbles : 0) |
      (initField(init, 'cancelable') ? Flag.cancelable : 0) |
      (initField(init, 'composed') ? Flag.composed : 0);
  }

  get srcElement(): object | null {
    return this.target;
  }

  get currentTarget(): object | null {
    return this.#currentTarget;
  }

  get eventPhase(): number {
    return this.#currentTarget === null ? Event.NONE : Event.AT_TARGET;
  }

  get bubbles(): boolean {
    return (this.#flags & Flag.bubbles) !== 0;
  }

  get cancelable(): boolean {
    return (this.#flags & Flag.cancelable) !== 0;
  }

  get composed(): boolean {
    return (this.#flags & Flag.composed) !== 0;
  }

  get isTrusted(): boolean {
    return (this.#flags & Flag.trusted) !== 0;
  }

  get defaultPrevented(): boolean {
    return (this.#flags & Flag.canceled) !== 0;
  }

  get returnValue(): boolean {
    return !this.defaultPrevented;
  }

  get cancelBubble(): boolean {
    return false;
  }

  /** ms since the time origin, as performance.now() counts. */
  get timeStamp(): number {
    return this.timestamp - ORIGIN_MS;
  }

  composedPath(): object[] {
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }

  preventDefault(): void {
    if (this.cancelable) this.#flags |= Flag.canceled;
  }

  /** There is no tree of targets: nothing to stop. */
  stopPropagation(): void {}

  stopImmediatePropagation(): void {
    this.#flags |= Flag.stopped;
  }

  get [Symbol.toStringTag](): string {
    return 'Event';
  }
}

/** A message. `origin` is the whole URL of the socket, as in k6. */
export class MessageEvent extends Event {
  data: unknown;
  origin: string;
  #init: Init;

  constructor(type: string, init: Init = undefined) {
    super(type, init);
    this.#init = init;
    this.data = null;
    this.origin = '';
    if (init === NATIVE) return;
    this.data = initField(init, 'data') ?? null;
    this.origin = String(initField(init, 'origin') ?? '');
  }

  get lastEventId(): string {
    return String(initField(this.#init, 'lastEventId') ?? '');
  }

  get source(): unknown {
    return initField(this.#init, 'source') ?? null;
  }

  get ports(): readonly unknown[] {
    const ports = initField(this.#init, 'ports');
    return Array.isArray(ports) ? ports : [];
  }

  override get [Symbol.toStringTag](): string {
    return 'MessageEvent';
  }
}

let setClosing: (event: CloseEvent, code: number, reason: string, wasClean: boolean) => void;

export class CloseEvent extends Event {
  #code = 0;
  #reason = '';
  #wasClean = false;

  static {
    setClosing = (event, code, reason, wasClean) => {
      event.#code = code;
      event.#reason = reason;
      event.#wasClean = wasClean;
      // k6's events are plain objects: scripts print, list and spread them.
      Object.defineProperties(event, {
        code: { value: code, enumerable: true, configurable: true },
        reason: { value: reason, enumerable: true, configurable: true },
        wasClean: { value: wasClean, enumerable: true, configurable: true },
      });
    };
    for (const name of ['code', 'reason', 'wasClean']) {
      Object.defineProperty(CloseEvent.prototype, name, { enumerable: true });
    }
  }

  constructor(type: string, init: Init = undefined) {
    super(type, init);
    if (init === NATIVE) return;
    this.#code = Number(initField(init, 'code') ?? 0) & SHORT_MASK;
    this.#reason = String(initField(init, 'reason') ?? '');
    this.#wasClean = Boolean(initField(init, 'wasClean'));
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  /** JSON.stringify shows what k6's events have. */
  toJSON(): object {
    return { ...this, code: this.#code, reason: this.#reason, wasClean: this.#wasClean };
  }

  override get [Symbol.toStringTag](): string {
    return 'CloseEvent';
  }
}

/** A failure as the web's scripts report it. A socket's own is a SocketErrorEvent. */
export class ErrorEvent extends Event {
  error: unknown;
  #message: string | undefined;

  constructor(type: string, init: Init = undefined) {
    super(type, init);
    this.error = initField(init, 'error') ?? null;
    const message = initField(init, 'message');
    this.#message = message === undefined ? undefined : String(message);
  }

  get message(): string {
    if (this.#message !== undefined) return this.#message;
    return typeof this.error === 'string' ? this.error : '';
  }

  override get [Symbol.toStringTag](): string {
    return 'ErrorEvent';
  }
}

/** How a dial failed, for scripts. */
export interface DialFailure {
  readonly reason: string;
  readonly response:
    | {
        readonly status: number;
        readonly headers: Readonly<Record<string, string>>;
        /** The first KiB. */
        readonly body: string;
      }
    | undefined;
}

let setFailure: (event: SocketErrorEvent, failure: DialFailure) => void;

/**
 * What went wrong with a socket: a plain Event for the standard. `error` is the text, as in k6; `message`
 * repeats it for readers of the web's ErrorEvent.
 */
export class SocketErrorEvent extends Event {
  error = '';
  /** Only if a dial failed. Not listed, so that JSON.stringify shows what k6's events have. */
  #failure: DialFailure | undefined;

  static {
    setFailure = (event, failure) => {
      event.#failure = failure;
    };
  }

  /** Why, in a word of ours: `dial-failed`, `dial-rejected`, `dial-timeout`, `dial-aborted`. */
  get reason(): string | undefined {
    return this.#failure?.reason;
  }

  /** The server's answer, if it gave one. */
  get response(): DialFailure['response'] {
    return this.#failure?.response;
  }

  get message(): string {
    return this.error;
  }
}

/** An `open`, `ping` or `pong` event of a socket. */
export function createEvent(type: string, target: object, timestamp: number): Event {
  const event = new Event(type, NATIVE);
  event.target = target;
  event.timestamp = timestamp;
  return event;
}

export function createMessageEvent(
  target: object,
  timestamp: number,
  data: unknown,
  origin: string,
): MessageEvent {
  const event = new MessageEvent('message', NATIVE);
  event.target = target;
  event.timestamp = timestamp;
  event.data = data;
  event.origin = origin;
  return event;
}

export function createCloseEvent(
  target: object,
  timestamp: number,
  code: number,
  reason: string,
  wasClean: boolean,
): CloseEvent {
  const event = new CloseEvent('close', NATIVE);
  event.target = target;
  event.timestamp = timestamp;
  setClosing(event, code, reason, wasClean);
  return event;
}

export function createErrorEvent(
  target: object,
  timestamp: number,
  text: string,
  failure?: DialFailure,
): SocketErrorEvent {
  const event = new SocketErrorEvent('error', NATIVE);
  if (failure !== undefined) setFailure(event, failure);
  event.target = target;
  event.timestamp = timestamp;
  event.error = text;
  return event;
}

type ListenerFunction = (this: unknown, ...args: unknown[]) => unknown;

/** One registered callback. An `on…` handler is a listener too. */
export interface Listener {
  readonly callback: unknown;
  readonly isHandler: boolean;
  readonly isCapture: boolean;
  readonly isOnce: boolean;
  isRemoved: boolean;
}

const NO_LISTENERS: readonly Listener[] = [];

/** Lists are replaced, never changed, so a dispatch goes on over the list it began with. */
type Lists = Map<string, readonly Listener[]>;

let listsOf: (target: EventTarget) => Lists | undefined;
/** @throws TypeError for a method that is called on something else. */
let checkTarget: (target: unknown) => void;
let setList: (target: EventTarget, type: string, list: readonly Listener[]) => void;

export class EventTarget {
  #lists: Lists | undefined;

  static {
    listsOf = (target) => target.#lists;
    checkTarget = (target) => {
      if (typeof target === 'object' && target !== null && #lists in target) return;
      throw new TypeError(
        'Illegal invocation: a method of an EventTarget was used without its target',
      );
    };
    setList = (target, type, list) => {
      target.#lists ??= new Map();
      if (list.length === 0) target.#lists.delete(type);
      else target.#lists.set(type, list);
    };
  }

  /** WHATWG semantics: equal type + callback + capture counts once; null adds nothing. */
  addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    checkTarget(this);
    addListener(this, String(type), callback, options);
  }

  removeEventListener(type: unknown, callback: unknown, options?: unknown): void {
    checkTarget(this);
    const isCapture = captureOf(options);
    for (const listener of listenersOf(this, String(type))) {
      if (
        !listener.isHandler &&
        listener.callback === callback &&
        listener.isCapture === isCapture
      ) {
        removeListener(this, String(type), listener);
        return;
      }
    }
  }

  /**
   * Calls the listeners now. They may not block: a `sleep` in a listener reached this way has a
   * native frame below it. An exception of a listener passes through.
   *
   * @returns false if a listener prevented the default of a cancelable event.
   */
  dispatchEvent(event: unknown): boolean {
    checkTarget(this);
    if (!(event instanceof Event)) {
      throw new TypeError("Failed to execute 'dispatchEvent': the argument is not an Event");
    }
    if (isDispatching(event))
      throw new DOMException('The event is already being dispatched', 'InvalidStateError');
    const list = listenersOf(this, event.type);
    beginDispatch(event, this);
    try {
      for (const listener of list) {
        if (listener.isRemoved) continue;
        if (listener.isOnce) removeListener(this, event.type, listener);
        const fn = functionOf(listener);
        fn.call(thisOf(listener, this), event);
        if (isStopped(event)) break;
      }
    } finally {
      endDispatch(event);
    }
    return !isCanceled(event);
  }

  get [Symbol.toStringTag](): string {
    return 'EventTarget';
  }
}

/** The listeners of a type in calling order; the array is never changed afterwards. */
export function listenersOf(target: EventTarget, type: string): readonly Listener[] {
  return listsOf(target)?.get(type) ?? NO_LISTENERS;
}

function captureOf(options: unknown): boolean {
  if (typeof options === 'object' && options !== null)
    return Boolean(Reflect.get(options, 'capture'));
  return Boolean(options);
}

/** As EventTarget.addEventListener. */
function addListener(target: EventTarget, type: string, callback: unknown, options: unknown): void {
  if (callback === null || callback === undefined) return;
  if (typeof callback !== 'function' && typeof callback !== 'object') {
    throw new TypeError(
      `could not convert function call parameter 1: could not convert ${String(callback)} to func(sobek.Value) (sobek.Value, error)`,
    );
  }
  const isObject = typeof options === 'object' && options !== null;
  const signal = isObject ? signalOf(Reflect.get(options, 'signal')) : undefined;
  if (signal?.aborted === true) return;
  const isCapture = captureOf(options);
  const list = listenersOf(target, type);
  for (const known of list) {
    if (!known.isHandler && known.callback === callback && known.isCapture === isCapture) return;
  }
  const isOnce = isObject && Boolean(Reflect.get(options, 'once'));
  const listener: Listener = { callback, isHandler: false, isCapture, isOnce, isRemoved: false };
  setList(target, type, [...list, listener]);
  if (signal !== undefined) {
    signal.addEventListener('abort', () => removeListener(target, type, listener), { once: true });
  }
}

interface Signal {
  readonly aborted: boolean;
  addEventListener(type: string, listener: () => void, options: object): void;
}

/** An AbortSignal, by what makes it one: the script's class is not known here. */
function signalOf(value: unknown): Signal | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const isSignal =
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    typeof Reflect.get(value, 'addEventListener') === 'function';
  return isSignal ? (value as Signal) : undefined; // checked above
}

function removeListener(target: EventTarget, type: string, listener: Listener): void {
  listener.isRemoved = true;
  const rest = listenersOf(target, type).filter((known) => known !== listener);
  setList(target, type, rest);
}

/** The `on…` handler of a type, or null. */
export function handlerOf(target: EventTarget, type: string): unknown {
  const handler = listenersOf(target, type).find((listener) => listener.isHandler);
  return handler?.callback ?? null;
}

/**
 * Sets the `on…` handler; null takes it off. It runs before all listeners (k6's order), or where it was
 * first set (the web's).
 */
export function setHandler(
  target: EventTarget,
  type: string,
  callback: object | null,
  isFirst = true,
): void {
  const list = listenersOf(target, type);
  const at = list.findIndex((listener) => listener.isHandler);
  const old = list[at];
  if (old !== undefined) old.isRemoved = true;
  if (callback === null) {
    setList(
      target,
      type,
      list.filter((listener) => listener !== old),
    );
    return;
  }
  const handler = { callback, isHandler: true, isCapture: false, isOnce: false, isRemoved: false };
  if (old !== undefined) setList(target, type, list.with(at, handler));
  else setList(target, type, isFirst ? [handler, ...list] : [...list, handler]);
}

function functionOf(listener: Listener): ListenerFunction {
  const { callback } = listener;
  if (typeof callback === 'function') return callback as ListenerFunction; // border to script values
  // An object is kept as a handler, and never called (HTML, LegacyTreatNonObjectAsNull).
  if (listener.isHandler) return ignoreEvent;
  const method: unknown = Reflect.get(callback as object, 'handleEvent'); // checked when added
  if (typeof method !== 'function') throw new TypeError('handleEvent is not a function');
  return method as ListenerFunction;
}

function ignoreEvent(): void {
  // See functionOf.
}

function thisOf(listener: Listener, target: EventTarget): unknown {
  return typeof listener.callback === 'function' ? target : listener.callback;
}

/**
 * Delivers a native event to the listeners of its type. An exception of a listener skips the rest and
 * escapes.
 *
 * One listener that cannot suspend is called at once, without a coroutine; else the caller drives the
 * coroutine it gets. Between two listeners promise reactions run (`host.drainReactions`).
 *
 * @param list the listeners of the type, for a caller that has looked already.
 */
export function deliver(
  target: EventTarget,
  event: Event,
  host: Pick<VuHost, 'drainReactions'>,
  list: readonly Listener[] = listenersOf(target, event.type),
): Coroutine | undefined {
  const first = list[0];
  if (first === undefined) return undefined;
  if (list.length > 1) return deliverToAll(target, event, list, host);
  const fn = functionOf(first);
  if (twinOf(fn) !== undefined) return deliverToAll(target, event, list, host);
  if (first.isOnce) removeListener(target, event.type, first);
  beginDispatch(event, target);
  try {
    fn.call(thisOf(first, target), event);
  } finally {
    endDispatch(event);
  }
  return undefined;
}

function* deliverToAll(
  target: EventTarget,
  event: Event,
  list: readonly Listener[],
  host: Pick<VuHost, 'drainReactions'>,
): Coroutine<void> {
  beginDispatch(event, target);
  let isFirst = true;
  for (const listener of list) {
    if (listener.isRemoved) continue;
    if (!isFirst) yield* host.drainReactions();
    isFirst = false;
    if (listener.isOnce) removeListener(target, event.type, listener);
    yield* callUser(functionOf(listener), thisOf(listener, target), [event]);
    if (isStopped(event)) break;
  }
  endDispatch(event);
}
